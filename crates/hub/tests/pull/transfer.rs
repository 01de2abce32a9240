//! Sizes, hashes, and what happens when a host breaks off, falls silent, or sends something else.

use super::fixture::{CONFIG, Home, pull, refusal};
use super::mock_hub::{Answer, Asked, MockHub, sha256, weights};
use attnscope_hub::Route;
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// A Hub with one GGUF file; `twist` changes the answers that bring it.
fn hub(twist: impl Fn(&Asked, &mut Answer) + Send + Sync + 'static) -> MockHub {
    MockHub::start_with(&[("m.gguf", &weights())], move |asked, answer| {
        if !asked.is_listing() {
            twist(asked, answer);
        }
    })
}

fn pulls_whole(hub: &MockHub) {
    let home = Home::new(Some(hub.endpoint()));
    let path = pull(&home.settings, "someone/Tiny/m.gguf", Route::Hub).unwrap();
    assert_eq!(fs::read(path).unwrap(), weights());
    assert!(!home.left().iter().any(|name| name.ends_with(".part")), "{:?}", home.left());
}

#[test]
fn small_files_are_held_to_their_hash_too() {
    let files =
        [("model.safetensors", weights()), ("config.json", CONFIG.to_vec()), ("tokenizer.json", b"{}".to_vec())];
    let files: Vec<_> = files.iter().map(|(name, bytes)| (*name, bytes.as_slice())).collect();
    let hub = MockHub::start_with(&files, |asked, answer| {
        if asked.path.ends_with("config.json") {
            answer.body[2] ^= 1;
        }
    });
    let home = Home::new(Some(hub.endpoint()));
    let error = format!("{:#}", pull(&home.settings, "someone/Small", Route::Hub).unwrap_err());
    assert!(error.contains("config.json is damaged") && error.contains("git's sha1"), "{error}");
}

#[test]
fn other_bytes_are_refused_and_deleted() {
    let hub = hub(|_, answer| answer.body[70_000] ^= 1);
    let home = Home::new(Some(hub.endpoint()));
    assert!(refusal(&home).contains("expected sha256"));
    assert_eq!(home.left(), Vec::<String>::new());
}

#[test]
fn a_host_that_stalls_ends_in_one_line() {
    // Nothing at all, half a head, a byte of the list; then of the file.
    for stall in [0, 20, 130] {
        let hub = MockHub::start_with(&[("m.gguf", &weights())], move |_, answer| answer.stall = Some(stall));
        let begin = Instant::now();
        let error = refusal(&Home::new(Some(hub.endpoint())));
        assert!(error.contains("nothing came for 1 s"), "{error}");
        assert!(begin.elapsed() < Duration::from_secs(20));
    }
    // Some of the file, and then next to nothing however often it is taken up.
    let hub = hub(|asked, answer| answer.stall = Some(if asked.start() == 0 { 5_000 } else { 300 }));
    let begin = Instant::now();
    let error = refusal(&Home::new(Some(hub.endpoint())));
    assert!(error.contains("broke off (m.gguf after") && error.contains("nothing came for 1 s"), "{error}");
    assert!(begin.elapsed() < Duration::from_secs(40));
    assert_eq!(hub.requests(), 1 + 5, "the first brought something, four did not");
}

#[test]
fn a_host_that_only_drips_ends_in_one_line_too() {
    // The list's head, the list, the file.
    let head =
        MockHub::start_with(&[("m.gguf", &weights())], |_, answer| (answer.stall, answer.drip) = (Some(5), true));
    let body = MockHub::start_with(&[("m.gguf", &weights())], |_, answer| {
        answer.say(" ".repeat(100_000));
        (answer.stall, answer.drip) = (Some(150), true);
    });
    let file = hub(|_, answer| (answer.stall, answer.drip) = (Some(300), true));
    for (hub, said) in [(head, "nothing came for 1 s"), (body, "too slowly"), (file, "too slowly")] {
        let begin = Instant::now();
        let error = refusal(&Home::new(Some(hub.endpoint())));
        assert!(error.contains(said), "{error}");
        assert!(begin.elapsed() < Duration::from_secs(40));
    }
}

#[test]
fn heads_without_end_are_refused() {
    let many = hub(|_, answer| (0..1_000).for_each(|i| answer.set(&format!("X-{i}"), "x")));
    let long = hub(|_, answer| answer.set("X-Long", &"x".repeat(10 << 20)));
    for hub in [many, long] {
        assert!(refusal(&Home::new(Some(hub.endpoint()))).contains("cannot be reached"));
    }
}

#[test]
fn a_host_that_always_breaks_off_at_the_same_byte_is_given_up() {
    // It ignores ranges, so that every attempt begins anew and comes no further than the first.
    let hub = hub(|_, answer| {
        "200 OK".clone_into(&mut answer.status);
        answer.remove("Content-Range");
        answer.say(weights());
        answer.cut = Some(50_000);
    });
    assert!(refusal(&Home::new(Some(hub.endpoint()))).contains("after 50000 of 100000 bytes"));
    assert_eq!(hub.requests(), 1 + 5);
}

#[test]
fn attempts_count_only_without_progress() {
    // Ten pieces, far more than the attempts without progress that are made.
    let hub = hub(|_, answer| answer.cut = Some(answer.body.len().min(10_000)));
    pulls_whole(&hub);
    assert_eq!(hub.ranges("m.gguf").len(), 10);
    assert_eq!(hub.ranges("m.gguf")[9], "bytes=90000-");
}

#[test]
fn a_range_that_the_host_does_not_honour_is_no_obstacle() {
    let first = |asked: &Asked, answer: &mut Answer| {
        if asked.start() == 0 {
            answer.cut = Some(40_000);
        }
    };
    let cut_once = |twist: fn(&Asked, &mut Answer)| {
        let asked_whole = AtomicUsize::new(0);
        hub(move |asked, answer| {
            if asked.start() == 0 && asked_whole.fetch_add(1, Ordering::Relaxed) == 0 {
                first(asked, answer);
            } else {
                twist(asked, answer);
            }
        })
    };
    // All of it, from another byte, from the right byte of another file, to another end, without saying which, no part.
    let twists: [fn(&Asked, &mut Answer); 6] = [
        |_, answer| {
            "200 OK".clone_into(&mut answer.status);
            answer.remove("Content-Range");
            answer.say(weights());
        },
        |asked, answer| {
            if asked.start() > 0 {
                answer.set("Content-Range", "bytes 0-59999/60000");
            }
        },
        |asked, answer| {
            if asked.start() > 0 {
                answer.set("ETag", &format!("\"{}\"", sha256(b"another")));
            }
        },
        |asked, answer| {
            if asked.start() > 0 {
                answer.set("Content-Range", "bytes 40000-18446744073709551615/100000");
            }
        },
        |_, answer| answer.remove("Content-Range"),
        |asked, answer| {
            if asked.start() > 0 {
                "416 No".clone_into(&mut answer.status);
            }
        },
    ];
    for twist in twists {
        pulls_whole(&cut_once(twist));
    }
}

#[test]
fn no_more_is_written_than_was_announced() {
    // Without a length of its own the body goes on until the connection ends.
    let longer = hub(|_, answer| {
        answer.set("X-Linked-Size", "100000");
        answer.length = None;
        answer.body.extend([0; 50_000]);
    });
    let home = Home::new(Some(longer.endpoint()));
    assert!(refusal(&home).contains("longer than the 100000 bytes"));
    assert_eq!(home.left(), Vec::<String>::new());

    let shorter = hub(|_, answer| {
        answer.set("X-Linked-Size", "100001");
        answer.length = None;
    });
    assert!(refusal(&Home::new(Some(shorter.endpoint()))).contains("after 100000 of 100001 bytes"));

    let whole = hub(|_, answer| {
        answer.set("X-Linked-Size", "100000");
        answer.length = None;
    });
    pulls_whole(&whole);
}

#[test]
fn sizes_that_differ_or_are_missing_are_refused() {
    let differ = hub(|_, answer| answer.set("X-Linked-Size", "99999"));
    assert!(refusal(&Home::new(Some(differ.endpoint()))).contains("X-Linked-Size says"));
    let missing = hub(|_, answer| answer.length = None);
    assert!(refusal(&Home::new(Some(missing.endpoint()))).contains("does not say how long"));
    let chunked = hub(|_, answer| {
        answer.length = None;
        answer.set("Transfer-Encoding", "chunked");
        answer.body = [b"186a0\r\n".as_slice(), &weights(), b"\r\n0\r\n\r\n"].concat();
    });
    assert!(refusal(&Home::new(Some(chunked.endpoint()))).contains("does not say how long"));
    for size in ["-1", "1e9", "99999999999999999999999", "\u{e9}"] {
        let odd = hub(move |_, answer| answer.set("X-Linked-Size", size));
        assert!(refusal(&Home::new(Some(odd.endpoint()))).contains("X-Linked-Size"), "{size}");
    }
}

#[test]
fn a_chunked_file_of_known_size_is_read() {
    let chunked = hub(|_, answer| {
        answer.length = None;
        answer.set("X-Linked-Size", "100000");
        answer.set("Transfer-Encoding", "chunked");
        answer.body = [b"186a0\r\n".as_slice(), &weights(), b"\r\n0\r\n\r\n"].concat();
    });
    pulls_whole(&chunked);
}

#[test]
fn a_body_that_is_encoded_is_refused() {
    let hub = hub(|_, answer| answer.set("Content-Encoding", "gzip"));
    assert!(refusal(&Home::new(Some(hub.endpoint()))).contains("Content-Encoding"));
}

#[test]
fn a_file_larger_than_the_catalogues_is_not_begun() {
    let hub = MockHub::start_with(&[("model.safetensors", &weights()), ("config.json", CONFIG)], |asked, answer| {
        if asked.path.ends_with("model.safetensors") {
            answer.length = None;
            answer.set("X-Linked-Size", "1000000000000");
        }
    });
    let home = Home::new(Some(hub.endpoint()));
    let error = format!("{:#}", pull(&home.settings, "tiny", Route::Hub).unwrap_err());
    assert!(error.contains("1000000000000 bytes there, expected 100000"), "{error}");
    assert_eq!(home.left(), Vec::<String>::new());
}

#[test]
fn statuses_are_explained_and_trouble_of_the_moment_is_waited_for() {
    for (status, hint) in [
        ("401 X", "set HF_TOKEN"),
        ("403 X", "accept the model's terms"),
        ("404 X", "check the name"),
        ("416 X", "pull again"),
        ("429 X", "wait a while"),
        ("500 X", "try again later"),
    ] {
        let hub = hub(move |_, answer| status.clone_into(&mut answer.status));
        let error = refusal(&Home::new(Some(hub.endpoint())));
        assert!(error.contains(&format!("says {}", &status[..3])) && error.contains(hint), "{error}");
        assert_eq!(hub.requests(), if status.starts_with('5') { 5 } else { 2 }, "{status}");
    }
    let asked = AtomicUsize::new(0);
    let hub = hub(move |_, answer| {
        if asked.fetch_add(1, Ordering::Relaxed) < 2 {
            "503 X".clone_into(&mut answer.status);
        }
    });
    pulls_whole(&hub);
}
