//! What of a repository is pulled: one quantization, all parts of a model, a folder, the shards of an index.

use super::fixture::{CONFIG, Home, pull, tiny};
use super::mock_hub::{MockHub, sha256, weights};
use attnscope_hub::{KnownFile, KnownModel, Route, list, resolve_in, size_of};
use std::fs;

const PARTS: [&str; 2] = ["big/m-Q8_0-00001-of-00002.gguf", "big/m-Q8_0-00002-of-00002.gguf"];

fn error(home: &Home, model: &str) -> String {
    let error = format!("{:#}", pull(&home.settings, model, Route::Auto).expect_err("refused"));
    assert!(!error.contains('\n'), "{error}");
    error
}

#[test]
fn a_quantization_means_its_file() {
    let hub = MockHub::start(&[("m.Q4_K_M.gguf", b"small"), ("m.Q8_0.gguf", &weights()), ("x/n.Q8_0.gguf", b"other")]);
    let home = Home::new(Some(hub.endpoint()));
    let path = pull(&home.settings, "someone/Other:q4_k_m", Route::Auto).unwrap();
    assert!(path.ends_with("m.Q4_K_M.gguf"), "{}", path.display());
    assert_eq!(resolve_in(&home.settings, "someone/Other:Q4_K_M").unwrap(), path);
    let not_here = resolve_in(&home.settings, "someone/Other:Q8_0").unwrap_err().to_string();
    assert!(not_here.contains("attnscope pull someone/Other:Q8_0"), "{not_here}");

    let several = error(&home, "someone/Other:Q8_0");
    assert!(several.contains("several models: m.Q8_0.gguf, x/n.Q8_0.gguf"), "{several}");
    let none = error(&home, "someone/Other:Q6_K");
    assert!(none.contains("in someone/Other: no GGUF file is called Q6_K; there are: m.Q4_K_M.gguf"), "{none}");
    // The folder tells the two apart; and once both are here, they are told apart again.
    let path = pull(&home.settings, "someone/Other/x:Q8_0", Route::Auto).unwrap();
    assert!(path.ends_with("x/n.Q8_0.gguf"), "{}", path.display());
    pull(&home.settings, "someone/Other/m.Q8_0.gguf", Route::Auto).unwrap();
    let several = format!("{:#}", resolve_in(&home.settings, "someone/Other:Q8_0").unwrap_err());
    assert!(several.contains("in someone/Other: there are several models: m.Q8_0.gguf"), "{several}");
}

#[test]
fn parts_in_a_folder_come_together() {
    let files = [(PARTS[1], &weights()[..]), (PARTS[0], b"first"), ("m.Q2_K.gguf", b"coarse")];
    let hub = MockHub::start(&files);
    let home = Home::new(Some(hub.endpoint()));
    for model in ["someone/Big", "someone/Big:Q8_0", "someone/Big/big"] {
        let path = pull(&home.settings, model, Route::Auto).unwrap();
        assert!(path.ends_with(PARTS[0]), "{model}: {}", path.display());
        assert_eq!(resolve_in(&home.settings, model).unwrap(), path);
        assert_eq!(fs::read(path.with_file_name("m-Q8_0-00002-of-00002.gguf")).unwrap(), weights());
        assert_eq!(size_of(&path), 100_005);
    }
    let listed = list(&home.settings);
    assert_eq!(
        listed.last().map(|model| (model.id.as_str(), model.size)),
        Some(("someone/Big/big/m-Q8_0-00001-of-00002.gguf", 100_005))
    );
    assert_eq!(listed.len(), 3, "{listed:?}");

    let hub = MockHub::start(&files[..1]);
    let home = Home::new(Some(hub.endpoint()));
    assert!(error(&home, "someone/Big").contains("one of 2 parts of a model, and 1 of them"));
    assert_eq!(hub.requests(), 1, "nothing is fetched of a model that is not all there");
}

#[test]
fn an_index_fetches_the_shards_that_it_names() {
    let index = br#"{"weight_map": {"a": "second.safetensors", "b": "first.safetensors"}}"#;
    let files: [(&str, &[u8]); 6] = [
        ("v2/model.safetensors.index.json", index),
        ("v2/first.safetensors", b"1"),
        ("v2/second.safetensors", b"2"),
        ("v2/third.safetensors", b"3"),
        ("v2/config.json", CONFIG),
        ("v2/tokenizer.model", b"pieces"),
    ];
    let hub = MockHub::start(&files);
    let home = Home::new(Some(hub.endpoint()));
    let path = pull(&home.settings, "someone/Sharded", Route::Auto).unwrap();
    assert!(path.ends_with("v2"), "{}", path.display());
    let mut here: Vec<_> = fs::read_dir(&path).unwrap().map(|file| file.unwrap().file_name()).collect();
    here.sort();
    let expected =
        ["config.json", "first.safetensors", "model.safetensors.index.json", "second.safetensors", "tokenizer.model"];
    assert_eq!(here, expected);
    for model in ["someone/Sharded", "someone/Sharded/v2", "someone/Sharded/v2/model.safetensors.index.json"] {
        assert_eq!(resolve_in(&home.settings, model).unwrap(), path, "{model}");
    }
    assert_eq!(list(&home.settings).last().map(|model| model.id.clone()), Some("someone/Sharded/v2".into()));
    fs::remove_file(path.join("first.safetensors")).unwrap();
    assert!(resolve_in(&home.settings, "someone/Sharded").is_err(), "a shard is missing");

    let hub = MockHub::start(&[files[0], files[1], files[4], files[5]]);
    let home = Home::new(Some(hub.endpoint()));
    let missing = error(&home, "someone/Sharded");
    assert!(missing.contains("names the shard \"v2/second.safetensors\", which is not there"), "{missing}");
}

#[test]
fn a_model_of_the_hub_alone_is_held_to_its_hash() {
    let sha256 = Box::leak(sha256(&weights()).into_boxed_str());
    let weights_file = KnownFile { name: "model.safetensors", size: 100_000, sha256, is_weights: true };
    let config = KnownFile { name: "config.json", size: 0, sha256: "", is_weights: false };
    let known = KnownModel { pypi: &[], files: Box::leak(Box::new([weights_file, config])), ..tiny() };
    let catalogue: &'static [KnownModel] = Box::leak(Box::new([known]));

    let mut other = weights();
    other[7] ^= 1;
    for (bytes, right) in [(weights(), true), (other, false)] {
        let hub = MockHub::start(&[("model.safetensors", &bytes), ("config.json", CONFIG)]);
        let mut home = Home::new(Some(hub.endpoint()));
        home.settings.catalogue = catalogue;
        match right {
            true => assert!(pull(&home.settings, "tiny", Route::Auto).unwrap().is_dir()),
            false => assert!(error(&home, "tiny").contains(&*sha256), "another file under its name"),
        }
        assert_eq!(resolve_in(&home.settings, "tiny").is_ok(), right);
    }
    let mut home = Home::new(None);
    home.settings.catalogue = catalogue;
    assert!(error(&home, "tiny").starts_with("cannot pull tiny: the Hub "), "{}", error(&home, "tiny"));
    let pypi = format!("{:#}", pull(&home.settings, "tiny", Route::Pypi).unwrap_err());
    assert!(pypi.contains("tiny comes from the Hub only"), "{pypi}");
    home.settings.offline = true;
    assert_eq!(error(&home, "tiny"), "HF_HUB_OFFLINE is set, so the Hub is not asked for tiny; unset it");
}
