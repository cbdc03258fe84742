//! Contacts, profiles and favourites: what may be asked, what is told, one of each whole.

use crate::ErrorObject;
use crate::lamp::Shows;
use serde::{Deserialize, Serialize};

/// What a contact is (M-104).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactKind {
    /// Somebody of the same PBX.
    Extension,
    /// A group of the same PBX.
    Department,
    /// For everybody.
    General,
    /// A key of the quick dial (M-095).
    QuickDial,
    /// One's own.
    #[default]
    Personal,
    /// A word of a newer engine.
    #[serde(other)]
    Unknown,
}

impl ContactKind {
    /// As JSON has it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Extension => "extension",
            Self::Department => "department",
            Self::General => "general",
            Self::QuickDial => "quick_dial",
            Self::Personal => "personal",
            Self::Unknown => "unknown",
        }
    }
}

/// Somebody who can be called.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Contact {
    /// Its id, given by the engine.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// What it is.
    #[serde(default)]
    pub kind: ContactKind,
    /// The name. 1 to 200 characters.
    pub name: String,
    /// Where they work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
    /// Their mail: all of the address, or what stands before the @. 1 to 254 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<String>,
    /// Numbers and addresses, best first. 1 to 16, of up to 256 characters.
    pub numbers: Vec<String>,
    /// What each number is for (`work`, `cell`), in the order of the numbers; fewer: nothing is known of the rest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// Whether its state is to be shown (M-095, M-098): its first number is watched.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub watch: bool,
    /// Where it stands among those of the quick dial; equal ones by name.
    #[serde(default, skip_serializing_if = "is_first")]
    pub position: u32,
    /// Which list has it: `local`, or the title of a directory.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// Where it comes from, of a directory: it cannot be changed here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// How they are, by the first of the numbers that is watched; said by the engine. `None`: none is, or is only just:
    /// `blf.changed` follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shows: Option<Shows>,
}

/// Where a contact of a directory comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Origin {
    /// What the directory is, as rules name it (K-119): `dav`, `ws`; empty: nothing that they know.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub list: String,
    /// Its id there.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
}

impl Contact {
    /// What its number at this place is for.
    pub fn label(&self, at: usize) -> Option<&str> {
        let label = self.labels.get(at)?;
        (!label.is_empty()).then_some(label)
    }
}

const fn is_first(position: &u32) -> bool {
    *position == 0
}

/// Which contacts are wanted; what is left out does not matter. In order of name, those of the quick dial first
/// in their own order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ContactQuery {
    /// Of this kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<ContactKind>,
    /// With this in name, number or address; case and accents do not matter. Up to 200 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// So many at most. `None`: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// With `text`: so long directories are waited for that are asked and not copied. Unit: ms. Range: to 10,000; 0:
    /// they are not asked. `None`: 2,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_ms: Option<u32>,
}

/// Names a contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactRef {
    /// Its id.
    pub id: String,
}

/// Contacts of a vCard file (RFC 6350, and the forms before it).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactImport {
    /// The text of the file: one vCard after the other.
    pub vcards: String,
    /// What they become.
    #[serde(default)]
    pub kind: ContactKind,
}

/// What came of an import.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Imported {
    /// New contacts.
    pub added: u32,
    /// vCards that say what a contact says already.
    pub known: u32,
    /// vCards that could not be used, each with its number, from 1, and why. The first hundred.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<Skipped>,
}

/// A vCard that could not be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Which, from 1.
    pub number: u32,
    /// Why.
    pub why: String,
}

/// A favourite: by name or by number, never by both (M-113).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Favourite {
    /// Name of a contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A number or an address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// How they are; said by the engine. `None`: they are not watched, as those of a profile that is not in use, or only
    /// just: `blf.changed` follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shows: Option<Shows>,
}

/// A list of favourites. There are up to four, and one is in use (M-110, M-111).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Its name, unique. 1 to 64 characters.
    pub name: String,
    /// The one in use.
    pub active: bool,
    /// Up to 32, in their order.
    pub favourites: Vec<Favourite>,
}

/// Names a profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileRef {
    /// Its name.
    pub name: String,
}

/// A favourite of a profile.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FavouriteOf {
    /// The profile's name. `None`: the one in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The favourite.
    #[serde(flatten)]
    pub favourite: Favourite,
}

/// Another name for a profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileRename {
    /// Its name.
    pub name: String,
    /// Its name from now on. 1 to 64 characters.
    pub to: String,
}

/// What defines a favourite from now on, in its place.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FavouriteRename {
    /// The favourite.
    #[serde(flatten)]
    pub of: FavouriteOf,
    /// What it is from now on.
    pub to: Favourite,
}

/// Where a favourite stands from now on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FavouriteMove {
    /// The favourite.
    #[serde(flatten)]
    pub of: FavouriteOf,
    /// The profile that it goes to. `None`: it stays in its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_profile: Option<String>,
    /// Its place there, from 1. `None`, and more than there are: the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<u32>,
}

/// Contacts changed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ContactsChanged {
    /// The one that is new or different, whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
    /// Those that are gone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deleted: Vec<String>,
    /// So many came by an import.
    #[serde(default, skip_serializing_if = "is_first")]
    pub imported: u32,
}

/// Profiles or favourites changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FavouritesChanged {
    /// All profiles after it.
    pub profiles: Vec<Profile>,
}

/// A directory cannot be asked, or answers again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectoryChange {
    /// Its title.
    pub directory: String,
    /// What is wrong. `None`: nothing any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorObject>,
}

/// The server of an account does not keep its person's profiles, or does again (M-112).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct XcapChange {
    /// Its address.
    pub server: String,
    /// What is wrong. `None`: nothing any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorObject>,
}

/// What is kept on disk cannot be written, or can again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreChange {
    /// The file.
    pub path: String,
    /// What is wrong. `None`: nothing any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorObject>,
    /// Records that wait in memory.
    #[serde(default)]
    pub waiting: u32,
    /// Records that found no room there and are lost.
    #[serde(default)]
    pub lost: u32,
}
