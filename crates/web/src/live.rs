//! A figure in its place in the prose: it draws there, and handles what the reader does to it.

mod file;

use crate::app::App;
use crate::controls;
use crate::scene_view::SceneView;
use crate::steady;
use crate::watch::{is_read, is_still, seen, width_of};
use attnscope_figures::Scene;
use attnscope_page::control::chosen;
use attnscope_page::{Change, Control, Event, LESSON, Missing, Open, Page, PageFigure, Paper, View};
use attnscope_words::words;
use leptos::prelude::*;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::Element;

/// Milliseconds that a figure out of sight waits, so that visible ones come first.
const LATER: i32 = 120;
/// Milliseconds for which a figure stands still, once it is read, before it plays.
const BEFORE: i32 = 500;
/// Milliseconds after which drawings may move again.
const CUT: i32 = 100;

/// A figure in its place.
pub struct Live {
    app: App,
    /// Its index among the figures, which identifies it to the app.
    at: usize,
    name: String,
    place: Element,
    controls: RefCell<Option<Element>>,
    paper: Element,
    caption: Option<Element>,
    figure: RefCell<Box<dyn PageFigure>>,
    /// Id of the model that is drawn.
    of_model: RefCell<String>,
    /// The last view that was shown.
    shown: RefCell<Option<View>>,
    /// The drawing.
    pub scene: RefCell<Option<SceneView>>,
    width: RwSignal<f32>,
    seen: RwSignal<bool>,
    /// Whether it is in the middle of the window.
    read: RwSignal<bool>,
    /// Whether it played by itself, or may not any more.
    begun: Cell<bool>,
    /// Whether the reader has set anything in it.
    taken: Cell<bool>,
    /// Counts changes in the figure itself, and answers that it waited for.
    pub changed: RwSignal<u32>,
    /// Counts its drawings.
    pub drawn: RwSignal<u32>,
    /// Its controls in their initial state, and the settings of a link.
    first: RefCell<Vec<Control>>,
    /// Controls that moved when the reader did something: others may follow the sentence.
    touched: RefCell<BTreeSet<String>>,
    by_reader: Cell<bool>,
    settings: RefCell<Vec<(String, String)>>,
    later: Cell<bool>,
    ticking: Cell<bool>,
}

impl Live {
    /// A figure that draws into `place`, if that has room for a drawing. `settings` are controls and their values, to be
    /// set once it is there.
    pub fn new(
        app: App,
        at: usize,
        name: String,
        figure: Box<dyn PageFigure>,
        place: Element,
        settings: Vec<(String, String)>,
    ) -> Result<Option<Self>, JsValue> {
        let Some(paper) = place.query_selector(".drawing")? else { return Ok(None) };
        Ok(Some(Self {
            app,
            at,
            name,
            controls: RefCell::new(place.query_selector(".controls")?),
            caption: place.query_selector("figcaption")?,
            figure: RefCell::new(figure),
            of_model: RefCell::new(LESSON.into()),
            shown: RefCell::default(),
            scene: RefCell::default(),
            width: width_of(&paper)?,
            seen: seen(&place)?,
            read: is_read(&paper)?,
            begun: Cell::new(!settings.is_empty()),
            taken: Cell::default(),
            changed: RwSignal::new(0),
            drawn: RwSignal::new(0),
            first: RefCell::default(),
            touched: RefCell::default(),
            by_reader: Cell::default(),
            settings: RefCell::new(settings),
            later: Cell::default(),
            ticking: Cell::default(),
            place,
            paper,
        }))
    }

    /// Draws when anything that it depends on changed: at once if it is in sight, soon if it is not.
    pub fn follow(self: &Rc<Self>) {
        let seen = self.seen.get();
        self.read.track();
        self.app.selection.track();
        self.app.dark.track();
        self.app.hovered.track();
        self.app.cards.track();
        self.width.track();
        self.changed.track();
        if seen {
            return self.draw();
        }
        if self.is_heavy() {
            self.wait();
            return self.app.want(self.at, Vec::new());
        }
        if self.later.replace(true) {
            return;
        }
        let live = self.clone();
        after(LATER, move || {
            live.later.set(false);
            // Meanwhile a real model may have been found.
            if live.seen.get_untracked() || !live.is_heavy() {
                live.draw();
            }
        });
    }

    fn is_heavy(&self) -> bool {
        self.app.with_page(|page| self.figure.borrow().is_heavy(&page))
    }

    fn paper(&self) -> Paper {
        Paper { width: self.width.get_untracked(), dark: self.app.dark.get_untracked(), bare: true }
    }

    /// The page as the figure sees it, on this paper.
    fn with_page<T>(&self, paper: Paper, f: impl FnOnce(Page<'_>) -> T) -> T {
        self.app.with_page(|mut page| {
            page.paper = paper;
            f(page)
        })
    }

    fn draw(self: &Rc<Self>) {
        let view = self.with_page(self.paper(), |page| {
            let view = self.figure.borrow().view(&page);
            (view, page.into_wanted())
        });
        let (view, wanted) = view;
        self.app.want(self.at, wanted);
        match view {
            Ok(view) => {
                self.set_stale(false);
                let model = self.with_page(self.paper(), |page| self.figure.borrow().model(&page).to_owned());
                *self.of_model.borrow_mut() = model;
                // A figure that cannot be drawn does not affect the others.
                let _ = self.show(view);
            }
            Err(Missing::Waiting) => self.wait(),
            Err(Missing::Failed(_)) => self.set_stale(true),
            // The old drawing belongs to another model or sentence: it must not stay.
            Err(Missing::Nothing(why)) => self.say(&why),
            Err(Missing::TooLong(why)) => {
                self.clear_controls();
                self.say(&why);
            }
        }
        self.play();
        self.begin();
    }

    fn show(self: &Rc<Self>, view: View) -> Result<(), JsValue> {
        self.set_controls(&view)?;
        self.draw_scene(&view.scene)?;
        if let Some(caption) = &self.caption {
            caption.set_text_content(Some(&view.scene.caption));
        }
        if self.shown.borrow().is_none() {
            self.first.borrow_mut().clone_from(&view.controls);
        }
        if self.by_reader.take() {
            self.note_touched(&view.controls);
        }
        let has_steps = view.controls.iter().any(|control| matches!(control, Control::Said { .. }));
        self.place.toggle_attribute_with_force("data-steps", has_steps)?;
        *self.shown.borrow_mut() = Some(view);
        self.explain();
        self.drawn.update(|n| *n += 1);
        self.is_ready();
        let settings = self.settings.take();
        if settings.is_empty() {
            self.app.note_settings(&self.name, self.set_by_reader());
        }
        let there = self.shown.borrow().as_ref().map(|view| view.controls.clone()).unwrap_or_default();
        for (control, value) in settings {
            match chosen(&there, &format!("{control}={value}")) {
                Ok((control, value)) => self.hear(Event::Set(control, value)),
                Err(why) => self.app.refused.update(|all| all.push(words!("This link sets {}: {why}.", self.name))),
            }
        }
        Ok(())
    }

    fn set_controls(&self, view: &View) -> Result<(), JsValue> {
        if view.controls.is_empty() && self.controls.borrow().is_none() {
            return Ok(());
        }
        if self.controls.borrow().is_none() {
            let fresh = self.paper.owner_document().ok_or("a page")?.create_element("div")?;
            fresh.set_class_name("controls");
            self.place.insert_before(&fresh, Some(&self.paper))?;
            *self.controls.borrow_mut() = Some(fresh);
        }
        let before = self.shown.borrow();
        let before = before.as_ref().map(|view| view.controls.as_slice());
        match &*self.controls.borrow() {
            Some(place) => controls::set(place, &self.name, before, &view.controls),
            None => Ok(()),
        }
    }

    /// Removes the controls, which name what is in another text; the next view makes them anew.
    fn clear_controls(&self) {
        if let Some(place) = &*self.controls.borrow() {
            place.set_inner_html("");
        }
        if let Some(view) = &mut *self.shown.borrow_mut() {
            view.controls.clear();
        }
    }

    fn draw_scene(&self, scene: &Scene) -> Result<(), JsValue> {
        if self.scene.borrow().is_none() {
            let fresh = SceneView::new(&self.paper, &format!("figure-{}", self.name))?;
            *self.scene.borrow_mut() = Some(fresh);
        }
        self.scene.borrow_mut().as_mut().map_or(Ok(()), |view| view.draw(scene))
    }

    fn say(&self, why: &str) {
        self.scene.borrow_mut().take();
        self.paper.set_text_content(Some(why));
        if let Some(caption) = &self.caption {
            caption.set_text_content(None);
        }
        self.set_stale(false);
        self.is_ready();
    }

    /// What is drawn stays until the answer comes; if that is of another model, the drawing is pale and its caption says so.
    fn wait(&self) {
        let next = self.with_page(self.paper(), |page| self.figure.borrow().model(&page).to_owned());
        if *self.of_model.borrow() == next {
            return;
        }
        self.set_stale(true);
        if let Some(caption) = &self.caption {
            caption.set_text_content(Some(&words!("Waits for {next}; until then, another model is drawn here.")));
        }
    }

    fn set_stale(&self, stale: bool) {
        let _ = self.place.set_attribute("data-stale", if stale { "true" } else { "false" });
    }

    /// Marks what the reader is dragging, `handle` or `slider`: the stylesheet lets the marks follow faster.
    pub fn hold(&self, what: Option<&str>) {
        let _ = match what {
            Some(what) => self.place.set_attribute("data-held", what),
            None => self.place.remove_attribute("data-held"),
        };
    }

    fn is_ready(&self) {
        if self.place.get_attribute("data-ready").as_deref() != Some("true") {
            let _ = self.place.set_attribute("data-ready", "true");
            // `cargo xtask bench page` reads when the first figure became live.
            let _ = web_sys::window().and_then(|window| window.performance()).map(|clock| clock.mark("live"));
        }
    }

    /// Passes an event to the figure, and carries out the changes that it asks for.
    pub fn hear(self: &Rc<Self>, event: Event) {
        let event = event.at_its_place();
        // What plays by itself is nothing that the reader has set.
        let moves = matches!(event, Event::Over(..) | Event::Left | Event::Progress(_) | Event::Seen | Event::Tick);
        if !moves {
            self.by_reader.set(true);
            self.begun.set(true);
            self.taken.set(true);
        }
        if matches!(event, Event::Chosen(..) | Event::Set(..) | Event::Nudged(..)) {
            steady::hold(&self.place);
        }
        if matches!(&event, Event::Set(id, _) if id == "play") {
            self.cut();
        }
        let changes = self.with_page(self.paper(), |page| self.figure.borrow_mut().hear(&event, &page));
        for change in changes {
            match change {
                Change::Select(selection) => self.app.select(selection),
                Change::Hover(row) => self.app.hover(row),
                Change::Open(open) => self.app.open(open),
                Change::Work(request) => self.app.work(self, request),
                Change::Stop => self.app.stop_work(self.at),
                Change::Forget(model) => self.app.forget(&model),
            }
        }
        self.changed.update(|n| *n += 1);
    }

    /// The id of its model, and the sentence.
    pub fn of(&self) -> (String, String) {
        let model = self.with_page(self.paper(), |page| self.figure.borrow().model(&page).to_owned());
        (model, self.app.selection.with_untracked(|selection| selection.text.clone()))
    }

    /// Opens the arithmetic of a number that the figure computes itself.
    pub fn open_own(&self, mark: String) {
        steady::hold(&self.place);
        self.app.open(Open::Own { figure: self.name.clone(), mark });
    }

    /// Explains the open number, if it is the figure's own: it depends on what is dragged and set.
    fn explain(&self) {
        let Some(open) = self.app.selection.with_untracked(|selection| selection.open.clone()) else { return };
        let Open::Own { figure, mark } = &open else { return };
        if *figure == self.name {
            let explanation = self.with_page(self.paper(), |page| self.figure.borrow().explain(mark, &page));
            self.app.tell_own(open.clone(), explanation);
        }
    }

    /// Its index among the figures.
    pub fn index(&self) -> usize {
        self.at
    }

    /// The element in which it is drawn.
    pub fn paper_element(&self) -> &Element {
        &self.paper
    }

    /// The element of the whole figure.
    pub fn element(&self) -> &Element {
        &self.place
    }

    /// Plays a figure with steps once, when it comes into the middle of the window.
    fn begin(self: &Rc<Self>) {
        if !self.place.has_attribute("data-steps")
            || !self.read.get_untracked()
            || self.begun.replace(true)
            || is_still()
        {
            return;
        }
        let live = self.clone();
        after(BEFORE, move || {
            if !live.taken.get() {
                live.cut();
                live.hear(Event::Seen);
            }
        });
    }

    /// Lets the next drawing take the place of this one without a transition: the end does not turn into the beginning.
    fn cut(self: &Rc<Self>) {
        let _ = self.place.set_attribute("data-cut", "");
        let live = self.clone();
        after(CUT, move || drop(live.place.remove_attribute("data-cut")));
    }

    fn play(self: &Rc<Self>) {
        let plays = self.figure.borrow().plays();
        // The stylesheet looks at attributes instead of asking what an element has inside, which takes seconds in all.
        let _ = self.place.toggle_attribute_with_force("data-playing", plays.is_some());
        if let Ok(Some(chapter)) = self.place.closest("section") {
            let any = chapter.query_selector("figure[data-playing]").ok().flatten().is_some();
            let _ = chapter.toggle_attribute_with_force("data-playing", any);
        }
        let Some(pause) = plays.filter(|_| !self.ticking.get()) else { return };
        self.ticking.set(true);
        let live = self.clone();
        after(pause as i32, move || {
            live.ticking.set(false);
            live.hear(Event::Tick);
        });
    }
}

/// Does something in so many milliseconds.
fn after(pause: i32, act: impl FnOnce() + 'static) {
    let act = Closure::once_into_js(act);
    if let Some(window) = web_sys::window() {
        let _ = window.set_timeout_with_callback_and_timeout_and_arguments_0(act.unchecked_ref(), pause);
    }
}
