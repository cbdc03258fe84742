//! Plugins that a person switches off and on: their files from the next start on, and what runs now.

use super::{Plugins, change_at};
use crate::commands::Outcome;
use control::command::Reply;
use control::snapshot::PluginState;
use control::{CallHandle, Code, ErrorObject, EventBody, quoted};
use plugin_host::{Kind, Seat, Watch};
use std::collections::BTreeSet;

impl Plugins {
    /// Leaves a file out from the next start on; with `now` whatever is open of the plugin is not entered any more
    /// either, and nothing new is opened: calls take their next codec, sound passes a filter as it is, a recording
    /// is closed.
    pub fn disable(&mut self, id: &str, now: bool) -> Outcome {
        if self.known(id).next().is_none() && self.off(id).is_none() {
            return Err(self.unknown(id));
        }
        if now {
            return self.disable_now(id);
        }
        if self.known(id).next().is_some() && self.known(id).all(|p| p.path.is_none()) {
            let why = format!(
                "{} is linked in, and only library files are left out at a start",
                quoted(id)
            );
            let fix = "--now switches it off until the engine ends; or take what uses it out of the settings: \
                       media.codecs, dtmf.order, [filters], recording.plugin, media.microphone, media.speaker and media.ringer";
            return Err(ErrorObject::new(Code::PLUGIN_NOT_POSSIBLE, why).fix(fix));
        }
        self.remember(id, false)?;
        Ok(Reply::NextStart)
    }

    /// Switches a file on from the next start on, and at once what was switched off while it ran.
    pub fn enable(&mut self, id: &str) -> Outcome {
        if self.known(id).next().is_none() && self.off(id).is_none() {
            return Err(self.unknown(id));
        }
        let at = self.position(id);
        let Some(at) = at.filter(|at| self.watches[*at].is_off()) else {
            self.remember(id, true)?;
            return Ok(Reply::NextStart);
        };
        if self.is_file(at) {
            // An engine that remembers nothing has nothing to forget.
            let _ = self.remember(id, true);
        }
        self.switch(id, false);
        let snapshot = &mut self.snapshots[at];
        (snapshot.state, snapshot.error) = (PluginState::Loaded, None);
        self.tell(at, EventBody::PluginEnabled)
    }

    fn disable_now(&mut self, id: &str) -> Outcome {
        let Some(at) = self.position(id) else {
            let why = format!("{} is not in use: there is nothing to end now", quoted(id));
            let fix = format!("offhook plugin disable {id} leaves it out from the next start on");
            return Err(ErrorObject::new(Code::PLUGIN_NOT_POSSIBLE, why).fix(fix));
        };
        match self.watches[at].about().kind {
            Kind::Codec | Kind::Dtmf | Kind::Filter | Kind::Recorder => {}
            kind @ (Kind::Audio
            | Kind::Ui
            | Kind::Nat
            | Kind::Security
            | Kind::Directory
            | Kind::Tone) => {
                let why = format!(
                    "{} is of the kind {}, which nothing takes the place of while calls run",
                    quoted(id),
                    kind.name()
                );
                let fix = "choose another device in media.microphone, media.speaker and media.ringer, and start the engine again";
                return Err(ErrorObject::new(Code::PLUGIN_NOT_POSSIBLE, why).fix(fix));
            }
        }
        if self.is_file(at) {
            // An engine that remembers nothing keeps it off until it ends.
            let _ = self.remember(id, false);
        }
        self.switch(id, true);
        let snapshot = &mut self.snapshots[at];
        (snapshot.state, snapshot.error) = (PluginState::Disabled, None);
        self.tell(at, EventBody::PluginDisabled)
    }

    /// What runs of it, also builds that others have replaced.
    fn switch(&self, id: &str, off: bool) {
        let older = self.older.iter().map(|(watch, _)| watch);
        let all = self.watches.iter().chain(older);
        for watch in all.filter(|watch| watch.about().id == id) {
            watch.switch(off);
        }
    }

    /// Tells every call that it stands in, or else nobody's; how many calls these are.
    fn tell<E>(&mut self, at: usize, event: E) -> Outcome
    where
        E: Fn(Box<control::event::PluginChange>) -> EventBody,
    {
        let mut seats = self.watches[at].seats();
        let calls: BTreeSet<u64> = seats.iter().filter_map(|seat| seat.leg).collect();
        if seats.is_empty() {
            seats.push(Seat::default());
        }
        let snapshot = &self.snapshots[at];
        let told = seats.iter().map(|seat| {
            let call = seat.leg.map(CallHandle::from_number);
            (call, event(change_at(snapshot, seat)))
        });
        self.untold.extend(told);
        self.wake.notify_one();
        Ok(Reply::Switched {
            calls: calls.len() as u64,
        })
    }

    fn position(&self, id: &str) -> Option<usize> {
        let mut all = self.watches.iter().map(Watch::about);
        all.position(|about| about.id == id)
    }

    fn is_file(&self, at: usize) -> bool {
        self.snapshots[at].path.is_some()
    }

    fn remember(&self, id: &str, on: bool) -> Result<(), ErrorObject> {
        let Some(memory) = &self.memory else {
            let why = "this engine remembers nothing of plugins: it was started without files, or has no state folder";
            return Err(ErrorObject::new(Code::PLUGINS_NOT_KEPT, why));
        };
        let switched = match on {
            true => memory.switch_on(id),
            false => memory.switch_off(id),
        };
        let why =
            |why: plugin_host::NotKept| ErrorObject::new(Code::PLUGINS_NOT_KEPT, why.to_string());
        switched.map(drop).map_err(why)
    }
}
