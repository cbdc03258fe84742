//! What `cargo metadata` says of the workspace, reduced to what the checks ask.

use crate::command;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The workspace: its crates and where things lie.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    /// Folder of the root `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Where cargo builds; follows `CARGO_TARGET_DIR`.
    pub(crate) target: PathBuf,
    /// Our own crates, by folder.
    pub(crate) members: Vec<Member>,
    /// All packages of the graph, ours included.
    pub(crate) packages: Vec<Package>,
}

/// One of our crates.
#[derive(Debug, Clone, Default)]
pub(crate) struct Member {
    /// Package name, such as `offhook-sip`.
    pub(crate) name: String,
    /// Folder below the root with `/` between, such as `core/sip`.
    pub(crate) folder: String,
    /// What it imports, by package name; all kinds.
    pub(crate) imports: Vec<Import>,
    /// Whether a plain `cargo build` builds it.
    pub(crate) by_default: bool,
    /// Names of its binaries.
    pub(crate) binaries: Vec<String>,
    /// Names of its features.
    pub(crate) features: Vec<String>,
}

/// A dependency as a manifest states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Import {
    /// Package name.
    pub(crate) name: String,
    /// Stated under `dev-dependencies`.
    pub(crate) for_tests: bool,
}

/// Any package of the graph.
#[derive(Debug, Clone, Default)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    /// SPDX expression; absent where the manifest names only a file.
    pub(crate) licence: Option<String>,
    /// Absent for a package of ours.
    pub(crate) source: Option<String>,
}

/// The tree that `here` lies in; outside of any, the one that this program was built from.
fn root_above(here: &Path) -> &Path {
    let ours = |folder: &&Path| folder.join("sdk/xtask/Cargo.toml").is_file();
    let built_from = || Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().find(ours).unwrap_or_else(built_from)
}

/// Asks cargo; fails if `Cargo.lock` does not fit the manifests.
pub(crate) fn load() -> Result<Workspace, String> {
    let here = std::env::current_dir().map_err(|why| format!("the current folder: {why}"))?;
    let mut cargo = command::cargo(root_above(&here));
    cargo.args(["metadata", "--format-version", "1", "--locked"]);
    let text = command::output(&mut cargo).map_err(|error| {
        format!("{error}\n(if Cargo.lock is out of date: cargo update --workspace, and commit it)")
    })?;
    let json = serde_json::from_str(&text).map_err(|error| format!("cargo metadata: {error}"))?;
    read(&json).ok_or_else(|| "cargo metadata: a field is missing".into())
}

fn read(json: &Value) -> Option<Workspace> {
    let root = PathBuf::from(json["workspace_root"].as_str()?);
    let ours = strings(&json["workspace_members"]);
    let default = strings(&json["workspace_default_members"]);
    let mut space = Workspace {
        target: PathBuf::from(json["target_directory"].as_str()?),
        ..Workspace::default()
    };
    for package in json["packages"].as_array()? {
        let id = package["id"].as_str()?;
        if ours.contains(&id) {
            space
                .members
                .push(member(package, &root, default.contains(&id))?);
        }
        space.packages.push(Package {
            name: package["name"].as_str()?.into(),
            version: package["version"].as_str()?.into(),
            licence: package["license"].as_str().map(Into::into),
            source: package["source"].as_str().map(Into::into),
        });
    }
    space.members.sort_by(|a, b| a.folder.cmp(&b.folder));
    space.root = root;
    Some(space)
}

fn member(package: &Value, root: &Path, by_default: bool) -> Option<Member> {
    let manifest = Path::new(package["manifest_path"].as_str()?);
    let folder = manifest.parent()?.strip_prefix(root).ok()?;
    let is_binary = |target: &&Value| strings(&target["kind"]).contains(&"bin");
    let targets = package["targets"].as_array()?;
    Some(Member {
        name: package["name"].as_str()?.into(),
        folder: folder.to_string_lossy().replace('\\', "/"),
        imports: package["dependencies"]
            .as_array()?
            .iter()
            .filter_map(import)
            .collect(),
        by_default,
        binaries: targets
            .iter()
            .filter(is_binary)
            .filter_map(|t| t["name"].as_str())
            .map(Into::into)
            .collect(),
        features: package["features"].as_object()?.keys().cloned().collect(),
    })
}

fn import(dependency: &Value) -> Option<Import> {
    Some(Import {
        name: dependency["name"].as_str()?.into(),
        for_tests: dependency["kind"].as_str() == Some("dev"),
    })
}

fn strings(list: &Value) -> Vec<&str> {
    list.as_array()
        .map(|items| items.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default()
}

impl Workspace {
    /// Our crate of this package name.
    pub(crate) fn member(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.name == name)
    }

    /// Every file below `folder` whose name ends in `ending`, sorted; build output left out.
    pub(crate) fn files(&self, folder: &str, ending: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        walk(&self.root.join(folder), &self.target, ending, &mut found);
        found.sort();
        found
    }

    /// The path as people write it: below the root, with `/`.
    pub(crate) fn short(&self, path: &Path) -> String {
        path.strip_prefix(&self.root)
            .unwrap_or(path)
            .to_string_lossy()
            .replace('\\', "/")
    }
}

fn walk(folder: &Path, target: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() {
            if path != target && name != "target" && !name.starts_with('.') {
                walk(&path, target, ending, found);
            }
        } else if name.ends_with(ending) {
            found.push(path);
        }
    }
}
