//! A formula in one line: `W_Q` with Q as a subscript, `Kᵀ` with T as a superscript. The font has no such letters.

use crate::color::Color;
use crate::figure::frame::Frame;
use crate::scene::{Node, Run, Weight};
use crate::text::{self, CAP_HEIGHT};

/// The vertical position of a piece.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Script {
    None,
    Sub,
    Sup,
}

/// Space between two pieces, which are separate texts.
const AIR: f32 = 0.8;

/// Writes `parts`, each in its colour, from `x` on, their capitals centred on `mid`. Returns the right edge.
///
/// `_a` is a subscript of one letter, `_{12}` one of several, `ᵀ` is a superscript T.
pub(super) fn write(frame: &mut Frame, x: f32, mid: f32, size: f32, weight: Weight, parts: &[(&str, Color)]) -> f32 {
    lay(x, size, weight, parts, |x, text, script, size_of_piece, fill| {
        let base = mid + size * CAP_HEIGHT / 2.0;
        let y = match script {
            Script::None => base,
            Script::Sub => base + size * 0.2,
            Script::Sup => base - size * 0.36,
        };
        let node = Node::text(x, y, Run::new(text)).size(size_of_piece).fill(fill);
        frame.push(if weight == Weight::Semibold { node.bold() } else { node });
    })
}

/// Width of what [`write()`] would write.
pub(super) fn width(size: f32, weight: Weight, parts: &[(&str, Color)]) -> f32 {
    lay(0.0, size, weight, parts, |_, _, _, _, _| {})
}

/// Calls `put` with place, text, script, size and colour of each piece; returns the right edge.
fn lay(
    x0: f32,
    size: f32,
    weight: Weight,
    parts: &[(&str, Color)],
    mut put: impl FnMut(f32, &str, Script, f32, Color),
) -> f32 {
    let mut x = x0;
    for &(part, fill) in parts {
        for (piece, script) in pieces(part) {
            // Smaller text could not be read.
            let size = if script == Script::None { size } else { (size * 0.74).max(10.5) };
            put(x, &piece, script, size, fill);
            x += text::width(&piece, size, weight) + AIR;
        }
    }
    x - if x > x0 { AIR } else { 0.0 }
}

fn pieces(text: &str) -> Vec<(String, Script)> {
    let mut out: Vec<(String, Script)> = Vec::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            'ᵀ' => out.push(("T".into(), Script::Sup)),
            '_' => {
                let low = match chars.next() {
                    Some('{') => chars.by_ref().take_while(|c| *c != '}').collect(),
                    other => other.into_iter().collect(),
                };
                out.push((low, Script::Sub));
            }
            c => match out.last_mut() {
                Some((line, Script::None)) => line.push(c),
                _ => out.push((c.into(), Script::None)),
            },
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_lowered_and_raised() {
        let read = |text: &str| pieces(text).into_iter().map(|(t, s)| format!("{t}:{s:?}")).collect::<Vec<_>>();
        assert_eq!(read("X·W_Q = Q"), ["X·W:None", "Q:Sub", " = Q:None"]);
        assert_eq!(read("x_{12}Kᵀ"), ["x:None", "12:Sub", "K:None", "T:Sup"]);
        assert_eq!(read("a_"), ["a:None", ":Sub"]);
    }
}
