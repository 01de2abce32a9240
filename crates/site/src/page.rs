//! The page around the chapters.

use crate::assets::Assets;
use crate::language;
use crate::place;
use crate::story::Chapter;
use attnscope_figures::svg::escape;
use attnscope_page::SENTENCE;
use attnscope_words::{code, words};

/// The page with the story. `is_static` tells it that there is no server.
pub fn index(chapters: &[Chapter], hero: &str, assets: &Assets, is_static: bool) -> String {
    let sections: String =
        chapters.iter().enumerate().map(|(i, one)| section(one, chapters.get(i + 1), chapters)).collect();
    let (contents, minutes) = (contents(chapters), minutes(chapters));
    let title = words!("Attention, visualized");
    let head = head(title, &language::alternates(), assets, is_static);
    let bar = bar(assets, &language::switch());
    format!(
        r##"{head}<body>
<a class="skip" href="#story">{skip}</a>
{bar}{contents}<main id="story">
<div class="hero">
<h1>{title}</h1>
<p>{lead}</p>
{hero}<p class="length">{length}</p>
</div>
{sections}</main>
<div id="page-of-slides" role="group" aria-label="{slides_name}"><button type="button" value="-1" aria-label="{back}">←</button><span data-of="{of}"></span><button type="button" value="1" aria-label="{on}">→</button><button type="button" value="end">{end}</button></div>
<footer><p>{made}</p></footer>
<script type="module" src="{script}"></script>
<script type="module" src="{replay}"></script>
<script type="module" src="{slides}"></script>
<script type="module" src="{switch}"></script>
</body>
</html>
"##,
        skip = words!("Skip to the story"),
        lead = words!(
            "How does a language model know that a hot dog is no dog? Every figure on this page is computed by a real model, \
             here, while you read. Change the sentence at the top, and the figures of all chapters follow."
        ),
        length = words!("{n} chapters, about {minutes} minutes to read", n = chapters.len()),
        slides_name = words!("Slides"),
        back = words!("back"),
        on = words!("on"),
        end = words!("end"),
        // Filled by the script.
        of = words!("{at} of {all}", at = "{at}", all = "{all}"),
        made = words!(
            "Made with attnscope, an attention engine whose every number can be looked at. MIT or Apache-2.0. The page asks \
             no other host for anything."
        ),
        script = assets.url("contents.js"),
        replay = assets.url("hero.js"),
        slides = assets.url("slides.js"),
        switch = assets.url("language.js"),
    )
}

/// The list of chapters: at the side of a wide window; on a narrow one a button opens it.
fn contents(chapters: &[Chapter]) -> String {
    let entry = |Chapter { id, number, title, .. }: &Chapter| {
        format!("<li value=\"{number}\"><a href=\"#{id}\">{}</a></li>\n", escape(title))
    };
    let entries: String = chapters.iter().map(entry).collect();
    format!(
        "<button id=\"where\" type=\"button\" popovertarget=\"contents\">{name} <span></span></button>\n\
         <nav id=\"contents\" popover aria-label=\"{name}\"><ol>\n{entries}</ol>\n\
         <button class=\"present\" type=\"button\">{present}</button></nav>\n",
        name = words!("Chapters"),
        present = words!("Show as slides"),
    )
}

/// How long the prose takes to read, at 220 words a minute.
fn minutes(chapters: &[Chapter]) -> usize {
    let words: usize = chapters.iter().map(|chapter| chapter.words).sum();
    words.div_ceil(220)
}

/// One figure by itself, for a frame in another page.
pub fn embed(about: &str, figure: &str, assets: &Assets, is_static: bool) -> String {
    let head = head(about, "", assets, is_static);
    let bar = bar(assets, "");
    format!(
        "{head}<body class=\"embed\">\n{bar}<main>\n<h1 class=\"unseen\">{}</h1>\n{figure}</main>\n</body>\n</html>\n",
        escape(about)
    )
}

/// The file that holds [`embed`].
pub fn embed_name(figure: &str) -> String {
    format!("embed-{figure}.html")
}

fn head(title: &str, alternates: &str, assets: &Assets, is_static: bool) -> String {
    let url = |name: &str| assets.url(name);
    let (table, preload) = language::table().map_or_else(Default::default, |name| {
        let url = url(&name);
        let preload = format!("<link rel=\"preload\" href=\"{url}\" as=\"fetch\" crossorigin>\n");
        (format!(" data-words=\"{url}\" data-root=\"{}\"", language::root()), preload)
    });
    format!(
        r##"<!doctype html>
<html lang="{lang}"{table}{server}{threads}>
<head>
<meta charset="utf-8">
<title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="{description}">
<meta name="color-scheme" content="light dark">
{alternates}<link rel="icon" href="{icon}">
<script src="{theme}"></script>
<link rel="stylesheet" href="{style}">
<link rel="preload" href="{font}" as="font" type="font/woff2" crossorigin>
<link rel="preload" href="{bold}" as="font" type="font/woff2" crossorigin>
<link rel="modulepreload" href="{script}">
<link rel="preload" href="{wasm}" as="fetch" type="application/wasm" crossorigin>
{preload}<script type="module" src="{boot}"></script>
</head>
"##,
        lang = code(),
        title = escape(title),
        description = words!(
            "Attention in language models, explained with a real model that runs in the page: every number is computed, on \
             your own words."
        ),
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
fn bar(assets: &Assets, switch: &str) -> String {
    format!(
        r##"<header class="top">
<div class="top-inner">
<a class="brand" href="./"><img src="{icon}" alt="" width="24" height="24">attnscope</a>
<div id="bar">
<label class="field sentence"><span>{your}</span><textarea id="sentence" rows="1" disabled>{sentence}</textarea></label>
<label class="field model"><span>{model}</span><select id="model" disabled><option>{lesson}</option></select></label>
<span class="icon"></span>
</div>
{switch}<div id="status"><noscript><p>{noscript}</p></noscript></div>
</div>
</header>
"##,
        icon = assets.url("favicon.svg"),
        sentence = escape(SENTENCE),
        your = words!("Your sentence"),
        model = words!("Model"),
        lesson = words!("Lesson model"),
        noscript = words!("The figures show this sentence. With JavaScript they follow yours."),
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
