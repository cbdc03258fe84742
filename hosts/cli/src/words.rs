//! Calls, accounts and lengths of time as people say them.

use control::snapshot::{
    AccountState, CallDirection, CallSnapshot, CallState, EngineState, MediaSnapshot, Party,
    Quality,
};
use control::transfer::Returned;
use control::{AccountSnapshot, EndCause, EndReason, EndedBy, Timestamp};

/// `600@demo (Echo)`.
pub(crate) fn party(party: &Party) -> String {
    match &party.display {
        Some(display) => format!("{} ({display})", address(&party.uri)),
        None => address(&party.uri).to_owned(),
    }
}

/// An address without the scheme that nearly all have.
pub(crate) fn address(uri: &str) -> &str {
    uri.strip_prefix("sip:").unwrap_or(uri)
}

/// The other end of a call.
pub(crate) const fn far_end(call: &CallSnapshot) -> &Party {
    match call.direction {
        CallDirection::Outgoing => &call.to,
        CallDirection::Incoming => &call.from,
    }
}

/// `back from 701, where 500@pbx (Alice) was parked`.
pub(crate) fn returned(returned: &Returned) -> String {
    let Returned {
        who,
        target,
        parked,
        ..
    } = returned;
    let was = if *parked { "was parked" } else { "was sent" };
    format!("back from {}, where {} {was}", address(target), party(who))
}

/// `PCMU 8 kHz`.
pub(crate) fn codec(media: &MediaSnapshot) -> String {
    let name = media.codec.as_deref().unwrap_or("no codec");
    match media.clock {
        Some(clock) if clock % 1000 == 0 => format!("{name} {} kHz", clock / 1000),
        Some(clock) => format!("{name} {:.3} kHz", f64::from(clock) / 1000.0),
        None => name.to_owned(),
    }
}

/// `PCMU 8 kHz · RTP 127.0.0.1:40012 ↔ 41000 · not encrypted`.
pub(crate) fn media(media: &MediaSnapshot) -> String {
    let mut text = codec(media);
    if let (Some(local), Some(remote)) = (&media.local, &media.remote) {
        let host = |address: &str| address.rsplit_once(':').map(|(host, _)| host.to_owned());
        let far = match remote.rsplit_once(':') {
            Some((_, port)) if host(local) == host(remote) => port,
            Some(_) | None => remote,
        };
        text.push_str(&format!(" · RTP {local} ↔ {far}"));
    }
    match media.security.as_str() {
        "none" => text.push_str(" · not encrypted"),
        method => text.push_str(&format!(" · encrypted by {method}")),
    }
    text
}

/// `by them: busy (SIP 486)`.
pub(crate) fn end(end: &EndReason) -> String {
    let by = match end.by {
        EndedBy::Local => "by you",
        EndedBy::Remote => "by them",
        EndedBy::Engine => "by the engine",
        EndedBy::Unknown => "by somebody",
    };
    let mut text = by.to_owned();
    let cause = match end.cause {
        EndCause::Normal | EndCause::Unknown => None,
        EndCause::Busy => Some("busy"),
        EndCause::NoAnswer => Some("no answer"),
        EndCause::Declined => Some("declined"),
        EndCause::Redirected => Some("sent elsewhere"),
        EndCause::Cancelled => Some("given up"),
        EndCause::AnsweredElsewhere => Some("answered elsewhere"),
        EndCause::Failed => Some("failed"),
    };
    if let Some(cause) = cause {
        text.push_str(&format!(": {cause}"));
    }
    match (end.sip_status, end.retry_after_s) {
        (Some(status), Some(wait)) => {
            text.push_str(&format!(" (SIP {status}, free again in {wait} s)"));
        }
        (Some(status), None) => text.push_str(&format!(" (SIP {status})")),
        (None, _) => {}
    }
    if let Some(reason) = &end.reason_header {
        text.push_str(&format!(" · Reason: {reason}"));
    }
    text
}

/// `MOS 4.4   loss 0.0 %   jitter 0.3 ms   round trip 0.4 ms`.
pub(crate) fn quality(quality: &Quality, mos: Option<f32>) -> String {
    let mut parts = Vec::new();
    parts.extend(mos.or(quality.mos).map(|mos| format!("MOS {mos:.1}")));
    parts.push(format!("loss {:.1} %", quality.loss_pct));
    // What came and was not heard: without it, a codec that fails looks like a good line.
    if quality.concealed_pct >= quality.loss_pct + 0.05 {
        parts.push(format!("made up {:.1} %", quality.concealed_pct));
    }
    parts.push(format!("jitter {:.1} ms", quality.jitter_ms));
    parts.extend(quality.rtt_ms.map(|rtt| format!("round trip {rtt:.1} ms")));
    parts.join("   ")
}

/// Where a call stands.
pub(crate) const fn call_state(state: CallState) -> &'static str {
    match state {
        CallState::Dialing => "dialing",
        CallState::Ringing => "ringing",
        CallState::Progress => "progress",
        CallState::Answered => "answered",
        CallState::Ending => "ending",
        CallState::Ended => "ended",
        CallState::Unknown => "unknown",
    }
}

/// Where an account stands.
pub(crate) const fn account_state(state: AccountState) -> &'static str {
    match state {
        AccountState::Unregistered => "unregistered",
        AccountState::Registering => "registering",
        AccountState::Registered => "registered",
        AccountState::Failed => "failed",
        AccountState::Unregistering => "unregistering",
        AccountState::Unknown => "unknown",
    }
}

/// Where the engine stands.
pub(crate) const fn engine_state(state: EngineState) -> &'static str {
    match state {
        EngineState::Running => "running",
        EngineState::Degraded => "degraded",
        EngineState::Stopping => "stopping",
        EngineState::Unknown => "in an unknown state",
    }
}

/// `127.0.0.1:35060 udp`, or the domain where no server is in use.
pub(crate) fn server(account: &AccountSnapshot) -> String {
    let server = account.server.as_deref().unwrap_or_else(|| {
        let address = address(&account.aor);
        address
            .split_once('@')
            .map_or(address, |(_, domain)| domain)
    });
    match &account.transport {
        Some(transport) => format!("{server} {transport}"),
        None => server.to_owned(),
    }
}

/// `00:42`, `1:02:03`: from `since` to `now`.
pub(crate) fn clock(since: Timestamp, now: Timestamp) -> String {
    let seconds = now.ms_since(since) / 1000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes:02}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

/// This moment.
pub(crate) fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let ms = since.map_or(0, |since| since.as_millis());
    Timestamp::from_unix_ms(u64::try_from(ms).unwrap_or(u64::MAX))
}

/// Lines with columns as wide as their longest entry.
pub(crate) fn table(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths);
        let padded = cells.map(|(cell, &width)| format!("{cell:width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}
