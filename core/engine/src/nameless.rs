//! Records without a name are looked up when somebody sees them (M-127): a server that delivers numbers alone, a
//! contact that came after the call, a directory that was away. Names come later, as `history.changed`.

use crate::run::Core;
use base::{Duration, Instant};
use control::{HistoryRecord, Reply};
use ports::store::{Do, NameOf};
use std::collections::VecDeque;

/// Addresses that one answer has looked up at most, the newest first: a directory is asked one by one.
const ADDRESSES: usize = 32;
/// Records that one answer has named at most, the newest first: each is an event.
const RECORDS: usize = 500;
/// An address is not looked up again so soon.
const SOON: Duration = Duration::from_secs(60);
/// Addresses that are remembered for that.
const REMEMBERED: usize = 256;

/// What was looked up lately.
#[derive(Debug, Default)]
pub(crate) struct Lately {
    /// By whose lists.
    owner: String,
    addresses: VecDeque<(Instant, String)>,
}

impl Lately {
    /// What to look up: each address with its records.
    fn next(
        &mut self,
        records: &[HistoryRecord],
        owner: &str,
        now: Instant,
    ) -> Vec<(String, Vec<String>)> {
        if self.owner != owner {
            owner.clone_into(&mut self.owner);
            self.addresses.clear();
        }
        self.addresses.retain(|(at, _)| now.since(*at) < SOON);
        let mut wanted: Vec<(String, Vec<String>)> = Vec::new();
        let nameless = |record: &&HistoryRecord| {
            record.known.is_none() && record.ended.is_some() && !record.remote.uri.is_empty()
        };
        for record in records.iter().filter(nameless).take(RECORDS) {
            let uri = &record.remote.uri;
            if let Some((_, ids)) = wanted.iter_mut().find(|(of, _)| of == uri) {
                ids.push(record.id.clone());
            } else if wanted.len() < ADDRESSES && !self.addresses.iter().any(|(_, of)| of == uri) {
                wanted.push((uri.clone(), vec![record.id.clone()]));
            }
        }
        wanted
    }

    /// An address is looked up now.
    fn remember(&mut self, uri: &str, now: Instant) {
        if self.addresses.len() >= REMEMBERED {
            self.addresses.pop_front();
        }
        self.addresses.push_back((now, uri.to_owned()));
    }

    /// Who could not be asked may answer now: all may be looked up again.
    pub(crate) fn forget(&mut self) {
        self.addresses.clear();
    }
}

impl Core {
    /// Has the lists and directories of the person at this phone look for those of this answer whom nobody knew.
    pub(crate) fn name_records(&self, shown: &Reply) {
        let Reply::History { records } = shown else {
            return;
        };
        let store = self.store.borrow();
        let Some(kept) = store.as_ref() else { return };
        let owner = self.commands.borrow().reader().own;
        let now = self.clock.now();
        let mut lately = kept.lately.borrow_mut();
        let wanted = lately.next(records, &owner, now);
        for (uri, ids) in wanted {
            let order = Do::Name {
                of: NameOf::Records(ids),
                owner: owner.clone(),
                uri: uri.clone(),
            };
            // A store that has too much to do is asked when somebody sees them again.
            if self.wiring.carry(order.into()).is_ok() {
                lately.remember(&uri, now);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use control::history::{RecordKind, RecordState};
    use control::snapshot::Party;
    use control::{KnownName, Timestamp};

    fn record(id: usize, user: usize) -> HistoryRecord {
        HistoryRecord {
            id: id.to_string(),
            call: "c7k2".parse().unwrap(),
            kind: RecordKind::Missed,
            state: RecordState::Cancelled,
            account: None,
            local: "sip:101@pbx".to_owned(),
            remote: Party {
                uri: format!("sip:{user}@pbx"),
                display: None,
            },
            known: None,
            started: Timestamp::from_unix_ms(1),
            answered: None,
            ended: Some(Timestamp::from_unix_ms(2)),
            duration_ms: None,
            cause: None,
            sip_status: None,
            marks: Vec::new(),
            sip_call_id: None,
        }
    }

    /// Each address once in a minute, with all its records; not those that have a name, nor calls that go on.
    #[test]
    fn m_127_whom_nobody_knew_is_looked_up_when_somebody_sees_them() {
        let mut lately = Lately::default();
        let mut known = record(3, 300);
        known.known = Some(KnownName {
            name: "Ann".to_owned(),
            source: "contacts".to_owned(),
        });
        let mut running = record(4, 400);
        running.ended = None;
        let shown = [
            record(1, 100),
            record(2, 200),
            known,
            running,
            record(5, 100),
        ];
        let wanted = |user: usize, ids: &[&str]| {
            let ids = ids.iter().map(|id| (*id).to_owned()).collect();
            (format!("sip:{user}@pbx"), ids)
        };
        let begun = Instant::ZERO;
        let both = [wanted(100, &["1", "5"]), wanted(200, &["2"])];
        assert_eq!(lately.next(&shown, "ann", begun), both);
        lately.remember("sip:100@pbx", begun);
        let again = lately.next(&shown, "ann", begun + SOON / 2);
        assert_eq!(
            again,
            both[1..],
            "one that could not be asked for is asked for again"
        );
        lately.remember("sip:200@pbx", begun);
        assert_eq!(lately.next(&shown, "ann", begun + SOON / 2), []);
        lately.forget();
        assert_eq!(lately.next(&shown, "ann", begun + SOON / 2), both);
        lately.remember("sip:200@pbx", begun);
        let others = lately.next(&shown[1..2], "bob", begun + SOON / 2);
        assert_eq!(others, both[1..]);
        lately.remember("sip:200@pbx", begun);
        assert_eq!(lately.next(&shown, "bob", begun + SOON * 2), both);
        let many: Vec<HistoryRecord> = (0..100).map(|n| record(n, 1_000 + n)).collect();
        assert_eq!(lately.next(&many, "bob", begun + SOON * 2).len(), ADDRESSES);
        let of_one: Vec<HistoryRecord> = (0..10_000).map(|n| record(n, 9)).collect();
        let next = lately.next(&of_one, "bob", begun + SOON * 2);
        assert_eq!((next.len(), next[0].1.len()), (1, RECORDS));
    }
}
