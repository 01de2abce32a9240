//! Interventions as text, as a command line and a link contain them, and parsing of that text.

use super::{Heads, Intervention};
use crate::Error;
use std::fmt;
use std::str::FromStr;

impl fmt::Display for Heads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.layer, self.head) {
            (Some(l), Some(h)) => write!(f, "{l}.{h}"),
            (Some(l), None) => write!(f, "{l}"),
            (None, Some(h)) => write!(f, "*.{h}"),
            (None, None) => write!(f, "all heads"),
        }
    }
}

impl TryFrom<&str> for Heads {
    type Error = Error;

    /// `16.0` is a head, `16` all heads of a layer.
    fn try_from(text: &str) -> Result<Self, Error> {
        parse_heads(text)
    }
}

impl Intervention {
    /// Cuts `2>1` (query 2 may not attend to key 1 in any head), `16:2>1` (in a layer) or `16.0:2>1` (in a head).
    pub fn cut(text: &str) -> Result<Self, Error> {
        let wrong = || {
            Error::usage(format!(
                "`{text}` is not an edge; write query>key as in 2>1, 16:2>1 (layer) or 16.0:2>1 (head)"
            ))
        };
        let (heads, edge) = match text.split_once(':') {
            Some((heads, edge)) => (parse_heads(heads)?, edge),
            None => (Heads::default(), text),
        };
        let (q, k) = edge.split_once('>').ok_or_else(wrong)?;
        let number = |s: &str| s.trim().parse().map_err(|_| wrong());
        Ok(Self::SetEdge { heads, q: number(q)?, k: number(k)?, weight: 0.0 })
    }

    /// Sets an edge's weight: `16.0:2>1=0.5`.
    pub fn set(text: &str) -> Result<Self, Error> {
        let wrong =
            || Error::usage(format!("`{text}` does not set an edge; write 16.0:2>1=0.5, with a weight from 0 to 1"));
        let (edge, value) = text.rsplit_once('=').ok_or_else(wrong)?;
        let value: f32 = value.trim().parse().map_err(|_| wrong())?;
        match Self::cut(edge)? {
            Self::SetEdge { heads, q, k, .. } => Ok(Self::SetEdge { heads, q, k, weight: value }),
            other => Ok(other),
        }
    }
}

impl fmt::Display for Intervention {
    /// The form used on a command line and in a link, if there is one ([`Self::is_short`]): `cut 16.0:2>1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ScaleHead { heads, factor: 0.0 } => write!(f, "ablate {heads}"),
            Self::ScaleHead { heads, factor } => write!(f, "scale {heads} by {factor}"),
            Self::MeanHead { heads } => write!(f, "mean-ablate {heads}"),
            Self::SetEdge { heads, q, k, weight } => {
                let (verb, to) = if *weight == 0.0 { ("cut", String::new()) } else { ("set", format!("={weight}")) };
                let of = if *heads == Heads::default() { String::new() } else { format!("{heads}:") };
                write!(f, "{verb} {of}{q}>{k}{to}")
            }
            Self::Patch { key, .. } => write!(f, "patch {key}"),
            Self::Apply { key, .. } => write!(f, "apply a function to {key}"),
        }
    }
}

impl FromStr for Intervention {
    type Err = Error;

    /// Parses the same form: `ablate 16.0`, `mean-ablate 16`, `cut 2>1`, `set 16.0:2>1=0.5`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
        match verb {
            "ablate" => Self::ablate(rest),
            "mean-ablate" => Self::mean_ablate(rest),
            "cut" => Self::cut(rest),
            "set" => Self::set(rest),
            _ => Err(Error::usage(format!(
                "`{text}` is no change to a run; expected ablate 16.0, mean-ablate 16.0, cut 16.0:2>1 or set 16.0:2>1=0.5"
            ))),
        }
    }
}

fn parse_heads(text: &str) -> Result<Heads, Error> {
    let wrong = || {
        Error::usage(format!(
            "`{text}` is neither a head nor a layer; write 16.0 for head 0 of layer 16, or 16 for the layer"
        ))
    };
    let number = |s: &str| s.trim().parse::<usize>().map_err(|_| wrong());
    match text.split_once('.') {
        Some((layer, head)) => Ok(Heads { layer: Some(number(layer)?), head: Some(number(head)?) }),
        None => Ok(Heads { layer: Some(number(text)?), head: None }),
    }
}
