//! Words of ours that found nobody.

use crate::Dialogs;
use base::{Instant, Machine};
use ports::dialogs::Sent;
use ports::{Outbox, Post, history, link, media, messages, registrar, transfer};
use sip::dialogs::Input;
use sip_message::Status;

impl Dialogs {
    /// What follows where a word of ours was taken by nobody.
    pub(crate) fn not_taken(&mut self, post: Post, now: Instant, out: &mut Outbox) {
        match post {
            Post::Link(link::Word::Send { id, .. }) => {
                let why = sip::transaction::Failure::Transport;
                self.sessions.handle(Input::Failed { id, why }, now);
            }
            Post::Media(media::Word::Prepare { call, .. }) => {
                let why = "the media part has too much to do";
                self.no_media(call, Status::SERVICE_UNAVAILABLE, why, now, out);
            }
            Post::Media(media::Word::Release { call }) => self.released(call, None, now, out),
            // Without a registrar nobody can be asked: the call is tried as it is.
            Post::Registrar(registrar::Word::CallNeeds { call, .. }) => {
                self.registered(call, Ok(()), now, out);
            }
            Post::History(history::Word::Call(snapshot)) => {
                self.noted(snapshot.call, now, out);
            }
            Post::History(_) | Post::Store(_) => {}
            Post::Transfer(transfer::Word::Asked { call, id, request })
            | Post::Messages(messages::Word::Asked { call, id, request }) => {
                self.nobody_to_ask(call, id, &request, now);
            }
            Post::Transfer(transfer::Word::Transfer {
                call,
                to: transfer::To::Conference(_),
                ..
            }) => self.sent_there(call, Sent::Here, now, out),
            // Responses and ACKs are repeated by the peer's asking; events are for show.
            Post::Link(_) | Post::Media(_) | Post::Dialogs(_) | Post::Registrar(_) => {}
            Post::Recorder(_)
            | Post::Transfer(_)
            | Post::Messages(_)
            | Post::Presence(_)
            | Post::Network(_) => {}
            Post::Blf(_) | Post::Voice(_) | Post::Event(_) => {}
        }
    }
}
