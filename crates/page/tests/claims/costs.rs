//! What the prose says of dot products, softmax and costs, whatever the model.

use crate::asked::{at, lesson_page, table, table_of, value};
use crate::prose::says;
use attnscope::analysis::{random_dots, softmax};
use attnscope_page::{Control, Event, PageFigure, SENTENCE, figure};

/// Minimum, maximum and shown number of a slider.
fn slider(figure: &dyn PageFigure, name: &str) -> (f32, f32, String) {
    let controls = lesson_page(SENTENCE, 2).with_page(|page| figure.view(page)).unwrap().controls;
    let found = controls.into_iter().find_map(|control| match control {
        Control::Slider { id, min, max, shown, .. } if id == name => Some((min, max, shown)),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("no slider {name}"))
}

#[test]
fn chapter_4_sums_spread_with_the_root_of_d() {
    let (mut driver, mut figure) = (lesson_page(SENTENCE, 2), figure("root-d").unwrap());
    let (least, most, _) = slider(&*figure, "d");
    let mut shown = Vec::new();
    for step in least as usize..=most as usize {
        driver.set(&mut *figure, &format!("d={step}")).unwrap();
        shown.push(slider(&*figure, "d").2.parse::<usize>().unwrap());
        let table = table_of(&driver, &*figure);
        says!("04", "the further the sums spread: in step with √d");
        says!("04", "Divided by √d, the spread stays near [1]", value(&table.rows[0][2]));
        assert!((value(&table.rows[0][2]) - 1.0).abs() < 0.06, "{:?}", table.rows[0]);
    }
    says!("04", "Move the slider, from [2] numbers to [512]", shown[0], *shown.last().unwrap());
    says!("04", "With 2 numbers, a sum of 8 is extraordinary; with 64 it is nothing special.");
    let [few, many] = [2, 64].map(|d| random_dots(d, 2000, 1).iter().filter(|dot| dot.abs() >= 8.0).count());
    assert!(few <= 2 && many > 400, "{few} and {many} of 2000");
}

#[test]
fn chapter_6_what_a_score_is_worth() {
    says!("06", "raise e, about [2.718], to the power of each score", std::f32::consts::E);
    let times = |higher: f32| {
        let weights = softmax(&[0.0, higher]);
        weights[1] / weights[0]
    };
    says!("06", "A score that is 1 higher gets [2.7] times the weight; 3 higher, [20] times.", times(1.0), times(3.0));
}

#[test]
fn chapter_6_the_temperature() {
    let (mut driver, mut figure) = (lesson_page(SENTENCE, 2), figure("softmax").unwrap());
    let (least, most, _) = slider(&*figure, "temperature");
    let mut weights = |temperature: f32| -> Vec<f32> {
        driver.set(&mut *figure, &format!("temperature={temperature}")).unwrap();
        let table = table_of(&driver, &*figure);
        ["hot", "dog", "the"].map(|key| at(&table, key, "weight")).into()
    };
    says!("06", "At [0.1] the largest score takes practically everything.", least);
    assert!(weights(least)[0] > 0.9999);
    says!("06", "At [20] the shares move close together", most);
    let (plain, warm) = (weights(1.0), weights(most));
    assert!(warm[0] < plain[0] && warm[1] > plain[1] && warm[2] > plain[2], "{plain:?} {warm:?}");
}

#[test]
fn chapter_6_one_of_eight_random_scores() {
    let figure = figure("root-d").unwrap();
    let table = table(&lesson_page(SENTENCE, 2), "root-d");
    let numbers = |column: usize| -> Vec<f32> {
        table.rows.iter().filter_map(|row| row.get(column)).map(value).filter(|x| x.is_finite()).collect()
    };
    let largest = |column: usize| numbers(column).into_iter().fold(0.0, f32::max);
    says!(
        "06",
        "Look again at chapter 4, with [64] numbers: undivided, one of [eight] random scores takes [91 %], by pure chance; \
         divided, [28 %].",
        slider(&*figure, "d").2.parse::<usize>().unwrap(),
        numbers(3).len(),
        largest(3),
        largest(4)
    );
}

#[test]
fn chapter_12_cells_lengths_and_memory() {
    says!("12", "twice the text is about four times the work");
    says!(
        "12",
        "For 64 words the matrix has [4,096] cells; for 2,048 words, more than [four] million.",
        64 * 64,
        (2048 * 2048) as f32 / 1e6
    );
    let (mut driver, mut figure) = (lesson_page(SENTENCE, 2), figure("cost").unwrap());
    assert_eq!(driver.tell(&mut *figure, &Event::Set("measure".into(), String::new())), None);
    let table = table_of(&driver, &*figure);
    let lengths: Vec<usize> = table.rows.iter().map(|row| value(&row[0]) as usize).collect();
    says!("12", "It tries lengths from [64] to [4,096]", lengths[0], *lengths.last().unwrap());
    let whole = table.rows.iter().rfind(|row| value(&row[3]).is_finite()).unwrap();
    says!("12", "The first writes down the whole matrix of weights, up to [2,048] words.", value(&whole[0]));
    let times = value(&whole[3]) / value(&whole[4]);
    says!("12", "at 2,048 words the whole matrix takes about thirty times as much");
    assert!((27.0..33.0).contains(&times), "{times}");
}
