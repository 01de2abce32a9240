//! Films the page for README: its first picture, then chapter 8 as it plays. `cargo xtask film` runs this.
//!
//! `film PATH-TO-ATTNSCOPE FILE.gif`: frames are what a browser shows, each for as long as it was shown, and of each only
//! the rectangle that changed.

#[path = "../tests/page/browser.rs"]
#[expect(dead_code, reason = "the tests use the rest of it")]
mod browser;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use browser::Browser;
use gif::{Encoder, Frame, Repeat};
use serde_json::json;
use std::fs::File;
use std::io::{BufRead, BufReader, Cursor};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Size of the window, which is that of the film.
const SIZE: (u32, u32) = (800, 880);
/// How long the first picture plays.
const HERO: Duration = Duration::from_secs(8);
/// Long enough for chapter 8, whatever happens.
const MOST: Duration = Duration::from_secs(40);
/// Time between two frames.
const PAUSE: Duration = Duration::from_millis(160);

/// A picture of the window, four bytes a pixel, and when it was taken.
struct Shot {
    pixels: Vec<u8>,
    at: Instant,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (command, file) = args.next().zip(args.next()).ok_or("expected PATH-TO-ATTNSCOPE FILE.gif")?;
    let mut server = Command::new(command)
        .args(["serve", "--port", "0", "--no-open", "--model", "lesson"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut line = String::new();
    BufReader::new(server.stdout.take().ok_or("the server's output")?).read_line(&mut line)?;
    let url = line.split_whitespace().find(|word| word.starts_with("http://")).ok_or("the server says where it is")?;
    let shots = film(url);
    let _ = server.kill();
    let _ = server.wait();
    write(&file, &shots?)?;
    let bytes = std::fs::metadata(&file)?.len();
    println!("{file}: {} frames, {bytes} bytes", shots_len(&file)?);
    Ok(())
}

/// How many frames a film has.
fn shots_len(file: &str) -> Result<usize, Box<dyn std::error::Error>> {
    let mut decoder = gif::DecodeOptions::new().read_info(File::open(file)?)?;
    let mut n = 0;
    while decoder.read_next_frame()?.is_some() {
        n += 1;
    }
    Ok(n)
}

/// The pictures of both parts.
fn film(url: &str) -> Result<Vec<Shot>, Box<dyn std::error::Error>> {
    let browser = Browser::open(SIZE.0, SIZE.1);
    let features = json!([
        {"name": "prefers-reduced-motion", "value": "no-preference"},
        {"name": "prefers-color-scheme", "value": "light"}
    ]);
    browser.devtools("Emulation.setEmulatedMedia", json!({"features": features}));
    browser.go(url);
    browser.wait("performance.getEntriesByName('live').length");
    let mut shots = Vec::new();
    // Nothing over the picture.
    browser.run("for (const rule of ['#where { display: none }', 'html { scrollbar-width: none }']) document.styleSheets[0].insertRule(rule)");
    browser.run("document.querySelector('#hero').scrollIntoView({block: 'center'}); document.querySelector('.replay button').click()");
    take(&browser, &mut shots, |begun| begun.elapsed() < HERO)?;
    browser.run("document.querySelector('#figure-attention-steps').scrollIntoView({block: 'end'})");
    browser.wait("document.querySelector('#figure-attention-steps').hasAttribute('data-playing')");
    let plays = || {
        let asked = "return document.querySelector('#figure-attention-steps').hasAttribute('data-playing')";
        browser.run(asked).as_bool() == Some(true)
    };
    take(&browser, &mut shots, |begun| begun.elapsed() < MOST && plays())?;
    take(&browser, &mut shots, |begun| begun.elapsed() < Duration::from_secs(3))?;
    Ok(shots)
}

/// Takes pictures as long as something goes on.
fn take(
    browser: &Browser,
    shots: &mut Vec<Shot>,
    goes_on: impl Fn(Instant) -> bool,
) -> Result<(), Box<dyn std::error::Error>> {
    let begun = Instant::now();
    while goes_on(begun) {
        let at = Instant::now();
        let shot = browser.devtools("Page.captureScreenshot", json!({"format": "png"}));
        let png = STANDARD.decode(shot["data"].as_str().ok_or("a picture")?)?;
        shots.push(Shot { pixels: rgba(&png)?, at });
        std::thread::sleep(PAUSE.saturating_sub(at.elapsed()));
    }
    Ok(())
}

/// The pixels of a PNG, four bytes each.
fn rgba(png: &[u8]) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let mut decoder = png::Decoder::new(Cursor::new(png));
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::ALPHA);
    let mut reader = decoder.read_info()?;
    let mut pixels = vec![0; reader.output_buffer_size().ok_or("a picture of that size")?];
    let info = reader.next_frame(&mut pixels)?;
    if (info.width, info.height) != SIZE {
        return Err(format!("a picture of {} × {}, expected {SIZE:?}", info.width, info.height).into());
    }
    pixels.truncate(info.buffer_size());
    Ok(pixels)
}

/// Writes the film. A picture that is the same as the one before only makes that last longer.
fn write(file: &str, shots: &[Shot]) -> Result<(), Box<dyn std::error::Error>> {
    let (width, height) = (SIZE.0 as u16, SIZE.1 as u16);
    let mut encoder = Encoder::new(File::create(file)?, width, height, &[])?;
    encoder.set_repeat(Repeat::Infinite)?;
    let mut pending: Option<(Frame<'static>, Instant)> = None;
    let mut before: Option<&Shot> = None;
    for shot in shots {
        let Some(changed) = changed(before, shot) else { continue };
        if let Some((mut frame, since)) = pending.take() {
            frame.delay = hundredths(shot.at - since);
            encoder.write_frame(&frame)?;
        }
        pending = Some((part(shot, changed), shot.at));
        before = Some(shot);
    }
    if let Some((mut frame, _)) = pending {
        frame.delay = 300;
        encoder.write_frame(&frame)?;
    }
    Ok(())
}

fn hundredths(time: Duration) -> u16 {
    (time.as_millis() / 10).clamp(2, 1000) as u16
}

/// Left, top, width and height of what differs from the picture before; all of the first one.
fn changed(before: Option<&Shot>, now: &Shot) -> Option<[usize; 4]> {
    let (w, h) = (SIZE.0 as usize, SIZE.1 as usize);
    let Some(before) = before else { return Some([0, 0, w, h]) };
    let differs = |x: usize, y: usize| {
        let at = 4 * (y * w + x);
        before.pixels[at..at + 4] != now.pixels[at..at + 4]
    };
    let rows: Vec<usize> = (0..h).filter(|&y| (0..w).any(|x| differs(x, y))).collect();
    let columns: Vec<usize> = (0..w).filter(|&x| rows.iter().any(|&y| differs(x, y))).collect();
    let ((left, right), (top, bottom)) = (ends(&columns)?, ends(&rows)?);
    Some([left, top, right - left + 1, bottom - top + 1])
}

fn ends(of: &[usize]) -> Option<(usize, usize)> {
    Some((*of.first()?, *of.last()?))
}

/// One of 16 levels: a file of few colours is a third smaller, and nobody sees it on this page.
fn coarse(level: u8) -> u8 {
    (level / 17 + u8::from(level % 17 > 8)) * 17
}

/// A rectangle of a picture as a frame.
fn part(shot: &Shot, [left, top, width, height]: [usize; 4]) -> Frame<'static> {
    let row = |y: usize| {
        let from = 4 * (y * SIZE.0 as usize + left);
        &shot.pixels[from..from + 4 * width]
    };
    let mut pixels: Vec<u8> = (top..top + height).flat_map(row).map(|&level| coarse(level)).collect();
    let frame = Frame::from_rgba_speed(width as u16, height as u16, &mut pixels, 10);
    Frame { left: left as u16, top: top as u16, ..frame }
}
