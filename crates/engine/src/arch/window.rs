//! Which tokens a query may see, where a config can say so in several ways.

use super::fields::Fields;
use crate::Error;
use serde_json::Value;

/// `sliding_window`: a query sees this many keys, itself included. A window of nothing is refused.
pub(super) fn size(fields: &Fields<'_>, default: usize) -> Result<Option<usize>, Error> {
    let found = fields.optional_size("sliding_window")?;
    if fields.is_null("sliding_window") {
        return Ok(None);
    }
    match found.unwrap_or(default) {
        0 => Err(fields.bad("sliding_window", "1 or more tokens, or null for none", "0")),
        window => Ok(Some(window)),
    }
}

/// Qwen's windows: off unless `use_sliding_window`; then in the layers that `layer_types` names, or else in those from
/// `max_window_layers` on. All layers must be alike here.
pub(super) fn by_layer(fields: &Fields<'_>, n_layers: usize) -> Result<Option<usize>, Error> {
    let on = fields.flag_or("use_sliding_window", false)?;
    let given = size(fields, 4096);
    let window = if on { given? } else { None };
    let from = fields.size_or("max_window_layers", 28)?;
    // No list of layers is made: how many there are has not been checked yet.
    let (name, some, all) = match layer_types(fields, n_layers)? {
        Some(types) => ("layer_types", types.contains(&true), !types.contains(&false)),
        None => ("max_window_layers", window.is_some() && from < n_layers, from == 0),
    };
    match (some, all) {
        (false, _) => Ok(None),
        (true, true) => window.map(Some).ok_or_else(|| {
            fields.refused(name, "asks for windows, but no window is set (use_sliding_window, sliding_window)")
        }),
        (true, false) => Err(fields.refused(
            name,
            "gives some layers a window and others none: attnscope computes only models whose layers are alike in that",
        )),
    }
}

/// Whether each layer has a window, where the config lists the layers.
pub(super) fn layer_types(fields: &Fields<'_>, n_layers: usize) -> Result<Option<Vec<bool>>, Error> {
    let Some(value) = fields.get("layer_types")? else { return Ok(None) };
    let kinds: Option<Vec<&str>> = value.as_array().and_then(|list| list.iter().map(Value::as_str).collect());
    let kinds = kinds.ok_or_else(|| fields.bad("layer_types", "a list of kinds of attention", &value.to_string()))?;
    if kinds.len() != n_layers {
        let (expected, found) =
            (format!("one kind for each of the {n_layers} layers"), format!("{} kinds", kinds.len()));
        return Err(fields.bad("layer_types", &expected, &found));
    }
    let windowed = kinds.into_iter().map(|kind| match kind {
        // The older name of the same.
        "full_attention" | "attention" => Ok(false),
        "sliding_attention" => Ok(true),
        other => Err(fields.bad("layer_types", "full_attention or sliding_attention", other)),
    });
    windowed.collect::<Result<_, _>>().map(Some)
}
