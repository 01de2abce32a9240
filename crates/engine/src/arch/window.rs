//! Which tokens a query may attend to, where a config can say so in several ways.

use super::fields::Fields;
use crate::config::MOST_LAYERS;
use crate::{Error, PerLayer};
use serde_json::Value;

/// The window of each layer; `None` for a layer whose queries see all keys.
pub(super) type Windows = PerLayer<Option<usize>>;

/// `sliding_window`: a query sees this many keys, its own included. A window of 0 is refused.
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

/// `sliding_window` of families that have none unless it is given. A window of 0 is refused.
pub(super) fn given(fields: &Fields<'_>) -> Result<Option<usize>, Error> {
    match fields.optional_size("sliding_window")? {
        Some(0) => Err(fields.bad("sliding_window", "1 or more tokens, or null for none", "0")),
        window => Ok(window),
    }
}

/// Qwen's windows: off unless `use_sliding_window` is true; then in the layers that `layer_types` marks, or else in
/// those from `max_window_layers` on.
pub(super) fn by_layer(fields: &Fields<'_>, n_layers: usize) -> Result<Windows, Error> {
    let on = fields.flag_or("use_sliding_window", false)?;
    let given = size(fields, 4096);
    let window = if on { given? } else { None };
    let from = fields.size_or("max_window_layers", 28)?;
    if let Some(types) = layer_types(fields, n_layers)? {
        return where_said(fields, "layer_types", window, &types);
    }
    // With more layers than allowed no list is made here; the config's check refuses the number.
    if window.is_none() || from >= n_layers || n_layers > MOST_LAYERS {
        return Ok(PerLayer::same(None));
    }
    let windowed: Vec<bool> = (0..n_layers).map(|layer| layer >= from).collect();
    where_said(fields, "max_window_layers", window, &windowed)
}

/// The window for the marked layers. If some are marked but no window is given, the config contradicts itself.
pub(super) fn where_said(
    fields: &Fields<'_>,
    name: &str,
    window: Option<usize>,
    windowed: &[bool],
) -> Result<Windows, Error> {
    if window.is_none() && windowed.contains(&true) {
        let text = "asks for windows, but no window is set (use_sliding_window, sliding_window)";
        return Err(fields.refused(name, text));
    }
    let windows: Vec<Option<usize>> = windowed.iter().map(|has| window.filter(|_| *has)).collect();
    // An empty list is accepted here; the config's check then refuses the number of layers.
    Ok(if windows.is_empty() { PerLayer::same(None) } else { PerLayer::of(&windows) })
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
        // `attention` is the older name.
        "full_attention" | "attention" => Ok(false),
        "sliding_attention" => Ok(true),
        other => Err(fields.bad("layer_types", "full_attention or sliding_attention", other)),
    });
    windowed.collect::<Result<_, _>>().map(Some)
}

/// Whether each layer has a window: as the config lists, or else all but every `pattern`-th. More layers than allowed
/// are not listed; the config's check refuses the number.
pub(super) fn listed_or_every(fields: &Fields<'_>, n_layers: usize, pattern: usize) -> Result<Vec<bool>, Error> {
    match layer_types(fields, n_layers)? {
        Some(listed) => Ok(listed),
        None => Ok((0..n_layers.min(MOST_LAYERS)).map(|layer| !(layer + 1).is_multiple_of(pattern)).collect()),
    }
}
