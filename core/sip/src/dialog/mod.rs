//! Peer-to-peer relation of two user agents: tags, route set, remote target (RFC 3261 §12).
