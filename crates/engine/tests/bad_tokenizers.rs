//! Files `tokenizer.json` on which the library that cuts texts panics, loops or grows without end: each is refused in one
//! line that names what is wrong, before the library sees it.

use attnscope::Beside;
use attnscope::Tokenizer;
use serde_json::{Value, json};

fn word_level() -> Value {
    json!({"type": "WordLevel", "unk_token": "a", "vocab": {"a": 0, "b": 1}})
}

fn bpe(vocab: Value, merges: Value) -> Value {
    json!({"type": "BPE", "vocab": vocab, "merges": merges})
}

fn file(model: Value, more: Value) -> Value {
    let mut file = json!({"version": "1.0", "added_tokens": [], "model": model});
    for (key, value) in more.as_object().unwrap() {
        file[key] = value.clone();
    }
    file
}

fn read(file: &Value) -> Result<Tokenizer, attnscope::Error> {
    Tokenizer::from_json(file.to_string().as_bytes())
}

#[track_caller]
fn refused(file: &Value, said: &str) {
    let error = read(file).err().unwrap_or_else(|| panic!("accepted: {said}")).to_string();
    assert!(error.starts_with("tokenizer.json: ") && error.contains(said) && !error.contains('\n'), "{error}");
}

#[test]
fn vocabularies_and_merges_fit_each_other() {
    let vocab = json!({"a": 0, "b": 1});
    refused(
        &file(bpe(vocab.clone(), json!([["a", "b"]])), json!({})),
        "makes a token that its vocabulary does not hold",
    );
    refused(&file(bpe(vocab.clone(), json!(["a c"])), json!({})), "joins what its vocabulary does not hold");
    refused(&file(bpe(vocab.clone(), json!(["a b c"])), json!({})), "is not two tokens");
    refused(&file(bpe(vocab.clone(), json!([["a", "b", "a"]])), json!({})), "not two tokens");
    let mut prefixed = bpe(json!({"a": 0, "b": 1, "ab": 2}), json!([["a", "b"]]));
    prefixed["continuing_subword_prefix"] = json!("##");
    refused(&file(prefixed, json!({})), "shorter than the prefix");
    let mut chance = bpe(vocab.clone(), json!([]));
    chance["dropout"] = json!(0.5);
    refused(&file(chance, json!({})), "dropout");
    let mut unknown = bpe(vocab, json!([]));
    unknown["unk_token"] = json!("?");
    refused(&file(unknown, json!({})), "`unk_token` is \"?\"");
    let unigram = |id: usize, score: f64| json!({"type": "Unigram", "unk_id": id, "vocab": [["a", score]]});
    refused(&file(unigram(7, -1.0), json!({})), "`unk_id`");
    refused(&file(unigram(0, -1e300), json!({})), "expected a logarithm");
    refused(&file(json!({"type": "Unigram", "vocab": [["a".repeat(100_000), 0.0]]}), json!({})), "bytes in a token");
    let long = json!({"type": "WordPiece", "unk_token": "a", "continuing_subword_prefix": "##",
        "max_input_chars_per_word": u32::MAX, "vocab": {"a": 0}});
    refused(&file(long, json!({})), "max_input_chars_per_word");
}

#[test]
fn a_key_that_stands_twice_is_refused() {
    let model = word_level();
    let twice = |text: String, said: &str| {
        let error = Tokenizer::from_json(text.as_bytes()).err().unwrap().to_string();
        assert!(error.contains(said), "{error}");
    };
    // Of the first, only its second reading would have been looked at.
    twice(
        format!(r#"{{"normalizer":{{"type":"Prepend","prepend":""}},"normalizer":null,"model":{model}}}"#),
        "normalizer",
    );
    twice(r#"{"model":{"type":"WordLevel","unk_token":"a","vocab":{"a":0,"a":1}}}"#.into(), "stands twice");
    twice(format!(r#"{{"decoder":{{"type":"Fuse","type":"Strip"}},"model":{model}}}"#), "`type` stands twice");
}

#[test]
fn parts_that_the_library_cannot_bear_are_refused() {
    for (slot, part, said) in [
        ("normalizer", json!({"type": "Precompiled", "precompiled_charsmap": "AA=="}), "precompiled_charsmap"),
        ("normalizer", json!({"type": "Precompiled", "precompiled_charsmap": "-"}), "is not base64"),
        ("normalizer", json!({"type": "Precompiled", "precompiled_charsmap": ""}), "is empty"),
        ("normalizer", json!({"type": "Prepend", "prepend": ""}), "nothing to prepend"),
        ("normalizer", json!({"prepend": ""}), "does not say its `type`"),
        ("normalizer", json!({"type": "Replace", "pattern": {"String": ""}, "content": "x"}), "a pattern of 0 bytes"),
        ("normalizer", json!({"type": "Replace", "pattern": {"Regex": "x*"}, "content": "x"}), "may match nothing"),
        ("normalizer", json!({"type": "Replace", "pattern": {"Regex": "(?=a)"}, "content": "x"}), "may match nothing"),
        ("normalizer", json!({"type": "BertNormalizer", "prepend": ""}), "needs `clean_text`"),
        ("pre_tokenizer", json!({"type": "FixedLength", "length": 0}), "FixedLength"),
        (
            "pre_tokenizer",
            json!({"type": "Split", "pattern": {"String": ""}, "behavior": "Isolated", "invert": false}),
            "a pattern of 0 bytes",
        ),
        (
            "pre_tokenizer",
            json!({"type": "Split", "pattern": {"Regex": "("}, "behavior": "Isolated", "invert": false}),
            "is none",
        ),
        ("pre_tokenizer", json!({"type": "Nothing"}), "`Nothing`, which attnscope does not know"),
        ("decoder", json!({"type": "Strip", "content": " ", "start": 0, "stop": 1}), "`stop`"),
        ("decoder", json!({"type": "BPEDecoder", "suffix": ""}), "no suffix"),
    ] {
        refused(&file(word_level(), json!({ slot: part })), said);
    }
}

#[test]
fn what_grows_without_end_is_refused() {
    let grow = json!({"type": "Replace", "pattern": {"String": "a"}, "content": "aa"});
    let chain = |n: usize| json!({"type": "Sequence", "normalizers": vec![grow.clone(); n]});
    refused(&file(word_level(), json!({"normalizer": chain(9)})), "more than 256 times as long");
    assert!(read(&file(word_level(), json!({"normalizer": chain(8)}))).is_ok());
    refused(&file(word_level(), json!({"decoder": {"type": "Sequence", "decoders": vec![grow; 9]}})), "256 times");
    let mut nested = json!({"type": "Digits", "individual_digits": true});
    for _ in 0..20 {
        nested = json!({"type": "Sequence", "pretokenizers": [nested]});
    }
    refused(&file(word_level(), json!({"pre_tokenizer": nested})), "lists within lists");
    let digits = vec![json!({"type": "Digits", "individual_digits": true}); 100];
    refused(&file(word_level(), json!({"pre_tokenizer": {"type": "Sequence", "pretokenizers": digits}})), "64 parts");
}

#[test]
fn templates_hold_one_text_once_and_tokens_that_are_listed() {
    let text = |id: &str| json!({"Sequence": {"id": id, "type_id": 0}});
    let token = |id: &str| json!({"SpecialToken": {"id": id, "type_id": 0}});
    let template = |single: Vec<Value>| {
        json!({"type": "TemplateProcessing", "single": single, "pair": [],
            "special_tokens": {"a": {"id": "a", "ids": [0], "tokens": ["a"]}, "b": {"id": "b", "ids": [0, 1], "tokens": ["b"]}}})
    };
    let with = |part: Value| file(word_level(), json!({"post_processor": part}));
    refused(&with(template(vec![text("B")])), "second text");
    refused(&with(template(vec![text("A"), token("c")])), "\"c\", which it does not list");
    refused(&with(template(vec![text("A"), token("b")])), "do not fit each other");
    refused(&with(template(vec![text("A"), text("A")])), "the text 2 times");
    refused(&with(template(vec![text("A"); 65])), "65 pieces");
    let one = template(vec![token("a"), text("A")]);
    refused(&with(json!({"type": "Sequence", "processors": [one, one]})), "twice");
    // The library goes by the fields, whatever the type says.
    let mut disguised = template(vec![text("B")]);
    disguised["type"] = json!("ByteLevel");
    refused(&with(disguised), "second text");
    let sound = read(&with(one)).unwrap();
    assert_eq!(sound.encode("b").unwrap(), [0, 1]);
}

#[test]
fn added_tokens_may_not_take_spaces_that_are_tokens() {
    let token = |id: u32, content: &str, strips: bool| {
        json!({"id": id, "content": content, "single_word": false, "lstrip": strips, "rstrip": strips,
            "normalized": false, "special": true})
    };
    let tokens = json!({"added_tokens": [token(2, "<m>", true), token(3, "  ", false)]});
    refused(&file(word_level(), tokens), "takes the spaces");
    assert!(
        read(&file(word_level(), json!({"added_tokens": [token(2, "<m>", true), token(3, "x y", false)]}))).is_ok()
    );
    let elsewhere = json!({"added_tokens": [token(7, "<m>", false)]});
    refused(&file(word_level(), elsewhere), "says that its id is 7, but it follows the others as 2");
}

#[test]
fn what_tokenizer_config_says_otherwise_is_refused() {
    let tokenizer = file(
        word_level(),
        json!({"normalizer": {"type": "BertNormalizer", "clean_text": true,
        "handle_chinese_chars": true, "strip_accents": null, "lowercase": true}}),
    );
    let check = |config: Value| {
        let bytes = tokenizer.to_string().into_bytes();
        let config = config.to_string();
        let beside = Beside { config: Some(config.as_bytes()), ..Beside::default() };
        Tokenizer::from_files(&bytes, beside).map(drop).map_err(|e| e.to_string())
    };
    assert_eq!(check(json!({"do_lower_case": true, "added_tokens_decoder": {"1": {"content": "b"}}})), Ok(()));
    assert!(check(json!({"do_lower_case": false})).unwrap_err().contains("do_lower_case"));
    let error = check(json!({"added_tokens_decoder": {"9": {"content": "<|im_start|>"}}})).unwrap_err();
    assert!(error.contains("<|im_start|>") && error.contains('9'), "{error}");
}

/// A tokenizer of bytes with one added token, and what the files beside it make of a text.
fn beside(config: Value, special: Value, added: Value, text: &str) -> Result<Vec<u32>, String> {
    let vocab: serde_json::Map<String, Value> =
        "abcdefgxyz<>|_[]PADĠ".chars().zip(0..).map(|(c, id)| (c.to_string(), id.into())).collect();
    let token = json!([{"id": 20, "content": "<x>", "single_word": false, "lstrip": false, "rstrip": false,
        "normalized": false, "special": true}]);
    let bytes = json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true});
    let json = file(bpe(Value::Object(vocab), json!([])), json!({"added_tokens": token, "pre_tokenizer": bytes}));
    let written = [config, special, added].map(|file| (!file.is_null()).then(|| file.to_string()));
    let [config, special, added] = written.each_ref().map(|file| file.as_ref().map(String::as_bytes));
    let read = Tokenizer::from_files(json.to_string().as_bytes(), Beside { config, special, added });
    read.and_then(|tokenizer| tokenizer.encode(text)).map_err(|e| e.to_string())
}

/// As transformers 5.24 reads them (`TokenizersBackend.__init__`, `_from_pretrained`).
#[test]
fn tokens_that_stand_beside_tokenizer_json_are_found_whole() {
    let none = Value::Null;
    let plain = |text| beside(none.clone(), none.clone(), none.clone(), text).unwrap();
    assert_eq!(plain("a<x>b"), [0, 20, 1]);
    assert_eq!(plain("a<y>"), [0, 10, 8, 11]);
    let config = |config, text| beside(config, none.clone(), none.clone(), text);
    // Of the vocabulary, but not of the added tokens.
    assert_eq!(config(json!({"eos_token": "b"}), "ab"), Ok(vec![0, 1]));
    // New ones follow, in transformers' order: those named first.
    for named in [
        json!({"pad_token": "<y>", "extra_special_tokens": ["<z>"]}),
        json!({"pad_token": {"content": "<y>"}, "additional_special_tokens": [{"content": "<z>"}]}),
        json!({"extra_special_tokens": {"one": "<y>", "two": "<z>"}}),
    ] {
        assert_eq!(config(named, "a<z><y>"), Ok(vec![0, 22, 21]));
    }
    assert_eq!(beside(none.clone(), json!({"pad_token": "<y>"}), none.clone(), "a<y>"), Ok(vec![0, 21]));
    assert_eq!(beside(none.clone(), none.clone(), json!({"<y>": 21}), "a<y>"), Ok(vec![0, 21]));
    // A list in the config makes the older files unread, and says how its tokens are found.
    let listed = |more: Value| json!({"added_tokens_decoder": {"20": more}});
    let spaced = listed(json!({"content": "<x>", "lstrip": true, "special": true}));
    assert_eq!(beside(spaced, json!({"pad_token": "<y>"}), none.clone(), "a <x>"), Ok(vec![0, 20]));
    assert_eq!(plain("a <x>"), [0, 19, 20]);
    let word = listed(json!({"content": "<x>", "single_word": true, "special": true}));
    assert_eq!(config(word, "a<x>b"), Ok(vec![0, 10, 7, 11, 1]));
    assert_eq!(config(json!({"split_special_tokens": true}), "a<x>"), Ok(vec![0, 10, 7, 11]));
    for (wrong, word) in [
        (json!({"added_tokens_decoder": {"x": {"content": "<x>"}}}), "added_tokens_decoder"),
        (json!({"added_tokens_decoder": {"20": "<x>"}}), "added_tokens_decoder"),
        (json!({"pad_token": 7}), "pad_token is 7"),
        (json!({"extra_special_tokens": "<y>"}), "extra_special_tokens"),
        (json!([]), "no JSON object"),
        (json!({"add_prefix_space": true}), "add_prefix_space is true"),
    ] {
        let error = config(wrong, "a").unwrap_err();
        assert!(error.starts_with("tokenizer_config.json: ") && error.contains(word), "{error}");
    }
    let error = beside(none.clone(), none.clone(), json!({"<y>": 40}), "a").unwrap_err();
    assert!(error.starts_with("added_tokens.json: ") && error.contains("<y>"), "{error}");
}

/// transformers 5 takes only vocabulary and merges of `tokenizer.json` for some classes.
#[test]
fn a_class_with_other_rules_than_the_file_is_said() {
    let bytes = json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true});
    let bert = |lower: bool| {
        json!({"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
        "strip_accents": null, "lowercase": lower})
    };
    let cut = json!({"type": "BertPreTokenizer"});
    let template = json!({"type": "ByteLevel", "trim_offsets": true, "add_prefix_space": true, "use_regex": true});
    let note = |config: Value, parts: Value| {
        let (json, config) = (file(word_level(), parts).to_string(), config.to_string());
        let beside = Beside { config: Some(config.as_bytes()), ..Beside::default() };
        Tokenizer::from_files(json.as_bytes(), beside).unwrap().note().map(str::to_owned)
    };
    let class = |class: &str| json!({"tokenizer_class": class});
    let whole = |lower| json!({"normalizer": bert(lower), "pre_tokenizer": cut, "post_processor": template});
    assert_eq!(note(class("BertTokenizer"), whole(true)), None);
    assert_eq!(note(json!({"tokenizer_class": "BertTokenizerFast", "do_lower_case": false}), whole(false)), None);
    assert!(note(class("BertTokenizerFast"), whole(false)).unwrap().contains("`normalizer`"));
    assert_eq!(note(class("PreTrainedTokenizerFast"), whole(false)), None);
    assert_eq!(note(class("GPT2TokenizerFast"), json!({"pre_tokenizer": bytes})), None);
    let digits = json!({"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": true}, bytes]});
    assert!(note(class("GPT2Tokenizer"), json!({"pre_tokenizer": digits})).unwrap().contains("`pre_tokenizer`"));
    let marks = json!({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": false});
    let said = note(class("LlamaTokenizer"), json!({"pre_tokenizer": marks})).unwrap();
    assert!(said.contains("`byte_fallback`"), "{said}");
}

#[test]
fn added_tokens_are_something_after_the_normalizer() {
    let token = json!([{"id": 5, "content": " ", "single_word": false, "lstrip": false, "rstrip": false,
        "normalized": true, "special": false}]);
    let strip = json!({"type": "Strip", "strip_left": true, "strip_right": false});
    refused(&file(word_level(), json!({"added_tokens": token, "normalizer": strip})), "the normalizer leaves nothing");
}

#[test]
fn texts_that_cannot_fit_are_refused_before_they_are_cut() {
    let bytes = json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true});
    let plain =
        read(&file(bpe(json!({"a": 0, "b": 1, "ab": 2}), json!(["a b"])), json!({"pre_tokenizer": bytes}))).unwrap();
    assert_eq!(plain.longest_token(), 2);
    assert!(plain.check_text("abab", 2).is_ok());
    let error = plain.check_text("ababa", 2).unwrap_err();
    assert!(
        error.is_usage() && error.to_string().contains("has 5 bytes, but at most 2 tokens of at most 2 bytes"),
        "{error}"
    );
    // Where one token may stand for any word, the tokens are counted.
    let split = json!({"pre_tokenizer": {"type": "WhitespaceSplit"}});
    let words = read(&file(word_level(), split)).unwrap();
    assert!(words.check_text(&"unknown ".repeat(20_000), 20_000).is_ok());
    let error = words.check_text(&"b ".repeat(100_000), 20_000).unwrap_err().to_string();
    assert!(error.contains("more tokens than the 20000 that are read"), "{error}");
    let error = words.check_text(&" ".repeat((1 << 20) + 1), 1 << 26).unwrap_err().to_string();
    assert!(error.contains("at most 1048576 are read"), "{error}");
}

#[test]
fn a_pattern_that_gives_up_is_an_error_and_no_match() {
    let pattern =
        json!({"type": "Split", "pattern": {"Regex": r"(?:(?:o|o)*)*d(?!g)"}, "behavior": "Isolated", "invert": false});
    let tokenizer = read(&file(word_level(), json!({"pre_tokenizer": pattern}))).unwrap();
    assert!(tokenizer.check_text("od", 100).is_ok());
    let error = tokenizer.check_text(&"o".repeat(60), 100).unwrap_err().to_string();
    assert!(error.contains("gives up on this text") && !error.contains('\n'), "{error}");
}

#[test]
fn no_tokens_are_no_text() {
    let decoder = json!({"decoder": {"type": "BPEDecoder", "suffix": "</w>"}});
    let tokenizer = read(&file(word_level(), decoder)).unwrap();
    assert_eq!(
        (tokenizer.decode(&[]), tokenizer.decode(&[9]), tokenizer.decode(&[1])),
        ("".into(), "".into(), "b".into())
    );
    let ctc = json!({"type": "CTC", "pad_token": "a", "word_delimiter_token": "|", "cleanup": true});
    let behind = json!([ctc, {"type": "BPEDecoder", "suffix": "</w>"}]);
    refused(&file(word_level(), json!({"decoder": {"type": "Sequence", "decoders": behind}})), "stands behind another");
}

#[test]
fn what_real_files_hold_is_read() {
    // Older files do not say which model they have, and some editors put a mark in front.
    let old = file(json!({"vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["#version: 0.2", "a b"]}), json!({}));
    assert_eq!(read(&old).unwrap().encode("ab").unwrap(), [2]);
    let marked = format!("\u{feff}{old}");
    assert_eq!(Tokenizer::from_json(marked.as_bytes()).unwrap().encode("ab").unwrap(), [2]);
    // Truncation and padding are not ours: what is given is what is read.
    let cut = json!({"truncation": {"max_length": 0}, "padding": {"strategy": {"Fixed": 1u64 << 40}},
        "pre_tokenizer": {"type": "WhitespaceSplit"}});
    assert_eq!(read(&file(word_level(), cut)).unwrap().encode("a b").unwrap(), [0, 1]);
}
