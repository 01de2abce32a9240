//! What can be exported from a figure: its drawing, its numbers, its settings.

use super::Live;
use attnscope_figures::{Scene, Table};
use attnscope_page::{Control, Missing, Paper, Selection};
use attnscope_words::words;
use leptos::prelude::*;

impl Live {
    /// The drawing by itself, with heading and caption, in light or dark colours.
    pub fn for_file(&self, width: f32, dark: bool) -> Result<Scene, String> {
        let paper = Paper { width, dark, bare: false };
        let view = self.with_page(paper, |page| self.figure.borrow().view(&page));
        view.map(|view| view.scene).map_err(in_words)
    }

    /// Its numbers as a table.
    pub fn table(&self) -> Result<Table, String> {
        self.app.with_page(|page| self.figure.borrow().table(&page)).map_err(in_words)
    }

    /// Its current title.
    pub fn title(&self) -> String {
        self.shown.borrow().as_ref().map_or_else(|| self.name.clone(), |view| view.scene.title.clone())
    }

    /// Whether the page shows it in dark colours.
    pub fn is_dark(&self) -> bool {
        self.paper().dark
    }

    /// Its name in the page.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The page's selection.
    pub fn selection(&self) -> Selection {
        self.app.selection.get_untracked()
    }

    /// Remembers which controls differ from what was shown.
    pub(super) fn note_touched(&self, controls: &[Control]) {
        let shown = self.shown.borrow();
        let before = |id: &str| shown.iter().flat_map(|view| &view.controls).find(|control| control.id() == id);
        let moved = controls.iter().filter(|now| before(now.id()).is_some_and(|was| was.value() != now.value()));
        self.touched.borrow_mut().extend(moved.map(|control| control.id().to_owned()));
    }

    /// The controls that the reader moved and that differ from their initial state: id and value. Those of the
    /// selection are in its own part of an address.
    pub fn set_by_reader(&self) -> Vec<(String, String)> {
        let (first, shown) = (self.first.borrow(), self.shown.borrow());
        let now = shown.iter().flat_map(|view| &view.controls);
        let changed = now.filter(|control| {
            let was = first.iter().find(|first| first.id() == control.id());
            self.touched.borrow().contains(control.id())
                && !["layer", "head", "word"].contains(&control.id())
                && was.is_some_and(|was| was.value() != control.value())
        });
        changed.map(|control| (control.id().to_owned(), control.value())).collect()
    }
}

fn in_words(missing: Missing) -> String {
    match missing {
        Missing::Waiting => words!("the figure is not there yet").into(),
        Missing::Failed(failure) => failure.message,
        Missing::Nothing(why) | Missing::TooLong(why) => why,
    }
}
