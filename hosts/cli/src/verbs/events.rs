//! `events`: prints what happens, as it happens.

use super::{Context, call_of};
use crate::args::Events;
use crate::error::Error;
use crate::link::{Engine, Heard};
use crate::out::Form;
use crate::words;
use control::contacts::{DirectoryChange, StoreChange, XcapChange};
use control::event::{AccountChange, EngineChange, Filter, PluginChange, Side};
use control::{Event, EventBody, ExitCode};
use std::time::Instant;

pub(crate) fn run(context: &mut Context, args: &Events) -> Result<ExitCode, Error> {
    // One object would never be whole: events are always one a line.
    let is_text = context.out.form() == Form::Text;
    let filter = Filter(args.filter.clone());
    let mut engine = Engine::hello(&context.global, Some(filter.clone()), args.resume, true)?;
    let time = args.listen.or(context.global.timeout);
    let until = time.map(|time| Instant::now() + time);
    let mut left = args.count;
    while left != Some(0) && !context.out.is_broken() {
        match engine.next(until)? {
            Heard::Event(event, line) => {
                if !filter.wants(event.body.name()) {
                    continue;
                }
                match is_text {
                    true => context.out.line(&told(&event)),
                    false => context.out.raw(&String::from_utf8_lossy(&line)),
                }
                left = left.map(|left| left - 1);
            }
            Heard::Late => break,
            Heard::Interrupted => return Ok(ExitCode::Interrupted),
        }
    }
    Ok(ExitCode::Success)
}

/// `14:02:11.482  call.answered      c7k2  600@demo (Echo)   PCMU 8 kHz`. Times are UTC.
fn told(event: &Event) -> String {
    let moment = event.ts.to_string();
    let time = moment.get(11..23).unwrap_or_default();
    let about = match (&event.call, &event.account) {
        (Some(call), _) => call.to_string(),
        (None, Some(account)) => account.to_string(),
        (None, None) => String::new(),
    };
    let line = format!(
        "{time}  {:<20} {about:<5} {}",
        event.body.name(),
        summary(event)
    );
    line.trim_end().to_owned()
}

#[allow(clippy::too_many_lines)] // One line for each event.
fn summary(event: &Event) -> String {
    match &event.body {
        EventBody::EngineStarted(data)
        | EventBody::EngineStopping(data)
        | EventBody::EngineDegraded(data) => engine(data),
        EventBody::AccountAdded(data)
        | EventBody::AccountRemoved(data)
        | EventBody::AccountRegistering(data)
        | EventBody::AccountRegistered(data)
        | EventBody::AccountRenewed(data)
        | EventBody::AccountChanged(data)
        | EventBody::AccountFailed(data)
        | EventBody::AccountUnregistered(data) => account(data),
        EventBody::PluginReplaced(data)
        | EventBody::PluginRolledBack(data)
        | EventBody::PluginDisabled(data)
        | EventBody::PluginEnabled(data)
        | EventBody::PluginLoaded(data)
        | EventBody::PluginRefused(data)
        | EventBody::PluginCrashed(data)
        | EventBody::PluginDeadlineMissed(data)
        | EventBody::PluginFaulted(data)
        | EventBody::PluginQuarantined(data) => plugin(data),
        EventBody::SourceRefused(data) => format!("{} ({})", data.source, data.because),
        EventBody::RecordingStarted(change)
        | EventBody::RecordingPaused(change)
        | EventBody::RecordingResumed(change)
        | EventBody::RecordingGap(change)
        | EventBody::RecordingStopped(change)
        | EventBody::RecordingFailed(change) => super::record::words(change),
        EventBody::BlfChanged(change) => super::blf::words(&change.snapshot),
        EventBody::MessageReceived(message) | EventBody::MessageChanged(message) => {
            let peer = words::party(&message.peer);
            format!("{peer}  {}", super::message::words(message))
        }
        EventBody::PresenceChanged(own) => super::presence::words(own),
        EventBody::WatcherChanged(watcher) => super::watchers::words(watcher),
        EventBody::MessageRead(of) | EventBody::MessageDeleted(of) => super::message::marked(of),
        EventBody::ToneStarted(tone) | EventBody::ToneStopped(tone) => tone.tone.clone(),
        EventBody::QuietChanged(quiet) => if quiet.on { "on" } else { "off" }.to_owned(),
        EventBody::MwiChanged(mailbox) => super::blf::waiting(mailbox),
        EventBody::StreamLagged(data) => format!("{} events were missed", data.missed),
        EventBody::Unknown { .. } => "(newer than this program)".to_owned(),
        EventBody::CallCreated(_)
        | EventBody::CallIncoming(_)
        | EventBody::CallSent(_)
        | EventBody::CallRinging(_)
        | EventBody::CallProgress(_)
        | EventBody::CallAnswered(_)
        | EventBody::CallMedia(_)
        | EventBody::CallHold(_)
        | EventBody::CallResumed(_)
        | EventBody::CallMerged(_)
        | EventBody::CallSplit(_)
        | EventBody::CallParticipants(_)
        | EventBody::CallSilenced(_)
        | EventBody::CallMute(_)
        | EventBody::CallDtmf(_)
        | EventBody::CallNamed(_)
        | EventBody::CallQuality(_)
        | EventBody::CallWarning(_)
        | EventBody::CallOpenUrl(_)
        | EventBody::CallEnded(_) => call(event),
        EventBody::TransferRequested(transfer)
        | EventBody::TransferProgress(transfer)
        | EventBody::TransferDone(transfer)
        | EventBody::TransferFailed(transfer) => super::transfer::words(transfer),
        EventBody::HistoryChanged(_)
        | EventBody::ContactsChanged(_)
        | EventBody::FavouritesChanged(_) => String::new(),
        EventBody::StoreFailed(change) | EventBody::StoreMended(change) => store(change),
        EventBody::DirectoryFailed(change) | EventBody::DirectoryMended(change) => {
            directory(change)
        }
        EventBody::XcapFailed(change) | EventBody::XcapMended(change) => xcap(change),
    }
}

fn engine(change: &EngineChange) -> String {
    let error = change.error.as_ref();
    let error = error.map(|error| format!("{} {}", error.code, error.detail));
    error.or_else(|| change.reason.clone()).unwrap_or_default()
}

fn store(change: &StoreChange) -> String {
    let waiting = change.waiting;
    match &change.error {
        Some(error) => format!("{} {}, {waiting} records wait", error.code, error.detail),
        None => change.path.clone(),
    }
}

fn directory(change: &DirectoryChange) -> String {
    match &change.error {
        Some(error) => format!("{}: {} {}", change.directory, error.code, error.detail),
        None => change.directory.clone(),
    }
}

fn xcap(change: &XcapChange) -> String {
    match &change.error {
        Some(error) => format!("{} {}", error.code, error.detail),
        None => change.server.clone(),
    }
}

fn account(change: &AccountChange) -> String {
    match &change.error {
        Some(error) => format!("{} {}", error.code, error.title),
        None => words::server(&change.snapshot),
    }
}

fn plugin(change: &PluginChange) -> String {
    let slot = change.slot.as_ref().map(|slot| format!(" at {slot}"));
    let code = change.reason_code.map(|code| format!(" {code}"));
    format!(
        "{} {}{}{}",
        change.id,
        change.version,
        slot.unwrap_or_default(),
        code.unwrap_or_default()
    )
}

#[allow(clippy::too_many_lines)] // One line for each event.
fn call(event: &Event) -> String {
    let far = call_of(event).map(|call| words::party(words::far_end(call)));
    let more = match &event.body {
        EventBody::CallAnswered(data) => data.snapshot.media.as_ref().map(words::codec),
        EventBody::CallMedia(data) => data.snapshot.media.as_ref().map(words::media),
        EventBody::CallQuality(data) => Some(words::quality(&data.quality, None)),
        EventBody::CallMute(data) => Some(if data.muted { "on" } else { "off" }.to_owned()),
        EventBody::CallHold(data) | EventBody::CallResumed(data) => Some(side(data.by).to_owned()),
        EventBody::CallMerged(data) => Some(super::conference::with(data)),
        EventBody::CallSplit(_) => Some("alone".to_owned()),
        EventBody::CallParticipants(data) => Some(super::conference::who(&data.snapshot)),
        EventBody::CallDtmf(data) => Some(format!(
            "a digit {}, {}",
            side(data.direction),
            super::dtmf::method(data.method)
        )),
        EventBody::CallIncoming(data) => data.snapshot.returned.as_deref().map(words::returned),
        EventBody::CallSent(data) => Some(format!("{} {}", data.address, data.transport)),
        EventBody::CallNamed(data) => Some(format!("{} by {}", data.known.name, data.known.source)),
        EventBody::CallWarning(data) => Some(format!("{} {}", data.code, data.text)),
        EventBody::CallOpenUrl(data) => Some(data.url.clone()),
        EventBody::CallEnded(data) => data.snapshot.end.as_ref().map(words::end),
        EventBody::CallCreated(_)
        | EventBody::ToneStarted(_)
        | EventBody::ToneStopped(_)
        | EventBody::QuietChanged(_)
        | EventBody::CallSilenced(_)
        | EventBody::CallRinging(_)
        | EventBody::CallProgress(_)
        | EventBody::TransferRequested(_)
        | EventBody::TransferProgress(_)
        | EventBody::TransferDone(_)
        | EventBody::TransferFailed(_)
        | EventBody::EngineStarted(_)
        | EventBody::EngineStopping(_)
        | EventBody::EngineDegraded(_)
        | EventBody::AccountAdded(_)
        | EventBody::AccountRemoved(_)
        | EventBody::AccountRegistering(_)
        | EventBody::AccountRegistered(_)
        | EventBody::AccountRenewed(_)
        | EventBody::AccountChanged(_)
        | EventBody::AccountFailed(_)
        | EventBody::AccountUnregistered(_)
        | EventBody::RecordingStarted(_)
        | EventBody::RecordingPaused(_)
        | EventBody::RecordingResumed(_)
        | EventBody::RecordingGap(_)
        | EventBody::RecordingStopped(_)
        | EventBody::BlfChanged(_)
        | EventBody::MwiChanged(_)
        | EventBody::MessageReceived(_)
        | EventBody::MessageChanged(_)
        | EventBody::MessageRead(_)
        | EventBody::MessageDeleted(_)
        | EventBody::PresenceChanged(_)
        | EventBody::WatcherChanged(_)
        | EventBody::RecordingFailed(_)
        | EventBody::PluginReplaced(_)
        | EventBody::PluginRolledBack(_)
        | EventBody::PluginDisabled(_)
        | EventBody::PluginEnabled(_)
        | EventBody::PluginLoaded(_)
        | EventBody::PluginRefused(_)
        | EventBody::PluginCrashed(_)
        | EventBody::PluginDeadlineMissed(_)
        | EventBody::PluginFaulted(_)
        | EventBody::PluginQuarantined(_)
        | EventBody::SourceRefused(_)
        | EventBody::HistoryChanged(_)
        | EventBody::ContactsChanged(_)
        | EventBody::FavouritesChanged(_)
        | EventBody::StoreFailed(_)
        | EventBody::StoreMended(_)
        | EventBody::DirectoryFailed(_)
        | EventBody::DirectoryMended(_)
        | EventBody::XcapFailed(_)
        | EventBody::XcapMended(_)
        | EventBody::StreamLagged(_)
        | EventBody::Unknown { .. } => None,
    };
    let parts: Vec<_> = [far, more].into_iter().flatten().collect();
    parts.join("   ")
}

const fn side(side: Side) -> &'static str {
    match side {
        Side::Local => "by you",
        Side::Remote => "by them",
    }
}
