//! Odd caches and odd settings: one line each, that says what to do.

use super::command::{attnscope, bare, text};
use super::mock_hub::{COMMIT, MockHub, weights};
use std::fs;
use std::os::unix::fs::symlink;
use std::process::Output;

/// The one line of a failure.
fn line(output: &Output) -> String {
    let (out, error) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(1), "{out}{error}");
    assert_eq!((out, error.lines().count()), ("", 1), "{error}");
    error.to_owned()
}

#[test]
fn caches_that_cannot_be_written_are_said_in_one_line() {
    let hub = MockHub::start(&[("m.gguf", &weights())]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "mine").unwrap();
    let dangling = folder.path().join("dangling");
    symlink(folder.path().join("nowhere"), &dangling).unwrap();
    let below_file = file.join("below");
    for cache in [file.to_str().unwrap(), below_file.to_str().unwrap(), dangling.to_str().unwrap(), "/proc/none"] {
        let env = [("HF_ENDPOINT", hub.endpoint()), ("HF_HUB_CACHE", cache.to_owned())];
        let env = env.each_ref().map(|(name, value)| (*name, value.as_str()));
        let error = line(&attnscope(folder.path(), &["pull", "someone/Tiny/m.gguf"], &env));
        assert!(error.contains(cache) && error.contains("set HF_HOME"), "{error}");
    }
    assert_eq!(hub.requests(), 0);
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    // A repository's folder that is a file.
    let home = folder.path().join("home");
    fs::create_dir_all(home.join("hub")).unwrap();
    fs::write(home.join("hub/models--someone--Tiny"), "").unwrap();
    let endpoint = hub.endpoint();
    let output = attnscope(&home, &["pull", "someone/Tiny/m.gguf"], &[("HF_ENDPOINT", &endpoint)]);
    let last = text(&output.stderr).lines().last().unwrap().to_owned();
    assert!(last.contains("models--someone--Tiny") && !output.status.success(), "{last}");
}

#[test]
fn a_lock_that_is_a_link_empties_no_file() {
    let hub = MockHub::start(&[("m.gguf", &weights())]);
    let home = tempfile::tempdir().unwrap();
    let victim = home.path().join("victim");
    fs::write(&victim, "mine").unwrap();
    let locks = home.path().join("hub/.locks/models--someone--Tiny");
    fs::create_dir_all(&locks).unwrap();
    symlink(&victim, locks.join("attnscope.lock")).unwrap();
    let endpoint = hub.endpoint();
    assert!(attnscope(home.path(), &["pull", "someone/Tiny/m.gguf"], &[("HF_ENDPOINT", &endpoint)]).status.success());
    assert_eq!(fs::read_to_string(&victim).unwrap(), "mine");
}

#[test]
fn a_cache_that_is_not_there_yet_or_behind_a_link_is_made() {
    let hub = MockHub::start(&[("m.gguf", &weights())]);
    let folder = tempfile::tempdir().unwrap();
    let real = folder.path().join("real");
    fs::create_dir(&real).unwrap();
    symlink(&real, folder.path().join("link")).unwrap();
    let endpoint = hub.endpoint();
    for home in ["new/er", "link"] {
        let home = folder.path().join(home);
        let output = attnscope(&home, &["pull", "someone/Tiny/m.gguf"], &[("HF_ENDPOINT", &endpoint)]);
        let path = home.join("hub/models--someone--Tiny/snapshots").join(COMMIT).join("m.gguf");
        assert_eq!(text(&output.stdout).trim_end(), path.to_str().unwrap(), "{}", text(&output.stderr));
    }
}

#[test]
fn without_a_home_folder_one_line_says_what_to_set() {
    // Where HOME is missing the system knows one, or none; an empty one is none either way, and nothing is written.
    let output = bare(&["pull", "someone/Tiny/m.gguf"], &[("HOME", ""), ("HF_HUB_OFFLINE", "1")]);
    line(&output);
    // The models that need no cache do not ask for it.
    let text_args = ["--text", "the hot dog was"];
    let output = bare(&[&["predict", "--model", "lesson"], text_args.as_slice()].concat(), &[("HOME", "")]);
    assert!(output.status.success(), "{}", text(&output.stderr));
}

#[test]
fn settings_that_cannot_be_used_are_said_in_one_line() {
    let home = tempfile::tempdir().unwrap();
    let pull = |name: &str, value: &str| {
        let env = [("HF_ENDPOINT", "http://127.0.0.1:9"), (name, value)];
        line(&attnscope(home.path(), &["pull", "someone/Tiny/m.gguf"], &env))
    };
    for endpoint in [
        "hub",
        "hub.test/x",
        "ftp://hub.test",
        "http://",
        "https://me:secret@hub.test",
        "http://h\u{1b}[2J",
        "http://h?x",
    ] {
        let error = pull("HF_ENDPOINT", endpoint);
        assert!(error.contains("HF_ENDPOINT") && error.contains("https://host"), "{error}");
        assert!(!error.contains("secret") && !error.contains('\u{1b}'), "{error}");
    }
    let error = pull("HF_TOKEN", "hf_sec\nret");
    assert!(error.contains("HF_TOKEN") && !error.contains("sec"), "{error}");
    for seconds in ["0", "-1", "soon", "1e9"] {
        assert!(pull("HF_HUB_DOWNLOAD_TIMEOUT", seconds).contains("HF_HUB_DOWNLOAD_TIMEOUT"), "{seconds}");
    }
    let error = pull("HF_TOKEN", "hf_fine");
    assert!(error.contains("the Hub cannot be reached (http://127.0.0.1:9"), "{error}");
}
