//! How far a plugin is trusted: which process its code runs in.

use crate::Manifest;
use std::path::{Path, PathBuf};

/// Where a plugin's code may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Only linked into the host.
    BuiltIn,
    /// In the engine's own process.
    InProcess,
    /// In a process of its own, shut in as its permissions say.
    Isolated,
}

/// What decides it for a library file.
#[derive(Debug, Clone, Default)]
pub struct TrustRule {
    /// Files directly in this folder came with the host and run in its process.
    pub bundled: Option<PathBuf>,
}

impl TrustRule {
    /// Whether this is the folder of files that came with the host, however it is written.
    pub fn is_folder(&self, folder: &Path) -> bool {
        let whole = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        self.bundled
            .as_deref()
            .is_some_and(|bundled| bundled == folder || whole(bundled) == whole(folder))
    }

    /// `chosen` is what a person set for this plugin. Its own wish to be isolated is always granted.
    pub fn of(&self, path: &Path, manifest: &Manifest, chosen: Option<Trust>) -> Trust {
        if manifest.trust == "isolated" && chosen != Some(Trust::BuiltIn) {
            return Trust::Isolated;
        }
        let is_bundled = path.parent().is_some_and(|folder| self.is_folder(folder));
        chosen.unwrap_or(if is_bundled {
            Trust::InProcess
        } else {
            Trust::Isolated
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundled_files_run_here_others_apart_and_a_wish_for_isolation_is_granted() {
        let json = |trust: &str| {
            format!(
                r#"{{"manifest":1,"abi":"1.0","kind":"codec","id":"x","name":"x","version":"1","trust":"{trust}"}}"#
            )
        };
        let plain = Manifest::parse(json("").as_bytes()).unwrap();
        let shy = Manifest::parse(json("isolated").as_bytes()).unwrap();
        let rule = TrustRule {
            bundled: Some("/usr/lib/offhook".into()),
        };
        let (ours, theirs) = (Path::new("/usr/lib/offhook/x.so"), Path::new("/tmp/x.so"));
        assert_eq!(rule.of(ours, &plain, None), Trust::InProcess);
        assert_eq!(rule.of(theirs, &plain, None), Trust::Isolated);
        let here = Some(Trust::InProcess);
        assert_eq!(rule.of(theirs, &plain, here), Trust::InProcess);
        assert_eq!(rule.of(ours, &shy, here), Trust::Isolated);
        assert_eq!(
            rule.of(ours, &shy, Some(Trust::BuiltIn)),
            Trust::BuiltIn,
            "which refuses the file"
        );
    }
}
