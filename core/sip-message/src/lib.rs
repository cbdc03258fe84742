//! Bytes to SIP message and back; no state.
