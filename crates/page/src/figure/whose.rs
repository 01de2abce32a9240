//! The model that a figure of all layers asks: the reader's own choice on the page, or a real one as long as that is the
//! lesson model, which has few layers and heads. The figure says which it is, and it can be chosen there.

use crate::selection::TRAINED;
use crate::{Control, Event, LESSON, Page, Purpose};
use attnscope_words::words;

/// Which model a figure asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Whose {
    /// The page's, unless that is the lesson model and there is a real one.
    #[default]
    Fitting,
    /// The lesson model.
    Lesson,
    /// The real model that is here.
    Real,
}

impl Whose {
    /// The model's id.
    pub fn id<'a>(self, page: &Page<'a>) -> &'a str {
        let chosen = page.selection.model.as_str();
        match self {
            Self::Lesson => LESSON,
            Self::Fitting if chosen != LESSON => chosen,
            Self::Real | Self::Fitting => page.real.unwrap_or(LESSON),
        }
    }

    /// A switch between the models, where there are several.
    pub fn control(self, page: &Page<'_>) -> Option<Control> {
        let mut ids = vec![LESSON];
        ids.extend(page.real.filter(|id| *id != LESSON));
        let chosen = page.selection.model.as_str();
        if !ids.contains(&chosen) {
            ids.push(chosen);
        }
        let name = |id| match id {
            LESSON => words!("Lesson model"),
            TRAINED => words!("the one you trained"),
            other => other,
        };
        let options = ids.iter().map(|id| ((*id).to_owned(), name(id).to_owned())).collect();
        let value = self.id(page).to_owned();
        // The command has an option for it.
        (ids.len() > 1 && page.purpose == Purpose::Page).then(|| Control::Switch {
            id: "model",
            label: words!("model").into(),
            options,
            value,
        })
    }

    /// Handles its own event. Returns false for any other.
    pub fn hear(&mut self, event: &Event, page: &Page<'_>) -> bool {
        let Event::Set(id, value) = event else { return false };
        if id != "model" {
            return false;
        }
        *self = match value.as_str() {
            LESSON => Self::Lesson,
            id if page.real == Some(id) => Self::Real,
            _ => Self::Fitting,
        };
        true
    }
}
