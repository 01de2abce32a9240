//! The arithmetic of one number of a run: the sum, product or softmax that it is, down to learned numbers.
//!
//! An [`Explanation`] is one level deep. It is made of other numbers of the run, which have explanations of their own,
//! and of learned numbers.

mod any_of;
mod attention;
mod check;
mod cosine;
mod experts;
mod explanation;
mod held;
mod linear;
mod loss;
mod mlp;
mod name;
mod needs;
mod norm;
mod parts;
mod place;
mod rotation;
mod softmax;
mod stream;
mod title;
mod twin;
mod vocabulary;

pub use any_of::explain_any_of;
pub use check::check;
pub use explanation::{Between, Explanation, Factor, Rule, Source, Step, Term};
pub use loss::explain_loss;
pub use needs::{captures, depth};
pub use parts::Steps;
pub use place::{Word, check_place, explain_place};
pub use twin::explain_twin;

use super::Number;
use crate::{Error, Model, Site, Trace};
use held::Held;
use parts::Arithmetic;

/// Explains a number of a run of `model` over a whole text. The trace must hold what [`captures`] names. It holds
/// arrays as the run's interventions left them: a remark says where they changed the number.
///
/// # Errors
/// A number that does not exist (see [`check()`]), a trace of another model, an array that was not captured.
pub fn explain(model: &Model, trace: &Trace, number: Number) -> Result<Explanation, Error> {
    let held = Held::new(model, trace)?;
    check(model, number, held.n_tokens())?;
    let value = held.value(number)?;
    let Arithmetic { formula, rule, terms, steps, mut remarks } = arithmetic(&held, number)?;
    let computed = rule.combine(&terms);
    if is_changed(value, computed, rule, &terms) {
        remarks.push(format!(
            "this run was changed here: the arithmetic comes to {}, and the run went on with {}",
            shown(computed),
            shown(value)
        ));
    }
    let title = title::title(&held, number);
    let formula = format!("{} = {formula}", name::short(number));
    model.check_files()?;
    Ok(Explanation { name: number.to_string(), title, formula, value, rule, terms, steps, remarks })
}

fn arithmetic(held: &Held<'_>, number: Number) -> Result<Arithmetic, Error> {
    match number.site() {
        Site::TokenEmbed => Ok(stream::token_embed(held, number)),
        Site::EmbedSum => stream::embed_sum(held, number),
        Site::ResidPre => stream::resid_pre(held, number),
        Site::Embed if held.learned(number).is_ok() => stream::projected(held, number),
        Site::Embed
        | Site::EmbedNorm
        | Site::AttnIn
        | Site::AttnSum
        | Site::ResidMid
        | Site::MlpIn
        | Site::MlpSum
        | Site::ResidPost
        | Site::FinalNorm
        | Site::LensNorm
        | Site::HeadNorm
        | Site::LensHeadNorm => stream::stream(held, number),
        Site::HeadPost | Site::LensHeadPost => vocabulary::transformed(held, number),
        Site::AttnOut | Site::MlpOut if held.step(number).is_ok() => stream::stream(held, number),
        Site::MlpRaw | Site::MlpOut if experts::of(held, number).is_some() => experts::output(held, number),
        Site::V => linear::value(held, number),
        Site::QRaw | Site::KRaw | Site::AttnRaw | Site::AttnOut | Site::MlpRaw | Site::MlpOut => {
            linear::linear(held, number)
        }
        Site::Logits | Site::LensLogits => vocabulary::logit(held, number),
        Site::Q | Site::K => rotation::rotated(held, number),
        Site::Scores => attention::score(held, number),
        Site::Pattern => softmax::weight(held, number),
        Site::Z => attention::z(held, number),
        Site::Experts => experts::weight(held, number),
        Site::MlpPost => mlp::post(held, number),
        Site::Probabilities | Site::LensProbabilities => vocabulary::probability(held, number),
        Site::EmbedCosine | Site::PreCosine | Site::MidCosine => cosine::cosine(held, number),
        Site::Lse | Site::Result => Err(Error::usage(format!("`{}` has no arithmetic of its own", number.site()))),
    }
}

/// Whether the run's value differs from the arithmetic's result by more than rounding. A sum of large terms that cancel
/// is only as accurate as its terms.
fn is_changed(value: f32, computed: f32, rule: Rule, terms: &[Term]) -> bool {
    if !value.is_finite() || !computed.is_finite() {
        return value.to_bits() != computed.to_bits() && !(value.is_nan() && computed.is_nan());
    }
    let rounding = match rule {
        Rule::Softmax { .. } => 1e-6,
        _ => 1e-5 * terms.iter().fold(0.0, |most: f32, term| most.max(term.value.abs())),
    };
    (value - computed).abs() > 1e-3 * value.abs().max(computed.abs()) + rounding
}

/// A number as it is written in a sentence.
fn shown(x: f32) -> String {
    format!("{x:.4}").replace('-', "−").replace("inf", "∞")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_no_change_and_all_else_is() {
        let terms = |of: &[f32]| of.iter().map(|&value| Term { name: "t".into(), factors: vec![], value }).collect();
        let changed = |value, computed, of: &[f32]| {
            let terms: Vec<Term> = terms(of);
            is_changed(value, computed, Rule::Sum, &terms)
        };
        assert!(!changed(1.0, 1.0005, &[1.0]));
        assert!(changed(1.0, 1.01, &[1.0]) && changed(0.0, 0.5, &[0.5]) && changed(f32::NAN, 1.0, &[1.0]));
        assert!(changed(1.0, f32::NEG_INFINITY, &[1.0]));
        // 20,000 − 20,000 + 0.1
        assert!(!changed(0.1, 0.105, &[20_000.0, -20_000.0, 0.1]));
        assert!(!changed(f32::NEG_INFINITY, f32::NEG_INFINITY, &[]));
        assert!(is_changed(0.2, 0.3, Rule::Softmax { of: 0 }, &terms(&[1.0])));
        assert_eq!((shown(-0.5), shown(f32::NEG_INFINITY)), ("−0.5000".into(), "−∞".into()));
    }

    /// No model among the fixtures has these: soft-capped scores, and heads of which only a part is rotated.
    #[test]
    fn capped_scores_and_heads_that_are_turned_in_part() {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/tiny/qwen3");
        let mut model = Model::open(&file).unwrap();
        model.config.rotaries[0].frequencies.truncate(2);
        model.config.attend(|attention| attention.soft_cap = Some(0.1));
        let trace = model.run(&[5, 17, 42], &"all,scores,pattern".parse().unwrap(), &[]).unwrap();
        let (layer, head, position) = (1, 0, 2);
        let parts = (0..model.config.d_head).map(|component| Site::Q.in_layer(layer, [head, position, component]));
        for number in parts.chain([Site::Scores.in_layer(layer, [head, 2, 1])]) {
            let e = explain(&model, &trace, number).unwrap();
            assert!((e.computed() - e.value).abs() <= 1e-5 * (1.0 + e.value.abs()) && e.remarks.is_empty(), "{e:?}");
            match number.site() {
                Site::Q => {
                    let rotated = e.steps.iter().any(|step| step.name == "angle");
                    assert_eq!(rotated, number.last() < 4, "{number}");
                }
                _ => assert_eq!(e.rule, Rule::SoftCap { cap: 0.1 }),
            }
        }
    }
}
