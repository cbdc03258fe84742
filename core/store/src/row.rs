//! A row carries a sum of itself: what a disk changed behind our back is noticed, wherever in the row it was.

use crate::Error;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// FNV-1a of owner and body, 64 bits. Against faults of disks, not against people.
pub(crate) fn sum(owner: &str, body: &str) -> i64 {
    let bytes = owner.bytes().chain([0xff]).chain(body.bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash.cast_signed()
}

/// The body of a row, as it was written.
pub(crate) fn read<T: DeserializeOwned>(owner: &str, body: &str, sum: i64) -> Result<T, Error> {
    if self::sum(owner, body) != sum {
        return Err(Error::Damaged("a row is not as it was written".to_owned()));
    }
    let bad = |why| Error::Damaged(format!("a row cannot be read: {why}"));
    serde_json::from_str(body).map_err(bad)
}

/// The body of a row.
pub(crate) fn write<T: Serialize>(value: &T) -> Result<String, Error> {
    let bad = |why| Error::Damaged(format!("a row cannot be written: {why}"));
    serde_json::to_string(value).map_err(bad)
}
