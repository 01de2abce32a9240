//! The page's address: the selection, the open number and the settings of figures, as a query. Parts of a link that
//! cannot be applied are named.

use crate::figure;
use crate::open::Fields;
use crate::selection::{MOST, Selection, TOP, TRAINED, first_head};
use crate::trained::{self, Trained};
use attnscope::Intervention;
use attnscope_protocol::{Spot, quoted};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

/// What must be escaped in a value of a query.
const ESCAPED: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'&').add(b'+').add(b'<').add(b'>').add(b'?').add(b'`');

/// Names and values of a query, with or without its `?`.
fn fields(query: &str) -> impl Iterator<Item = (&str, String)> {
    let pairs = query.trim_start_matches('?').split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name, percent_decode_str(&value.replace('+', " ")).decode_utf8_lossy().into_owned()))
}

impl Selection {
    /// From an address' query, with or without its `?`. Parts that are missing or cannot be read have the default.
    pub fn from_query(query: &str) -> Self {
        Self::read_query(query).0
    }

    /// The same, and one sentence for each part of the query that cannot be applied.
    pub fn read_query(query: &str) -> (Self, Vec<String>) {
        let mut selection = Self::default();
        let (mut layer, mut open, mut wrong) = (None, Fields::default(), Vec::new());
        let mut trained = trained::Fields::default();
        for (name, value) in fields(query) {
            match name {
                "text" => selection.text = value,
                "model" => selection.model = value,
                "layer" => layer = value.parse().ok().or(layer),
                "head" => selection.head = value.parse().unwrap_or(selection.head),
                "query" => selection.q_idx = value.parse().ok(),
                "key" => selection.k_idx = value.parse().ok(),
                // Without this change the run would differ from the link's.
                "change" => match value.parse::<Intervention>() {
                    Ok(change) => selection.changes.push(change),
                    Err(error) => wrong.push(format!("This link changes the run in a way that is not known: {error}.")),
                },
                "against" => selection.against = Some(value),
                "top" => selection.top = value.parse().map_or(TOP, |top: usize| top.clamp(1, MOST)),
                "steps" | "seed" | "rate" | "sentences" => wrong.extend(trained.take(name, &value).err()),
                "set" => wrong.extend(wrong_setting(&value)),
                _ => wrong.extend(open.take(name, &value).err()),
            }
        }
        selection.open = open.open();
        selection.trained = trained.trained().filter(|_| selection.model == TRAINED);
        match layer {
            Some(layer) => selection.layer = layer,
            // A link that names only the model.
            None => (selection.layer, selection.head) = first_head(&selection.model),
        }
        (selection, wrong)
    }

    /// What a link of the prose chooses: its text and query, and what else it names. Which model reads them is the reader's
    /// choice, unless the link names one; what was changed or compared with belonged to the sentence before.
    pub fn after_link(&self, query: &str) -> Self {
        let (there, names) = (Self::from_query(query), |name: &str| fields(query).any(|(found, _)| found == name));
        let mut next = Self { against: None, ..self.clone() };
        (next.text, next.q_idx, next.k_idx, next.changes) = (there.text, there.q_idx, there.k_idx, there.changes);
        if names("model") {
            (next.model, next.trained) = (there.model, there.trained);
        }
        if names("model") || names("layer") {
            (next.layer, next.head) = (there.layer, there.head);
        }
        next
    }

    /// As an address' query, `?` included; empty for the default, so that the plain address stays plain.
    pub fn to_query(&self) -> String {
        if *self == Self::default() {
            return String::new();
        }
        let (text, model) = (escaped(&self.text), escaped(&self.model));
        let query = self.q_idx.map_or_else(|| "none".to_owned(), |q_idx| q_idx.to_string());
        let key = self.k_idx.map_or_else(String::new, |k_idx| format!("&key={k_idx}"));
        let short = self.changes.iter().filter(|change| change.is_short());
        let changes: String = short.map(|change| format!("&change={}", escaped(&change.to_string()))).collect();
        let against = self.against.as_ref().map_or_else(String::new, |text| format!("&against={}", escaped(text)));
        let top = if self.top == TOP { String::new() } else { format!("&top={}", self.top) };
        let open = self.open.as_ref().map_or_else(String::new, |open| format!("&{}", open.to_query()));
        let (layer, head) = (self.layer, self.head);
        let trained = self.trained.as_ref().filter(|_| self.model == TRAINED);
        let trained = trained.map_or_else(String::new, Trained::to_query);
        format!(
            "?text={text}&model={model}{trained}&layer={layer}&head={head}&query={query}{key}{changes}{against}{top}{open}"
        )
    }
}

/// A value, escaped for a query.
pub(crate) fn escaped(value: &str) -> String {
    utf8_percent_encode(value, ESCAPED).to_string().replace("%20", "+")
}

/// The settings of figures in a link, besides the selection: figure, control, value.
pub fn settings(query: &str) -> Vec<(String, String, String)> {
    fields(query).filter(|(name, _)| *name == "set").filter_map(|(_, value)| setting_of(&value)).collect()
}

fn setting_of(written: &str) -> Option<(String, String, String)> {
    let (figure, rest) = written.split_once('.')?;
    let (control, value) = rest.split_once('=')?;
    Some((figure.to_owned(), control.to_owned(), value.to_owned()))
}

/// Why a link's `set=` cannot be applied, as far as that is known before its figure is drawn.
fn wrong_setting(written: &str) -> Option<String> {
    let Some((name, ..)) = setting_of(written) else {
        return Some(format!("This link sets {}; expected FIGURE.CONTROL=VALUE.", quoted(written)));
    };
    figure(&name)
        .is_none()
        .then(|| format!("This link sets something in the figure {}, which there is not.", quoted(&name)))
}

/// The same, as a part of an address' query.
pub fn setting(figure: &str, control: &str, value: &str) -> String {
    let text = format!("{figure}.{control}={value}");
    format!("set={}", escaped(&text))
}

/// Words and their positions: `the cat was@1,the cow was@1`. Words contain no commas, since they come from a list.
pub(crate) fn spots(group: &[Spot]) -> String {
    let group: Vec<String> = group.iter().map(|spot| format!("{}@{}", escaped(&spot.text), spot.position)).collect();
    group.join(",")
}

pub(crate) fn spot(written: &str) -> Option<Spot> {
    let (text, position) = written.rsplit_once('@')?;
    Some(Spot { text: text.into(), position: position.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use attnscope::lesson::Settings;

    #[test]
    fn addresses_lead_back() {
        for text in ["the hot dog was", "a+b & c=d #1 50% \"ü\" 🌭?", " two  spaces ", "two\nlines\n\nand a third", ""]
        {
            let selection = Selection { text: text.into(), layer: 16, q_idx: None, ..Default::default() };
            assert_eq!(Selection::from_query(&selection.to_query()), selection, "{}", selection.to_query());
        }
        let changes = ["cut 16.0:2>1", "ablate 3.1", "set 2.0:2>1=0.25"].map(|change| change.parse().unwrap());
        let all = Selection { changes: changes.into(), k_idx: Some(1), top: 20, ..Default::default() };
        let all = Selection { against: Some("the cold dog & cat".into()), ..all };
        assert_eq!(Selection::read_query(&all.to_query()), (all.clone(), Vec::new()), "{}", all.to_query());
        assert_eq!(Selection::default().to_query(), "");
    }

    #[test]
    fn an_address_says_how_a_model_was_trained() {
        let own = vec!["the cat was hungry".to_owned(), "a dog & cat".to_owned()];
        let settings = Settings { seed: 7, learning_rate: 0.012, own, ..Settings::default() };
        let trained = Selection::default().with_trained(Trained { settings, steps: 640 });
        let query = trained.to_query();
        assert!(
            query.contains("model=trained&steps=640&seed=7&rate=0.012&sentences=the+cat+was+hungry.+a+dog+%26+cat"),
            "{query}"
        );
        assert_eq!(Selection::read_query(&query), (trained.clone(), Vec::new()));
        let few = Selection::from_query("?model=trained&steps=20").trained.unwrap();
        assert_eq!((few.settings, few.steps), (Settings::default(), 20));
        let lesson = trained.with_model("lesson");
        assert_eq!((lesson.trained.as_ref(), Selection::from_query("?model=lesson&steps=20").trained), (None, None));
        assert_eq!(trained.after_link("?text=a&model=lesson").trained, None);
        assert_eq!(trained.after_link("?text=a").trained, trained.trained);
        // What cannot be read is said, and nothing else is trained in its place.
        for (query, says) in
            [("steps=0", "from 1 to 100000"), ("steps=20&seed=abc", "seed is \"abc\""), ("steps=20&rate=fast", "fast")]
        {
            let (selection, wrong) = Selection::read_query(&format!("?model=trained&{query}"));
            assert!(selection.trained.is_none() && wrong.join(" ").contains(says), "{query}: {wrong:?}");
        }
    }

    #[test]
    fn a_link_of_the_prose_keeps_the_readers_model() {
        let change = |text: &str| vec![text.parse().unwrap()];
        let now = Selection {
            model: "a.gguf".into(),
            layer: 7,
            head: 3,
            changes: change("ablate 1.0"),
            ..Default::default()
        };
        let plain = now.after_link("?text=the+dog+was&query=1");
        let expected = Selection { text: "the dog was".into(), q_idx: Some(1), changes: Vec::new(), ..now.clone() };
        assert_eq!(plain, expected);
        let head = now.after_link("?text=a+b&query=1&layer=16&head=0&change=cut+16.0:1>0");
        assert_eq!((head.layer, head.head, head.model.as_str()), (16, 0, "a.gguf"));
        assert_eq!(head.changes, change("cut 16.0:1>0"));
        let model = now.after_link("?text=a&model=lesson");
        assert_eq!((model.model.as_str(), model.layer), ("lesson", first_head("lesson").0));
    }

    #[test]
    fn a_link_sets_controls() {
        let query =
            format!("?text=a&{}&{}", setting("journey", "from", "cat, a=b & c"), setting("softmax", "reset", ""));
        let set = |figure: &str, control: &str, value: &str| (figure.into(), control.into(), value.into());
        assert_eq!(settings(&query), [set("journey", "from", "cat, a=b & c"), set("softmax", "reset", "")]);
        assert_eq!(settings("?set=&set=a&set=a.b&text=set=a.b"), []);
        assert_eq!(Selection::from_query(&query).text, "a");
    }

    #[test]
    fn what_cannot_be_read_is_the_default() {
        for query in ["", "?", "?layer=-1&head=x", "?&&=&a", "?other=1"] {
            assert_eq!(Selection::from_query(query), Selection::default(), "{query}");
        }
        assert_eq!(Selection::from_query("?text=%ff%zz").text, "\u{fffd}%zz");
        assert_eq!(Selection::from_query("?model=smollm2-135m").layer, 16);
        assert_eq!(Selection::from_query("?model=browser%2Fgemma3-270m").head, 1);
        assert_eq!(Selection::from_query("?model=smollm2-135m&layer=3").layer, 3);
        assert_eq!(Selection::from_query("?top=0&key=x").top, 1);
    }

    #[test]
    fn what_a_link_says_and_cannot_be_done_is_named() {
        let wrong = |query: &str| Selection::read_query(query).1.join(" ");
        assert!(wrong("?change=burn+2").contains("burn 2"));
        assert!(wrong("?set=heat.map=1").contains("\"heat\""));
        assert!(wrong("?set=matrix").contains("FIGURE.CONTROL=VALUE"));
        assert!(wrong("?number=blocks.0.attn.patern[0,0,0]").contains("patern"));
        assert_eq!(wrong("?set=matrix.layer=1&change=cut+2>1&other=1"), "");
    }
}
