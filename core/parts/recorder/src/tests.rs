use super::*;

fn part() -> Recorder {
    Recorder::new(Settings {
        plugin: "recorder-wav".into(),
        folder: Some("/var/calls".into()),
        channels: 2,
        options: String::new(),
        epoch: "2026-11-22T01:30:00.000Z".parse().unwrap(),
    })
}

fn call() -> CallHandle {
    "c7k2".parse().unwrap()
}

fn ask(remote: &str) -> Box<Ask> {
    Box::new(Ask {
        plugin: None,
        name: None,
        channels: None,
        account: None,
        local: "sip:101@pbx".into(),
        remote: remote.into(),
        direction: "outgoing",
    })
}

fn start(command: u64, remote: &str) -> Word {
    let (command, call) = (CommandId(command), call());
    let ask = ask(remote);
    let command = Some(command);
    Word::Start { command, call, ask }
}

/// Names of what a word causes; events by their own.
#[allow(clippy::wildcard_enum_match_arm)] // Nothing else is posted.
fn causes(part: &mut Recorder, word: Word) -> Vec<String> {
    let mut out = Outbox::new();
    part.handle(word, Instant::ZERO, &mut out);
    let mut all = Vec::new();
    while let Some(post) = out.take() {
        all.push(match post {
            Post::Voice(voice::Do::Record(Do::Start(request))) => format!("start {}", request.path),
            Post::Voice(voice::Do::Record(order)) => {
                format!("{order:?}").split(' ').next().unwrap().to_owned()
            }
            Post::Event(events::Word::Tell { body, .. }) => body.name().to_owned(),
            Post::Dialogs(dialogs::Word::Recording { recording, .. }) => {
                format!("shown {:?}", recording.map(|r| r.state))
            }
            other => panic!("{other:?}"),
        });
    }
    all
}

fn begun(part: &mut Recorder) {
    causes(part, start(1, "sip:600@demo"));
    let told = Told::Started {
        leg: leg_of(call()),
        path: "/var/calls/x.wav".into(),
        sample_rate_hz: 8_000,
    };
    let all = causes(part, Word::Told(told));
    assert_eq!(all, ["recording.started", "shown Some(Recording)"]);
}

fn end(error: Option<&str>) -> Word {
    Word::Told(Told::Ended {
        leg: leg_of(call()),
        path: Some("/var/calls/x.wav".into()),
        audio_ms: 70,
        bytes: 1_200,
        error: error.map(str::to_owned),
    })
}

#[test]
fn a_recording_is_named_by_time_call_and_number_alone() {
    let all = causes(&mut part(), start(1, "sip:600@demo"));
    assert_eq!(all, ["start /var/calls/20261122-013000-c7k2-600"]);
    let all = causes(&mut part(), start(1, "sip:../../etc/%00\u{e4}@demo"));
    assert_eq!(
        all,
        ["start /var/calls/20261122-013000-c7k2-______etc__00_"]
    );
}

#[test]
fn start_pause_resume_stop() {
    let mut part = part();
    begun(&mut part);
    let (command, call) = (CommandId(2), call());
    let reason = "card".to_owned();
    let pause = Word::Pause {
        command,
        call,
        reason: reason.clone(),
    };
    assert_eq!(causes(&mut part, pause), ["Pause"]);
    let (leg, audio_ms) = (leg_of(call), 40);
    let paused = Told::Paused {
        leg,
        audio_ms,
        reason,
    };
    let all = causes(&mut part, Word::Told(paused));
    assert_eq!(all, ["recording.paused", "shown Some(Paused)"]);
    let all = causes(&mut part, Word::Resume { command, call });
    assert_eq!(all, ["Resume"]);
    let all = causes(&mut part, Word::Told(Told::Resumed { leg, audio_ms }));
    assert_eq!(all, ["recording.resumed", "shown Some(Recording)"]);
    let all = causes(&mut part, Word::Stop { command, call });
    assert_eq!(all, ["Stop", "shown Some(Stopping)"]);
    let all = causes(&mut part, Word::Stop { command, call });
    assert_eq!(all, ["call.warning"], "once is enough");
    let all = causes(&mut part, end(None));
    assert_eq!(
        all,
        ["recording.stopped", "shown Some(Stopped)", "shown None"]
    );
    assert_eq!(part.unfinished(), 0);
    assert!(causes(&mut part, end(None)).is_empty());
}

#[test]
fn what_does_not_fit_is_said_and_changes_nothing() {
    let mut part = part();
    let (command, call) = (CommandId(2), call());
    for word in [
        Word::Stop { command, call },
        Word::Resume { command, call },
        Word::Pause {
            command,
            call,
            reason: String::new(),
        },
    ] {
        assert_eq!(causes(&mut part, word), ["call.warning"]);
    }
    begun(&mut part);
    assert_eq!(
        causes(&mut part, start(3, "sip:600@demo")),
        ["call.warning"]
    );
    let all = causes(&mut part, Word::Resume { command, call });
    assert_eq!(all, ["call.warning"], "it is not paused");
    assert_eq!(part.unfinished(), 1);
}

#[test]
fn a_failure_is_told_and_takes_the_tap_away() {
    let mut part = part();
    begun(&mut part);
    let all = causes(&mut part, end(Some("the disk is full")));
    assert_eq!(all, ["recording.failed", "Stop", "shown None"]);
    part.settings.folder = None;
    let all = causes(&mut part, start(4, "sip:600@demo"));
    assert_eq!(all, ["recording.failed", "Stop", "shown None"]);
    assert_eq!(part.unfinished(), 0);
}
