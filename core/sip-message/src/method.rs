//! Request methods.

use bytes::Bytes;
use core::fmt;

use crate::{Malformed, Text, scan};

macro_rules! methods {
    ($($variant:ident $text:literal $source:literal,)*) => {
        /// What a request asks for. Case matters (RFC 3261 §7.1).
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Method {
            $(#[doc = concat!("Source: RFC ", $source, ".")] $variant,)*
            /// A method this crate has no name for: a token.
            Other(Text),
        }

        impl Method {
            /// The method as it stands on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Other(text) => text.as_str(),
                }
            }

            /// Reads a method; shares `bytes` when it has no name here.
            pub(crate) fn parse(bytes: Bytes) -> Result<Self, Malformed> {
                $(if bytes == $text.as_bytes() { return Ok(Self::$variant); })*
                if !scan::all_token(&bytes) {
                    return Err(Malformed::new("Method", 0));
                }
                Text::new(bytes).map(Self::Other)
            }
        }
    };
}

methods! {
    Invite "INVITE" "3261 §13",
    Ack "ACK" "3261 §13",
    Bye "BYE" "3261 §15",
    Cancel "CANCEL" "3261 §9",
    Options "OPTIONS" "3261 §11",
    Register "REGISTER" "3261 §10",
    Prack "PRACK" "3262",
    Update "UPDATE" "3311",
    Info "INFO" "6086",
    Subscribe "SUBSCRIBE" "6665",
    Notify "NOTIFY" "6665",
    Refer "REFER" "3515",
    Message "MESSAGE" "3428",
    Publish "PUBLISH" "3903",
}

impl Method {
    /// Whether this crate has a name for it. What it has no name for is answered with 501.
    pub fn is_known(&self) -> bool {
        !matches!(self, Self::Other(_))
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl core::str::FromStr for Method {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        Self::parse(Bytes::copy_from_slice(text.as_bytes()))
    }
}

impl serde::Serialize for Method {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for Method {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_escapes_matter() {
        assert_eq!("INVITE".parse(), Ok(Method::Invite));
        assert_eq!("invite".parse(), Ok(Method::Other("invite".into())));
        assert_eq!("RE%47ISTER".parse(), Ok(Method::Other("RE%47ISTER".into())));
        assert!("IN VITE".parse::<Method>().is_err());
        assert!("".parse::<Method>().is_err());
    }
}
