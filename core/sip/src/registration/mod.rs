//! One binding: register, refresh, supervise, back off, remove (RFC 3261 §10).
