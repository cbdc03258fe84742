//! Where an engine's control socket is: one rule for engines and all that look for them.
//!
//! The rule: `$XDG_RUNTIME_DIR/offhook/PROFILE.sock`; without that variable `/tmp/offhook-UID/PROFILE.sock`.
//! Whoever makes the folder makes it 0700, and the socket 0600.

use crate::{handle::BadHandle, os};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Folder of the control sockets of this user's engines.
pub fn socket_folder() -> PathBuf {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR");
    folder_of(runtime.as_deref(), os::user_id())
}

/// Path of the control socket of the engine that runs `profile`.
///
/// Fails when `profile` could not be the name of a file.
pub fn socket_path(profile: &str) -> Result<PathBuf, BadHandle> {
    let of_profile = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if (1..=32).contains(&profile.len()) && profile.chars().all(of_profile) {
        return Ok(socket_folder().join(format!("{profile}.sock")));
    }
    Err(BadHandle {
        text: profile.to_owned(),
        what: "a profile: 1 to 32 of letters, digits, - _",
    })
}

/// Where the folder is made when the system gives the user none.
const WITHOUT_RUNTIME: &str = "/tmp";

/// A relative runtime folder counts as none (XDG Base Directory Specification).
fn folder_of(runtime: Option<&OsStr>, user: Option<u32>) -> PathBuf {
    let runtime = runtime.map(Path::new).filter(|path| path.is_absolute());
    match (runtime, user) {
        (Some(runtime), _) => runtime.join("offhook"),
        (None, Some(user)) => Path::new(WITHOUT_RUNTIME).join(format!("offhook-{user}")),
        (None, None) => Path::new(WITHOUT_RUNTIME).join("offhook"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_are_in_the_runtime_folder_or_in_one_of_the_user() {
        for (runtime, user, folder) in [
            (Some("/run/user/1000"), Some(1000), "/run/user/1000/offhook"),
            (None, Some(1000), "/tmp/offhook-1000"),
            (Some(""), Some(0), "/tmp/offhook-0"),
            (Some("run"), Some(0), "/tmp/offhook-0"),
            (None, None, "/tmp/offhook"),
        ] {
            let path = folder_of(runtime.map(OsStr::new), user);
            assert_eq!(path, Path::new(folder), "{runtime:?}");
        }
    }

    #[test]
    fn a_profile_names_a_file_and_nothing_else() {
        let path = socket_path("demo").unwrap();
        assert_eq!(path, socket_folder().join("demo.sock"));
        for text in [
            "",
            ".",
            "..",
            "a/b",
            "a b",
            "a.b",
            "\u{e9}",
            &"a".repeat(33),
        ] {
            assert!(socket_path(text).is_err(), "{text}");
        }
    }
}
