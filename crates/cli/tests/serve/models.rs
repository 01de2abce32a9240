//! Model files for browsers that run them themselves.

use super::{Server, api};
use attnscope::Model;
use attnscope_protocol::{Event, Failure, FailureKind, Request, Response};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

#[test]
fn a_model_file_comes_whole_in_part_or_not_again() {
    let server = Server::with(&["--model", &super::tiny()]);
    let file = std::fs::read(super::tiny()).unwrap();
    let path = "/models/llama/model.gguf";
    let whole = server.get(path);
    assert_eq!((whole.status, &whole.body), (200, &file));
    assert_eq!(whole.header("content-type"), Some("application/octet-stream"));
    assert_eq!(whole.header("content-length"), Some(file.len().to_string().as_str()));
    assert_eq!(whole.header("accept-ranges"), Some("bytes"));
    let tag = whole.header("etag").unwrap();

    let head = server.ask("HEAD", path, &[]);
    assert_eq!((head.status, head.header("content-length")), (200, Some(file.len().to_string().as_str())));

    let part = server.ask("GET", path, &["Range: bytes=10-19"]);
    assert_eq!((part.status, &part.body[..]), (206, &file[10..20]));
    assert_eq!(part.header("content-range"), Some(format!("bytes 10-19/{}", file.len()).as_str()));
    let rest = server.ask("GET", path, &[&format!("Range: bytes={}-", file.len() - 5), &format!("If-Range: {tag}")]);
    assert_eq!((rest.status, &rest.body[..]), (206, &file[file.len() - 5..]));
    // Half of what was another file is no half of this.
    let changed = server.ask("GET", path, &["Range: bytes=10-19", "If-Range: \"other\""]);
    assert_eq!((changed.status, changed.body.len()), (200, file.len()));
    assert_eq!(server.ask("GET", path, &[&format!("Range: bytes={}-", file.len())]).status, 416);
    let known = server.ask("GET", path, &[&format!("If-None-Match: {tag}")]);
    assert_eq!((known.status, known.body.len()), (304, 0));
}

#[test]
fn only_models_that_are_served_and_one_file_can_be_had() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/tiny/bert").display().to_string();
    let server = Server::with(&["--model", &super::tiny(), "--model", &folder]);
    for path in [
        "/models/bert/model.gguf",
        "/models/lesson/model.gguf",
        "/models/smollm2-135m/model.gguf",
        "/models/..%2fllama/model.gguf",
        "/models/%2fetc%2fpasswd/model.gguf",
        "/models/llama/config.json",
        "/models/llama",
    ] {
        assert_eq!(server.get(path).status, 404, "{path}");
    }
}

/// A copy of the tiny model that a test may change.
fn own(folder: &tempfile::TempDir) -> PathBuf {
    let path = folder.path().join("own.gguf");
    std::fs::copy(super::tiny(), &path).unwrap();
    path
}

fn open(server: &Server) -> Result<attnscope::ModelInfo, Failure> {
    match api::ask(server, &Request::Open { model: "own".into() }).pop() {
        Some(Event::Done(Response::Opened(card))) => Ok(card.info.expect("it is open")),
        Some(Event::Failed(failure)) => Err(failure),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_model_that_is_replaced_or_cut_off_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = own(&folder);
    let server = Server::with(&["--model", &path.display().to_string()]);
    let (llama, gpt2) = (PathBuf::from(super::tiny()), Path::new(&super::tiny()).with_file_name("gpt2.gguf"));
    let info = |path: &Path| Model::open(path).unwrap().info();
    let text = "the dog was";
    assert_eq!(open(&server), Ok(info(&llama)));
    let before = api::ask(&server, &api::run("own", text));

    std::fs::copy(&gpt2, folder.path().join("other")).unwrap();
    std::fs::rename(folder.path().join("other"), &path).unwrap();
    assert_eq!(open(&server), Ok(info(&gpt2)), "the file that is there now");
    assert_ne!(api::ask(&server, &api::run("own", text)), before);

    // Written over, as a copy does it; and cut off.
    std::fs::copy(&llama, &path).unwrap();
    assert_eq!(api::ask(&server, &api::run("own", text)), before);
    std::fs::File::options().write(true).open(&path).unwrap().set_len(1000).unwrap();
    for request in [Request::Open { model: "own".into() }, api::run("own", text)] {
        let Some(Event::Failed(failure)) = api::ask(&server, &request).pop() else { panic!("a failure") };
        assert_eq!((failure.kind.clone(), failure.message.lines().count()), (FailureKind::Model, 1), "{failure}");
    }
    std::fs::remove_file(&path).unwrap();
    let failure = open(&server).unwrap_err();
    assert!(failure.message.contains("own.gguf"), "{failure}");
    assert!(!failure.message.contains(&*folder.path().to_string_lossy()), "{failure}");

    std::fs::copy(&llama, &path).unwrap();
    assert_eq!(api::ask(&server, &api::run("own", text)), before, "it is back");
}

#[test]
fn a_file_that_changes_while_it_is_sent_does_not_end_well() {
    const SIZE: u64 = 64 << 20;
    let folder = tempfile::tempdir().unwrap();
    let path = own(&folder);
    let server = Server::with(&["--model", &path.display().to_string()]);
    // The same length, another length, and another file in its place, which does not matter.
    let rewrite = |path: &Path| {
        let mut file = std::fs::File::options().write(true).open(path).unwrap();
        file.seek(SeekFrom::Start(SIZE / 2)).unwrap();
        file.write_all(b"other").unwrap();
    };
    let cut = |path: &Path| std::fs::File::options().write(true).open(path).unwrap().set_len(SIZE / 2).unwrap();
    let replace = |path: &Path| {
        std::fs::write(path.with_extension("new"), "other").unwrap();
        std::fs::rename(path.with_extension("new"), path).unwrap();
    };
    let changes: [fn(&Path); 3] = [rewrite, cut, replace];
    for (change, ends_well) in changes.into_iter().zip([false, false, true]) {
        std::fs::File::create(&path).unwrap().set_len(SIZE).unwrap();
        let mut stream = server.connect().into_stream();
        let host = server.port;
        write!(stream, "GET /models/own/model.gguf HTTP/1.1\r\nHost: 127.0.0.1:{host}\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut bytes = vec![0; 1 << 20];
        stream.read_exact(&mut bytes).unwrap();
        let head = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap() as u64 + 4;
        let said = format!("content-length: {SIZE}");
        assert!(String::from_utf8_lossy(&bytes[..head as usize]).contains(&said));
        change(&path);
        // It may be broken off by an error, too.
        drop(stream.read_to_end(&mut bytes));
        assert_eq!(bytes.len() as u64 == head + SIZE, ends_well);
    }
}
