//! Scene → PNG.

use crate::scene::Scene;
use crate::{OutputError, font, svg};
use resvg::tiny_skia::{Pixmap, Transform};

/// Pixels of the picture per pixel of the scene by default: sharp on high-density screens.
pub const DEFAULT_SCALE: f32 = 2.0;

/// The most pixels of a picture's width or height, which bounds what one picture may allocate.
const MAX_SIDE: f32 = 16_384.0;

/// The scene as a PNG file, with `scale` pixels per pixel of the scene.
pub fn to_png(scene: &Scene, scale: f32) -> Result<Vec<u8>, OutputError> {
    let (width, height) = ((scene.width * scale).ceil(), (scene.height * scale).ceil());
    let sane = |side: f32| (1.0..=MAX_SIDE).contains(&side);
    if !sane(width) || !sane(height) {
        return Err(OutputError::Size { width, height, max: MAX_SIDE });
    }
    let tree = font::parse(&svg::to_svg(scene)).map_err(|e| OutputError::Svg(e.to_string()))?;
    let mut pixmap =
        Pixmap::new(width as u32, height as u32).ok_or(OutputError::Size { width, height, max: MAX_SIDE })?;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixmap.as_mut());
    pixmap.encode_png().map_err(|e| OutputError::Write(e.to_string()))
}
