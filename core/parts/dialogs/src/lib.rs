//! The dialogs part: synchronous, without IO or clock.
