//! Where a token stands between two groups of words, as [`crate::analysis::journey()`] places it; and how near it is to
//! one word.

use super::super::journey::Line;
use super::super::{Number, neighbours};
use super::cosine::angle;
use super::explanation::{Between, Explanation, Factor, Rule, Term};
use super::held::Held;
use super::name::{component, short};
use super::parts::{Arithmetic, Steps};
use crate::{Error, Model, Site, Trace};

/// A word of a group: the text it stands in, and its vector there.
#[derive(Clone, Debug, PartialEq)]
pub struct Word {
    /// The text.
    pub text: String,
    /// Its position in it.
    pub position: usize,
    /// `[d_model]`
    pub vector: Vec<f32>,
}

/// Explains the place of a token's vector between two groups (−1 is the mean of the first, 1 that of the second), or a
/// component of the axis or midpoint that define the place, or the cosine of the angle between it and a single word's
/// vector. Any number of the token's vector names it, such as a
/// [`Site::ResidPost`]; for the axis and the midpoint its component is meant. For a cosine the first group is that word, and
/// the second is empty. The trace must hold what that number's
/// explanation needs.
///
/// # Errors
/// A vector that is not of the residual stream, or that the trace does not hold; an empty group, or one with vectors of
/// another width.
pub fn explain_place(
    model: &Model,
    trace: &Trace,
    number: Number,
    groups: [&[Word]; 2],
    which: Between,
) -> Result<Explanation, Error> {
    let position = check_place(model, number, trace.tokens.len())?;
    let d_model = model.config().d_model;
    let depth = number.layer().map_or("before any layer".into(), |layer| format!("after layer {layer}"));
    if which == Between::Cosine {
        let [[word], []] = groups else {
            return Err(Error::usage("a cosine is that of the angle to one word: expected it in the first group"));
        };
        return cosine(model, trace, number, word, &depth);
    }
    for group in groups {
        if group.is_empty() || group.iter().any(|word| word.vector.len() != d_model) {
            let found: Vec<usize> = group.iter().map(|word| word.vector.len()).collect();
            return Err(Error::usage(format!("a group has vectors of {found:?} numbers, expected some of {d_model}")));
        }
    }
    if which != Between::Place {
        return Ok(of_the_groups(number, groups, which, &depth));
    }
    let held = Held::new(model, trace)?;
    let x = held.factors(number)?;
    let [a, b] = groups.map(|group| group.iter().map(|word| word.vector.as_slice()).collect::<Vec<_>>());
    let line = Line::between([&a, &b]);
    let value = line.place(&x.iter().map(|x| x.value).collect::<Vec<_>>());
    let Arithmetic { formula, rule, terms, steps, .. } = along(&line, x);
    let remarks = vec![
        "axis is the mean vector of the second group's words less that of the first's, anew at every depth; the middle \
         lies half way between them. A word of a group is placed by the others of its group."
            .into(),
        "−1 is where the first group's mean is, 1 where the second's is.".into(),
    ];
    Ok(Explanation {
        name: format!("place of {}[{position}]", number.key()),
        title: format!("where {} stands between two groups of words, {depth}", held.token(position)),
        formula: format!("place = {formula}"),
        value,
        rule,
        terms,
        steps,
        remarks,
    })
}

/// The cosine of the angle to the vector of a word that is read elsewhere.
fn cosine(model: &Model, trace: &Trace, number: Number, word: &Word, depth: &str) -> Result<Explanation, Error> {
    if word.vector.len() != model.config().d_model {
        let (found, expected) = (word.vector.len(), model.config().d_model);
        return Err(Error::usage(format!("a word has a vector of {found} numbers, expected {expected}")));
    }
    let held = Held::new(model, trace)?;
    let x = held.factors(number)?;
    let there = elsewhere(number.with_last(0), word.position);
    let e = word.vector.iter().enumerate().map(|(i, &value)| {
        let number = there.with_last(i);
        Factor::of_text(short(number), word.text.clone(), number, value)
    });
    let value = neighbours::cosine(&x.iter().map(|x| x.value).collect::<Vec<_>>(), &word.vector);
    let Arithmetic { formula, rule, terms, steps, .. } = angle(x, e.collect());
    let position = number.position();
    Ok(Explanation {
        name: format!("cosine of {}[{position}]", number.key()),
        title: format!("how near {} is to a word of “{}”, {depth}", held.token(position), word.text),
        formula: format!("cosine = {formula}"),
        value,
        rule,
        terms,
        steps,
        remarks: vec!["x is the vector of this token, e that of the other word: both after the same layer.".into()],
    })
}

/// One component of the axis or of the midpoint: a sum over the words of both groups.
fn of_the_groups(number: Number, groups: [&[Word]; 2], which: Between, depth: &str) -> Explanation {
    let i = number.last();
    let (name, title, formula) = match which {
        Between::Middle => ("middle", "half way between both groups' means", "(second mean + first mean) ÷ 2"),
        _ => ("axis", "from the first group's mean to the second's", "second group's mean − first group's mean"),
    };
    let term = |word: &Word, of: usize, first: bool| {
        let number = elsewhere(number, word.position);
        let mut factors = vec![Factor::of_text(short(number), word.text.clone(), number, word.vector[i])];
        factors.push(Factor::constant("words of the group", of as f32).divisor());
        match which {
            Between::Middle => factors.push(Factor::constant("2", 2.0).divisor()),
            _ if first => factors.push(Factor::constant("−1", -1.0)),
            _ => {}
        }
        Term::product(word.text.clone(), factors)
    };
    let [a, b] = groups;
    let second = b.iter().map(|word| term(word, b.len(), false));
    let terms: Vec<Term> = second.chain(a.iter().map(|word| term(word, a.len(), true))).collect();
    Explanation {
        name: format!("{name}[{i}]"),
        title: format!("component {i} of the {name}: {title}, {depth}"),
        formula: format!("{name} = {formula}"),
        value: Rule::Sum.combine(&terms),
        rule: Rule::Sum,
        terms,
        steps: Vec::new(),
        remarks: Vec::new(),
    }
}

/// The same component of another token's vector, at the same depth.
fn elsewhere(number: Number, position: usize) -> Number {
    let site = if number.site() == Site::ResidPost { Site::ResidPost } else { Site::Embed };
    site.in_layer(number.layer().unwrap_or(0), [position, number.last()])
}

/// Checks that a number names a vector that can be placed; returns its position.
///
/// # Errors
/// A number of another kind, or one that does not exist.
pub fn check_place(model: &Model, number: Number, n_tokens: usize) -> Result<usize, Error> {
    if !matches!(number.site(), Site::Embed | Site::ResidPost) {
        return Err(Error::usage(format!("`{number}` is no vector between layers: expected embed or resid_post")));
    }
    super::check(model, number, n_tokens)?;
    Ok(number.position())
}

/// (x − middle)·axis ÷ ½|axis|², with the midpoint's part as a step, so that each number of x is a term.
fn along(line: &Line, x: Vec<Factor>) -> Arithmetic {
    let mut steps = Steps::default();
    let axis: Vec<Factor> = (0..).zip(&line.axis).map(|(i, a)| Factor::between("axis", Between::Axis, i, *a)).collect();
    let half = |(i, a): (usize, &Factor)| {
        Term::product(component(i), vec![a.clone(), a.clone(), Factor::constant("2", 2.0).divisor()])
    };
    let half = steps.add("½|axis|²", "Σ axis · axis ÷ 2", Rule::Sum, axis.iter().enumerate().map(half).collect());
    let half = half.divisor();
    let product =
        |(i, (x, axis)): (usize, (Factor, &Factor))| Term::product(component(i), vec![x, axis.clone(), half.clone()]);
    let middle = (0..).zip(&line.middle).map(|(i, m)| Factor::between("middle", Between::Middle, i, *m));
    let middle = middle.zip(&axis).enumerate().map(product).collect();
    let middle = steps.add("middle's part", "Σ middle · axis ÷ ½|axis|²", Rule::Sum, middle);
    let mut terms: Vec<Term> = x.into_iter().zip(&axis).enumerate().map(product).collect();
    terms.push(Term::product("middle's part", vec![Factor::constant("−1", -1.0), middle]));
    Arithmetic { steps: steps.0, ..Arithmetic::sum("Σ x · axis ÷ ½|axis|² − middle's part", terms) }
}

#[cfg(test)]
mod tests {
    use super::super::explanation::Source;
    use super::*;
    use crate::analysis::depths;
    use crate::analysis::journey;

    #[test]
    fn a_place_is_the_journeys_and_the_sum_of_its_terms() {
        let model = crate::lesson::model();
        let run = |text: &str| {
            let tokens = model.encode(text).unwrap();
            model.run(&tokens, &"embed,resid_mid,mlp_out,resid_post".parse().unwrap(), &[]).unwrap()
        };
        let of = |word: &str| depths(&run(&format!("the {word} was")), 1).unwrap();
        let groups = [["cat", "cow", "fox"].map(of), ["pizza", "bread", "cake"].map(of)];
        let trace = run("the hot dog was");
        let found = journey(&[depths(&trace, 2).unwrap()], [&groups[0], &groups[1]]).unwrap();
        for (depth, place) in found.paths[0].iter().enumerate() {
            let at = |group: &[journey::Depths]| {
                let word =
                    |word: &journey::Depths| Word { text: String::new(), position: 1, vector: word[depth].clone() };
                group.iter().map(word).collect::<Vec<_>>()
            };
            let (a, b) = (at(&groups[0]), at(&groups[1]));
            let number = match depth.checked_sub(1) {
                None => Site::Embed.at([2, 0]),
                Some(layer) => Site::ResidPost.in_layer(layer, [2, 0]),
            };
            let e = explain_place(&model, &trace, number, [&a, &b], Between::Place).unwrap();
            assert_eq!(e.value, *place);
            assert!((e.computed() - place).abs() < 1e-5, "{} {place}", e.computed());
            assert_eq!(e.terms.len(), model.config().d_model + 1);
            assert!(
                e.title.contains("*dog*")
                    && e.title.ends_with(["before any layer", "after layer 0", "after layer 1"][depth])
            );
        }
    }

    #[test]
    fn axis_and_middle_open_to_the_words_of_the_groups() {
        let model = crate::lesson::model();
        let trace = model.run(&model.encode("the dog was").unwrap(), &"all".parse().unwrap(), &[]).unwrap();
        let word = |text: &str| {
            let trace = model.run(&model.encode(text).unwrap(), &"all".parse().unwrap(), &[]).unwrap();
            let vector = trace.layer(0, Site::ResidPost).unwrap().row(&[1]).unwrap().to_vec();
            Word { text: text.into(), position: 1, vector }
        };
        let groups = [vec![word("the cat was"), word("the cow was")], vec![word("the soup was")]];
        let ask = |component, which| {
            let number = Site::ResidPost.in_layer(0, [1, component]);
            explain_place(&model, &trace, number, [&groups[0], &groups[1]], which).unwrap()
        };
        let mut opened = 0;
        let place = ask(0, Between::Place);
        let terms = place.steps.iter().flat_map(|step| &step.terms).chain(&place.terms);
        for factor in terms.flat_map(|term| &term.factors) {
            let Source::Between(which, i) = factor.source else { continue };
            let e = ask(i, which);
            assert!((e.value - factor.value).abs() < 1e-5 && e.terms.len() == 3, "{e:?}");
            let Factor { source: Source::Text { text, number }, value, .. } = &e.terms[0].factors[0] else { panic!() };
            assert_eq!((text.as_str(), *number), ("the soup was", elsewhere(*number, 1)));
            assert_eq!(*value, groups[1][0].vector[i]);
            opened += 1;
        }
        assert_eq!(opened, 5 * model.config().d_model, "axis · axis, middle · axis, x · axis");
    }

    #[test]
    fn a_cosine_is_that_of_one_word_and_opens_to_its_vector() {
        let model = crate::lesson::model();
        let trace = model.run(&model.encode("the hot dog was").unwrap(), &"all".parse().unwrap(), &[]).unwrap();
        let other = model.run(&model.encode("the pizza was").unwrap(), &"all".parse().unwrap(), &[]).unwrap();
        let vector = other.layer(1, Site::ResidPost).unwrap().row(&[1]).unwrap().to_vec();
        let pizza = Word { text: "the pizza was".into(), position: 1, vector };
        let number = Site::ResidPost.in_layer(1, [2, 0]);
        let ask = |groups: [&[Word]; 2]| explain_place(&model, &trace, number, groups, Between::Cosine);
        let e = ask([std::slice::from_ref(&pizza), &[]]).unwrap();
        assert!((e.value - e.computed()).abs() < 1e-5 && e.value > 0.8, "{e:?}");
        let Source::Text { text, number } = &e.terms[3].factors[1].source else { panic!("{:?}", e.terms[3]) };
        assert_eq!((text.as_str(), *number), ("the pizza was", Site::ResidPost.in_layer(1, [1, 3])));
        let (one, two) = (std::slice::from_ref(&pizza), [pizza.clone(), pizza.clone()]);
        for groups in [[&[][..], &[]], [&two, &[]], [one, one]] {
            assert!(ask(groups).unwrap_err().to_string().contains("one word"));
        }
        let short = Word { vector: vec![1.0], ..pizza };
        assert!(ask([&[short], &[]]).unwrap_err().to_string().contains("1 numbers"));
    }

    #[test]
    fn what_makes_no_place_is_refused() {
        let model = crate::lesson::model();
        let trace = model.run(&[1, 2], &"embed".parse().unwrap(), &[]).unwrap();
        let word = |vector| vec![Word { text: "a".into(), position: 0, vector }];
        let ok = word(vec![0.0; model.config().d_model]);
        let error = |number, a: &[Word]| {
            explain_place(&model, &trace, number, [a, &ok], Between::Axis).unwrap_err().to_string()
        };
        let embed = |position| Site::Embed.at([position, 0]);
        assert!(error(Site::Logits.at([0, 0]), &ok).contains("no vector between layers"));
        assert!(error(embed(2), &ok).contains("token"));
        assert!(error(embed(0), &[]).contains("[]") && error(embed(0), &word(vec![1.0])).contains("[1]"));
        let not_held = Site::ResidPost.in_layer(1, [0, 0]);
        let error = explain_place(&model, &trace, not_held, [&ok, &ok], Between::Place).unwrap_err().to_string();
        assert!(error.contains("capture it"), "{error}");
    }
}
