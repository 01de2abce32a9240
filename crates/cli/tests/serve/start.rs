//! How a server starts, and how it ends.

use super::{Server, api, command};
use attnscope_protocol::{Event, FailureKind};
use std::io::Read;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

/// The one line on stderr of a server that must not start.
fn refused(code: i32, args: &[&str]) -> String {
    let output = command(args).output().expect("attnscope runs");
    let error = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(code), "{args:?}: {error}");
    assert_eq!((error.lines().count(), output.stdout.len()), (1, 0), "{args:?}: {error}");
    error
}

fn end(child: &mut Child, within: Duration) -> ExitStatus {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("a child") {
            return status;
        }
        assert!(start.elapsed() < within, "the server goes on");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn what_cannot_be_served_is_said_at_once() {
    assert!(refused(1, &["--model", "smolm2-135m"]).contains("did you mean smollm2-135m?"));
    assert!(refused(2, &["--model", &super::tiny(), "--model", &super::tiny()]).contains("two models"));
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken.gguf");
    std::fs::write(&broken, b"GGUF").unwrap();
    assert!(refused(1, &["--model", &broken.display().to_string()]).contains("broken.gguf"));
    assert!(refused(2, &["--host", "0.0.0.0"]).contains("--allow-remote"));
    assert!(refused(2, &["--token", "short"]).contains("16 to 1024 characters"));
    let token = folder.path().join("token");
    std::fs::write(&token, "first-line-of-two\nsecond-line-of-two\n").unwrap();
    assert!(refused(2, &["--token-file", &token.display().to_string()]).contains("--token-file"));
    assert!(refused(1, &["--token-file", "/nowhere"]).contains("/nowhere"));
    let output = command(&[]).env("ATTNSCOPE_TOKEN", "short").output().expect("attnscope runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("ATTNSCOPE_TOKEN"));
    assert!(refused(2, &["--token", "with spaces and; more"]).contains("--token"));
    assert!(refused(2, &["--assets", "/nowhere"]).contains("/nowhere"));
}

#[test]
fn a_port_that_is_taken_is_an_error_if_it_was_asked_for() {
    let server = Server::start();
    let error = refused(1, &["--port", &server.port.to_string()]);
    assert!(error.contains(&format!("port {} is taken", server.port)) && error.contains("--port"), "{error}");
}

#[test]
fn a_token_need_not_stand_on_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, "from-a-file-from-a-file\n").unwrap();
    let start = |file: bool| {
        let mut command = command(&[]);
        command.env("ATTNSCOPE_TOKEN", "from-the-environment").env("HF_HOME", folder.path());
        if file {
            command.arg("--token-file").arg(&path);
        }
        Server::spawn(command, tempfile::tempdir().unwrap())
    };
    for (file, token) in [(false, "from-the-environment"), (true, "from-a-file-from-a-file")] {
        let mut server = start(file);
        assert!(server.url.ends_with(&format!("/?token={token}")), "{}", server.url);
        assert_eq!(server.ask("POST", "/api", &[]).status, 401);
        assert_eq!(server.ask("POST", "/api", &[&format!("Authorization: Bearer {token}")]).status, 400);
        // That there are two is said.
        drop(server.child.kill());
        let mut error = String::new();
        server.child.stderr.take().expect("piped").read_to_string(&mut error).expect("UTF-8");
        assert_eq!(error.contains("ATTNSCOPE_TOKEN"), file, "{error}");
    }
}

#[cfg(unix)]
#[test]
fn it_ends_well_when_told_to_even_while_work_runs() {
    for signal in ["-TERM", "-INT"] {
        let mut server = Server::start();
        let mut connection = server.connect();
        connection.begin(&api::endless(50));
        assert_eq!(connection.status_within(Duration::from_secs(30)), Some(200));
        // One that says nothing does not hold it up either.
        let _silent = server.connect();
        let pid = server.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().expect("kill").success());
        let events = connection.answer(false).events();
        assert!(
            matches!(events.last(), Some(Event::Failed(failure)) if failure.kind == FailureKind::Lost),
            "{events:?}"
        );
        assert_eq!(end(&mut server.child, Duration::from_secs(10)).code(), Some(0), "{signal}");
        let mut error = String::new();
        server.child.stderr.take().expect("piped").read_to_string(&mut error).expect("UTF-8");
        assert_eq!(error, "", "{signal}");
    }
}
