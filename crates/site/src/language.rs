//! The page in each language: English in the site's own folder, every other language in one below, named by its code.

use attnscope_words::{ENGLISH, LANGUAGES, Language, code, language, words};
use std::fmt::Write;

/// All languages, English first. `None` is English.
pub fn all() -> Result<Vec<Option<&'static Language>>, String> {
    codes().map(|(code, _)| language(code)).collect()
}

fn codes() -> impl Iterator<Item = (&'static str, &'static str)> {
    std::iter::once(ENGLISH).chain(LANGUAGES.iter().map(|(code, name, _)| (*code, *name)))
}

/// The folder of a language's pages in the site: empty, or `de/`.
pub fn folder(code: &str) -> String {
    if code == ENGLISH.0 { String::new() } else { format!("{code}/") }
}

/// From a page in the language of this thread to the site's folder: empty, or `../`.
pub fn root() -> &'static str {
    if code() == ENGLISH.0 { "" } else { "../" }
}

/// The table of the language of this thread, as an asset; English has none.
pub fn table() -> Option<String> {
    (code() != ENGLISH.0).then(|| format!("{}.toml", code()))
}

/// The address of the page in another language, from a page in that of this thread.
fn page(code: &str) -> String {
    format!("{}{}", if root().is_empty() { "./" } else { root() }, folder(code))
}

/// The other languages for the page's head, where search engines look for them.
pub fn alternates() -> String {
    codes().fold(String::new(), |mut out, (code, _)| {
        let _ = writeln!(out, "<link rel=\"alternate\" hreflang=\"{code}\" href=\"{}\">", page(code));
        out
    })
}

/// The switch: a link to the page in each language. `assets/language.js` adds the sentence and the place to them.
pub fn switch() -> String {
    let links: String = codes().fold(String::new(), |mut out, (of, name)| {
        let here = if of == code() { " aria-current=\"true\"" } else { "" };
        let short = of.to_uppercase();
        let _ = write!(out, "<a href=\"{}\" hreflang=\"{of}\" lang=\"{of}\" title=\"{name}\"{here}>", page(of));
        let _ = write!(out, "<span aria-hidden=\"true\">{short}</span><span class=\"unseen\">{name}</span></a>");
        out
    });
    format!("<nav class=\"languages\" aria-label=\"{}\">{links}</nav>", words!("Language"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use attnscope_words::speaking;

    #[test]
    fn every_page_leads_to_all_languages() {
        let href = |html: &str| -> Vec<String> {
            html.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap_or_default().to_owned()).collect()
        };
        assert_eq!(href(&switch()), ["./", "./de/", "./es/"]);
        let german = language("de").unwrap();
        assert_eq!(href(&speaking(german, switch)), ["../", "../de/", "../es/"]);
        assert_eq!(href(&speaking(german, alternates)), ["../", "../de/", "../es/"]);
        assert_eq!(speaking(german, table).as_deref(), Some("de.toml"));
        assert_eq!((table(), all().unwrap().len()), (None, 3));
    }
}
