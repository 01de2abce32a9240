//! What a host says is not believed: no name of its choosing becomes a path.

use super::fixture::{CONFIG, Home, pull, refusal};
use super::mock_hub::{Answer, Asked, COMMIT, MockHub, weights};
use attnscope_hub::Route;
use std::fs;

/// A Hub with one GGUF file whose answers `twist` changes.
fn hub(twist: impl Fn(&Asked, &mut Answer) + Send + Sync + 'static) -> MockHub {
    MockHub::start_with(&[("m.gguf", &weights()), ("config.json", CONFIG)], twist)
}

/// A home with a file that is nobody's business, below which the cache lies three folders deep.
fn home_with_victim() -> (Home, std::path::PathBuf) {
    let home = Home::new(None);
    let victim = home.folder.path().join("victim");
    fs::write(&victim, "mine").unwrap();
    (home, victim)
}

#[test]
fn an_etag_that_is_a_path_overwrites_nothing() {
    for header in ["ETag", "X-Linked-Etag"] {
        for up in [false, true] {
            let (mut home, victim) = home_with_victim();
            let tag = if up { "\"../../../victim\"".to_owned() } else { format!("\"{}\"", victim.display()) };
            let hub = hub(move |asked, answer| {
                if !asked.is_listing() {
                    answer.set(header, &tag);
                }
            });
            home.settings.endpoint = Some(hub.endpoint());
            let error = refusal(&home);
            assert_eq!(fs::read_to_string(&victim).unwrap(), "mine");
            assert!(error.contains(header) && error.contains("victim"), "{error}");
            assert_eq!(home.left(), Vec::<String>::new());
        }
    }
}

#[test]
fn a_hash_is_forty_or_sixty_four_digits_and_nothing_else() {
    let (long, upper) = ("a".repeat(5_000), COMMIT.to_uppercase());
    for tag in
        ["\"abc\"", "\"\"", "\"d41d8cd98f00b204e9800998ecf8427e\"", "\u{1b}]0;x\u{7}", "\u{202e}a", &long, &upper]
    {
        let tag = tag.to_owned();
        let hub = hub(move |asked, answer| {
            if !asked.is_listing() {
                answer.set("ETag", &tag);
            }
        });
        let home = Home::new(Some(hub.endpoint()));
        refusal(&home);
        assert_eq!(home.left(), Vec::<String>::new());
    }
    let hub = hub(|_, answer| answer.remove("ETag"));
    assert!(refusal(&Home::new(Some(hub.endpoint()))).contains("has no ETag"));
}

#[test]
fn a_commit_that_is_a_path_makes_no_folder() {
    for commit in ["../../../victim", "/tmp", "main", "", "..", "0123456789ABCDEF0123456789ABCDEF01234567"] {
        let (mut home, victim) = home_with_victim();
        let in_list = hub(move |asked, answer| {
            if asked.is_listing() {
                answer.say(String::from_utf8(answer.body.clone()).unwrap().replace(COMMIT, commit));
            }
        });
        home.settings.endpoint = Some(in_list.endpoint());
        assert!(refusal(&home).contains("the list's sha is"));
        let in_header = hub(move |asked, answer| {
            if !asked.is_listing() {
                answer.set("X-Repo-Commit", commit);
            }
        });
        home.settings.endpoint = Some(in_header.endpoint());
        assert!(refusal(&home).contains("X-Repo-Commit"));
        assert_eq!(fs::read_to_string(&victim).unwrap(), "mine");
        assert_eq!(home.left(), Vec::<String>::new());
    }
}

#[test]
fn files_of_another_commit_are_not_mixed_in() {
    let hub = hub(|asked, answer| {
        if !asked.is_listing() {
            answer.set("X-Repo-Commit", &COMMIT.replace('0', "f"));
        }
    });
    assert!(refusal(&Home::new(Some(hub.endpoint()))).contains("it changed meanwhile"));
}

#[test]
fn names_that_leave_the_folder_are_not_fetched() {
    for name in [
        "../../../victim.gguf",
        "/tmp/victim.gguf",
        "a\\..\\victim.gguf",
        "c:victim.gguf",
        "\u{202e}x.gguf",
        "nul.gguf",
    ] {
        let hub = MockHub::start(&[(name, &weights())]);
        let home = Home::new(Some(hub.endpoint()));
        let error = format!("{:#}", pull(&home.settings, "someone/Other", Route::Hub).unwrap_err());
        assert!(error.contains("was left out") && !error.contains('\u{202e}'), "{error}");
        assert_eq!(hub.requests(), 1, "only the list was asked for");
    }
}

#[test]
fn lists_that_are_none_are_refused() {
    let deep = "[".repeat(100_000);
    let long = format!("{{\"sha\": \"{COMMIT}\", \"siblings\": [], \"x\": \"{}\"}}", "x".repeat(17 << 20));
    let bodies = [
        "",
        "<html>\u{1b}[2J",
        "[]",
        "{}",
        "{\"sha\": 1, \"siblings\": []}",
        "{\"sha\": \"\", \"siblings\": {}}",
        &deep,
        &long,
    ];
    for body in bodies {
        let body = body.to_owned();
        let hub = hub(move |_, answer| answer.say(body.clone()));
        let error = refusal(&Home::new(Some(hub.endpoint())));
        assert!(error.contains("cannot be used"), "{error}");
    }
}

#[test]
#[cfg(unix)]
fn links_in_the_cache_are_not_written_through() {
    use std::os::unix::fs::symlink;
    let hub = hub(|_, _| {});
    for link in ["blobs", "snapshots", &format!("snapshots/{COMMIT}"), "refs"] {
        let home = Home::new(Some(hub.endpoint()));
        let outside = home.folder.path().join("outside");
        fs::create_dir(&outside).unwrap();
        let at = home.repo().join(link);
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        symlink(&outside, &at).unwrap();
        assert!(refusal(&home).contains("found a link"), "{link}");
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 0, "{link}");
    }
    // A partial file that is a link is replaced, not followed.
    let (mut home, victim) = home_with_victim();
    home.settings.endpoint = Some(hub.endpoint());
    let blob = home.repo().join("blobs").join(super::mock_hub::sha256(&weights()));
    fs::create_dir_all(blob.parent().unwrap()).unwrap();
    symlink(&victim, blob.with_extension("part")).unwrap();
    symlink(&victim, &blob).unwrap();
    pull(&home.settings, "someone/Tiny/m.gguf", Route::Hub).unwrap();
    assert_eq!(fs::read_to_string(&victim).unwrap(), "mine");
}
