//! The scripted peer of a world: it picks up, calls, changes sessions and hangs up.

use base::Duration;
use sim::{Leg, Peer, Phone, World};
use sip_message::{Method, Request};
use std::cell::RefCell;
use std::rc::Rc;

/// A peer and the dialog it is in.
#[derive(Clone)]
pub struct Friend {
    peer: Peer,
    leg: Rc<RefCell<Option<Leg>>>,
    version: Rc<RefCell<u32>>,
}

/// How long it rings.
const RINGS: Duration = Duration::from_millis(400);

impl Friend {
    /// Settles it. `answers`: it picks up what is called, else it is busy.
    pub fn new(world: &mut World, answers: bool) -> Self {
        let friend = Self {
            peer: Peer::new(world, "peer"),
            leg: Rc::default(),
            version: Rc::new(RefCell::new(1)),
        };
        if answers {
            let leg = Rc::clone(&friend.leg);
            friend.peer.on("INVITE", move |script, invite| {
                let is_again = invite.headers().to().is_ok_and(|to| to.tag().is_some());
                if is_again {
                    return script.accept(invite);
                }
                script.ring(invite);
                let (leg, invite) = (Rc::clone(&leg), invite.clone());
                script.later(RINGS, move |script| {
                    *leg.borrow_mut() = Some(Leg::called(script, &invite));
                    script.accept(&invite);
                });
            });
            friend
                .peer
                .on("CANCEL", |script, cancel| script.cancelled(cancel));
        }
        friend
    }

    /// A URI under which it can be called.
    pub fn uri(&self) -> String {
        self.peer.uri()
    }

    /// Calls a phone; where there is no offer, its answer is in the ACK.
    pub fn dial(&self, phone: &Phone, offer: bool) {
        let leg = Rc::clone(&self.leg);
        let mut script = self.peer.script();
        script.acknowledges = offer;
        script.invite(&phone.uri(), offer, move |script, response| {
            let Some(invite) = script.own_invite() else {
                return;
            };
            if !response.status().is_success() {
                return;
            }
            if !offer {
                let answer = script.sdp(1);
                script.acknowledge(&invite, response, &answer);
                script.acknowledges = true;
            }
            *leg.borrow_mut() = Some(Leg::calling(&invite, response));
        });
    }

    /// Gives up what it dialled last.
    pub fn cancel(&self) {
        let mut script = self.peer.script();
        let own: Option<Request> = script.own_invite();
        if let Some(invite) = own {
            script.cancel(&invite);
        }
    }

    /// Sends a re-INVITE that holds, or no longer.
    pub fn modify(&self, hold: bool) {
        let mut leg = self.leg.borrow_mut();
        let Some(leg) = leg.as_mut() else { return };
        *self.version.borrow_mut() += 1;
        let mut script = self.peer.script();
        let mut sdp = script.sdp(*self.version.borrow());
        if hold {
            sdp += "a=sendonly\r\n";
        }
        let again = leg.request(Method::Invite);
        let again = again
            .header("Contact", script.contact())
            .body("application/sdp", sdp);
        script.send(again, leg.to, |_, _| {});
    }

    /// Sends BYE.
    pub fn hang_up(&self) {
        if let Some(mut leg) = self.leg.borrow_mut().take() {
            let bye = leg.request(Method::Bye);
            self.peer.script().send(bye, leg.to, |_, _| {});
        }
    }
}
