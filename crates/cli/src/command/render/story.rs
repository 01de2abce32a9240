//! Figures of the page, drawn for a file: the same functions, asked by the command instead of a reader.

use super::{Drawn, RenderArgs};
use crate::failure::usage;
use crate::place::place;
use crate::pull::{self, is_lesson};
use anyhow::{Context, Result};
use attnscope::Model;
use attnscope_page::{Control, Driver, LESSON, PageFigure, Paper, Selection, View, figure};
use attnscope_protocol::{Failure, FailureKind, ModelCard, Source};

/// The one model that the user named.
struct Named;

impl Source for Named {
    fn cards(&self) -> Vec<ModelCard> {
        Vec::new()
    }

    fn open(&self, id: &str) -> Result<Model, Failure> {
        pull::open(id).map_err(|error| Failure::model(format!("{error:#}")))
    }
}

/// The figure, once everything is set that is to be set; its numbers if `wants_table`.
pub(super) fn draw(args: &RenderArgs, wants_table: bool) -> Result<Drawn> {
    let changes = &args.input.changes;
    if !changes.is_empty() {
        let name = &args.figure;
        return Err(usage(format!(
            "{name} shows the run as it is; changes to it are for next-tokens, matrix, arcs and the like"
        )));
    }
    args.part.refuse(&args.figure)?;
    let mut driver = driver(args)?;
    let mut drawn = figure(&args.figure).context("a figure of the list")?;
    let paper = Paper { width: f32::from(args.width), dark: args.theme.is_dark(), bare: false };
    let mut set = args.control.clone();
    if set.is_empty() {
        set = begun(&args.figure, &view(&driver, &*drawn, paper)?.controls);
    }
    for control in set {
        driver.set(&mut *drawn, paper, &control).map_err(in_words)?;
    }
    let view = view(&driver, &*drawn, paper)?;
    if wants_table {
        let table = driver.with_page(|page| drawn.table(page)).map_err(in_words)?;
        return Ok(Drawn::Table(table));
    }
    Ok(Drawn::Scene(Box::new(view.scene)))
}

/// What is set where the user sets nothing. Some figures begin empty, since on a page the reader begins them.
fn begun(figure: &str, controls: &[Control]) -> Vec<String> {
    match figure {
        "training" => vec!["train".into()],
        "cost" => vec!["measure".into()],
        // Of what is stepped, a picture shows the end.
        _ => controls.iter().filter_map(last_step).collect(),
    }
}

fn last_step(control: &Control) -> Option<String> {
    let Control::Slider { id: id @ "step", max, .. } = control else { return None };
    Some(format!("{id}={max}"))
}

fn driver(args: &RenderArgs) -> Result<Driver<Named>> {
    let (layer, head) = (args.layer.unwrap_or(0), args.head.unwrap_or(0));
    let model = if is_lesson(&args.input.model) { LESSON.to_owned() } else { args.input.model.clone() };
    let selection = Selection { text: args.text()?, model, layer, head, ..Selection::default() };
    let mut driver = Driver::new(selection, Named);
    driver.host = "on this machine";
    driver.real = (driver.selection.model != LESSON).then(|| driver.selection.model.clone());
    if args.query.len() > 1 {
        return Err(usage("--query may be given once; only vector-strip takes several"));
    }
    if args.query.is_empty() && args.layer.is_none() && args.head.is_none() {
        return Ok(driver);
    }
    // Where a run is needed to know what there is, it is one that the figure will ask for as well.
    let found = driver.with_page(|page| {
        let trace = &page.run()?.trace;
        Ok((trace.tokens.clone(), trace.model.clone()))
    });
    let (tokens, info) = found.map_err(in_words)?;
    crate::model_args::require_head(&info, layer, head)?;
    if let Some(query) = args.query.first() {
        driver.selection.q_idx = Some(place(query, &tokens)?);
    }
    Ok(driver)
}

fn view(driver: &Driver<Named>, drawn: &dyn PageFigure, paper: Paper) -> Result<View> {
    driver.with_page(|page| drawn.view(page, paper)).map_err(in_words)
}

/// Whose fault it is decides the exit code.
fn in_words(failure: Failure) -> anyhow::Error {
    match failure.kind {
        FailureKind::Text { .. } | FailureKind::Request => usage(failure.message),
        _ => anyhow::anyhow!(failure.message),
    }
}
