//! Converts between offhook's SIP messages and rsip's.
