//! The longest names that a request may contain, since errors quote them.

use crate::failure::MAX_QUOTE;
use crate::limits::within;
use crate::{Failure, Request};
use attnscope::Intervention;

/// Axes of a patch.
const MAX_AXES: usize = 8;

/// Checks that all names are short enough to be quoted in an error.
pub(crate) fn check(request: &Request) -> Result<(), Failure> {
    let short = |what: &str, name: &str| within(what, name.chars().take(MAX_QUOTE + 1).count(), 0, MAX_QUOTE);
    if let Some(model) = request.model() {
        short("the length of the model's id", model)?;
    }
    if let Request::Run { capture, .. } = request {
        capture.split(',').try_for_each(|name| short("the length of a name to capture", name))?;
    }
    for change in request.prompt().map_or(&[][..], |prompt| &prompt.interventions) {
        if let Intervention::Patch { key, value, .. } = change {
            short("the length of the name to patch", key)?;
            within("the number of the patch's axes", value.shape().len(), 0, MAX_AXES)?;
        }
    }
    Ok(())
}
