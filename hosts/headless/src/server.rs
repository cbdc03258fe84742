//! A server as --register and --outbound-proxy name it.

use control::{Code, ErrorObject, quoted};
use sip_message::{SipUri, Transport, Uri, unescape};

/// What an address says of a server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Server {
    /// The user part, without escapes.
    pub(crate) user: Option<String>,
    /// Host or host:port, as settings have it.
    pub(crate) host: String,
    /// The settings' word for the transport, where the address names one.
    pub(crate) transport: Option<&'static str>,
}

/// What option `option` names: a sip: address, or a bare host as in settings. What cannot be done as it is
/// written is refused, not done otherwise.
pub(crate) fn read(option: &str, text: &str) -> Result<Server, ErrorObject> {
    let refused = |why: &str, fix: &str| {
        let why = format!("option {option}: {} {why}", quoted(text));
        ErrorObject::new(Code::USAGE, why).fix(fix)
    };
    let no_address = || {
        refused(
            "is no address of a SIP server",
            "write it like sip:pbx.example or sip:127.0.0.1:5060;transport=tcp",
        )
    };
    let written = text.parse::<Uri>();
    let uri = match &written {
        Ok(Uri::Sip(uri)) => uri.clone(),
        Ok(Uri::Tel(_)) => return Err(no_address()),
        // `pbx.example:5060` looks like a scheme and its rest; a bare host has no colon.
        Ok(Uri::Other(_)) | Err(_) => match format!("sip:{text}").parse::<Uri>() {
            Ok(Uri::Sip(uri)) => uri,
            Ok(Uri::Tel(_) | Uri::Other(_)) | Err(_) => return Err(no_address()),
        },
    };
    if uri.password().is_some() {
        let fix = "give the password with --password-file or --password-env";
        // The address is not repeated: what stands in it is meant to be secret.
        let why =
            format!("option {option}: an address with a password in it can be read by others");
        return Err(ErrorObject::new(Code::USAGE, why).fix(fix));
    }
    let transport = transport(option, text, &uri)?;
    let odd = uri.params().find(|(name, _)| {
        !name.eq_ignore_ascii_case("transport") && !name.eq_ignore_ascii_case("lr")
    });
    if let Some((name, _)) = odd {
        let why = format!(
            "has the parameter {}, which nothing here heeds",
            quoted(name)
        );
        return Err(refused(
            &why,
            "leave it out; transport=udp, tcp and tls are heeded",
        ));
    }
    if uri.headers().next().is_some() {
        return Err(refused(
            "has headers behind a question mark",
            "leave them out",
        ));
    }
    let user = match uri
        .user()
        .map(|user| String::from_utf8(unescape(user).into_owned()))
    {
        None => None,
        Some(Ok(user)) => Some(user),
        Some(Err(_)) => return Err(refused("has a user that is no text", "write it in UTF-8")),
    };
    let port = uri.port().map(|port| format!(":{port}"));
    Ok(Server {
        user,
        host: format!("{}{}", uri.host(), port.unwrap_or_default()),
        transport,
    })
}

fn transport(option: &str, text: &str, uri: &SipUri) -> Result<Option<&'static str>, ErrorObject> {
    let name = match (uri.transport(), uri.is_secure()) {
        // RFC 3261 §26.2.2: sips: is TLS over TCP, whichever of the two is named.
        (None | Some(Transport::Tcp | Transport::Tls), true) => return Ok(Some("tls")),
        (None, false) => return Ok(None),
        (Some(Transport::Udp), false) => return Ok(Some("udp")),
        (Some(Transport::Tcp), false) => return Ok(Some("tcp")),
        (Some(Transport::Tls), false) => return Ok(Some("tls+sip")),
        (Some(Transport::Udp), true) => {
            let why = format!("option {option}: {} asks for TLS and for UDP", quoted(text));
            return Err(ErrorObject::new(Code::TLS_UNAVAILABLE, why));
        }
        (Some(Transport::Ws), _) => "ws".to_owned(),
        (Some(Transport::Wss), _) => "wss".to_owned(),
        (Some(Transport::Other(name)), _) => name.to_string(),
    };
    let why = format!(
        "option {option}: {} names the transport {}, which this phone does not speak",
        quoted(text),
        quoted(&name)
    );
    Err(ErrorObject::new(Code::USAGE, why).fix("write transport=udp, tcp or tls"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn server(user: Option<&str>, host: &str, transport: Option<&'static str>) -> Server {
        Server {
            user: user.map(str::to_owned),
            host: host.to_owned(),
            transport,
        }
    }

    #[test]
    fn m013_a_server_is_what_its_address_says() {
        for (text, expected) in [
            ("sip:pbx.example", server(None, "pbx.example", None)),
            (
                "SIP:pbx.example:5070;transport=TCP",
                server(None, "pbx.example:5070", Some("tcp")),
            ),
            (
                "sip:101@pbx.example;transport=udp",
                server(Some("101"), "pbx.example", Some("udp")),
            ),
            (
                "sip:a%20b@[2001:db8::1]:5060",
                server(Some("a b"), "[2001:db8::1]:5060", None),
            ),
            ("sip:proxy.example;lr", server(None, "proxy.example", None)),
            ("sips:pbx.example", server(None, "pbx.example", Some("tls"))),
            (
                "SIPS:pbx.example:5071;transport=tcp",
                server(None, "pbx.example:5071", Some("tls")),
            ),
            (
                "sip:pbx.example;transport=tls",
                server(None, "pbx.example", Some("tls+sip")),
            ),
            ("pbx.example", server(None, "pbx.example", None)),
            (
                "pbx.example:5060;transport=tcp",
                server(None, "pbx.example:5060", Some("tcp")),
            ),
            ("localhost:5060", server(None, "localhost:5060", None)),
            ("127.0.0.1:5060", server(None, "127.0.0.1:5060", None)),
        ] {
            assert_eq!(read("--register", text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_done_as_written_is_refused() {
        for (text, code) in [
            ("sips:pbx.example;transport=udp", Code::TLS_UNAVAILABLE),
            ("sip:pbx.example;transport=wss", Code::USAGE),
            ("sip:pbx.example;transport=zork", Code::USAGE),
            ("sip:pbx.example;transport=ws", Code::USAGE),
            ("sip:pbx.example;transport", Code::USAGE),
            ("sip:pbx.example;maddr=10.0.0.1", Code::USAGE),
            ("sip:pbx.example?a=b", Code::USAGE),
            ("sip:101:secret@pbx.example", Code::USAGE),
            ("tel:123", Code::USAGE),
            ("http://pbx.example", Code::USAGE),
            ("mailto:101@pbx.example", Code::USAGE),
            ("xmpp:pbx.example", Code::USAGE),
            ("sip:", Code::USAGE),
            ("", Code::USAGE),
            ("pbx example", Code::USAGE),
        ] {
            let refused = read("--register", text).unwrap_err();
            assert_eq!(refused.code, code, "{text}: {refused}");
            assert!(refused.detail.contains("--register"), "{refused}");
            assert!(
                !refused.fix.is_empty() && !refused.to_string().contains("secret"),
                "{refused}"
            );
        }
    }
}
