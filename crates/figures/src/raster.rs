//! Pixels of a palette: how a pattern of thousands of tokens is stored and drawn.

use crate::color::Color;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

/// An image of palette indices, row by row from the top left.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Raster {
    width: usize,
    height: usize,
    palette: Vec<Color>,
    #[serde(serialize_with = "as_base64")]
    pixels: Vec<u8>,
}

impl Raster {
    /// Wraps pixels. An index beyond the palette is drawn in its last colour.
    ///
    /// # Panics
    /// If `pixels` are not `width × height`, or the palette is empty or has more than 256 colours:
    /// errors of the caller, never of the data.
    pub fn new(width: usize, height: usize, palette: Vec<Color>, mut pixels: Vec<u8>) -> Self {
        assert_eq!(width * height, pixels.len(), "a raster of {width} × {height}");
        assert!((1..=256).contains(&palette.len()), "a palette of {} colours", palette.len());
        let last = (palette.len() - 1) as u8;
        pixels.iter_mut().for_each(|p| *p = (*p).min(last));
        Self { width, height, palette, pixels }
    }

    /// Pixels per row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The colour of a pixel, if it is in the image.
    pub fn color(&self, x: usize, y: usize) -> Option<Color> {
        (x < self.width && y < self.height).then(|| self.palette[usize::from(self.pixels[y * self.width + x])])
    }

    /// Red, green, blue, opaque: four bytes per pixel, as a canvas needs them.
    pub fn rgba(&self) -> Vec<u8> {
        let rgba = |&p: &u8| {
            let c = self.palette[usize::from(p)];
            [c.r, c.g, c.b, 255]
        };
        self.pixels.iter().flat_map(rgba).collect()
    }

    /// The image as a PNG file.
    pub fn png(&self) -> Vec<u8> {
        let mut out = Vec::new();
        // A PNG cannot be empty, so an empty image becomes one pixel of the first colour.
        let empty = self.pixels.is_empty();
        let (width, height) = if empty { (1, 1) } else { (self.width, self.height) };
        let pixels: &[u8] = if empty { &[0] } else { &self.pixels };
        let mut encoder = png_encoder::Encoder::new(&mut out, width as u32, height as u32);
        encoder.set_color(png_encoder::ColorType::Indexed);
        encoder.set_depth(png_encoder::BitDepth::Eight);
        encoder.set_palette(self.palette.iter().flat_map(|c| [c.r, c.g, c.b]).collect::<Vec<u8>>());
        // Writing to memory fails only if the format's rules are broken, which the checks of `new` exclude.
        let written = encoder.write_header().and_then(|mut w| w.write_image_data(pixels));
        debug_assert!(written.is_ok(), "{written:?}");
        out
    }

    /// The image as a `data:` URL that a drawing can contain.
    pub fn data_uri(&self) -> String {
        format!("data:image/png;base64,{}", STANDARD.encode(self.png()))
    }
}

/// One string, since millions of pixels as JSON numbers would be too much for a page.
fn as_base64<S: serde::Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_png_reads_back() {
        let palette = vec![Color::hex(0xff0000), Color::hex(0x00ff00), Color::hex(0x0000ff)];
        let raster = Raster::new(3, 2, palette, vec![0, 1, 2, 2, 1, 9]);
        let bytes = raster.png();
        let mut decoder = png_encoder::Decoder::new(std::io::Cursor::new(bytes));
        decoder.set_transformations(png_encoder::Transformations::EXPAND);
        let mut reader = decoder.read_info().unwrap();
        let mut rgb = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut rgb).unwrap();
        assert_eq!((info.width, info.height), (3, 2));
        assert_eq!(rgb, [255, 0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 255, 0, 255, 0, 0, 0, 255]);
        assert_eq!(raster.color(2, 1), Some(Color::hex(0x0000ff)), "beyond the palette: its last colour");
        assert_eq!(raster.color(3, 0), None);
    }

    #[test]
    fn nothing_is_still_an_image() {
        assert!(Raster::new(0, 0, vec![Color::hex(0)], vec![]).png().starts_with(b"\x89PNG"));
    }
}
