//! The controls of a figure as plain data. The site writes them into the page before it lives; the living page sets
//! their values and hears of what is done to them.

use attnscope_figures::svg::escape;
use std::fmt::Write;

/// Something to set. Its id is unique in its figure.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields are those of HTML")]
pub enum Control {
    /// One of a list: value and name of each.
    Choice { id: &'static str, label: String, options: Vec<(String, String)>, value: String },
    /// One of a few, all in sight.
    Switch { id: &'static str, label: String, options: Vec<(String, String)>, value: String },
    /// A number on a line. `shown` is how it is said.
    Slider { id: &'static str, label: String, min: f32, max: f32, step: f32, value: f32, shown: String },
    /// Something to do.
    Button { id: &'static str, label: String, disabled: bool },
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
            | Self::Text { id, .. } => id,
        }
    }

    /// Its value as text; a button has none.
    pub fn value(&self) -> String {
        match self {
            Self::Choice { value, .. } | Self::Switch { value, .. } | Self::Text { value, .. } => value.clone(),
            Self::Slider { value, .. } => value.to_string(),
            Self::Button { .. } => String::new(),
        }
    }
}

/// The controls of a figure as HTML. `live` is false before the page lives: then nothing can be set.
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
