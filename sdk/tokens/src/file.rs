//! Who has which token, on disk: one JSON file that only its owner may read or write.

use crate::{Hash, Scope, Token};
use serde::{Deserialize, Serialize};
use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Longest file that is read. Unit: bytes.
const LONGEST: u64 = 1024 * 1024;
/// Tokens at once; with names and scopes of any length they fit the longest file.
pub const MOST_TOKENS: usize = 1_000;
/// Longest life of a token. Unit: days.
pub const MOST_DAYS: u32 = 3_650;
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// Who holds a token, and what it lets them do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Grant {
    /// Whose it is: 1 to 32 letters, digits, - _ .
    pub name: String,
    /// What is kept of the token.
    pub sha256: Hash,
    /// What it is good for.
    pub scopes: Vec<Scope>,
    /// When it was made. Unit: ms since 1970.
    pub made_unix_ms: u64,
    /// From when on it is good for nothing. Unit: ms since 1970.
    pub expires_unix_ms: u64,
}

impl Grant {
    /// Whether it lets its holder do what needs `scope`.
    pub fn allows(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }

    /// Whether its time is over.
    pub fn is_over(&self, now_unix_ms: u64) -> bool {
        now_unix_ms >= self.expires_unix_ms
    }
}

/// What can be wrong with the file or with what is asked of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others could read or change it.
    #[error("{} may be read or written by others (mode {mode:04o}); chmod 600 it", path.display())]
    NotPrivate {
        /// Which file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It is not what this crate wrote.
    #[error("{} is no list of tokens: {why}", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Where and why.
        why: String,
    },
    /// Somebody else writes it, or died while doing so.
    #[error("{} is there: another program changes the tokens; if none does, remove it", .0.display())]
    Busy(PathBuf),
    /// A name that cannot be.
    #[error("'{0}' is no name for a token: 1 to 32 letters, digits, - _ .")]
    BadName(String),
    /// A name that is taken.
    #[error("there is a token for '{0}' already")]
    Taken(String),
    /// No more tokens fit.
    #[error("there are {MOST_TOKENS} tokens, and may be no more")]
    Full,
    /// Nobody of that name has a token.
    #[error("there is no token for '{0}'")]
    Unknown(String),
    /// A life that is too short or too long.
    #[error("a token lives 1 to {MOST_DAYS} days, not {0}")]
    BadLife(u32),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes: {0}")]
    NoRandomness(getrandom::Error),
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Written {
    tokens: Vec<Grant>,
}

/// The file. It is read anew for every question, so that a token that was removed is good for nothing at once.
#[derive(Debug, Clone)]
pub struct TokenFile(PathBuf);

impl TokenFile {
    /// The one at `path`; it need not be there yet.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The usual one of this user: `$OFFHOOK_STATE_DIR/tokens.json`, or else `offhook/tokens.json` in the user's state
    /// folder (XDG Base Directory Specification). `None`: the user has no folders.
    pub fn usual() -> Option<Self> {
        let named = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let of_user = || {
            let home = || named("HOME").map(|home| PathBuf::from(home).join(".local/state"));
            let base = named("XDG_STATE_HOME").map(PathBuf::from).or_else(home);
            base.map(|base| base.join("offhook"))
        };
        let base = named("OFFHOOK_STATE_DIR").map(PathBuf::from);
        Some(Self(base.or_else(of_user)?.join("tokens.json")))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// All who have a token, by name; nobody where there is no file.
    pub fn grants(&self) -> Result<Vec<Grant>, Error> {
        let failed = |source| self.failed(source);
        let file = match OpenOptions::new().read(true).open(&self.0) {
            Ok(file) => file,
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(why) => return Err(failed(why)),
        };
        let mode = file.metadata().map_err(failed)?.mode() & 0o7777;
        if mode & 0o077 != 0 {
            let path = self.0.clone();
            return Err(Error::NotPrivate { path, mode });
        }
        let mut text = String::new();
        file.take(LONGEST)
            .read_to_string(&mut text)
            .map_err(failed)?;
        let written: Written = serde_json::from_str(&text).map_err(|why| Error::Damaged {
            path: self.0.clone(),
            why: why.to_string(),
        })?;
        Ok(written.tokens)
    }

    /// Whose token `presented` is; `None`: nobody's, or one whose time is over.
    pub fn holder(&self, presented: &str, now_unix_ms: u64) -> Result<Option<Grant>, Error> {
        let hash = Hash::of(presented);
        let mut grants = self.grants()?.into_iter();
        let found = grants.find(|grant| grant.sha256.is(&hash));
        Ok(found.filter(|grant| !grant.is_over(now_unix_ms)))
    }

    /// Whether the token of a grant that was found earlier is still good.
    pub fn is_good(&self, grant: &Grant, now_unix_ms: u64) -> Result<bool, Error> {
        let grants = self.grants()?;
        let mut same = grants.iter().filter(|known| known.sha256.is(&grant.sha256));
        Ok(same.any(|known| !known.is_over(now_unix_ms)))
    }

    /// Makes a token for `name`. Its text is nowhere but in what comes back.
    pub fn add(
        &self,
        name: &str,
        scopes: &[Scope],
        days: u32,
        now_unix_ms: u64,
    ) -> Result<(Token, Grant), Error> {
        let of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if !(1..=32).contains(&name.len()) || !name.chars().all(of_name) {
            return Err(Error::BadName(name.to_owned()));
        }
        if !(1..=MOST_DAYS).contains(&days) {
            return Err(Error::BadLife(days));
        }
        let token = Token::draw().map_err(Error::NoRandomness)?;
        let mut scopes = scopes.to_vec();
        scopes.sort_unstable();
        scopes.dedup();
        let grant = Grant {
            name: name.to_owned(),
            sha256: token.hash(),
            scopes,
            made_unix_ms: now_unix_ms,
            expires_unix_ms: now_unix_ms + u64::from(days) * DAY_MS,
        };
        self.change(|grants| {
            if grants.iter().any(|known| known.name == name) {
                return Err(Error::Taken(name.to_owned()));
            }
            if grants.len() >= MOST_TOKENS {
                return Err(Error::Full);
            }
            grants.push(grant.clone());
            grants.sort_by(|a, b| a.name.cmp(&b.name));
            Ok(())
        })?;
        Ok((token, grant))
    }

    /// Takes the token of `name` away; it is good for nothing from now on.
    pub fn remove(&self, name: &str) -> Result<(), Error> {
        self.change(|grants| {
            let before = grants.len();
            grants.retain(|known| known.name != name);
            match grants.len() < before {
                true => Ok(()),
                false => Err(Error::Unknown(name.to_owned())),
            }
        })
    }

    /// Writes a new file beside the old one and puts it in its place; one program at a time.
    fn change(
        &self,
        change: impl FnOnce(&mut Vec<Grant>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let failed = |source| self.failed(source);
        if let Some(folder) = self
            .0
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            let mut made = fs::DirBuilder::new();
            made.recursive(true)
                .mode(0o700)
                .create(folder)
                .map_err(failed)?;
        }
        let mut beside = self.0.clone().into_os_string();
        beside.push(".new");
        let beside = PathBuf::from(beside);
        let mut new = OpenOptions::new();
        let mut new = match new.write(true).create_new(true).mode(0o600).open(&beside) {
            Ok(new) => new,
            Err(why) if why.kind() == io::ErrorKind::AlreadyExists => {
                return Err(Error::Busy(beside));
            }
            Err(why) => return Err(failed(why)),
        };
        let written = self.grants().and_then(|mut tokens| {
            change(&mut tokens)?;
            let text = serde_json::to_vec_pretty(&Written { tokens });
            let text = text.map_err(|why| failed(why.into()))?;
            let kept = new.write_all(&text).and_then(|()| new.sync_all());
            kept.and_then(|()| fs::rename(&beside, &self.0))
                .map_err(failed)
        });
        written.inspect_err(|_| {
            // What is not used is not left behind.
            let _ = fs::remove_file(&beside);
        })
    }

    fn failed(&self, source: io::Error) -> Error {
        Error::Io {
            path: self.0.clone(),
            source,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    const NOW: u64 = 1_800_000_000_000;

    fn file() -> (tempfile::TempDir, TokenFile) {
        let folder = tempfile::tempdir().unwrap();
        let file = TokenFile::at(folder.path().join("state/tokens.json"));
        (folder, file)
    }

    #[test]
    fn m067_a_token_lets_in_until_it_expires_or_is_removed() {
        let (_folder, file) = file();
        assert!(file.holder("", NOW).unwrap().is_none());
        let (token, grant) = file
            .add("crm", &[Scope::Call, Scope::Read], 1, NOW)
            .unwrap();
        assert_eq!(grant.scopes, [Scope::Read, Scope::Call]);
        let holder = |at| file.holder(token.reveal(), at).unwrap();
        assert_eq!(holder(NOW).unwrap().name, "crm");
        assert!(holder(NOW + DAY_MS - 1).is_some());
        assert!(holder(NOW + DAY_MS).is_none(), "its time is over");
        assert!(file.is_good(&grant, NOW).unwrap());
        assert!(!file.is_good(&grant, NOW + DAY_MS).unwrap());
        let wrong = format!("{}0", token.reveal());
        assert!(file.holder(&wrong, NOW).unwrap().is_none());
        file.remove("crm").unwrap();
        assert!(holder(NOW).is_none() && !file.is_good(&grant, NOW).unwrap());
        assert!(matches!(file.remove("crm"), Err(Error::Unknown(_))));
    }

    #[test]
    fn m067_the_file_is_private_and_holds_no_token() {
        let (_folder, file) = file();
        let (token, _) = file.add("crm", &[Scope::Read], 30, NOW).unwrap();
        let text = fs::read_to_string(file.path()).unwrap();
        assert!(!text.contains(token.reveal()) && !text.contains(&token.reveal()[4..]));
        assert_eq!(fs::metadata(file.path()).unwrap().mode() & 0o7777, 0o600);
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o640)).unwrap();
        let refused = file.holder(token.reveal(), NOW);
        assert!(matches!(
            refused,
            Err(Error::NotPrivate { mode: 0o640, .. })
        ));
    }

    #[test]
    fn what_cannot_be_is_refused_and_changes_nothing() {
        let (_folder, file) = file();
        file.add("crm", &[Scope::Read], 30, NOW).unwrap();
        let before = fs::read(file.path()).unwrap();
        let add = |name: &str, days| file.add(name, &[Scope::Read], days, NOW);
        assert!(matches!(add("crm", 1), Err(Error::Taken(_))));
        for name in ["", "a b", "../x", "\u{e9}", &"a".repeat(33)] {
            assert!(matches!(add(name, 1), Err(Error::BadName(_))), "{name}");
        }
        for days in [0, MOST_DAYS + 1] {
            assert!(
                matches!(add("other", days), Err(Error::BadLife(_))),
                "{days}"
            );
        }
        let mut many = file.grants().unwrap();
        let one = many[0].clone();
        many.extend((1..MOST_TOKENS).map(|n| Grant {
            name: format!("{n:032}"),
            scopes: Scope::ALL.to_vec(),
            ..one.clone()
        }));
        let text = serde_json::to_vec_pretty(&Written { tokens: many }).unwrap();
        assert!(text.len() < usize::try_from(LONGEST).unwrap());
        fs::write(file.path(), text).unwrap();
        assert!(matches!(add("other", 1), Err(Error::Full)));
        fs::write(file.path(), &before).unwrap();
        let lock = file.path().with_extension("json.new");
        fs::write(&lock, "").unwrap();
        assert!(matches!(add("other", 1), Err(Error::Busy(_))));
        fs::remove_file(&lock).unwrap();
        assert_eq!(fs::read(file.path()).unwrap(), before);
        fs::write(file.path(), "{}").unwrap();
        assert!(matches!(add("other", 1), Err(Error::Damaged { .. })));
        assert!(!lock.exists());
    }
}
