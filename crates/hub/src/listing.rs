//! The list of a repository's files, as the Hub's API gives it.

use super::client::Client;
use super::failure::Failure;
use super::foreign::{is_commit, shown, stays_inside};
use super::steady::Steady;
use serde::Deserialize;
use std::io::Read;

/// Repositories of a hundred thousand files have lists of some megabytes.
const MOST_BYTES: u64 = 16 << 20;

/// A list that takes longer than this many times the longest silence allowed of a host is given up.
const MOST_IDLES: u32 = 30;

/// The content of a revision.
pub struct Listing {
    /// The commit, checked, since a snapshot's folder may be named by it.
    pub commit: String,
    /// The files whose names stay inside a folder.
    pub files: Vec<String>,
    /// One of the names that do not stay inside, to be shown.
    pub left_out: Option<String>,
}

#[derive(Deserialize)]
struct Info {
    sha: String,
    siblings: Vec<Sibling>,
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
}

/// Asks for the list of a repository at a revision.
pub fn get(client: &Client, repo: &str, revision: &str) -> Result<Listing, Failure> {
    let answer = client.get(&format!("/api/models/{repo}/revision/{revision}"), 0)?;
    if answer.status != 200 {
        return Err(Failure::Refused(answer.status));
    }
    let mut bytes = Vec::new();
    let body = answer.body.into_reader().take(MOST_BYTES + 1);
    let mut body = Steady::new(body, client.network.idle).ending_within(client.network.idle * MOST_IDLES);
    body.read_to_end(&mut bytes)
        .map_err(|error| Failure::Unreachable(format!("its list broke off: {}", client.why(&error.into()))))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(Failure::Unusable(format!("a list of more than {} MiB", MOST_BYTES >> 20)));
    }
    let info: Info = serde_json::from_slice(&bytes).map_err(|error| {
        Failure::Unusable(format!("expected the list of the repository's files, found {}", shown(&error.to_string())))
    })?;
    if !is_commit(&info.sha) {
        let found = shown(&info.sha);
        return Err(Failure::Unusable(format!("the list's sha is {found:?}, expected a commit (40 hex digits)")));
    }
    let names = info.siblings.into_iter().map(|sibling| sibling.rfilename);
    let (files, others): (Vec<String>, Vec<String>) = names.partition(|name| stays_inside(name));
    Ok(Listing { commit: info.sha, files, left_out: others.first().map(|name| shown(name)) })
}
