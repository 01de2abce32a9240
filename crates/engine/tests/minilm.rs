//! all-MiniLM-L6-v2 against transformers. Needs the model: `attnscope pull all-minilm-l6-v2`.

mod common;

use attnscope::{Capture, Model};
use common::{close, error, json, minilm, reference};

#[test]
fn real_model_sentence_embeddings_and_patterns() {
    let model = Model::open(minilm()).unwrap();
    let fixture = json("minilm.json");
    let sentences = fixture["sentences"].as_array().unwrap();
    assert!(sentences.len() >= 5);
    for sentence in sentences {
        let text = sentence["text"].as_str().unwrap();
        let expected: Vec<f64> =
            sentence["embedding"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
        let found = model.sentence_embedding(text).unwrap();
        let dot: f64 = found.iter().zip(&expected).map(|(a, b)| f64::from(*a) * b).sum();
        let length = |x: f64| x.sqrt();
        let norm =
            length(found.iter().map(|x| f64::from(*x).powi(2)).sum()) * length(expected.iter().map(|x| x * x).sum());
        assert!(dot / norm >= 0.99999, "{text:?}: cosine {}", dot / norm);
    }
    let expected = reference("minilm.safetensors");
    let tokens = model.encode(sentences[0]["text"].as_str().unwrap()).unwrap();
    let trace = model.run(&tokens, &"all,scores,pattern".parse().unwrap(), &[]).unwrap();
    for layer in [0, 5] {
        let key = format!("blocks.{layer}.attn.pattern");
        let worst = error(trace.get(&key).unwrap().data(), expected.get(&key).unwrap().data(), tokens.len(), false);
        assert!(worst <= 1e-5, "{key}: {worst:e}");
    }
    close("last_hidden_state", trace.get("final_norm").unwrap(), expected.get("last_hidden_state").unwrap(), 1e-4);
    assert!(!model.has_vocab_head());
    let trace = model.run(&model.encode("the hot dog").unwrap(), &Capture::none(), &[]).unwrap();
    assert_eq!(trace.text(), "[CLS] the hot dog [SEP]");
}
