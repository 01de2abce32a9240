//! What the prose says of SmolLM2. Needs the model: `attnscope pull smollm2-135m`.

use crate::asked::{both, nearest_in_context, next, paths, read, real_page, table, weight};
use crate::models::smollm2;
use crate::prose::says;
use attnscope::analysis::{HeadScore, edge_weights, head_scores};
use attnscope::{Model, NormKind, Trace, lesson};
use attnscope_page::SENTENCE;
use std::sync::LazyLock;

const HOT_DOG: &str = SENTENCE;
const DOG: &str = "the dog was";
/// Another text, in which previous-token heads show that they attend to any word before.
const OTHER: &str = "On Monday my sister bought three fresh apples, a loaf of bread and some cheese.";

static MODEL: LazyLock<Model> = LazyLock::new(|| Model::open(smollm2()).unwrap());

/// What a head does in a text.
fn score(trace: &Trace, head: (usize, usize)) -> HeadScore {
    head_scores(trace).into_iter().find(|score| (score.layer, score.head) == head).unwrap()
}

#[test]
fn sizes() {
    let info = MODEL.info();
    says!("02", "in real models, hundreds or thousands");
    assert!((200..10_000).contains(&info.d_model));
    says!("09", "SmolLM2-135M, a small real model, has [30] layers of [9] heads.", info.n_layers, info.n_heads);
    says!("09", "but every [three] share one set of keys and values", info.n_heads / info.n_kv_heads);
    says!("09", "Here are all [270] heads on your sentence", info.n_layers * info.n_heads);
    says!("README", "dog on its way through the [30] layers of SmolLM2", info.n_layers);
    let megabytes = std::fs::metadata(smollm2()).unwrap().len() as f32 / 1e6;
    says!("README", "With a real model, SmolLM2 ([98] MB", megabytes);
    says!("09", "(both models here use a simpler kind, RMS norm)");
    assert_eq!((MODEL.config().norm, lesson::model().config().norm), (NormKind::Rms, NormKind::Rms));
}

#[test]
fn chapter_7_sausage() {
    let table = table(&real_page(), "in-context");
    let near = |reading: &str, depth: usize| nearest_in_context(&table, reading, depth);
    let are = |words: &[(String, String)], kind: &str| words.iter().all(|(_, of)| of == kind);
    says!("07", "Before any layer, the words nearest to dog are animals in both sentences");
    assert!([HOT_DOG, DOG].iter().all(|text| are(&near(text, 0)[..5], "animal")));
    says!("07", "and the dog was still among the animals");
    assert!((0..=30).all(|depth| are(&near(DOG, depth)[..5], "animal")));
    // Depth 0 is before any layer, depth 7 after layer 6.
    assert!((0..7).all(|depth| near(HOT_DOG, depth)[0].1 == "animal"));
    for depth in 7..=30 {
        says!(
            "07",
            "With SmolLM2, which you can choose at the top of the page, the nearest word is [sausage] from layer 6 on",
            &near(HOT_DOG, depth)[0].0
        );
    }
    let mixed = (0..=30).rfind(|depth| !are(&near(HOT_DOG, *depth)[..4], "food")).unwrap();
    says!("07", "and after each of the last [seven] layers the nearest four are all foods", 30 - mixed);
    let [dog, hot] = [DOG, HOT_DOG].map(|text| near(text, 30));
    says!(
        "README",
        "the words nearest to dog in SmolLM2: [cat], [horse] and [puppy] in \"the dog was\", [sausage], [sandwich] and \
         [pizza] in \"the hot dog was\"",
        &dog[0].0,
        &dog[1].0,
        &dog[2].0,
        &hot[0].0,
        &hot[1].0,
        &hot[2].0
    );
}

#[test]
fn chapter_9_shapes() {
    let text = "the hot dog was cold and the hot";
    let trace = read(&MODEL, text, "pattern", &[]);
    let row: Vec<f32> = (0..8).map(|key| weight(&trace, (17, 5), 7, key)).collect();
    let most = (0..8).max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap();
    says!("09", "in the hot dog was cold and the hot, head 5 of SmolLM2's layer 17 is an induction head");
    assert!(score(&trace, (17, 5)).induction.unwrap() > 0.9);
    says!("09", "the second hot attends to [dog], which followed the first", trace.tokens[most].text.as_str());
    assert_eq!(most, 2);
    says!("09", "and the model predicts [dog] again", &next(&MODEL, text, &[], 1)[0]);
    says!("09", "Why do so many heads attend to the first word?");
    let short = read(&MODEL, HOT_DOG, "pattern", &[]);
    assert!(head_scores(&short).iter().filter(|score| score.first > Some(0.5)).count() > 200, "of 270");
}

#[test]
fn chapter_9_layer_16_head_0() {
    let [trace, other] = [HOT_DOG, OTHER].map(|text| read(&MODEL, text, "pattern", &[]));
    says!(
        "09",
        "open layer 16, head 0 of SmolLM2. Dog gives [92 %] of its attention to hot.",
        weight(&trace, (16, 0), 2, 1)
    );
    says!("09", "It is a previous-token head: it attends to the word before, whatever that is.");
    assert!([&trace, &other].iter().all(|trace| score(trace, (16, 0)).previous > Some(0.7)));
}

#[test]
fn chapter_9_the_journey() {
    let [hot, cut, dog] = paths(&table(&real_page(), "journey"));
    assert_eq!(hot.len(), 31);
    says!("09", "At every layer its vector is nearer to those of known animals or to those of known foods.");
    says!("09", "At the bottom the paths coincide: the table knows no neighbours.");
    assert!(hot[0] == dog[0] && hot[0] == cut[0], "{hot:?}");
    says!(
        "09",
        "the dog of the hot dog was moves towards the food, while that of the dog was stays on the animals' side"
    );
    assert!(hot[3] < -0.7 && hot[7] > 0.0 && hot[28] > 0.35, "{hot:?}");
    assert!(dog.iter().all(|place| *place < -0.7), "{dog:?}");
    says!("09", "Cut its attention to hot, in every layer, and it stays there, too: that is what moves it.");
    says!("README", "towards food, and back among the animals if its edge to hot is cut");
    assert!(cut.iter().all(|place| *place < -0.7), "{cut:?}");
    says!("10", "By layer 16, as chapter 9 shows, dog has long moved towards the food.");
    assert!(hot[7..=17].iter().all(|place| *place > hot[3] + 0.7), "{hot:?}");
}

/// The probabilities of the two words of chapter 10.
fn served_and_running(text: &str, cuts: &[&str]) -> [f32; 2] {
    both(&MODEL, text, cuts, ["served", "running"])
}

#[test]
fn chapter_10_one_edge_turns_food_into_an_animal() {
    let [served, running] = served_and_running(HOT_DOG, &[]);
    let [served_alone, running_alone] = served_and_running(DOG, &[]);
    let [served_cut, running_cut] = served_and_running(HOT_DOG, &["2>1"]);
    let [served_other, running_other] = served_and_running(HOT_DOG, &["3>1"]);
    says!(
        "10",
        "After the hot dog was, SmolLM2-135M gives served a probability of [3.2 %] and running [0.09 %].",
        served,
        running
    );
    says!(
        "10",
        "Cut dog → hot, and served falls below 0.01 % while running rises to [1.6 %], just as in the dog was.",
        running_cut
    );
    assert!(served_cut < 1e-4 && served_alone < 1e-4, "{served_cut} {served_alone}");
    assert!((running_cut - running_alone).abs() < 1e-3, "{running_cut} {running_alone}");
    says!("10", "Now cut was → hot instead: served stays, at [3.4 %].", served_other);

    says!("README", "| the dog was | [0.0000] | [0.0157] |", served_alone, running_alone);
    says!("README", "| the hot dog was | [0.0325] | [0.0009] |", served, running);
    says!("README", "dog→hot cut everywhere (--cut '2>1') | [0.0000] | [0.0160] |", served_cut, running_cut);
    says!("README", "was→hot cut everywhere (--cut '3>1') | [0.0343] | [0.0003] |", served_other, running_other);
    let likely = |text: &str, cuts: &[&str], word: &str| next(&MODEL, text, cuts, 10).contains(&word.to_owned());
    says!("README", "In the dog was, the next word may be running; in the hot dog was, served.");
    assert!(likely(DOG, &[], "running") && likely(HOT_DOG, &[], "served"));
    says!("README", "\"the hot dog was\" # served is among the first");
    says!("README", "--cut '2>1' # in all layers: running is, served is gone");
    assert!(!likely(HOT_DOG, &[], "running") && likely(HOT_DOG, &["2>1"], "running"));
    assert!(!likely(HOT_DOG, &["2>1"], "served"));
}

#[test]
fn chapter_10_a_strong_weight_is_no_cause() {
    let trace = read(&MODEL, HOT_DOG, "pattern", &[]);
    let strongest = edge_weights(&trace, 2, 1);
    says!("10", "The suspect is 16.0, with its [92 %]: no head has more.", strongest[0].weight);
    assert_eq!((strongest[0].layer, strongest[0].head), (16, 0));
    let [served, running] = served_and_running(HOT_DOG, &["16.0:2>1"]);
    says!("10", "Cut the edge there alone, and nothing happens: served [3.5 %], running [0.08 %].", served, running);
    let rank = strongest.iter().position(|edge| (edge.layer, edge.head) == (3, 4)).unwrap();
    says!("10", "Now head 3.4. It gives hot [69 %], and [seven] heads give more.", weight(&trace, (3, 4), 2, 1), rank);
    let [served, running] = served_and_running(HOT_DOG, &["3.4:2>1"]);
    says!("10", "Cut the edge there alone, and the animal is back: served [0.01 %], running [1.7 %].", served, running);
    says!(
        "10",
        "cut the edge in head 1.2 alone, a previous-token head, and running rises to [1.2 %]",
        served_and_running(HOT_DOG, &["1.2:2>1"])[1]
    );
    let other = read(&MODEL, OTHER, "pattern", &[]);
    assert!([&trace, &other].iter().all(|trace| score(trace, (1, 2)).previous > Some(0.65)));
    says!(
        "README",
        "head 16.0 gives hot [92 %] of dog's attention, yet cutting that one edge changes hardly anything (served [0.0354]).",
        strongest[0].weight,
        served_and_running(HOT_DOG, &["16.0:2>1"])[0]
    );
    says!("README", "The edge that carries the meaning is in head 3.4: --cut '3.4:2>1' alone brings the animal back.");
}
