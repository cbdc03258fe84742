//! The files of a new plugin project: what `offhook plugin new` writes.
//!
//! What it is not: it touches no disk; whoever offers it writes the files. The sources of `sdk/plugin` and
//! `sdk/plugin-abi`, the C header and the examples are compiled in, so that a project builds with nothing but a
//! compiler, and without a network.
//!
//! | file | holds |
//! | --- | --- |
//! | `rust` | a project in Rust |
//! | `c` | a project in C |
//! | `embedded` | what is compiled in |

mod c;
mod rust;

mod embedded {
    include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

    /// The sources of `sdk/plugin`.
    pub(crate) const PLUGIN_FILES: &[(&str, &str)] = PLUGIN;
    /// The sources of `sdk/plugin-abi`.
    pub(crate) const PLUGIN_ABI_FILES: &[(&str, &str)] = PLUGIN_ABI;
    /// The header.
    pub(crate) const HEADER_FILES: &[(&str, &str)] = HEADER;
    /// Examples in Rust, `KIND.rs`.
    pub(crate) const RUST_FILES: &[(&str, &str)] = RUST;
    /// Examples in C, `KIND.c`.
    pub(crate) const C_FILES: &[(&str, &str)] = C;
}

use core::fmt;

/// Kinds of plugins: the promised ones first, then the drafts.
pub const KINDS: [&str; 10] = [
    "codec",
    "dtmf",
    "audio",
    "recorder",
    "filter",
    "directory",
    "ui",
    "nat",
    "security",
    "tone",
];

/// What the plugin is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Rust, over `sdk/plugin`.
    Rust,
    /// C, over the header.
    C,
}

/// One file of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Below the project's folder, parted by `/`.
    pub path: String,
    /// What stands in it.
    pub text: String,
    /// The author's own, to be changed; otherwise it is a copy of the sdk.
    pub own: bool,
}

/// Why there can be no such project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// The name is no name of a plugin; what is wrong with it.
    Name(&'static str),
    /// There is no such kind.
    Kind,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(why) => write!(f, "the name {why}"),
            Self::Kind => write!(f, "there is no such kind; there are {}", KINDS.join(" ")),
        }
    }
}

impl std::error::Error for Wrong {}

/// All files of a project. `name` is the plugin's id and, with `_` for `-`, the library's name.
pub fn project(name: &str, kind: &str, language: Language) -> Result<Vec<File>, Wrong> {
    if let Some(why) = wrong_with(name) {
        return Err(Wrong::Name(why));
    }
    if !KINDS.contains(&kind) {
        return Err(Wrong::Kind);
    }
    Ok(match language {
        Language::Rust => rust::project(name, kind),
        Language::C => c::project(name, kind),
    })
}

/// Where the library is once it is built, below the project's folder.
pub fn library(name: &str, language: Language) -> String {
    let stem = name.replace('-', "_");
    match language {
        Language::Rust => format!("target/release/lib{stem}.so"),
        Language::C => format!("lib{stem}.so"),
    }
}

/// Names that a crate of that name would collide with.
const TAKEN: [&str; 12] = [
    "plugin",
    "plugin-abi",
    "offhook-plugin",
    "offhook-plugin-abi",
    "std",
    "core",
    "alloc",
    "test",
    "self",
    "super",
    "crate",
    "proc-macro",
];
/// Words of Rust that are no names. Source: The Rust Reference, keywords, edition 2024.
const KEYWORDS: &str = " abstract as async await become box break const continue do dyn else enum extern false final \
                        fn for gen if impl in let loop macro match mod move mut override priv pub ref return static \
                        struct trait true try type typeof unsafe unsized use virtual where while yield ";

fn wrong_with(name: &str) -> Option<&'static str> {
    let is_letter = |c: char| c.is_ascii_lowercase();
    if !(1..=64).contains(&name.len()) {
        return Some("has 1 to 64 characters");
    }
    if !name.starts_with(is_letter)
        || !name
            .chars()
            .all(|c| is_letter(c) || c.is_ascii_digit() || c == '-')
    {
        return Some("has small letters, digits and dashes, a letter first");
    }
    if name.ends_with('-') || name.contains("--") {
        return Some("has something before and after each dash");
    }
    if TAKEN.contains(&name) || KEYWORDS.contains(&format!(" {name} ")) {
        return Some("is taken: choose another, such as codec-mine");
    }
    None
}

fn example(files: &[(&str, &str)], name: &str) -> String {
    let found = files.iter().find(|(path, _)| *path == name);
    found.map_or_else(String::new, |(_, text)| (*text).to_owned())
}

fn own(path: impl Into<String>, text: String) -> File {
    File {
        path: path.into(),
        text,
        own: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_project_in_both_languages() {
        for kind in KINDS {
            for language in [Language::Rust, Language::C] {
                let files = project("mine", kind, language).unwrap();
                assert!(files.iter().all(|file| !file.text.is_empty()), "{kind}");
                let mut paths: Vec<_> = files.iter().map(|file| &file.path).collect();
                paths.sort();
                paths.dedup();
                assert_eq!(paths.len(), files.len(), "{kind}");
            }
        }
    }

    #[test]
    fn names_that_cannot_be_built_are_refused() {
        for name in [
            "", "Mine", "1st", "a_b", "a--b", "a-", "match", "plugin", "../x", "a b",
        ] {
            assert!(
                matches!(project(name, "codec", Language::Rust), Err(Wrong::Name(_))),
                "{name}"
            );
        }
        assert_eq!(project("a", "codek", Language::C), Err(Wrong::Kind));
        assert_eq!(library("a-b", Language::C), "liba_b.so");
    }

    #[test]
    fn nothing_of_the_example_is_left_in_a_project_in_c() {
        for kind in KINDS {
            let files = project("mine-alone", kind, Language::C).unwrap();
            let source = files
                .iter()
                .find(|file| file.path == "mine_alone.c")
                .unwrap();
            assert!(
                source.text.contains("#define ID \"mine-alone\"\n"),
                "{kind}"
            );
            assert!(
                source.text.contains("#define NAME \"mine-alone\"\n"),
                "{kind}"
            );
            assert!(
                !source.text.contains("-c\"") && !source.text.contains("../../include"),
                "{kind}"
            );
        }
    }
}
