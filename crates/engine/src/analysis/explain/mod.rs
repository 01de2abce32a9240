//! The arithmetic of one number of a run: what it is the sum, the product, the softmax of, down to what was learned.
//!
//! An [`Explanation`] is one level deep. What it is made of are other numbers of the run, which have explanations of
//! their own, and numbers that the model has learned.

mod any_of;
mod attention;
mod check;
mod cosine;
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
use crate::{Error, Model, Trace};
use held::Held;
use parts::Arithmetic;

/// Explains a number of a run of `model` over a whole text. The trace must hold what [`captures`] names, after the run's
/// interventions as it does: where they changed the number, a remark says so.
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
    match number {
        Number::TokenEmbed { token, component } => Ok(stream::token_embed(held, token, component)),
        Number::Embed { position, component } => stream::embed(held, position, component),
        Number::EmbedSum { position, component } => stream::embed_sum(held, position, component),
        Number::ResidPre { layer, position, component } => stream::resid_pre(held, layer, position, component),
        Number::AttnIn { layer, position, component } => stream::attn_in(held, layer, position, component),
        Number::QRaw { .. } | Number::KRaw { .. } | Number::V { .. } => attention::projected(held, number),
        Number::Q { .. } | Number::K { .. } => rotation::turned(held, number),
        Number::Score { layer, head, q_idx, k_idx } => attention::score(held, layer, head, q_idx, k_idx),
        Number::Weight { layer, head, q_idx, k_idx } => softmax::weight(held, layer, head, q_idx, k_idx),
        Number::Z { layer, head, position, component } => attention::z(held, layer, head, position, component),
        Number::AttnOut { layer, position, component } => attention::attn_out(held, layer, position, component),
        Number::AttnSum { layer, position, component } => stream::attn_sum(held, layer, position, component),
        Number::ResidMid { layer, position, component } => stream::resid_mid(held, layer, position, component),
        Number::MlpIn { layer, position, component } => stream::mlp_in(held, layer, position, component),
        Number::MlpPost { layer, position, component } => mlp::post(held, layer, position, component),
        Number::MlpOut { layer, position, component } => mlp::out(held, layer, position, component),
        Number::MlpSum { layer, position, component } => stream::mlp_sum(held, layer, position, component),
        Number::ResidPost { layer, position, component } => stream::resid_post(held, layer, position, component),
        Number::FinalNorm { position, component } => stream::final_norm(held, position, component),
        Number::Logit { position, token } => vocabulary::logit(held, position, token),
        Number::Probability { position, token } => vocabulary::probability(held, position, token),
        Number::EmbedCosine { .. } | Number::PreCosine { .. } | Number::MidCosine { .. } => {
            cosine::cosine(held, number)
        }
    }
}

/// Whether the run's number is another than its arithmetic gives, beyond rounding. A sum of large terms that cancel is
/// known no better than its terms.
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

/// A number in a sentence.
fn shown(x: f32) -> String {
    format!("{x:.4}").replace('-', "−").replace("inf", "∞")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Positions;

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

    /// What no model among the fixtures has: scores with a cap, and heads of which only a part is turned.
    #[test]
    fn capped_scores_and_heads_that_are_turned_in_part() {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/tiny/qwen3");
        let mut model = Model::open(&file).unwrap();
        let Positions::Rotary { theta, pairs, .. } = model.config.positions else { panic!("rotary") };
        model.config.positions = Positions::Rotary { theta, dim: 4, pairs };
        model.config.soft_cap = Some(0.1);
        let trace = model.run(&[5, 17, 42], &"all,scores,pattern".parse().unwrap(), &[]).unwrap();
        let (layer, head, position) = (1, 0, 2);
        let parts = (0..model.config.d_head).map(|component| Number::Q { layer, head, position, component });
        for number in parts.chain([Number::Score { layer, head, q_idx: 2, k_idx: 1 }]) {
            let e = explain(&model, &trace, number).unwrap();
            assert!((e.computed() - e.value).abs() <= 1e-5 * (1.0 + e.value.abs()) && e.remarks.is_empty(), "{e:?}");
            match number {
                Number::Q { component, .. } => {
                    let turned = e.steps.iter().any(|step| step.name == "angle");
                    assert_eq!(turned, component < 4, "{number}");
                }
                _ => assert_eq!(e.rule, Rule::SoftCap { cap: 0.1 }),
            }
        }
    }
}
