//! The command itself, with the environment that a user would set.

use super::mock_hub::{COMMIT, MockHub, weights};
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The command with nothing in its environment but what the test sets.
pub fn bare(args: &[&str], env: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_attnscope"));
    command.args(args).env_clear().envs(env.iter().copied()).output().expect("attnscope runs")
}

pub fn attnscope(home: &Path, args: &[&str], env: &[(&str, &str)]) -> Output {
    let home = [("HF_HOME", home.to_str().expect("UTF-8"))];
    bare(args, &[&home, env].concat())
}

pub fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn pull_prints_the_path_and_honours_home_endpoint_and_token() {
    let hub = MockHub::start(&[("m.gguf", &weights())]);
    let home = tempfile::tempdir().unwrap();
    let endpoint = hub.endpoint() + "/";
    let env = [("HF_ENDPOINT", endpoint.as_str()), ("HF_TOKEN", "hf_abc")];
    let output = attnscope(home.path(), &["pull", "someone/Tiny"], &env);
    let path = home.path().join("hub/models--someone--Tiny/snapshots").join(COMMIT).join("m.gguf");
    assert_eq!(text(&output.stdout), format!("{}\n", path.display()), "{}", text(&output.stderr));
    assert_eq!(std::fs::read(path).unwrap(), weights());
    assert!(hub.always_saw_token("hf_abc"));

    let output = attnscope(home.path(), &["models", "--json"], &[]);
    let models: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(text(&output.stdout).lines().count(), 1);
    let models = &models["models"];
    assert_eq!(models[1]["id"], "smollm2-135m");
    assert!(models[1]["path"].is_null());
    assert_eq!(models[8]["id"], "someone/Tiny/m.gguf");
    assert_eq!(models[8]["size"], 100_000);
}

#[test]
fn offline_is_honoured_and_errors_are_one_line() {
    let hub = MockHub::start(&[("m.gguf", &weights())]);
    let home = tempfile::tempdir().unwrap();
    let endpoint = hub.endpoint();
    let env = [("HF_ENDPOINT", endpoint.as_str()), ("HF_HUB_OFFLINE", "1")];
    let output = attnscope(home.path(), &["pull", "someone/Tiny"], &env);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).starts_with("attnscope: HF_HUB_OFFLINE is set"), "{}", text(&output.stderr));
    assert_eq!(text(&output.stderr).lines().count(), 1);
    assert_eq!(hub.requests(), 0);

    let output = attnscope(home.path(), &["pull", "smolm2"], &[]);
    assert!(text(&output.stderr).contains("did you mean smollm2-135m?"), "{}", text(&output.stderr));
    assert_eq!(attnscope(home.path(), &["pull"], &[]).status.code(), Some(2));
}

#[test]
fn a_pull_that_is_killed_leaves_nothing_half_in_place_and_is_gone_on_with() {
    let hub = MockHub::start_with(&[("m.gguf", &weights())], |asked, answer| {
        if !asked.is_listing() && asked.range.is_empty() {
            answer.stall = Some(60_000);
        }
    });
    let home = tempfile::tempdir().unwrap();
    let endpoint = hub.endpoint();
    let mut killed = Command::new(env!("CARGO_BIN_EXE_attnscope"))
        .args(["pull", "someone/Tiny/m.gguf"])
        .env_clear()
        .envs([("HF_HOME", home.path().as_os_str()), ("HF_ENDPOINT", endpoint.as_ref())])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let repo = home.path().join("hub/models--someone--Tiny");
    let part = || fs::read_dir(repo.join("blobs")).ok()?.next()?.ok()?.metadata().ok();
    let begin = Instant::now();
    while part().is_none_or(|part| part.len() < 50_000) {
        assert!(begin.elapsed() < Duration::from_secs(30), "the partial file does not grow");
        std::thread::sleep(Duration::from_millis(20));
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert!(!repo.join("snapshots").exists() && !repo.join("refs").exists());

    let output = attnscope(home.path(), &["pull", "someone/Tiny/m.gguf"], &[("HF_ENDPOINT", &endpoint)]);
    assert_eq!(fs::read(text(&output.stdout).trim_end()).unwrap(), weights(), "{}", text(&output.stderr));
    assert!(hub.ranges("m.gguf").last().unwrap().starts_with("bytes=5"), "{:?}", hub.ranges("m.gguf"));
    assert_eq!(fs::read_dir(repo.join("blobs")).unwrap().count(), 1);
}
