//! One file in the browser's storage: the origin's private file system, which only pages of this host can read.
//!
//! `NAME` holds the bytes that have come so far; `NAME.about` the version (ETag) that they are of and the full length.

use crate::fetch::failure;
use attnscope_protocol::Failure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    DedicatedWorkerGlobalScope, FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetFileOptions,
    FileSystemReadWriteOptions, FileSystemSyncAccessHandle,
};

/// Bytes read at once.
const PIECE: usize = 16 << 20;

/// An open kept file. While another page has it open, this one may not get it.
pub struct Kept {
    bytes: FileSystemSyncAccessHandle,
    about: FileSystemSyncAccessHandle,
    /// Version of the bytes; empty if there are none.
    pub version: String,
    total: u64,
}

impl Kept {
    /// The file of this address; `None` if the browser has no such storage.
    pub async fn open(url: &str) -> Option<Self> {
        let name: String = url.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let scope: DedicatedWorkerGlobalScope = js_sys::global().dyn_into().ok()?;
        let folder = JsFuture::from(scope.navigator().storage().get_directory()).await.ok()?;
        let folder: FileSystemDirectoryHandle = folder.dyn_into().ok()?;
        let about = handle(&folder, &format!("{name}.about")).await.ok()?;
        let Ok(bytes) = handle(&folder, &name).await else {
            about.close();
            return None;
        };
        let (version, total) = read_about(&about).unwrap_or_default();
        Some(Self { bytes, about, version, total })
    }

    /// How many bytes need not be loaded again: at most all but the last.
    pub fn have(&self) -> u64 {
        let len = self.bytes.get_size().unwrap_or(0.0) as u64;
        if self.version.is_empty() { 0 } else { len.min(self.total.saturating_sub(1)) }
    }

    /// Starts again with another version.
    pub async fn begin(mut self, version: &str, total: u64) -> Option<Self> {
        self.bytes.truncate_with_u32(0).ok()?;
        self.about.truncate_with_u32(0).ok()?;
        let text = format!("{version}\n{total}");
        self.about.write_with_u8_array_and_options(text.as_bytes(), &at(0)).ok()?;
        self.about.flush().ok()?;
        (self.version, self.total) = (version.into(), total);
        // Without a version a load cannot be resumed, so the file is not kept.
        (!self.version.is_empty()).then_some(self)
    }

    /// Appends the first `have` bytes to `out`.
    pub fn read_into(&self, out: &mut Vec<u8>, have: usize) -> Result<(), Failure> {
        let mut piece = vec![0; PIECE.min(have)];
        while out.len() < have {
            let wanted = PIECE.min(have - out.len());
            let read = self.bytes.read_with_u8_array_and_options(&mut piece[..wanted], &at(out.len()));
            let read =
                read.map_err(|_| failure("the browser's storage cannot be read; clear this page's data".into()))?;
            if read <= 0.0 {
                return Err(failure("the browser's storage lost a part of the model; clear this page's data".into()));
            }
            out.extend_from_slice(&piece[..read as usize]);
        }
        Ok(())
    }

    /// Writes a piece at its place; returns false if the storage is full.
    pub fn write(&self, piece: &[u8], place: usize) -> bool {
        self.bytes
            .write_with_u8_array_and_options(piece, &at(place))
            .is_ok_and(|written| written as usize == piece.len())
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // Until it is closed, nobody else can open it. Flushing may fail if storage is full: what was written is kept.
        let _ = self.bytes.flush();
        self.bytes.close();
        self.about.close();
    }
}

async fn handle(folder: &FileSystemDirectoryHandle, name: &str) -> Result<FileSystemSyncAccessHandle, JsValue> {
    let create = FileSystemGetFileOptions::new();
    create.set_create(true);
    let file = JsFuture::from(folder.get_file_handle_with_options(name, &create)).await?;
    let file: FileSystemFileHandle = file.dyn_into()?;
    JsFuture::from(file.create_sync_access_handle()).await?.dyn_into()
}

fn read_about(about: &FileSystemSyncAccessHandle) -> Option<(String, u64)> {
    let mut bytes = vec![0; 512];
    let read = about.read_with_u8_array_and_options(&mut bytes, &at(0)).ok()? as usize;
    let text = std::str::from_utf8(bytes.get(..read)?).ok()?;
    let (version, total) = text.split_once('\n')?;
    Some((version.into(), total.parse().ok()?))
}

fn at(place: usize) -> FileSystemReadWriteOptions {
    let options = FileSystemReadWriteOptions::new();
    options.set_at(place as f64);
    options
}
