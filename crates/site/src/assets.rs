//! Files of the page: in a folder named by a hash of their content, so that a browser may cache them forever, with
//! compressed copies.

use crate::language;
use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use std::io::Write;
use std::path::Path;

/// A file.
pub struct Asset {
    /// Its name, without a folder.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// All of them, and the name of their folder.
pub struct Assets {
    files: Vec<Asset>,
    folder: String,
}

impl Assets {
    /// Names the folder: `assets/` and a hash of everything.
    pub fn new(files: Vec<Asset>) -> Self {
        let mut hash = Sha256::new();
        for file in &files {
            hash.update(file.name.as_bytes());
            hash.update((file.bytes.len() as u64).to_le_bytes());
            hash.update(&file.bytes);
        }
        let hash: String = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Self { files, folder: format!("assets/{hash}") }
    }

    /// The address of a file, relative to a page in the language of this thread.
    pub fn url(&self, name: &str) -> String {
        format!("{}{}/{name}", language::root(), self.folder)
    }

    /// Whether there is a file of this name.
    pub fn has(&self, name: &str) -> bool {
        self.files.iter().any(|file| file.name == name)
    }

    /// Writes all of them below `dist`.
    pub fn write(&self, dist: &Path) -> Result<()> {
        let folder = dist.join(&self.folder);
        self.files.iter().try_for_each(|file| write_file(&folder, file))
    }
}

/// Writes a file, and `.br` and `.gz` beside it where that makes it smaller.
pub fn write_file(folder: &Path, file: &Asset) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let write = |name: String, bytes: &[u8]| {
        let path = folder.join(name);
        std::fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))
    };
    write(file.name.clone(), &file.bytes)?;
    for (end, packed) in [("br", brotli(&file.bytes)?), ("gz", gzip(&file.bytes)?)] {
        if packed.len() < file.bytes.len() * 9 / 10 {
            write(format!("{}.{end}", file.name), &packed)?;
        }
    }
    Ok(())
}

fn brotli(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut out, 1 << 16, 10, 22);
    writer.write_all(bytes)?;
    drop(writer);
    Ok(out)
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    writer.write_all(bytes)?;
    Ok(writer.finish()?)
}

/// Prints the size of everything, which is what a reader downloads.
pub fn report(dist: &Path) -> Result<()> {
    let (mut folders, mut embeds) = (vec![dist.to_path_buf()], 0);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let packed = path.with_extension(format!("{}.br", path.extension().unwrap_or_default().to_string_lossy()));
            if path.extension().is_some_and(|end| end == "br" || end == "gz") {
                continue;
            }
            // They are all alike, one a figure.
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("embed-")) {
                embeds += 1;
                continue;
            }
            let size = |path: &Path| std::fs::metadata(path).map(|meta| meta.len()).ok();
            let (whole, small) = (size(&path).unwrap_or(0), size(&packed));
            let name = path.strip_prefix(dist).unwrap_or(&path).display().to_string();
            eprintln!("   {name:<55} {whole:>9} bytes, compressed {:>8}", small.unwrap_or(whole));
        }
    }
    eprintln!("   and {embeds} pages with one figure each");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_bytes_are_another_folder() {
        let asset = |text: &str| Asset { name: "a.js".into(), bytes: text.into() };
        let (a, b) = (Assets::new(vec![asset("1")]), Assets::new(vec![asset("2")]));
        assert_ne!(a.url("a.js"), b.url("a.js"));
        assert_eq!(a.url("a.js"), Assets::new(vec![asset("1")]).url("a.js"));
        assert!(a.url("a.js").starts_with("assets/") && a.url("a.js").ends_with("/a.js"));
    }

    #[test]
    fn what_compresses_is_there_thrice() {
        let folder = std::env::temp_dir().join(format!("attnscope-site-{}", std::process::id()));
        write_file(&folder, &Asset { name: "a.css".into(), bytes: vec![b'a'; 4000] }).unwrap();
        write_file(&folder, &Asset { name: "b.bin".into(), bytes: vec![1] }).unwrap();
        let mut names: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name()).collect();
        names.sort();
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(names, ["a.css", "a.css.br", "a.css.gz", "b.bin"]);
    }
}
