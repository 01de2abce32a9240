//! Controls → DOM. `attnscope-page` writes them as HTML; here only their values are set, so that a control is not
//! replaced while the reader uses it.

use attnscope_page::{Control, control};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlInputElement, HtmlSelectElement};

/// Updates the controls in `place`.
pub fn set(place: &Element, figure: &str, before: Option<&[Control]>, now: &[Control]) -> Result<(), JsValue> {
    if before == Some(now) {
        return Ok(());
    }
    let same = before.is_some_and(|before| {
        before.len() == now.len() && before.iter().zip(now).all(|(a, b)| without_value(a) == without_value(b))
    });
    if !same {
        place.set_inner_html(&control::html(figure, now, true));
    }
    now.iter().try_for_each(|control| set_value(place, control))
}

/// The parts of a control that determine the HTML's structure.
fn without_value(control: &Control) -> Control {
    let mut control = control.clone();
    match &mut control {
        Control::Choice { value, .. } | Control::Switch { value, .. } | Control::Text { value, .. } => value.clear(),
        Control::Slider { value, shown, .. } => (*value, *shown) = (0.0, String::new()),
        Control::Said { text, .. } => text.clear(),
        Control::Button { .. } => {}
    }
    control
}

fn set_value(place: &Element, control: &Control) -> Result<(), JsValue> {
    if let Control::Said { text, .. } = control {
        let said = place.query_selector(".said")?;
        if let Some(said) = said.filter(|said| said.text_content().as_ref() != Some(text)) {
            said.set_text_content(Some(text));
        }
        return Ok(());
    }
    let found = place.query_selector_all(&format!("[data-control=\"{}\"]", control.id()))?;
    let value = control.value();
    for at in 0..found.length() {
        let Some(element) = found.get(at) else { continue };
        if let Some(select) = element.dyn_ref::<HtmlSelectElement>() {
            select.set_value(&value);
        } else if let Some(input) = element.dyn_ref::<HtmlInputElement>() {
            match control {
                Control::Switch { .. } => input.set_checked(input.value() == value),
                _ if input.value() != value => input.set_value(&value),
                _ => {}
            }
            if let Control::Slider { shown, .. } = control {
                input.set_attribute("aria-valuetext", shown)?;
                if let Some(output) = input.next_element_sibling() {
                    output.set_text_content(Some(shown));
                }
            }
        }
    }
    Ok(())
}
