//! Which options a figure takes: one that would change nothing is refused, so that nobody assumes that it did. An
//! option either chooses something that the figure follows, or sets the figure's control of the same name.

use super::RenderArgs;
use crate::failure::usage;
use anyhow::{Context, Result};
use attnscope_hub::is_lesson;
use attnscope_page::{FIGURES, Follows, Kind};

/// The figure of the command line.
pub(super) fn kind(args: &RenderArgs) -> Result<&'static Kind> {
    FIGURES.iter().find(|kind| kind.name == args.figure).context("a figure of the list")
}

/// The options that are given: their names, and what each chooses; `None` for options that only set a control.
fn given(args: &RenderArgs) -> Vec<(&'static str, Option<Follows>)> {
    let changes = &args.input.changes;
    let all = [
        ("model", Some(Follows::Model), !is_lesson(&args.input.model)),
        ("text", Some(Follows::Text), args.input.text.is_some()),
        ("ids", Some(Follows::Text), args.input.ids.is_some()),
        ("bos", Some(Follows::Text), args.input.bos),
        ("no-bos", Some(Follows::Text), args.input.no_bos),
        ("ablate", Some(Follows::Changes), !changes.ablate.is_empty()),
        ("mean-ablate", Some(Follows::Changes), !changes.mean_ablate.is_empty()),
        ("cut", Some(Follows::Changes), !changes.cut.is_empty()),
        ("set", Some(Follows::Changes), !changes.set.is_empty()),
        ("against", Some(Follows::Against), args.against.is_some()),
        ("layer", Some(Follows::Layer), args.layer.is_some()),
        ("head", Some(Follows::Head), args.head.is_some()),
        ("query", Some(Follows::Query), !args.query.is_empty()),
        ("key", Some(Follows::Key), args.key.is_some()),
        ("top", Some(Follows::Top), args.top.is_some()),
        ("rows", None, args.rows.is_some()),
        ("cols", None, args.cols.is_some()),
        ("pool", None, args.pool.is_some()),
    ];
    all.into_iter().filter(|(.., given)| *given).map(|(name, follows, _)| (name, follows)).collect()
}

/// An error for an option on which the figure does not depend.
pub(super) fn check(args: &RenderArgs) -> Result<()> {
    let kind = kind(args)?;
    match given(args).iter().find(|(name, part)| !follows(kind, *part) && !kind.options.contains(name)) {
        Some((name, _)) => Err(refused(kind, name)),
        None => check_controls(args),
    }
}

/// Refuses what is set in two ways: which of them counts would be a guess.
fn check_controls(args: &RenderArgs) -> Result<()> {
    let given = given(args);
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in args.control.iter().filter_map(|control| control.split_once('=')) {
        let option = if name == "word" { "query" } else { name };
        if given.iter().any(|(given, _)| *given == option) {
            return Err(usage(format!("--{option} and --control {name} say the same: give one of them")));
        }
        if names.contains(&name) {
            return Err(usage(format!("--control {} is given twice: give one of them", crate::failure::quoted(name))));
        }
        names.push(name);
    }
    Ok(())
}

fn follows(kind: &Kind, part: Option<Follows>) -> bool {
    part.is_some_and(|part| kind.follows.contains(&part))
}

/// The options that are given and set a control of the figure.
pub(super) fn controls(args: &RenderArgs) -> Result<Vec<&'static str>> {
    let kind = kind(args)?;
    Ok(given(args).into_iter().filter(|(_, part)| !follows(kind, *part)).map(|(name, _)| name).collect())
}

/// The error for an option that changes nothing: what the figure does take.
fn refused(kind: &Kind, option: &str) -> anyhow::Error {
    let names = |part: &Follows| match part {
        Follows::Model => "--model",
        Follows::Text => "--text",
        Follows::Changes => "--ablate, --mean-ablate, --cut, --set",
        Follows::Against => "--against",
        Follows::Layer => "--layer",
        Follows::Head => "--head",
        Follows::Query => "--query",
        Follows::Key => "--key",
        Follows::Top => "--top",
    };
    let own = kind.options.iter().map(|name| format!("--{name}"));
    let takes: Vec<String> = kind.follows.iter().map(|part| names(part).to_owned()).chain(own).collect();
    let takes = if takes.is_empty() { "none of the options of a run".into() } else { takes.join(", ") };
    usage(format!("{} does not depend on --{option}; it takes {takes}", kind.name))
}

#[cfg(test)]
mod tests {
    use attnscope_page::{Driver, FIGURES, Selection};
    use attnscope_protocol::LessonOnly;

    #[test]
    fn options_that_set_controls_are_controls_of_their_figure() {
        let driver = Driver::for_file(Selection::default(), LessonOnly);
        for kind in FIGURES.iter().filter(|kind| !kind.options.is_empty()) {
            let figure = kind.make();
            let controls = driver.with_page(|page| figure.view(page)).unwrap().controls;
            let names: Vec<&str> = controls.iter().map(|control| control.id()).collect();
            assert!(kind.options.iter().all(|option| names.contains(option)), "{}: {names:?}", kind.name);
        }
    }
}
