//! `attnscope trace`

use crate::failure::usage;
use crate::model_args::ModelArgs;
use crate::output::{Destination, extension, print, print_json};
use crate::terminal::path_text;
use anyhow::Result;
use attnscope::{Capture, ModelInfo, Site, Token, Trace};
use attnscope_figures::number::plural;
use attnscope_hub::human;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

/// Run the model and write the numbers of the run to a file
#[derive(Debug, clap::Args)]
pub struct TraceArgs {
    /// Model and text.
    #[command(flatten)]
    pub input: ModelArgs,
    /// What to keep: embed, q, k, v, scores, pattern, lse, z, result, attn_out, mlp_out, resid_pre, attn_in, resid_mid,
    /// resid_post, experts, mlp_post, final_norm, logits; or all, which leaves out scores, pattern and result
    #[arg(long, default_value = "pattern")]
    pub capture: String,
    /// Keep logits of the last token only
    #[arg(long)]
    pub last: bool,
    /// The file to write: .safetensors or .npz (numpy)
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
    /// Summary as JSON (docs/json.md)
    #[arg(long)]
    pub json: bool,
}

#[derive(serde::Serialize)]
struct Summary<'a> {
    model: Value,
    tokens: &'a [Token],
    /// Shape of each array by its key.
    arrays: BTreeMap<&'a str, &'a [usize]>,
    path: Cow<'a, str>,
    bytes: u64,
}

/// Runs the model and writes the captured arrays.
pub fn run(args: &TraceArgs) -> Result<()> {
    let kind = extension(&args.output, &["safetensors", "npz"])?;
    let capture: Capture = args.capture.parse()?;
    if capture == Capture::none() {
        let names: Vec<_> = Capture::sites().map(Site::short).collect();
        return Err(usage(format!("--capture: found nothing; the names are {}, or all", names.join(", "))));
    }
    let destination = Destination::new(&args.output, Some(&args.input.model))?;
    let opened = args.input.open()?;
    if args.last || args.capture.split(',').any(|name| name.trim() == "logits") {
        opened.require_vocab_head()?;
    }
    let trace = opened.run(&capture.last_logits_only(args.last))?;
    save(&trace, kind, &destination)?;
    let bytes = std::fs::metadata(&args.output)?.len();
    if args.json {
        let arrays = trace.arrays.iter().map(|(key, array)| (key.as_str(), array.shape())).collect();
        let path = args.output.to_string_lossy();
        return print_json(&Summary { model: model(&trace.model)?, tokens: &trace.tokens, arrays, path, bytes });
    }
    let (arrays, tokens) = (plural(trace.arrays.len(), "array"), plural(trace.tokens.len(), "token"));
    print(format!("{}: {arrays} of {tokens}, {}\n", path_text(&args.output), human(bytes)))
}

/// The model, with how each of its layers attends; if all have the same window and cap, these stand beside it too.
fn model(info: &ModelInfo) -> Result<Value> {
    let layers: Vec<_> = (0..info.n_layers).map(|layer| info.attention[layer]).collect();
    let same = |value: Value, is_same: bool| if is_same { value } else { Value::Null };
    let (first, mut model) = (info.attention[0], serde_json::to_value(info)?);
    model["window"] = same(json!(first.window), layers.iter().all(|layer| layer.window == first.window));
    model["soft_cap"] = same(json!(first.soft_cap), layers.iter().all(|layer| layer.soft_cap == first.soft_cap));
    model["attention"] = serde_json::to_value(layers)?;
    Ok(model)
}

fn save(trace: &Trace, kind: &str, to: &Destination) -> Result<()> {
    to.write(|file| {
        let mut file = BufWriter::new(file);
        if kind == "npz" {
            trace.save_npz(&mut file)?;
        } else {
            trace.save_safetensors(&mut file)?;
        }
        Ok(file.flush()?)
    })
}
