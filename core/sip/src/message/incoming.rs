//! What a MESSAGE says, and what is answered. Source: RFC 3428 §7.

use super::{ACCEPT, LONGEST, PLAIN};
use sip_message::{HeaderName, Request, Response, ResponseBuilder, Status};

/// Why a MESSAGE is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It is no text, or in letters that are not known here.
    Kind,
    /// It is packed.
    Encoding,
    /// It is too long.
    Length,
    /// It says that it is UTF-8, and is not.
    Letters,
}

/// What it says. An empty text is one.
pub fn read(request: &Request) -> Result<String, Refused> {
    let headers = request.headers();
    let body = request.body();
    let packed = headers.text(HeaderName::ContentEncoding);
    if packed.is_some_and(|how| !how.eq_ignore_ascii_case("identity")) {
        return Err(Refused::Encoding);
    }
    match headers.content_type() {
        Some(kind) if kind == PLAIN => {}
        None if body.is_empty() => {}
        Some(_) | None => return Err(Refused::Kind),
    }
    if body.len() > LONGEST {
        return Err(Refused::Length);
    }
    let kind = headers.text(HeaderName::ContentType);
    let charset = kind.as_deref().and_then(charset).unwrap_or("utf-8");
    let latin = charset.eq_ignore_ascii_case("iso-8859-1");
    let utf8 = charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("us-ascii");
    match (utf8, latin) {
        (true, _) => {
            let text = core::str::from_utf8(body).map_err(|_| Refused::Letters)?;
            Ok(text.to_owned())
        }
        // Each byte is the letter of its number.
        (false, true) => Ok(body.iter().map(|&byte| char::from(byte)).collect()),
        (false, false) => Err(Refused::Kind),
    }
}

/// Which letters a content type names.
fn charset(kind: &str) -> Option<&str> {
    let mut params = kind.split(';').skip(1);
    let named = params.find_map(|param| {
        let (name, value) = param.split_once('=')?;
        let is_charset = name.trim().eq_ignore_ascii_case("charset");
        is_charset.then(|| value.trim().trim_matches('"'))
    });
    named.filter(|name| !name.is_empty())
}

/// The answer to one that is not taken.
pub fn refuse(request: &Request, refused: Refused, tag: &str) -> Response {
    let status = match refused {
        Refused::Kind | Refused::Encoding => Status::UNSUPPORTED_MEDIA_TYPE,
        Refused::Length => Status::REQUEST_ENTITY_TOO_LARGE,
        Refused::Letters => Status::BAD_REQUEST,
    };
    let builder = ResponseBuilder::to(request, status).to_tag(tag);
    let builder = match refused {
        Refused::Kind => builder.header(HeaderName::Accept, ACCEPT),
        Refused::Encoding => builder.header(HeaderName::AcceptEncoding, "identity"),
        Refused::Letters => builder.reason("Text Is Not UTF-8"),
        Refused::Length => builder,
    };
    builder.build()
}

/// The answer to one that is taken. No Contact and no body: RFC 3428 §7.
pub fn take(request: &Request, tag: &str) -> Response {
    ResponseBuilder::to(request, Status::OK).to_tag(tag).build()
}
