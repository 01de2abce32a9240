//! Files that a reader drops on the page, of the families that people have: opened in the worker, number for number what
//! the engine computes.

use crate::browser::Browser;
use crate::{page, quiet, same_numbers, shows};
use attnscope::Model;
use std::fs;
use std::path::{Path, PathBuf};

/// Drops a file, as one does with a mouse. What a browser's driver can give is only an `<input>`; its file is passed on.
fn drop(browser: &Browser, path: &Path) {
    browser.run(
        "const input = document.createElement('input');
         input.type = 'file';
         input.id = 'dropped';
         input.onchange = () => {
             const dataTransfer = new DataTransfer();
             dataTransfer.items.add(input.files[0]);
             document.body.dispatchEvent(new DragEvent('drop', {dataTransfer, bubbles: true, cancelable: true}));
             input.remove();
         };
         document.body.append(input);",
    );
    browser.keys("#dropped", path.to_str().unwrap());
}

/// The sentence as the matrix tells it, with what the tokenizer puts around it.
fn told(model: &Model, sentence: &str) -> String {
    model.encode(sentence).unwrap().iter().map(|id| model.token(*id).text).collect::<String>().trim().to_owned()
}

/// Models of these families, each in a file of this name.
const FAMILIES: [(&str, &str, &str); 3] = [
    ("cases/11-qwen2/m.gguf", "qwen.gguf", ""),
    ("cases/13-gguf/m.gguf", "llama.gguf", "<|begin_of_text|>"),
    ("families/gemma3-pieces.gguf", "gemma.gguf", "<s>"),
];

/// Copies a golden file into a folder, under a name of its own.
fn copy(file: &str, folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(name);
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(file), &path).unwrap();
    path
}

#[test]
fn qwens_llama_3s_and_gemmas_kind_of_file_open_in_the_worker() {
    let (served, browser) = page();
    let folder = tempfile::tempdir().unwrap();
    for (file, name, start) in FAMILIES {
        let path = copy(file, folder.path(), name);
        let model = Model::open(&path).unwrap();
        let (info, sentence) = (model.info(), "the hot dog was");
        browser.write(sentence);
        drop(&browser, &path);
        let whole = told(&model, sentence);
        assert!(whole.starts_with(start), "{file}: {whole}");
        shows(&browser, &whole, &info.name);
        same_numbers(&browser, &model, sentence, 0, 0);
        // Digits and accents are what their tokenizers cut differently.
        let other = "12345 café";
        browser.write(other);
        shows(&browser, &told(&model, other), &info.name);
        same_numbers(&browser, &model, other, 0, 0);
        let status = browser.run("return document.querySelector('#status').innerText");
        assert!(status.as_str().unwrap().contains("computed in this browser"), "{status}");
    }
    quiet(&browser, &served);
}

#[test]
fn another_file_of_the_same_name_is_another_model() {
    let (served, browser) = page();
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    for (folder, (file, _, _)) in folders.iter().zip(FAMILIES) {
        let path = copy(file, folder.path(), "model.gguf");
        let model = Model::open(&path).unwrap();
        drop(&browser, &path);
        shows(&browser, &told(&model, "the hot dog was"), &model.info().name);
        same_numbers(&browser, &model, "the hot dog was", 0, 0);
    }
    quiet(&browser, &served);
}
