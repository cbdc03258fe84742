use super::*;
use crate::receiving::ForwardWhen;
use crate::{Ladder, Secret, Sees};
use expect_test::expect;
use serde_json::json;

fn call() -> CallRef {
    CallRef {
        call: Some("c7k2".parse().unwrap()),
    }
}

fn account() -> AccountRef {
    AccountRef {
        account: "demo".parse().unwrap(),
    }
}

fn plugin() -> PluginRef {
    PluginRef {
        plugin: "codec-x".parse().unwrap(),
    }
}

fn add() -> AddAccount {
    AddAccount {
        account: "alice".parse().unwrap(),
        user: "alice".into(),
        domain: "pbx.example".into(),
        auth_user: Some("alice1".into()),
        password: Some(Secret::new("hunter2")),
        display: Some("Alice".into()),
        registrar: None,
        standby: Some("standby.example".into()),
        standby_after_s: Some(20),
        outbound_proxy: Some("proxy.example:5070".into()),
        transport: Transport::Tcp,
        tls: None,
        expires_s: Some(60),
        register: true,
        udp_from_unknown: false,
        make_default: false,
    }
}

fn body(command: &Command) -> String {
    serde_json::to_string(&Body(command)).unwrap()
}

/// One of each.
fn reload() -> crate::plugin::PluginReload {
    crate::plugin::PluginReload {
        plugin: "codec-x".parse().unwrap(),
        file: Some("/opt/codec-x.so".into()),
        live: true,
    }
}

fn start_recording() -> StartRecording {
    StartRecording {
        call: call().call,
        plugin: Some("recorder-wav".into()),
        path: Some("2026/first".into()),
        channels: Some(2),
    }
}

fn add_lamp() -> AddLamp {
    AddLamp {
        target: "103".into(),
        account: None,
        label: Some("Carol".into()),
        slot: false,
    }
}

fn lamp() -> LampRef {
    LampRef {
        target: "Carol".into(),
        account: Some("demo".parse().unwrap()),
    }
}

fn contact() -> Contact {
    Contact {
        id: "k7".into(),
        kind: crate::contacts::ContactKind::QuickDial,
        name: "Jörg Müller".into(),
        organisation: Some("Works".into()),
        numbers: vec!["101".into(), "sip:jm@pbx.example".into()],
        labels: Vec::new(),
        watch: true,
        position: 2,
        source: "local".into(),
        ..Contact::default()
    }
}

/// One of each about what is kept.
fn kept() -> Vec<Command> {
    let query = || ContactQuery {
        kind: Some(crate::contacts::ContactKind::Extension),
        text: Some("müll".into()),
        limit: Some(10),
        wait_ms: None,
    };
    vec![
        Command::HistoryList(HistoryQuery {
            kind: Some(crate::history::RecordKind::AnsweredElsewhere),
            account: Some("demo".parse().unwrap()),
            text: Some("600".into()),
            since: Some(crate::Timestamp::from_unix_ms(1_795_269_731_482)),
            until: None,
            limit: Some(20),
        }),
        Command::HistoryDelete(HistoryDelete {
            ids: vec!["19f-c7k2".into()],
            all: false,
        }),
        Command::HistoryRedial(HistoryRef {
            id: Some("19f-c7k2".into()),
        }),
        Command::ContactList(query()),
        Command::ContactAdd(Box::new(contact())),
        Command::ContactChange(Box::new(contact())),
        Command::ContactRemove(ContactRef { id: "k7".into() }),
        Command::ContactImport(ContactImport {
            vcards: "BEGIN:VCARD".into(),
            kind: crate::contacts::ContactKind::Personal,
        }),
        Command::ContactExport(query()),
    ]
}

fn listed() -> Vec<Command> {
    let work = || ProfileRef {
        name: "work".into(),
    };
    let favourite = |name: Option<&str>, number: Option<&str>| FavouriteOf {
        profile: Some("work".into()),
        favourite: crate::Favourite {
            name: name.map(str::to_owned),
            number: number.map(str::to_owned),
            ..crate::Favourite::default()
        },
    };
    vec![
        Command::ProfileList(NoFields {}),
        Command::ProfileAdd(work()),
        Command::ProfileUse(work()),
        Command::ProfileRemove(work()),
        Command::ProfileRename(crate::contacts::ProfileRename {
            name: "work".into(),
            to: "shift".into(),
        }),
        Command::FavouriteAdd(favourite(Some("Jörg Müller"), None)),
        Command::FavouriteRemove(favourite(None, Some("600"))),
        Command::FavouriteRename(crate::contacts::FavouriteRename {
            of: favourite(None, Some("600")),
            to: favourite(None, Some("601")).favourite,
        }),
        Command::FavouriteMove(crate::contacts::FavouriteMove {
            of: favourite(None, Some("601")),
            to_profile: Some("shift".into()),
            place: Some(1),
        }),
        Command::FavouriteMail(favourite(Some("Jörg Müller"), None)),
    ]
}

fn messages() -> Vec<Command> {
    let of = |with: Option<&str>| MessagesOf {
        with: with.map(str::to_owned),
        all: with.is_none(),
    };
    vec![
        Command::MessageSend(SendMessage {
            to: Some("102".into()),
            text: "back at 3".into(),
            account: Some("demo".parse().unwrap()),
            call: None,
        }),
        Command::MessageList(MessageQuery {
            with: Some("102".into()),
            account: None,
            unread: true,
            limit: Some(20),
        }),
        Command::MessageRead(of(Some("102"))),
        Command::MessageDelete(of(None)),
        Command::PresenceSet(SetPresence {
            state: crate::PresenceState::Away,
            note: Some("at lunch".into()),
            until: None,
            account: None,
        }),
        Command::PresenceList(NoFields {}),
        Command::PresenceIdle(Idle { idle: true }),
        Command::WatcherList(NoFields {}),
        Command::WatcherAllow(SetRight {
            sees: Sees::Dialog,
            whom: "user 20@demo".into(),
            allowed: false,
            account: None,
        }),
        Command::WatcherForget(RightRef {
            sees: Sees::Presence,
            whom: "domain demo".into(),
            account: None,
        }),
    ]
}

fn rules_test() -> RulesTest {
    RulesTest {
        number: "00420".into(),
        account: Some("demo".parse().unwrap()),
        incoming: false,
    }
}

fn tested() -> crate::rules::RulesTested {
    crate::rules::RulesTested {
        account: "demo".parse().unwrap(),
        number: "00420,,1".into(),
        outcome: crate::rules::RulesOutcome::Dial,
        reason: "rule 2 of rewriting".into(),
        becomes: "+420".into(),
        located: None,
        steps: vec![crate::rules::RuleStep {
            rule: 2,
            before: "00420".into(),
            after: "+420".into(),
            continues: false,
        }],
        emergency: false,
        record: true,
        through: Some("mobile".parse().unwrap()),
        headers: [("X-Ticket".to_owned(), "7".to_owned())].into(),
        after: ",,1".into(),
        confirm: false,
        forward_to: None,
        forward_after_s: None,
        answer_after_s: None,
    }
}

pub(crate) fn all() -> Vec<Command> {
    let mut all = [on_calls(), others()].concat();
    let rest = all.split_off(all.len() - 2);
    all.extend(kept());
    all.extend(listed());
    all.extend(messages());
    all.extend(rest);
    all
}

fn on_calls() -> Vec<Command> {
    vec![
        Command::Dial(Dial {
            to: "600".into(),
            account: Some("demo".parse().unwrap()),
            ring_for_s: Some(30),
            headers: [("X-Ticket".to_owned(), "7".to_owned())].into(),
            action: Some(DialAction::VoiceCall),
        }),
        Command::Accept(call()),
        Command::Decline(Decline {
            call: call().call,
            status: Some(486),
        }),
        Command::Silence(call()),
        Command::Redirect(Redirect {
            call: None,
            to: "200".into(),
        }),
        Command::HangUp(call()),
        Command::HangUpAll(NoFields {}),
        Command::SendDtmf(SendDtmf {
            call: None,
            digits: "12#".parse().unwrap(),
            duration_ms: Some(160),
        }),
        Command::Mute(Mute {
            call: None,
            on: true,
        }),
        Command::Hold(call()),
        Command::Resume(call()),
        Command::Swap(CallRef { call: None }),
        Command::Merge(Merge {
            calls: vec!["c7k2".parse().unwrap(), "c7k3".parse().unwrap()],
        }),
        Command::Split(call()),
        Command::EndConference(EndConference { keep: true }),
        Command::RemoveParticipant(RemoveParticipant {
            call: call().call,
            participant: "sip:102@pbx.example".into(),
        }),
        Command::Transfer(TransferCall {
            call: call().call,
            to: Some("600".into()),
            mode: crate::transfer::TransferMode::Ask,
            ..crate::transfer::TransferCall::default()
        }),
        Command::TransferComplete(call()),
        Command::TransferCancel(call()),
        Command::TransferAllow(call()),
        Command::TransferRefuse(call()),
    ]
}

fn others() -> Vec<Command> {
    vec![
        Command::StartRecording(start_recording()),
        Command::StopRecording(call()),
        Command::PauseRecording(PauseRecording {
            call: None,
            reason: Some("card number".into()),
        }),
        Command::ResumeRecording(CallRef { call: None }),
        Command::NoteRecording(NoteRecording {
            call: None,
            text: "asks for a refund".into(),
        }),
        Command::Register(account()),
        Command::Unregister(account()),
        Command::AddAccount(Box::new(add())),
        Command::RemoveAccount(account()),
        Command::DoNotDisturb(DoNotDisturb {
            account: None,
            on: true,
        }),
        Command::Forward(Forward {
            account: Some("alice".parse().unwrap()),
            when: ForwardWhen::NoAnswer,
            to: Some("200".into()),
            after_s: Some(20),
        }),
        Command::Quiet(Quiet { on: true }),
        Command::ListCalls(NoFields {}),
        Command::ListAccounts(NoFields {}),
        Command::Status(NoFields {}),
        Command::Ladder(LadderOf {
            call: "c7k2".parse().unwrap(),
        }),
        Command::ListLamps(NoFields {}),
        Command::AddLamp(add_lamp()),
        Command::RemoveLamp(lamp()),
        Command::DialLamp(lamp()),
        Command::PickUpLamp(lamp()),
        Command::DialVoicemail(MailboxRef { account: None }),
        Command::RulesTest(rules_test()),
        Command::PluginList(NoFields {}),
        Command::PluginWhy(plugin()),
        Command::PluginTop(NoFields {}),
        Command::PluginEnable(plugin()),
        Command::PluginDisable(crate::plugin::PluginOff {
            plugin: plugin().plugin,
            now: true,
        }),
        Command::PluginReload(reload()),
        Command::Events(Subscribe {
            filter: crate::event::Filter(vec!["call.*".into()]),
            resume: Some(12_873),
        }),
        Command::Shutdown(Shutdown {
            reason: Some("update".into()),
        }),
    ]
}

#[test]
#[allow(clippy::too_many_lines)] // One line for each command.
fn every_command_has_its_json() {
    let lines: Vec<String> = all()
        .iter()
        .map(|command| format!("{} {}", command.name(), body(command)))
        .collect();
    expect![[r#"
        dial {"to":"600","account":"demo","ring_for_s":30,"headers":{"X-Ticket":"7"},"action":"voiceCall"}
        accept {"call":"c7k2"}
        decline {"call":"c7k2","status":486}
        silence {"call":"c7k2"}
        redirect {"to":"200"}
        hang_up {"call":"c7k2"}
        hang_up_all {}
        send_dtmf {"digits":"12#","duration_ms":160}
        mute {"on":true}
        hold {"call":"c7k2"}
        resume {"call":"c7k2"}
        swap {}
        merge {"calls":["c7k2","c7k3"]}
        split {"call":"c7k2"}
        conference.end {"keep":true}
        conference.remove {"call":"c7k2","participant":"sip:102@pbx.example"}
        transfer {"call":"c7k2","to":"600","mode":"ask"}
        transfer.complete {"call":"c7k2"}
        transfer.cancel {"call":"c7k2"}
        transfer.allow {"call":"c7k2"}
        transfer.refuse {"call":"c7k2"}
        recording.start {"call":"c7k2","plugin":"recorder-wav","path":"2026/first","channels":2}
        recording.stop {"call":"c7k2"}
        recording.pause {"reason":"card number"}
        recording.resume {}
        recording.note {"text":"asks for a refund"}
        register {"account":"demo"}
        unregister {"account":"demo"}
        add_account {"account":"alice","user":"alice","domain":"pbx.example","auth_user":"alice1","password":"hunter2","display":"Alice","standby":"standby.example","standby_after_s":20,"outbound_proxy":"proxy.example:5070","transport":"tcp","expires_s":60,"register":true,"make_default":false}
        remove_account {"account":"demo"}
        do_not_disturb {"on":true}
        forward {"account":"alice","when":"no_answer","to":"200","after_s":20}
        quiet {"on":true}
        list_calls {}
        list_accounts {}
        status {}
        ladder {"call":"c7k2"}
        blf.list {}
        blf.add {"target":"103","label":"Carol"}
        blf.remove {"target":"Carol","account":"demo"}
        blf.dial {"target":"Carol","account":"demo"}
        blf.pickup {"target":"Carol","account":"demo"}
        voicemail.dial {}
        rules.test {"number":"00420","account":"demo","incoming":false}
        plugin.list {}
        plugin.why {"plugin":"codec-x"}
        plugin.top {}
        plugin.enable {"plugin":"codec-x"}
        plugin.disable {"plugin":"codec-x","now":true}
        plugin.reload {"plugin":"codec-x","file":"/opt/codec-x.so","live":true}
        history.list {"kind":"answered_elsewhere","account":"demo","text":"600","since":"2026-11-21T14:02:11.482Z","limit":20}
        history.delete {"ids":["19f-c7k2"]}
        history.redial {"id":"19f-c7k2"}
        contact.list {"kind":"extension","text":"müll","limit":10}
        contact.add {"id":"k7","kind":"quick_dial","name":"Jörg Müller","organisation":"Works","numbers":["101","sip:jm@pbx.example"],"watch":true,"position":2,"source":"local"}
        contact.change {"id":"k7","kind":"quick_dial","name":"Jörg Müller","organisation":"Works","numbers":["101","sip:jm@pbx.example"],"watch":true,"position":2,"source":"local"}
        contact.remove {"id":"k7"}
        contact.import {"vcards":"BEGIN:VCARD","kind":"personal"}
        contact.export {"kind":"extension","text":"müll","limit":10}
        profile.list {}
        profile.add {"name":"work"}
        profile.use {"name":"work"}
        profile.remove {"name":"work"}
        profile.rename {"name":"work","to":"shift"}
        favourite.add {"profile":"work","name":"Jörg Müller"}
        favourite.remove {"profile":"work","number":"600"}
        favourite.rename {"profile":"work","number":"600","to":{"number":"601"}}
        favourite.move {"profile":"work","number":"601","to_profile":"shift","place":1}
        favourite.mail {"profile":"work","name":"Jörg Müller"}
        message.send {"to":"102","text":"back at 3","account":"demo"}
        message.list {"with":"102","unread":true,"limit":20}
        message.read {"with":"102"}
        message.delete {"all":true}
        presence.set {"state":"away","note":"at lunch"}
        presence.list {}
        presence.idle {"idle":true}
        watcher.list {}
        watcher.allow {"sees":"dialog","whom":"user 20@demo","allowed":false}
        watcher.forget {"sees":"presence","whom":"domain demo"}
        events {"filter":["call.*"],"resume":12873}
        shutdown {"reason":"update"}"#]].assert_eq(&lines.join("\n"));
}

#[test]
fn there_is_one_sample_of_each_command() {
    let names: Vec<&str> = all().iter().map(Command::name).collect();
    assert_eq!(names, NAMES, "one sample of each command");
}

#[test]
fn every_command_comes_back_the_same() {
    for command in all() {
        let body = serde_json::from_str(&body(&command)).unwrap();
        let back = Command::from_value(command.name(), body).unwrap().unwrap();
        assert_eq!(back, command);
    }
}

/// What is answered about what is kept.
fn kept_replies() -> Vec<Reply> {
    vec![
        Reply::History {
            records: Vec::new(),
        },
        Reply::Deleted { count: 2 },
        Reply::Contacts {
            contacts: Vec::new(),
            silent: Vec::new(),
        },
        Reply::Contact {
            contact: Box::new(contact()),
        },
        Reply::Imported {
            imported: crate::contacts::Imported {
                added: 1,
                known: 2,
                skipped: vec![crate::contacts::Skipped {
                    number: 3,
                    why: "it has no number".into(),
                }],
            },
        },
        Reply::Vcards {
            vcards: "BEGIN:VCARD".into(),
        },
        Reply::Mail {
            address: "jm@example.com".into(),
            link: "mailto:jm@example.com".into(),
        },
        Reply::Profiles {
            profiles: vec![crate::Profile {
                name: "main".into(),
                active: true,
                favourites: Vec::new(),
            }],
        },
    ]
}

fn replies() -> Vec<Reply> {
    let ladder = Ladder {
        call: "c7k2".parse().unwrap(),
        local: "101 (you)".into(),
        remote: "600 demo-pbx".into(),
        steps: vec![crate::ladder::Step {
            at_ms: 12,
            kind: crate::ladder::StepKind::SipIn,
            text: "180 Ringing".into(),
            repeat: true,
        }],
    };
    vec![
        Reply::Taken,
        Reply::Calls { calls: Vec::new() },
        Reply::Accounts {
            accounts: Vec::new(),
        },
        Reply::Ladder { ladder },
        Reply::Plugins {
            plugins: Vec::new(),
        },
        Reply::PluginTries {
            tries: crate::snapshot::PluginTries {
                id: "codec-x".into(),
                searched: vec!["/opt/offhook".into()],
                candidates: Vec::new(),
            },
        },
        Reply::PluginCosts {
            costs: vec![crate::snapshot::PluginCost {
                id: "codec-x".into(),
                kind: "codec".into(),
                open: 1,
                calls: 100,
                p99_ns: 1279,
                metrics: [("frames_total".to_owned(), 7)].into(),
                seats: vec![crate::snapshot::SeatCost {
                    call: Some(crate::CallHandle::from_number(7)),
                    calls: 100,
                    p99_ns: 1279,
                    ..Default::default()
                }],
                ..Default::default()
            }],
        },
        Reply::Rules {
            tested: Box::new(tested()),
        },
        Reply::NextStart,
        Reply::PluginReloaded {
            reloaded: crate::plugin::PluginReloaded {
                plugin: "codec-x".into(),
                generation: 2,
                calls: 3,
            },
        },
        Reply::Switched { calls: 2 },
        Reply::Subscribed { seq: 41 },
    ]
}

#[test]
fn every_reply_has_its_json_and_comes_back() {
    let mut all = replies();
    let last = all.pop();
    all.extend(kept_replies());
    all.extend(last);
    let lines: Vec<String> = all
        .iter()
        .map(|reply| {
            let text = serde_json::to_string(reply).unwrap();
            assert_eq!(&serde_json::from_str::<Reply>(&text).unwrap(), reply);
            text
        })
        .collect();
    expect![[r#"
        {"kind":"taken"}
        {"kind":"calls","calls":[]}
        {"kind":"accounts","accounts":[]}
        {"kind":"ladder","ladder":{"call":"c7k2","local":"101 (you)","remote":"600 demo-pbx","steps":[{"at_ms":12,"kind":"sip_in","text":"180 Ringing","repeat":true}]}}
        {"kind":"plugins","plugins":[]}
        {"kind":"plugin_tries","tries":{"id":"codec-x","searched":["/opt/offhook"],"candidates":[]}}
        {"kind":"plugin_costs","costs":[{"id":"codec-x","kind":"codec","open":1,"calls":100,"failures":0,"misses":0,"shut":0,"faults":0,"p50_ns":0,"p99_ns":1279,"longest_ns":0,"metrics":{"frames_total":7},"seats":[{"call":"c229","calls":100,"failures":0,"misses":0,"p50_ns":0,"p99_ns":1279,"longest_ns":0}]}]}
        {"kind":"rules","tested":{"account":"demo","number":"00420,,1","outcome":"dial","reason":"rule 2 of rewriting","becomes":"+420","steps":[{"rule":2,"before":"00420","after":"+420","continues":false}],"emergency":false,"record":true,"through":"mobile","headers":{"X-Ticket":"7"},"after":",,1","confirm":false}}
        {"kind":"next_start"}
        {"kind":"plugin_reloaded","reloaded":{"plugin":"codec-x","generation":2,"calls":3}}
        {"kind":"switched","calls":2}
        {"kind":"history","records":[]}
        {"kind":"deleted","count":2}
        {"kind":"contacts","contacts":[]}
        {"kind":"contact","contact":{"id":"k7","kind":"quick_dial","name":"Jörg Müller","organisation":"Works","numbers":["101","sip:jm@pbx.example"],"watch":true,"position":2,"source":"local"}}
        {"kind":"imported","imported":{"added":1,"known":2,"skipped":[{"number":3,"why":"it has no number"}]}}
        {"kind":"vcards","vcards":"BEGIN:VCARD"}
        {"kind":"mail","address":"jm@example.com","link":"mailto:jm@example.com"}
        {"kind":"profiles","profiles":[{"name":"main","active":true,"favourites":[]}]}
        {"kind":"subscribed","seq":41}"#]].assert_eq(&lines.join("\n"));
    let newer = serde_json::from_value::<Reply>(json!({"kind": "weather", "rain": true}));
    assert_eq!(newer.unwrap(), Reply::Unknown);
}

#[test]
fn what_may_be_left_out_may_be_left_out() {
    let dial = Command::from_value("dial", json!({"to": "600", "colour": "red"}));
    let Some(Ok(Command::Dial(dial))) = dial else {
        panic!("{dial:?}");
    };
    assert_eq!((dial.to.as_str(), dial.account), ("600", None));
    let null = Command::from_value("accept", Value::Null).unwrap().unwrap();
    assert_eq!(null, Command::Accept(CallRef { call: None }));
    let least = json!({"account": "a", "user": "101", "domain": "demo"});
    let Some(Ok(Command::AddAccount(add))) = Command::from_value("add_account", least) else {
        panic!("not read");
    };
    assert!(add.register && add.password.is_none() && add.transport == Transport::Udp);
}

#[test]
fn wrong_values_and_names_are_refused() {
    for (name, body) in [
        ("dial", json!({})),
        ("dial", json!({"to": 600})),
        ("accept", json!({"call": "seven"})),
        ("send_dtmf", json!({"digits": "12x"})),
        ("send_dtmf", json!({"digits": ""})),
        ("send_dtmf", json!({"digits": "1".repeat(65)})),
        ("register", json!({"account": "a b"})),
        ("plugin.why", json!({"plugin": "a b"})),
        ("plugin.disable", json!({"plugin": "x".repeat(65)})),
        ("plugin.reload", json!({"plugin": ""})),
        (
            "add_account",
            json!({"account": "a", "user": "u", "domain": "d", "transport": "pigeon"}),
        ),
    ] {
        assert!(
            Command::from_value(name, body.clone()).unwrap().is_err(),
            "{name} {body}"
        );
    }
    assert!(Command::from_value("teleport", Value::Null).is_none());
}

#[test]
fn secrets_and_digits_never_print() {
    let printed = format!("{:?}", all());
    assert!(
        !printed.contains("hunter2") && !printed.contains("12#"),
        "{printed}"
    );
    assert_eq!(format!("{}", Secret::new("hunter2")), "***");
}
