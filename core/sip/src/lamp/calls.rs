//! What one notifier said of an extension's calls: full states and changes. Source: RFC 4235 §4.3.

use super::dialog_info::{Call, DialogInfo, Stage};
use serde::{Deserialize, Serialize};

/// Calls of one extension that are kept; a notifier that names more is asked for the full state, which
/// has its own bound.
const MAX_CALLS: usize = 256;

/// The calls of an extension as one notifier knows them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calls {
    /// Of the last document that was taken; `None`: none is known to be whole.
    version: Option<u32>,
    calls: Vec<Call>,
}

/// Something is missing: the full state has to be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing;

impl Calls {
    /// Takes one document. `gap`: a NOTIFY before it was not heard.
    ///
    /// Documents come in the order in which they were sent, so a full one counts whatever its version:
    /// there are notifiers that never count, and some that start anew. Of a change the version counts, or,
    /// where the notifier does not count, that no NOTIFY is missing.
    pub fn take(&mut self, document: DialogInfo, gap: bool) -> Result<(), Missing> {
        if document.full {
            self.version = Some(document.version);
            self.calls = document.calls;
            self.forget_ended();
            return Ok(());
        }
        let Some(version) = self.version else {
            return Err(Missing);
        };
        let follows = document.version == version.wrapping_add(1);
        let uncounted = document.version == version && !gap;
        if !follows && !uncounted {
            self.version = None;
            return Err(Missing);
        }
        self.version = Some(document.version);
        for call in document.calls {
            self.calls.retain(|known| known.id != call.id);
            self.calls.push(call);
        }
        self.forget_ended();
        if self.calls.len() > MAX_CALLS {
            self.version = None;
            return Err(Missing);
        }
        Ok(())
    }

    /// All calls that are not over.
    pub fn list(&self) -> &[Call] {
        &self.calls
    }

    /// Whether they are known.
    pub fn is_known(&self) -> bool {
        self.version.is_some()
    }

    fn forget_ended(&mut self) {
        self.calls.retain(|call| call.stage != Stage::Terminated);
    }
}

#[cfg(test)]
mod tests {
    use super::super::dialog_info::Party;
    use super::*;

    fn document(version: u32, full: bool, calls: &[(&str, Stage)]) -> DialogInfo {
        let call = |(id, stage): &(&str, Stage)| Call {
            id: (*id).to_owned(),
            stage: *stage,
            direction: None,
            held: false,
            peer: Party::default(),
            replaces: None,
        };
        DialogInfo {
            version,
            full,
            entity: String::new(),
            calls: calls.iter().map(call).collect(),
        }
    }

    fn ids(calls: &Calls) -> String {
        calls.list().iter().map(|call| call.id.as_str()).collect()
    }

    #[test]
    fn m089_changes_are_merged_in_order_and_a_hole_asks_for_the_full_state() {
        let mut calls = Calls::default();
        let up = Stage::Confirmed;
        let partial = document(1, false, &[("a", up)]);
        assert_eq!(calls.take(partial, false), Err(Missing));
        assert_eq!(calls.take(document(4, true, &[("a", up)]), false), Ok(()));
        let next = document(5, false, &[("b", Stage::Early)]);
        // The version says that nothing of the calls is missing, whatever happened to NOTIFYs.
        assert_eq!(calls.take(next, true), Ok(()));
        assert_eq!(ids(&calls), "ab");
        let over = document(6, false, &[("a", Stage::Terminated), ("b", up)]);
        assert_eq!(calls.take(over, false), Ok(()));
        assert_eq!(ids(&calls), "b");
        let hole = document(8, false, &[("c", up)]);
        assert_eq!(calls.take(hole, false), Err(Missing));
        assert!(!calls.is_known());
        // Until the full state is there nothing is merged, even if it would fit.
        let after = document(9, false, &[("c", up)]);
        assert_eq!(calls.take(after, false), Err(Missing));
        assert_eq!(calls.take(document(9, true, &[]), false), Ok(()));
        assert!(calls.is_known() && calls.list().is_empty());
    }

    #[test]
    fn a_notifier_that_does_not_count_is_believed_while_nothing_is_missing() {
        let mut calls = Calls::default();
        let up = Stage::Confirmed;
        assert_eq!(calls.take(document(0, true, &[]), false), Ok(()));
        assert_eq!(calls.take(document(0, false, &[("a", up)]), false), Ok(()));
        assert_eq!(ids(&calls), "a");
        let hole = document(0, false, &[("b", up)]);
        assert_eq!(calls.take(hole, true), Err(Missing));
        // One that starts to count anew says something that cannot be a change of what is known.
        assert_eq!(calls.take(document(7, true, &[]), false), Ok(()));
        assert_eq!(
            calls.take(document(2, false, &[("a", up)]), false),
            Err(Missing)
        );
    }
}
