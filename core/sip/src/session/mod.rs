//! One INVITE usage of a dialog, from offer to goodbye (RFC 3261 §13, RFC 5057).
