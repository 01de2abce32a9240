//! The embedded font, and the system's own fonts for characters that it lacks.

use std::sync::{Arc, OnceLock};
use usvg::fontdb::Database;

/// Inter, then the system's fonts (Chinese, Japanese, Korean, emoji …), read once.
fn database() -> Arc<Database> {
    static DATABASE: OnceLock<Arc<Database>> = OnceLock::new();
    DATABASE
        .get_or_init(|| {
            let mut db = Database::new();
            // Ours first, since an Inter of the system may have other widths.
            db.load_font_data(include_bytes!("../fonts/Inter-Regular.otf").to_vec());
            db.load_font_data(include_bytes!("../fonts/Inter-SemiBold.otf").to_vec());
            db.load_system_fonts();
            db.set_sans_serif_family("Inter");
            Arc::new(db)
        })
        .clone()
}

/// Parses an SVG of ours with these fonts.
pub(crate) fn parse(svg: &str) -> Result<usvg::Tree, usvg::Error> {
    let options = usvg::Options { font_family: "Inter".into(), fontdb: database(), ..Default::default() };
    usvg::Tree::from_str(svg, &options)
}
