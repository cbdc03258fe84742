//! What was wrong with which library, and what to do about it.

use crate::config::Mistake;
use crate::state::OffBy;
use plugin::{Fault, Refusal};
use std::path::PathBuf;

/// Why a plugin is not there. `Display` is the reason; [`fix`](Self::fix) what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file could not be read.
    #[error("{}: cannot be read: {reason}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The file is no shared library.
    #[error("{}: is not a plugin library: {reason}", path.display())]
    NotALibrary {
        /// Which file.
        path: PathBuf,
        /// What it is instead.
        reason: &'static str,
    },
    /// The library is for another kind of processor.
    #[error("{}: is built for {theirs}, this machine is {ours}", path.display())]
    WrongArchitecture {
        /// Which file.
        path: PathBuf,
        /// What the library is for.
        theirs: String,
        /// What this host is for.
        ours: &'static str,
    },
    /// The library says nothing of itself.
    #[error("{}: has no manifest (section .offhook.manifest)", path.display())]
    NoManifest {
        /// Which file.
        path: PathBuf,
    },
    /// What the library says of itself cannot be understood.
    #[error("{}: has a manifest that cannot be read: {reason}", path.display())]
    BadManifest {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The library does not export the entry.
    #[error("{}: does not export offhook_plugin_entry", path.display())]
    NoEntry {
        /// Which file.
        path: PathBuf,
    },
    /// Built for a boundary that this host no longer has.
    #[error("{plugin}: is built for boundary {theirs}, this host has {ours}")]
    OlderMajor {
        /// Which plugin.
        plugin: String,
        /// Its major.
        theirs: u32,
        /// The host's.
        ours: u32,
    },
    /// Built for a boundary that this host does not have yet.
    #[error("{plugin}: is built for boundary {theirs}, this host has {ours}")]
    NewerMajor {
        /// Which plugin.
        plugin: String,
        /// Its major.
        theirs: u32,
        /// The host's.
        ours: u32,
    },
    /// The system's loader refused the library, for example because a symbol is missing.
    #[error("{}: cannot be loaded: {reason}", path.display())]
    Load {
        /// Which file.
        path: PathBuf,
        /// What the loader said.
        reason: String,
    },
    /// The entry is there but unsound.
    #[error("{plugin}: its entry {fault}")]
    BadEntry {
        /// Which plugin.
        plugin: String,
        /// What is wrong with it.
        fault: Fault,
    },
    /// The running code gives another id than the manifest.
    #[error("{}: its manifest says {manifest:?}, its code says {entry:?}", path.display())]
    TwoIds {
        /// Which file.
        path: PathBuf,
        /// What the manifest says.
        manifest: String,
        /// What the code says.
        entry: String,
    },
    /// The plugin's own start failed.
    #[error("{plugin}: its start failed: {refusal}")]
    InitFailed {
        /// Which plugin.
        plugin: String,
        /// What it said.
        refusal: Refusal,
    },
    /// The plugin says a kind that this host does not know, or has no table of the kind it says.
    #[error("{plugin}: says it is of kind {kind:?}, but {reason}")]
    WrongKind {
        /// Which plugin.
        plugin: String,
        /// What it says.
        kind: String,
        /// What does not fit.
        reason: &'static str,
    },
    /// A table of the plugin is unsound.
    #[error("{plugin}: its table {table} {fault}")]
    BadTable {
        /// Which plugin.
        plugin: String,
        /// Which table.
        table: &'static str,
        /// What is wrong with it.
        fault: Fault,
    },
    /// A plugin with this id is already there.
    #[error("{plugin}: an id that {first} already has")]
    Duplicate {
        /// The id.
        plugin: String,
        /// Where the first one came from.
        first: String,
    },
    /// It was switched off.
    #[error("{plugin}: is switched off {}", match by {
        OffBy::Command => "by command",
        OffBy::UncleanStarts => "because two starts in a row ended while it was being started or first used",
    })]
    SwitchedOff {
        /// Which plugin.
        plugin: String,
        /// By whom.
        by: OffBy,
    },
    /// The file is not the one that the settings name.
    #[error("{plugin}: {} has SHA-256 {hash}, plugins.sha256.{plugin} says {wanted}", path.display())]
    Tampered {
        /// Which plugin.
        plugin: String,
        /// Which file.
        path: PathBuf,
        /// What the settings say.
        wanted: String,
        /// What the file has.
        hash: String,
    },
    /// Only files with a known hash may be loaded.
    #[error("{plugin}: {} has SHA-256 {hash}, and plugins.sha256 names none for it", path.display())]
    UnknownHash {
        /// Which plugin.
        plugin: String,
        /// Which file.
        path: PathBuf,
        /// What the file has.
        hash: String,
    },
    /// The settings say something else for its options than its manifest allows.
    #[error("{plugin}: {}", mistakes.iter().map(|m| format!("option {}: {}; {}", m.option, m.what, m.allowed)).collect::<Vec<_>>().join(", "))]
    Options {
        /// Which plugin.
        plugin: String,
        /// Each of them.
        mistakes: Vec<Mistake>,
    },
    /// The process that looked at the library died or hung.
    #[error("{plugin}: was tried in a process of its own: {how}")]
    ProbeBroke {
        /// Which plugin.
        plugin: String,
        /// How.
        how: String,
    },
    /// The process that looks at libraries could not be started.
    #[error("{plugin}: cannot be tried in a process of its own: {reason}")]
    NoProbe {
        /// Which plugin.
        plugin: String,
        /// What the system said.
        reason: String,
    },
    /// What the process that looked at the library found, in its words.
    #[error("{reason}")]
    Probed {
        /// [`code`](Self::code) of what it found.
        code: &'static str,
        /// What it found.
        reason: String,
        /// [`fix`](Self::fix) of it.
        fix: String,
    },
    /// The profile does not want it.
    #[error("{reason}")]
    KeptOut {
        /// Why, with what to do.
        reason: String,
    },
    /// The file that is to take a plugin's place is another plugin.
    #[error("{}: is {theirs:?} and cannot take the place of {wanted:?}", path.display())]
    OtherId {
        /// Which file.
        path: PathBuf,
        /// Whose place.
        wanted: String,
        /// What it is.
        theirs: String,
    },
    /// The file that is to take a plugin's place cannot do all that the running one can.
    #[error(
        "{plugin}: this build lacks {format}, which offers name until the host is started again"
    )]
    Lacks {
        /// Which plugin.
        plugin: String,
        /// What of the running one it has not: a format and its clock rate.
        format: String,
    },
    /// Nothing in the catalogue is what was asked for.
    #[error("there is no {what}; {have}")]
    Missing {
        /// What was asked for.
        what: String,
        /// What there is instead, or why it was refused.
        have: String,
    },
    /// It is to run in a process of its own, and the program for that is not there.
    #[error("{plugin}: is isolated, but offhook-plugin-host is not beside the running program")]
    NoIsolation {
        /// Which plugin.
        plugin: String,
    },
    /// The plugin would not open what was asked for.
    #[error("{plugin}: {refusal}")]
    Open {
        /// Which plugin.
        plugin: String,
        /// What it said.
        refusal: Refusal,
    },
    /// The plugin would not write where its sandbox keeps it from writing.
    #[error("{plugin}: {refusal}; {may}")]
    OutOfReach {
        /// Which plugin.
        plugin: String,
        /// What it said.
        refusal: Refusal,
        /// Where its process may write.
        may: String,
    },
}

const OUT_OF_REACH: &str =
    "set recording.folder to where it may write, or build it with the permission folder:recordings";

impl Error {
    /// A short name that does not change, for machines.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "plugin.unreadable",
            Self::NotALibrary { .. } => "plugin.not-a-library",
            Self::WrongArchitecture { .. } => "plugin.wrong-architecture",
            Self::NoManifest { .. } => "plugin.no-manifest",
            Self::BadManifest { .. } => "plugin.bad-manifest",
            Self::NoEntry { .. } => "plugin.no-entry",
            Self::OlderMajor { .. } => "plugin.older-boundary",
            Self::NewerMajor { .. } => "plugin.newer-boundary",
            Self::Load { .. } => "plugin.load",
            Self::BadEntry { .. } => "plugin.bad-entry",
            Self::TwoIds { .. } => "plugin.two-ids",
            Self::InitFailed { .. } => "plugin.init-failed",
            Self::WrongKind { .. } => "plugin.wrong-kind",
            Self::BadTable { .. } => "plugin.bad-table",
            Self::Duplicate { .. } => "plugin.duplicate",
            Self::SwitchedOff { .. } => "plugin.switched-off",
            Self::Tampered { .. } => "plugin.tampered",
            Self::UnknownHash { .. } => "plugin.unknown-hash",
            Self::Options { .. } => "plugin.options",
            Self::ProbeBroke { .. } => "plugin.probe-broke",
            Self::NoProbe { .. } => "plugin.no-probe",
            Self::Probed { code, .. } => code,
            Self::KeptOut { .. } => "plugin.kept-out",
            Self::OtherId { .. } => "plugin.other-id",
            Self::Lacks { .. } => "plugin.lacks",
            Self::Missing { .. } => "plugin.missing",
            Self::NoIsolation { .. } => "plugin.no-isolation",
            Self::Open { .. } => "plugin.open",
            Self::OutOfReach { .. } => "plugin.out-of-reach",
        }
    }

    /// What a person can do about it.
    pub fn fix(&self) -> String {
        match self {
            Self::Unreadable { .. } => "check that it is there and may be read".into(),
            Self::NotALibrary { .. } => {
                "put only plugin libraries on the plugin path, or build this one again: it may be cut short".into()
            }
            Self::WrongArchitecture { ours, .. } => format!("install the build for {ours}"),
            Self::NoManifest { .. } => {
                "export the plugin with plugin::export_codec! or its like and build it with --features library".into()
            }
            Self::BadManifest { .. } => {
                "the manifest is JSON with manifest, abi, kind, id, name and version; build the plugin again".into()
            }
            Self::NoEntry { .. } => {
                "build with --crate-type cdylib --features library; see it with nm -D".into()
            }
            Self::OlderMajor { ours, .. } => {
                format!("build the plugin again with offhook-plugin-abi {ours}")
            }
            Self::NewerMajor { ours, .. } => format!(
                "update offhook, or build the plugin with offhook-plugin-abi {ours}"
            ),
            Self::Load { .. } => {
                "install the library that has the missing symbol or file, or link it into the plugin".into()
            }
            Self::BadEntry { .. } | Self::BadTable { .. } => {
                "the plugin's author must correct it: build it against the header of this boundary".into()
            }
            Self::TwoIds { .. } => "the plugin's author must give both the same id".into(),
            Self::InitFailed { .. } => "see to what the plugin says it lacks, or leave the plugin out".into(),
            Self::WrongKind { .. } => format!("this host knows the kinds {}", kinds()),
            Self::Duplicate { .. } => "keep one of the two, or give one another id".into(),
            Self::SwitchedOff { plugin, .. } => {
                format!("see to it, then: offhook plugin enable {plugin}")
            }
            Self::Tampered { plugin, hash, .. } => format!(
                "install the file you trust again; if this is it: plugins.sha256.{plugin} = \"{hash}\""
            ),
            Self::UnknownHash { plugin, hash, .. } => {
                format!("if you trust this file: plugins.sha256.{plugin} = \"{hash}\"")
            }
            Self::Options { plugin, .. } => format!("correct [plugins.options.{plugin}]"),
            Self::ProbeBroke { plugin, .. } => format!(
                "the plugin's author must correct it; to try it again: offhook plugin enable {plugin}"
            ),
            Self::NoProbe { .. } => "check that this program may start itself".into(),
            Self::Probed { fix, .. } => fix.clone(),
            Self::KeptOut { .. } => "change the settings as the reason says, if you want it".into(),
            Self::OtherId { wanted, .. } => format!("name a build of {wanted}, or the plugin that this file is"),
            Self::Lacks { .. } => "start the host with this build instead".into(),
            Self::Missing { .. } => {
                "list the plugin in the profile, put its library on the plugin path, or name one that is there".into()
            }
            Self::NoIsolation { plugin } => format!(
                "install offhook-plugin-host beside the program, or set plugins.trust.{plugin} = \"in-process\""
            ),
            Self::Open { .. } => "change the request as the plugin says".into(),
            Self::OutOfReach { .. } => OUT_OF_REACH.into(),
        }
    }

    /// The plugin it is about, where that is known.
    pub fn plugin(&self) -> Option<&str> {
        match self {
            Self::OlderMajor { plugin, .. }
            | Self::NewerMajor { plugin, .. }
            | Self::BadEntry { plugin, .. }
            | Self::InitFailed { plugin, .. }
            | Self::WrongKind { plugin, .. }
            | Self::BadTable { plugin, .. }
            | Self::Duplicate { plugin, .. }
            | Self::SwitchedOff { plugin, .. }
            | Self::Tampered { plugin, .. }
            | Self::UnknownHash { plugin, .. }
            | Self::Options { plugin, .. }
            | Self::ProbeBroke { plugin, .. }
            | Self::NoProbe { plugin, .. }
            | Self::Lacks { plugin, .. }
            | Self::NoIsolation { plugin }
            | Self::Open { plugin, .. }
            | Self::OutOfReach { plugin, .. } => Some(plugin),
            Self::TwoIds { manifest, .. } => Some(manifest),
            Self::Unreadable { .. }
            | Self::NotALibrary { .. }
            | Self::WrongArchitecture { .. }
            | Self::NoManifest { .. }
            | Self::BadManifest { .. }
            | Self::NoEntry { .. }
            | Self::Load { .. }
            | Self::Probed { .. }
            | Self::KeptOut { .. }
            | Self::OtherId { .. }
            | Self::Missing { .. } => None,
        }
    }

    /// A fault of the entry, with majors told apart.
    pub(crate) fn entry(plugin: String, fault: Fault) -> Self {
        match fault {
            Fault::Major { theirs, ours } if theirs < ours => Self::OlderMajor {
                plugin,
                theirs,
                ours,
            },
            Fault::Major { theirs, ours } => Self::NewerMajor {
                plugin,
                theirs,
                ours,
            },
            Fault::Null | Fault::Short { .. } | Fault::NullFunction(_) | Fault::Nonsense(_) => {
                Self::BadEntry { plugin, fault }
            }
        }
    }
}

fn kinds() -> String {
    crate::Kind::ALL.map(crate::Kind::name).join(", ")
}

/// Codes that the process that looks at libraries may give.
const CODES: &[&str] = &[
    "plugin.unreadable",
    "plugin.not-a-library",
    "plugin.wrong-architecture",
    "plugin.no-manifest",
    "plugin.bad-manifest",
    "plugin.no-entry",
    "plugin.older-boundary",
    "plugin.newer-boundary",
    "plugin.load",
    "plugin.bad-entry",
    "plugin.two-ids",
    "plugin.init-failed",
    "plugin.wrong-kind",
    "plugin.bad-table",
    "plugin.options",
];

/// The code as it stands here; a word of another build is `plugin.refused`.
pub(crate) fn known_code(code: &str) -> &'static str {
    let known = CODES.iter().find(|known| **known == code);
    known.copied().unwrap_or("plugin.refused")
}
