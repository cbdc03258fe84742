//! Every number, and what is done with a call to it.

use crate::mailboxes::Visit;
use base::Duration;
use ports::media::{Bursts, Impairment};
use sip_message::{HeaderName, Status};

/// How long most extensions ring. Unit: time.
const RING: Duration = Duration::from_millis(200);
/// How long Carol's telephone rings before the PBX gives up. Unit: time.
pub(crate) const UNANSWERED: Duration = Duration::from_secs(60);

/// One number and what it does.
#[derive(Debug, Clone, Copy)]
pub struct Extension {
    /// To dial it.
    pub number: &'static str,
    /// For people.
    pub name: &'static str,
    /// In a line.
    pub what: &'static str,
    pub(crate) does: Does,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Does {
    /// Answers with this status and one header field.
    Refuse(Status, Option<(HeaderName, &'static str)>),
    /// Sends the caller to another number (302).
    Redirect(&'static str),
    /// Rings, and nobody comes.
    Ring,
    /// Picks up after ringing so long.
    Answer(Duration, Says),
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Says {
    /// Bob's words once; then he listens.
    Greeting,
    /// Music without end.
    Music,
    /// What the caller says.
    Echo,
    /// 1004 Hz.
    Tone,
    /// Nothing arrives, and it waits for sound where nobody is.
    OneWay,
    /// Bob's words again and again, over a bad network.
    Over(Impairment),
    /// Bob's words, and hangs up after so long.
    Briefly(Duration, &'static str),
    /// Bob's words again and again; the caller is held so long after the answer, and so long.
    Holding(Duration, Duration),
    /// One of the conference's own voices, by its number; for the PBX alone.
    Voice(u8),
    /// Greets, and does what somebody comes to their mailbox for.
    Mailbox(Visit),
    /// Nothing by itself: see [`crate::operator`].
    Through(Desk),
}

/// What the operator does with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Desk {
    /// Says which keys came, and how.
    Keys,
    /// Keeps the call until another one comes for it.
    Slot,
    /// Brings three voices together with the caller.
    Conference,
}

/// Where messages are heard.
pub(crate) const MAILBOX: &str = "*97";

/// All that anybody may dial, in order.
pub const EXTENSIONS: &[Extension] = &[
    extension(
        MAILBOX,
        "Voicemail",
        "plays your message, and its lamp goes out",
        says(Says::Mailbox(Visit::Listen)),
    ),
    extension(
        "*98",
        "Message",
        "speak after the tone: it waits at *97, for 30 s of talk",
        says(Says::Mailbox(Visit::Leave)),
    ),
    extension("102", "Bob", "rings, answers, talks, then listens", BOB),
    extension(
        "103",
        "Carol",
        "rings, and never answers; her lamp changes by itself",
        Does::Ring,
    ),
    extension("104", "Busy", "486 Busy Here", refuses(Status::BUSY_HERE)),
    extension("105", "Nobody", "404 Not Found", refuses(Status::NOT_FOUND)),
    extension(
        "106",
        "Overloaded",
        "503 Service Unavailable, try again in 5 s",
        Does::Refuse(
            Status::SERVICE_UNAVAILABLE,
            Some((HeaderName::RetryAfter, "5")),
        ),
    ),
    extension(
        "107",
        "Moved",
        "302 Moved Temporarily, to 102",
        Does::Redirect("102"),
    ),
    extension("600", "Echo", "sends back what you say", says(Says::Echo)),
    extension("601", "Tone", "1004 Hz", says(Says::Tone)),
    extension("602", "Music", "music without end", says(Says::Music)),
    extension(
        "603",
        "Keys",
        "writes which keys you press, and how they came",
        desk(Desk::Keys),
    ),
    extension(
        "604",
        "One-way",
        "you send, nothing comes back",
        says(Says::OneWay),
    ),
    extension(
        "605",
        "Rough",
        "Bob over 5 % loss and 60 ms jitter",
        says(Says::Over(ROUGH)),
    ),
    extension(
        "606",
        "Bursts",
        "Bob over 30 % loss for 5 s each 20 s",
        says(Says::Over(BURSTS)),
    ),
    extension(
        "609",
        "Brief",
        "answers, then hangs up after 2 s and says why",
        says(BRIEF),
    ),
    extension(
        "610",
        "Hold",
        "answers, holds you after 2 s for 2 s",
        says(HOLD),
    ),
    extension(
        "701",
        "Park",
        "keeps a call until somebody dials it again, its lamp lit",
        desk(Desk::Slot),
    ),
    extension("702", "Park", "the same", desk(Desk::Slot)),
    extension("703", "Park", "the same", desk(Desk::Slot)),
    extension(
        "900",
        "Conference",
        "three others, talking",
        desk(Desk::Conference),
    ),
];

/// The voices of 900: the PBX alone calls them.
pub(crate) const VOICES: &[Extension] = &[
    extension("9001", "Voice", "the first of 900", says(Says::Voice(0))),
    extension("9002", "Voice", "the second of 900", says(Says::Voice(1))),
    extension("9003", "Voice", "the third of 900", says(Says::Voice(2))),
];

const BOB: Does = Does::Answer(Duration::from_secs(1), Says::Greeting);
const BRIEF: Says = Says::Briefly(
    Duration::from_secs(2),
    "Q.850;cause=16;text=\"Normal call clearing\"",
);
const HOLD: Says = Says::Holding(Duration::from_secs(2), Duration::from_secs(2));

const ROUGH: Impairment = Impairment {
    loss_permille: 50,
    jitter_ms: 60,
    bursts: None,
    seed: 605,
};

const BURSTS: Impairment = Impairment {
    loss_permille: 0,
    jitter_ms: 0,
    bursts: Some(Bursts {
        every_ms: 20_000,
        for_ms: 5_000,
        loss_permille: 300,
    }),
    seed: 606,
};

const fn extension(
    number: &'static str,
    name: &'static str,
    what: &'static str,
    does: Does,
) -> Extension {
    Extension {
        number,
        name,
        what,
        does,
    }
}

const fn refuses(status: Status) -> Does {
    Does::Refuse(status, None)
}

const fn says(says: Says) -> Does {
    Does::Answer(RING, says)
}

const fn desk(desk: Desk) -> Does {
    says(Says::Through(desk))
}

impl Extension {
    /// The one of this number, among those that the PBX alone calls too where `own`.
    pub(crate) fn of(number: &[u8], own: bool) -> Option<&'static Self> {
        let own = if own { VOICES } else { &[] };
        let mut all = EXTENSIONS.iter().chain(own);
        all.find(|extension| extension.number.as_bytes() == number)
    }

    /// What the operator does with calls to it.
    pub(crate) const fn desk(&self) -> Option<Desk> {
        match self.does {
            Does::Answer(_, Says::Through(desk)) => Some(desk),
            Does::Answer(..) | Does::Refuse(..) | Does::Redirect(_) | Does::Ring => None,
        }
    }
}
