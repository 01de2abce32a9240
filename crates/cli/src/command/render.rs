//! `attnscope render FIGURE`: any figure of the page, drawn for a file or as text.

mod options;
mod picture;

use crate::model_args::ModelArgs;
use crate::output::{Destination, extension, print};
use anyhow::{Result, bail};
#[cfg(feature = "pdf")]
use attnscope_figures::pdf;
use attnscope_figures::{Scene, Table, png, svg};
use attnscope_page::FIGURES;
use attnscope_words::{ENGLISH, LANGUAGES, language};
use clap::ValueEnum;
use std::io::Write;
use std::path::PathBuf;

/// Draw a figure
///
/// Without -o, next-tokens and matrix are drawn as text for the terminal, the others printed as SVG. Without --text, on
/// "the hot dog was".
#[derive(Debug, clap::Args)]
pub struct RenderArgs {
    /// The figure
    #[arg(value_parser = figures())]
    pub figure: String,
    /// Model and text.
    #[command(flatten)]
    pub input: ModelArgs,
    /// The layer, counted from 0 (vector-strip: after it; without it the embedding)
    #[arg(long, allow_hyphen_values = true, value_name = "L")]
    pub layer: Option<usize>,
    /// The head, counted from 0
    #[arg(long, allow_hyphen_values = true, value_name = "H")]
    pub head: Option<usize>,
    /// The query: a token's position or its text (the last one where it is not said); vector-strip takes several, and two
    /// give a difference
    #[arg(long, allow_hyphen_values = true, value_name = "TOKEN")]
    pub query: Vec<String>,
    /// Of its keys the one that is read out: a token's position or its text
    #[arg(long, allow_hyphen_values = true, value_name = "TOKEN")]
    pub key: Option<String>,
    /// Another text to compare with
    #[arg(long, allow_hyphen_values = true, value_name = "TEXT")]
    pub against: Option<String>,
    /// How many next tokens to show (10 where it is not said)
    #[arg(long, allow_hyphen_values = true, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub top: Option<u32>,
    /// What else to set in the figure, as its page does (repeatable): step=3, mask=off; a button by its name alone
    #[arg(long, value_name = "NAME=VALUE")]
    pub control: Vec<String>,
    /// Queries of a map, by their positions from A to before B, counted from 0; without A from the first, without B to the
    /// last
    #[arg(long, allow_hyphen_values = true, value_name = "A..B")]
    pub rows: Option<String>,
    /// Keys of a map, in the same way
    #[arg(long, allow_hyphen_values = true, value_name = "A..B")]
    pub cols: Option<String>,
    /// What a pixel of a map shows of the weights under it: max (where it is not said) or mean, in which a masked cell
    /// counts as 0
    #[arg(long, value_parser = ["max", "mean"], value_name = "POOL")]
    pub pool: Option<String>,
    /// Light or dark
    #[arg(long, value_enum, default_value_t)]
    pub theme: ThemeName,
    /// Width to aim for, in pixels of the drawing
    #[arg(long, allow_hyphen_values = true, default_value_t = 760, value_parser = clap::value_parser!(u16).range(200..))]
    pub width: u16,
    /// The language of its words
    #[arg(long, value_name = "LANG", default_value = ENGLISH.0, value_parser = languages())]
    pub lang: String,
    /// PNG: pixels of the picture for one of the drawing
    #[arg(long, allow_hyphen_values = true, default_value_t = png::DEFAULT_SCALE)]
    pub scale: f32,
    /// The file to write: .svg, .png or .pdf; .csv for its numbers
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// The colours of a drawing.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum ThemeName {
    /// Dark on white
    #[default]
    Light,
    /// Light on near-black
    Dark,
}

impl ThemeName {
    fn is_dark(self) -> bool {
        matches!(self, Self::Dark)
    }
}

/// The languages' codes with their names, for clap.
fn languages() -> clap::builder::PossibleValuesParser {
    let all = std::iter::once(ENGLISH).chain(LANGUAGES.iter().map(|(code, name, _)| (*code, *name)));
    all.map(|(code, name)| clap::builder::PossibleValue::new(code).help(name)).collect::<Vec<_>>().into()
}

/// The figures' names with descriptions, for clap.
fn figures() -> clap::builder::PossibleValuesParser {
    let value = |kind: &attnscope_page::Kind| clap::builder::PossibleValue::new(kind.name).help(kind.about);
    FIGURES.iter().map(value).collect::<Vec<_>>().into()
}

/// Runs the model, draws, and writes.
pub fn run(args: &RenderArgs) -> Result<()> {
    attnscope_words::speak(language(&args.lang).map_err(anyhow::Error::msg)?);
    let kind = args.output.as_deref().map(|path| extension(path, &["svg", "png", "pdf", "csv"])).transpose()?;
    if kind == Some("pdf") && !cfg!(feature = "pdf") {
        bail!(
            "this attnscope was built without PDF; to build it with PDF: cargo build --release --package attnscope-cli\n\
             SVG and PNG are there: --output FIGURE.svg"
        );
    }
    options::check(args)?;
    let to = args.output.as_deref().map(|path| Destination::new(path, Some(&args.input.model))).transpose()?;
    let wanted = match kind {
        None => Wanted::Text,
        Some("csv") => Wanted::Table,
        Some(_) => Wanted::Scene,
    };
    match (picture::draw(args, wanted)?, to, kind) {
        (Drawn::Scene(scene), Some(to), Some(kind)) => save(&scene, kind, args.scale, &to),
        (Drawn::Scene(scene), ..) => print(svg::to_svg(&scene) + "\n"),
        (Drawn::Table(table), Some(to), _) => to.write(|file| Ok(file.write_all(table.to_csv().as_bytes())?)),
        (Drawn::Table(table), ..) => print(table.to_csv()),
        (Drawn::Text(text), ..) => print(text),
    }
}

/// The format of the output.
#[derive(Clone, Copy, PartialEq)]
enum Wanted {
    Text,
    Scene,
    Table,
}

/// A figure in the requested format.
enum Drawn {
    Scene(Box<Scene>),
    Table(Table),
    Text(String),
}

fn save(scene: &Scene, kind: &str, scale: f32, to: &Destination) -> Result<()> {
    let bytes = match kind {
        "png" => png::to_png(scene, scale)?,
        #[cfg(feature = "pdf")]
        "pdf" => pdf::to_pdf(scene)?,
        _ => svg::to_svg(scene).into_bytes(),
    };
    to.write(|file| Ok(file.write_all(&bytes)?))
}
