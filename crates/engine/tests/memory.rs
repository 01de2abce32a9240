//! Memory is at most twice the file and 64 MB, for every file that is opened and every text that is cut; what a run needs
//! on top is known before it is started ([`attnscope::Config::run_bytes`] and [`Capture::bytes`]). Each case runs in a
//! process of its own, under a limit of the system. One byte more, and that process is aborted.
#![cfg(target_os = "linux")]

mod odd;

use attnscope::{Capture, GenerateOptions, Model};
use attnscope_kernels::dequant::DType;
use odd::draw::Draw;
use odd::plan::Plan;
use std::path::Path;
use std::process::Command;

/// What a process may have beside twice the file: its code's data, its threads' stacks and all that it makes.
const FREE: u64 = 64 << 20;

fn plan(arch: &'static str, d: usize, vocab: usize) -> Plan {
    let (heads, biases) = (d / 32, arch == "qwen2");
    Plan { arch, layers: 2, heads, kv: heads, d, d_head: 32, d_ff: 4 * d, ctx: 512, vocab, tied: true, biases }
}

/// The alphabet of bytes as far as it is plain, and as many more tokens as there should be.
fn tokens(n: usize) -> Vec<String> {
    let letters = (b'!'..=b'~').map(|b| char::from(b).to_string());
    letters.chain(["Ġ".to_string()]).chain((0..).map(|i| format!("t{i}"))).take(n).collect()
}

fn gguf(d: usize, vocab: usize) -> Vec<u8> {
    odd::gguf::plain(&plan("llama", d, vocab), DType::Q4_0, tokens(vocab), vec![])
}

/// A folder with this tokenizer beside the weights.
fn folder(plan: &Plan, tokenizer: String) -> Vec<(String, Vec<u8>)> {
    let mut files = odd::folder::plain(plan);
    files.push(("tokenizer.json".into(), tokenizer.into_bytes()));
    files
}

fn byte_level(tokens: &[String], more: &str) -> String {
    let vocab: Vec<String> = tokens.iter().enumerate().map(|(id, t)| format!("{:?}:{id}", t)).collect();
    let bytes = r#"{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}"#;
    format!(
        r#"{{"version":"1.0",{more}"pre_tokenizer":{bytes},"decoder":{bytes},"model":{{"type":"BPE","vocab":{{{}}},"merges":[]}}}}"#,
        vocab.join(",")
    )
}

/// One process for all cases: what one leaves behind would count for the next.
#[test]
fn memory_is_bounded_by_the_file() {
    if let Some(at) = std::env::var_os("ATTNSCOPE_MEMORY_CASE") {
        return child(Path::new(&at));
    }
    let small = byte_level(&tokens(100), "");
    let gpt2 = plan("gpt2", 512, 100);
    let mut wide = plan("llama", 64, 100);
    (wide.ctx, wide.layers) = (1 << 26, 1);
    let mut long = plan("llama", 64, 100);
    long.ctx = 64_000;
    let long_token = byte_level(&[tokens(99), vec!["a".repeat(99)]].concat(), "");
    let compatible = r#"{"version":"1.0","normalizer":{"type":"NFKC"},"pre_tokenizer":{"type":"WhitespaceSplit"},
        "model":{"type":"WordLevel","unk_token":"a","vocab":{"a":0}}}"#;
    let spaces = r#"{"version":"1.0","pre_tokenizer":{"type":"Metaspace","replacement":"▁","prepend_scheme":"always",
        "split":false},"model":{"type":"WordLevel","unk_token":"a","vocab":{"a":0}}}"#;
    let replace = r#"{"type":"Replace","pattern":{"String":"a"},"content":"aaaaaaaaaa"}"#;
    let chain = format!(r#""normalizer":{{"type":"Sequence","normalizers":[{}]}},"#, [replace; 12].join(","));
    let copies = [r#"{"Sequence":{"id":"A","type_id":0}}"#; 100_000].join(",");
    let template = format!(
        r#""post_processor":{{"type":"TemplateProcessing","single":[{copies}],"pair":[],"special_tokens":{{}}}},"#
    );
    let beside = |config: String| {
        let mut files = folder(&plan("llama", 32, 100), small.clone());
        files.push(("tokenizer_config.json".into(), config.into_bytes()));
        files
    };
    let numbers = format!(r#"{{"a":[{}0]}}"#, "0,".repeat((1 << 20) - 10));
    let one = |name: &str, bytes: Vec<u8>| vec![(name.to_string(), bytes)];
    // What it is, its files, the text, and what is said of it.
    let cases = [
        ("a model of 13 MB", one("m.gguf", gguf(1024, 400)), "t1 the hot dog".into(), "ran"),
        ("two weights a number", folder(&gpt2, small.clone()), "the hot dog".into(), "ran"),
        ("a context without an end", folder(&wide, small.clone()), "the hot dog".into(), "ran"),
        ("as many tokens as are read", folder(&long, long_token), "a ".repeat(32_005), "has 64010 tokens, but"),
        (
            "eight bytes a token",
            folder(&long, compatible.replace("NFKC", "Lowercase")),
            "seventy ".repeat(64_010),
            "has 64010 tokens, but",
        ),
        (
            "sixteen bytes a token",
            folder(&long, compatible.replace("NFKC", "Lowercase")),
            "seventy-seventy ".repeat(64_010),
            "has 64010 tokens, but",
        ),
        ("11 times the text", folder(&long, compatible.into()), "\u{FDFA}".repeat(21_334), "has 64003 tokens, but"),
        ("spaces that grow", folder(&long, spaces.into()), " ".repeat(1 << 20), "makes more than 1048576"),
        ("a text without an end", folder(&wide, small.clone()), "a ".repeat(1 << 19), "tokens"),
        ("a text that is too long", folder(&wide, small.clone()), "a ".repeat(1 << 20), "at most 1048576"),
        ("all tokens that a file may have", one("m.gguf", gguf(32, 1 << 17)), "the hot dog".into(), "ran"),
        ("tensors that are one", one("m.gguf", aliases()), "a".into(), "overlap"),
        ("entries without an end", one("m.gguf", entries()), "a".into(), "metadata entries"),
        ("a text that explodes", folder(&wide, byte_level(&tokens(100), &chain)), "a".repeat(1000), "as long"),
        ("a text that is copied", folder(&wide, byte_level(&tokens(100), &template)), "a".repeat(1000), "bytes in its"),
        ("a config of 2 MB beside the tokenizer", beside(numbers), "a".into(), "ran"),
        ("a config of more", beside(format!(r#"{{"a":"{}"}}"#, "a".repeat(2 << 20))), "a".into(), "at most 2097152"),
        (
            "a tokenizer of 2 MB",
            folder(&plan("llama", 32, 1 << 17), byte_level(&tokens(1 << 17), "")),
            "a".into(),
            "ran",
        ),
    ];
    for (name, files, text, said) in cases {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in &files {
            std::fs::write(folder.path().join(name), bytes).unwrap();
        }
        std::fs::write(folder.path().join("text"), text).unwrap();
        let size: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
        under_a_limit(name, folder.path(), 2 * size as u64 + FREE, said);
    }
    // Some thousand odd files, each small.
    under_a_limit("odd files", Path::new("odd"), 2 * 100_000 + FREE, "odd files");
    runs();
}

/// Runs that need several times what everything else may take.
fn runs() {
    let small = byte_level(&tokens(100), "");
    let model = |layers, heads, kv, d_ff| Plan { layers, heads, kv, d_ff, ctx: 20_000, ..plan("llama", 64, 100) };
    let cases = [
        ("a wide MLP", model(1, 2, 2, 8192), 4000, "", 0),
        ("many heads", model(1, 128, 32, 64), 2000, "", 0),
        ("many layers", model(48, 4, 4, 64), 5000, "", 0),
        ("a pattern that is kept", model(1, 32, 2, 64), 2000, "pattern", 0),
        ("all that is kept", model(2, 32, 32, 4096), 2000, "all,result", 0),
        ("scores of every head and all logits", model(2, 8, 2, 64), 2000, "scores,logits", 0),
        ("tokens that are written", model(24, 4, 4, 64), 5000, "", 40),
    ];
    for (name, plan, n, capture, written) in cases {
        let at = tempfile::tempdir().unwrap();
        let files = folder(&plan, small.clone());
        for (name, bytes) in &files {
            std::fs::write(at.path().join(name), bytes).unwrap();
        }
        let config = Model::open(at.path()).unwrap().config().clone();
        for (name, text) in
            [("text", "a ".repeat(n / 2)), ("capture", capture.into()), ("written", written.to_string())]
        {
            std::fs::write(at.path().join(name), text).unwrap();
        }
        let size: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
        let kept = capture.parse::<Capture>().unwrap().bytes(&config, n, n);
        let run = config.run_bytes(n, n + written) + kept;
        assert!(run > 2 * FREE, "{name}: {run} bytes are lost in what is free anyway");
        // What a model and its code take, but for the arrays of the run, is small here.
        under_a_limit(name, at.path(), 2 * size as u64 + FREE / 4 + run, "ran");
    }
}

/// Runs this test again, as a child with little memory.
fn under_a_limit(name: &str, at: &Path, bytes: u64, said: &str) {
    let kib = bytes / 1024;
    let this = std::env::current_exe().unwrap();
    let output = Command::new("sh")
        .args(["-c", &format!("ulimit -d {kib} && exec \"$0\" memory_is_bounded_by_the_file --exact --nocapture")])
        .arg(this)
        .env("ATTNSCOPE_MEMORY_CASE", at)
        .env("RAYON_NUM_THREADS", "2")
        .env("RUST_TEST_THREADS", "1")
        .output()
        .unwrap();
    let out = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}, in {kib} KiB: {}\n{out}\n{error}", output.status);
    let line = out.lines().find_map(|line| line.split_once("said: ")).map(|(_, line)| line.to_owned());
    let line = line.unwrap_or_else(|| panic!("{name}: {out}"));
    assert!(line.contains(said), "{name}: {line}");
    println!("{name}: at most {kib} KiB, {line}");
}

/// Opens what lies there, cuts the text and runs it, and says the most memory that it had.
fn child(at: &Path) {
    let said = if at == Path::new("odd") { many_odd() } else { open(at) };
    println!("\nsaid: {said}; {} KiB of data at most", peak());
}

fn many_odd() -> String {
    for seed in 0..1500 {
        odd::gguf_file(&mut Draw::from_seed(seed));
        odd::folder_of_files(&mut Draw::from_seed(seed));
    }
    "odd files".into()
}

fn open(at: &Path) -> String {
    let take = |name: &str| {
        let text = std::fs::read_to_string(at.join(name)).unwrap_or_default();
        _ = std::fs::remove_file(at.join(name));
        text
    };
    let (text, capture, written) = (take("text"), take("capture"), take("written"));
    let model = match Model::open(at) {
        Ok(model) => model,
        Err(error) => return error.to_string(),
    };
    let tokens = match model.encode(&text) {
        Ok(tokens) => tokens,
        Err(error) => return error.to_string(),
    };
    let max_tokens = written.parse().unwrap_or(0);
    if max_tokens > 0 {
        let options = GenerateOptions { max_tokens, ..GenerateOptions::default() };
        return format!("ran, {} written", model.generate(&tokens, &options, &[], |_| true).unwrap().len());
    }
    let trace = model.run(&tokens, &capture.parse().unwrap(), &[]).unwrap();
    format!("ran, {:?}", model.next_tokens(&trace, 1).first().map(|next| next.id))
}

/// The most memory that this process had, files that are mapped left away.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    };
    kib("VmHWM:").unwrap_or(0).saturating_sub(kib("RssFile:").unwrap_or(0))
}

/// 1,000 tensors of one and the same 0.8 MB.
fn aliases() -> Vec<u8> {
    let mut out = b"GGUF\x03\0\0\0".to_vec();
    out.extend(1000u64.to_le_bytes());
    out.extend(0u64.to_le_bytes());
    for i in 0..1000 {
        let name = format!("t{i:03}");
        out.extend((name.len() as u64).to_le_bytes());
        out.extend(name.as_bytes());
        out.extend(1u32.to_le_bytes());
        out.extend(200_000u64.to_le_bytes());
        out.extend(0u32.to_le_bytes());
        out.extend(0u64.to_le_bytes());
    }
    out.resize(out.len().next_multiple_of(32) + 800_000, 0);
    out
}

/// 500,000 entries, each with a key of its own.
fn entries() -> Vec<u8> {
    let mut out = b"GGUF\x03\0\0\0".to_vec();
    out.extend(0u64.to_le_bytes());
    out.extend(500_000u64.to_le_bytes());
    for i in 0..500_000u32 {
        out.extend(4u64.to_le_bytes());
        out.extend(format!("{i:04x}").as_bytes().iter().take(4));
        out.extend(7u32.to_le_bytes());
        out.push(1);
    }
    out
}
