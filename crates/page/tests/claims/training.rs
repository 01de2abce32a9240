//! What the prose says of training: each is the whole training of 2,000 steps, as a reader would do it in the figure.

use crate::asked::{lesson_page, table_of, value};
use crate::prose::says;
use attnscope::lesson::{self, Settings};
use attnscope_figures::Table;
use attnscope_page::{Control, Event, SENTENCE, figure};

/// What the figure shows after a training with these settings.
fn trained(settings: &[&str]) -> Trained {
    pressed(settings, "train")
}

/// What the figure shows when a button is pressed.
fn pressed(settings: &[&str], button: &str) -> Trained {
    let (mut driver, mut figure) = (lesson_page(SENTENCE, 2), figure("training").unwrap());
    for setting in settings {
        driver.set(&mut *figure, setting).unwrap();
    }
    assert_eq!(driver.tell(&mut *figure, &Event::Set(button.into(), String::new())), None);
    Trained(table_of(&driver, &*figure))
}

struct Trained(Table);

impl Trained {
    /// The numbers of a column, step by step.
    fn column(&self, named: &str) -> Vec<f32> {
        let at = self.0.columns.iter().position(|column| column.starts_with(named)).unwrap();
        self.0.rows.iter().filter_map(|row| row.get(at)).map(value).filter(|x| x.is_finite()).collect()
    }

    fn last(&self, named: &str) -> f32 {
        *self.column(named).last().unwrap()
    }

    /// How far a column goes up and down in all.
    fn swings(&self, named: &str) -> f32 {
        self.column(named).windows(2).map(|pair| (pair[1] - pair[0]).abs()).sum()
    }
}

const FOOD: &str = "a food comes next";
const HOT: &str = "dog attends to hot";
const DOG: &str = "was attends to dog";

#[test]
fn chapter_11_the_settings() {
    let settings = Settings::default();
    says!("11", "after every [64] sentences each number was nudged", settings.batch);
    let figure = figure("training").unwrap();
    let controls = lesson_page(SENTENCE, 2).with_page(|page| figure.view(page)).unwrap().controls;
    let range = controls.iter().find_map(|control| match control {
        Control::Slider { id: "rate", min, max, .. } => Some((*min, *max)),
        _ => None,
    });
    let (least, most) = range.unwrap();
    says!("11", "At [0.001], the smallest here, [2,000] steps are too few", least, settings.steps);
    says!("11", "At [0.03], the largest", most);
}

#[test]
fn chapter_11_from_guessing_to_the_built_in_model_and_at_the_largest_rate() {
    let built_in = trained(&[]);
    let losses = built_in.column("mean over");
    says!("11", "it falls from the level of pure guessing to where the built-in model ended");
    let (first, guessing) = (pressed(&[], "step").column("loss")[0], (lesson::model().info().n_vocab as f32).ln());
    assert!((first - guessing).abs() < 0.2, "{first} {guessing}");
    assert!((losses[losses.len() - 1] - lesson::loss()).abs() < 0.05, "{losses:?}");
    says!("11", "The other curves show how strongly dog attends to hot and was to dog, and how likely food is.");
    assert!([HOT, DOG, FOOD].iter().all(|name| built_in.last(name) > 0.8));
    let fast = trained(&["rate=0.03"]);
    says!("11", "At 0.03, the largest, it comes down to [2.4]", fast.last("mean over"));
    says!("11", "but the chance of food swings more widely on the way");
    let [usual, wide] = [&built_in, &fast].map(|run| run.swings(FOOD));
    assert!(wide > 1.15 * usual, "{usual} {wide}");
}

#[test]
fn chapter_11_at_the_smallest_rate() {
    says!("11", "2,000 steps are too few: the loss is still [2.7]", trained(&["rate=0.001"]).last("mean over"));
}

#[test]
fn chapter_11_seed_12_finds_another_way() {
    let found = trained(&["seed=12"]);
    says!(
        "11",
        "After 2,000 steps, seed 12 gives food [84 %], yet there dog gives hot only [8 %] of its attention",
        found.last(FOOD),
        found.last(HOT)
    );
    says!("11", "and was gives dog next to none");
    assert!(found.last(DOG) < 0.01);
}

#[test]
fn chapter_11_seed_11_finds_none() {
    says!("11", "Seed 11 has found no way: it gives food [10 %].", trained(&["seed=11"]).last(FOOD));
}
