//! SIP machines: transactions, dialogs, sessions, registrations; no IO, no clock.
