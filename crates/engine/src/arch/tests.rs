//! The tables are correct: every field marked as used is read, and docs/models.md shows the same tables.

use super::fields::{Field, Fields, Means};
use super::meanings::markdown;

/// Called when a family has read a file's fields: it must have asked for exactly those that its tables mark as used.
pub(super) fn asked(fields: &Fields<'_>) {
    let asked = fields.asked();
    for Field(name, _) in fields.tables().iter().flat_map(|table| table.iter()) {
        let read = asked.contains(name);
        assert_eq!(
            read,
            matches!(fields.means(name), Some(Means::Used)),
            "`{name}` of {}: read is {read}, the table differs",
            fields.arch
        );
    }
}

#[test]
fn every_field_that_is_called_used_is_read() {
    let mut opened = 0;
    for folder in ["tiny", "families"] {
        let path = format!("{}/../../fixtures/{folder}", env!("CARGO_MANIFEST_DIR"));
        for entry in std::fs::read_dir(path).unwrap() {
            let path = entry.unwrap().path();
            if path.join("config.json").exists() || path.extension().is_some_and(|ending| ending == "gguf") {
                // `asked`, above, checks the fields while the model opens.
                crate::Model::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                opened += 1;
            }
        }
    }
    assert!(opened >= 90, "only {opened} models");
}

#[test]
fn the_tables_are_in_the_documentation() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/models.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (begin, end) =
        ("<!-- fields: made by `UPDATE_DOCS=1 cargo test -p attnscope documentation` -->\n", "<!-- end of fields -->");
    let (before, rest) = text.split_once(begin).expect("docs/models.md has a place for the tables");
    let (found, after) = rest.split_once(end).expect("docs/models.md says where the tables end");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, format!("{before}{begin}{}{end}{after}", markdown())).unwrap();
        return;
    }
    assert!(found == markdown(), "docs/models.md is not what the tables say: run this test with UPDATE_DOCS=1");
}

/// The table of docs/models.md names every architecture that is read, and no other.
#[test]
fn the_documentation_lists_what_is_read() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/models.md")).unwrap();
    let section = text.split("## Which models are read").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| models"));
    let column = |column: usize| {
        let cells = rows.clone().map(|row| row.split('|').nth(column).unwrap().trim().trim_matches('`').to_owned());
        let mut names: Vec<String> = cells.filter(|name| !name.is_empty()).collect();
        names.sort();
        names.dedup();
        names
    };
    let sorted = |names: &mut dyn Iterator<Item = &'static str>| {
        let mut names: Vec<String> = names.map(str::to_owned).collect();
        names.sort();
        names
    };
    assert_eq!(column(2), sorted(&mut super::hf_names()));
    assert_eq!(column(3), sorted(&mut super::gguf_names()));
}

#[test]
fn no_field_stands_twice_in_a_table() {
    let tables = super::llama::MEMBERS.iter().map(|member| member.tables);
    let ggufs = super::llama::GGUF_MEMBERS.iter().map(|member| member.tables);
    let encoders = super::bert::KINDS.iter().map(|kind| kind.tables);
    let others = super::OTHERS.iter().map(|other| other.1);
    for table in tables.chain(ggufs).chain(encoders).chain(others).flat_map(|tables| tables.iter()) {
        let mut names: Vec<&str> = table.iter().map(|field| field.0).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
