//! Which number's arithmetic is open: which run, and what of it. It is a part of the selection, so that a link shows what
//! its sender saw.

use crate::address::{escaped, spot, spots};
use crate::selection::{LESSON, Selection, TRAINED};
use attnscope::Intervention;
use attnscope::Number;
use attnscope::analysis::explain::{Between, Source};
use attnscope_protocol::{BEFORE, Prompt, Request, TWIN, What};
use attnscope_words::words;

/// A number whose arithmetic is open.
#[derive(Clone, Debug, PartialEq)]
pub enum Open {
    /// Of a run.
    Of {
        /// The run; `None` for the page's own, which follows the reader's choices.
        run: Option<Prompt>,
        /// The part of it that is open.
        what: What,
    },
    /// Computed by a figure itself, from what is dragged, sampled, timed or set by hand in it.
    Own {
        /// The figure's name.
        figure: String,
        /// The number's name in it: the key of its mark, or the name that another such number gives it.
        mark: String,
    },
}

impl From<Number> for Open {
    /// A number of the page's own run.
    fn from(number: Number) -> Self {
        Self::Of { run: None, what: number.into() }
    }
}

impl Open {
    /// Something of a run other than the page's own.
    pub fn of(run: Prompt, what: impl Into<What>) -> Self {
        Self::Of { run: Some(run), what: what.into() }
    }

    /// The number's run in words; `None` for the page's own. The run's text is between asterisks.
    pub fn said(&self) -> Option<String> {
        let Self::Of { run: Some(run), what } = self else { return None };
        let who = match run.model.as_str() {
            TWIN => words!("the twin without attention").into(),
            LESSON => words!("the lesson model").into(),
            TRAINED => words!("the model that you trained, as it is now").into(),
            other if other.strip_suffix(BEFORE) == Some(TRAINED) => {
                words!("the model that you trained, as it was before its last step").into()
            }
            other => other.to_owned(),
        };
        let text = |text: &str| format!("*{}*", text.replace('*', "∗"));
        let between = match what {
            What::Loss { .. } => return Some(words!("Of {who}.")),
            What::Between { groups: [word, _], which: Between::Cosine, .. } => {
                let texts: Vec<String> = word.iter().map(|spot| text(&spot.text)).collect();
                words!(" The other word is read in {}.", texts.join(", "))
            }
            What::Between { groups, .. } => {
                let [a, b] = groups.each_ref().map(|group| {
                    let texts: Vec<String> = group.iter().map(|spot| text(&spot.text)).collect();
                    texts.join(", ")
                });
                words!(" The first group's words are read in {a}; the second's in {b}.")
            }
            What::Number(_) | What::AnyOf { .. } => String::new(),
        };
        Some(words!("In {}, read by {who}{}.{between}", text(&run.text), changed(&run.interventions)))
    }

    /// As a part of an address' query.
    pub fn to_query(&self) -> String {
        let (run, what) = match self {
            Self::Own { figure, mark } => return format!("own={}", escaped(&format!("{figure}.{mark}"))),
            Self::Of { run, what } => (run, what),
        };
        let run = run.as_ref().map_or_else(String::new, |run| {
            let changes = run.interventions.iter().filter(|change| change.is_short());
            let changes: String =
                changes.map(|change| format!("&of-change={}", escaped(&change.to_string()))).collect();
            format!("&of={}&of-text={}{changes}", escaped(&run.model), escaped(&run.text))
        });
        match what {
            What::Number(number) => format!("number={number}{run}"),
            What::AnyOf { position, tokens } => {
                let tokens: Vec<String> = tokens.iter().map(usize::to_string).collect();
                format!("position={position}{run}&of-any={}", tokens.join(","))
            }
            What::Between { number, groups: [a, b], which } => {
                let which = match which {
                    Between::Place => "",
                    Between::Axis => "&of-which=axis",
                    Between::Middle => "&of-which=middle",
                    Between::Cosine => "&of-which=cosine",
                };
                let to = if b.is_empty() { String::new() } else { format!("&of-to={}", spots(b)) };
                format!("number={number}{run}&of-from={}{to}{which}", spots(a))
            }
            What::Loss { back } => format!("of-loss={back}{run}"),
        }
    }
}

/// The changes of a run in words, to follow a comma.
fn changed(changes: &[Intervention]) -> String {
    let said = changes.iter().map(|change| match change {
        Intervention::SetEdge { heads, q, k, weight: 0.0 } if heads.layer.is_none() => {
            words!(", where token {q} may not attend to token {k} (counted from 0)")
        }
        other => words!(", with {other}"),
    });
    said.collect()
}

impl Selection {
    /// The question how the open number was computed. `None` if nothing is open, or if its figure can tell.
    pub fn explain_request(&self) -> Option<Request> {
        let Open::Of { run, what } = self.open.as_ref()? else { return None };
        let prompt = run.clone().unwrap_or_else(|| self.prompt());
        Some(Request::Explain { prompt, what: what.clone() })
    }

    /// What a factor of the open number opens, if anything.
    pub fn part(&self, source: &Source) -> Option<Open> {
        let (run, what) = match (self.open.as_ref()?, source) {
            (Open::Own { figure, .. }, Source::Own(mark)) => {
                return Some(Open::Own { figure: figure.clone(), mark: mark.clone() });
            }
            (Open::Own { .. }, Source::Number(number)) => return Some((*number).into()),
            (Open::Own { .. }, _) => return None,
            (Open::Of { run, what }, _) => (run, what),
        };
        match source {
            Source::Number(part) => Some(Open::Of { run: run.clone(), what: (*part).into() }),
            Source::Text { text, number } => {
                let model = run.as_ref().map_or(&self.model, |run| &run.model);
                // The numbers of the last batch are those before the model learned from it.
                let before = if matches!(what, What::Loss { .. }) { BEFORE } else { "" };
                Some(Open::of(Prompt::plain(&format!("{model}{before}"), text), *number))
            }
            Source::Between(which, component) => {
                let What::Between { number, groups, .. } = what else { return None };
                let (number, groups) = (number.with_last(*component), groups.clone());
                Some(Open::Of { run: run.clone(), what: What::Between { number, groups, which: *which } })
            }
            Source::Stored { .. } | Source::Step(_) | Source::Constant | Source::Own(_) => None,
        }
    }
}

/// An open number, field by field as an address has it.
#[derive(Default)]
pub(crate) struct Fields {
    number: Option<Number>,
    position: Option<usize>,
    run: Option<Prompt>,
    any: Option<Vec<usize>>,
    groups: [Vec<attnscope_protocol::Spot>; 2],
    which: Between,
    loss: Option<usize>,
    own: Option<Open>,
}

impl Fields {
    /// Takes one field, if it is one of these. One that cannot be read is an error with a message.
    pub fn take(&mut self, name: &str, value: &str) -> Result<(), String> {
        let wrong = || words!("the link's {name} cannot be read: {}", attnscope_protocol::quoted(value));
        let run = &mut self.run;
        match name {
            "number" => self.number = Some(value.parse().map_err(|_| wrong())?),
            "position" => self.position = Some(value.parse().map_err(|_| wrong())?),
            "own" => {
                let known = |(name, _): &(&str, &str)| crate::figure(name).is_some();
                let (figure, mark) = value.split_once('.').filter(known).ok_or_else(wrong)?;
                self.own = Some(Open::Own { figure: figure.into(), mark: mark.into() });
            }
            // The form of links from before the twin had an id of its own.
            "of" if value == "twin" => run.get_or_insert_default().model = TWIN.into(),
            "of" => run.get_or_insert_default().model = value.into(),
            "of-text" => run.get_or_insert_default().text = value.into(),
            "of-change" => run.get_or_insert_default().interventions.push(value.parse().map_err(|_| wrong())?),
            // The form of links from before runs could be changed in other ways.
            "of-cut" => {
                let edge = Intervention::cut(&value.replace('-', ">")).map_err(|_| wrong())?;
                run.get_or_insert_default().interventions.push(edge);
            }
            "of-from" => self.groups[0] = value.split(',').map(spot).collect::<Option<_>>().ok_or_else(wrong)?,
            "of-to" => self.groups[1] = value.split(',').map(spot).collect::<Option<_>>().ok_or_else(wrong)?,
            "of-which" if value == "axis" => self.which = Between::Axis,
            "of-which" if value == "middle" => self.which = Between::Middle,
            "of-which" if value == "cosine" => self.which = Between::Cosine,
            "of-which" => return Err(wrong()),
            "of-loss" => self.loss = Some(value.parse().map_err(|_| wrong())?),
            "of-any" => {
                let tokens: Result<_, _> = value.split(',').map(str::parse).collect();
                self.any = Some(tokens.map_err(|_| wrong())?);
            }
            _ => {}
        }
        Ok(())
    }

    /// The open number that the fields describe.
    pub fn open(self) -> Option<Open> {
        let Self { number, position, run, any, groups, which, loss, own } = self;
        let position = position.or_else(|| number.map(Number::position));
        let what = match (loss, any, number) {
            (Some(back), ..) => What::Loss { back },
            (None, Some(tokens), _) => What::AnyOf { position: position?, tokens },
            (None, None, Some(number)) if groups.iter().any(|group| !group.is_empty()) => {
                What::Between { number, groups, which }
            }
            (None, None, Some(number)) => What::Number(number),
            (None, None, None) => return own,
        };
        Some(Open::Of { run, what })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use attnscope::Site;
    use attnscope_protocol::Spot;

    const NUMBER: Number = Site::Pattern.in_layer(1, [0, 2, 1]);

    #[test]
    fn what_is_open_is_in_the_address() {
        let there = Prompt::plain("lesson", "the dog was");
        let changes = ["cut 2>1", "set 1.0:2>1=0.5"].map(|change| change.parse().unwrap());
        let changed = Prompt { interventions: changes.into(), ..there.clone() };
        let groups = [["cat", "a & b"], ["soup", "x"]]
            .map(|words| words.map(|word| Spot { text: format!("the {word} was"), position: 1 }).to_vec());
        let whats = [
            NUMBER.into(),
            What::AnyOf { position: 3, tokens: vec![1, 2] },
            What::Between { number: NUMBER, groups: [groups[0][..1].to_vec(), Vec::new()], which: Between::Cosine },
            What::Between { number: NUMBER, groups, which: Between::Axis },
            What::Loss { back: 20 },
        ];
        let own = Open::Own { figure: "running-softmax".into(), mark: "acc-5@2".into() };
        let runs = [None, Some(there), Some(changed)];
        let of = runs.iter().flat_map(|run| whats.iter().map(|what| Open::Of { run: run.clone(), what: what.clone() }));
        for open in of.chain([own]) {
            let selection = Selection { open: Some(open), ..Default::default() };
            assert_eq!(Selection::from_query(&selection.to_query()), selection, "{}", selection.to_query());
        }
        let selection = Selection { open: Some(NUMBER.into()), ..Default::default() };
        assert!(selection.to_query().ends_with("&number=blocks.1.attn.pattern[0,2,1]"), "{}", selection.to_query());
        assert_eq!(Selection::from_query("?own=x&number=y&of=lesson").open, None);
    }

    #[test]
    fn links_from_before_lead_where_they_led() {
        let open = |query: &str| Selection::from_query(query).open;
        let number = "number=blocks.1.attn.pattern[0,2,1]";
        let cut = Prompt { interventions: vec![Intervention::cut("2>1").unwrap()], ..Prompt::plain("lesson", "a b c") };
        assert_eq!(open(&format!("?{number}&of=lesson&of-text=a+b+c&of-cut=2-1")), Some(Open::of(cut, NUMBER)));
        let twin = Site::Probabilities.at([3, 7]);
        let query = "number=probabilities[3,7]&of=twin&of-text=the+dog";
        assert_eq!(open(query), Some(Open::of(Prompt::plain(TWIN, "the dog"), twin)));
        let trained = Prompt::plain(TRAINED, "a");
        let any = What::AnyOf { position: 3, tokens: vec![7, 8] };
        let query = "number=probabilities[3,7]&of=trained&of-text=a&of-any=7,8";
        assert_eq!(open(query), Some(Open::of(trained.clone(), any)));
        let query = "number=probabilities[3,7]&of=trained&of-text=a&of-loss=100";
        assert_eq!(open(query), Some(Open::of(trained, What::Loss { back: 100 })));
    }

    #[test]
    fn a_figures_own_numbers_open_each_other_and_those_of_the_run() {
        let own = |mark: &str| Open::Own { figure: "softmax".into(), mark: mark.into() };
        let selection = Selection { open: Some(own("weight-1")), ..Default::default() };
        assert_eq!(selection.explain_request(), None, "the figure knows");
        assert_eq!(selection.part(&Source::Own("score-1".into())), Some(own("score-1")));
        assert_eq!(selection.part(&Source::Number(NUMBER)), Some(NUMBER.into()));
        assert_eq!(selection.part(&Source::Constant), None);
        let here = Selection { open: Some(NUMBER.into()), ..Default::default() };
        assert_eq!(here.part(&Source::Own("score-1".into())), None);
    }

    #[test]
    fn the_run_is_said() {
        let changes = ["cut 2>1", "ablate 3.1"].map(|change| change.parse().unwrap());
        let run = Prompt { interventions: changes.into(), ..Prompt::plain("lesson", "the hot dog") };
        let said = Open::of(run, NUMBER).said().unwrap();
        assert_eq!(
            said,
            "In *the hot dog*, read by the lesson model, where token 2 may not attend to token 1 (counted from 0), with \
             ablate 3.1."
        );
        assert_eq!(Open::from(NUMBER).said(), None);
    }
}
