//! One request and its answer.

use crate::error::server;
use crate::{Answer, Ask, Error, Policy};
use std::time::{Duration, Instant};
use ureq::http::{Request, header};
use url::Url;

/// Length of an answer's head. Unit: bytes.
const HEAD: usize = 64 << 10;
/// Methods that change nothing at the server: they may be asked again elsewhere. Source: RFC 9110 §9.2.1, RFC 4918,
/// RFC 3253 §3.6.
const SAFE: [&str; 5] = ["GET", "HEAD", "OPTIONS", "PROPFIND", "REPORT"];

/// Connections by `policy`. Proxies of the environment, redirects and errors for statuses are ours to decide.
pub(crate) fn agent(policy: &Policy) -> ureq::Agent {
    ureq::Agent::config_builder()
        .proxy(None)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .allow_non_standard_methods(true)
        .max_response_header_size(HEAD)
        .timeout_connect(Some(policy.connect))
        .user_agent(&policy.agent)
        .build()
        .into()
}

/// Asks once.
pub(crate) fn once(
    agent: &ureq::Agent,
    policy: &Policy,
    ask: &Ask<'_>,
    proof: Option<&str>,
    until: Instant,
) -> Result<Answer, Error> {
    let url = ask.url;
    if url.scheme() != "http" {
        return Err(Error::NoTls(server(url)));
    }
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(late(url, policy));
    }
    let mut request = Request::builder().method(ask.method).uri(url.as_str());
    for (name, value) in ask.headers {
        request = request.header(*name, *value);
    }
    if let Some(proof) = proof {
        request = request.header(header::AUTHORIZATION, proof);
    }
    let bad = |why: ureq::http::Error| Error::BadRequest(why.to_string());
    let sent = match ask.body {
        "" => run(agent, request.body(()).map_err(bad)?, left),
        body => run(agent, request.body(body).map_err(bad)?, left),
    };
    let mut answer = sent.map_err(|why| fault(url, policy, why))?;
    let headers = answer.headers().iter().filter_map(|(name, value)| {
        let value = value.to_str().ok()?;
        Some((name.as_str().to_owned(), value.to_owned()))
    });
    let headers = headers.collect();
    let status = answer.status().as_u16();
    let body = answer.body_mut().with_config().limit(policy.body);
    let body = body.read_to_vec().map_err(|why| fault(url, policy, why))?;
    Ok(Answer {
        status,
        headers,
        body,
        url: url.clone(),
    })
}

fn run<B: ureq::AsSendBody>(
    agent: &ureq::Agent,
    request: Request<B>,
    left: Duration,
) -> Result<ureq::http::Response<ureq::Body>, ureq::Error> {
    let config = agent.configure_request(request);
    agent.run(config.timeout_global(Some(left)).build())
}

fn late(url: &Url, policy: &Policy) -> Error {
    Error::TimedOut {
        server: server(url),
        ms: policy.whole.as_millis(),
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the library may have more to say some day"
)]
fn fault(url: &Url, policy: &Policy, why: ureq::Error) -> Error {
    let server = server(url);
    match why {
        ureq::Error::Timeout(ureq::Timeout::Connect) => Error::TimedOut {
            server,
            ms: policy.connect.as_millis(),
        },
        ureq::Error::Timeout(_) => late(url, policy),
        ureq::Error::BodyExceedsLimit(most) => Error::TooLarge { server, most },
        ureq::Error::LargeResponseHeader(_, most) => Error::TooLarge {
            server,
            most: most as u64,
        },
        ureq::Error::Protocol(why) => Error::Garbage {
            server,
            why: why.to_string(),
        },
        why => Error::Unreachable {
            server,
            why: why.to_string(),
        },
    }
}

/// Where an answer sends us; `None`: it is the answer.
pub(crate) fn redirect(answer: &Answer, method: &str) -> Result<Option<Url>, Error> {
    if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(to) = answer.header("location") else {
        return Ok(None);
    };
    let refused = |why| Error::BadRedirect {
        server: server(&answer.url),
        to: to.to_owned(),
        why,
    };
    let url = answer
        .url
        .join(to)
        .map_err(|_| refused("it is no address"))?;
    let url = crate::address(url.as_str()).map_err(|_| refused("it is no address of HTTP"))?;
    if answer.url.scheme() == "https" && url.scheme() != "https" {
        return Err(refused("that is less safe than where we are"));
    }
    if !SAFE.contains(&method) && answer.status != 303 {
        return Err(refused("what changes something is not asked elsewhere"));
    }
    Ok(Some(url))
}
