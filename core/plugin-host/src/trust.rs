//! How far a plugin is trusted: which process its code runs in.

mod os {
    mod linux;
    pub(super) use linux::is_ours_alone;
}

use crate::Manifest;
use crate::manifest::ISOLATED;
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

/// What decides it for a library file. What the file says of itself, its id too, makes it trusted by nobody.
#[derive(Debug, Clone, Default)]
pub struct TrustRule {
    /// Files directly in this folder came with the host and run in its process, if nobody else may write to them.
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
        if manifest.trust == ISOLATED && chosen != Some(Trust::BuiltIn) {
            return Trust::Isolated;
        }
        chosen.unwrap_or_else(|| {
            if self.is_bundled(path) {
                Trust::InProcess
            } else {
                Trust::Isolated
            }
        })
    }

    fn is_bundled(&self, path: &Path) -> bool {
        let real = |path: &Path| path.canonicalize().ok();
        let (Some(folder), Some(file)) = (self.bundled.as_deref().and_then(real), real(path))
        else {
            return false;
        };
        if file.parent() != Some(&folder) {
            return false;
        }
        let open = [&folder, &file]
            .into_iter()
            .find(|path| !os::is_ours_alone(path));
        if let Some(open) = open {
            let (file, open) = (file.display(), open.display());
            tracing::warn!(%file, %open, "isolated though bundled: other users may write to it");
        }
        open.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn bundled_files_run_here_others_apart_and_a_wish_for_isolation_is_granted() {
        let json = |trust: &str| {
            format!(
                r#"{{"manifest":1,"abi":"1.0","kind":"codec","id":"x","name":"x","version":"1","trust":"{trust}"}}"#
            )
        };
        let plain = Manifest::parse(json("").as_bytes()).unwrap();
        let shy = Manifest::parse(json("isolated").as_bytes()).unwrap();
        let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let rule = TrustRule {
            bundled: Some(here.path().to_owned()),
        };
        let file = |folder: &tempfile::TempDir, name: &str| {
            let file = folder.path().join(name);
            std::fs::write(&file, "").unwrap();
            file
        };
        let (ours, theirs) = (file(&here, "x.so"), file(&there, "x.so"));
        assert_eq!(rule.of(&ours, &plain, None), Trust::InProcess);
        assert_eq!(rule.of(&theirs, &plain, None), Trust::Isolated);
        let chosen = Some(Trust::InProcess);
        assert_eq!(rule.of(&theirs, &plain, chosen), Trust::InProcess);
        assert_eq!(rule.of(&ours, &shy, chosen), Trust::Isolated);
        assert_eq!(
            rule.of(&ours, &shy, Some(Trust::BuiltIn)),
            Trust::BuiltIn,
            "which refuses the file"
        );

        // A link counts for where it leads, and what others may write to is not ours.
        let link = there.path().join("link.so");
        std::os::unix::fs::symlink(&ours, &link).unwrap();
        assert_eq!(
            rule.of(&link, &plain, None),
            Trust::InProcess,
            "where it leads"
        );
        let out = here.path().join("out.so");
        std::os::unix::fs::symlink(&theirs, &out).unwrap();
        assert_eq!(rule.of(&out, &plain, None), Trust::Isolated);
        for path in [ours.as_path(), here.path()] {
            let mode = |mode| std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
            mode(0o777);
            assert_eq!(rule.of(&ours, &plain, None), Trust::Isolated);
            mode(0o755);
            assert_eq!(rule.of(&ours, &plain, None), Trust::InProcess);
        }
    }
}
