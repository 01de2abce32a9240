//! PNG and PDF: that they are what they say, and show what they should.
#![cfg(all(feature = "png", feature = "pdf"))]

mod sample;

use attnscope_figures::Shape;
use attnscope_figures::figure::matrix;
use attnscope_figures::{Color, Scene, Theme, pdf, png};

struct Picture {
    width: usize,
    height: usize,
    rgba: Vec<u8>,
}

impl Picture {
    fn of(scene: &Scene, scale: f32) -> Self {
        let bytes = png::to_png(scene, scale).unwrap();
        let mut reader = png_encoder::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut rgba = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut rgba).unwrap();
        Self { width: info.width as usize, height: info.height as usize, rgba }
    }

    fn color(&self, x: f32, y: f32) -> Color {
        let at = (y as usize * self.width + x as usize) * 4;
        Color { r: self.rgba[at], g: self.rgba[at + 1], b: self.rgba[at + 2] }
    }
}

#[test]
fn a_png_has_the_scenes_size_and_colours() {
    let scene = matrix::render(&sample::hot_dog(), &Default::default(), &Theme::LIGHT);
    let picture = Picture::of(&scene, 2.0);
    assert_eq!((picture.width, picture.height), (scene.width as usize * 2, scene.height as usize * 2));
    let Some(Shape::Rect { x, y, fill: Some(fill), .. }) = scene.node("cell-2-1").map(|n| &n.shape) else { panic!() };
    assert_eq!(*fill, Theme::LIGHT.weight(0.92));
    assert_eq!(picture.color((x + 8.0) * 2.0, (y + 8.0) * 2.0), *fill);
    assert_eq!(picture.color(3.0, 3.0), Theme::LIGHT.background);
}

#[test]
fn a_png_draws_text_and_rasters() {
    let data = sample::matrix(sample::words(300), 2, true);
    let scene = matrix::render(&data, &Default::default(), &Theme::LIGHT);
    let picture = Picture::of(&scene, 2.0);
    let Some(Shape::Raster { x, y, width, height, image }) = scene.node("pattern").map(|n| &n.shape) else { panic!() };
    // Every cell keeps its crisp colour, up to its corner pixels.
    for (col, row) in [(0, 0), (299, 0), (120, 120), (119, 120), (299, 299)] {
        let (w, h) = (width / image.width() as f32, height / image.height() as f32);
        let at = ((x + (col as f32 + 0.5) * w) * 2.0, (y + (row as f32 + 0.5) * h) * 2.0);
        assert_eq!(Some(picture.color(at.0, at.1)), image.color(col, row), "{col} {row}");
    }
    let ink = Theme::LIGHT.text;
    let heading = (56..100)
        .flat_map(|y| (56..600).map(move |x| (x, y)))
        .filter(|&(x, y)| picture.color(x as f32, y as f32) == ink);
    assert!(heading.count() > 500, "the heading is not drawn in the embedded font");
}

#[test]
fn a_picture_too_large_is_refused() {
    let scene = matrix::render(&sample::hot_dog(), &Default::default(), &Theme::LIGHT);
    for scale in [0.0, -1.0, f32::NAN, 1000.0] {
        let error = png::to_png(&scene, scale).unwrap_err().to_string();
        assert!(error.contains("each side must be 1 to 16384"), "{error}");
    }
}

#[test]
fn a_pdf_has_one_page_with_text() {
    let scene = matrix::render(&sample::hot_dog(), &Default::default(), &Theme::LIGHT);
    let bytes = pdf::to_pdf(&scene).unwrap();
    assert!(bytes.starts_with(b"%PDF-"));
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.contains("/Type /Page\n") && text.contains("/Count 1"), "one page");
    assert!(text.contains("/MediaBox [0 0 ") && text.contains("Inter"), "a page's size, the embedded font");
    assert!(text.contains(&format!("{} {}", scene.width, scene.height)), "the page has the scene's size");
}
