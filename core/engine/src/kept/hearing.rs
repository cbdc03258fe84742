//! What store and directories tell, to the part that wants to hear it.

use super::{Heard, SharedBook};
use crate::commands::SharedWishes;
use crate::places::Beside;
use crate::wiring::Wiring;
use ports::store::{Do, NameOf, Told};
use ports::{Post, blf, dialogs, history, messages};
use std::rc::Rc;
use std::sync::Arc;
use store::Store;
use tokio::sync::mpsc;

/// Who hears what store and directories tell.
pub(super) struct Hearing {
    pub(super) store: Rc<Store>,
    pub(super) beside: Rc<Beside>,
    pub(super) say: mpsc::Sender<Heard>,
    pub(super) line: Rc<Wiring>,
    pub(super) book: SharedBook,
    pub(super) wishes: SharedWishes,
}

impl Hearing {
    fn order(&self, order: Do) {
        if self.store.order(order).is_err() {
            tracing::warn!("too many names are known late at once: some records stay without");
        }
    }

    pub(super) fn told(&self, told: Told) {
        match told {
            Told::Listed(list) => self.order(Do::List(list)),
            Told::Named {
                of: NameOf::Records(records),
                known,
                rank,
            } => self.order(Do::Rename {
                records,
                known,
                rank,
            }),
            Told::Stands(standing) => self.beside.stands(*standing),
            Told::Said(all) => drop(self.say.try_send(Some(all))),
            Told::Failed(_) => {
                // Nobody waits any more for what cannot be read.
                let _ = self.say.try_send(None);
                self.hand_on(history::Word::Stored(told));
            }
            Told::Book(known) => {
                *self.book.borrow_mut() = Arc::clone(&known);
                self.hand_on(dialogs::Word::Contacts(known));
            }
            Told::Watched(kept) => {
                self.wishes.borrow_mut().clone_from(&kept);
                self.hand_on(blf::Word::Kept(kept));
            }
            Told::KeptMessage { id } => self.hand_on(messages::Word::Kept { id }),
            Told::Kept { .. }
            | Told::Named { .. }
            | Told::Renamed(_)
            | Told::Copied { .. }
            | Told::Directory(_)
            | Told::Mended(_) => self.hand_on(history::Word::Stored(told)),
        }
    }

    fn hand_on(&self, word: impl Into<Post>) {
        // A part that has too much to do hears of the next one.
        let _ = self.line.carry(word.into());
    }
}
