//! What a watched extension does, as its notifiers say it: documents, and one lamp made of them.
//!
//! A lamp says what is known, never what was: as soon as something may be missing it is unknown, with the
//! reason, and the full state is asked for (rule of this house; RFC 4235 §4.3 for versions).
//!
//! | file | holds |
//! | --- | --- |
//! | `xml` | XML of strangers as a tree, with caps |
//! | [`dialog_info`] | application/dialog-info+xml (RFC 4235) |
//! | [`reginfo`] | application/reginfo+xml (RFC 3680) |
//! | [`message_summary`] | application/simple-message-summary (RFC 3842) |
//! | [`conference_info`] | application/conference-info+xml (RFC 4575): who is in a conference, full states and changes |
//! | [`list`] | application/rlmi+xml: what one list says of many (RFC 4662) |
//! | [`calls`] | what one notifier said of an extension's calls, full states and changes |
//! | [`state`] | the lamp: documents and losses in, one state out |

pub mod calls;
pub mod conference_info;
pub mod dialog_info;
pub mod list;
pub mod message_summary;
pub mod reginfo;
pub mod state;
pub(crate) mod xml;

pub use state::{Lamp, Light, Shown, Source, Unknown};
pub use xml::Bad;
