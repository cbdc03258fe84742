//! Route set: the proxies that asked to stay on the path (RFC 3261 §12.1, §12.2.1.1).

use serde::{Deserialize, Serialize};
use sip_message::{Headers, Malformed, NameAddr, Text, Uri};

/// Proxies in the order in which our requests pass them.
///
/// Bound: as many as `sip_message` reads from one message.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RouteSet(Vec<Text>);

/// How one request is addressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// Its Request-URI.
    pub request_uri: Text,
    /// Its Route header fields, in order.
    pub routes: Vec<Text>,
    /// Whom it is sent to first.
    pub next_hop: Text,
}

impl RouteSet {
    /// From the Record-Route fields of a request, for who answers it (RFC 3261 §12.1.1).
    pub fn of_request(headers: &Headers) -> Result<Self, Malformed> {
        Self::read(headers)
    }

    /// From the Record-Route fields of a response, for who sent the request: reversed
    /// (RFC 3261 §12.1.2).
    pub fn of_response(headers: &Headers) -> Result<Self, Malformed> {
        let mut set = Self::read(headers)?;
        set.0.reverse();
        Ok(set)
    }

    fn read(headers: &Headers) -> Result<Self, Malformed> {
        let routes = headers.record_routes()?;
        Ok(Self::configured(&routes))
    }

    /// Proxies configured for a first request, in order (RFC 3261 §8.1.2).
    pub fn configured(routes: &[NameAddr]) -> Self {
        Self(
            routes
                .iter()
                .map(|route| Text::from(route.to_string()))
                .collect(),
        )
    }

    /// How a request to `target` is addressed.
    ///
    /// A first proxy without `lr` is a strict router: it takes the Request-URI, and the target goes
    /// to the end of the routes. Source: RFC 3261 §12.2.1.1.
    pub fn path(&self, target: &Text) -> Path {
        let Some((first, rest)) = self.0.split_first() else {
            return Path {
                request_uri: target.clone(),
                routes: Vec::new(),
                next_hop: target.clone(),
            };
        };
        let first_uri = route_uri(first);
        if is_loose(&first_uri) {
            return Path {
                request_uri: target.clone(),
                routes: self.0.clone(),
                next_hop: first_uri,
            };
        }
        let mut routes = rest.to_vec();
        routes.push(Text::from(format!("<{target}>")));
        Path {
            request_uri: first_uri.clone(),
            routes,
            next_hop: first_uri,
        }
    }
}

fn route_uri(route: &Text) -> Text {
    match route.parse::<NameAddr>() {
        Ok(route) => Text::from(route.uri().to_string()),
        Err(_) => route.clone(),
    }
}

fn is_loose(uri: &Text) -> bool {
    match uri.parse::<Uri>() {
        Ok(uri) => uri.sip().is_some_and(|uri| uri.is_loose_router()),
        Err(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(routes: &[&str]) -> RouteSet {
        RouteSet(routes.iter().map(|route| Text::from(*route)).collect())
    }

    #[test]
    fn loose_routers_leave_the_target_alone() {
        let target = Text::from("sip:bob@192.0.2.4");
        let path = set(&["<sip:p1.test;lr>", "<sip:p2.test;lr>"]).path(&target);
        assert_eq!(path.request_uri, "sip:bob@192.0.2.4");
        assert_eq!(path.routes, ["<sip:p1.test;lr>", "<sip:p2.test;lr>"]);
        assert_eq!(path.next_hop, "sip:p1.test;lr");
    }

    /// RFC 3261 §16.12.1.2.
    #[test]
    fn a_strict_router_takes_the_request_uri() {
        let target = Text::from("sip:bob@192.0.2.4");
        let path = set(&["<sip:p1.test>", "<sip:p2.test;lr>"]).path(&target);
        assert_eq!(path.request_uri, "sip:p1.test");
        assert_eq!(path.routes, ["<sip:p2.test;lr>", "<sip:bob@192.0.2.4>"]);
        assert_eq!(path.next_hop, "sip:p1.test");
    }

    #[test]
    fn without_routes_the_target_is_the_next_hop() {
        let target = Text::from("sip:bob@192.0.2.4");
        let path = RouteSet::default().path(&target);
        assert_eq!((path.routes.len(), &path.next_hop), (0, &target));
    }
}
