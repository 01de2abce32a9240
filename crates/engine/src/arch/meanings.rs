//! The meaning of each field in each family, as the table of docs/models.md, made from the lists that the code uses.

use super::fields::{Field, Means, Plain, Tables};
use super::{bert, beside, gpt2, llama, neox, phi};
use std::collections::BTreeMap;
use std::fmt::Write;

/// The families' tables by column, for `config.json`.
fn configs() -> Vec<(String, Tables)> {
    let members = llama::MEMBERS.iter().map(|member| (member.name, member.tables));
    let others = [("gpt2", gpt2::TABLES), ("gpt_neox", neox::TABLES), ("phi", phi::TABLES)];
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
    let others: [(&str, Tables); 4] = [
        ("gpt2", &[gpt2::GGUF_KEYS]),
        ("gptneox", &[neox::GGUF_KEYS, beside::GGUF_KEYS]),
        ("phi2", &[beside::GGUF_KEYS]),
        ("bert", &[bert::GGUF_KEYS]),
    ];
    all.chain(others.map(|(name, tables)| (name.to_owned(), tables))).collect()
}

/// Two tables in Markdown: the fields of `config.json` and the keys of GGUF, by family. Fields in no table are refused.
pub fn markdown() -> String {
    let mut out = String::new();
    table(&mut out, "field of `config.json`", &configs());
    out.push('\n');
    table(&mut out, "key of a GGUF, after `ARCHITECTURE.`", &ggufs());
    out
}

fn table(out: &mut String, head: &str, families: &[(String, Tables)]) {
    let names: Vec<&str> = families.iter().map(|(name, _)| name.as_str()).collect();
    let _ = writeln!(out, "| {head} | {} | why |", names.join(" | "));
    let _ = writeln!(out, "|---|{}---|", "---|".repeat(names.len()));
    let mut rows: BTreeMap<&str, Vec<Option<Means>>> = BTreeMap::new();
    for (column, (_, tables)) in families.iter().enumerate() {
        for Field(name, means) in tables.iter().flat_map(|table| table.iter()) {
            rows.entry(name).or_insert_with(|| vec![None; families.len()])[column].get_or_insert(*means);
        }
    }
    for (name, means) in rows {
        let cells: Vec<String> = means.iter().map(|means| cell(*means)).collect();
        let mut reasons: Vec<&str> = means.iter().filter_map(|means| reason(*means)).collect();
        reasons.dedup();
        let _ = writeln!(out, "| `{name}` | {} | {} |", cells.join(" | "), reasons.join("; "));
    }
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
