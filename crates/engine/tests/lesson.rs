//! The embedded lesson model uses the circuit that its story tells, and its twin cannot.

use attnscope::Site;
use attnscope::lesson::lexicon::{HEATED, KINDS, OWN, PAIRS};
use attnscope::lesson::{corpus, model, twin};
use attnscope::{Capture, Error, GenerateOptions, Intervention, Model, Trace};

fn run(model: &Model, text: &str, cuts: &[&str]) -> Trace {
    let cuts: Vec<_> = cuts.iter().map(|cut| Intervention::cut(cut).unwrap()).collect();
    model.run(&model.encode(text).unwrap(), &"embed,pattern".parse::<Capture>().unwrap(), &cuts).unwrap()
}

fn top(model: &Model, text: &str, cuts: &[&str]) -> Vec<String> {
    let trace = run(model, text, cuts);
    model.next_tokens(&trace, 3).into_iter().map(|next| next.text).collect()
}

/// Whether a word is said of things of this kind.
fn is_said_of(word: &str, kind: &str) -> bool {
    let animal = HEATED.contains(&word) || OWN.iter().any(|(_, said)| *said == word);
    KINDS.iter().any(|k| k.name == kind && k.said.contains(&word)) || (kind == "animal" && animal)
}

#[track_caller]
fn all_said_of(what: &str, words: &[String], kind: &str) {
    assert_eq!(words.len(), 3);
    assert!(
        words.iter().all(|word| is_said_of(word, kind)),
        "{what}: expected what is said of {kind}, found {words:?}"
    );
}

/// The key that weighs most in a query's row.
fn looks_at(trace: &Trace, layer: usize, q: usize) -> usize {
    let n = trace.tokens.len();
    let row = &trace.pattern(layer, 0).unwrap().into_data()[q * n..][..n];
    (0..n).max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap()
}

#[test]
fn dog_has_one_embedding_whatever_stands_before_it() {
    let model = model();
    let (plain, hot) = (run(&model, "the dog was", &[]), run(&model, "the hot dog was", &[]));
    assert_eq!(plain.tokens[1], hot.tokens[2]);
    // Less its position, that of the second sentence is that of the first.
    let dog = model.embedding(plain.tokens[1].id);
    for (trace, at) in [(&plain, 1), (&hot, 2)] {
        let position = model.weights().positions.as_ref().unwrap().row_f32(at);
        let found = trace.get("embed").unwrap().index(at).unwrap();
        assert_eq!((dog.len(), position.len()), (found.len(), found.len()));
        let close = dog.iter().zip(&position).zip(found).all(|((d, p), f)| (d + p - f).abs() <= 1e-6);
        assert!(close && dog.iter().any(|x| x.abs() > 0.1));
    }
}

#[test]
fn what_comes_next_is_of_the_right_kind() {
    let model = model();
    for pair in PAIRS {
        let (noun, modifier) = (pair.noun, pair.modifier);
        for text in [format!("the {noun} was"), format!("yesterday my {noun} was"), format!("a small {noun} is")] {
            all_said_of(&text, &top(&model, &text, &[]), pair.alone);
        }
        let far = if noun == "star" { "table" } else { "rock" };
        for text in [format!("the {modifier} {noun} was"), format!("the {modifier} {noun} on the {far} was")] {
            all_said_of(&text, &top(&model, &text, &[]), pair.together);
        }
        // The same words, and the other meaning.
        let text = format!("the {noun} on the {modifier} {far} was");
        all_said_of(&text, &top(&model, &text, &[]), pair.alone);
    }
}

#[test]
fn nouns_look_at_the_word_before_and_was_looks_at_the_noun() {
    let model = model();
    for pair in PAIRS {
        let trace = run(&model, &format!("the {} {} was", pair.modifier, pair.noun), &[]);
        assert_eq!(looks_at(&trace, 0, 2), 1, "{} at {} in layer 0", pair.noun, pair.modifier);
        assert_eq!(looks_at(&trace, 1, 3), 2, "was at {} in layer 1", pair.noun);
    }
}

#[test]
fn the_first_look_is_the_cause_and_a_look_past_it_is_not() {
    let model = model();
    for pair in PAIRS {
        let text = format!("the {} {} was", pair.modifier, pair.noun);
        all_said_of(&format!("{text}, noun's edge cut"), &top(&model, &text, &["0:2>1"]), pair.alone);
        all_said_of(&format!("{text}, was's edge cut"), &top(&model, &text, &["1:3>1"]), pair.together);
        all_said_of(&format!("{text}, was's first edge cut"), &top(&model, &text, &["0:3>1"]), pair.together);
    }
}

#[test]
fn the_twin_cannot_tell_the_same_words_apart() {
    let (model, twin) = (model(), twin());
    let ask = |text: &str| twin.next_tokens(&model.encode(text).unwrap(), 5);
    for pair in PAIRS {
        let far = if pair.noun == "star" { "table" } else { "rock" };
        let together = ask(&format!("the {} {} on the {far} was", pair.modifier, pair.noun));
        let apart = ask(&format!("the {} on the {} {far} was", pair.noun, pair.modifier));
        assert_eq!(together, apart);
        assert!(!together.is_empty());
        assert!(together.iter().zip(&apart).all(|(a, b)| a.p.to_bits() == b.p.to_bits()));
    }
    // It has learned what it can: a bag with a cat in it is an animal's.
    let words = ask("the cat was");
    assert!(words.iter().take(3).all(|next| is_said_of(&next.text, "animal")), "{words:?}");
    assert!(words[0].p > 0.05 && twin.next_tokens(&[], 3).len() == 3);
}

#[test]
fn every_analysis_takes_it() {
    let model = model();
    let tokens = model.encode("The hot dog was.").unwrap();
    let trace = model.run(&tokens, &"all,scores,pattern".parse().unwrap(), &[]).unwrap();
    assert_eq!(trace.text(), "the hot dog was");
    assert_eq!((trace.model.name.as_str(), trace.model.word_level), ("Lesson model", true));
    assert!(trace.layer(0, Site::MlpOut).is_none() && trace.layer(0, Site::ResidMid).is_some());
    assert_eq!(trace.layer(0, Site::ResidMid), trace.layer(0, Site::ResidPost), "no MLP stands between");
    let lens = attnscope::analysis::lens(&model, &trace, 0..trace.tokens.len(), 2).unwrap();
    assert_eq!(lens.len(), 3);
    assert!(lens[2].top[3].iter().all(|next| is_said_of(&next.text, "food")), "{:?}", lens[2]);
    let near = attnscope::analysis::neighbours(&model, &model.embedding(tokens[2]), 1);
    assert_eq!(near[0].text, "dog");
    let shares = attnscope::analysis::contributions(&model, &trace, tokens[2]).unwrap();
    assert!(shares.len() == 2 && shares.iter().flatten().all(|x| x.is_finite()));
    let mut written = Vec::new();
    let options = GenerateOptions { max_tokens: 3, ..Default::default() };
    model
        .generate(&tokens, &options, &[], |token| {
            written.push(token.text.clone());
            true
        })
        .unwrap();
    assert!(is_said_of(&written[0], "food") && written[1] == "and" && is_said_of(&written[2], "food"), "{written:?}");
}

#[test]
fn what_it_cannot_do_is_an_error_of_usage() {
    let model = model();
    let unknown = model.encode("the hot dogg was").unwrap_err();
    assert!(matches!(&unknown, Error::UnknownWord { word, position: 3, .. } if word == "dogg") && unknown.is_usage());
    assert!(model.encode(&["the"; corpus::LONGEST + 1].join(" ")).unwrap_err().is_usage());
    assert!(model.encode("...").unwrap_err().is_usage());
    let tokens = model.encode("the dog was").unwrap();
    let value = attnscope::Array::zeros([3, model.config().d_model]);
    let patch = Intervention::Patch { key: "blocks.0.mlp_out".into(), value, head: None, positions: None };
    let refused = model.run(&tokens, &Capture::none(), &[patch]).unwrap_err();
    assert!(refused.is_usage() && refused.to_string().contains("no MLP"), "{refused}");
}
