//! Voicemail: one message of each user, left by themselves at *98 and heard at *97.
//!
//! A mailbox keeps the last message alone, and only while the PBX runs. Two files take turns, so that a message that is
//! left does not spoil the one that waits until it is whole.

use base::{Duration, Instant};
use sip::lamp::message_summary::{Counts, Summary};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// How long a message may be. Unit: time.
pub(crate) const LONGEST: Duration = Duration::from_secs(30);
/// How much longer than that whoever comes has the mailbox for themselves, should nobody say that their call ended.
const SLACK: Duration = Duration::from_secs(10);

/// Who is at a mailbox.
#[derive(Debug, Clone)]
struct Visitor {
    visit: Visit,
    /// The Call-ID of their call: From and To are what they like.
    call_id: String,
    /// They are gone by then.
    until: Instant,
}

/// What somebody comes to a mailbox for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Visit {
    /// To leave a message.
    Leave,
    /// To hear it.
    Listen,
}

/// One mailbox.
#[derive(Debug, Clone, Default)]
struct Mailbox {
    visitor: Option<Visitor>,
    /// The file with the message, of two; whether it was heard.
    message: Option<(usize, bool)>,
}

/// All mailboxes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mailboxes {
    folder: PathBuf,
    of_user: BTreeMap<String, Mailbox>,
}

impl Mailboxes {
    /// Empty ones, whose messages will be in `folder`.
    pub(crate) const fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            of_user: BTreeMap::new(),
        }
    }

    /// Whether somebody is at the mailbox of `user` at `now`: one call at a time.
    pub(crate) fn is_visited(&self, user: &str, now: Instant) -> bool {
        let mailbox = self.of_user.get(user);
        let visitor = mailbox.and_then(|mailbox| mailbox.visitor.as_ref());
        visitor.is_some_and(|visitor| now < visitor.until)
    }

    /// The user comes to their mailbox by the call with this Call-ID: the file to write, or the one to play if there is a
    /// message.
    pub(crate) fn visit(
        &mut self,
        (user, call_id): (&str, &str),
        visit: Visit,
        now: Instant,
    ) -> Option<PathBuf> {
        let mailbox = self.of_user.entry(user.to_owned()).or_default();
        mailbox.visitor = Some(Visitor {
            visit,
            call_id: call_id.to_owned(),
            until: now + LONGEST + SLACK,
        });
        let file = match visit {
            Visit::Leave => Some(mailbox.other()),
            Visit::Listen => mailbox.message.map(|(file, _)| file),
        };
        file.map(|file| path(&self.folder, user, file))
    }

    /// Who came by this call was answered: what is played is heard.
    pub(crate) fn answered(&mut self, call_id: &str) {
        if let Some(mailbox) = self.visited_by(call_id)
            && mailbox.is_for(Visit::Listen)
            && let Some((_, heard)) = &mut mailbox.message
        {
            *heard = true;
        }
    }

    /// Who came by this call is gone; `answered`: after they had been answered.
    pub(crate) fn left(&mut self, call_id: &str, answered: bool) {
        let Some(mailbox) = self.visited_by(call_id) else {
            return;
        };
        if mailbox.is_for(Visit::Leave) && answered {
            mailbox.message = Some((mailbox.other(), false));
        }
        mailbox.visitor = None;
    }

    fn visited_by(&mut self, call_id: &str) -> Option<&mut Mailbox> {
        let mut all = self.of_user.values_mut();
        all.find(|mailbox| {
            let visitor = mailbox.visitor.as_ref();
            visitor.is_some_and(|visitor| visitor.call_id == call_id)
        })
    }

    /// Nobody says any more who is where.
    pub(crate) fn all_left(&mut self) {
        for mailbox in self.of_user.values_mut() {
            mailbox.visitor = None;
        }
    }

    /// What waits for `user`, who hears it at `account`.
    pub(crate) fn summary(&self, user: &str, account: String) -> Summary {
        let message = self.of_user.get(user).and_then(|mailbox| mailbox.message);
        let (new, old) = match message {
            None => (0, 0),
            Some((_, false)) => (1, 0),
            Some((_, true)) => (0, 1),
        };
        Summary {
            waiting: new > 0,
            account: Some(account),
            voice: Some(Counts {
                new,
                old,
                ..Counts::default()
            }),
        }
    }

    /// Throws all messages away.
    pub(crate) fn clear(&mut self) {
        for user in core::mem::take(&mut self.of_user).into_keys() {
            for file in 0..2 {
                // One that was never written is gone already.
                let _ = std::fs::remove_file(path(&self.folder, &user, file));
            }
        }
    }
}

impl Mailbox {
    fn is_for(&self, visit: Visit) -> bool {
        let visitor = self.visitor.as_ref();
        visitor.is_some_and(|visitor| visitor.visit == visit)
    }

    /// The file that does not hold the message.
    fn other(&self) -> usize {
        self.message.map_or(0, |(file, _)| 1 - file)
    }
}

/// Names of users are of any letters, those of files are not.
fn path(folder: &Path, user: &str, file: usize) -> PathBuf {
    let name: String = user.bytes().map(|byte| format!("{byte:02x}")).collect();
    folder.join(format!("message-{name}-{file}.wav"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mailboxes() -> Mailboxes {
        Mailboxes::new(PathBuf::from("/mail"))
    }

    fn waits(mailboxes: &Mailboxes) -> (bool, u32, u32) {
        let summary = mailboxes.summary("101", "sip:*97@pbx.test".to_owned());
        let voice = summary.voice.unwrap();
        (summary.waiting, voice.new, voice.old)
    }

    #[test]
    fn m061_a_message_waits_until_it_is_heard_and_the_next_takes_its_place() {
        let (mut mailboxes, now) = (mailboxes(), Instant::from_millis(1));
        assert_eq!(mailboxes.visit(("101", "one"), Visit::Listen, now), None);
        mailboxes.answered("one");
        mailboxes.left("one", true);
        assert_eq!(waits(&mailboxes), (false, 0, 0));
        let first = mailboxes.visit(("101", "one"), Visit::Leave, now);
        mailboxes.answered("one");
        assert_eq!(waits(&mailboxes), (false, 0, 0), "not before it is whole");
        mailboxes.left("one", true);
        assert_eq!(waits(&mailboxes), (true, 1, 0));
        assert_eq!(mailboxes.visit(("101", "one"), Visit::Listen, now), first);
        assert_eq!(waits(&mailboxes), (true, 1, 0), "not before it is played");
        mailboxes.answered("one");
        mailboxes.left("one", true);
        assert_eq!(waits(&mailboxes), (false, 0, 1));
        let second = mailboxes.visit(("101", "one"), Visit::Leave, now);
        assert_ne!(
            second, first,
            "the old one is there until the new one is whole"
        );
        mailboxes.left("one", true);
        assert_eq!(mailboxes.visit(("101", "one"), Visit::Listen, now), second);
        assert_eq!(waits(&mailboxes), (true, 1, 0));
    }

    #[test]
    fn whoever_was_not_answered_left_nothing_and_one_is_there_at_a_time() {
        let (mut mailboxes, now) = (mailboxes(), Instant::from_millis(1));
        mailboxes.visit(("101", "one"), Visit::Leave, now);
        assert!(mailboxes.is_visited("101", now) && !mailboxes.is_visited("102", now));
        mailboxes.left("one", false);
        assert!(!mailboxes.is_visited("101", now));
        assert_eq!(waits(&mailboxes), (false, 0, 0));
        // A call of which nobody hears again keeps nobody out for ever.
        mailboxes.visit(("101", "one"), Visit::Leave, now);
        assert!(!mailboxes.is_visited("101", now + LONGEST + SLACK));
        // Who comes then is not sent away by the end of that call.
        let later = now + LONGEST + SLACK;
        mailboxes.visit(("101", "two"), Visit::Leave, later);
        mailboxes.left("one", true);
        assert!(mailboxes.is_visited("101", later));
        assert_eq!(waits(&mailboxes), (false, 0, 0));
        mailboxes.all_left();
        assert!(!mailboxes.is_visited("101", now));
    }

    #[test]
    fn names_of_users_lead_nowhere_else() {
        let there = path(Path::new("/mail"), "../x", 1);
        assert_eq!(there, Path::new("/mail/message-2e2e2f78-1.wav"));
    }
}
