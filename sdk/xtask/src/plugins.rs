//! Plugin library files, and the proof that a host exports none of their symbols and holds only the code of those that
//! it lists.
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
            "--quiet",
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
        command::succeed_as(&mut cargo, &format!("plugins: {}", member.name))?;
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
            wrong.extend(unlisted(
                space,
                member,
                &String::from_utf8_lossy(&read(&file)?),
            ));
        }
    }
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(wrong.join("\n")),
    }
}

/// Plugins that are in a host that does not list them: `program`, its file as text, holds a symbol of their crate or
/// their manifest. A listed one of which neither is there is told too, for then nothing is proved by what is not found.
fn unlisted(space: &Workspace, host: &Member, program: &str) -> Vec<String> {
    let is_plugin = |member: &&Member| member.folder.starts_with("plugins/");
    let mut wrong = Vec::new();
    for plugin in space.members.iter().filter(is_plugin) {
        let listed = host
            .imports
            .iter()
            .any(|import| !import.for_tests && import.name == plugin.name);
        let stem = plugin.name.replace('-', "_");
        // As both manglings of Rust write the name of a crate.
        let mark = format!("{}{stem}", stem.len());
        let id = plugin.folder.rsplit('/').next().unwrap_or_default();
        let manifest = format!("\"id\":\"{id}\"");
        let held = program.contains(&mark) || program.contains(&manifest);
        let (host, plugin) = (&host.folder, &plugin.folder);
        match (listed, held) {
            (false, true) => wrong.push(format!("{host}: holds {plugin}, which it does not list")),
            (true, false) => wrong.push(format!(
                "{host}: lists {plugin}, and nothing of it is there"
            )),
            (true, true) | (false, false) => {}
        }
    }
    wrong
}

fn defines(file: &Path) -> Result<bool, String> {
    symbols(&read(file)?)
        .map(|names| names.iter().any(|name| name == SYMBOL))
        .ok_or_else(|| format!("{}: not an ELF file of 64 bits", file.display()))
}

fn read(file: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))
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
    fn code_of_a_plugin_that_no_list_names_is_found() {
        let member = |name: &str, folder: &str, imports: &[&str]| Member {
            name: name.into(),
            folder: folder.into(),
            imports: imports
                .iter()
                .map(|name| crate::workspace::Import {
                    name: (*name).into(),
                    for_tests: false,
                })
                .collect(),
            ..Member::default()
        };
        let space = Workspace {
            members: vec![
                member("offhook-codec-x", "plugins/codec-x", &[]),
                member("offhook-audio-y", "plugins/audio-y", &[]),
            ],
            ..Workspace::default()
        };
        let host = member("offhook-h", "hosts/h", &["offhook-codec-x"]);
        let listed = "_ZN15offhook_codec_x6encode17h0E";
        assert_eq!(unlisted(&space, &host, listed), [""; 0]);
        assert_eq!(unlisted(&space, &host, r#"{"id":"codec-x"}"#), [""; 0]);
        let both = unlisted(&space, &host, "_RNvCs1_15offhook_audio_y4open");
        assert_eq!(both.len(), 2, "{both:?}");
        assert!(
            both[0].contains("nothing of it") && both[1].contains("does not list"),
            "{both:?}"
        );
        let by_manifest = unlisted(&space, &host, &format!("{listed}{{\"id\":\"audio-y\"}}"));
        assert!(
            matches!(&by_manifest[..], [one] if one.contains("audio-y")),
            "{by_manifest:?}"
        );
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
