//! Where a config keeps the base of its rotary positions, and which kinds of rotary positions are supported.

use super::fields::{Field, Fields, Means, Plain};
use crate::Error;
use serde_json::{Map, Value};

const NOT_SCALED: Means = Means::Harmless("only scaled rotary positions read it, and those are refused");

/// The fields that families with rotary positions share.
pub(super) const FIELDS: &[Field] = &[
    Field("rope_theta", Means::Used),
    Field("rope_parameters", Means::Used),
    Field("rope_scaling", Means::Used),
    Field("original_max_position_embeddings", NOT_SCALED),
    Field("partial_rotary_factor", Means::Only(&[Plain::Number(1.0)], "rotary positions on a part of each head")),
    Field("rope_interleaved", Means::Only(&[Plain::Bool(false)], "rotary pairs side by side")),
];

/// The base θ, as transformers finds it: in `rope_scaling` if that is not empty, else in `rope_parameters`; if it is
/// missing there, at the top level; otherwise 10,000.
pub(super) fn theta(fields: &Fields<'_>) -> Result<f32, Error> {
    let object = |name: &'static str| match fields.get(name)? {
        None => Ok(None),
        Some(Value::Object(map)) => Ok(Some(map).filter(|map| !map.is_empty())),
        Some(other) => Err(fields.bad(name, "an object", &other.to_string())),
    };
    let (scaling, parameters) = (object("rope_scaling")?, object("rope_parameters")?);
    let top = fields.float_or("rope_theta", 10_000.0)?;
    let Some((name, map)) = scaling.map(|map| ("rope_scaling", map)).or(parameters.map(|map| ("rope_parameters", map)))
    else {
        return Ok(top);
    };
    check_kind(fields, name, &map)?;
    match map.get("rope_theta") {
        None => Ok(top),
        Some(value) => {
            let theta = value.as_f64().map(|x| x as f32);
            theta.ok_or_else(|| fields.bad(name, "a number as its rope_theta", &value.to_string()))
        }
    }
}

/// Refuses every kind but unscaled rotary positions. Scaling by 1 counts as unscaled.
fn check_kind(fields: &Fields<'_>, name: &str, map: &Map<String, Value>) -> Result<(), Error> {
    let kind = map.get("rope_type").or(map.get("type")).unwrap_or(&Value::Null);
    let linear_by_one = kind == "linear" && map.get("factor").and_then(Value::as_f64) == Some(1.0);
    let said = map.contains_key("rope_type") || map.contains_key("type");
    let plain = !said || kind == "default";
    if !plain && !linear_by_one {
        let text = format!("asks for the rope_type {kind}: scaled rotary positions are not supported, only `default`");
        return Err(fields.refused(name, text));
    }
    let known = |key: &str| match key {
        "rope_type" | "type" | "rope_theta" => true,
        "factor" => linear_by_one,
        "partial_rotary_factor" => map[key].as_f64() == Some(1.0),
        _ => false,
    };
    match map.keys().find(|key| !known(key)) {
        Some(key) => Err(fields.refused(
            name,
            format!(
                "has `{key}` ({}), which says nothing for the rope_type `default`; which of the two is meant?",
                map[key]
            ),
        )),
        None => Ok(()),
    }
}
