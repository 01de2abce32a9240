//! Models on disk: what is opened, what is refused, and what happens to a file that changes while it is in use.

mod common;

use attnscope::{Capture, Error, GenerateOptions, Generation, KvCache, Model, Run};
use common::fixture;
use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

const TOKENS: [u32; 4] = [1, 2, 3, 4];

/// A folder of its own, with copies of fixtures by these names.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let path = std::env::temp_dir().join(format!("attnscope-open-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        for (file, from) in files {
            fs::copy(fixture(from), path.join(file)).unwrap();
        }
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn said<T>(result: Result<T, Error>) -> String {
    let error = result.err().expect("an error").to_string();
    assert_eq!(error.lines().count(), 1, "{error}");
    error
}

fn start(model: &Model) -> Result<Run<&Model>, Error> {
    Run::start(model, TOKENS.to_vec(), "resid_post".parse()?, vec![], model.new_cache())
}

fn cut(path: &Path, len: u64) {
    File::options().write(true).open(path).unwrap().set_len(len).unwrap();
}

/// Writes over the file's last bytes; its length stays.
fn overwrite(path: &Path) {
    // Longer than the steps in which the file system counts time.
    std::thread::sleep(Duration::from_millis(50));
    let mut file = File::options().write(true).open(path).unwrap();
    file.seek(SeekFrom::End(-400)).unwrap();
    file.write_all(&[1; 400]).unwrap();
}

/// Every way to a number says that the file has changed.
fn refuses_all(model: &Model, trace: &attnscope::Trace, name: &str) {
    let expected = format!("{name}: the file changed while it was in use");
    let mut cache = model.new_cache();
    let number = "blocks.0.mlp_out[0,0]".parse().unwrap();
    for error in [
        said(start(model)),
        said(model.run(&TOKENS, &Capture::none(), &[])),
        said(model.run_with_cache(&mut cache, &TOKENS, &Capture::none(), &[])),
        said(Generation::start(model, TOKENS.to_vec(), GenerateOptions::default(), vec![]).unwrap().step()),
        said(model.unembed(&vec![0.5; model.config().d_model])),
        said(model.check_files()),
    ] {
        assert!(error.starts_with(&expected), "{error}");
    }
    let error = said(attnscope::analysis::explain::explain(model, trace, number));
    assert!(error.starts_with(&expected), "{error}");
    assert_eq!(cache.len(), KvCache::len(&model.new_cache()), "what failed is not kept");
}

#[cfg(unix)]
#[test]
fn a_file_cut_off_under_a_run_is_an_error_and_not_the_end() {
    for (name, len) in [("empty", 0), ("half", 20_000)] {
        let folder = Folder::new(&format!("cut-{name}"), &[("m.gguf", "tiny/llama.gguf")]);
        let path = folder.file("m.gguf");
        let model = Model::open(&path).unwrap();
        let trace = model.run(&TOKENS, &Capture::all(), &[]).unwrap();
        let (mut stepped, finished) = (start(&model).unwrap(), start(&model).unwrap());
        assert!(stepped.step().unwrap());
        cut(&path, len);
        let expected = "m.gguf: the file changed while it was in use";
        assert!(said(stepped.step()).starts_with(expected));
        assert!(said(finished.finish()).starts_with(expected));
        refuses_all(&model, &trace, "m.gguf");
        let error = said(Model::open(&path));
        assert!(error.starts_with("m.gguf: ") && !error.contains("changed"), "{error}");
    }
}

#[test]
fn a_file_written_over_under_a_run_is_an_error() {
    let folder = Folder::new("over", &[("m.gguf", "tiny/llama.gguf")]);
    let path = folder.file("m.gguf");
    let model = Model::open(&path).unwrap();
    let trace = model.run(&TOKENS, &Capture::all(), &[]).unwrap();
    let (mut stepped, finished) = (start(&model).unwrap(), start(&model).unwrap());
    overwrite(&path);
    assert!(said(stepped.step()).contains("changed while it was in use"));
    assert!(said(finished.finish()).contains("changed while it was in use"));
    refuses_all(&model, &trace, "m.gguf");
    // The file as it is now is a model like any other.
    Model::open(&path).unwrap().run(&TOKENS, &Capture::none(), &[]).unwrap();
}

#[test]
fn one_shard_that_changes_is_named_and_config_may_change() {
    let names = ["config.json", "model.safetensors.index.json"].map(String::from).into_iter();
    let shards = (1..=3).map(|i| format!("model-0000{i}-of-00003.safetensors"));
    let names: Vec<(String, String)> =
        names.chain(shards).map(|n| (n.clone(), format!("tiny/llama-sharded/{n}"))).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let folder = Folder::new("shards", &files);
    let model = Model::open(&folder.0).unwrap();
    let trace = model.run(&TOKENS, &Capture::all(), &[]).unwrap();
    // Read once, at the beginning.
    overwrite(&folder.file("config.json"));
    let again = model.run(&TOKENS, &Capture::none(), &[]).unwrap();
    assert_eq!(again.last_logits.len(), trace.last_logits.len());
    overwrite(&folder.file("model-00002-of-00003.safetensors"));
    refuses_all(&model, &trace, "model-00002-of-00003.safetensors");
}

#[cfg(unix)]
#[test]
fn a_file_replaced_by_a_rename_goes_on_as_it_was() {
    let folder = Folder::new("renamed", &[("m.gguf", "tiny/llama.gguf"), ("other.gguf", "tiny/gpt2.gguf")]);
    let model = Model::open(folder.file("m.gguf")).unwrap();
    let before = model.run(&TOKENS, &Capture::none(), &[]).unwrap().last_logits;
    fs::rename(folder.file("other.gguf"), folder.file("m.gguf")).unwrap();
    assert_eq!(model.run(&TOKENS, &Capture::none(), &[]).unwrap().last_logits, before);
}

#[test]
fn of_several_models_in_a_folder_none_is_guessed() {
    let llama = |name| (name, "tiny/llama.gguf");
    let two = Folder::new("two", &[llama("b.gguf"), llama("a.gguf"), llama("c.gguf")]);
    let error = said(Model::open(&two.0));
    assert!(error.contains("several models here: a.gguf, b.gguf and 1 more; give the path"), "{error}");
    assert!(Model::open(two.file("b.gguf")).is_ok());
    let safetensors =
        [("config.json", "tiny/llama/config.json"), ("model.safetensors", "tiny/llama/model.safetensors")];
    let both = Folder::new("both", &[&safetensors[..], &[llama("a.gguf")]].concat());
    let error = said(Model::open(&both.0));
    assert!(error.contains("a.gguf, model.safetensors; give the path"), "{error}");
    assert!(Model::open(both.file("model.safetensors")).is_ok() && Model::open(both.file("a.gguf")).is_ok());
    let index = ("model.safetensors.index.json", "tiny/llama-sharded/model.safetensors.index.json");
    let indexed = Folder::new("indexed", &[&safetensors[..], &[index]].concat());
    assert!(said(Model::open(&indexed.0)).contains("an index of shards"));
    assert!(Model::open(indexed.file("model.safetensors")).is_ok(), "a file that was named is the model");
    // An error names the file that was named, and not what it stands for.
    let other = indexed.file("other.safetensors");
    std::fs::write(&other, b"none").unwrap();
    let error = said(Model::open(&other));
    assert!(error.starts_with("other.safetensors: "), "{error}");
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused_at_once() {
    let folder = Folder::new("pipe", &[("config.json", "tiny/llama/config.json")]);
    let pipe = folder.file("m.gguf");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let error = said(Model::open(&pipe));
    assert!(error.contains("m.gguf: expected a model's file or folder, found a pipe"), "{error}");
    // In a folder it is no file of the model.
    assert!(said(Model::open(&folder.0)).contains("there is no model.safetensors"));
    assert!(said(Model::open(Path::new("/dev/null"))).contains("found a device"));
    let socket = folder.file("s.safetensors");
    let _listening = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    assert!(said(Model::open(&socket)).contains("found a socket"));
    assert!(said(Model::open(folder.file("none.gguf"))).contains("none.gguf"));
    std::os::unix::fs::symlink("nowhere", folder.file("link.gguf")).unwrap();
    assert!(said(Model::open(folder.file("link.gguf"))).contains("link.gguf"));
}

#[cfg(target_os = "linux")]
#[test]
fn names_need_not_be_utf_8() {
    use std::os::unix::ffi::OsStrExt;
    let folder = Folder::new("names", &[("m", "tiny/llama.gguf")]);
    let path = folder.0.join(std::ffi::OsStr::from_bytes(b"\xff\xfe.gguf"));
    fs::rename(folder.file("m"), &path).unwrap();
    let by_name = Model::open(&path).unwrap().run(&TOKENS, &Capture::none(), &[]).unwrap();
    let by_folder = Model::open(&folder.0).unwrap().run(&TOKENS, &Capture::none(), &[]).unwrap();
    assert_eq!(by_name.last_logits, by_folder.last_logits);
}
