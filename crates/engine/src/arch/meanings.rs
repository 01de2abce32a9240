//! The meaning of each field in each family, as the table of docs/models.md, made from the lists that the code uses.

use super::fields::{Means, Plain, Tables};
use super::{bert, llama};
use std::fmt::Write;

/// The families' tables by column, for `config.json`.
fn configs() -> Vec<(String, Tables)> {
    let members = llama::MEMBERS.iter().map(|member| (member.name, member.tables));
    let others = super::OTHERS.iter().map(|other| (other.0, other.1));
    let all = members.chain(others).chain(bert::KINDS.iter().map(|kind| (kind.name, kind.tables)));
    all.map(|(name, tables)| (name.to_owned(), tables)).collect()
}

/// The same for GGUF. Architectures with the same table share a column.
fn ggufs() -> Vec<(String, Tables)> {
    let alike = |member: &&llama::GgufMember| member.tables.len() == 1;
    let names: Vec<&str> = llama::GGUF_MEMBERS.iter().filter(alike).map(|member| member.name).collect();
    let own =
        llama::GGUF_MEMBERS.iter().filter(|member| !alike(member)).map(|member| (member.name.into(), member.tables));
    let all = std::iter::once((names.join(", "), &[llama::GGUF_KEYS] as Tables)).chain(own);
    all.chain(super::GGUF_OTHERS.iter().map(|other| (other.0.to_owned(), other.1))).collect()
}

/// Two tables in Markdown: what the fields of `config.json` and the keys of GGUF mean, and in which families.
pub fn markdown() -> String {
    let mut out = String::new();
    table(&mut out, "field of `config.json`", &configs());
    out.push('\n');
    table(&mut out, "key of a GGUF, after `ARCHITECTURE.`", &ggufs());
    out
}

fn table(out: &mut String, head: &str, families: &[(String, Tables)]) {
    let _ = writeln!(out, "| {head} | meaning | why |\n|---|---|---|");
    let mut names: Vec<&str> = families
        .iter()
        .flat_map(|(_, tables)| tables.iter())
        .flat_map(|table| table.iter())
        .map(|field| field.0)
        .collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let means: Vec<Option<Means>> = families.iter().map(|(_, tables)| find(tables, name)).collect();
        let mut reasons: Vec<&str> = means.iter().filter_map(|means| reason(*means)).collect();
        reasons.dedup();
        let _ = writeln!(out, "| `{name}` | {} | {} |", grouped(families, &means), reasons.join("; "));
    }
}

/// What a field means in a family: the first table that names it counts.
fn find(tables: Tables, name: &str) -> Option<Means> {
    tables.iter().flat_map(|table| table.iter()).find(|field| field.0 == name).map(|field| field.1)
}

/// The families by what the field means in them. Those that refuse it are not named.
fn grouped(families: &[(String, Tables)], means: &[Option<Means>]) -> String {
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    for ((family, _), means) in families.iter().zip(means) {
        let cell = cell(*means);
        match groups.iter_mut().find(|(group, _)| *group == cell) {
            Some((_, names)) => names.push(family),
            None => groups.push((cell, vec![family])),
        }
    }
    if let [(cell, _)] = groups.as_slice() {
        return cell.clone();
    }
    groups.retain(|(cell, _)| cell != "refused");
    let written: Vec<String> = groups.iter().map(|(cell, names)| format!("{cell}: {}", names.join(", "))).collect();
    written.join("; ")
}

fn cell(means: Option<Means>) -> String {
    match means {
        Some(Means::Used) => "used".into(),
        Some(Means::Harmless(_)) => "harmless".into(),
        Some(Means::Only(&[], _)) | None => "refused".into(),
        Some(Means::Only(values, _)) => {
            let values: Vec<String> = values.iter().map(Plain::to_string).collect();
            format!("only {}", values.join(", "))
        }
    }
}

fn reason(means: Option<Means>) -> Option<&'static str> {
    match means? {
        Means::Used => None,
        Means::Harmless(why) | Means::Only(_, why) => Some(why),
    }
}
