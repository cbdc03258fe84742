//! A DTMF method, and its listeners behind their fence.

use crate::away::media::AwayListener;
use crate::away::process::When;
use crate::away::words::{Answer, Ask, Media, Step, heard};
use crate::budget::Tally;
use crate::fence::{Fence, Trouble};
use crate::ready::{Table, nonsense};
use crate::started::Plugin;
use crate::{Error, Ready};
use base::Duration;
use plugin::{DtmfHeard, DtmfListen, DtmfRequest, DtmfStep, Status};
use std::sync::Arc;

/// A DTMF method.
pub type DtmfMethod = Ready<plugin::DtmfHandle>;

/// What a listener hears at a time.
const BLOCK: Duration = Duration::from_millis(10);

impl DtmfMethod {
    /// What it says of itself; it was asked when it was started. Thread: \[control\].
    pub fn abilities(&self) -> plugin::Abilities {
        match &self.table {
            Table::Here(table) => table
                .about()
                .map(|about| about.abilities)
                .unwrap_or_default(),
            Table::Away(_) => self.plugin.dtmf().map(|dtmf| dtmf.1).unwrap_or_default(),
        }
    }

    /// As settings spell it. Thread: \[control\].
    pub fn name(&self) -> String {
        match &self.table {
            Table::Here(table) => table.about().map(|about| about.name).unwrap_or_default(),
            Table::Away(_) => self.plugin.dtmf().map(|dtmf| dtmf.0).unwrap_or_default(),
        }
    }

    /// What to send for one key; `None` when it cannot be used in this call. Thread: \[control\].
    pub fn plan(&self, request: &DtmfRequest<'_>) -> Result<Option<Vec<DtmfStep>>, Error> {
        if self.plugin.is_off() {
            return Ok(None);
        }
        let plan = match &self.table {
            Table::Here(table) => table.plan(request),
            Table::Away(process) => process
                .ask_now(&Ask::Plan {
                    key: request.key,
                    duration_ms: request.duration_ms,
                    peer_takes_info: request.peer_takes_info,
                    codec_clock_hz: request.codec_clock_hz,
                    event_clock_hz: request.event_clock_hz,
                    options: request.options.to_owned(),
                })
                .and_then(|answer| match answer {
                    Answer::Steps(steps) => Ok(steps.into_iter().map(Step::read).collect()),
                    Answer::Done
                    | Answer::Begun(_)
                    | Answer::Text(_)
                    | Answer::Figures(_)
                    | Answer::Heard(_)
                    | Answer::Closed { .. }
                    | Answer::Nat(_)
                    | Answer::Security(_)
                    | Answer::Refused { .. } => Err(nonsense()),
                }),
        };
        match plan {
            Ok(plan) => Ok(Some(plan)),
            Err(refusal) if refusal.status == Status::UNSUPPORTED => Ok(None),
            Err(refusal) => Err(self.refused(refusal)),
        }
    }

    /// Reads a key from an INFO request. Thread: \[control\].
    pub fn hear_info(&self, content_type: &str, body: &str) -> Option<DtmfHeard> {
        if self.plugin.is_off() {
            return None;
        }
        let process = match &self.table {
            Table::Here(table) => return table.hear_info(content_type, body),
            Table::Away(process) => process,
        };
        let word = Ask::HearInfo {
            content_type: content_type.to_owned(),
            body: body.to_owned(),
        };
        match process.ask_now(&word) {
            Ok(Answer::Heard(Some((key, released, ms)))) => heard(key, released, ms),
            Ok(_) | Err(_) => None,
        }
    }

    /// Makes a listener. One of another process is waited for, up to 750 ms. Thread: \[control\].
    pub fn open(&self, request: &DtmfListen<'_>) -> Result<DtmfListener, Error> {
        self.made(request, When::Now)
    }

    /// The same without waiting: one of another process hears nothing until it is open. Thread: \[control\].
    pub fn open_soon(&self, request: &DtmfListen<'_>) -> Result<DtmfListener, Error> {
        self.made(request, When::Soon)
    }

    fn made(&self, request: &DtmfListen<'_>, when: When) -> Result<DtmfListener, Error> {
        self.plugin.before_use()?;
        let fence = self.plugin.fence(self.table.timing(self.clock));
        let opened = match &self.table {
            Table::Here(table) => table.open(request).map(Inner::Here),
            Table::Away(process) => process
                .open(
                    Media::Listener {
                        sample_rate_hz: request.sample_rate_hz,
                        options: request.options.to_owned(),
                    },
                    fence.meter(),
                    when,
                )
                .map(|caller| Inner::Away(AwayListener::new(caller))),
        };
        let inner = opened.map_err(|refusal| self.refused(refusal))?;
        Ok(DtmfListener {
            inner,
            fence,
            plugin: Arc::clone(&self.plugin),
        })
    }
}

/// Where the listener is.
#[derive(Debug)]
enum Inner {
    Here(plugin::DtmfInstance),
    Away(AwayListener),
}

/// An open listener. Move it to the media thread, and back to control to drop it.
///
/// No call allocates, locks or logs on this side of the boundary.
#[derive(Debug)]
pub struct DtmfListener {
    // Before the plugin: what was opened is closed before its plugin stops.
    inner: Inner,
    fence: Fence,
    plugin: Arc<Plugin>,
}

impl DtmfListener {
    /// The plugin's id.
    pub fn plugin(&self) -> &str {
        &self.plugin.about.id
    }

    /// Its fence, to reopen it.
    pub fn fence(&mut self) -> &mut Fence {
        &mut self.fence
    }

    /// What happened so far at the fence.
    pub fn tally(&self) -> Tally {
        self.fence.tally()
    }

    /// Looks at 10 ms of audio; `heard` takes each key that was found. Thread: \[media\].
    pub fn listen(&mut self, pcm: &[i16], heard: impl FnMut(DtmfHeard)) -> Result<(), Trouble> {
        self.fence.call(
            || BLOCK,
            || match &mut self.inner {
                Inner::Here(listener) => listener.listen(pcm, heard),
                Inner::Away(listener) => listener.listen(pcm, heard),
            },
        )
    }
}
