//! Who is let in: the host that is meant, the page it comes from, the token. In this order, before anything else.

use crate::Shop;
use crate::board::now;
use crate::problem::Problem;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use control::{Code, quoted};
use std::sync::Arc;
use tokens::{Grant, Scope};

/// Names of this computer.
const OURS: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];
/// The one path where the token may come later: in the first frame.
pub(crate) const EVENTS: &str = "/v1/events";

/// Stands before every request.
pub(crate) async fn gate(
    State(shop): State<Arc<Shop>>,
    mut request: Request,
    next: Next,
) -> Response {
    let mut response = match admit(&shop, &request) {
        Ok(grant) => {
            if let Some(grant) = grant {
                request.extensions_mut().insert(grant);
            }
            next.run(request).await
        }
        Err(problem) => {
            shop.refused(&problem.error);
            problem.into_response()
        }
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Who asks. `None`: a WebSocket that has still to say.
fn admit(shop: &Shop, request: &Request) -> Result<Option<Grant>, Problem> {
    let headers = request.headers();
    host(shop, headers, request.uri())?;
    origin(shop, headers)?;
    match bearer(headers)? {
        Some(token) => shop.holder(token).map(Some),
        None if request.method() == Method::GET && request.uri().path() == EVENTS => Ok(None),
        None => Err(refused("the request has no token")),
    }
}

/// A page whose name was pointed at this computer (DNS rebinding) gives itself away here.
fn host(shop: &Shop, headers: &HeaderMap, uri: &Uri) -> Result<(), Problem> {
    let refused = |why: String| {
        let status = StatusCode::MISDIRECTED_REQUEST;
        Problem::new(status, Code::WEB_REFUSED, why)
    };
    let mut named = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (named.next(), named.next()) else {
        return Err(refused("the request names no host, or several".to_owned()));
    };
    let host = host.to_str().unwrap_or_default();
    let authority = uri.authority().map(|authority| authority.as_str());
    for host in [Some(host), authority].into_iter().flatten() {
        let name = without_port(host).to_ascii_lowercase();
        if !OURS.contains(&name.as_str()) && !shop.options.hosts.contains(&name) {
            let why = format!(
                "it is meant for {}, which is not this computer",
                quoted(host)
            );
            return Err(refused(why));
        }
    }
    Ok(())
}

/// `name:port` or `[::1]:port` without the port.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !name.ends_with(':') => {
            name
        }
        Some(_) | None => host,
    }
}

/// Programs send none. What a page sends is compared with the list and never with `Host`.
fn origin(shop: &Shop, headers: &HeaderMap) -> Result<(), Problem> {
    for origin in headers.get_all(header::ORIGIN) {
        let origin = origin.to_str().unwrap_or_default().to_ascii_lowercase();
        if !shop.options.origins.contains(&origin) {
            let why = format!("it comes from {}", quoted(&origin));
            return Err(Problem::new(StatusCode::FORBIDDEN, Code::WEB_REFUSED, why));
        }
    }
    Ok(())
}

/// The token of `Authorization: Bearer` (RFC 6750 §2.1).
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut sent = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = sent.next() else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default();
    let token = match text.split_once(' ') {
        Some((how, token)) if how.eq_ignore_ascii_case("bearer") => Some(token.trim()),
        Some(_) | None => None,
    };
    match (token, sent.next()) {
        (Some(token), None) => Ok(Some(token)),
        (Some(_) | None, _) => Err(refused(
            "Authorization says something else than Bearer TOKEN",
        )),
    }
}

fn refused(why: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, Code::TOKEN_REFUSED, why)
}

impl Shop {
    /// Whose token this is, now.
    pub(crate) fn holder(&self, token: &str) -> Result<Grant, Problem> {
        match self.options.tokens.holder(token, now().unix_ms()) {
            Ok(Some(grant)) => Ok(grant),
            Ok(None) => Err(refused("nobody has this token, or its time is over")),
            Err(why) => Err(self.unusable(&why)),
        }
    }

    /// Whether a token that let somebody in still does: it may have been removed or expired since.
    pub(crate) fn still(&self, grant: &Grant) -> Result<(), Problem> {
        match self.options.tokens.is_good(grant, now().unix_ms()) {
            Ok(true) => Ok(()),
            Ok(false) => Err(refused("the token was removed, or its time is over")),
            Err(why) => Err(self.unusable(&why)),
        }
    }

    /// What is wrong with the file is for whoever runs the engine, not for whoever knocks.
    fn unusable(&self, why: &tokens::Error) -> Problem {
        self.warn(&format!("nobody is let in: {why}"));
        refused("no token can be looked up; the engine's log says why")
    }
}

/// Whether the token lets its holder do that.
pub(crate) fn allowed(grant: &Grant, scope: Scope) -> Result<(), Problem> {
    if grant.allows(scope) {
        return Ok(());
    }
    let why = format!(
        "the token of {} lacks the scope {scope}",
        quoted(&grant.name)
    );
    let fix = format!("make one that has it: offhook token new NAME --scope {scope}");
    let problem = Problem::new(StatusCode::FORBIDDEN, Code::NOT_PERMITTED, why);
    Err(Problem {
        error: problem.error.fix(fix),
        ..problem
    })
}

#[cfg(test)]
mod tests {
    use super::without_port;

    #[test]
    fn m067_a_host_is_compared_without_its_port() {
        for (host, name) in [
            ("localhost", "localhost"),
            ("localhost:8470", "localhost"),
            ("127.0.0.1:1", "127.0.0.1"),
            ("[::1]:1", "[::1]"),
            ("[::1]", "[::1]"),
            ("evil.example:80", "evil.example"),
            ("localhost:80:evil", "localhost:80:evil"),
            ("localhost.evil.example", "localhost.evil.example"),
        ] {
            assert_eq!(without_port(host), name, "{host}");
        }
    }
}
