//! The controls of a figure as plain data. The site writes them into the page before it is live; the live page sets
//! their values and receives their events.

use attnscope_figures::svg::escape;
use attnscope_protocol::quoted;
use std::fmt::Write;

/// A control. Its id is unique in its figure.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields are those of HTML")]
pub enum Control {
    /// One of a list: value and name of each.
    Choice { id: &'static str, label: String, options: Vec<(String, String)>, value: String },
    /// One of a few, all visible.
    Switch { id: &'static str, label: String, options: Vec<(String, String)>, value: String },
    /// A number on a slider. `shown` is the number in words.
    Slider { id: &'static str, label: String, min: f32, max: f32, step: f32, value: f32, shown: String },
    /// An action.
    Button { id: &'static str, label: String, disabled: bool },
    /// What is to be seen at this step. It cannot be set.
    Said { id: &'static str, text: String },
    /// A text.
    Text { id: &'static str, label: String, value: String },
}

impl Control {
    /// Its id.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Choice { id, .. }
            | Self::Switch { id, .. }
            | Self::Slider { id, .. }
            | Self::Button { id, .. }
            | Self::Said { id, .. }
            | Self::Text { id, .. } => id,
        }
    }

    /// Whether it accepts this value; a button accepts only an empty one.
    fn takes(&self, value: &str) -> bool {
        match self {
            Self::Choice { options, .. } | Self::Switch { options, .. } => options.iter().any(|(v, _)| v == value),
            Self::Slider { min, max, step, .. } => value.parse().is_ok_and(|x: f32| {
                let steps = (x - min) / step;
                (*min..=*max).contains(&x) && (steps - steps.round()).abs() < 1e-2
            }),
            Self::Button { disabled, .. } => value.is_empty() && !disabled,
            Self::Said { .. } => false,
            Self::Text { .. } => true,
        }
    }

    /// How it is set.
    fn said(&self) -> String {
        let id = self.id();
        match self {
            Self::Choice { options, .. } | Self::Switch { options, .. } => {
                let options: Vec<&str> = options.iter().map(|(value, _)| value.as_str()).collect();
                format!("{id}={}", options.join("|"))
            }
            Self::Slider { min, max, step, .. } => format!("{id}={min}..{max} in steps of {step}"),
            Self::Button { disabled: true, .. } => format!("{id} (not now)"),
            Self::Button { .. } => id.to_owned(),
            Self::Said { .. } => String::new(),
            Self::Text { .. } => format!("{id}=TEXT"),
        }
    }

    /// Its value as text; a button has none.
    pub fn value(&self) -> String {
        match self {
            Self::Choice { value, .. } | Self::Switch { value, .. } | Self::Text { value, .. } => value.clone(),
            Self::Slider { value, .. } => value.to_string(),
            Self::Button { .. } | Self::Said { .. } => String::new(),
        }
    }

    /// Whether a reader can set it.
    fn can_be_set(&self) -> bool {
        !matches!(self, Self::Said { .. })
    }
}

/// A control's id and value from `NAME=VALUE`, or a button's name alone, checked against those that a figure has.
///
/// # Errors
/// There is no such control, or it has no such value; the error lists those that there are.
pub fn chosen(controls: &[Control], asked: &str) -> Result<(String, String), String> {
    let (id, value) = asked.split_once('=').unwrap_or((asked, ""));
    // Links from before steps were counted from 1 begin with 0.
    let value = if (id, value) == ("step", "0") && least(controls, id) == Some(1.0) { "1" } else { value };
    let settable = || controls.iter().filter(|control| control.can_be_set());
    let Some(control) = settable().find(|control| control.id() == id) else {
        let all: Vec<String> = settable().map(Control::said).collect();
        let all = if all.is_empty() { "none".to_owned() } else { all.join(", ") };
        return Err(format!("no control {} here; there are: {all}", quoted(id)));
    };
    if control.takes(value) {
        // A figure reads the number as the slider writes it: 1, and not 1e0 or 1.0.
        let value = match control {
            Control::Slider { .. } => value.parse().map_or_else(|_| value.to_owned(), |x: f32| x.to_string()),
            _ => value.to_owned(),
        };
        Ok((id.to_owned(), value))
    } else {
        Err(format!("expected {}, found {}", control.said(), quoted(asked)))
    }
}

/// The least number of a slider.
fn least(controls: &[Control], id: &str) -> Option<f32> {
    controls.iter().find_map(|control| match control {
        Control::Slider { id: own, min, .. } if *own == id => Some(*min),
        _ => None,
    })
}

/// The controls of a figure as HTML. `live` is false before the page is live: then nothing can be set.
pub fn html(figure: &str, controls: &[Control], live: bool) -> String {
    let mut out = String::new();
    for control in controls {
        write_control(&mut out, figure, control, if live { "" } else { " disabled" });
    }
    out
}

fn write_control(out: &mut String, figure: &str, control: &Control, off: &str) {
    let id = format!("{figure}-{}", control.id());
    let own = control.id();
    let _ = match control {
        Control::Choice { label, options, value, .. } => {
            let options = options.iter().map(|(v, name)| {
                let selected = if v == value { " selected" } else { "" };
                format!("<option value=\"{}\"{selected}>{}</option>", escape(v), escape(name))
            });
            let options: String = options.collect();
            write!(
                out,
                "<label class=\"field small\"><span>{}</span><select id=\"{id}\" data-control=\"{own}\"{off}>{options}</select></label>",
                escape(label)
            )
        }
        Control::Switch { label, options, value, .. } => {
            let options = options.iter().map(|(v, name)| {
                let checked = if v == value { " checked" } else { "" };
                format!(
                    "<label><input type=\"radio\" name=\"{id}\" data-control=\"{own}\" value=\"{}\"{checked}{off}><span>{}</span></label>",
                    escape(v),
                    escape(name)
                )
            });
            let options: String = options.collect();
            write!(out, "<fieldset class=\"switch\"><legend>{}</legend>{options}</fieldset>", escape(label))
        }
        Control::Slider { label, min, max, step, value, shown, .. } => write!(
            out,
            "<label class=\"field small slider\"><span>{}</span><input id=\"{id}\" type=\"range\" data-control=\"{own}\" \
             min=\"{min}\" max=\"{max}\" step=\"{step}\" value=\"{value}\" aria-valuetext=\"{}\"{off}><output>{}</output></label>",
            escape(label),
            escape(shown),
            escape(shown)
        ),
        Control::Button { label, disabled, .. } => {
            let off = if *disabled { " disabled" } else { off };
            write!(out, "<button id=\"{id}\" type=\"button\" data-control=\"{own}\"{off}>{}</button>", escape(label))
        }
        Control::Said { text, .. } => {
            write!(out, "<p class=\"said\" aria-live=\"polite\">{}</p>", escape(text))
        }
        Control::Text { label, value, .. } => write!(
            out,
            "<label class=\"field small wide\"><span>{}</span><input id=\"{id}\" type=\"text\" data-control=\"{own}\" \
             autocomplete=\"off\" spellcheck=\"false\" value=\"{}\"{off}></label>",
            escape(label),
            escape(value)
        ),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_refused_and_what_is_there_named() {
        let switch = Control::Switch {
            id: "mask",
            label: "mask".into(),
            options: vec![("on".into(), "on".into()), ("off".into(), "off".into())],
            value: "on".into(),
        };
        let button = |disabled| Control::Button { id: "play", label: "play".into(), disabled };
        let step = Control::Slider {
            id: "step",
            label: "step".into(),
            min: 0.0,
            max: 6.0,
            step: 1.0,
            value: 0.0,
            shown: "0".into(),
        };
        let all = [switch, button(true), step];
        assert_eq!(chosen(&all, "mask=off"), Ok(("mask".into(), "off".into())));
        assert_eq!(chosen(&all, "step=6"), Ok(("step".into(), "6".into())));
        let error = |asked: &str| chosen(&all, asked).unwrap_err();
        assert_eq!(
            error("msk=on"),
            "no control \"msk\" here; there are: mask=on|off, play (not now), step=0..6 in steps of 1"
        );
        assert_eq!(error("step=7"), "expected step=0..6 in steps of 1, found \"step=7\"");
        assert_eq!(chosen(&all, "step=1e0"), Ok(("step".into(), "1".into())));
        assert!(error("step=1.5").contains("in steps of 1"));
        assert!(error("step=NaN").contains("step=0..6") && error("play").contains("not now"));
        assert_eq!(chosen(&[button(false)], "play"), Ok(("play".into(), String::new())));
        assert_eq!(chosen(&[], "x").unwrap_err(), "no control \"x\" here; there are: none");
    }

    #[test]
    fn controls_are_html_that_cannot_be_broken_out_of() {
        let choice = Control::Choice {
            id: "head",
            label: "<b>".into(),
            options: vec![("0".into(), "\"0\" & more".into()), ("1".into(), "1".into())],
            value: "1".into(),
        };
        let html = html("matrix", &[choice], false);
        assert!(html.contains("id=\"matrix-head\"") && html.contains("value=\"1\" selected"), "{html}");
        assert!(html.contains("&lt;b&gt;") && html.contains("&quot;0&quot; &amp; more") && html.contains(" disabled"));
    }
}
