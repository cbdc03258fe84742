//! Where a REFER may send us: what its Refer-To says, and what is not done for anybody.

use sip_message::{HeaderName, NameAddr, Replaces, Request, Uri};

/// What a REFER wants called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Whom to call, without headers and without a method.
    pub uri: Uri,
    /// The dialog whose place the call takes there (RFC 3891).
    pub replaces: Option<Replaces>,
    /// Who says that they want it (RFC 3892); nobody vouches for it.
    pub referred_by: Option<NameAddr>,
}

/// Why a REFER is not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// There is not exactly one Refer-To, or it cannot be read (RFC 3515 §2.4.1).
    #[error("it does not say, or not readably, where to go")]
    Malformed,
    /// It leads to something that is no phone: a web page, a file, a mailbox.
    #[error("it names an address of a kind that is not called")]
    Scheme,
    /// It wants something else done than a call.
    #[error("it wants another request sent than a call")]
    Method,
}

impl Target {
    /// Reads a REFER.
    pub fn of(refer: &Request) -> Result<Self, Unfit> {
        let headers = refer.headers();
        if headers.count(HeaderName::ReferTo) != 1 {
            return Err(Unfit::Malformed);
        }
        let to = headers.refer_to().map_err(|_| Unfit::Malformed)?;
        let to = to.ok_or(Unfit::Malformed)?;
        let uri = to.uri();
        let (uri, replaces) = match uri {
            Uri::Other(_) => return Err(Unfit::Scheme),
            Uri::Tel(_) => (uri.clone(), None),
            Uri::Sip(sip) => {
                let method = sip.param("method");
                if method.is_some_and(|method| !method.eq_ignore_ascii_case("INVITE")) {
                    return Err(Unfit::Method);
                }
                let replaces = Replaces::in_uri(sip).transpose();
                let replaces = replaces.map_err(|_| Unfit::Malformed)?;
                let plain = sip.without_headers().without_param("method");
                (Uri::Sip(plain), replaces)
            }
        };
        Ok(Self {
            uri,
            replaces,
            // What cannot be read is passed on to nobody.
            referred_by: headers.referred_by().ok().flatten(),
        })
    }
}
