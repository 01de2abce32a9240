//! What an explanation says to a reader, and what is refused.

use super::common::fixture;
use super::{check, close, in_trace, lesson};
use attnscope::Number;
use attnscope::Site;
use attnscope::analysis::explain::explain;
use attnscope::{Capture, Intervention, KvCache, Model};

#[test]
fn titles_and_formulas_say_it_in_words_and_signs() {
    let (model, trace) = lesson("the hot dog on the rock was", &[]);
    let e = check(&model, &trace, Site::Pattern.in_layer(0, [0, 2, 1]));
    assert_eq!(e.title, "how much *dog* attends to *hot* (layer 0, head 0)");
    assert_eq!(e.formula, "weight = exp(score − max) ÷ Σ exp(score − max)");
    let names: Vec<&str> = e.terms.iter().map(|term| term.name.as_str()).collect();
    assert_eq!(names[..4], ["the (token 0)", "hot", "dog", "on (masked)"]);
    assert_eq!((e.steps[0].name.as_str(), e.steps[1].name.as_str()), ("max", "Σ"));
    let e = check(&model, &trace, Site::AttnIn.in_layer(1, [4, 3]));
    assert_eq!(e.title, "component 3 of *the* (token 4) as attention reads it in layer 1");
    assert_eq!(e.formula, "attn_in[3] = resid_pre[3] ÷ rms · w");
    let names: Vec<&str> = e.terms[0].factors.iter().map(|factor| factor.name.as_str()).collect();
    assert_eq!(names, ["resid_pre[3]", "rms", "ln1.w[3]"]);
    let e = explain(&model, &trace, Site::Scores.in_layer(0, [0, 1, 2])).unwrap();
    assert!(e.terms.is_empty() && e.remarks[0].contains("*dog* stands after *hot*"), "{e:?}");
}

#[test]
fn what_was_changed_in_the_run_is_said_where_it_was_changed() {
    let weight = |k_idx| Site::Pattern.in_layer(0, [0, 2, k_idx]);
    let z = Site::Z.in_layer(0, [0, 2, 3]);
    let remarks = |change: &str, number| {
        let change = if change.contains('=') { Intervention::set(change) } else { Intervention::cut(change) };
        let (model, trace) = lesson("the hot dog was", &[change.unwrap()]);
        let e = explain(&model, &trace, number).unwrap();
        assert_eq!(Some(e.value), in_trace(&trace, number));
        (e.remarks.join("; "), e.computed(), e.value)
    };
    // A cut edge: softmax without that key.
    for key in 0..4 {
        let (said, computed, value) = remarks("0:2>1", weight(key));
        assert_eq!(said, "the edge from *dog* to *hot* is cut in this run: the other keys share its weight");
        close("softmax without hot", computed, value, 0.0);
    }
    assert_eq!(remarks("0:2>1", z).0, "", "what comes after follows from it");
    // A weight that was set, and what it leaves to another.
    for key in [1, 2] {
        let (said, ..) = remarks("0:2>1=0.125", weight(key));
        assert!(said.starts_with("this run was changed here: the arithmetic comes to 0."), "{key}: {said}");
    }
    assert_eq!(remarks("0:2>1=0.125", z).0, "");
    let (model, trace) = lesson("the hot dog was", &[Intervention::ablate("0.0").unwrap()]);
    let e = explain(&model, &trace, z).unwrap();
    assert!(e.value == 0.0 && e.remarks[0].contains("changed here") && e.remarks[0].ends_with("with 0.0000"), "{e:?}");
    let after = Site::AttnOut.in_layer(0, [2, 3]);
    assert_eq!(explain(&model, &trace, after).unwrap().remarks, [""; 0]);
    // A residual stream from elsewhere.
    let (_, other) = lesson("the cold dog was", &[]);
    let key = "blocks.1.resid_pre".to_owned();
    let value = other.get(&key).unwrap().clone();
    let (model, trace) = lesson("the hot dog was", &[Intervention::Patch { key, value, head: None, positions: None }]);
    let said = |number| explain(&model, &trace, number).unwrap().remarks.len();
    assert_eq!(said(Site::ResidPre.in_layer(1, [1, 3])), 1);
    assert_eq!(said(Site::AttnIn.in_layer(1, [1, 3])), 0);
    // A row whose only key is cut is a row of zeros.
    let (model, trace) = lesson("the hot dog was", &[Intervention::cut("0:0>0").unwrap()]);
    let e = explain(&model, &trace, Site::Pattern.in_layer(0, [0, 0, 0])).unwrap();
    assert_eq!((e.value, e.computed()), (0.0, 0.0));
}

#[test]
fn what_does_not_exist_is_named_with_how_many_there_are() {
    let (model, trace) = lesson("the hot dog was", &[]);
    let refused = |number: Number, expected: &str| {
        let error = explain(&model, &trace, number).unwrap_err();
        assert!(error.is_usage() && error.to_string() == expected, "{number}: {error}");
    };
    let (layer, head, position, component) = (0, 0, 0, 0);
    refused(Site::ResidPre.in_layer(2, [position, component]), "there is no layer 2: Lesson model has layers 0 to 1");
    refused(Site::Embed.at([4, component]), "there is no token 4: the text has tokens 0 to 3");
    refused(
        Site::FinalNorm.at([position, usize::MAX]),
        &format!("there is no component {}: the residual stream has components 0 to 31", usize::MAX),
    );
    refused(Site::Q.in_layer(layer, [head, position, 16]), "there is no component 16: a head has components 0 to 15");
    let heads = "there is no head 1: each layer of Lesson model has heads";
    refused(Site::Q.in_layer(layer, [1, position, component]), &format!("{heads} 0 to 0"));
    refused(Site::V.in_layer(layer, [1, position, component]), &format!("{heads} of keys and values 0 to 0"));
    refused(Site::Pattern.in_layer(layer, [head, 1, 9]), "there is no token 9: the text has tokens 0 to 3");
    refused(Site::MlpIn.in_layer(layer, [position, component]), "Lesson model has no MLP, only attention");
    let last = model.config().n_vocab - 1;
    refused(
        Site::Logits.at([position, 9999]),
        &format!("there is no token 9999: Lesson model knows tokens 0 to {last}"),
    );
    // Traces that do not have it, are of another model, or go on from a cache.
    let part = model.run(&[1, 2], &"q".parse().unwrap(), &[]).unwrap();
    let error = explain(&model, &part, Site::Q.in_layer(layer, [head, position, component])).unwrap_err().to_string();
    assert_eq!(error, "the trace does not hold `blocks.0.resid_pre`: capture it");
    let other = Model::open(fixture("tiny/bert")).unwrap();
    let error = explain(&other, &trace, Site::Embed.at([position, component])).unwrap_err().to_string();
    assert!(error.contains("the trace is of Lesson model"), "{error}");
    let mut cache: KvCache = model.new_cache();
    model.run_with_cache(&mut cache, &[1, 2], &Capture::none(), &[]).unwrap();
    let later = model.run_with_cache(&mut cache, &[3], &"all,scores,pattern".parse().unwrap(), &[]).unwrap();
    let error = explain(&model, &later, Site::K.in_layer(layer, [head, position, component])).unwrap_err().to_string();
    assert!(error.contains("without a cache"), "{error}");
    let error = explain(&model, &later, Site::Pattern.in_layer(layer, [head, 0, 0])).unwrap_err().to_string();
    assert!(error.contains("without a cache"), "{error}");
}

#[test]
fn an_encoder_has_no_logits() {
    let model = Model::open(fixture("tiny/bert")).unwrap();
    let trace = model.run(&[5, 6], &"all,scores,pattern".parse().unwrap(), &[]).unwrap();
    for number in [Site::Logits.at([0, 0]), Site::Probabilities.at([0, 0])] {
        assert!(explain(&model, &trace, number).unwrap_err().to_string().contains("encoder"));
    }
}
