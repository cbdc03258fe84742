use super::*;
use crate::conference::{InConference, Participant, ParticipantState, ServerConference};
use crate::lamp::{LampSnapshot, LampSource, LampState, VoiceMessages};
use crate::receiving::Forwarding;
use crate::snapshot::{
    AccountSnapshot, AccountState, CallDirection, CallSnapshot, CallState, EngineSnapshot,
    EngineState, MediaSnapshot, MediaState, Party, PluginSnapshot, PluginState, Quality,
};
use crate::{AccountCause, Code, EndReason, EndedBy, ErrorObject};
use crate::{RecordingSnapshot, RecordingState, RightOrigin, Sees};

use expect_test::{Expect, expect};

pub(crate) fn at(ms: u64) -> Timestamp {
    Timestamp::from_unix_ms(1_795_269_731_482 + ms)
}

pub(crate) fn call() -> CallSnapshot {
    CallSnapshot {
        call: "c7k2".parse().unwrap(),
        account: Some("demo".parse().unwrap()),
        direction: CallDirection::Outgoing,
        state: CallState::Answered,
        from: Party {
            uri: "sip:101@demo".into(),
            display: None,
        },
        to: Party {
            uri: "sip:600@demo".into(),
            display: Some("Echo".into()),
        },
        created: at(0),
        answered: Some(at(200)),
        ended: None,
        silenced: false,
        muted: false,
        held_by_remote: false,
        held_by_local: false,
        conference: None,
        server_conference: None,
        media: Some(MediaSnapshot {
            state: MediaState::Flowing,
            codec: Some("PCMU".into()),
            clock: Some(8000),
            ptime: Some(20),
            security: "none".into(),
            local: Some("127.0.0.1:40012".into()),
            remote: Some("127.0.0.1:41000".into()),
        }),
        quality: None,
        end: None,
        recording: None,
        sip_call_id: None,
        known: None,
        returned: None,
    }
}

pub(crate) fn account() -> AccountSnapshot {
    AccountSnapshot {
        account: "demo".parse().unwrap(),
        aor: "sip:101@demo".into(),
        state: AccountState::Failed,
        is_default: true,
        transport: Some("udp".into()),
        server: Some("127.0.0.1:35060".into()),
        server_name: Some("demo".into()),
        on_standby: true,
        contact: Some("127.0.0.1:5062".into()),
        until: Some(at(300_000)),
        expires_s: None,
        rtt_ms: Some(8),
        since: Some(at(0)),
        next_try_s: Some(4),
        do_not_disturb: true,
        forwarding: Forwarding {
            no_answer: Some("200".into()),
            after_s: Some(15),
            ..Forwarding::default()
        },
        cause: Some(AccountCause::Auth),
        error: Some(ErrorObject::new(Code::WRONG_PASSWORD, "demo refused 101").sip_status(403)),
    }
}

pub(crate) fn engine() -> EngineSnapshot {
    EngineSnapshot {
        version: "0.1.0".into(),
        profile: "demo".into(),
        state: EngineState::Running,
        started: at(0),
        listening: vec!["udp:127.0.0.1:5060".into()],
        accounts: vec![account()],
        calls: vec![call()],
        lamps: Vec::new(),
        mailboxes: Vec::new(),
        plugins: vec![plugin()],
        media_priority: None,
        transfers: Vec::new(),
        troubles: Vec::new(),
    }
}

fn plugin() -> PluginSnapshot {
    PluginSnapshot {
        id: "codec-g711".into(),
        kind: "codec".into(),
        version: "0.1.0".into(),
        abi: Some("1.0".into()),
        state: PluginState::Loaded,
        trust: "built-in".into(),
        path: None,
        sha256: None,
        unguarded: Vec::new(),
        builds: None,
        error: None,
    }
}

fn engine_change() -> Box<EngineChange> {
    Box::new(EngineChange {
        version: "0.1.0".into(),
        reason: Some("asked to".into()),
        error: None,
        snapshot: engine(),
    })
}

fn plugin_change() -> Box<PluginChange> {
    Box::new(PluginChange {
        id: "codec-g711".into(),
        version: "0.1.0".into(),
        abi: Some("1.0".into()),
        slot: None,
        reason_code: Some(Code::PLUGIN_REFUSED),
        fix: None,
        snapshot: plugin(),
    })
}

fn calls() -> Vec<EventBody> {
    let (from, to) = (String::from("sip:101@demo"), String::from("sip:600@demo"));
    let snapshot = call();
    let ringing = || {
        Box::new(CallRinging {
            early_media: true,
            snapshot: call(),
        })
    };
    let hold = |by| {
        Box::new(CallHold {
            by,
            snapshot: call(),
        })
    };
    vec![
        EventBody::CallCreated(Box::new(CallCreated {
            direction: CallDirection::Outgoing,
            from: from.clone(),
            to: to.clone(),
            display: None,
            headers: [("X-Ticket".to_owned(), "7".to_owned())].into(),
            snapshot: snapshot.clone(),
        })),
        EventBody::CallIncoming(Box::new(CallIncoming {
            from,
            display: Some("Alice".into()),
            to,
            diverted_by: None,
            alert_info: None,
            answer_after_s: Some(0),
            replaces: None,
            verified: false,
            snapshot: snapshot.clone(),
        })),
        EventBody::CallSent(Box::new(CallSent {
            address: "127.0.0.1:35060".into(),
            transport: "udp".into(),
            snapshot: call(),
        })),
        EventBody::CallRinging(ringing()),
        EventBody::CallProgress(ringing()),
        EventBody::CallAnswered(Box::new(CallAnswered {
            by: AnsweredBy::User,
            setup_ms: 211,
            codec: Some("PCMU".into()),
            security: "none".into(),
            snapshot: snapshot.clone(),
        })),
        EventBody::CallHold(hold(Side::Remote)),
        EventBody::CallResumed(hold(Side::Remote)),
        EventBody::CallSilenced(Box::new(CallSilenced {
            snapshot: snapshot.clone(),
        })),
        EventBody::CallMute(Box::new(CallMute {
            muted: true,
            source: "command".into(),
            snapshot,
        })),
    ]
}

fn merged() -> Vec<EventBody> {
    vec![
        EventBody::CallMerged(Box::new(CallConference {
            with: vec!["c7k3".parse().unwrap()],
            snapshot: CallSnapshot {
                conference: Some(InConference {
                    id: 4,
                    person: true,
                }),
                ..call()
            },
        })),
        EventBody::CallSplit(Box::new(CallConference {
            with: Vec::new(),
            snapshot: call(),
        })),
        EventBody::CallParticipants(Box::new(CallConference {
            with: Vec::new(),
            snapshot: CallSnapshot {
                server_conference: Some(Box::new(ServerConference {
                    uri: "sip:conf-7@pbx.example".into(),
                    participants: Some(vec![Participant {
                        uri: "sip:101@pbx.example".into(),
                        display: Some("Alice".into()),
                        state: ParticipantState::Connected,
                        you: true,
                    }]),
                })),
                ..call()
            },
        })),
    ]
}

fn call_figures() -> Vec<EventBody> {
    let media = call().media.unwrap();
    let end = EndReason::from_status(486);
    vec![
        EventBody::CallMedia(Box::new(CallMedia {
            state: MediaState::OneWayOut,
            codec: media.codec,
            clock: media.clock,
            ptime: media.ptime,
            security: media.security,
            local: media.local,
            remote: media.remote,
            snapshot: call(),
        })),
        EventBody::CallDtmf(Box::new(CallDtmf {
            digit: '#',
            duration_ms: 160,
            method: DtmfMethod::Rtp,
            direction: Side::Local,
        })),
        EventBody::CallQuality(Box::new(CallQuality {
            quality: Quality {
                mos: Some(4.5),
                loss_pct: 0.5,
                packets_in: 238,
                packets_out: 239,
                ..Quality::default()
            },
            snapshot: call(),
        })),
        EventBody::CallWarning(Box::new(CallWarning {
            code: Code::MEDIA_UNREACHABLE,
            text: "250 packets sent, 0 received".into(),
            fix: "turn on symmetric RTP".into(),
        })),
        EventBody::CallOpenUrl(Box::new(CallOpenUrl {
            url: "https://crm.example/?n=600".into(),
        })),
        EventBody::CallEnded(Box::new(CallEnded {
            by: end.by,
            cause: end.cause,
            sip_status: end.sip_status,
            reason_header: Some("Q.850;cause=17".into()),
            q850_cause: Some(17),
            reason_text: None,
            duration_ms: 0,
            mos_avg: None,
            codec: None,
            error: None,
            snapshot: CallSnapshot {
                state: CallState::Ended,
                end: Some(EndReason::normal(EndedBy::Remote)),
                ..call()
            },
        })),
    ]
}

fn recording_change(reason: Option<&str>) -> Box<RecordingChange> {
    Box::new(RecordingChange {
        recording: RecordingSnapshot {
            state: RecordingState::Recording,
            plugin: "recorder-wav".into(),
            path: "/var/calls/first.wav".into(),
            channels: 2,
            sample_rate_hz: 16_000,
            started: at(0),
            audio_ms: 1_000,
            bytes: 64_080,
            gap_ms: 0,
        },
        reason: reason.map(str::to_owned),
        error: None,
    })
}

/// A transfer in each of its events.
fn transfers() -> Vec<EventBody> {
    use crate::transfer::{TransferKind, TransferRole, TransferState, TransferWay};
    let transfer = |state, error: Option<ErrorObject>| {
        Box::new(crate::TransferSnapshot {
            call: "c7k2".parse().unwrap(),
            role: TransferRole::Transferor,
            kind: TransferKind::Attended,
            state,
            target: "600".into(),
            with: Some("c7k3".parse().unwrap()),
            way: Some(TransferWay::Replaces),
            sip_status: error.as_ref().and_then(|error| error.sip_status),
            error,
        })
    };
    let error = ErrorObject::new(Code::TRANSFER_NOT_TAKEN, "the target said 486 Busy Here");
    let failed = transfer(TransferState::Recovered, Some(error.sip_status(486)));
    vec![
        EventBody::TransferRequested(transfer(TransferState::Holding, None)),
        EventBody::TransferProgress(transfer(TransferState::Ringing, None)),
        EventBody::TransferDone(transfer(TransferState::Completed, None)),
        EventBody::TransferFailed(failed),
    ]
}

fn lamp_change() -> Box<LampChange> {
    Box::new(LampChange {
        was: Some(LampState::Idle),
        removed: false,
        snapshot: LampSnapshot {
            account: "demo".parse().unwrap(),
            target: "sip:103@demo".into(),
            label: "Carol".into(),
            slot: false,
            state: LampState::Ringing,
            since: at(0),
            why: None,
            direction: Some(CallDirection::Incoming),
            peer: Some(Party {
                uri: "sip:600@demo".into(),
                display: Some("Echo".into()),
            }),
            pickup: Some(crate::lamp::Pickup {
                to: "sip:600@10.0.0.6".into(),
                replaces: "a@b;to-tag=c;from-tag=d;early-only".into(),
            }),
            source: LampSource::Dialog,
            polled: false,
            presence: Some(crate::PresenceState::OnThePhone),
            note: None,
            listed: true,
        },
    })
}

fn mailbox() -> Box<MailboxSnapshot> {
    Box::new(MailboxSnapshot {
        account: "demo".parse().unwrap(),
        waiting: Some(true),
        voice: Some(VoiceMessages {
            new: 2,
            old: 8,
            new_urgent: 0,
            old_urgent: 2,
        }),
        since: at(0),
        why: None,
    })
}

/// What is kept on disk, one of each.
fn text(state: crate::MessageState) -> Box<crate::TextMessage> {
    let failed = state == crate::MessageState::Failed;
    let why = "'sip:102@demo' is not written to: 480 Temporarily Unavailable";
    Box::new(crate::TextMessage {
        id: "19f-7".into(),
        account: "demo".parse().unwrap(),
        peer: crate::snapshot::Party {
            uri: "sip:102@demo".into(),
            display: Some("Bob".into()),
        },
        text: "back at 3".into(),
        state,
        at: at(0),
        read: failed,
        call: None,
        why: failed.then(|| ErrorObject::new(Code::MESSAGE_NO_PEER, why).sip_status(480)),
    })
}

fn marked(with: Option<&str>) -> Box<crate::message::MessagesMarked> {
    Box::new(crate::message::MessagesMarked {
        with: with.map(str::to_owned),
        count: 3,
    })
}

fn kept() -> Vec<EventBody> {
    let store = |error| {
        Box::new(crate::contacts::StoreChange {
            path: "/home/a/.local/state/offhook/headless/offhook.sqlite".into(),
            error,
            waiting: 2,
            lost: 0,
        })
    };
    let full = ErrorObject::new(Code::STORE_FAILED, "database or disk is full");
    vec![
        EventBody::CallNamed(Box::new(CallNamed {
            known: crate::KnownName {
                name: "Echo test".into(),
                source: "favourites".into(),
            },
            snapshot: call(),
        })),
        EventBody::HistoryChanged(Box::new(HistoryChanged {
            record: Some(record()),
            deleted: Vec::new(),
            cleared: false,
        })),
        EventBody::ContactsChanged(Box::new(ContactsChanged {
            contact: None,
            deleted: vec!["k7".into()],
            imported: 0,
        })),
        EventBody::FavouritesChanged(Box::new(FavouritesChanged {
            profiles: vec![crate::Profile {
                name: "main".into(),
                active: true,
                favourites: vec![crate::Favourite {
                    name: None,
                    number: Some("600".into()),
                    ..crate::Favourite::default()
                }],
            }],
        })),
        EventBody::StoreFailed(store(Some(full))),
        EventBody::StoreMended(store(None)),
        EventBody::DirectoryFailed(Box::new(crate::contacts::DirectoryChange {
            directory: "Office".into(),
            error: Some(ErrorObject::new(
                Code::DIRECTORY_FAILED,
                "ldap://a cannot be asked",
            )),
        })),
        EventBody::DirectoryMended(Box::new(crate::contacts::DirectoryChange {
            directory: "Office".into(),
            error: None,
        })),
    ]
}

/// Of a server that keeps profiles.
fn xcap() -> Vec<EventBody> {
    vec![
        EventBody::XcapFailed(Box::new(crate::contacts::XcapChange {
            server: "http://pbx.test/xcap".into(),
            error: Some(ErrorObject::new(
                Code::XCAP_FAILED,
                "http://pbx.test/xcap says 500",
            )),
        })),
        EventBody::XcapMended(Box::new(crate::contacts::XcapChange {
            server: "http://pbx.test/xcap".into(),
            error: None,
        })),
    ]
}

/// A record with every field (M-121).
fn record() -> crate::HistoryRecord {
    crate::HistoryRecord {
        id: "1a2-c7k2".into(),
        call: "c7k2".parse().unwrap(),
        kind: crate::history::RecordKind::Answered,
        state: crate::history::RecordState::Completed,
        account: Some("demo".parse().unwrap()),
        local: "sip:101@demo".into(),
        remote: Party {
            uri: "sip:600@demo".into(),
            display: Some("Echo".into()),
        },
        known: Some(crate::KnownName {
            name: "Echo test".into(),
            source: "contacts".into(),
        }),
        started: at(0),
        answered: Some(at(200)),
        ended: Some(at(5_200)),
        duration_ms: Some(5_000),
        cause: Some(crate::EndCause::Normal),
        sip_status: Some(200),
        marks: vec![
            crate::history::Mark::Forwarded,
            crate::history::Mark::Recorded,
        ],
        sip_call_id: Some("x@y".into()),
    }
}

/// One of each.
#[allow(clippy::too_many_lines)] // One of each event.
fn all() -> Vec<EventBody> {
    let account = || Box::new(AccountChange::of(account()));
    let mut all = vec![
        EventBody::EngineStarted(engine_change()),
        EventBody::EngineStopping(engine_change()),
        EventBody::EngineDegraded(engine_change()),
        EventBody::AccountAdded(account()),
        EventBody::AccountRemoved(account()),
        EventBody::AccountRegistering(account()),
        EventBody::AccountRegistered(account()),
        EventBody::AccountFailed(account()),
        EventBody::AccountUnregistered(account()),
    ];
    all.extend(calls());
    all.extend(merged());
    all.extend(call_figures());
    all.extend([
        EventBody::RecordingStarted(recording_change(None)),
        EventBody::RecordingPaused(recording_change(Some("card number"))),
        EventBody::RecordingResumed(recording_change(None)),
        EventBody::RecordingGap(recording_change(None)),
        EventBody::RecordingStopped(recording_change(Some("the call is over"))),
        EventBody::RecordingFailed(recording_change(None)),
        EventBody::BlfChanged(lamp_change()),
        EventBody::MwiChanged(mailbox()),
        EventBody::MessageReceived(text(crate::MessageState::Received)),
        EventBody::MessageChanged(text(crate::MessageState::Failed)),
        EventBody::MessageRead(marked(Some("102@demo"))),
        EventBody::MessageDeleted(marked(None)),
        EventBody::PresenceChanged(Box::new(PresenceSnapshot {
            account: "demo".parse().unwrap(),
            state: crate::PresenceState::Away,
            shown: crate::PresenceState::OnThePhone,
            note: Some("at lunch".into()),
            until: Some(at(3_600_000)),
            published: Some(at(0)),
            why: None,
        })),
        EventBody::WatcherChanged(Box::new(WatcherSnapshot {
            id: 7,
            account: "demo".parse().unwrap(),
            watcher: "sip:20@demo".into(),
            sees: Sees::Dialog,
            since: at(0),
            origin: RightOrigin::Template,
            right: "dialog allow user 20@demo".into(),
            set_by: Some("site.toml:7:12".into()),
            ended: None,
        })),
        EventBody::PluginLoaded(plugin_change()),
        EventBody::PluginRefused(plugin_change()),
        EventBody::PluginCrashed(plugin_change()),
        EventBody::PluginDeadlineMissed(plugin_change()),
        EventBody::PluginFaulted(plugin_change()),
        EventBody::PluginQuarantined(plugin_change()),
        EventBody::PluginReplaced(plugin_change()),
        EventBody::PluginRolledBack(plugin_change()),
        EventBody::SourceRefused(Box::new(SourceRefused {
            source: "198.51.100.7:5060".into(),
            because: "udp_from_unknown".into(),
            refused: 3,
        })),
    ]);
    all.extend(transfers());
    all.extend(kept());
    all.extend(xcap());
    all.push(EventBody::AccountRenewed(account()));
    all.push(EventBody::AccountChanged(account()));
    all.extend([
        EventBody::PluginDisabled(plugin_change()),
        EventBody::PluginEnabled(plugin_change()),
    ]);
    let tone = || {
        Box::new(ToneChange {
            tone: "ringing".into(),
            place: "speaker".into(),
        })
    };
    all.extend([
        EventBody::ToneStarted(tone()),
        EventBody::ToneStopped(tone()),
        EventBody::QuietChanged(Box::new(QuietChange { on: true })),
    ]);
    all.extend([EventBody::StreamLagged(Box::new(StreamLagged {
        from: 7,
        to: 41,
        missed: 35,
        snapshot: engine(),
    }))]);
    all
}

pub(crate) fn event(seq: u64, body: EventBody) -> Event {
    Event {
        seq,
        ts: at(seq),
        account: Some("demo".parse().unwrap()),
        call: body
            .name()
            .starts_with("call.")
            .then(|| "c7k2".parse().unwrap()),
        command: Some(CommandId(17)),
        body,
    }
}

/// Everything but snapshots, which have a test of their own.
fn without_snapshots(event: &Event) -> String {
    let EventBody::CallEnded(ended) = call_figures().remove(5) else {
        panic!("another event");
    };
    let snapshots = [
        serde_json::to_string(&engine()),
        serde_json::to_string(&account()),
        serde_json::to_string(&call()),
        serde_json::to_string(&ended.snapshot),
        serde_json::to_string(&plugin()),
    ];
    let text = serde_json::to_string(event).unwrap();
    snapshots
        .into_iter()
        .fold(text, |text, snapshot| text.replace(&snapshot.unwrap(), "…"))
}

fn golden(value: &impl Serialize, want: Expect) {
    want.assert_eq(&serde_json::to_string(value).unwrap());
}

#[test]
#[allow(clippy::too_many_lines)] // One line for each event.
fn every_event_has_its_json() {
    // One number for all: another event changes no other line.
    let lines: Vec<String> = all()
        .into_iter()
        .map(|body| without_snapshots(&event(7, body)))
        .collect();
    expect![[r##"
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"engine.started","account":"demo","command":17,"data":{"version":"0.1.0","reason":"asked to","snapshot":…}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"engine.stopping","account":"demo","command":17,"data":{"version":"0.1.0","reason":"asked to","snapshot":…}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"engine.degraded","account":"demo","command":17,"data":{"version":"0.1.0","reason":"asked to","snapshot":…}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"account.added","account":"demo","command":17,"data":{"transport":"udp","server":"127.0.0.1:35060","rtt_ms":8,"sip_status":403,"cause":"auth","next_try_s":4,"error":{"code":"OH-2001","title":"the server does not accept this user and password","detail":"demo refused 101","fix":"check the user and the password of the account; some servers want another name to log in: set auth_user","sip_status":403},"snapshot":…}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"account.removed","account":"demo","command":17,"data":{"transport":"udp","server":"127.0.0.1:35060","rtt_ms":8,"sip_status":403,"cause":"auth","next_try_s":4,"error":{"code":"OH-2001","title":"the server does not accept this user and password","detail":"demo refused 101","fix":"check the user and the password of the account; some servers want another name to log in: set auth_user","sip_status":403},"snapshot":…}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"account.registering","account":"demo","command":17,"data":{"transport":"udp","server":"127.0.0.1:35060","rtt_ms":8,"sip_status":403,"cause":"auth","next_try_s":4,"error":{"code":"OH-2001","title":"the server does not accept this user and password","detail":"demo refused 101","fix":"check the user and the password of the account; some servers want another name to log in: set auth_user","sip_status":403},"snapshot":…}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"account.registered","account":"demo","command":17,"data":{"transport":"udp","server":"127.0.0.1:35060","rtt_ms":8,"sip_status":403,"cause":"auth","next_try_s":4,"error":{"code":"OH-2001","title":"the server does not accept this user and password","detail":"demo refused 101","fix":"check the user and the password of the account; some servers want another name to log in: set auth_user","sip_status":403},"snapshot":…}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"account.failed","account":"demo","command":17,"data":{"transport":"udp","server":"127.0.0.1:35060","rtt_ms":8,"sip_status":403,"cause":"auth","next_try_s":4,"error":{"code":"OH-2001","title":"the server does not accept this user and password","detail":"demo refused 101","fix":"check the user and the password of the account; some servers want another name to log in: set auth_user","sip_status":403},"snapshot":…}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"account.unregistered","account":"demo","command":17,"data":{"transport":"udp","server":"127.0.0.1:35060","rtt_ms":8,"sip_status":403,"cause":"auth","next_try_s":4,"error":{"code":"OH-2001","title":"the server does not accept this user and password","detail":"demo refused 101","fix":"check the user and the password of the account; some servers want another name to log in: set auth_user","sip_status":403},"snapshot":…}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"call.created","account":"demo","call":"c7k2","command":17,"data":{"direction":"outgoing","from":"sip:101@demo","to":"sip:600@demo","headers":{"X-Ticket":"7"},"snapshot":…}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"call.incoming","account":"demo","call":"c7k2","command":17,"data":{"from":"sip:101@demo","display":"Alice","to":"sip:600@demo","answer_after_s":0,"verified":false,"snapshot":…}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"call.sent","account":"demo","call":"c7k2","command":17,"data":{"address":"127.0.0.1:35060","transport":"udp","snapshot":…}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"call.ringing","account":"demo","call":"c7k2","command":17,"data":{"early_media":true,"snapshot":…}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"call.progress","account":"demo","call":"c7k2","command":17,"data":{"early_media":true,"snapshot":…}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"call.answered","account":"demo","call":"c7k2","command":17,"data":{"by":"user","setup_ms":211,"codec":"PCMU","security":"none","snapshot":…}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"call.hold","account":"demo","call":"c7k2","command":17,"data":{"by":"remote","snapshot":…}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"call.resumed","account":"demo","call":"c7k2","command":17,"data":{"by":"remote","snapshot":…}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"call.silenced","account":"demo","call":"c7k2","command":17,"data":{"snapshot":…}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"call.mute","account":"demo","call":"c7k2","command":17,"data":{"muted":true,"source":"command","snapshot":…}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"call.merged","account":"demo","call":"c7k2","command":17,"data":{"with":["c7k3"],"snapshot":{"call":"c7k2","account":"demo","direction":"outgoing","state":"answered","from":{"uri":"sip:101@demo"},"to":{"uri":"sip:600@demo","display":"Echo"},"created":"2026-11-21T14:02:11.482Z","answered":"2026-11-21T14:02:11.682Z","muted":false,"held_by_remote":false,"conference":{"id":4,"person":true},"media":{"state":"flowing","codec":"PCMU","clock":8000,"ptime":20,"security":"none","local":"127.0.0.1:40012","remote":"127.0.0.1:41000"}}}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"call.split","account":"demo","call":"c7k2","command":17,"data":{"snapshot":…}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"call.participants","account":"demo","call":"c7k2","command":17,"data":{"snapshot":{"call":"c7k2","account":"demo","direction":"outgoing","state":"answered","from":{"uri":"sip:101@demo"},"to":{"uri":"sip:600@demo","display":"Echo"},"created":"2026-11-21T14:02:11.482Z","answered":"2026-11-21T14:02:11.682Z","muted":false,"held_by_remote":false,"server_conference":{"uri":"sip:conf-7@pbx.example","participants":[{"uri":"sip:101@pbx.example","display":"Alice","state":"connected","you":true}]},"media":{"state":"flowing","codec":"PCMU","clock":8000,"ptime":20,"security":"none","local":"127.0.0.1:40012","remote":"127.0.0.1:41000"}}}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"call.media","account":"demo","call":"c7k2","command":17,"data":{"state":"one_way_out","codec":"PCMU","clock":8000,"ptime":20,"security":"none","local":"127.0.0.1:40012","remote":"127.0.0.1:41000","snapshot":…}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"call.dtmf","account":"demo","call":"c7k2","command":17,"data":{"digit":"#","duration_ms":160,"method":"rtp","direction":"local"}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"call.quality","account":"demo","call":"c7k2","command":17,"data":{"mos":4.5,"loss_pct":0.5,"burst":0,"jitter_ms":0.0,"jb_ms":0.0,"concealed_pct":0.0,"packets_in":238,"packets_out":239,"snapshot":…}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"call.warning","account":"demo","call":"c7k2","command":17,"data":{"code":"OH-3107","text":"250 packets sent, 0 received","fix":"turn on symmetric RTP"}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"call.open_url","account":"demo","call":"c7k2","command":17,"data":{"url":"https://crm.example/?n=600"}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"call.ended","account":"demo","call":"c7k2","command":17,"data":{"by":"remote","cause":"busy","sip_status":486,"reason_header":"Q.850;cause=17","q850_cause":17,"duration_ms":0,"snapshot":…}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"recording.started","account":"demo","command":17,"data":{"state":"recording","plugin":"recorder-wav","path":"/var/calls/first.wav","channels":2,"sample_rate_hz":16000,"started":"2026-11-21T14:02:11.482Z","audio_ms":1000,"bytes":64080,"gap_ms":0}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"recording.paused","account":"demo","command":17,"data":{"state":"recording","plugin":"recorder-wav","path":"/var/calls/first.wav","channels":2,"sample_rate_hz":16000,"started":"2026-11-21T14:02:11.482Z","audio_ms":1000,"bytes":64080,"gap_ms":0,"reason":"card number"}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"recording.resumed","account":"demo","command":17,"data":{"state":"recording","plugin":"recorder-wav","path":"/var/calls/first.wav","channels":2,"sample_rate_hz":16000,"started":"2026-11-21T14:02:11.482Z","audio_ms":1000,"bytes":64080,"gap_ms":0}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"recording.gap","account":"demo","command":17,"data":{"state":"recording","plugin":"recorder-wav","path":"/var/calls/first.wav","channels":2,"sample_rate_hz":16000,"started":"2026-11-21T14:02:11.482Z","audio_ms":1000,"bytes":64080,"gap_ms":0}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"recording.stopped","account":"demo","command":17,"data":{"state":"recording","plugin":"recorder-wav","path":"/var/calls/first.wav","channels":2,"sample_rate_hz":16000,"started":"2026-11-21T14:02:11.482Z","audio_ms":1000,"bytes":64080,"gap_ms":0,"reason":"the call is over"}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"recording.failed","account":"demo","command":17,"data":{"state":"recording","plugin":"recorder-wav","path":"/var/calls/first.wav","channels":2,"sample_rate_hz":16000,"started":"2026-11-21T14:02:11.482Z","audio_ms":1000,"bytes":64080,"gap_ms":0}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"blf.changed","account":"demo","command":17,"data":{"was":"idle","account":"demo","target":"sip:103@demo","label":"Carol","state":"ringing","since":"2026-11-21T14:02:11.482Z","direction":"incoming","peer":{"uri":"sip:600@demo","display":"Echo"},"pickup":{"to":"sip:600@10.0.0.6","replaces":"a@b;to-tag=c;from-tag=d;early-only"},"source":"dialog","presence":"on_the_phone","listed":true}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"mwi.changed","account":"demo","command":17,"data":{"account":"demo","waiting":true,"voice":{"new":2,"old":8,"new_urgent":0,"old_urgent":2},"since":"2026-11-21T14:02:11.482Z"}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"message.received","account":"demo","command":17,"data":{"id":"19f-7","account":"demo","peer":{"uri":"sip:102@demo","display":"Bob"},"text":"back at 3","state":"received","at":"2026-11-21T14:02:11.482Z"}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"message.changed","account":"demo","command":17,"data":{"id":"19f-7","account":"demo","peer":{"uri":"sip:102@demo","display":"Bob"},"text":"back at 3","state":"failed","at":"2026-11-21T14:02:11.482Z","read":true,"why":{"code":"OH-4053","title":"nobody is there to get the message","detail":"'sip:102@demo' is not written to: 480 Temporarily Unavailable","fix":"check the number; send it again later","sip_status":480}}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"message.read","account":"demo","command":17,"data":{"with":"102@demo","count":3}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"message.deleted","account":"demo","command":17,"data":{"count":3}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"presence.changed","account":"demo","command":17,"data":{"account":"demo","state":"away","shown":"on_the_phone","note":"at lunch","until":"2026-11-21T15:02:11.482Z","published":"2026-11-21T14:02:11.482Z"}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"watcher.changed","account":"demo","command":17,"data":{"id":7,"account":"demo","watcher":"sip:20@demo","sees":"dialog","since":"2026-11-21T14:02:11.482Z","origin":"template","right":"dialog allow user 20@demo","set_by":"site.toml:7:12"}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"plugin.loaded","account":"demo","command":17,"data":{"id":"codec-g711","version":"0.1.0","abi":"1.0","reason_code":"OH-5002","snapshot":…}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"plugin.refused","account":"demo","command":17,"data":{"id":"codec-g711","version":"0.1.0","abi":"1.0","reason_code":"OH-5002","snapshot":…}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"plugin.crashed","account":"demo","command":17,"data":{"id":"codec-g711","version":"0.1.0","abi":"1.0","reason_code":"OH-5002","snapshot":…}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"plugin.deadline_missed","account":"demo","command":17,"data":{"id":"codec-g711","version":"0.1.0","abi":"1.0","reason_code":"OH-5002","snapshot":…}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"plugin.faulted","account":"demo","command":17,"data":{"id":"codec-g711","version":"0.1.0","abi":"1.0","reason_code":"OH-5002","snapshot":…}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"plugin.quarantined","account":"demo","command":17,"data":{"id":"codec-g711","version":"0.1.0","abi":"1.0","reason_code":"OH-5002","snapshot":…}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"plugin.replaced","account":"demo","command":17,"data":{"id":"codec-g711","version":"0.1.0","abi":"1.0","reason_code":"OH-5002","snapshot":…}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"plugin.rolled_back","account":"demo","command":17,"data":{"id":"codec-g711","version":"0.1.0","abi":"1.0","reason_code":"OH-5002","snapshot":…}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"source.refused","account":"demo","command":17,"data":{"source":"198.51.100.7:5060","because":"udp_from_unknown","refused":3}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"call.transfer.requested","account":"demo","call":"c7k2","command":17,"data":{"call":"c7k2","role":"transferor","kind":"attended","state":"holding","target":"600","with":"c7k3","way":"replaces"}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"call.transfer.progress","account":"demo","call":"c7k2","command":17,"data":{"call":"c7k2","role":"transferor","kind":"attended","state":"ringing","target":"600","with":"c7k3","way":"replaces"}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"call.transfer.done","account":"demo","call":"c7k2","command":17,"data":{"call":"c7k2","role":"transferor","kind":"attended","state":"completed","target":"600","with":"c7k3","way":"replaces"}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"call.transfer.failed","account":"demo","call":"c7k2","command":17,"data":{"call":"c7k2","role":"transferor","kind":"attended","state":"recovered","target":"600","with":"c7k3","way":"replaces","sip_status":486,"error":{"code":"OH-4043","title":"the target did not take the call","detail":"the target said 486 Busy Here","fix":"speak with the caller, and try again later","sip_status":486}}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"call.named","account":"demo","call":"c7k2","command":17,"data":{"name":"Echo test","source":"favourites","snapshot":…}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"history.changed","account":"demo","command":17,"data":{"record":{"id":"1a2-c7k2","call":"c7k2","kind":"answered","state":"completed","account":"demo","local":"sip:101@demo","remote":{"uri":"sip:600@demo","display":"Echo"},"known":{"name":"Echo test","source":"contacts"},"started":"2026-11-21T14:02:11.482Z","answered":"2026-11-21T14:02:11.682Z","ended":"2026-11-21T14:02:16.682Z","duration_ms":5000,"cause":"normal","sip_status":200,"marks":["forwarded","recorded"],"sip_call_id":"x@y"}}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"contacts.changed","account":"demo","command":17,"data":{"deleted":["k7"]}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"favourites.changed","account":"demo","command":17,"data":{"profiles":[{"name":"main","active":true,"favourites":[{"number":"600"}]}]}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"store.failed","account":"demo","command":17,"data":{"path":"/home/a/.local/state/offhook/headless/offhook.sqlite","error":{"code":"OH-6101","title":"history and contacts cannot be kept on disk","detail":"database or disk is full","fix":"make room, or end the other program: what waits is written within a second then"},"waiting":2,"lost":0}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"store.mended","account":"demo","command":17,"data":{"path":"/home/a/.local/state/offhook/headless/offhook.sqlite","waiting":2,"lost":0}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"directory.failed","account":"demo","command":17,"data":{"directory":"Office","error":{"code":"OH-6104","title":"a directory cannot be asked","detail":"ldap://a cannot be asked","fix":"see the reason; it is tried again by itself within a minute"}}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"directory.mended","account":"demo","command":17,"data":{"directory":"Office"}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"xcap.failed","account":"demo","command":17,"data":{"server":"http://pbx.test/xcap","error":{"code":"OH-6105","title":"the server does not keep what it should","detail":"http://pbx.test/xcap says 500","fix":"see the reason; what was changed here is kept and goes there as soon as it can"}}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"xcap.mended","account":"demo","command":17,"data":{"server":"http://pbx.test/xcap"}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"account.renewed","account":"demo","command":17,"data":{"transport":"udp","server":"127.0.0.1:35060","rtt_ms":8,"sip_status":403,"cause":"auth","next_try_s":4,"error":{"code":"OH-2001","title":"the server does not accept this user and password","detail":"demo refused 101","fix":"check the user and the password of the account; some servers want another name to log in: set auth_user","sip_status":403},"snapshot":…}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"account.changed","account":"demo","command":17,"data":{"transport":"udp","server":"127.0.0.1:35060","rtt_ms":8,"sip_status":403,"cause":"auth","next_try_s":4,"error":{"code":"OH-2001","title":"the server does not accept this user and password","detail":"demo refused 101","fix":"check the user and the password of the account; some servers want another name to log in: set auth_user","sip_status":403},"snapshot":…}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"plugin.disabled","account":"demo","command":17,"data":{"id":"codec-g711","version":"0.1.0","abi":"1.0","reason_code":"OH-5002","snapshot":…}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"plugin.enabled","account":"demo","command":17,"data":{"id":"codec-g711","version":"0.1.0","abi":"1.0","reason_code":"OH-5002","snapshot":…}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"tone.started","account":"demo","command":17,"data":{"tone":"ringing","place":"speaker"}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"tone.stopped","account":"demo","command":17,"data":{"tone":"ringing","place":"speaker"}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"quiet.changed","account":"demo","command":17,"data":{"on":true}}
        {"seq":7,"ts":"2026-11-21T14:02:11.489Z","type":"stream.lagged","account":"demo","command":17,"data":{"from":7,"to":41,"missed":35,"snapshot":…}}"##]].assert_eq(&lines.join("\n"));
}

#[test]
fn every_event_comes_back_the_same() {
    let mut seen = Vec::new();
    for body in all() {
        seen.push(body.name().to_owned());
        let event = event(9, body);
        let text = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event);
    }
    seen.sort_unstable();
    let mut names = NAMES.to_vec();
    names.sort_unstable();
    assert_eq!(seen, names, "one sample of each event");
}

#[test]
fn snapshots_have_their_json() {
    golden(
        &call(),
        expect![[
            r#"{"call":"c7k2","account":"demo","direction":"outgoing","state":"answered","from":{"uri":"sip:101@demo"},"to":{"uri":"sip:600@demo","display":"Echo"},"created":"2026-11-21T14:02:11.482Z","answered":"2026-11-21T14:02:11.682Z","muted":false,"held_by_remote":false,"media":{"state":"flowing","codec":"PCMU","clock":8000,"ptime":20,"security":"none","local":"127.0.0.1:40012","remote":"127.0.0.1:41000"}}"#
        ]],
    );
    golden(
        &account(),
        expect![[
            r#"{"account":"demo","aor":"sip:101@demo","state":"failed","is_default":true,"transport":"udp","server":"127.0.0.1:35060","server_name":"demo","on_standby":true,"contact":"127.0.0.1:5062","until":"2026-11-21T14:07:11.482Z","rtt_ms":8,"since":"2026-11-21T14:02:11.482Z","next_try_s":4,"do_not_disturb":true,"forwarding":{"no_answer":"200","after_s":15},"cause":"auth","error":{"code":"OH-2001","title":"the server does not accept this user and password","detail":"demo refused 101","fix":"check the user and the password of the account; some servers want another name to log in: set auth_user","sip_status":403}}"#
        ]],
    );
    golden(
        &plugin(),
        expect![[
            r#"{"id":"codec-g711","kind":"codec","version":"0.1.0","abi":"1.0","state":"loaded","trust":"built-in"}"#
        ]],
    );
    let engine = EngineSnapshot {
        accounts: Vec::new(),
        calls: Vec::new(),
        ..engine()
    };
    golden(
        &engine,
        expect![[
            r#"{"version":"0.1.0","profile":"demo","state":"running","started":"2026-11-21T14:02:11.482Z","listening":["udp:127.0.0.1:5060"],"plugins":[{"id":"codec-g711","kind":"codec","version":"0.1.0","abi":"1.0","state":"loaded","trust":"built-in"}]}"#
        ]],
    );
}

#[test]
fn unknown_events_fields_and_words_are_skipped() {
    let newer = r#"{"seq":5,"ts":"2026-11-21T14:02:11.482Z","type":"call.teleported","data":{"x":1},"trace":"t"}"#;
    let read: Event = serde_json::from_str(newer).unwrap();
    assert_eq!(read.body.name(), "call.teleported");

    let mut value = serde_json::to_value(event(1, all().remove(9))).unwrap();
    value["data"]["colour"] = "red".into();
    value["data"]["snapshot"]["state"] = "teleporting".into();
    let event: Event = serde_json::from_value(value).unwrap();
    let EventBody::CallCreated(data) = event.body else {
        panic!("another event");
    };
    assert_eq!(data.snapshot.state, CallState::Unknown);
}

#[test]
fn a_known_event_without_its_fields_is_refused() {
    let broken = r#"{"seq":5,"ts":"2026-11-21T14:02:11.482Z","type":"call.ended","data":{}}"#;
    let error = serde_json::from_str::<Event>(broken).unwrap_err();
    assert!(error.to_string().contains("missing field"), "{error}");
}

#[test]
fn filters_take_names_and_beginnings() {
    let filter = Filter(vec!["call.*".into(), "engine.started".into()]);
    assert!(filter.wants("call.ended") && filter.wants("engine.started"));
    assert!(!filter.wants("engine.stopping") && !filter.wants("account.failed"));
    assert!(filter.wants("stream.lagged"), "a gap is always told");
    assert!(Filter::default().wants("anything"));
}
