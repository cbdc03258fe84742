//! Plugin library files, and the proof that no host exports their symbol.
//!
//! Each library is built in a cargo call of its own, into a build folder of its own: in one call
//! with hosts, cargo would unite features and put the exported symbol into every host.

use crate::command;
use crate::workspace::{Member, Workspace};
use std::path::{Path, PathBuf};

/// The one symbol a plugin library exports.
const SYMBOL: &[u8] = b"offhook_plugin_entry";

/// Feature under which a plugin crate exports the symbol.
const FEATURE: &str = "library";

/// Builds the hosts if they are not there, then the libraries, then looks for the symbol.
pub(crate) fn run(space: &Workspace) -> Result<(), String> {
    let mut cargo = command::cargo(&space.root);
    cargo.args(["build", "--profile", "ci", "--bins"]);
    for member in space.members.iter().filter(|member| is_host(member)) {
        cargo.args(["--package", &member.name]);
    }
    command::succeed(&mut cargo)?;
    let files = libraries(space)?;
    check_symbols(space, &files)
}

/// Whose library is one of several kinds by another feature: the tests that use it build it.
const BUILT_BY_TESTS: [&str; 1] = ["plugins/mock-faulty"];

/// Where library files are put: beside the hosts, in `plugins/`.
pub(crate) fn folder(space: &Workspace) -> PathBuf {
    space.target.join("ci").join("plugins")
}

/// Builds every plugin that can be a library file; returns the files.
pub(crate) fn libraries(space: &Workspace) -> Result<Vec<PathBuf>, String> {
    let folder = folder(space);
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut files = Vec::new();
    for member in space.members.iter().filter(|member| is_library(member)) {
        let own_target = space.target.join("plugins");
        let mut cargo = command::cargo(&space.root);
        cargo.args([
            "rustc",
            "--lib",
            "--profile",
            "ci",
            "--crate-type",
            "cdylib",
            "--features",
            FEATURE,
        ]);
        cargo
            .args(["--package", &member.name])
            .arg("--target-dir")
            .arg(&own_target);
        command::succeed(&mut cargo)?;
        let name = file_name(&member.name);
        let file = folder.join(&name);
        // A running host may have the old file mapped: put the new one beside it, then rename.
        let fresh = folder.join(format!("{name}.new"));
        std::fs::copy(own_target.join("ci").join(&name), &fresh)
            .and_then(|_| std::fs::rename(&fresh, &file))
            .map_err(|error| format!("{}: {error}", file.display()))?;
        files.push(file);
    }
    println!(
        "plugins: {} library files in {}",
        files.len(),
        folder.display()
    );
    Ok(files)
}

fn is_host(member: &Member) -> bool {
    member.folder.starts_with("hosts/") && !member.binaries.is_empty()
}

fn is_library(member: &Member) -> bool {
    member.folder.starts_with("plugins/")
        && !BUILT_BY_TESTS.contains(&member.folder.as_str())
        && member.features.iter().any(|feature| feature == FEATURE)
}

fn file_name(package: &str) -> String {
    let stem = package.replace('-', "_");
    format!(
        "{}{stem}{}",
        std::env::consts::DLL_PREFIX,
        std::env::consts::DLL_SUFFIX
    )
}

/// Every library defines the symbol; no host does.
pub(crate) fn check_symbols(space: &Workspace, libraries: &[PathBuf]) -> Result<(), String> {
    let mut wrong = Vec::new();
    for file in libraries {
        if !defines(file)? {
            wrong.push(format!(
                "{}: does not export {}",
                file.display(),
                String::from_utf8_lossy(SYMBOL)
            ));
        }
    }
    for member in space.members.iter().filter(|member| is_host(member)) {
        for name in &member.binaries {
            let file = space
                .target
                .join("ci")
                .join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
            if defines(&file)? {
                wrong.push(format!(
                    "{}: a host exports a plugin's symbol",
                    file.display()
                ));
            }
        }
    }
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(wrong.join("\n")),
    }
}

fn defines(file: &Path) -> Result<bool, String> {
    let bytes = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    symbols(&bytes)
        .map(|names| names.iter().any(|name| name == SYMBOL))
        .ok_or_else(|| format!("{}: not an ELF file of 64 bits", file.display()))
}

/// Names that an ELF file of 64 bits defines, from its symbol tables; `None` if it is no such file.
///
/// Source: System V ABI, generic part, chapter 4 (ELF header, section header, symbol table).
fn symbols(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    if bytes.get(..6)? != b"\x7fELF\x02\x01" {
        return None;
    }
    let sections = usize::try_from(number(bytes, 0x28, 8)?).ok()?;
    let size = usize::try_from(number(bytes, 0x3a, 2)?).ok()?;
    let count = usize::try_from(number(bytes, 0x3c, 2)?).ok()?;
    let field = |section: usize, at: usize, len: usize| -> Option<usize> {
        usize::try_from(number(bytes, sections + section * size + at, len)?).ok()
    };
    let mut names = Vec::new();
    for section in 0..count {
        // SHT_SYMTAB and SHT_DYNSYM.
        if !matches!(field(section, 4, 4)?, 2 | 11) {
            continue;
        }
        let (offset, len) = (field(section, 0x18, 8)?, field(section, 0x20, 8)?);
        let texts = field(field(section, 0x28, 4)?, 0x18, 8)?;
        for at in (offset..offset + len).step_by(24) {
            let is_defined = number(bytes, at + 6, 2)? != 0;
            let name = texts + usize::try_from(number(bytes, at, 4)?).ok()?;
            let end = bytes.get(name..)?.iter().position(|&byte| byte == 0)?;
            if is_defined {
                names.push(bytes[name..name + end].to_vec());
            }
        }
    }
    Some(names)
}

fn number(bytes: &[u8], at: usize, len: usize) -> Option<u64> {
    let field = bytes.get(at..at.checked_add(len)?)?;
    Some(
        field
            .iter()
            .rev()
            .fold(0, |sum, &byte| sum << 8 | u64::from(byte)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name that this test binary defines for certain.
    #[test]
    fn symbols_of_our_own_binary_are_found() {
        let bytes = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let names = symbols(&bytes).unwrap();
        assert!(
            names.iter().any(|name| name == b"main"),
            "{} names",
            names.len()
        );
        assert!(!names.iter().any(|name| name == SYMBOL));
    }

    #[test]
    fn other_files_are_refused() {
        assert_eq!(symbols(b"#!/bin/sh\n"), None);
        assert_eq!(symbols(b""), None);
        assert_eq!(symbols(b"\x7fELF\x02\x01 cut short"), None);
    }

    #[test]
    fn libraries_are_named_as_the_system_does() {
        assert!(file_name("offhook-codec-g711").contains("offhook_codec_g711"));
    }
}
