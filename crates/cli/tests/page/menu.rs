//! What can be done with a figure: saved, linked to, read as a table, framed elsewhere.

use crate::browser::Browser;
use crate::{page, quiet};
use attnscope_figures::Theme;
use attnscope_page::{Driver, FIGURES, Kind, Selection, figure};
use attnscope_protocol::LessonOnly;
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpListener;

/// Presses a button of a figure's menu.
fn choose(browser: &Browser, figure: &str, button: &str) {
    let menu = format!("document.querySelector('figure[data-figure={figure}] details.menu')");
    browser.run(&format!("const menu = {menu}; if (!menu.open) menu.querySelector('summary').click()"));
    let found = format!("[...{menu}.querySelectorAll('button')].find((b) => b.textContent === '{button}')");
    browser.wait(&found);
    browser.run(&format!("{found}.click()"));
}

/// What a figure saves, as text: a byte a character.
pub fn saved(browser: &Browser, figure: &str, kind: &str) -> String {
    // Files that a page hands out are blobs with an address.
    browser.run(
        "window.blobs = []; window.makeUrl ??= URL.createObjectURL;
         URL.createObjectURL = (blob) => { window.blobs.push(blob); return window.makeUrl.call(URL, blob); }",
    );
    choose(browser, figure, kind);
    let mime = match kind {
        "SVG" => "image/svg+xml",
        "PNG" => "image/png",
        _ => "text/csv",
    };
    browser.wait(&format!("window.blobs.some((blob) => blob.type === '{mime}')"));
    let text = browser.run_async(&format!(
        "const reader = new FileReader(); reader.onload = () => done(reader.result);
         const blob = window.blobs.find((blob) => blob.type === '{mime}');
         if ('{kind}' === 'PNG') reader.readAsBinaryString(blob); else reader.readAsText(blob)"
    ));
    text.as_str().unwrap().to_owned()
}

#[test]
fn every_figure_can_be_saved_and_read_as_a_table() {
    let (served, browser) = page();
    let driver = Driver::new(Selection::default(), LessonOnly);
    for Kind { name, .. } in FIGURES {
        let svg = saved(&browser, name, "SVG");
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{name}");
        let drawn = figure(name).unwrap();
        let table = driver.with_page(|page| {
            // The drawing asks for all that the table needs.
            drawn.view(page)?;
            drawn.table(page)
        });
        let expected = table.unwrap().to_csv();
        let csv = saved(&browser, name, "CSV");
        assert_eq!(csv.lines().next(), expected.lines().next(), "{name}");
        assert_eq!(csv.lines().count(), expected.lines().count(), "{name}");
        choose(&browser, name, "show as a table");
        browser.wait(&format!("document.querySelector('figure[data-figure={name}] .twin table th')"));
    }
    let png = saved(&browser, "matrix", "PNG");
    assert!(png.starts_with("\u{89}PNG") && png.len() > 10_000, "{} bytes", png.len());
    // The table follows the reader as the drawing does.
    browser.write("the dog was");
    browser.wait("document.querySelectorAll('figure[data-figure=matrix] .twin tbody tr').length === 3");
    quiet(&browser, &served);
}

#[test]
fn a_file_has_the_colours_and_the_width_that_are_chosen() {
    let (served, browser) = page();
    let size = |svg: &str, what: &str| {
        let rest = svg.split_once(&format!("{what}=\"")).unwrap().1;
        rest.split('"').next().unwrap().parse::<f32>().unwrap()
    };
    let page_wide = saved(&browser, "matrix", "SVG");
    let [light, dark] = [Theme::LIGHT, Theme::DARK].map(|theme| theme.background.to_string());
    assert!(page_wide.contains(&light) && !page_wide.contains(&dark));
    choose(&browser, "matrix", "dark");
    choose(&browser, "matrix", "column");
    let column = saved(&browser, "matrix", "SVG");
    assert!(column.contains(&dark) && !column.contains(&light));
    assert!(size(&column, "width") <= 336.0 && size(&page_wide, "width") > 400.0, "{}", &column[..200]);
    // The page itself stays as it was.
    assert_eq!(browser.run("return document.documentElement.dataset.theme ?? null"), json!(null));

    // A menu whose button is at the window's lower edge opens upwards, and is all in the window.
    let menu = "document.querySelector('figure[data-figure=arcs] details.menu')";
    browser.run(&format!("{menu}.querySelector('summary').scrollIntoView({{block: 'end', behavior: 'instant'}})"));
    browser.run(&format!("{menu}.querySelector('summary').click()"));
    browser.wait(&format!("{menu}.hasAttribute('data-up')"));
    let inside = format!(
        "(() => {{ const panel = {menu}.querySelector('.panel').getBoundingClientRect();
            return panel.top >= 0 && panel.bottom <= innerHeight; }})()"
    );
    browser.wait(&inside);
    quiet(&browser, &served);
}

#[test]
fn a_link_and_a_frame_hold_what_is_set() {
    let (served, browser) = page();
    browser.set("softmax", "temperature", "0.5");
    browser.write("the dog was");
    crate::shows(&browser, "the dog was", "Lesson");
    let fields =
        "[...document.querySelectorAll('figure[data-figure=softmax] .panel input')].map((field) => field.value)";
    browser.run("document.querySelector('figure[data-figure=softmax] .menu summary').click()");
    browser.wait(&format!("{fields}.length === 2"));
    let found = browser.run(&format!("return {fields}"));
    let link = found[0].as_str().unwrap();
    assert!(
        link.contains("text=the+dog+was") && link.ends_with("set=softmax.temperature=0.5#figure-softmax"),
        "{link}"
    );
    let frame = found[1].as_str().unwrap();
    browser.go(link);
    crate::ready(&browser);
    browser.wait("document.querySelector('#softmax-temperature').value === '0.5'");
    browser.wait("Math.abs(document.querySelector('#figure-softmax').getBoundingClientRect().top) < innerHeight");
    quiet(&browser, &served);

    // In the page of somebody else, on another port: another origin.
    let outer = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", outer.local_addr().unwrap());
    let html = format!("<!doctype html><title>Slides</title><link rel=icon href=data:,><p>Somebody's page{frame}");
    std::thread::spawn(move || {
        for mut stream in outer.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close";
            let _ = write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{html}", html.len());
        }
    });
    browser.go(&address);
    browser.frame(0);
    browser.wait("document.querySelector('figure[data-figure=softmax][data-ready=true]')");
    browser.wait("document.querySelector('#softmax-temperature').value === '0.5'");
    browser.wait("document.querySelectorAll('figure[data-figure=softmax] [data-key^=\"share-\"]').length === 3");
    assert_eq!(browser.run("return document.querySelectorAll('figure').length"), json!(1));
    assert_eq!(browser.console(), Vec::<String>::new());
}

#[test]
fn an_open_number_is_in_the_address_and_back_closes_it() {
    let (served, browser) = page();
    browser.run("document.querySelector('figure[data-figure=matrix] [data-key=\"cell-2-1\"]').dispatchEvent(new MouseEvent('click', {bubbles: true}))");
    browser.wait("location.search.includes('number=blocks.0.attn.pattern[0,2,1]')");
    browser.wait("document.querySelector('#arithmetic')");
    let url = browser.run("return location.href");
    browser.run("history.back()");
    browser.wait("!document.querySelector('#arithmetic') && !location.search.includes('number')");
    browser.go(url.as_str().unwrap());
    browser.wait("document.querySelector('#arithmetic')?.textContent.includes('blocks.0.attn.pattern[0,2,1]')");
    browser.run("document.querySelector('#arithmetic .close').click()");
    browser.wait("!location.search.includes('number')");
    quiet(&browser, &served);
}

/// A bar of another run opens in that run, and its parts do too; a link to it leads there.
#[test]
fn a_number_of_another_run_says_which_and_stays_in_it() {
    let (served, browser) = page();
    let figure = "figure[data-figure=two-answers]";
    browser.run(&format!("document.querySelector('{figure} input[value=off]').click()"));
    browser.wait(&format!("document.querySelector('{figure}').textContent.includes('without attention')"));
    browser.run(&format!(
        "document.querySelector('{figure} [data-key=\"bar-1-0\"]').dispatchEvent(new MouseEvent('click', {{bubbles: true}}))"
    ));
    let panel = "document.querySelector('#arithmetic')?.textContent";
    let twin = format!("{panel}?.includes('In the dog on the hot rock was, read by the twin without attention')");
    browser.wait(&twin);
    browser.run("document.querySelector('#arithmetic .part').click()");
    browser.wait(&format!("{twin} && {panel}.includes('the logit of')"));
    let url = browser.run("return location.href");
    browser.go(url.as_str().unwrap());
    browser.wait(&format!("{twin} && {panel}.includes('Σ embed · unembed')"));
    quiet(&browser, &served);
}

/// What is set in a figure is in the address: the page come anew shows it. What only follows the sentence is not.
#[test]
fn what_is_set_is_in_the_address() {
    let (served, browser) = page();
    browser.write("the old dog on the hot rock was");
    crate::shows(&browser, "the old dog on the hot rock was", "Lesson");
    browser.set("softmax", "temperature", "0.5");
    browser.wait("location.search.endsWith('&set=softmax.temperature=0.5')");
    assert_eq!(browser.run("return location.search.match(/set=/g).length"), json!(1), "and nothing else");
    browser.run("location.reload()");
    browser.wait("document.readyState === 'complete'");
    crate::ready(&browser);
    browser.wait("document.querySelector('#softmax-temperature').value === '0.5'");
    browser.run("document.querySelector('#softmax-reset').click()");
    browser.wait("!location.search.includes('set=')");
    quiet(&browser, &served);
}
