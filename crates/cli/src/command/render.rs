//! `attnscope render FIGURE`: a picture of a trace, or a figure of the page as it begins or as it is set.

mod draw;
mod heeds;
mod map;
mod story;

use crate::command::predict;
use crate::failure::usage;
use crate::heatmap::heatmap;
use crate::model_args::{ModelArgs, Opened};
use crate::output::{Destination, extension, print};
use crate::place::place;
use crate::terminal::Terminal;
use anyhow::Result;
use attnscope::Trace;
use attnscope_figures::figure::Pattern;
use attnscope_figures::{Figure, Scene, Table, Theme, pdf, png, svg};
use attnscope_page::{FIGURES, SENTENCE};
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
    /// The token that looks: its position or its text; vector-strip takes several, and two give a difference
    #[arg(long, allow_hyphen_values = true, value_name = "TOKEN")]
    pub query: Vec<String>,
    /// How many next tokens to show (10 where it is not said)
    #[arg(long, allow_hyphen_values = true, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub top: Option<u32>,
    /// What to set in a figure of the story, as its page does (repeatable): step=3, mask=off; a button by its name alone
    #[arg(long, value_name = "NAME=VALUE")]
    pub control: Vec<String>,
    /// Which part of a pattern
    #[command(flatten)]
    pub part: map::PartArgs,
    /// Light or dark
    #[arg(long, value_enum, default_value_t)]
    pub theme: ThemeName,
    /// Width to aim for, in pixels of the drawing
    #[arg(long, allow_hyphen_values = true, default_value_t = 760, value_parser = clap::value_parser!(u16).range(200..))]
    pub width: u16,
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

    fn theme(self) -> &'static Theme {
        match self {
            Self::Light => &Theme::LIGHT,
            Self::Dark => &Theme::DARK,
        }
    }
}

impl RenderArgs {
    /// The text, or the story's first sentence.
    fn text(&self) -> Result<String> {
        if self.input.text.is_none() { Ok(SENTENCE.to_owned()) } else { self.input.read_text() }
    }

    fn top(&self) -> usize {
        self.top.unwrap_or(10) as usize
    }

    fn opened(&self) -> Result<Opened> {
        self.input.open_on(&self.text()?)
    }
}

/// The figures' names with what each shows, for clap. Of some the story has its own: those are drawn from the trace.
fn figures() -> clap::builder::PossibleValuesParser {
    let traces = Figure::ALL.map(|figure| (figure.name(), figure.about()));
    let story = FIGURES.into_iter().filter(|(name, _)| Figure::from_name(name).is_none());
    let all = traces.into_iter().chain(story);
    all.map(|(name, about)| clap::builder::PossibleValue::new(name).help(about)).collect::<Vec<_>>().into()
}

/// What is to be drawn, with places found.
struct Choice<'a> {
    args: &'a RenderArgs,
    layer: usize,
    head: usize,
    queries: Vec<usize>,
}

/// Runs the model, draws, and writes.
pub fn run(args: &RenderArgs) -> Result<()> {
    let kind = args.output.as_deref().map(|path| extension(path, &["svg", "png", "pdf", "csv"])).transpose()?;
    heeds::check(args)?;
    let to = args.output.as_deref().map(|path| Destination::new(path, Some(&args.input.model))).transpose()?;
    let wanted = match kind {
        None => Wanted::Text,
        Some("csv") => Wanted::Table,
        Some(_) => Wanted::Scene,
    };
    let drawn = match Figure::from_name(&args.figure) {
        Some(figure) => from_trace(figure, args, wanted)?,
        None => story::draw(args, wanted == Wanted::Table)?,
    };
    match (drawn, to, kind) {
        (Drawn::Scene(scene), Some(to), Some(kind)) => save(&scene, kind, args.scale, &to),
        (Drawn::Scene(scene), ..) => print(svg::to_svg(&scene) + "\n"),
        (Drawn::Table(table), Some(to), _) => to.write(|file| Ok(file.write_all(table.to_csv().as_bytes())?)),
        (Drawn::Table(table), ..) => print(table.to_csv()),
        (Drawn::Text(text), ..) => print(text),
    }
}

/// What the output is made of.
#[derive(Clone, Copy, PartialEq)]
enum Wanted {
    Text,
    Scene,
    Table,
}

/// A figure as it is wanted.
enum Drawn {
    Scene(Box<Scene>),
    Table(Table),
    Text(String),
}

/// One run, and a picture of it.
fn from_trace(figure: Figure, args: &RenderArgs, wanted: Wanted) -> Result<Drawn> {
    if !args.control.is_empty() {
        return Err(usage(format!("{} has no controls; --control is for the figures of the story", figure.name())));
    }
    if figure != Figure::Map {
        args.part.refuse(figure.name())?;
    }
    let (layer, head) = (args.layer.unwrap_or(0), args.head.unwrap_or(0));
    let opened = args.opened()?;
    opened.require_head(layer, head)?;
    if args.query.len() > 1 && figure != Figure::VectorStrip {
        return Err(usage("--query may be given once; only vector-strip takes several"));
    }
    if matches!(figure, Figure::NextTokens | Figure::LogitLens) {
        opened.require_vocab_head()?;
    }
    let capture = draw::capture(figure, args.layer, layer)?;
    // Of a long text every layer counts: what comes after the map's own is not computed.
    let trace = if figure == Figure::Map { opened.run_through(layer, capture)? } else { opened.run(&capture)? };
    if figure == Figure::NextTokens {
        predict::require_numbers(&trace.model, &opened.model.next_tokens(&trace, 1))?;
    }
    let queries = args.query.iter().map(|query| place(query, &trace.tokens)).collect::<Result<Vec<_>>>()?;
    let choice = Choice { args, layer, head, queries };
    if wanted == Wanted::Text
        && let Some(text) = text(figure, &opened, &trace, &choice)?
    {
        return Ok(Drawn::Text(text));
    }
    draw::draw(figure, &opened, trace, &choice, wanted == Wanted::Table)
}

/// The figure for the terminal, where there is such a one.
fn text(figure: Figure, opened: &Opened, trace: &Trace, choice: &Choice) -> Result<Option<String>> {
    let terminal = Terminal::of_stdout();
    Ok(match figure {
        Figure::NextTokens => {
            let next = opened.model.next_tokens(trace, choice.args.top());
            Some(predict::picture(&terminal, &trace.model, &trace.tokens, &next))
        }
        Figure::Matrix => {
            let pattern = Pattern::from_trace(trace, choice.layer, choice.head)?;
            Some(heatmap(&terminal, &pattern, &trace.tokens, &trace.model.name))
        }
        _ => None,
    })
}

fn save(scene: &Scene, kind: &str, scale: f32, to: &Destination) -> Result<()> {
    let bytes = match kind {
        "png" => png::to_png(scene, scale)?,
        "pdf" => pdf::to_pdf(scene)?,
        _ => svg::to_svg(scene).into_bytes(),
    };
    to.write(|file| Ok(file.write_all(&bytes)?))
}
