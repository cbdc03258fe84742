//! RFC 3263: from a URI to the addresses to try, in order.
