//! Two phones of ours in one call: for codecs that no peer has.

use crate::client::Client;
use crate::engine::{Answer, Daemon, Engine, Wish};
use crate::phone::devices;
use crate::programme::{Programme, Verdict};
use crate::rig::Rig;
use crate::sound::{OTHER_SPEECH, SPEECH};
use anyhow::Result;
use control::CallHandle;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(10);
/// Microphones play from their engine's start on, so that the call has to come up first. Unit: ms.
const COMES_UP: usize = 1_500;
/// Silence at the end of what each says. Unit: ms.
const AFTER: usize = 500;

/// What two phones of ours are told.
#[derive(Debug, Clone, Copy)]
pub struct Pair<'a> {
    /// The one codec of both.
    pub codec: &'a str,
    /// More settings of whoever calls, and of whoever is called.
    pub settings: [&'a str; 2],
    /// What has to arrive at each.
    pub verdict: Verdict,
}

impl Pair<'_> {
    /// One call in which both say a chirp and a sentence; `early` is done once it is up. What each heard, and what the
    /// programmes of both were.
    ///
    /// # Errors
    ///
    /// Says what was heard instead.
    pub fn talk(
        &self,
        rig: &Rig,
        early: impl FnOnce(&mut Client, CallHandle) -> Result<()>,
    ) -> Result<[Programme; 2]> {
        let ours = Programme::new(rig, "ours", SPEECH, (COMES_UP, AFTER))?;
        let theirs = Programme::new(rig, "theirs", OTHER_SPEECH, (COMES_UP, AFTER))?;
        let files = [rig.file("heard-by-us.wav"), rig.file("heard-by-them.wav")];
        let start = |name, says: &Programme, settings, file| {
            let wish = Wish {
                codec: self.codec,
                answer: Answer::Ring,
                settings: &format!("{}{settings}", devices(&says.file, file)),
                ..Wish::default()
            };
            Daemon::start(rig, name, &wish)
        };
        let mut they = start("they", &theirs, self.settings[1], &files[1])?;
        let mut we = start("we", &ours, self.settings[0], &files[0])?;
        let (mut client, mut other) = (we.client()?, they.client()?);
        let call = client.dial(&format!("sip:102@{}", they.address()))?;
        other.accept(PATIENCE)?;
        client.wait_answered(call, PATIENCE)?;
        early(&mut client, call)?;
        std::thread::sleep(Duration::from_millis(ours.play_ms().max(theirs.play_ms())));
        client.hang_up(call)?;
        client.wait_ended(call, PATIENCE)?;
        we.stop();
        they.stop();
        let at_theirs = ours.arrived(rig, "they", &files[1], &self.verdict);
        let at_ours = theirs.arrived(rig, "we", &files[0], &self.verdict);
        for verdict in [at_theirs, at_ours] {
            println!("{}: {}", self.codec, verdict?);
        }
        Ok([ours, theirs])
    }
}
