//! One pull of a repository at a time.

use super::progress::{Report, note};
use anyhow::{Context, Result};
use std::fs::{self, File, TryLockError};
use std::path::Path;

/// Held while a repository's folder is written to. The system releases it when the process ends, in whatever way.
#[derive(Debug)]
pub struct PullLock {
    _file: File,
}

/// Waits for other pulls of the same repository to end.
pub fn lock(hub_cache: &Path, repo: &str, report: &Report<'_>) -> Result<PullLock> {
    let folder = hub_cache.join(".locks").join(format!("models--{}", repo.replace('/', "--")));
    let path = folder.join("attnscope.lock");
    let open = || {
        fs::create_dir_all(&folder)?;
        File::options().write(true).create(true).truncate(false).open(&path)
    };
    let file = open().with_context(|| {
        format!(
            "cannot write in the models' cache {}; set HF_HOME to a folder that you may write to",
            hub_cache.display()
        )
    })?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            note(report, format!("waiting for another pull of {repo} to end"));
            file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
        }
        // Some network file systems have no locks. Renames keep the cache consistent even then.
        Err(TryLockError::Error(_)) => {}
    }
    Ok(PullLock { _file: file })
}
