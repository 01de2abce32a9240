//! What the prose says of the lesson model and its twin.

use crate::asked::{lesson_page, nearest_in_context, next, ordered, paths, read, table, table_of, value, weight};
use crate::prose::says;
use attnscope::Site;
use attnscope::lesson::corpus::{Corpus, vocabulary};
use attnscope::lesson::lexicon::{HEATED, KINDS, OWN, PAIRS};
use attnscope::lesson::{Words, model};
use attnscope_figures::Cell;
use attnscope_page::{SENTENCE, figure};

const HOT_DOG: &str = SENTENCE;
const DOG: &str = "the dog was";

/// Whether all words are said of things of this kind.
fn are_of(words: &[String], kind: &str) -> bool {
    let animal = |word: &str| HEATED.contains(&word) || OWN.iter().any(|(_, said)| *said == word);
    let said = |word: &str| KINDS.iter().any(|k| k.name == kind && k.said.contains(&word));
    !words.is_empty() && words.iter().all(|word| said(word) || (kind == "animal" && animal(word)))
}

#[test]
fn chapter_1_one_word_changes_everything_that_may_follow() {
    says!("01", "its lesson model, which has read sentences about dogs and rivers and ice cream");
    assert!(["dog", "river", "ice", "cream"].iter().all(|word| vocabulary().contains(word)));
    let [food, animal] = [HOT_DOG, DOG].map(|text| next(&model(), text, &[], 5));
    says!("01", "After the hot dog was the lesson model expects a word about food.");
    assert!(are_of(&food, "food"), "{food:?}");
    says!("01", "Take one word away and read the dog was: now it expects a word about an animal.");
    assert!(are_of(&animal, "animal"), "{animal:?}");
    says!("01", "One word, [two] places before the end, has changed everything that may follow.", 3 - 1);
    assert!(food.iter().all(|word| !animal.contains(word)));
}

#[test]
fn chapter_2_one_list_whatever_stands_before() {
    says!("02", "The last is the difference of the first two: [0] in every cell.", 0);
    says!("02", "So dog enters the model as the same list in the dog was and in the hot dog was.");
    for (text, q_idx) in [(HOT_DOG, 2), (DOG, 1)] {
        let table = table(&lesson_page(text, q_idx), "embeddings");
        let row = |at: usize| table.rows[at][1..].to_vec();
        assert_eq!(row(0), row(1), "{text}: in the sentence and alone");
        assert_ne!(row(0), row(2), "{text}: another word's list differs");
    }
}

#[test]
fn chapter_2_the_nearest_words() {
    let table = table(&lesson_page(HOT_DOG, 2), "neighbours");
    let near = |list: &str| -> Vec<String> {
        let rows = table.rows.iter().filter(|row| row[0] == list.into());
        rows.map(|row| row[1].to_string()).collect()
    };
    let (dog, hot) = (near("nearest to dog"), near("nearest to hot"));
    let first: [&str; 6] = std::array::from_fn(|i| dog[i].as_str());
    let [a, b, c, d, e, f] = first;
    says!("02", "nearest to dog are [fox], [wolf], [rabbit] and [cow]. Then come [bread] and [soup]", a, b, c, d, e, f);
    says!("02", "Nearest to hot are [ice], [toy] and [teddy]", &hot[0], &hot[1], &hot[2]);
    says!("02", "words that, like hot, can turn the noun after them into something else");
    assert!(hot[..3].iter().all(|word| PAIRS.iter().any(|pair| pair.modifier == word)));
}

#[test]
fn chapter_2_almost_half_of_the_dogs_are_hot() {
    says!("02", "almost half of the dogs it read about were hot dogs");
    let [hot, dog] = ["hot", "dog"].map(|word| Words::lesson().id(word).unwrap());
    let (mut corpus, mut sentence, mut all, mut hot_ones) = (Corpus::new(1), Vec::new(), 0, 0);
    for _ in 0..50_000 {
        corpus.next_into(&mut sentence);
        for pair in sentence.windows(2).filter(|pair| pair[1] == dog) {
            all += 1;
            hot_ones += usize::from(pair[0] == hot);
        }
    }
    let share = hot_ones as f32 / all as f32;
    assert!((0.43..0.5).contains(&share), "{share}");
}

#[test]
fn chapter_3_only_attention_tells_the_two_sentences_apart() {
    let (mut driver, mut figure) = (lesson_page(HOT_DOG, 2), figure("two-answers").unwrap());
    says!("03", "the hot dog on the rock was the dog on the hot rock was");
    let with = table_of(&driver, &*figure);
    assert!(with.columns[1].starts_with("the hot dog on the rock was"), "{:?}", with.columns);
    assert!(with.columns[2].starts_with("the dog on the hot rock was"), "{:?}", with.columns);
    says!("03", "the lesson model gives two different answers: food in one, an animal in the other");
    let [food, animal] = ["the hot dog on the rock was", "the dog on the hot rock was"];
    assert!(are_of(&next(&model(), food, &[], 5), "food") && are_of(&next(&model(), animal, &[], 5), "animal"));
    assert!(are_of(&ordered(&with, 1)[..1], "food") && are_of(&ordered(&with, 2)[..1], "animal"), "{with:?}");
    says!("03", "Both sentences make the same bag, so both get exactly the same bars.");
    driver.set(&mut *figure, "compare=off").unwrap();
    let without = table_of(&driver, &*figure);
    assert!(without.rows.len() > 4 && without.rows.iter().all(|row| row[1] == row[2]), "{without:?}");
}

#[test]
fn chapter_3_where_the_bag_is_enough_and_where_not() {
    let answers = |text: &str| {
        let (mut driver, mut figure) = (lesson_page(text, 1), figure("two-answers").unwrap());
        driver.set(&mut *figure, "compare=yours").unwrap();
        let table = table_of(&driver, &*figure);
        assert!(table.columns[1].contains("with attention") && table.columns[2].contains("without"));
        [ordered(&table, 1), ordered(&table, 2)]
    };
    says!("03", "after the rock star was both answers are about fame");
    assert!(answers("the rock star was").iter().all(|words| are_of(&words[..5], "fame")));
    let [model, twin] = answers("the bank near the river was");
    says!(
        "03",
        "After the bank near the river was they part: the twin, with river and bank in its bag, says [sandy]; \
         the model says [busy].",
        &twin[0],
        &model[0]
    );
}

#[test]
fn chapter_5_dog_attends_to_hot() {
    let scores = table(&lesson_page(HOT_DOG, 2), "softmax");
    says!("05", "in the lesson model's layer 0, [hot] has the highest score", &ordered(&scores, 2)[0]);
}

#[test]
fn chapter_6_the_first_word_has_no_choice() {
    let trace = read(&model(), HOT_DOG, "pattern", &[]);
    for layer in 0..2 {
        let found = weight(&trace, (layer, 0), 0, 0);
        says!("06", "with only itself to attend to, its weight is [1], whatever the score", found);
    }
}

#[test]
fn chapter_7_the_words_nearest_to_the_stream() {
    let near = |text: &str, q_idx: usize, layer: usize| {
        let mut driver = lesson_page(text, q_idx);
        driver.selection.layer = layer;
        let table = table(&driver, "weighted-sum");
        ["nearest before: ", "nearest after: "].map(|when| {
            let found = table.rows.iter().filter_map(|row| Some((row[0].to_string(), value(row.get(2)?))));
            let found = found.filter_map(|(name, cosine)| Some((name.strip_prefix(when)?.to_owned(), cosine)));
            found.collect::<Vec<_>>()
        })
    };
    let [before, after] = near(HOT_DOG, 2, 0);
    says!("07", "In the lesson model's layer 0, [dog] is nearest to dog both times, but less so after", &before[0].0);
    assert!(after[0].0 == "dog" && after[0].1 < before[0].1);
    let ([before, after], [_, alone]) = (near(HOT_DOG, 3, 1), near(DOG, 2, 1));
    says!(
        "07",
        "Now choose layer 1 and the word was. In the hot dog was it is nearest to [always] before, to [cooked] and \
         [delicious] after; in the dog was, to [barking] and [sleeping].",
        &before[0].0,
        &after[0].0,
        &after[1].0,
        &alone[0].0,
        &alone[1].0,
    );
}

#[test]
fn chapter_7_dog_in_its_sentence() {
    let table = table(&lesson_page(HOT_DOG, 2), "in-context");
    let first = |reading: &str, depth: usize, n: usize, kind: &str| {
        let near = nearest_in_context(&table, reading, depth);
        assert!(near[..n].iter().all(|(_, of)| of == kind), "{reading}, {depth}: {near:?}");
    };
    says!("07", "read other words in the same short sentence, the … was");
    says!("07", "Before any layer, the words nearest to dog are animals in both sentences");
    [HOT_DOG, DOG].iter().for_each(|text| first(text, 0, 4, "animal"));
    says!("07", "After the last layer of the lesson model, the hot dog was has it among the foods");
    first(HOT_DOG, 2, 5, "food");
    says!("07", "and the dog was still among the animals");
    first(DOG, 2, 5, "animal");
}

#[test]
fn chapter_8_the_meaning_travels_in_two_steps() {
    let trace = read(&model(), HOT_DOG, "pattern", &[]);
    let most = |layer: usize, q_idx: usize| {
        let key = (0..4).max_by(|a, b| {
            let [a, b] = [a, b].map(|k_idx| weight(&trace, (layer, 0), q_idx, *k_idx));
            a.total_cmp(&b)
        });
        trace.tokens[key.unwrap()].text.clone()
    };
    says!("08", "dog in layer 0 gives {{weight 0.0 2>1}} of its attention to [hot].", &most(0, 2));
    says!("08", "One layer up, was gives {{weight 1.0 3>2}} of its attention to [dog]", &most(1, 3));
    says!(
        "README",
        "Chapter 8: all of attention at once; dog gives [81 %] of its attention to hot",
        weight(&trace, (0, 0), 2, 1)
    );
}

#[test]
fn chapter_9_the_lesson_models_heads_and_paths() {
    let info = model().info();
    let heads = table(&lesson_page(HOT_DOG, 2), "head-grid");
    assert!(heads.rows.len() >= info.n_layers * info.n_heads);
    says!("09", "Without a real one at hand you see the [two] heads of the lesson model", info.n_layers * info.n_heads);
    says!("README", "the lesson model, [two] layers of [one] attention head each", info.n_layers, info.n_heads);
    says!(
        "09",
        "an MLP, a small network that works on each word alone and adds to the residual stream as well. The lesson \
                 model has none."
    );
    assert!(read(&model(), HOT_DOG, "all", &[]).layer(0, Site::MlpOut).is_none());
    let [hot, cut, dog] = paths(&table(&lesson_page(HOT_DOG, 2), "journey"));
    says!("09", "(In the lesson model they are a hair apart: it adds the positions at once.)");
    assert!(hot[0] != dog[0] && (hot[0] - dog[0]).abs() < 0.05, "{hot:?} {dog:?}");
    says!(
        "09",
        "the dog of the hot dog was moves towards the food, while that of the dog was stays on the animals' side"
    );
    assert!(hot[0] < 0.0 && hot[2] > 0.5 && dog.iter().all(|place| *place < 0.0), "{hot:?} {dog:?}");
    says!("09", "Cut its attention to hot, in every layer, and it stays there, too");
    assert!(cut.iter().all(|place| *place < 0.0), "{cut:?}");
}

#[test]
fn chapter_10_the_cut_in_miniature() {
    says!("10", "The lesson model does the same in miniature");
    says!("README", "attnscope predict --model lesson --text \"the hot dog was\" # food");
    says!(
        "README",
        "--model lesson --text \"the hot dog was\" --cut '0:2>1' # in layer 0, query 2 (dog) may not see key 1 (hot): an animal"
    );
    says!("13", "attnscope predict --model lesson --text \"the hot dog was\" --cut '2>1'");
    says!("13", "The second does so while dog may not attend to hot.");
    let model = model();
    let words: Vec<_> = read(&model, HOT_DOG, "", &[]).tokens.into_iter().map(|token| token.text).collect();
    assert_eq!((words[2].as_str(), words[1].as_str()), ("dog", "hot"));
    assert!(are_of(&next(&model, HOT_DOG, &[], 3), "food"));
    for cut in ["0:2>1", "2>1"] {
        assert!(are_of(&next(&model, HOT_DOG, &[cut], 3), "animal"), "{cut}");
    }
    assert!(are_of(&next(&model, HOT_DOG, &["3>1"], 3), "food"), "the other edge is not the cause");
}

#[test]
fn chapter_11_many_words_are_right() {
    says!("11", "It cannot reach zero: after the dog was many words are right.");
    let model = model();
    let words = model.next_tokens(&read(&model, DOG, "", &[]), 5);
    assert!(words.iter().all(|next| next.p > 0.05), "{words:?}");
}

#[test]
fn chapter_12_a_row_tile_by_tile() {
    let end = |layer: usize| {
        let (mut driver, mut figure) = (lesson_page(HOT_DOG, 2), figure("running-softmax").unwrap());
        driver.selection.layer = layer;
        driver.set(&mut *figure, "step=2").unwrap();
        table_of(&driver, &*figure)
    };
    let max = |tile: usize| end(0).rows.iter().find(|row| row[0] == format!("kept after tile {tile}").into()).cloned();
    says!(
        "12",
        "For dog in the hot dog was, layer 0, that never happens: the largest score, that of [hot], is in the first tile.",
        ordered(&end(0), 1)[0].trim_start_matches("score of ")
    );
    assert_eq!(max(1).unwrap()[3], max(2).unwrap()[3]);
    let factors: Vec<f32> = end(1).rows.iter().filter_map(|row| row.get(5)).map(value).collect();
    says!(
        "12",
        "Choose layer 1: the second tile brings a larger one, and all that was kept shrinks to [0.075] of itself.",
        *factors.iter().rfind(|factor| factor.is_finite()).unwrap()
    );
    says!("12", "and there is z: the same as from the whole row, but for rounding");
    let trace = read(&model(), HOT_DOG, "z", &[]);
    for layer in 0..2 {
        let table = end(layer);
        let found: Vec<f32> = table.rows.last().unwrap()[6..].iter().map(value).collect();
        let z = trace.layer(layer, Site::Z).unwrap().row(&[0, 2]).unwrap().to_vec();
        assert_eq!((table.rows.last().unwrap()[0].clone(), found.len()), (Cell::from("z of dog"), z.len()));
        assert!(z.iter().zip(&found).all(|(a, b)| (a - b).abs() < 1e-5), "layer {layer}");
    }
}

#[test]
fn chapter_13_other_words_with_two_meanings() {
    says!(
        "13",
        "try its other words with two meanings: the river bank was and the bank was, the computer mouse was, \
         the sea lion was, the baseball bat was."
    );
    for noun in ["bank", "mouse", "lion", "bat"] {
        let pair = PAIRS.iter().find(|pair| pair.noun == noun).unwrap();
        let text = format!("the {} {noun} was", pair.modifier);
        assert!(are_of(&next(&model(), &text, &[], 5), pair.together), "{text}");
        assert!(are_of(&next(&model(), &format!("the {noun} was"), &[], 5), pair.alone), "{noun}");
    }
}

#[test]
fn what_the_questions_answer_is_so() {
    let first = |text: &str, cuts: &[&str]| next(&model(), text, cuts, 2);
    let (sea_lion, lion) = (first("the sea lion was", &[]), first("the lion was", &[]));
    says!("01", "In the sea lion was, [diving] and [swimming] come first.", &sea_lion[0], &sea_lion[1]);
    says!("01", "In the lion was it is [roaring].", &lion[0]);
    says!("10", "With it cut, the lesson model says [roaring].", &first("the sea lion was", &["2>1"])[0]);
    says!("10", "Cut was → sea instead, and the lion goes on [diving].", &first("the sea lion was", &["3>1"])[0]);
    says!("03", "Neither: they are the same bag, so the bars are exactly the same");
    let twin = attnscope::lesson::twin();
    let bag = |text: &str| twin.next_tokens(&Words::lesson().encode(text).unwrap(), 5);
    assert_eq!(bag("the river bank was"), bag("the bank river was"));
    says!("08", "[55]: the first row has one, the second two, the tenth ten.", (1..=10).sum::<usize>());
    let n = vocabulary().len();
    says!("11", "it begins near [5.4], the natural logarithm of", (n as f32).ln());
    let mut trainer = attnscope::lesson::Trainer::new(&attnscope::lesson::Settings::default()).unwrap();
    assert!((trainer.step() - (n as f32).ln()).abs() < 0.1);
}

/// A link that is a sentence sets this sentence, and reads out one of its words.
#[test]
fn links_set_the_sentence_that_they_show() {
    let mut found = 0;
    for chapter in 1..=13 {
        let text = crate::prose::read(&format!("{chapter:02}"));
        for (before, after) in text.split("](?text=").zip(text.split("](?text=").skip(1)) {
            let shown = before.rsplit('[').next().unwrap();
            let (sentence, query) = after.split(')').next().unwrap().split_once("&query=").unwrap();
            let sentence = sentence.replace('+', " ");
            assert!(shown == sentence || shown == "try it", "chapter {chapter}: {shown} sets {sentence}");
            assert!(query.parse::<usize>().unwrap() < model().encode(&sentence).unwrap().len(), "{sentence}: {query}");
            found += 1;
        }
    }
    assert!(found > 15, "{found}");
}
