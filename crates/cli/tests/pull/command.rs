//! The command itself, with the environment that a user would set.

use super::fixture::weights;
use super::mock_hub::{COMMIT, MockHub};
use std::path::Path;
use std::process::{Command, Output};

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
    assert_eq!(models[3]["id"], "someone/Tiny/m.gguf");
    assert_eq!(models[3]["size"], 100_000);
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
