//! The page around the chapters.

use crate::assets::Assets;
use crate::place;
use crate::story::Chapter;
use attnscope_figures::svg::escape;
use attnscope_page::SENTENCE;

const DESCRIPTION: &str = "Attention in language models, explained with a real model that runs in the page: every number \
    is computed, on your own words.";

/// The page with the story. `is_static` tells it that there is no server.
pub fn index(chapters: &[Chapter], hero: &str, assets: &Assets, is_static: bool) -> String {
    let sections: String =
        chapters.iter().enumerate().map(|(i, one)| section(one, chapters.get(i + 1), chapters)).collect();
    let (contents, minutes) = (contents(chapters), minutes(chapters));
    let head = head("Attention, visualized", assets, is_static);
    let bar = bar(assets);
    format!(
        r##"{head}<body>
<a class="skip" href="#story">Skip to the story</a>
{bar}{contents}<main id="story">
<div class="hero">
<h1>Attention, visualized</h1>
<p>How does a language model know that a hot dog is no dog? Every figure on this page is computed by a real model, here, while you read. Change the sentence at the top, and the figures of all chapters follow.</p>
{hero}<p class="length">{n} chapters, about {minutes} minutes to read</p>
</div>
{sections}</main>
<div id="page-of-slides" role="group" aria-label="Slides"><button type="button" value="-1" aria-label="back">←</button><span></span><button type="button" value="1" aria-label="on">→</button><button type="button" value="end">end</button></div>
<footer><p>Made with attnscope, an attention engine whose every number can be looked at. MIT or Apache-2.0. The page asks no other host for anything.</p></footer>
<script type="module" src="{script}"></script>
<script type="module" src="{replay}"></script>
<script type="module" src="{slides}"></script>
</body>
</html>
"##,
        n = chapters.len(),
        script = assets.url("contents.js"),
        replay = assets.url("hero.js"),
        slides = assets.url("slides.js"),
    )
}

/// The list of chapters: at the side of a wide window; on a narrow one a button opens it.
fn contents(chapters: &[Chapter]) -> String {
    let entry = |Chapter { id, number, title, .. }: &Chapter| {
        format!("<li value=\"{number}\"><a href=\"#{id}\">{}</a></li>\n", escape(title))
    };
    let entries: String = chapters.iter().map(entry).collect();
    format!(
        "<button id=\"where\" type=\"button\" popovertarget=\"contents\">Chapters <span></span></button>\n\
         <nav id=\"contents\" popover aria-label=\"Chapters\"><ol>\n{entries}</ol>\n\
         <button class=\"present\" type=\"button\">Show as slides</button></nav>\n"
    )
}

/// How long the prose takes to read, at 220 words a minute.
fn minutes(chapters: &[Chapter]) -> usize {
    let words: usize = chapters.iter().map(|chapter| chapter.words).sum();
    words.div_ceil(220)
}

/// One figure by itself, for a frame in another page.
pub fn embed(about: &str, figure: &str, assets: &Assets, is_static: bool) -> String {
    let head = head(about, assets, is_static);
    let bar = bar(assets);
    format!(
        "{head}<body class=\"embed\">\n{bar}<main>\n<h1 class=\"unseen\">{}</h1>\n{figure}</main>\n</body>\n</html>\n",
        escape(about)
    )
}

/// The file that holds [`embed`].
pub fn embed_name(figure: &str) -> String {
    format!("embed-{figure}.html")
}

fn head(title: &str, assets: &Assets, is_static: bool) -> String {
    let url = |name: &str| assets.url(name);
    format!(
        r##"<!doctype html>
<html lang="en"{server}{threads}>
<head>
<meta charset="utf-8">
<title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="{DESCRIPTION}">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="{icon}">
<script src="{theme}"></script>
<link rel="stylesheet" href="{style}">
<link rel="preload" href="{font}" as="font" type="font/woff2" crossorigin>
<link rel="preload" href="{bold}" as="font" type="font/woff2" crossorigin>
<link rel="modulepreload" href="{script}">
<link rel="preload" href="{wasm}" as="fetch" type="application/wasm" crossorigin>
<script type="module" src="{boot}"></script>
</head>
"##,
        title = escape(title),
        server = if is_static { " data-server=\"none\"" } else { "" },
        threads = if assets.has("attnscope_worker_threads_bg.wasm") { " data-threads" } else { "" },
        icon = url("favicon.svg"),
        theme = url("theme.js"),
        style = url("style.css"),
        font = url("Inter-Regular.woff2"),
        bold = url("Inter-SemiBold.woff2"),
        script = url("attnscope_web.js"),
        wasm = url("attnscope_web_bg.wasm"),
        boot = url("boot.js"),
    )
}

/// The bar that stays visible: the sentence, the model, and the page's messages.
fn bar(assets: &Assets) -> String {
    format!(
        r##"<header class="top">
<div class="top-inner">
<a class="brand" href="./"><img src="{icon}" alt="" width="24" height="24">attnscope</a>
<div id="bar">
<label class="field sentence"><span>Your sentence</span><textarea id="sentence" rows="1" disabled>{sentence}</textarea></label>
<label class="field model"><span>Model</span><select id="model" disabled><option>Lesson model</option></select></label>
<span class="icon"></span>
</div>
<div id="status"><noscript><p>The figures show this sentence. With JavaScript they follow yours.</p></noscript></div>
</div>
</header>
"##,
        icon = assets.url("favicon.svg"),
        sentence = escape(SENTENCE),
    )
}

fn section(chapter: &Chapter, next: Option<&Chapter>, all: &[Chapter]) -> String {
    let Chapter { id, number, title, body, .. } = chapter;
    let id_of = |number| all.iter().find(|one| one.number == number).map_or_else(String::new, |one| one.id.clone());
    let (title, place) = (escape(title), place::diagram(*number, id_of));
    let next = next.map_or_else(String::new, |next| {
        format!("<p class=\"next\"><a href=\"#{}\">{} · {}</a></p>\n", next.id, next.number, escape(&next.title))
    });
    format!(
        "<section id=\"{id}\" aria-labelledby=\"{id}-title\">\n<h2 id=\"{id}-title\"><span class=\"number\">{number}</span>{title}</h2>\n{place}{body}{next}</section>\n"
    )
}
