//! Reading a text, as a job: one layer per step. The arrays of each layer are taken out of the run at once, so that a
//! question about all layers needs the memory of one.

use crate::job::{Step, Work};
use crate::tile::{LastRead, Part, tile};
use crate::{Failure, Progress, Prompt, Response, Run};
use attnscope::Number;
use attnscope::Site;
use attnscope::analysis::{self, Depths, EdgeWeight, HeadScore, LensRow, explain};
use attnscope::{Array, Capture, Config, LazyPattern, Model, Trace};
use std::ops::{Deref, Range};
use std::sync::Arc;

pub(crate) struct Reading {
    pub run: attnscope::Run<Arc<Model>>,
    pub question: Question,
    /// Bytes of memory that it holds.
    pub bytes: u64,
}

/// A question about the run, with the answer as far as it is known.
pub(crate) enum Question {
    /// Everything that the request captures, and the likeliest next tokens.
    Everything {
        top: usize,
    },
    Heads(Vec<HeadScore>),
    EdgeWeights {
        from: usize,
        to: usize,
        found: Vec<EdgeWeight>,
    },
    Patterns {
        side: usize,
        /// `q,k,lse`, or `pattern`: what pictures are made from.
        from: &'static str,
        found: Vec<Vec<Array>>,
    },
    Depths {
        position: usize,
        found: Depths,
    },
    Lens {
        positions: Range<usize>,
        top: usize,
        rows: Vec<LensRow>,
    },
    /// `last` holds the last position of each array.
    Contributions {
        token: u32,
        last: Trace,
    },
    Tile {
        layer: usize,
        head: usize,
        part: Part,
        /// Where the trace is kept for later tiles, and under which prompt; `None` if the model changes.
        keep: Option<(Arc<LastRead>, Prompt)>,
    },
    Explain(Number),
    AnyOf {
        position: usize,
        tokens: Vec<usize>,
    },
}

impl Question {
    /// The arrays that it needs of every layer. (A request that captures arrays names them itself.)
    pub fn capture(&self, config: &Config) -> Result<Capture, Failure> {
        let capture: Capture = match self {
            Self::Explain(number) => return Ok(explain::captures(*number, config)),
            Self::AnyOf { position, .. } => {
                return Ok(explain::captures(Site::Probabilities.at([*position, 0]), config));
            }
            Self::Everything { .. } => "",
            Self::Heads(_) | Self::EdgeWeights { .. } => "pattern",
            // No pattern is needed: a tile is computed from arrays that grow with the text and not with its square.
            Self::Tile { .. } => "q,k,lse",
            Self::Patterns { from, .. } => from,
            Self::Lens { .. } | Self::Depths { .. } => "embed,resid_post",
            Self::Contributions { .. } => "z,resid_post",
        }
        .parse()?;
        Ok(match self {
            Self::Tile { layer, .. } => capture.layers(*layer..layer + 1),
            _ => capture,
        })
    }

    /// How many layers must be passed to answer it.
    fn n_layers(&self, all: usize) -> usize {
        match self {
            Self::Tile { layer, .. } => layer + 1,
            Self::Explain(number) => explain::depth(*number).unwrap_or(all),
            _ => all,
        }
    }

    /// Takes what it needs from the arrays that the run kept of the last layer.
    fn see(&mut self, run: &mut attnscope::Run<Arc<Model>>) -> Result<(), Failure> {
        match self {
            Self::Everything { .. } | Self::Tile { .. } | Self::Explain(_) | Self::AnyOf { .. } => {}
            Self::Heads(scores) => scores.extend(analysis::head_scores(&run.drain())),
            Self::EdgeWeights { from, to, found } => found.extend(analysis::edge_weights(&run.drain(), *from, *to)),
            Self::Patterns { side, found, .. } => found.extend(pooled(&run.drain(), *side)),
            Self::Depths { position, found } => found.extend(rows(&run.drain(), *position)),
            Self::Lens { positions, top, rows } => {
                let trace = run.drain();
                rows.extend(analysis::lens(run.model(), &trace, positions.clone(), *top)?);
            }
            Self::Contributions { last, .. } => {
                let Trace { model, tokens, arrays, .. } = run.drain();
                last.arrays.extend(arrays.into_iter().map(|(key, array)| (key, last_position(&array))));
                (last.model, last.tokens) = (model, tokens);
            }
        }
        Ok(())
    }

    /// The answer, after [`Self::n_layers`].
    fn answer(self, mut run: attnscope::Run<Arc<Model>>) -> Result<Response, Failure> {
        let model = run.model().clone();
        Ok(match self {
            Self::Everything { top } => Response::Ran(read_out(run, top)?),
            Self::Heads(scores) => Response::Heads(scores),
            Self::EdgeWeights { mut found, .. } => {
                found.sort_by(|a, b| b.weight.total_cmp(&a.weight));
                Response::EdgeWeights(found)
            }
            Self::Patterns { found, .. } => Response::Patterns(found),
            Self::Depths { found, .. } => Response::Depths(found),
            Self::Lens { rows, .. } => Response::Lens(rows),
            Self::Contributions { token, last } => {
                Response::Contributions(analysis::contributions(&model, &last, token)?)
            }
            Self::Tile { layer, head, part, keep } => {
                let trace = Arc::new(run.drain());
                if let Some((last, prompt)) = keep {
                    last.put(prompt, layer, trace.clone());
                }
                tile(&trace, layer, head, part)?
            }
            Self::Explain(number) => {
                // An explanation of a number after the last layer needs the vocabulary head's results first.
                let trace = match explain::depth(number) {
                    Some(_) => run.drain(),
                    None => run.finish()?.0,
                };
                Response::Explained(explain::explain(&model, &trace, number)?)
            }
            Self::AnyOf { position, tokens } => {
                let trace = run.finish()?.0;
                Response::Explained(explain::explain_any_of(&model, &trace, position, &tokens)?)
            }
        })
    }
}

impl Work for Reading {
    fn step(mut self: Box<Self>) -> Result<Step, Failure> {
        let total = self.question.n_layers(self.run.model().config().n_layers);
        if self.run.layers_done() >= total {
            let Self { run, question, .. } = *self;
            return Ok(Step::Done(question.answer(run)?.into()));
        }
        self.run.step()?;
        self.question.see(&mut self.run)?;
        Ok(Step::More(Progress::Layers { done: self.run.layers_done(), total }, self))
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// What an answer says about a run: its arrays and the likeliest next tokens.
pub(crate) fn read_out<M>(run: attnscope::Run<M>, top: usize) -> Result<Run, Failure>
where
    M: Deref<Target = Model> + Clone + Send + Sync,
{
    let model = run.model().clone();
    let (mut trace, _) = run.finish()?;
    let next = model.next_tokens(&trace, top);
    let ids: Vec<u32> = trace.tokens.iter().map(|token| token.id).collect();
    trace.last_logits = Vec::new();
    Ok(Run { trace, next, warning: model.warning(&ids) })
}

/// The patterns of all heads of the layers that a trace holds, at most `side` pixels a side.
fn pooled(trace: &Trace, side: usize) -> Vec<Vec<Array>> {
    let n = trace.tokens.len();
    let pixels = pixels(n, side);
    let head = |layer, head| Some(LazyPattern::of(trace, layer, head)?.tile(0..n, 0..n, (pixels, pixels))?.max);
    let layer = |layer| (0..trace.model.n_heads).map(|h| head(layer, h)).collect::<Option<Vec<_>>>();
    (0..trace.model.n_layers).filter_map(layer).collect()
}

/// How many pixels a side of `n` tokens has: as many as there are equal pieces of them, at most `side`.
pub(crate) fn pixels(n: usize, side: usize) -> usize {
    n.div_ceil(n.div_ceil(side.max(1)).max(1))
}

/// A position's vectors: of the embedding and of the layers' outputs that a trace holds.
fn rows(trace: &Trace, position: usize) -> Depths {
    let layers = (0..trace.model.n_layers).filter_map(|layer| trace.layer(layer, Site::ResidPost));
    let arrays = trace.get("embed").into_iter().chain(layers);
    arrays.filter_map(|array| array.row(&[position])).map(<[f32]>::to_vec).collect()
}

/// `[…, seq, width]` → `[…, 1, width]`.
fn last_position(array: &Array) -> Array {
    let mut shape = array.shape().to_vec();
    let [.., seq, width] = shape[..] else { return array.clone() };
    let axis = shape.len() - 2;
    shape[axis] = 1;
    let rows = array.data().chunks_exact((seq * width).max(1)).flat_map(|head| &head[head.len() - width..]);
    Array::new(shape, rows.copied().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_position_of_every_head_is_kept() {
        let array = Array::new([2, 3, 2], (0..12).map(|x| x as f32).collect());
        assert_eq!(last_position(&array), Array::new([2, 1, 2], vec![4., 5., 10., 11.]));
        assert_eq!(last_position(&Array::new([2, 2], vec![1., 2., 3., 4.])), Array::new([1, 2], vec![3., 4.]));
    }
}
