//! Scene → PDF: one page of the scene's size, with real text.

use crate::scene::Scene;
use crate::{OutputError, font, svg};

/// The scene as a PDF file of one page.
pub fn to_pdf(scene: &Scene) -> Result<Vec<u8>, OutputError> {
    let tree = font::parse(&svg::to_svg(scene)).map_err(|e| OutputError::Svg(e.to_string()))?;
    // 72 dots per inch: a pixel of the scene becomes a point of the page.
    let page = svg2pdf::PageOptions { dpi: 72.0 };
    svg2pdf::to_pdf(&tree, svg2pdf::ConversionOptions::default(), page).map_err(|e| OutputError::Write(e.to_string()))
}
