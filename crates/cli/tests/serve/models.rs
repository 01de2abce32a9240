//! Model files for browsers that run them themselves.

use super::Server;
use std::path::Path;

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
