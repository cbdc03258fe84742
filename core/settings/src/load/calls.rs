//! Settings of several calls at once.

use super::Values;
use crate::settings::{Calls, HoldSends, Transferred};

pub(super) fn read(values: &Values) -> Option<Calls> {
    Some(Calls {
        one_active: values.switch("calls.one_active")?,
        hold_sends: match values.text("calls.hold_sends")? {
            "silence" => HoldSends::Silence,
            _ => HoldSends::Nothing,
        },
        transferred: match values.text("calls.transferred")? {
            "ask" => Transferred::Ask,
            "refuse" => Transferred::Refuse,
            _ => Transferred::Allow,
        },
        early_replaces: values.text("calls.handed_over_ringing")? == "replace",
    })
}
