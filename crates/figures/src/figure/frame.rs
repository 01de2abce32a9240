//! What all figures share: margins, heading, caption, legend.

use crate::figure::Canvas;
use crate::number::number;
use crate::raster::Raster;
use crate::scene::{Anchor, Node, Run, Scene, Stroke, Weight};
use crate::text;
use crate::theme::Theme;
use crate::token;
use attnscope_words::words;

/// Margin on every side.
pub(crate) const PAD: f32 = 28.0;
/// Size of labels.
pub(crate) const LABEL: f32 = 13.0;
/// Size of small print, and the smallest of all: a number that has no room for it is not written.
pub(crate) const SMALL: f32 = 13.0;

const TITLE: f32 = 18.0;
const LEAD: f32 = 13.0;

/// A scene under construction. `y` is where the next part goes.
pub(crate) struct Frame<'a> {
    pub theme: &'a Theme,
    pub width: f32,
    pub y: f32,
    pub nodes: Vec<Node>,
    title: String,
    bare: bool,
}

impl<'a> Frame<'a> {
    /// Begins with the heading: the title, and a line or two that say how to read the figure.
    pub fn new(theme: &'a Theme, canvas: &Canvas, width: f32, title: impl Into<String>, lead: &str) -> Self {
        let title = title.into();
        let mut frame = Self { theme, width, y: PAD, nodes: Vec::new(), title, bare: canvas.bare };
        if frame.bare {
            frame.y = PAD / 2.0;
            return frame;
        }
        for line in text::wrap(&frame.title, frame.inner(), TITLE, Weight::Semibold) {
            let node = Node::text(PAD, frame.y + TITLE * 0.8, Run::new(line)).size(TITLE).bold().fill(theme.text);
            frame.nodes.push(node);
            frame.y += 24.0;
        }
        frame.y += 2.0;
        frame.paragraph(lead, LEAD, 19.0);
        frame.y += 20.0;
        frame
    }

    /// The wanted width, or the canvas's if that is narrower, so that a phone only scrolls for the data.
    pub fn within(canvas: &Canvas, wanted: f32) -> f32 {
        wanted.min(canvas.width.max(360.0))
    }

    /// Width between the margins.
    pub fn inner(&self) -> f32 {
        self.width - 2.0 * PAD
    }

    /// Adds a mark.
    pub fn push(&mut self, node: Node) {
        self.nodes.push(node);
    }

    /// Names the marks added since there were `from` that have no key yet: `KEY-0`, `KEY-1`, …
    pub fn name_since(&mut self, from: usize, key: &str) {
        let unnamed = self.nodes.iter_mut().skip(from).filter(|node| node.key.is_none());
        unnamed.enumerate().for_each(|(i, node)| node.key = Some(format!("{key}-{i}")));
    }

    /// Adds a line of text whose capitals are centred on `y`.
    pub fn label(&mut self, x: f32, y: f32, anchor: Anchor, text: impl Into<String>) {
        let node = Node::text(x, y, Run::new(text)).size(SMALL).anchor(anchor).fill(self.theme.muted).centred();
        self.nodes.push(node);
    }

    /// The text shown where there is nothing to draw.
    pub fn nothing(&mut self, text: &str) {
        self.label(PAD, self.y + 10.0, Anchor::Start, text);
        if let Some(node) = self.nodes.pop() {
            self.push(node.key("nothing"));
        }
        self.y += 24.0;
    }

    /// Muted text, broken into lines, at `y`; moves `y` below it.
    fn paragraph(&mut self, content: &str, size: f32, line_height: f32) {
        for line in text::wrap_balanced(content, self.inner(), size, Weight::Regular) {
            self.nodes.push(Node::text(PAD, self.y + size, Run::new(line)).size(size).fill(self.theme.muted));
            self.y += line_height;
        }
    }

    /// The ramp of weights (or other numbers from 0 to 1) with its ends named, and the sign of a masked cell. 14 pixels
    /// high.
    pub fn weight_legend(&mut self, x: f32, what: &str, full_at: f32, masked: Option<Masked>) {
        let (theme, mid) = (self.theme, self.y + 7.0);
        // On a phone the ramp is shorter, so that the words have room.
        let bar = if self.inner() < 380.0 { 96.0 } else { 132.0 };
        self.label(x, mid, Anchor::Start, what);
        let x0 = x + text::width(what, SMALL, Weight::Regular) + 10.0;
        self.label(x0, mid, Anchor::Start, "0");
        let x0 = x0 + 12.0;
        let palette: Vec<_> = (0..128).map(|i| theme.weight(i as f32 / 127.0)).collect();
        let ramp = Raster::new(128, 1, palette, (0..128).collect());
        self.push(Node::raster(x0, mid - 5.0, bar, 10.0, ramp));
        self.push(Node::rect(x0 - 0.5, mid - 5.5, bar + 1.0, 11.0).stroke(Stroke::new(theme.grid, 1.0)));
        let end = if full_at < 1.0 { words!("{} and more", number(full_at)) } else { "1".into() };
        let x1 = x0 + bar + 32.0 + text::width(&end[1..], SMALL, Weight::Regular);
        self.label(x0 + bar + 7.0, mid, Anchor::Start, end);
        match masked {
            None => {}
            Some(Masked::Dot) => {
                self.push(Node::circle(x1 + 5.0, mid, 2.0).fill(theme.masked_dot));
                self.label(x1 + 16.0, mid, Anchor::Start, words!("masked"));
            }
            Some(Masked::Flat) => {
                self.push(Node::rect(x1, mid - 5.0, 10.0, 10.0).fill(theme.masked));
                self.label(x1 + 16.0, mid, Anchor::Start, words!("masked"));
            }
        }
        self.y += 14.0;
    }

    /// Width that [`Self::weight_legend`] takes.
    pub const LEGEND_WIDTH: f32 = 430.0;

    /// Ends with the caption, which says what the figure simplifies.
    pub fn finish(mut self, caption: &str, description: String) -> Scene {
        if self.bare {
            self.y += PAD / 2.0;
        } else {
            self.y += 16.0;
            self.paragraph(caption, SMALL, 17.0);
            self.y += PAD - 6.0;
        }
        Scene {
            width: self.width.ceil(),
            height: self.y.ceil(),
            title: self.title,
            description,
            caption: caption.into(),
            background: self.theme.background,
            nodes: self.nodes,
        }
    }
}

/// Adds a sentence to the caption of a finished scene, for facts that only the caller knows.
pub fn add_note(scene: &mut Scene, note: &str, canvas: &Canvas, theme: &Theme) {
    scene.caption = caption(&[&scene.caption, note]);
    if canvas.bare || note.is_empty() {
        return;
    }
    // Where the caption ended.
    let mut y = scene.height - (PAD - 6.0);
    for line in text::wrap_balanced(note, scene.width - 2.0 * PAD, SMALL, Weight::Regular) {
        scene.nodes.push(Node::text(PAD, y + SMALL, Run::new(line)).size(SMALL).fill(theme.muted));
        y += 17.0;
    }
    scene.height = (y + PAD - 6.0).ceil();
}

/// How a masked cell is drawn.
pub(crate) enum Masked {
    /// A dot where the cell would be.
    Dot,
    /// A flat warm grey, in rasters.
    Flat,
}

/// The figure's caption from its parts: those that are not empty, with a space between.
pub(crate) fn caption(parts: &[&str]) -> String {
    parts.iter().filter(|p| !p.is_empty()).copied().collect::<Vec<_>>().join(" ")
}

/// `name.` or nothing: a model's name as the beginning of a caption.
pub(crate) fn credit(model: &str) -> String {
    if model.is_empty() { String::new() } else { format!("{}.", attnscope_words::heard(model)) }
}

/// The sentence that the tokens form: concatenated, or with spaces between them if they are whole words.
pub(crate) fn sentence(tokens: &[String], word_level: bool) -> String {
    let text = if word_level { tokens.join(" ") } else { tokens.concat() };
    let text = token::plain(text.trim());
    match text.char_indices().nth(200) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_stands_below_the_caption_and_on_a_page_in_it() {
        for bare in [false, true] {
            let canvas = Canvas { bare, ..Canvas::default() };
            let mut scene = Frame::new(&Theme::LIGHT, &canvas, 400.0, "A", "b").finish("A caption.", String::new());
            let height = scene.height;
            add_note(&mut scene, "A note.", &canvas, &Theme::LIGHT);
            assert_eq!(scene.caption, "A caption. A note.");
            assert_eq!(scene.texts().iter().any(|text| text.replace('\u{a0}', " ") == "A note."), !bare);
            assert_eq!(scene.height - height, if bare { 0.0 } else { 17.0 });
        }
    }

    #[test]
    fn a_sentence_has_its_spaces_whatever_the_tokens_are() {
        let tokens = |texts: [&str; 3]| texts.map(str::to_string);
        assert_eq!(sentence(&tokens(["the", " hot", " dog"]), false), "the hot dog");
        assert_eq!(sentence(&tokens(["the", "hot", "dog"]), true), "the hot dog");
        assert_eq!(sentence(&tokens(["un", "believ", "able"]), false), "unbelievable");
    }
}
