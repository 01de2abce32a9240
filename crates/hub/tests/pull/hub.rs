//! The Hub's route.

use super::fixture::{CONFIG, Home, catalogue, pull};
use super::mock_hub::{COMMIT, MockHub, sha256, weights};
use attnscope_hub::{Event, Route, list, resolve_in};
use std::cell::{Cell, RefCell};
use std::fs;

fn hub() -> MockHub {
    MockHub::start(&[("README.md", b"hello"), ("model.safetensors", &weights()), ("config.json", CONFIG)])
}

#[test]
fn a_known_model_lands_in_the_hubs_layout_and_is_found() {
    let hub = hub();
    let mut home = Home::new(Some(hub.endpoint()));
    home.settings.token = Some("hf_secret".to_owned());
    let error = resolve_in(&home.settings, "tiny").unwrap_err().to_string();
    assert!(error.contains("run `attnscope pull tiny`"), "{error}");

    let path = pull(&home.settings, "tiny", Route::Auto).unwrap();
    assert_eq!(path, home.repo().join("snapshots").join(COMMIT));
    assert_eq!(resolve_in(&home.settings, "tiny").unwrap(), path);
    assert_eq!(fs::read(path.join("model.safetensors")).unwrap(), weights());
    assert_eq!(fs::read_to_string(home.repo().join("refs/main")).unwrap(), COMMIT);
    assert!(hub.always_saw_token("hf_secret"));

    // A second pull checks the hash and asks nobody.
    let before = hub.requests();
    pull(&home.settings, "tiny", Route::Auto).unwrap();
    assert_eq!(hub.requests(), before);
}

#[test]
fn a_broken_download_goes_on_where_it_stopped() {
    let hub = hub();
    let home = Home::new(Some(hub.endpoint()));
    let part = home.repo().join("blobs").join(sha256(&weights())).with_extension("part");
    fs::create_dir_all(part.parent().unwrap()).unwrap();
    fs::write(&part, &weights()[..40_000]).unwrap();
    let path = pull(&home.settings, "tiny", Route::Hub).unwrap();
    assert_eq!(fs::read(path.join("model.safetensors")).unwrap(), weights());
    assert_eq!(hub.ranges("model.safetensors"), ["", "bytes=40000-"]);
    assert!(!part.exists());
}

#[test]
fn a_connection_that_drops_is_taken_up_again() {
    let hub = MockHub::start_with(&[("model.safetensors", &weights()), ("config.json", CONFIG)], |asked, answer| {
        if asked.range == "bytes=10000-" {
            answer.cut = Some(30_000);
        }
    });
    let home = Home::new(Some(hub.endpoint()));
    // A partial file and a drop.
    let part = home.repo().join("blobs").join(sha256(&weights())).with_extension("part");
    fs::create_dir_all(part.parent().unwrap()).unwrap();
    fs::write(&part, &weights()[..10_000]).unwrap();
    let path = pull(&home.settings, "tiny", Route::Hub).unwrap();
    assert_eq!(fs::read(path.join("model.safetensors")).unwrap(), weights());
    assert_eq!(hub.ranges("model.safetensors"), ["", "bytes=10000-", "bytes=40000-"]);
}

#[test]
fn a_partial_file_that_is_complete_or_too_long_is_no_obstacle() {
    for extra in [0, 7] {
        let hub = hub();
        let home = Home::new(Some(hub.endpoint()));
        let part = home.repo().join("blobs").join(sha256(&weights())).with_extension("part");
        fs::create_dir_all(part.parent().unwrap()).unwrap();
        fs::write(&part, [weights(), vec![0; extra]].concat()).unwrap();
        let path = pull(&home.settings, "tiny", Route::Hub).unwrap();
        assert_eq!(fs::read(path.join("model.safetensors")).unwrap(), weights(), "{extra}");
    }
}

#[test]
fn bytes_that_are_not_what_the_catalogue_promises_are_deleted() {
    let hub = hub();
    let mut home = Home::new(Some(hub.endpoint()));
    let promised = "0".repeat(64);
    home.settings.catalogue = catalogue(&promised);
    let error = format!("{:#}", pull(&home.settings, "tiny", Route::Auto).unwrap_err());
    assert!(error.contains(&promised) && error.contains(&sha256(&weights())), "{error}");
    assert!(!home.left().iter().any(|file| file.contains("model.safetensors")), "{:?}", home.left());
    assert!(resolve_in(&home.settings, "tiny").is_err());
}

#[test]
fn a_partial_file_with_wrong_bytes_is_noticed_for_any_model() {
    let hub = MockHub::start(&[("m.Q8_0.gguf", &weights())]);
    let home = Home::new(Some(hub.endpoint()));
    let part = home.repo().join("blobs").join(sha256(&weights())).with_extension("part");
    fs::create_dir_all(part.parent().unwrap()).unwrap();
    fs::write(&part, [1; 500]).unwrap();
    let model = "someone/Tiny/m.Q8_0.gguf";
    let error = format!("{:#}", pull(&home.settings, model, Route::Auto).unwrap_err());
    assert!(error.contains("expected sha256"), "{error}");
    assert!(resolve_in(&home.settings, model).is_err());
    // It was deleted, so the next pull is whole.
    let path = pull(&home.settings, model, Route::Auto).unwrap();
    assert_eq!(fs::read(path).unwrap(), weights());
}

#[test]
fn any_hub_id_can_be_pulled_and_is_listed() {
    let hub = MockHub::start(&[("m.Q2_K.gguf", b"coarse"), ("m.Q4_1.gguf", &weights())]);
    let home = Home::new(Some(hub.endpoint()));
    let path = pull(&home.settings, "someone/Other", Route::Auto).unwrap();
    assert!(path.ends_with("m.Q4_1.gguf"), "{}", path.display());
    assert_eq!(resolve_in(&home.settings, "someone/Other").unwrap(), path);
    assert_eq!(resolve_in(&home.settings, "someone/Other/m.Q4_1.gguf").unwrap(), path);
    let listed = list(&home.settings);
    assert_eq!(listed[2].id, "someone/Other/m.Q4_1.gguf");
    assert_eq!((listed[2].size, listed[2].path.as_ref()), (100_000, Some(&path)));
}

#[test]
fn what_is_here_can_be_used_without_the_hub() {
    let hub = MockHub::start(&[("m.gguf", &weights())]);
    let mut home = Home::new(Some(hub.endpoint()));
    let path = pull(&home.settings, "someone/Other", Route::Auto).unwrap();
    home.settings.endpoint = Some("http://127.0.0.1:9".to_owned());
    assert_eq!(pull(&home.settings, "someone/Other", Route::Auto).unwrap(), path);
    home.settings.offline = true;
    assert_eq!(pull(&home.settings, "someone/Other", Route::Auto).unwrap(), path);
    let error = pull(&home.settings, "someone/Else", Route::Auto).unwrap_err().to_string();
    assert!(error.contains("HF_HUB_OFFLINE"), "{error}");
}

#[test]
fn a_hub_that_says_no_is_quoted_and_explained() {
    let hub = hub();
    let home = Home::new(Some(hub.endpoint()));
    let error = pull(&home.settings, "no/body", Route::Auto).unwrap_err().to_string();
    assert_eq!(error, "cannot pull no/body: the Hub says 404 (no such repository or revision: check the name)");
}

#[test]
fn two_pulls_at_once_end_with_one_whole_model() {
    let hub = hub();
    let home = Home::new(Some(hub.endpoint()));
    std::thread::scope(|scope| {
        let pulls: Vec<_> = (0..4).map(|_| scope.spawn(|| pull(&home.settings, "tiny", Route::Auto))).collect();
        for pulled in pulls {
            assert_eq!(fs::read(pulled.join().unwrap().unwrap().join("model.safetensors")).unwrap(), weights());
        }
    });
    // One downloaded; the others waited and found it.
    assert_eq!(hub.ranges("model.safetensors").len(), 1);
}

#[test]
fn a_pull_reports_what_it_does_and_every_byte() {
    let hub = hub();
    let home = Home::new(Some(hub.endpoint()));
    let reports = || {
        let (reports, bytes) = (RefCell::new(Vec::new()), Cell::new(0));
        attnscope_hub::pull(&home.settings, "tiny", Route::Hub, &|event| match event {
            Event::Bytes(more) => bytes.set(bytes.get() + more),
            Event::End => reports.borrow_mut().push(format!("{} bytes", bytes.take())),
            other => reports.borrow_mut().push(format!("{other:?}")),
        })
        .unwrap();
        reports.into_inner()
    };
    let begin = |label: &str, total: u64| format!("{:?}", Event::Begin { label, total });
    let expected = [
        format!("{:?}", Event::Note("pulling tiny (100.0 kB, MIT) from the Hub")),
        begin("model.safetensors", 100_000),
        "100000 bytes".to_owned(),
        begin("config.json", 22),
        "22 bytes".to_owned(),
    ];
    assert_eq!(reports(), expected);
    assert_eq!(reports(), [format!("{:?}", Event::Note("tiny is already here (100.0 kB, sha256 right)"))]);
}
