//! The area that a figure of the page is drawn on.

use attnscope_figures::figure::Canvas;
use attnscope_figures::{Scene, Theme};

/// Figures keep a margin for files; on the page there is one already.
pub const CROP: f32 = 27.0;

/// The room that a figure has, and the page's colours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Paper {
    /// Pixels of the page that it may fill.
    pub width: f32,
    /// Whether it is light on dark.
    pub dark: bool,
    /// Whether it has no heading, caption and margins: the page around it has its own, a file does not.
    pub bare: bool,
}

impl Default for Paper {
    /// The width of the page's figures where there is room, light.
    fn default() -> Self {
        Self { width: 688.0, dark: false, bare: true }
    }
}

impl Paper {
    /// The canvas that fills it, once the margins are cropped if it is bare.
    pub fn canvas(self) -> Canvas {
        Canvas { width: self.width + if self.bare { 2.0 * CROP } else { 0.0 }, bare: self.bare }
    }

    /// The colours.
    pub fn theme(self) -> &'static Theme {
        if self.dark { &Theme::DARK } else { &Theme::LIGHT }
    }
}

/// The part of a scene that the page shows: x, y, width, height.
pub fn view_box(scene: &Scene) -> [f32; 4] {
    [CROP, 0.0, scene.width - 2.0 * CROP, scene.height]
}
