//! Where a redirect may lead, and who sees the token.

use super::fixture::{Home, pull, refusal};
use super::mock_hub::{Answer, Asked, COMMIT, MockHub, weights};
use attnscope_hub::Route;
use std::fs;

/// A Hub whose files are elsewhere; where, `to` says of the path.
fn hub(to: impl Fn(&str) -> String + Send + Sync + 'static) -> MockHub {
    MockHub::start_with(&[("m.gguf", &weights())], move |asked: &Asked, answer: &mut Answer| {
        // The list is not what is tried here, nor is where a relative redirect led.
        if !asked.is_listing() && !asked.path.contains("arrived") {
            answer.redirect(&to(&asked.path));
        }
    })
}

#[test]
fn the_token_is_not_sent_where_a_redirect_leads() {
    let other = MockHub::start(&[("m.gguf", &weights())]);
    let elsewhere = other.endpoint();
    let hub = hub(move |path| elsewhere.clone() + path);
    let mut home = Home::new(Some(hub.endpoint()));
    home.settings.token = Some("hf_secret".to_owned());
    let path = pull(&home.settings, "someone/Tiny/m.gguf", Route::Hub).unwrap();
    assert_eq!(fs::read(&path).unwrap(), weights());
    assert!(path.ends_with(format!("snapshots/{COMMIT}/m.gguf")), "{}", path.display());
    assert!(hub.always_saw_token("hf_secret"));
    assert!(other.never_saw_a_token(), "{:?}", other.asked());
}

#[test]
fn the_list_may_be_elsewhere_too_and_the_token_stays_here() {
    let other = MockHub::start(&[("m.gguf", &weights())]);
    let elsewhere = other.endpoint();
    let hub = MockHub::start_with(&[("m.gguf", &weights())], move |asked, answer| {
        answer.redirect(&(elsewhere.replace("http:", "") + &asked.path));
    });
    let mut home = Home::new(Some(hub.endpoint()));
    home.settings.token = Some("hf_secret".to_owned());
    pull(&home.settings, "someone/Tiny/m.gguf", Route::Hub).unwrap();
    assert!(hub.always_saw_token("hf_secret"));
    assert!(other.never_saw_a_token());
    assert_eq!(other.requests(), 2);
}

#[test]
fn a_repository_that_was_renamed_is_followed_with_the_token() {
    let hub = MockHub::start_with(&[("m.gguf", &weights())], |asked, answer| {
        if !asked.path.contains("New") {
            answer.redirect(&asked.path.replace("Tiny", "New"));
        }
    });
    let mut home = Home::new(Some(hub.endpoint()));
    home.settings.token = Some("hf_secret".to_owned());
    pull(&home.settings, "someone/Tiny/m.gguf", Route::Hub).unwrap();
    assert!(hub.always_saw_token("hf_secret"));
    assert_eq!(hub.requests(), 4);
}

#[test]
fn the_endpoints_word_on_a_file_counts_and_not_the_stores() {
    // The store has other bytes, and says so itself.
    let store = MockHub::start(&[("m.gguf", &[7; 100_000])]);
    let elsewhere = store.endpoint();
    let hub = hub(move |path| elsewhere.clone() + path);
    let home = Home::new(Some(hub.endpoint()));
    assert!(refusal(&home).contains("expected sha256"));
    assert_eq!(home.left(), Vec::<String>::new());
}

#[test]
fn redirects_that_lead_nowhere_end_in_one_line() {
    let circle = hub(str::to_owned);
    assert!(refusal(&Home::new(Some(circle.endpoint()))).contains("lead in a circle"));

    let endless = hub(|path| format!("{path}x"));
    assert!(refusal(&Home::new(Some(endless.endpoint()))).contains("more than 10 redirects"));
    assert_eq!(endless.requests(), 1 + 11);

    let without = MockHub::start_with(&[("m.gguf", &weights())], |_, answer| "307 X".clone_into(&mut answer.status));
    assert!(refusal(&Home::new(Some(without.endpoint()))).contains("307 without a Location"));

    for to in ["file:///etc/passwd", "ftp://127.0.0.1/x", "http://", "http://me:pw@127.0.0.1/", "http://h:99999/x"] {
        let odd = hub(move |_| to.to_owned());
        let error = refusal(&Home::new(Some(odd.endpoint())));
        assert!(error.contains("302 to") && !error.contains("pw@"), "{error}");
    }
    let other = MockHub::start_with(&[], |_, answer| "304 Not Modified".clone_into(&mut answer.status));
    assert!(refusal(&Home::new(Some(other.endpoint()))).contains("says 304"));
}
