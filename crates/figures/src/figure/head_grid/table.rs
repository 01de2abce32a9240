//! One row per layer, head and query; one column per key.

use super::Data;
use crate::figure::as_table::{begin, word};
use crate::figure::matrix::weights;
use crate::table::Table;
use attnscope::analysis::piece;
use attnscope_words::words;

impl Data {
    /// The thumbnails' weights, and each head's score where the heads have one. For a long text, each number is the
    /// largest of a small square of tokens, as in the figure.
    pub fn table(&self) -> Table {
        let patterns = || self.thumbs.iter().flatten();
        let kv_len = patterns().map(|p| p.kv_len).max().unwrap_or(0);
        let scored = self.scores.as_ref().map(|scores| scores.name.clone());
        let keys = (0..kv_len).map(|k_idx| self.block(k_idx, kv_len));
        let headings = scored.clone().into_iter().chain([words!("query").into()]).chain(keys);
        let mut table = begin([words!("layer"), words!("head")], headings);
        for p in patterns() {
            for q_idx in 0..p.q_len {
                let query = self.block(p.first_query() + q_idx, p.kv_len);
                let score = scored.is_some().then(|| self.score(p.layer, p.head).into());
                let first = [p.layer.into(), p.head.into()].into_iter().chain(score);
                table.push(first.chain([query.into()]).chain(weights(p, q_idx)));
            }
        }
        table
    }

    /// The name of a row or column of a thumbnail of `n` columns: a token, or the first and the last of several.
    fn block(&self, idx: usize, n: usize) -> String {
        let tokens = piece(&(0..self.tokens.len()), idx, n.max(1));
        let (first, last) = (tokens.start, tokens.end.saturating_sub(1));
        let first_word = word(&self.tokens, first);
        if last <= first { first_word } else { format!("{first_word} … {}", word(&self.tokens, last)) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Scores;
    use super::*;
    use crate::figure::Pattern;
    use crate::table::Cell;
    use attnscope::cost::RandomHead;
    use attnscope::{LazyPattern, Token};

    /// Two layers of one head that attends evenly to `n` tokens.
    fn data(n: usize) -> Data {
        let pattern = |layer| Pattern::new(layer, 0, n, vec![1.0 / n as f32; n * n], true).unwrap();
        Data {
            tokens: (0..n).map(|i| format!(" w{i}")).collect(),
            thumbs: vec![vec![pattern(0)], vec![pattern(1)]],
            scores: None,
            model: String::new(),
            word_level: false,
        }
    }

    #[test]
    fn a_row_is_a_query_of_a_head() {
        let table = data(2).table();
        assert_eq!((table.columns.join(" ").as_str(), table.rows.len()), ("layer head query w0 w1", 4));
        assert_eq!(table.rows[2], [1_usize.into(), 0_usize.into(), "w0".into(), Cell::Number(0.5), Cell::Empty]);
        let scores = Some(Scores { name: "attends back".into(), values: vec![vec![0.25]] });
        let scored = Data { scores, ..data(2) }.table();
        assert_eq!(scored.columns[2..4], ["attends back", "query"]);
        assert_eq!((&scored.rows[1][2], &scored.rows[2][2]), (&Cell::Number(0.25), &Cell::Empty));
    }

    #[test]
    fn of_a_long_text_a_number_stands_for_some_tokens() {
        for (n, side, last) in
            [(64, 64, "w63"), (65, 33, "w63 … w64"), (128, 64, "w126 … w127"), (400, 58, "w393 … w399")]
        {
            let mut trace = RandomHead::new(n, 4).trace();
            trace.tokens = (0..n).map(|id| Token { id: id as u32, text: format!(" w{id}") }).collect();
            let table = super::super::Data::from_trace(&trace).unwrap().table();
            assert_eq!((table.columns.len(), table.rows.len()), (3 + side, side), "{n}");
            assert_eq!(table.columns.last().map(String::as_str), Some(last), "{n}");
            assert_eq!(table.rows[side - 1][2], last.into(), "{n}");
            let weights = LazyPattern::of(&trace, 0, 0).unwrap().row(n - 1).unwrap();
            let Some(Cell::Number(last)) = table.rows[side - 1].last() else { panic!("a weight") };
            assert!(*last >= weights[n - 1], "the largest of its cells");
        }
    }
}
