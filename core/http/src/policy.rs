//! What is allowed.

use std::time::Duration;

/// Bounds of one request, redirects and passwords included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Until a connection stands.
    pub connect: Duration,
    /// All of it. A server that drips is no slower than this.
    pub whole: Duration,
    /// Length of a body. Unit: bytes.
    pub body: u64,
    /// How often a server may send us on.
    pub redirects: u32,
    /// Whether a password may be readable on its way (Basic without TLS) to another machine. To this one it always
    /// may.
    pub clear_password: bool,
    /// Name that requests carry.
    pub agent: String,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            whole: Duration::from_secs(15),
            body: 4 << 20,
            redirects: 5,
            clear_password: false,
            agent: concat!("offhook/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}
