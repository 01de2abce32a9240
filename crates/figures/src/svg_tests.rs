use super::*;
use crate::color::Color;
use crate::raster::Raster;
use crate::scene::{Run, Target};

fn scene(nodes: Vec<Node>) -> Scene {
    let (title, description) = ("a <b> & \"c\"".into(), "d\u{0}".into());
    let caption = String::new();
    Scene { width: 100.0, height: 50.0, title, description, caption, background: Color::hex(0xffffff), nodes }
}

#[test]
fn the_title_names_the_picture() {
    let one = scene(vec![]);
    let svg = to_svg(&one);
    let id = id(&one);
    assert!(svg.contains(&format!("role=\"img\" aria-labelledby=\"{id}-title {id}-desc\"")));
    assert!(svg.contains(&format!("<title id=\"{id}-title\">a &lt;b&gt; &amp; &quot;c&quot;</title>")));
    let other = Scene { title: "another".into(), ..one };
    assert!(!to_svg(&other).contains(&id), "two drawings in a page have two names");
}

#[test]
fn nothing_in_a_file_hides() {
    assert_eq!(escape("a\u{202e}b\u{200b}\u{e0041}\u{a0}👩‍👧"), "a&#x202E;b&#x200B;&#xE0041;\u{a0}👩‍👧");
    assert_eq!(escape("\u{9b}2J\u{1b}"), "\u{fffd}2J\u{fffd}");
}

#[test]
fn cells_carry_their_indices_and_value() {
    let target = Target::weight(16, 0, 2, 1);
    let svg = to_svg(&scene(vec![Node::rect(0.0, 0.0, 5.0, 5.0).target(target).value(0.917).label("dog → hot")]));
    assert!(svg.contains(
        "data-number=\"blocks.16.attn.pattern[0,2,1]\" data-q=\"2\" data-k=\"1\" data-value=\"0.917\"><title>dog → hot</title>"
    ));
}

#[test]
fn rasters_are_pictures_inside() {
    let image = Raster::new(1, 1, vec![Color::hex(0)], vec![0]);
    let svg = to_svg(&scene(vec![Node::raster(0.0, 0.0, 5.0, 5.0, image)]));
    assert!(svg.contains("image-rendering:pixelated") && svg.contains("href=\"data:image/png;base64,"));
}

#[test]
fn one_drawing_for_both_themes() {
    let both = for_both_themes("<a fill=\"#ffffff\" b=\"#012345\"/>", "<a fill=\"#000000\" b=\"#012345\"/>");
    assert_eq!(both.as_deref(), Some("<a fill=\"light-dark(#ffffff,#000000)\" b=\"#012345\"/>\n"));
    let both = for_both_themes("<image href=\"a\"/>", "<image href=\"b\"/>");
    assert_eq!(
        both.as_deref(),
        Some("<image class=\"light-only\" href=\"a\"/><image class=\"dark-only\" href=\"b\"/>\n")
    );
    assert_eq!(for_both_themes("x=\"1\" #ffffff", "x=\"2\" #ffffff"), None);
    assert_eq!(for_both_themes("#ffffff", "#ffffff #000000"), None);
}

proptest::proptest! {
    /// Whatever a token contains, the file stays well-formed XML that loads nothing from any host.
    #[test]
    fn any_text_is_well_formed(text in "\\PC*", control in proptest::char::any()) {
        let text = format!(" {text}{control}]]><script>");
        let node = Node::text(0.0, 0.0, Run::new(text.clone()).bold()).label(text.clone());
        let svg = to_svg(&scene(vec![node]));
        proptest::prop_assert!(usvg::roxmltree::Document::parse(&svg).is_ok(), "{svg}");
        proptest::prop_assert!(!svg.contains("<script"));
        let said = 2 * text.matches("http").count();
        proptest::prop_assert_eq!(svg.matches("http").count(), 1 + said, "only the xmlns");
    }
}
