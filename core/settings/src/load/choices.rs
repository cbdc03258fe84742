//! What accounts choose by a word.

use crate::account::KeepAlive;
use crate::settings::Transport;

/// How the server is reached.
pub(super) fn transport(text: &str) -> Transport {
    match text {
        "tcp" => Transport::Tcp,
        _ => Transport::Udp,
    }
}

/// How the way to the server is kept open.
pub(super) fn keep_alive(text: &str) -> KeepAlive {
    match text {
        "none" => KeepAlive::None,
        "options" => KeepAlive::Options,
        "stun" => KeepAlive::Stun,
        _ => KeepAlive::Crlf,
    }
}
