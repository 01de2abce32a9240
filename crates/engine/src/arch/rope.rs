//! Rotary positions as a `config.json` describes them: their base, the part of a head that is rotated, and how
//! frequencies are scaled for texts that are longer than those of the training. The rules are transformers'.

use super::fields::{Field, Fields, Means, Plain};
use crate::Error;
use crate::config::{MOST_D_HEAD, Pairs, Rotary};
use serde_json::{Map, Value};

/// The fields that families with rotary positions share.
pub(super) const FIELDS: &[Field] = &[
    Field("rope_theta", Means::Used),
    Field("rope_parameters", Means::Used),
    Field("rope_scaling", Means::Used),
    Field("original_max_position_embeddings", Means::Used),
    Field("partial_rotary_factor", Means::Used),
    Field("rope_interleaved", Means::Only(&[Plain::Bool(false)], "rotary pairs side by side")),
];

/// What a family adds to the fields of a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub d_head: usize,
    pub n_ctx: usize,
    /// The base if the config does not give one.
    pub theta: f64,
    /// The part of a head that is rotated if the config does not say; `None` for a family that rotates whole heads
    /// whatever its config says.
    pub part: Option<f64>,
    /// The number of tokens of the training's texts, if the family has a default for it.
    pub original: Option<usize>,
}

/// The rotation that a config describes. As in transformers, `rope_scaling` counts if it is not empty, else
/// `rope_parameters`; what is missing there may stand at the top level.
pub(super) fn rotary(fields: &Fields<'_>, head: Head) -> Result<Rotary, Error> {
    let (scaling, parameters) = (object(fields, "rope_scaling")?, object(fields, "rope_parameters")?);
    let theta = fields.float_or("rope_theta", head.theta as f32)?;
    let (name, map) = match (scaling, parameters) {
        (Some(map), _) => ("rope_scaling", map),
        (None, Some(map)) => ("rope_parameters", map),
        (None, None) => ("rope_scaling", Map::new()),
    };
    said(fields, name, &map, head, f64::from(theta))?.rotary()
}

/// The rotations of layers with and without a window, where the config gives them apart (Gemma 3, OLMo 3): nested in
/// `rope_parameters`, or at the top level, where scaling is only for layers without a window. (Of the fields of the top
/// level those count that the family reads: ModernBERT none.)
pub(super) fn by_kind(fields: &Fields<'_>, head: Head, window_theta: f64) -> Result<[Rotary; 2], Error> {
    const KINDS: [&str; 2] = ["full_attention", "sliding_attention"];
    let scaling = if fields.uses("rope_scaling") { object(fields, "rope_scaling")? } else { None };
    let parameters = object(fields, "rope_parameters")?;
    let parameters = parameters.unwrap_or_default();
    if let Some(key) = parameters.keys().find(|key| !KINDS.contains(&key.as_str())) {
        let text = format!("has `{key}`, expected what holds for full_attention and for sliding_attention");
        return Err(fields.refused("rope_parameters", text));
    }
    let of_kind = |kind: &str| match parameters.get(kind) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(map)) => Ok(map.clone()),
        Some(other) => Err(fields.bad("rope_parameters", "an object for each kind of layer", &other.to_string())),
    };
    let (mut full, windowed) = (of_kind(KINDS[0])?, of_kind(KINDS[1])?);
    full.extend(scaling.unwrap_or_default());
    if full.get("truncate").or(windowed.get("truncate")) == Some(&Value::Bool(false)) {
        let text = "has `truncate` for some layers: transformers reads it only where one rotation holds for all";
        return Err(fields.refused("rope_parameters", text));
    }
    let theta = if fields.uses("rope_theta") {
        f64::from(fields.float_or("rope_theta", head.theta as f32)?)
    } else {
        head.theta
    };
    let full = said(fields, "rope_parameters", &full, head, theta)?.rotary()?;
    let windowed = said(fields, "rope_parameters", &windowed, head, window_theta)?.rotary()?;
    Ok([full, windowed])
}

fn object(fields: &Fields<'_>, name: &'static str) -> Result<Option<Map<String, Value>>, Error> {
    match fields.get(name)? {
        None => Ok(None),
        Some(Value::Object(map)) => Ok(Some(map).filter(|map| !map.is_empty())),
        Some(other) => Err(fields.bad(name, "an object", &other.to_string())),
    }
}

/// An object that describes a rotation, and what else is known.
struct Said<'a> {
    fields: &'a Fields<'a>,
    /// The object's field, for messages.
    name: &'static str,
    map: &'a Map<String, Value>,
    head: Head,
    /// The base if the object gives none.
    theta: f64,
    /// What the top level says about the part of a head that is rotated, and the length of the training's texts.
    part: Option<f64>,
    original: Option<usize>,
}

fn said<'a>(
    fields: &'a Fields<'a>,
    name: &'static str,
    map: &'a Map<String, Value>,
    head: Head,
    theta: f64,
) -> Result<Said<'a>, Error> {
    const PART: &str = "partial_rotary_factor";
    const ORIGINAL: &str = "original_max_position_embeddings";
    let part = if fields.uses(PART) { fields.optional_float(PART)?.map(f64::from) } else { None };
    let original = if fields.uses(ORIGINAL) { fields.optional_size(ORIGINAL)? } else { None }.or(head.original);
    Ok(Said { fields, name, map, head, theta, part, original })
}

/// The kinds of scaling, with the keys that each reads.
const KINDS: [(&str, &[&str]); 7] = [
    ("default", &[]),
    ("linear", &["factor"]),
    ("dynamic", &["factor", "original_max_position_embeddings"]),
    ("llama3", &["factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"]),
    (
        "yarn",
        &[
            "factor",
            "attention_factor",
            "beta_fast",
            "beta_slow",
            "mscale",
            "mscale_all_dim",
            "truncate",
            "original_max_position_embeddings",
        ],
    ),
    ("longrope", LONGROPE),
    // Phi-3's first name of it.
    ("su", LONGROPE),
];

const LONGROPE: &[&str] =
    &["factor", "attention_factor", "short_factor", "long_factor", "original_max_position_embeddings"];

impl Said<'_> {
    fn rotary(&self) -> Result<Rotary, Error> {
        let kind = self.kind()?;
        let theta = self.number("rope_theta")?.unwrap_or(self.theta);
        if !(1.0..=1e15).contains(&theta) {
            return Err(self.wrong(&format!("has the base rope_theta {theta}, expected a number from 1 to 1e15")));
        }
        let dim = self.dim(kind)?;
        let base: Vec<f64> = (0..dim / 2).map(|i| theta.powf(-2.0 * i as f64 / dim as f64)).collect();
        let plain = |frequencies: Vec<f64>, factor: f64| Rotary {
            frequencies: frequencies.into_iter().map(|f| f as f32).collect(),
            long: None,
            factor: factor as f32,
            pairs: Pairs::Halves,
        };
        match kind {
            "linear" => {
                let factor = self.factor()?;
                Ok(plain(base.iter().map(|f| f / factor).collect(), 1.0))
            }
            "llama3" => Ok(plain(self.llama3(&base)?, 1.0)),
            "yarn" => {
                let (frequencies, factor) = self.yarn(&base, theta, dim)?;
                Ok(plain(frequencies, factor))
            }
            "longrope" | "su" => self.longrope(&base),
            // Dynamic scaling begins with texts that are longer than `max_position_embeddings`, which are refused.
            "dynamic" => self.factor().map(|_| plain(base, 1.0)),
            _ => Ok(plain(base, 1.0)),
        }
    }

    /// The kind of scaling; every key of the object must belong to it.
    fn kind(&self) -> Result<&'static str, Error> {
        let given = self.map.get("rope_type").or(self.map.get("type"));
        // transformers reads Phi-3's older name as the newer one.
        let newer = |kind| if kind == "yarn" && self.fields.arch == "phi3" { "longrope" } else { kind };
        let found = given.map_or(Some("default"), Value::as_str).map(newer);
        let known = KINDS.iter().find(|(kind, _)| Some(*kind) == found);
        let Some((kind, keys)) = known else {
            let kinds: Vec<&str> = KINDS.iter().map(|(kind, _)| *kind).collect();
            let found = given.unwrap_or(&Value::Null);
            let text =
                format!("asks for the rope_type {found}, which attnscope does not compute ({})", kinds.join(", "));
            return Err(self.wrong(&text));
        };
        const ALWAYS: [&str; 4] = ["rope_type", "type", "rope_theta", "partial_rotary_factor"];
        let is_known =
            |key: &&String| ALWAYS.contains(&key.as_str()) || keys.contains(&key.as_str()) || self.map[*key].is_null();
        match self.map.keys().find(|key| !is_known(key)) {
            None => Ok(kind),
            Some(key) => Err(self.wrong(&format!(
                "has `{key}` ({}), which says nothing for the rope_type `{kind}`; which of the two is meant?",
                self.map[key]
            ))),
        }
    }

    /// How many numbers of a head are rotated: an even number.
    fn dim(&self, kind: &str) -> Result<usize, Error> {
        const NAME: &str = "partial_rotary_factor";
        let d_head = self.head.d_head;
        let given = self.number(NAME)?.or(self.part);
        let part = match (given, self.head.part) {
            (Some(1.0), _) => 1.0,
            (Some(part), Some(_)) => part,
            // Scaled kinds rotate a part of each head in every family.
            (Some(part), None) if kind != "default" => part,
            (Some(part), None) => {
                let text =
                    format!("is {part}: `{}` rotates whole heads, so it is not clear what is meant", self.fields.arch);
                return Err(self.fields.refused(NAME, text));
            }
            (None, part) => part.unwrap_or(1.0),
        };
        if !(0.0..=1.0).contains(&part) {
            return Err(self.fields.refused(NAME, format!("is {part}, expected a part of each head, from 0 to 1")));
        }
        let dim = (d_head as f64 * part) as usize;
        fits(self.fields, dim, d_head)?;
        Ok(dim)
    }

    /// The number of tokens of the training's texts.
    fn original(&self) -> Result<f64, Error> {
        const NAME: &str = "original_max_position_embeddings";
        let given = self.number(NAME)?;
        let original = self.original.map(|n| n as f64).or(given).unwrap_or(self.head.n_ctx as f64);
        let error = || self.wrong(&format!("has {NAME} {original}, expected a number of tokens"));
        Some(original).filter(|n| (2.0..=1e9).contains(n)).ok_or_else(error)
    }

    fn factor(&self) -> Result<f64, Error> {
        self.positive("factor")
    }

    /// Llama 3.1: slow pairs are slowed down by `factor`, fast ones stay, with a smooth step between.
    fn llama3(&self, base: &[f64]) -> Result<Vec<f64>, Error> {
        let (factor, original) = (self.factor()?, self.original()?);
        let (low, high) = (self.positive("low_freq_factor")?, self.positive("high_freq_factor")?);
        if low >= high {
            return Err(self.wrong(&format!("has low_freq_factor {low}, expected less than high_freq_factor {high}")));
        }
        let scaled = base.iter().map(|f| {
            let turns = original * f / std::f64::consts::TAU;
            let smooth = ((turns - low) / (high - low)).clamp(0.0, 1.0);
            f / factor * (1.0 - smooth) + f * smooth
        });
        Ok(scaled.collect())
    }

    /// YaRN (Peng et al. 2023): the same step in the number of the pair, and a factor for all numbers.
    fn yarn(&self, base: &[f64], theta: f64, dim: usize) -> Result<(Vec<f64>, f64), Error> {
        let original = self.original()?;
        let factor = match self.map.get("factor") {
            None | Some(Value::Null) => self.head.n_ctx as f64 / original,
            Some(_) => self.factor()?,
        };
        let or = |name: &str, default: f64| Ok::<_, Error>(self.number(name)?.filter(|x| *x != 0.0).unwrap_or(default));
        let (fast, slow) = (or("beta_fast", 32.0)?, or("beta_slow", 1.0)?);
        let grown = |m: f64| if factor <= 1.0 { 1.0 } else { 0.1 * m * factor.ln() + 1.0 };
        let (a, b) = (or("mscale", 0.0)?, or("mscale_all_dim", 0.0)?);
        let usual = if a != 0.0 && b != 0.0 { grown(a) / grown(b) } else { grown(1.0) };
        let attention = self.number("attention_factor")?.unwrap_or(usual);
        let truncate = match self.map.get("truncate") {
            None | Some(Value::Null) => true,
            Some(value) => {
                value.as_bool().ok_or_else(|| self.wrong(&format!("has truncate {value}, expected true or false")))?
            }
        };
        Ok((yarn(base, YarnShape { theta, dim, factor, original, fast, slow, truncate }), attention))
    }

    /// Longrope (Ding et al. 2024): a factor for each pair, one list for short texts and one for long ones.
    fn longrope(&self, base: &[f64]) -> Result<Rotary, Error> {
        let original = self.original()?;
        let factor = match self.map.get("factor") {
            None | Some(Value::Null) => self.head.n_ctx as f64 / original,
            Some(_) => self.factor()?,
        };
        let usual = if factor <= 1.0 { 1.0 } else { (1.0 + factor.ln() / original.ln()).sqrt() };
        let attention = self.number("attention_factor")?.unwrap_or(usual);
        let divided = |name: &str| {
            let list = self.map.get(name).and_then(Value::as_array);
            let list: Option<Vec<f64>> = list.and_then(|list| list.iter().map(Value::as_f64).collect());
            let list = list.filter(|list| list.len() == base.len() && list.iter().all(|x| *x > 0.0));
            let list = list.ok_or_else(|| self.wrong(&format!("has no {name} with {} numbers above 0", base.len())))?;
            Ok::<_, Error>(base.iter().zip(list).map(|(f, divisor)| (f / divisor) as f32).collect())
        };
        let (frequencies, long) = (divided("short_factor")?, divided("long_factor")?);
        let long = Some((original as usize, long));
        Ok(Rotary { frequencies, long, factor: attention as f32, pairs: Pairs::Halves })
    }

    fn number(&self, name: &str) -> Result<Option<f64>, Error> {
        match self.map.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                let number = value.as_f64().filter(|x| x.is_finite());
                number.map(Some).ok_or_else(|| self.wrong(&format!("has {name} {value}, expected a number")))
            }
        }
    }

    /// A number above 0 that must be there.
    fn positive(&self, name: &str) -> Result<f64, Error> {
        let number = self.number(name)?.filter(|x| (1e-6..=1e9).contains(x));
        let found = self.map.get(name).unwrap_or(&Value::Null);
        number.ok_or_else(|| self.wrong(&format!("has {name} {found}, expected a number above 0")))
    }

    fn wrong(&self, what: &str) -> Error {
        self.fields.refused(self.name, what)
    }
}

/// Refuses rotary positions over so many numbers of a head: known before a list of their frequencies is made.
pub(super) fn fits(fields: &Fields<'_>, dim: usize, d_head: usize) -> Result<(), Error> {
    if d_head <= MOST_D_HEAD && dim > 0 && dim <= d_head && dim.is_multiple_of(2) {
        return Ok(());
    }
    let text =
        format!("rotary positions over {dim} numbers do not fit heads of {d_head}, of at most {MOST_D_HEAD} numbers");
    Err(Error::config(fields.origin, text))
}

/// What YaRN's step between scaled and unscaled pairs depends on.
#[derive(Clone, Copy, Debug)]
pub(super) struct YarnShape {
    pub theta: f64,
    pub dim: usize,
    pub factor: f64,
    /// The number of tokens of the training's texts.
    pub original: f64,
    /// Pairs that turn more often than this in such a text keep their frequency.
    pub fast: f64,
    /// Pairs that turn less often are slowed down by `factor`.
    pub slow: f64,
    /// Whether the step begins and ends at whole pairs.
    pub truncate: bool,
}

/// The frequencies, scaled by YaRN.
pub(super) fn yarn(base: &[f64], shape: YarnShape) -> Vec<f64> {
    let YarnShape { theta, dim, factor, original, fast, slow, truncate } = shape;
    // The pair that turns this often.
    let pair = |turns: f64| dim as f64 * (original / (turns * std::f64::consts::TAU)).ln() / (2.0 * theta.ln());
    let (low, high) = (pair(fast), pair(slow));
    let (low, high) = if truncate { (low.floor(), high.ceil()) } else { (low, high) };
    let (low, mut high) = (low.max(0.0), high.min(dim as f64 - 1.0));
    if low == high {
        high += 0.001;
    }
    let scaled = base.iter().enumerate().map(|(i, f)| {
        let ramp = ((i as f64 - low) / (high - low)).clamp(0.0, 1.0);
        f / factor * ramp + f * (1.0 - ramp)
    });
    scaled.collect()
}
