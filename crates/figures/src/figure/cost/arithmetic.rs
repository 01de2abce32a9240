//! The cost of attention at a length: the time as it was measured, the memory as it is counted.

use super::{Data, Point};
use crate::figure::arithmetic::explained;
use crate::number::{count, number, plural};
use attnscope::analysis::explain::{Explanation, Factor, Rule, Steps, Term};
use attnscope::cost::{BLOCK, TILE};

/// Bytes of a number.
const F32: usize = size_of::<f32>();

impl Data {
    /// How a point came about: `time-whole-3`, `memory-tiles-0`. The number is its place in the data.
    pub fn explain(&self, mark: &str) -> Option<Explanation> {
        let (series, at) = mark.rsplit_once('-')?;
        let (what, way) = series.split_once('-')?;
        let at: usize = at.parse().ok()?;
        let point = self.points.get(at)?;
        let tiled = match way {
            "tiles" => true,
            "whole" => false,
            _ => return None,
        };
        match what {
            "time" => self.time(at, tiled),
            "memory" if tiled => Some(self.memory_of_tiles(point)),
            "memory" => Some(self.memory_of_the_whole(point, point.full_bytes?)),
            _ => None,
        }
    }

    /// The measured time, also per pair of tokens and compared with half the length.
    fn time(&self, at: usize, tiled: bool) -> Option<Explanation> {
        let of = |point: &Point| if tiled { Some(point.tiled_ms) } else { point.full_ms };
        let (point, (key, way)) = (self.points[at], way(tiled));
        let (ms, n) = (of(&point)?, point.len);
        let mut steps = Steps::default();
        let length = || Factor::constant("tokens", n as f32).divisor();
        let factors = vec![Factor::constant("nanoseconds", ms * 1e6), length(), length()];
        let pairs = format!("{} × {} pairs", count(n), count(n));
        let each = vec![Term::product(pairs, factors)];
        steps.add("nanoseconds a pair of tokens", "time ÷ tokens²", Rule::Sum, each);
        let half = (0..self.points.len()).filter(|i| self.points[*i].len * 2 == n);
        let half = half.filter_map(|i| Some((i, of(&self.points[i]).filter(|ms| *ms > 0.0)?))).next();
        if let Some((before, half)) = half {
            let half = Factor::own("time of half the length", format!("time-{key}-{before}"), half).divisor();
            let ratio = vec![Term::product(plural(n, "token"), vec![Factor::constant("time", ms), half])];
            steps.add("against half the length", "time ÷ time of half the length", Rule::Sum, ratio);
        }
        let title = format!("milliseconds that attention took over {}, {way}", plural(n, "token"));
        let terms = vec![Term::product("measured once", vec![Factor::constant("milliseconds", ms)])];
        let formula = "from the question to the answer, by the clock";
        let e = explained(title, "time", formula, ms, Rule::Sum, terms);
        let remarks = vec![format!("Measured {}; measured again, it will differ.", self.host)];
        Some(Explanation { steps: steps.0, remarks, ..e })
    }

    fn memory_of_the_whole(&self, point: &Point, bytes: u64) -> Explanation {
        let n = Factor::constant("tokens", point.len as f32);
        let scores = Term::product("all scores", vec![n.clone(), n, of_bytes()]);
        self.memory(point, bytes, false, scores)
    }

    fn memory_of_tiles(&self, point: &Point) -> Explanation {
        let tile = (BLOCK * TILE * F32) as f32;
        let keys = self.turned_keys(point).value;
        let threads = ((point.tiled_bytes as f32 - keys) / tile).round();
        let factors = vec![
            Factor::constant("threads", threads),
            Factor::constant("queries of a tile", BLOCK as f32),
            Factor::constant("keys of a tile", TILE as f32),
            of_bytes(),
        ];
        let scores = Term::product("one tile of scores a thread", factors);
        self.memory(point, point.tiled_bytes, true, scores)
    }

    fn memory(&self, point: &Point, bytes: u64, tiled: bool, scores: Term) -> Explanation {
        let (_, way) = way(tiled);
        let title = format!("bytes that attention works in over {}, {way}", plural(point.len, "token"));
        let terms = vec![scores, self.turned_keys(point)];
        let e = explained(title, "memory", "scores + keys, turned", bytes as f32, Rule::Sum, terms);
        let remark = format!(
            "Counted, not measured: what the kernel asks for. Its keys stand turned, in tiles of {}, the last filled up.",
            number(TILE as f32)
        );
        Explanation { remarks: vec![remark], ..e }
    }

    /// The transposed keys as the kernel stores them.
    fn turned_keys(&self, point: &Point) -> Term {
        let padded = point.len.next_multiple_of(TILE);
        let factors =
            vec![Factor::constant("keys", padded as f32), Factor::constant("d", self.d_head as f32), of_bytes()];
        Term::product("keys, turned", factors)
    }
}

fn of_bytes() -> Factor {
    Factor::constant("bytes a number", F32 as f32)
}

/// Its names in keys of marks and in titles.
fn way(tiled: bool) -> (&'static str, &'static str) {
    if tiled { ("tiles", "in tiles") } else { ("whole", "the whole matrix stored") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::arithmetic::adds_up;
    use attnscope::cost::RandomHead;

    #[test]
    fn every_number_adds_up() {
        let d_head = 64;
        let point = |len: usize| Point {
            len,
            full_ms: (len < 400).then_some(len as f32 * 0.01),
            tiled_ms: len as f32 * 0.02,
            full_bytes: (len < 400).then(|| RandomHead::working_bytes(len, d_head, false)),
            tiled_bytes: RandomHead::working_bytes(len, d_head, true),
        };
        let data = Data { points: [100, 200, 400].map(point).into(), host: "in this browser".into(), d_head };
        for mark in ["time", "memory"].into_iter().flat_map(|what| (0..3).map(move |i| (what, i))) {
            for way in ["whole", "tiles"] {
                let e = data.explain(&format!("{}-{way}-{}", mark.0, mark.1));
                assert_eq!(e.is_none(), way == "whole" && mark.1 == 2, "{mark:?} {way}");
                assert!(e.is_none_or(|e| adds_up(&e)), "{mark:?} {way}");
            }
        }
        let time = data.explain("time-tiles-1").unwrap();
        assert_eq!((time.value, time.steps[1].value), (4.0, 2.0));
        assert_eq!(
            [data.explain("time-whole-3"), data.explain("time-0"), data.explain("memory-x-0")],
            [None, None, None]
        );
    }
}
