//! The name of one number of a run: its site, layer and indices, `blocks.16.attn.pattern[0,2,1]`.

use crate::site::{Axis, Site, Stage};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// One number of a run. Positions, heads, components and tokens are counted from 0.
///
/// ```
/// use attnscope::{Number, Site};
///
/// let weight = Site::Pattern.in_layer(16, [0, 2, 1]);
/// assert_eq!(weight.to_string(), "blocks.16.attn.pattern[0,2,1]");
/// assert_eq!("blocks.16.attn.pattern[0,2,1]".parse(), Ok(weight));
/// assert_eq!((weight.head(), weight.position(), weight.last()), (0, 2, 1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Number {
    site: Site,
    /// 0 outside the layers.
    layer: usize,
    /// As many indices as the site has axes; 0 for the rest.
    at: [usize; 3],
}

impl Site {
    /// A number of a site outside the layers; `at` has an index for each of its axes.
    pub const fn at<const N: usize>(self, at: [usize; N]) -> Number {
        self.in_layer(0, at)
    }

    /// A number of a layer; `at` has an index for each of the site's axes: `[head, position, component]` of [`Site::Q`],
    /// `[head, query, key]` of [`Site::Pattern`].
    ///
    /// # Panics
    /// If there are more or fewer indices than axes: a mistake of the caller, never caused by a file.
    pub const fn in_layer<const N: usize>(self, layer: usize, at: [usize; N]) -> Number {
        assert!(N == self.axes().len(), "as many indices as the site has axes");
        let mut all = [0; 3];
        let mut i = 0;
        while i < N {
            all[i] = at[i];
            i += 1;
        }
        Number { site: self, layer, at: all }
    }
}

impl Number {
    /// The kind of array that contains it.
    pub fn site(self) -> Site {
        self.site
    }

    /// The layer that it belongs to, if it belongs to one.
    pub fn layer(self) -> Option<usize> {
        (self.site.stage() == Stage::Layer).then_some(self.layer)
    }

    /// The key of its array: `blocks.16.attn.pattern`. Not every such array can be in a trace.
    pub fn key(self) -> String {
        self.site.key(self.layer)
    }

    /// Its indices in the array: head, position, component, or whatever the array's axes count.
    pub fn indices(&self) -> &[usize] {
        &self.at[..self.site.axes().len()]
    }

    /// Its query head or key/value head; 0 if there are no heads.
    pub fn head(self) -> usize {
        self.index(&[Axis::Head, Axis::KvHead]).unwrap_or(0)
    }

    /// Its token: a query, a row of the stream, the token of a key or a value; 0 if there is none.
    pub fn position(self) -> usize {
        self.index(&[Axis::Position, Axis::Key]).unwrap_or(0)
    }

    /// Its last index: the component, the key, the token of the vocabulary.
    pub fn last(self) -> usize {
        self.indices().last().copied().unwrap_or(0)
    }

    fn index(self, axes: &[Axis]) -> Option<usize> {
        let at = self.site.axes().iter().position(|axis| axes.contains(axis))?;
        Some(self.at[at])
    }

    /// The number of the same row whose last index is `last`.
    #[must_use]
    pub fn with_last(mut self, last: usize) -> Self {
        self.at[self.site.axes().len() - 1] = last;
        self
    }

    /// The number with the same indices at another site that has the same axes, in the same layer.
    #[must_use]
    pub fn of(self, site: Site) -> Self {
        debug_assert_eq!(site.axes().len(), self.site.axes().len(), "{site} is no place for {self}");
        Self { site, ..self }
    }

    /// The number with the same indices in another layer.
    #[must_use]
    pub fn in_other_layer(self, layer: usize) -> Self {
        Self { layer, ..self }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at: Vec<String> = self.indices().iter().map(usize::to_string).collect();
        write!(f, "{}[{}]", self.key(), at.join(","))
    }
}

impl FromStr for Number {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parse = || {
            let (key, indices) = text.strip_suffix(']')?.split_once('[')?;
            let (site, layer) = Site::of_key(key)?;
            let mut at = [0; 3];
            let mut indices = indices.split(',');
            for (_, at) in site.axes().iter().zip(&mut at) {
                *at = indices.next()?.parse().ok()?;
            }
            indices.next().is_none().then_some(Self { site, layer, at })
        };
        parse().ok_or_else(|| {
            let text: String = text.chars().take(80).collect();
            format!("{text:?} names no number; expected such as blocks.0.attn.pattern[0,2,1]")
        })
    }
}

impl From<Number> for String {
    fn from(number: Number) -> Self {
        number.to_string()
    }
}

impl TryFrom<String> for Number {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back() {
        for site in Site::all() {
            let at: Vec<String> = (3..).take(site.axes().len()).map(|i| i.to_string()).collect();
            let name = format!("{}[{}]", site.key(2), at.join(","));
            let number: Number = name.parse().unwrap();
            assert_eq!((number.to_string(), number.site()), (name, site));
            assert_eq!(number.with_last(40).with_last(number.last()), number);
            assert_ne!(number.with_last(40), number);
            assert_eq!(number.layer(), (site.stage() == Stage::Layer).then_some(2));
        }
        for wrong in
            ["", "embed", "embed[1]", "embed[1,2,3]", "blocks.x.attn.q[0,0,0]", "blocks.0.embed[0,0]", "q[-1,0]"]
        {
            assert!(wrong.parse::<Number>().unwrap_err().contains("names no number"), "{wrong}");
        }
    }
}
