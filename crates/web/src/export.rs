//! A figure as a file, as an address, and as a table.

use crate::live::Live;
use crate::settings::add;
use attnscope_figures::svg::{escape, to_svg_of_width};
use attnscope_figures::{Scene, Table};
use attnscope_page::Selection;
use attnscope_words::words;
use js_sys::{Array, Promise, Uint8Array};
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, BlobPropertyBag, CanvasRenderingContext2d, Document, Element, HtmlAnchorElement, HtmlCanvasElement,
    HtmlElement, HtmlImageElement, Response, Url, Window,
};

/// How a figure is saved: in which colours, and how wide.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// Light on dark.
    pub dark: bool,
    /// As wide as a column of a paper, which is half of a page.
    pub column: bool,
}

impl Look {
    /// Width of the drawing in pixels, of which a printed inch has 96: a column is 89 mm.
    fn width(self) -> f32 {
        if self.column { 336.0 } else { 760.0 }
    }

    /// Pixels of a picture per pixel of the drawing: enough for print.
    fn scale(self) -> f64 {
        if self.column { 4.0 } else { 2.0 }
    }
}

/// Rows and columns of a table that are shown; the file has all.
const ROWS: usize = 200;
const COLUMNS: usize = 64;

/// Saves a figure as `svg`, `png` or `csv`; `said` gets the reason if that fails.
pub fn save(live: &Rc<Live>, kind: &'static str, look: Look, said: impl Fn(String) + 'static) {
    let (name, live) = (format!("{}.{kind}", file_name(live)), live.clone());
    leptos::task::spawn_local(async move {
        if let Err(why) = saved(&live, kind, look, &name).await {
            said(why);
        }
    });
}

/// `attnscope-matrix-lesson-the-hot-dog-was`: the figure, its model and the sentence, so that several lie side by side.
fn file_name(live: &Live) -> String {
    let (model, text) = live.of();
    let plain = |text: &str| {
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.collect::<Vec<_>>().join("-").to_lowercase().chars().take(40).collect::<String>()
    };
    let parts = ["attnscope".to_owned(), live.name().to_owned(), plain(&model), plain(&text)];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

async fn saved(live: &Live, kind: &str, look: Look, name: &str) -> Result<(), String> {
    let scene = || live.for_file(look.width(), look.dark);
    let blob = match kind {
        "csv" => text(&live.table()?.to_csv(), "text/csv"),
        "png" => picture(&scene()?, look.scale()).await,
        _ => {
            let scene = scene()?;
            text(&to_svg_of_width(&scene, scene.width.min(look.width())), "image/svg+xml")
        }
    };
    blob.and_then(|blob| download(&blob, name)).map_err(|error| words!("this browser cannot save it: {}", why(&error)))
}

/// What the browser says of an error, without the names of where it happened.
fn why(error: &JsValue) -> String {
    let said = error.dyn_ref::<js_sys::Error>().map(|error| String::from(error.message()));
    said.or_else(|| error.as_string()).unwrap_or_else(|| words!("it does not say why").into())
}

/// The figure's numbers as HTML.
pub fn table(live: &Live) -> Result<String, String> {
    let table: Table = live.table()?;
    Ok(table.to_html(&live.title(), ROWS, COLUMNS))
}

/// The address that shows the current view, at this figure.
pub fn link(live: &Live) -> String {
    format!("{}{}#figure-{}", base(), query(live), live.name())
}

/// HTML for another page: this one figure, live.
pub fn frame(live: &Live) -> String {
    let address = format!("{}embed-{}.html{}", base(), live.name(), query(live));
    let height = live.element().dyn_ref::<HtmlElement>().map_or(480, HtmlElement::offset_height) + 120;
    let (address, title) = (escape(&address), escape(&live.title()));
    format!(
        "<iframe src=\"{address}\" title=\"{title}\" width=\"100%\" height=\"{height}\" style=\"border: 0\"></iframe>"
    )
}

/// Copies a text; `said` gets the outcome.
pub fn copy(text: &str, said: impl Fn(String) + 'static) {
    // There is no clipboard unless the page came over a secure connection.
    let clipboard = window().and_then(|window| {
        let clipboard = js_sys::Reflect::get(&window.navigator(), &"clipboard".into()).ok()?;
        clipboard.dyn_into::<web_sys::Clipboard>().ok()
    });
    let promise = clipboard.map(|clipboard| clipboard.write_text(text));
    leptos::task::spawn_local(async move {
        let done = match promise {
            Some(promise) => JsFuture::from(promise).await.is_ok(),
            None => false,
        };
        said(
            if done {
                words!("copied")
            } else {
                words!("This browser does not let the page copy: take it from the field.")
            }
            .into(),
        );
    });
}

/// The page's address without the selection.
fn base() -> String {
    let href = window().and_then(|window| window.location().href().ok()).unwrap_or_default();
    let bare = href.split(['?', '#']).next().unwrap_or_default();
    bare.rsplit_once('/').map_or_else(String::new, |(folder, _)| format!("{folder}/"))
}

/// The page's selection, and the figure's settings.
fn query(live: &Live) -> String {
    let chosen = live.selection();
    let mut query = Selection { open: None, ..chosen }.to_query();
    add(&mut query, live.name(), &live.set_by_reader());
    query
}

fn window() -> Option<Window> {
    web_sys::window()
}

fn document() -> Result<Document, JsValue> {
    window().and_then(|window| window.document()).ok_or_else(|| "no page".into())
}

fn text(content: &str, kind: &str) -> Result<Blob, JsValue> {
    let options = BlobPropertyBag::new();
    options.set_type(kind);
    Blob::new_with_str_sequence_and_options(&Array::of1(&content.into()), &options)
}

fn download(blob: &Blob, name: &str) -> Result<(), JsValue> {
    let url = Url::create_object_url_with_blob(blob)?;
    let link: HtmlAnchorElement = document()?.create_element("a")?.unchecked_into();
    link.set_href(&url);
    link.set_download(name);
    link.click();
    Url::revoke_object_url(&url)
}

/// The drawing as PNG, by way of the browser's own canvas.
async fn picture(scene: &Scene, scale: f64) -> Result<Blob, JsValue> {
    // An image cannot use anything of the page around it, so it must contain its font.
    let svg = to_svg_of_width(scene, scene.width).replacen('>', &format!("><style>{}</style>", fonts().await?), 1);
    let url = Url::create_object_url_with_blob(&text(&svg, "image/svg+xml")?)?;
    let drawn = canvas(scene, scale, &url).await;
    Url::revoke_object_url(&url)?;
    let canvas = drawn?;
    let mut failed = Ok(());
    let made = Promise::new(&mut |done, _| failed = canvas.to_blob(&done));
    let blob = JsFuture::from(made).await?;
    failed?;
    blob.dyn_into()
}

async fn canvas(scene: &Scene, scale: f64, url: &str) -> Result<HtmlCanvasElement, JsValue> {
    let image = HtmlImageElement::new()?;
    image.set_src(url);
    JsFuture::from(image.decode()).await?;
    let canvas: HtmlCanvasElement = document()?.create_element("canvas")?.unchecked_into();
    let (width, height) = (f64::from(scene.width) * scale, f64::from(scene.height) * scale);
    canvas.set_width(width as u32);
    canvas.set_height(height as u32);
    let context = canvas.get_context("2d")?.ok_or("no canvas")?.unchecked_into::<CanvasRenderingContext2d>();
    context.draw_image_with_html_image_element_and_dw_and_dh(&image, 0.0, 0.0, width, height)?;
    Ok(canvas)
}

/// The page's two fonts, in the style itself.
async fn fonts() -> Result<String, JsValue> {
    let links = document()?.query_selector_all("link[rel=preload][as=font]")?;
    let mut style = String::new();
    for (at, weight) in [(0, 400), (1, 600)] {
        let link = links.get(at).and_then(|node| node.dyn_into::<Element>().ok()).ok_or("the page's fonts")?;
        let address = link.get_attribute("href").unwrap_or_default();
        let answer = JsFuture::from(window().ok_or("a window")?.fetch_with_str(&address)).await?;
        let bytes = JsFuture::from(answer.unchecked_into::<Response>().array_buffer()?).await?;
        let data = base64(&Uint8Array::new(&bytes).to_vec())?;
        style += &format!(
            "@font-face{{font-family:Inter;font-weight:{weight};src:url(data:font/woff2;base64,{data}) format('woff2')}}"
        );
    }
    Ok(style)
}

/// Base64 by the browser's own function, which takes one character per byte.
fn base64(bytes: &[u8]) -> Result<String, JsValue> {
    let latin: String = bytes.iter().map(|&byte| char::from(byte)).collect();
    window().ok_or("a window")?.btoa(&latin)
}
