//! The GGUF files of a repository as models: some are split into parts, and most repositories have one model in several
//! quantizations.

use std::collections::BTreeMap;

/// Quantizations by preference if a repository offers several: small, but not so coarse that they change the model's
/// behaviour. The engine reads all of them.
const PREFERRED: &[&str] = &[
    "Q4_K_M", "Q4_K_S", "Q4_1", "Q4_0", "IQ4_NL", "IQ4_XS", "Q5_K_M", "Q5_K_S", "Q5_1", "Q5_0", "Q6_K", "Q8_0", "F16",
    "BF16", "F32", "Q3_K_L", "Q3_K_M", "Q3_K_S", "Q2_K",
];

/// A model in one file, or in the parts that it was split into, in order.
#[derive(Debug)]
pub struct Gguf<'a> {
    pub parts: Vec<&'a str>,
    /// How many parts there should be.
    pub count: usize,
}

/// The models among `files`, by name. Vision projectors are none by themselves.
pub fn models<'a>(files: &[&'a str]) -> Vec<Gguf<'a>> {
    let mut found: BTreeMap<(String, usize), Gguf<'a>> = BTreeMap::new();
    for &name in files {
        let lower = name.to_ascii_lowercase();
        if lower.ends_with(".gguf") && !lower.contains("mmproj") {
            let key = part(name).unwrap_or((lower, 1));
            let count = key.1;
            found.entry(key).or_insert(Gguf { parts: Vec::new(), count }).parts.push(name);
        }
    }
    let mut models: Vec<Gguf<'a>> = found.into_values().collect();
    models.iter_mut().for_each(|model| model.parts.sort_unstable());
    models
}

/// The most suitable of several models: all that have the first quantization of the list that any has.
pub fn preferred<'m, 'a>(models: &'m [Gguf<'a>]) -> Vec<&'m Gguf<'a>> {
    if let [only] = models {
        return vec![only];
    }
    let of = |label: &&str| models.iter().filter(|model| model.is(label)).collect::<Vec<_>>();
    PREFERRED.iter().map(of).find(|found| !found.is_empty()).unwrap_or_default()
}

/// The stem that the parts of a split model share, in lower case, and their number: `m-00001-of-00003.gguf` → `m`, 3.
pub fn part(name: &str) -> Option<(String, usize)> {
    let lower = name.to_ascii_lowercase();
    let (before, count) = lower.strip_suffix(".gguf")?.rsplit_once("-of-")?;
    let (stem, number) = before.rsplit_once('-')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let count = count.parse().ok().filter(|_| is_number(number) && is_number(count))?;
    Some((stem.to_owned(), count))
}

impl Gguf<'_> {
    /// The file to open: the engine finds the other parts beside it.
    pub fn first(&self) -> &str {
        self.parts[0]
    }

    /// Whether the model is stored so: the label comes right before the extension (or before the part's number), as in
    /// "model.Q4_1.gguf" and "model-q4_1-00001-of-00002.gguf", or is the name of the folder.
    pub fn is(&self, label: &str) -> bool {
        let name = self.first().to_ascii_uppercase();
        let stem = part(self.first()).map_or_else(
            || name.strip_suffix(".GGUF").unwrap_or(&name).to_owned(),
            |(stem, _)| stem.to_ascii_uppercase(),
        );
        let label = label.to_ascii_uppercase();
        let ends =
            stem.strip_suffix(&label).is_some_and(|rest| rest.is_empty() || rest.ends_with(['.', '-', '_', '/']));
        let folder = name.rsplit('/').nth(1);
        ends || folder == Some(&label)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_one_model_and_projectors_none() {
        let files = ["b/m-00002-of-00002.gguf", "b/M-00001-of-00002.gguf", "mmproj-m.gguf", "m.gguf", "README.md"];
        let models: Vec<Vec<&str>> = models(&files).into_iter().map(|model| model.parts).collect();
        assert_eq!(models, [vec!["b/M-00001-of-00002.gguf", "b/m-00002-of-00002.gguf"], vec!["m.gguf"]]);
        assert_eq!(part("m-1-of-x.gguf"), None);
        assert_eq!(part("out-of-gguf"), None);
    }

    #[test]
    fn a_label_is_a_whole_word_at_the_end() {
        let is = |name: &str, label| models(&[name])[0].is(label);
        for name in ["m.Q4_K_M.gguf", "m-q4_k_m.gguf", "Q4_K_M.gguf", "Q4_K_M/m.gguf", "m-Q4_K_M-00001-of-00002.gguf"] {
            assert!(is(name, "q4_k_m"), "{name}");
        }
        assert!(!is("m.IQ4_NL.gguf", "Q4_NL") && !is("m.BF16.gguf", "F16") && !is("m.Q4_K_M.x.gguf", "Q4_K_M"));
    }
}
