//! BERT's tokenizer from a bare list of tokens, as a `tokenizer.json` that says the same.

use serde_json::{Map, Value, json};

/// What the list does not say.
pub(super) struct Bert<'a> {
    /// Tokens that are matched whole.
    pub whole: Vec<(u32, &'a str)>,
    /// The tokens before and behind a text.
    pub around: [Option<u32>; 2],
    pub unknown: u32,
    pub lowercase: bool,
    /// If it is not said, accents are stripped where text is lowercased.
    pub strip_accents: Option<bool>,
}

impl Bert<'_> {
    /// The file. Other parts of words are marked `##` in the list.
    pub fn json(&self, vocab: &[String]) -> Vec<u8> {
        let added = self.whole.iter().map(|(id, text)| {
            json!({"id": id, "content": text, "single_word": false, "lstrip": false, "rstrip": false,
                "normalized": false, "special": true})
        });
        let ids: Map<String, Value> = vocab
            .iter()
            .zip(0u32..)
            .filter(|(text, _)| !text.is_empty())
            .map(|(text, id)| (text.clone(), id.into()))
            .collect();
        let text = |id: u32| vocab.get(id as usize).map_or("", String::as_str);
        let one = |id: &Option<u32>| id.map(|id| json!({"SpecialToken": {"id": text(id), "type_id": 0}}));
        let [before, after] = self.around.each_ref().map(one);
        let of_type = |token: &Value, kind: u8| {
            let mut token = token.clone();
            token["SpecialToken"]["type_id"] = kind.into();
            token
        };
        let first = before.into_iter().chain([json!({"Sequence": {"id": "A", "type_id": 0}})]);
        let single: Vec<Value> = first.chain(after.clone()).collect();
        let second = [json!({"Sequence": {"id": "B", "type_id": 1}})];
        let pair: Vec<Value> =
            single.iter().cloned().chain(second).chain(after.iter().map(|token| of_type(token, 1))).collect();
        let special: Map<String, Value> = self
            .around
            .iter()
            .flatten()
            .map(|id| (text(*id).to_owned(), json!({"id": text(*id), "ids": [id], "tokens": [text(*id)]})))
            .collect();
        json!({
            "version": "1.0",
            "added_tokens": added.collect::<Vec<_>>(),
            "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                "strip_accents": self.strip_accents, "lowercase": self.lowercase},
            "pre_tokenizer": {"type": "BertPreTokenizer"},
            "post_processor": {"type": "TemplateProcessing", "single": single, "pair": pair, "special_tokens": special},
            "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
            "model": {"type": "WordPiece", "unk_token": text(self.unknown), "continuing_subword_prefix": "##",
                "max_input_chars_per_word": 100, "vocab": ids},
        })
        .to_string()
        .into_bytes()
    }
}
