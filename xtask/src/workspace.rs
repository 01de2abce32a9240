//! Where things are, and which crate needs which, from `cargo metadata`.

use crate::shell;
use anyhow::{Context, Result};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The workspace's folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace")
}

/// A crate of the workspace and the crates of the workspace that it needs.
#[derive(Debug, PartialEq, Eq)]
pub struct Member {
    /// Package name.
    pub name: String,
    /// Names of the workspace's packages among its dependencies (of any kind).
    pub needs: Vec<String>,
}

/// The parts of `cargo metadata` that the tasks use.
#[derive(Debug)]
pub struct Workspace {
    /// The workspace's crates.
    pub members: Vec<Member>,
    /// Where cargo builds.
    pub target: PathBuf,
}

impl Workspace {
    /// Asks cargo.
    pub fn load() -> Result<Self> {
        let args = ["metadata", "--format-version", "1", "--no-deps"];
        let text = shell::read(shell::cargo(args).current_dir(root()))?;
        Self::parse(&text).context("cargo metadata gave something unexpected")
    }

    fn parse(text: &str) -> Result<Self> {
        let metadata: Value = serde_json::from_str(text)?;
        let string = |value: &Value| value.as_str().map(str::to_owned).context("expected a string");
        let packages = metadata["packages"].as_array().context("expected packages")?;
        let names: Vec<String> = packages.iter().map(|package| string(&package["name"])).collect::<Result<_>>()?;
        let mut members = Vec::new();
        for (name, package) in names.iter().zip(packages) {
            let dependencies = package["dependencies"].as_array().context("expected dependencies")?;
            // Only path dependencies: a crate of the registry may share a name with one of ours.
            let ours = dependencies.iter().filter(|dependency| dependency["path"].is_string());
            let needs = ours.map(|dependency| string(&dependency["name"])).collect::<Result<Vec<_>>>()?;
            members.push(Member { name: name.clone(), needs });
        }
        Ok(Self { members, target: string(&metadata["target_directory"])?.into() })
    }

    /// The command `attnscope` as built in this profile's folder.
    pub fn attnscope(&self, profile: &str) -> PathBuf {
        self.target.join(profile).join(format!("attnscope{}", std::env::consts::EXE_SUFFIX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_path_dependencies_are_arrows() {
        let text = r#"{"target_directory": "/t", "packages": [
            {"name": "a", "dependencies": [{"name": "b", "path": "/b"}, {"name": "serde"}]},
            {"name": "b", "dependencies": []}]}"#;
        let workspace = Workspace::parse(text).unwrap();
        assert_eq!(workspace.members[0], Member { name: "a".into(), needs: vec!["b".into()] });
        assert_eq!(workspace.members[1].needs, Vec::<String>::new());
    }

    #[test]
    fn this_workspace_is_read() {
        let workspace = Workspace::load().unwrap();
        assert!(workspace.members.iter().any(|member| member.name == "attnscope-kernels"));
    }
}
