//! `attnscope models`

use crate::output::{print, print_json};
use crate::terminal::path_text;
use anyhow::Result;
use attnscope_figures::token::plain;
use attnscope_hub::{Listed, Settings, human, list};

/// List the models that can be pulled by name, and those on this machine
#[derive(Debug, clap::Args)]
pub struct ModelsArgs {
    /// As JSON (docs/json.md)
    #[arg(long)]
    pub json: bool,
}

#[derive(serde::Serialize)]
struct Models<'a> {
    models: &'a [Listed],
}

/// Prints the list.
pub fn run(args: &ModelsArgs) -> Result<()> {
    let mut models = list(&Settings::from_env()?);
    if !args.json {
        return print(table(&models));
    }
    // JSON is UTF-8, whatever the names of folders are.
    for path in models.iter_mut().filter_map(|model| model.path.as_mut()) {
        *path = path.to_string_lossy().into_owned().into();
    }
    print_json(&Models { models: &models })
}

/// Columns as wide as their content; the path comes last, since it may be of any length.
fn table(models: &[Listed]) -> String {
    let head = ["MODEL", "SIZE", "LICENCE", "WHERE"].map(str::to_owned);
    let rows: Vec<[String; 4]> = models.iter().map(row).collect();
    let rows: Vec<&[String; 4]> = [&head].into_iter().chain(&rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (id, size, licence) = (width(0), width(1), width(2));
    rows.iter().map(|[a, b, c, d]| format!("{a:id$}  {b:>size$}  {c:licence$}  {d}\n")).collect()
}

fn row(model: &Listed) -> [String; 4] {
    let place = match &model.path {
        Some(path) => path_text(path),
        None if model.built_in => "built in".to_owned(),
        None => format!("not pulled: attnscope pull {}", plain(&model.id)),
    };
    let licence = model.licence.as_deref().map_or_else(|| "see the Hub".to_owned(), plain);
    [plain(&model.id), human(model.size), licence, place]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_how_to_get_what_is_missing() {
        let model = |id: &str, licence: Option<&str>, path: Option<&str>| {
            let mut model = list(&Settings::new("no-such-cache")).swap_remove(0);
            (model.id, model.size, model.built_in) = (id.into(), 98_362_432, id == "lesson");
            (model.licence, model.path) = (licence.map(str::to_owned), path.map(Into::into));
            model
        };
        let lesson = model("lesson", Some("MIT"), None);
        let text = table(&[lesson, model("tiny", Some("MIT"), None), model("someone/else", None, Some("/m/x.gguf"))]);
        let expected = "\
MODEL            SIZE  LICENCE      WHERE
lesson        98.4 MB  MIT          built in
tiny          98.4 MB  MIT          not pulled: attnscope pull tiny
someone/else  98.4 MB  see the Hub  /m/x.gguf
";
        assert_eq!(text, expected);
        let foreign = table(&[model("a/\u{1b}[2J", Some("\u{202e}TIM"), Some("/m/\n.gguf"))]);
        assert!(foreign.ends_with("\na/<0x1B>[2J  98.4 MB  <U+202E>TIM  /m/↵.gguf\n"), "{foreign:?}");
    }
}
