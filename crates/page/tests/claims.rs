//! What the prose says of the lesson model, where no other test says it.

use attnscope_page::{Driver, PageFigure, Selection, figure};
use attnscope_protocol::LessonOnly;

fn description(drawn: &dyn PageFigure, selection: Selection) -> String {
    Driver::new(selection, LessonOnly).with_page(|page| drawn.view(page)).unwrap().scene.description
}

/// Chapter 2: “around *dog* stand animals. Around *hot* stand *ice* and *toy*.”
#[test]
fn animals_are_near_dog_and_words_that_change_others_near_hot() {
    let said = description(&*figure("neighbours").unwrap(), Selection::default());
    let (dog, hot) = said.split_once("nearest to hot").unwrap();
    for animal in ["fox", "wolf", "rabbit", "cow"] {
        assert!(dog.contains(animal), "{said}");
    }
    assert!(hot.contains("ice") && hot.contains("toy"), "{said}");
}

/// Chapter 2: the strip of *dog* is the same in both sentences.
#[test]
fn dog_has_one_embedding() {
    let drawn = figure("embeddings").unwrap();
    for (text, q_idx) in [("the hot dog was", 2), ("the dog was", 1)] {
        let driver =
            Driver::new(Selection { text: text.into(), q_idx: Some(q_idx), ..Selection::default() }, LessonOnly);
        let table = driver.with_page(|page| {
            drawn.view(page)?;
            drawn.table(page)
        });
        let table = table.unwrap();
        let row = |at: usize| table.rows[at][1..].to_vec();
        assert_eq!(row(0), row(1), "{text}: in the sentence and alone");
        assert_ne!(row(0), row(2), "{text}: another word's list differs");
    }
}
