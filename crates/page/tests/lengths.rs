//! Every figure at many tokens: up to 512 it draws, beyond that it draws or says how many it reads and how many there are.

use attnscope::Model;
use attnscope_page::{Driver, FIGURES, LESSON, MOST_TOKENS, PageFigure, Selection, View, figure};
use attnscope_protocol::{Event, Failure, ModelCard, Prompt, Request, Response, Session, Source};

/// Id of a Llama of two layers with four heads, in which each word of [`text`] is one token.
const TINY: &str = "tiny";
const LENGTHS: [usize; 3] = [96, 285, MOST_TOKENS];
/// The figures that say above [`MOST_TOKENS`] that they read no more.
const LIMITED: [&str; 7] =
    ["tokens", "projection", "components", "softmax", "weighted-sum", "attention-steps", "running-softmax"];

struct Tiny;

impl Source for Tiny {
    fn cards(&self) -> Vec<ModelCard> {
        vec![ModelCard { id: TINY.into(), bytes: 0, gguf: true, info: None }]
    }

    fn open(&self, _: &str) -> Result<Model, Failure> {
        Ok(Model::from_gguf(tiny().into(), TINY).unwrap())
    }
}

/// The model's file, told that it reads 2,048 tokens: its positions are rotations, of which there are any number.
fn tiny() -> Vec<u8> {
    let mut bytes = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/tiny/llama.gguf")).unwrap();
    let key = b"llama.context_length";
    let at = bytes.windows(key.len()).position(|found| found == key).unwrap() + key.len();
    assert_eq!(bytes[at..at + 8], [4, 0, 0, 0, 64, 0, 0, 0], "a u32, and 64");
    bytes[at + 4..at + 8].copy_from_slice(&2048_u32.to_le_bytes());
    bytes
}

/// A text of `n` tokens.
fn text(n: usize) -> String {
    let words: Vec<&str> = "the hot dog was".split(' ').cycle().take(n).collect();
    words.join(" ")
}

fn driver(model: &str, text: String, q_idx: usize) -> Driver<Tiny> {
    let selection = Selection { model: model.into(), text, q_idx: Some(q_idx), ..Selection::default() };
    Driver::new(selection, Tiny)
}

/// What is shown, with its table.
fn drawn(driver: &Driver<Tiny>, name: &str) -> Result<View, Failure> {
    let drawn: Box<dyn PageFigure> = figure(name).unwrap();
    driver.with_page(|page| {
        let view = drawn.view(page)?;
        drawn.table(page).expect("a table needs nothing that the drawing does not");
        Ok(view)
    })
}

fn check(view: &View, what: &str) {
    let scene = &view.scene;
    assert!(scene.is_finite() && !scene.nodes.is_empty() && !scene.caption.is_empty(), "{what}");
    assert!(scene.nodes.len() < 20_000, "{what}: {} marks", scene.nodes.len());
    assert!(scene.height < 6_000.0, "{what}: {} high", scene.height);
}

#[test]
fn each_word_is_a_token() {
    for n in LENGTHS {
        let tokens = Session::new(Tiny).start(Request::Tokens { prompt: Prompt::plain(TINY, &text(n)) }).finish();
        let Ok(Response::Tokens { tokens, .. }) = tokens else { panic!("{tokens:?}") };
        assert_eq!(tokens.len(), n);
    }
}

#[test]
fn every_figure_draws_up_to_512_tokens() {
    for n in LENGTHS {
        // The beginning, the middle, and the end of the text.
        for q_idx in [2, n / 2, n - 1] {
            let driver = driver(TINY, text(n), q_idx);
            for kind in &FIGURES {
                let view = drawn(&driver, kind.name).unwrap_or_else(|why| panic!("{} at {n}: {why}", kind.name));
                check(&view, &format!("{} at {n}", kind.name));
            }
        }
    }
}

#[test]
fn beyond_512_tokens_a_figure_draws_or_says_how_many_it_reads() {
    let driver = driver(TINY, text(600), 2);
    for kind in &FIGURES {
        match drawn(&driver, kind.name) {
            Ok(view) => {
                assert!(!LIMITED.contains(&kind.name), "{}", kind.name);
                check(&view, kind.name);
            }
            Err(why) => {
                assert!(LIMITED.contains(&kind.name), "{}: {why}", kind.name);
                assert_eq!(why.message, "This figure reads up to 512 tokens; the text has 600: shorten it.");
            }
        }
    }
}

/// Bytes say little of tokens: a marker of twelve bytes is one of them.
#[test]
fn a_text_of_many_bytes_and_few_tokens_is_drawn() {
    let longer = format!("{} {}", text(4), "<|im_start|>".repeat(400));
    assert!(longer.len() > 8 * MOST_TOKENS);
    let driver = driver(TINY, longer, 2);
    for name in LIMITED {
        check(&drawn(&driver, name).unwrap_or_else(|why| panic!("{name}: {why}")), name);
    }
}

/// The lesson model was trained with 16 positions.
#[test]
fn the_lesson_model_says_how_many_words_it_reads() {
    for n in [96, 285, 512, 600] {
        let driver = driver(LESSON, text(n), 2);
        for kind in &FIGURES {
            match drawn(&driver, kind.name) {
                Ok(view) => check(&view, kind.name),
                Err(why) => assert_eq!(
                    why.message,
                    format!("the text has {n} tokens, but Lesson model reads at most 16; shorten it"),
                    "{}",
                    kind.name
                ),
            }
        }
    }
}

/// What a figure of all heads or layers is answered grows with what it draws, and not with the square of the text.
#[test]
fn answers_about_all_layers_are_small() {
    let session = Session::new(Tiny);
    let prompt = || Prompt::plain(TINY, &text(MOST_TOKENS));
    let bytes = |request| {
        let answer = session.start(request).finish().unwrap();
        attnscope_protocol::wire::encode_event(&Event::Done(answer)).len()
    };
    let pictures = bytes(Request::Patterns { prompt: prompt(), side: 64 });
    assert!(pictures < 2 * 4 * 64 * 64 * 4 + 1000, "{pictures}");
    let path = bytes(Request::Depths { prompt: prompt(), position: 3 });
    assert!(path < 3 * 32 * 4 + 100, "{path}");
}
