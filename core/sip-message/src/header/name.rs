//! Header names: the ones this crate knows, their compact forms, and everybody else's.

use core::fmt;

macro_rules! names {
    ($($variant:ident $text:literal $($compact:literal)?,)*) => {
        /// A header name this crate knows.
        ///
        /// Source: the IANA registry of SIP header fields.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum HeaderName {
            $(#[doc = concat!("`", $text, "`")] $variant,)*
        }

        const ALL: &[(HeaderName, &str)] = &[$((HeaderName::$variant, $text),)*];

        impl HeaderName {
            /// The name in full, as its RFC spells it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }

            /// The name behind a one-letter form. Source: RFC 3261 §7.3.3.
            const fn expand(letter: u8) -> Option<Self> {
                match letter.to_ascii_lowercase() {
                    $($($compact => Some(Self::$variant),)?)*
                    _ => None,
                }
            }
        }
    };
}

names! {
    Accept "Accept",
    AcceptContact "Accept-Contact" b'a',
    AcceptEncoding "Accept-Encoding",
    AcceptLanguage "Accept-Language",
    AlertInfo "Alert-Info",
    Allow "Allow",
    AllowEvents "Allow-Events" b'u',
    AuthenticationInfo "Authentication-Info",
    Authorization "Authorization",
    CallId "Call-ID" b'i',
    CallInfo "Call-Info",
    Contact "Contact" b'm',
    ContentDisposition "Content-Disposition",
    ContentEncoding "Content-Encoding" b'e',
    ContentLanguage "Content-Language",
    ContentLength "Content-Length" b'l',
    ContentType "Content-Type" b'c',
    CSeq "CSeq",
    Date "Date",
    Diversion "Diversion",
    ErrorInfo "Error-Info",
    Event "Event" b'o',
    Expires "Expires",
    FlowTimer "Flow-Timer",
    From "From" b'f',
    Geolocation "Geolocation",
    HistoryInfo "History-Info",
    Identity "Identity" b'y',
    InfoPackage "Info-Package",
    InReplyTo "In-Reply-To",
    Join "Join",
    MaxForwards "Max-Forwards",
    MimeVersion "MIME-Version",
    MinExpires "Min-Expires",
    MinSE "Min-SE",
    Organization "Organization",
    PAccessNetworkInfo "P-Access-Network-Info",
    PAssertedIdentity "P-Asserted-Identity",
    PAssociatedUri "P-Associated-URI",
    Path "Path",
    PPreferredIdentity "P-Preferred-Identity",
    Priority "Priority",
    Privacy "Privacy",
    ProxyAuthenticate "Proxy-Authenticate",
    ProxyAuthorization "Proxy-Authorization",
    ProxyRequire "Proxy-Require",
    RAck "RAck",
    Reason "Reason",
    RecordRoute "Record-Route",
    RecvInfo "Recv-Info",
    ReferredBy "Referred-By" b'b',
    ReferSub "Refer-Sub",
    ReferTo "Refer-To" b'r',
    RejectContact "Reject-Contact" b'j',
    RemotePartyId "Remote-Party-ID",
    Replaces "Replaces",
    ReplyTo "Reply-To",
    RequestDisposition "Request-Disposition" b'd',
    Require "Require",
    RetryAfter "Retry-After",
    Route "Route",
    RSeq "RSeq",
    Server "Server",
    ServiceRoute "Service-Route",
    SessionExpires "Session-Expires" b'x',
    SipETag "SIP-ETag",
    SipIfMatch "SIP-If-Match",
    Subject "Subject" b's',
    SubscriptionState "Subscription-State",
    Supported "Supported" b'k',
    TargetDialog "Target-Dialog",
    Timestamp "Timestamp",
    To "To" b't',
    Unsupported "Unsupported",
    UserAgent "User-Agent",
    Via "Via" b'v',
    Warning "Warning",
    WwwAuthenticate "WWW-Authenticate",
}

/// Open addressing, filled at compile time. Slot 0 means empty, n + 1 means `ALL[n]`.
const SLOTS: usize = 256;
static TABLE: [u8; SLOTS] = table();

const fn table() -> [u8; SLOTS] {
    let mut slots = [0; SLOTS];
    let mut n = 0;
    while n < ALL.len() {
        let mut slot = hash(ALL[n].1.as_bytes());
        while slots[slot] != 0 {
            slot = (slot + 1) % SLOTS;
        }
        slots[slot] = n as u8 + 1;
        n += 1;
    }
    slots
}

/// Over length, first, middle and last letter, whatever their case. `name` is not empty.
const fn hash(name: &[u8]) -> usize {
    let first = (name[0] | 0x20) as usize;
    let middle = (name[name.len() / 2] | 0x20) as usize;
    let last = (name[name.len() - 1] | 0x20) as usize;
    (name.len() + first * 7 + middle * 31 + last * 113) % SLOTS
}

impl HeaderName {
    /// The name behind `text`, in full or compact form, in any case.
    pub fn parse(text: &[u8]) -> Option<Self> {
        match text {
            [] => None,
            [letter] => Self::expand(*letter),
            _ => {
                let mut slot = hash(text);
                loop {
                    let (name, full) = ALL[usize::from(TABLE[slot].checked_sub(1)?)];
                    if text.eq_ignore_ascii_case(full.as_bytes()) {
                        return Some(name);
                    }
                    slot = (slot + 1) % SLOTS;
                }
            }
        }
    }
}

impl fmt::Display for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A header name, known or not: what headers are asked by. Made from a [`HeaderName`] or a `&str`.
#[derive(Debug, Clone, Copy)]
pub enum Name<'a> {
    /// One this crate knows.
    Known(HeaderName),
    /// Any other; case does not matter.
    Other(&'a str),
}

impl<'a> Name<'a> {
    /// The name as text.
    pub fn as_str(self) -> &'a str {
        match self {
            Self::Known(name) => name.as_str(),
            Self::Other(text) => text,
        }
    }

    /// The name, if it is a known one.
    pub fn known(self) -> Option<HeaderName> {
        match self {
            Self::Known(name) => Some(name),
            Self::Other(_) => None,
        }
    }
}

/// Whatever their case and form, equal names are equal.
impl PartialEq for Name<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Known(a), Self::Known(b)) => a == b,
            (Self::Other(a), Self::Other(b)) => a.eq_ignore_ascii_case(b),
            (Self::Known(_), Self::Other(_)) | (Self::Other(_), Self::Known(_)) => false,
        }
    }
}

impl Eq for Name<'_> {}

impl PartialEq<HeaderName> for Name<'_> {
    fn eq(&self, other: &HeaderName) -> bool {
        self.known() == Some(*other)
    }
}

impl From<HeaderName> for Name<'_> {
    fn from(name: HeaderName) -> Self {
        Self::Known(name)
    }
}

impl<'a> From<&'a str> for Name<'a> {
    fn from(text: &'a str) -> Self {
        HeaderName::parse(text.as_bytes()).map_or(Self::Other(text), Self::Known)
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_in_any_case() {
        for &(name, full) in ALL {
            assert_eq!(HeaderName::parse(full.as_bytes()), Some(name));
            assert_eq!(
                HeaderName::parse(full.to_uppercase().as_bytes()),
                Some(name)
            );
            assert_eq!(
                HeaderName::parse(full.to_lowercase().as_bytes()),
                Some(name)
            );
            assert_eq!(HeaderName::parse(format!("{full}x").as_bytes()), None);
        }
        assert_eq!(HeaderName::parse(b"V"), Some(HeaderName::Via));
        assert_eq!(HeaderName::parse(b"z"), None);
        assert_eq!(HeaderName::parse(b"C%6Fntact"), None);
        assert_eq!(HeaderName::parse(b""), None);
    }

    #[test]
    fn names_are_equal_whatever_their_form() {
        assert_eq!(Name::from("v"), Name::from(HeaderName::Via));
        assert_eq!(Name::from("X-Line"), Name::from("x-line"));
        assert_ne!(Name::from("X-Line"), Name::from("via"));
    }
}
