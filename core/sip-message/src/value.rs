//! What every typed value has in common: it keeps the text it was read from.

use bytes::Bytes;

use crate::Malformed;

/// A value that is read from text and keeps it.
pub trait Value: Sized {
    /// Reads one value. `bytes` has no line ends and no white space around it.
    fn parse(bytes: Bytes) -> Result<Self, Malformed>;
}

/// Gives a [`Value`] that is also `Display` its text forms: `FromStr`, and serde as a string.
macro_rules! as_text {
    ($($type:ty),*) => {$(
        impl core::str::FromStr for $type {
            type Err = $crate::Malformed;
            fn from_str(text: &str) -> Result<Self, $crate::Malformed> {
                $crate::value::from_text::<Self>(text)
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}
pub(crate) use as_text;

/// Reads a value from text that came from elsewhere than a parsed message.
pub(crate) fn from_text<T: Value>(text: &str) -> Result<T, Malformed> {
    let trimmed = text.trim_matches([' ', '\t']);
    if let Some(at) = memchr::memchr2(b'\r', b'\n', trimmed.as_bytes()) {
        return Err(Malformed::new("line end in a value", at));
    }
    T::parse(Bytes::copy_from_slice(trimmed.as_bytes()))
}
