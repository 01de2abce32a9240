//! Files `tokenizer.json`: every part that the library knows, with odd values here and there.

use super::draw::Draw;
use serde_json::{Map, Value, json};

/// SentencePiece's table of letters in base64.
const CHARSMAP: &str = include_str!("charsmap.txt");

/// The file, and how many tokens its vocabulary has.
pub fn json(draw: &mut Draw<'_>) -> (String, usize) {
    if !draw.odd(3) {
        return ordinary(draw);
    }
    let (mut model, n) = model(draw);
    if draw.odd(10) {
        spoil(draw, &mut model);
    }
    let added: Vec<Value> = (0..draw.of(&[0, 0, 1, 2])).map(|_| added(draw, n)).collect();
    let n_added = added.len();
    let mut file =
        json!({"version": "1.0", "truncation": null, "padding": null, "added_tokens": added, "model": model});
    if draw.odd(20) {
        file["truncation"] = json!({"max_length": 0, "stride": 9, "strategy": "LongestFirst", "direction": "Right"});
        file["padding"] = json!({"strategy": {"Fixed": 1u64 << 40}, "direction": "Left", "pad_to_multiple_of": 0, "pad_id": 0,
            "pad_type_id": 0, "pad_token": ""});
    }
    type Part = fn(&mut Draw<'_>) -> Value;
    let slots: [(&str, &str, Part); 4] = [
        ("normalizer", "normalizers", normalizer),
        ("pre_tokenizer", "pretokenizers", pre_tokenizer),
        ("post_processor", "processors", post_processor),
        ("decoder", "decoders", decoder),
    ];
    for (slot, list, part) in slots {
        file[slot] = match draw.below(4) {
            0 => Value::Null,
            1 => json!({"type": "Sequence", list: (0..draw.below(4)).map(|_| whole(draw, part)).collect::<Vec<_>>()}),
            _ => whole(draw, part),
        };
    }
    let mut text = file.to_string();
    if draw.odd(60) {
        // A key that stands twice.
        text = format!("{},\"normalizer\":{}}}", &text[..text.len() - 1], normalizer(draw));
    }
    (text, n + n_added)
}

/// As real files are: behind it other things may be odd.
fn ordinary(draw: &mut Draw<'_>) -> (String, usize) {
    let words =
        ["[UNK]", "the", "hot", "dog", "was", "##s", "Ġhot", "Ġ", "▁", "a", "t", "h", "e", "o", "d", "g", "th", "1"];
    let vocab: Map<String, Value> = words.iter().enumerate().map(|(i, word)| (word.to_string(), json!(i))).collect();
    let bytes = json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true});
    let template = json!({"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "[UNK]", "type_id": 0}},
        {"Sequence": {"id": "A", "type_id": 0}}], "pair": [],
        "special_tokens": {"[UNK]": {"id": "[UNK]", "ids": [0], "tokens": ["[UNK]"]}}});
    let model = draw.of(&[
        json!({"type": "WordLevel", "unk_token": "[UNK]", "vocab": vocab}),
        json!({"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
            "vocab": vocab}),
        json!({"type": "BPE", "unk_token": "[UNK]", "byte_fallback": true, "vocab": vocab, "merges": [["t", "h"]]}),
        json!({"vocab": vocab, "merges": ["t h"]}),
        json!({"type": "Unigram", "unk_id": 0, "vocab": words.map(|word| json!([word, -1.5]))}),
    ]);
    let bert = json!({"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null,
        "lowercase": true});
    let file = json!({"version": "1.0", "model": model,
        "normalizer": draw.of(&[json!(null), bert, json!({"type": "Replace", "pattern": {"String": " "}, "content": "▁"})]),
        "pre_tokenizer": draw.of(&[json!({"type": "WhitespaceSplit"}), json!({"type": "BertPreTokenizer"}), bytes.clone()]),
        "post_processor": draw.of(&[json!(null), template]),
        "decoder": draw.of(&[json!(null), bytes, json!({"type": "WordPiece", "prefix": "##", "cleanup": true})])});
    (file.to_string(), words.len())
}

fn whole(draw: &mut Draw<'_>, part: fn(&mut Draw<'_>) -> Value) -> Value {
    let mut value = part(draw);
    if draw.odd(12) {
        spoil(draw, &mut value);
    }
    value
}

/// One field is missing, of another type, or another number.
fn spoil(draw: &mut Draw<'_>, value: &mut Value) {
    let Value::Object(map) = value else { return };
    let keys: Vec<String> = map.keys().cloned().collect();
    if keys.is_empty() {
        return;
    }
    let key = draw.of(&keys);
    let other = match draw.below(7) {
        0 => return drop(map.remove(&key)),
        1 => Value::Null,
        2 => json!(draw.text()),
        3 => json!(draw.number()),
        4 => json!([draw.text()]),
        5 => json!(f64::from(draw.float())),
        _ => json!({"a": 1}),
    };
    map.insert(key, other);
}

fn model(draw: &mut Draw<'_>) -> (Value, usize) {
    let words =
        ["[UNK]", "the", "hot", "dog", "was", "##s", "##g", "do", "12", "▁", "▁the", "a", "b", "ab", "é", "Ġ", "Ġh"];
    let mut vocab: Vec<String> = words.iter().map(|w| w.to_string()).collect();
    // The letters, so that something can be merged.
    vocab.extend((b'c'..=b'z').map(|b| char::from(b).to_string()));
    if draw.odd(4) {
        vocab.extend((0..=255u8).map(|b| format!("<0x{b:02X}>")));
    }
    if draw.odd(10) {
        vocab.push(draw.text());
    }
    vocab.sort();
    vocab.dedup();
    let n = vocab.len();
    let ids = |draw: &mut Draw<'_>| {
        let odd = draw.odd(12).then(|| draw.number());
        let id = |i: usize| odd.filter(|_| i == 7).unwrap_or(i as u64);
        vocab.iter().enumerate().map(|(i, t)| (t.clone(), json!(id(i)))).collect::<Map<_, _>>()
    };
    let unknown = draw.of(&["[UNK]", "[UNK]", "[UNK]", "none"]);
    let kind = draw.below(4);
    let value = match kind {
        0 => json!({"type": "WordLevel", "unk_token": unknown, "vocab": ids(draw)}),
        1 => {
            let most = draw.of(&[100, 100, 0, 3, usize::MAX]);
            let prefix = draw.of(&["##", "##", "", "é"]);
            json!({"type": "WordPiece", "unk_token": unknown, "continuing_subword_prefix": prefix,
                "max_input_chars_per_word": most, "vocab": ids(draw)})
        }
        2 => {
            let list: Vec<Value> =
                vocab.iter().map(|t| json!([t, f64::from(draw.of(&[-1.0f32, -3.0, -2.5]))])).collect();
            let unk = draw.of(&[json!(0), json!(0), json!(null), json!(n), json!(1u64 << 40)]);
            json!({"type": "Unigram", "unk_id": unk, "byte_fallback": draw.odd(2), "vocab": list})
        }
        _ => {
            let vocab = Value::Object(ids(draw));
            bpe(draw, vocab)
        }
    };
    (value, n)
}

fn bpe(draw: &mut Draw<'_>, vocab: Value) -> Value {
    let mut merges = vec![json!(["a", "b"]), json!("d o"), json!(["Ġ", "h"])];
    if draw.odd(6) {
        let (a, b) = (draw.text(), draw.text());
        merges.push(draw.of(&[
            json!([a, b]),
            json!(["do", "g"]),
            json!("a b c"),
            json!(["##s", "##g"]),
            json!([1, 2]),
        ]));
    }
    let unknown = draw.of(&[json!(null), json!("[UNK]"), json!("none")]);
    let prefix = draw.of(&[json!(null), json!(null), json!(null), json!("##"), json!("a"), json!("é")]);
    let suffix = draw.of(&[json!(null), json!(null), json!("</w>"), json!("")]);
    let dropout = draw.of(&[json!(null), json!(null), json!(null), json!(0.0), json!(0.5), json!(2.0)]);
    json!({"type": "BPE", "dropout": dropout, "unk_token": unknown, "continuing_subword_prefix": prefix,
        "end_of_word_suffix": suffix, "fuse_unk": draw.odd(2), "byte_fallback": draw.odd(2),
        "ignore_merges": draw.odd(2), "vocab": vocab, "merges": merges})
}

fn added(draw: &mut Draw<'_>, n: usize) -> Value {
    let content = draw.of(&["<s>", "[SEP]", "<|end|>", "the", " ", "", "  x", "é"]);
    let id = if draw.odd(6) { draw.number() as usize } else { n };
    json!({"id": id, "content": content, "single_word": draw.odd(4), "lstrip": draw.odd(3), "rstrip": draw.odd(3),
        "normalized": draw.odd(2), "special": draw.odd(2)})
}

fn pattern(draw: &mut Draw<'_>) -> Value {
    let all = [
        r"\s+",
        "",
        "x*",
        r"\b",
        "^",
        "$",
        "(?=a)",
        r"\s+(?!\S)|\s+",
        r"\p{N}{1,3}",
        "(a+)+$",
        r"(x*)*y",
        r"(?:(?:o|o)*)*d(?!g)",
        "[",
        r"\1",
        ".",
        "(?s).*",
        " {2,}",
        "é|e",
        r"(.)\1",
    ];
    let text = draw.text();
    if draw.odd(3) { json!({"String": text}) } else { json!({"Regex": draw.of(&all)}) }
}

fn normalizer(draw: &mut Draw<'_>) -> Value {
    let text = draw.text();
    match draw.below(15) {
        0 => json!({"type": "BertNormalizer", "clean_text": draw.odd(2), "handle_chinese_chars": draw.odd(2),
            "strip_accents": draw.of(&[json!(null), json!(true), json!(false)]), "lowercase": draw.odd(2)}),
        1 => json!({"type": "Strip", "strip_left": draw.odd(2), "strip_right": draw.odd(2)}),
        2 => json!({"type": "Prepend", "prepend": text}),
        3 | 4 => json!({"type": "Replace", "pattern": pattern(draw), "content": text}),
        // A table of 'A' to 'a' (engine/src/tokenizer/pieces/charsmap.rs), whole or with a letter changed.
        5 => {
            let mut map = CHARSMAP.to_owned();
            if draw.odd(2) {
                let at = draw.below(map.len());
                map.replace_range(at..at + 1, draw.of(&["A", "/", "B", "g", "-"]));
            }
            json!({"type": "Precompiled", "precompiled_charsmap": map})
        }
        6 => json!({"type": "Sequence", "normalizers": [normalizer(draw)]}),
        i => json!({"type": (["Lowercase", "NFC", "NFD", "NFKC", "NFKD", "StripAccents", "Nmt", "ByteLevel"])[i - 7]}),
    }
}

fn behavior(draw: &mut Draw<'_>) -> &'static str {
    draw.of(&["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"])
}

fn pre_tokenizer(draw: &mut Draw<'_>) -> Value {
    match draw.below(13) {
        0 => {
            json!({"type": "ByteLevel", "add_prefix_space": draw.odd(2), "trim_offsets": draw.odd(2), "use_regex": draw.odd(2)})
        }
        1 => json!({"type": "Metaspace", "replacement": draw.of(&["▁", "_", "ab", ""]),
            "prepend_scheme": draw.of(&["always", "first", "never"]), "split": draw.odd(2)}),
        2 | 3 => json!({"type": "Split", "pattern": pattern(draw), "behavior": behavior(draw), "invert": draw.odd(2)}),
        4 => json!({"type": "Punctuation", "behavior": behavior(draw)}),
        5 => json!({"type": "Digits", "individual_digits": draw.odd(2)}),
        6 => json!({"type": "FixedLength", "length": draw.of(&[5, 1, 0])}),
        7 => json!({"type": "CharDelimiterSplit", "delimiter": draw.of(&[" ", "o", "", "ab"])}),
        8 => json!({"type": "Sequence", "pretokenizers": [pre_tokenizer(draw)]}),
        i => json!({"type": (["Whitespace", "WhitespaceSplit", "BertPreTokenizer", "UnicodeScripts"])[i - 9]}),
    }
}

fn post_processor(draw: &mut Draw<'_>) -> Value {
    let pair = json!(["[SEP]", draw.of(&[0, 1, 7, 70_000])]);
    match draw.below(6) {
        0 => json!({"type": "BertProcessing", "sep": pair, "cls": ["[UNK]", 0]}),
        1 => json!({"type": "RobertaProcessing", "sep": pair, "cls": ["[UNK]", 0], "trim_offsets": draw.odd(2),
            "add_prefix_space": draw.odd(2)}),
        2 => {
            json!({"type": "ByteLevel", "add_prefix_space": draw.odd(2), "trim_offsets": draw.odd(2), "use_regex": true})
        }
        _ => {
            let text = json!({"Sequence": {"id": draw.of(&["A", "A", "A", "B"]), "type_id": 0}});
            let special = json!({"SpecialToken": {"id": draw.of(&["[UNK]", "[UNK]", "none"]), "type_id": 0}});
            let mut single = vec![special.clone(), text.clone()];
            if draw.odd(6) {
                single = vec![draw.of(&[text, special]); draw.below(80)];
            }
            let ids = draw.of(&[json!([0]), json!([0]), json!([]), json!([0, 1, 2])]);
            json!({"type": "TemplateProcessing", "single": single, "pair": [],
                "special_tokens": {"[UNK]": {"id": "[UNK]", "ids": ids, "tokens": ["[UNK]"]}}})
        }
    }
}

fn decoder(draw: &mut Draw<'_>) -> Value {
    let text = draw.text();
    match draw.below(10) {
        0 => json!({"type": "BPEDecoder", "suffix": draw.of(&["</w>", "", "a"])}),
        1 => json!({"type": "WordPiece", "prefix": draw.of(&["##", "", "é"]), "cleanup": draw.odd(2)}),
        2 => json!({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"}),
        3 => {
            json!({"type": "CTC", "pad_token": draw.of(&["<pad>", "", "a"]), "word_delimiter_token": draw.of(&["|", ""]),
            "cleanup": draw.odd(2)})
        }
        4 => json!({"type": "Replace", "pattern": pattern(draw), "content": text}),
        5 => {
            json!({"type": "Strip", "content": draw.of(&[" ", "a", ""]), "start": draw.of(&[1, 0, 9]), "stop": draw.of(&[0, 0, 1, 9])})
        }
        6 => json!({"type": "Sequence", "decoders": [decoder(draw)]}),
        7 => json!({"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true}),
        8 => json!({"type": "ByteFallback"}),
        _ => json!({"type": "Fuse"}),
    }
}
