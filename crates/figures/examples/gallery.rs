//! Every figure, light and dark, small and large, as SVG and PNG: `cargo run --example gallery -- FOLDER`.
//! Look at all of them after a change of looks.

#[path = "../tests/sample/mod.rs"]
mod sample;

use attnscope_figures::{Theme, png, svg};
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("say where: cargo run --example gallery -- FOLDER")?;
    std::fs::create_dir_all(&folder)?;
    for theme in [Theme::LIGHT, Theme::DARK] {
        for (name, scene) in sample::scenes::scenes(&theme) {
            let path = Path::new(&folder).join(format!("{name}-{}", theme.name));
            std::fs::write(path.with_extension("svg"), svg::to_svg(&scene))?;
            std::fs::write(path.with_extension("png"), png::to_png(&scene, png::DEFAULT_SCALE)?)?;
            #[cfg(feature = "pdf")]
            std::fs::write(path.with_extension("pdf"), attnscope_figures::pdf::to_pdf(&scene)?)?;
        }
    }
    Ok(())
}
