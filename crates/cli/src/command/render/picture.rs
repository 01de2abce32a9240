//! A figure of the page, driven by the command instead of a reader: options set its choices and controls, then it is
//! drawn once.

use super::{Drawn, RenderArgs, Wanted, options};
use crate::command::predict;
use crate::failure::{quoted, usage, warn};
use crate::heatmap::heatmap;
use crate::place::place;
use crate::terminal::Terminal;
use anyhow::Result;
use attnscope::{Model, Token};
use attnscope_figures::figure::Pattern;
use attnscope_hub::is_lesson;
use attnscope_page::control::chosen;
use attnscope_page::{Control, Driver, Event, Follows, LESSON, PageFigure, Paper, SENTENCE, Selection};
use attnscope_protocol::{Failure, FailureKind, ModelCard, Request, Response, Source};

/// The word that the story is about.
const STORY: &str = "dog";

/// The one model that the user named.
struct Named;

impl Source for Named {
    fn cards(&self) -> Vec<ModelCard> {
        Vec::new()
    }

    fn open(&self, id: &str) -> Result<Model, Failure> {
        attnscope_hub::open(id).map_err(|error| Failure::model(format!("{:#}", anyhow::Error::from(error))))
    }
}

/// The requested figure, after everything has been set.
pub(super) fn draw(args: &RenderArgs, wanted: Wanted) -> Result<Drawn> {
    let kind = options::kind(args)?;
    let mut driver = Driver::for_file(selection(args)?, Named);
    driver.real = (driver.selection.model != LESSON).then(|| driver.selection.model.clone());
    driver.head_is_chosen = args.layer.is_some() || args.head.is_some();
    let tokens = if kind.follows.contains(&Follows::Text) { choose(&mut driver, args)? } else { Vec::new() };
    if kind.name == "next-tokens" {
        require_numbers(&driver)?;
    }
    let mut figure = kind.make();
    driver.paper = Paper { width: f32::from(args.width), dark: args.theme.is_dark(), bare: false };
    set_controls(&mut driver, &mut *figure, args, &tokens)?;
    if wanted == Wanted::Text
        && let Some(text) = text(&driver, kind.name)?
    {
        return Ok(Drawn::Text(text));
    }
    if wanted == Wanted::Table {
        return Ok(Drawn::Table(driver.with_page(|page| figure.table(page)).map_err(in_words)?));
    }
    let view = driver.with_page(|page| figure.view(page)).map_err(in_words)?;
    Ok(Drawn::Scene(Box::new(view.scene)))
}

/// The selection, as far as it is known without the model.
fn selection(args: &RenderArgs) -> Result<Selection> {
    let model = if is_lesson(&args.input.model) { LESSON.to_owned() } else { args.input.model.clone() };
    let begun = Selection::default();
    // The story's first sentence and the word in it that the story explains; otherwise the last word.
    let (text, q_idx) = match args.input.text {
        None => (SENTENCE.to_owned(), begun.q_idx),
        Some(_) => (args.input.read_text()?, None),
    };
    let (layer, head) = (args.layer.unwrap_or(0), args.head.unwrap_or(0));
    let top = args.top.map_or(begun.top, |top| top as usize);
    let (changes, against) = (args.input.changes.interventions()?, args.against.clone());
    Ok(Selection { text, model, layer, head, q_idx, changes, against, top, ..begun })
}

/// Makes the choices that need the text's tokens, and prints warnings; returns the tokens.
fn choose(driver: &mut Driver<Named>, args: &RenderArgs) -> Result<Vec<Token>> {
    let request = Request::Tokens { prompt: driver.selection.prompt() };
    let found = driver.with_page(|page| page.ask(&request).cloned()).map_err(in_words)?;
    let Response::Tokens { tokens, model, warning } = found else { return Ok(Vec::new()) };
    if let Some(warning) = warning {
        warn(&warning);
    }
    crate::model_args::require_head(&model, driver.selection.layer, driver.selection.head)?;
    // The story's word, wherever the model's own tokens put it.
    if args.input.text.is_none() {
        let story = tokens.iter().position(|token| token.text.trim() == STORY);
        driver.selection.q_idx = story.or(driver.selection.q_idx);
    }
    if let [query] = &args.query[..] {
        driver.selection.q_idx = Some(place(query, &tokens)?);
    }
    if let Some(key) = &args.key {
        driver.selection.k_idx = Some(place(key, &tokens)?);
    }
    Ok(tokens)
}

/// Refuses a model whose numbers are invalid before anything is drawn from them.
fn require_numbers(driver: &Driver<Named>) -> Result<()> {
    let found = driver.with_page(|page| page.run_with("").map(|run| (run.trace.model.clone(), run.next.clone())));
    let (model, next) = found.map_err(in_words)?;
    predict::require_numbers(&model, &next)
}

/// Sets the controls of the figure for which options are given.
fn set_controls(
    driver: &mut Driver<Named>,
    figure: &mut dyn PageFigure,
    args: &RenderArgs,
    tokens: &[Token],
) -> Result<()> {
    let own = options::controls(args)?;
    for option in &own {
        let value = match *option {
            "layer" => args.layer.map(|layer| layer.to_string()),
            "query" => {
                let places = args.query.iter().map(|query| Ok(place(query, tokens)?.to_string()));
                Some(places.collect::<Result<Vec<_>>>()?.join(","))
            }
            "rows" => args.rows.clone(),
            "cols" => args.cols.clone(),
            _ => args.pool.clone(),
        };
        // What they may be, the figure says when it draws: to draw it for that alone would take a run more.
        driver.tell(figure, &Event::Set((*option).to_owned(), value.unwrap_or_default()));
    }
    if args.query.len() > 1 && !own.contains(&"query") {
        return Err(usage("--query may be given once; only vector-strip takes several"));
    }
    // What is set of a training comes before it, and is of no use without.
    let trains = |control: &String| ["train", "step", "use"].contains(&control.as_str());
    let waits = args.figure == "training" && !args.control.iter().any(trains);
    let begun = if args.control.is_empty() || waits { begun(driver, figure, &args.figure)? } else { Vec::new() };
    // Values first: a button does its work with them.
    let (values, buttons): (Vec<&String>, Vec<&String>) =
        args.control.iter().chain(&begun).partition(|control| control.contains('='));
    set_one_after_another(driver, figure, values.into_iter().chain(buttons))
}

/// Sets controls. What is drawn between them need not make sense: two kinds of words that change places are the same for a
/// moment. What cannot be drawn in the end is the fault of the control since which it could not.
fn set_one_after_another<'a>(
    driver: &mut Driver<Named>,
    figure: &mut dyn PageFigure,
    settings: impl Iterator<Item = &'a String>,
) -> Result<()> {
    let mut known: Option<Vec<Control>> = None;
    let mut since: Option<&String> = None;
    for setting in settings {
        let drawn = driver.with_page(|page| figure.view(page));
        known = match (drawn, known) {
            (Ok(view), _) => {
                since = None;
                Some(view.controls)
            }
            (Err(_), Some(known)) => Some(known),
            (Err(failure), None) => return Err(in_words(failure)),
        };
        let (id, value) = chosen(known.as_deref().unwrap_or_default(), setting).map_err(usage)?;
        if let Some(failure) = driver.tell(figure, &Event::Set(id, value)) {
            return Err(in_words(failure));
        }
        since = since.or(Some(setting));
    }
    let Some(since) = since else { return Ok(()) };
    driver.with_page(|page| figure.view(page)).map(|_| ()).map_err(|failure| {
        let message = format!("--control {}: {}", quoted(since), failure.message);
        in_words(Failure { message, ..failure })
    })
}

/// What is set where the user sets nothing. Some figures begin empty, since on a page the reader begins them.
fn begun(driver: &Driver<Named>, figure: &dyn PageFigure, name: &str) -> Result<Vec<String>> {
    Ok(match name {
        // A sentence of the user's own is what it compares.
        "two-answers" if driver.selection.text != SENTENCE => vec!["compare=yours".into()],
        "training" => vec!["train".into()],
        "cost" => vec!["measure".into()],
        // Of what is stepped, a picture shows the end.
        "attention-steps" | "running-softmax" | "journey" => {
            let controls = driver.with_page(|page| figure.view(page)).map_err(in_words)?.controls;
            controls.iter().filter_map(last_step).collect()
        }
        _ => Vec::new(),
    })
}

fn last_step(control: &Control) -> Option<String> {
    let Control::Slider { id: id @ "step", max, .. } = control else { return None };
    Some(format!("{id}={max}"))
}

/// The figure as text for the terminal, if it has this form.
fn text(driver: &Driver<Named>, figure: &str) -> Result<Option<String>> {
    let terminal = Terminal::of_stdout();
    let (layer, head) = (driver.selection.layer, driver.selection.head);
    let drawn = driver.with_page(|page| match figure {
        "next-tokens" => {
            let run = page.run_with("")?;
            Ok(Some(predict::picture(&terminal, &run.trace.model, &run.trace.tokens, &run.next)))
        }
        "matrix" => {
            let trace = &page.run_with("pattern")?.trace;
            let pattern = Pattern::from_trace(trace, layer, head)?;
            Ok(Some(heatmap(&terminal, &pattern, &trace.tokens, &trace.model.name)))
        }
        _ => Ok(None),
    });
    drawn.map_err(in_words)
}

/// The cause of a failure decides the exit code.
fn in_words(failure: Failure) -> anyhow::Error {
    match failure.kind {
        FailureKind::Text { .. } | FailureKind::Request => usage(failure.message),
        _ => anyhow::anyhow!(failure.message),
    }
}
