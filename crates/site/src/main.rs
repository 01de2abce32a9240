//! `attnscope-site PACKAGE DIST [--static] [--keep]`: makes the folder that a host serves. PACKAGE holds the wasm modules
//! with their JavaScript; DIST is replaced. `--static` is for a host that only serves files: the page then looks for no
//! server. `--keep` is for a server that already shows DIST: the files that open pages may still load stay.
#![forbid(unsafe_code)]

mod assets;
mod drawing;
mod hero;
mod language;
mod page;
mod place;
mod story;

use anyhow::{Context, Result, bail};
use assets::{Asset, Assets};
use attnscope_words::{LANGUAGES, code, speaking, text};
use std::path::{Path, PathBuf};

/// The workspace's folder, which contains story and fonts.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn main() -> Result<()> {
    let args: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [package, dist, flags @ ..] = args.as_slice() else { bail!("expected PACKAGE DIST") };
    let has = |name: &str| flags.iter().any(|flag| flag == Path::new(name));
    let (is_static, keep) = (has("--static"), has("--keep"));
    if flags.len() != usize::from(is_static) + usize::from(keep) {
        bail!("after PACKAGE DIST, only --static and --keep are known");
    }
    let example = drawing::Example::new();
    let assets = Assets::new(collect(package)?);
    // Made beside it and then renamed, so that a running server never sees half a page.
    let fresh = dist.with_extension("new");
    remove(&fresh)?;
    assets.write(&fresh)?;
    // The model reads once; its answers are drawn in each language.
    for language in language::all().map_err(anyhow::Error::msg)? {
        speaking(language, || pages(&fresh.join(language::folder(code())), &example, &assets, is_static))?;
    }
    if keep {
        keep_assets(dist, &fresh)?;
    }
    let old = dist.with_extension("old");
    remove(&old)?;
    if dist.exists() {
        std::fs::rename(dist, &old).with_context(|| format!("cannot rename to {}", old.display()))?;
    }
    std::fs::rename(&fresh, dist).with_context(|| format!("cannot rename to {}", dist.display()))?;
    remove(&old)?;
    assets::report(dist)
}

/// Writes the pages of the language of this thread: the story, and every figure by itself.
fn pages(folder: &Path, example: &drawing::Example, assets: &Assets, is_static: bool) -> Result<()> {
    let chapters = story::chapters(&Path::new(ROOT).join("story").join(language::folder(code())), example)?;
    let index = page::index(&chapters, &hero::hero()?, assets, is_static);
    assets::write_file(folder, &Asset { name: "index.html".into(), bytes: index.into_bytes() })?;
    for attnscope_page::Kind { name, about, .. } in attnscope_page::FIGURES {
        let alone = page::embed(text(about), &example.figure(name)?, assets, is_static);
        assets::write_file(folder, &Asset { name: page::embed_name(name), bytes: alone.into_bytes() })?;
    }
    Ok(())
}

/// Removes a folder, if it is there.
fn remove(folder: &Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

/// Copies the assets of an earlier page beside those of the new one. Their folders are named by what is in them.
fn keep_assets(dist: &Path, fresh: &Path) -> Result<()> {
    let Ok(folders) = std::fs::read_dir(dist.join("assets")) else { return Ok(()) };
    for folder in folders {
        let folder = folder?;
        let to = fresh.join("assets").join(folder.file_name());
        if to.exists() {
            continue;
        }
        std::fs::create_dir_all(&to).with_context(|| format!("cannot make {}", to.display()))?;
        for file in std::fs::read_dir(folder.path())? {
            let file = file?;
            std::fs::copy(file.path(), to.join(file.file_name()))
                .with_context(|| format!("cannot copy {}", file.path().display()))?;
        }
    }
    Ok(())
}

/// Every file of the page: what wasm-bindgen made, what lies in `assets/`, the fonts, and the tables of words.
fn collect(package: &Path) -> Result<Vec<Asset>> {
    let mut all = Vec::new();
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    let fonts = Path::new(ROOT).join("crates/figures/fonts");
    for (folder, ends) in [(package, &[".js", ".wasm"][..]), (&own, &[".js", ".css", ".svg"]), (&fonts, &[".woff2"])] {
        let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if ends.iter().any(|end| name.ends_with(end)) {
                let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
                all.push(Asset { name, bytes });
            }
        }
    }
    for needed in ["attnscope_web_bg.wasm", "attnscope_worker_bg.wasm", "style.css", "Inter-Regular.woff2"] {
        if !all.iter().any(|asset| asset.name == needed) {
            bail!("{needed} is missing; `cargo xtask web` makes all of it");
        }
    }
    all.extend(LANGUAGES.iter().map(|(code, _, table)| Asset { name: format!("{code}.toml"), bytes: (*table).into() }));
    all.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(all)
}
