//! The conference of a server (RFC 4579), with whole phones and a focus that does what a server does, or not: nobody
//! is lost on the way, whatever goes wrong.
#![allow(clippy::unwrap_used)]
#![allow(clippy::wildcard_enum_match_arm)] // A test looks for one kind of event.

use base::{Duration, Rng};
use control::command::{CallRef, Command};
use control::conference::{EndConference, Merge, ParticipantState, RemoveParticipant};
use control::transfer::TransferState;
use control::{CallHandle, CallSnapshot, Code, EventBody};
use offhook_sim::{Leg, LinkSettings, Peer, Phone, Script, Settings, World};
use sip_message::{Method, Request, ResponseBuilder, Status};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// What the focus does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Odd {
    /// It refuses its own call so; 1: it does not answer at all.
    refuses: u16,
    /// Its Contact does not say that it is one.
    plain: bool,
    /// It refuses everybody but whoever made the conference so.
    others: u16,
    /// It leaves out a version of what it tells.
    gap: bool,
    /// It refuses to remove people so.
    keeps: u16,
    /// It reports so on removals, before it answers, and removes nobody.
    reports: u16,
    /// It takes no subscriptions.
    silent: bool,
}

/// Whom the focus knows.
#[derive(Default)]
struct Known {
    /// Their dialogs, by Call-ID, with their addresses.
    legs: BTreeMap<String, (Leg, String)>,
    /// Who watches, and the version told last.
    watch: Option<(Leg, u32)>,
    subscribes: usize,
}

type State = Rc<RefCell<Known>>;

fn answer(script: &mut Script, request: &Request, code: u16, contact: &str) {
    let mut response = ResponseBuilder::to(request, Status::new(code).unwrap())
        .to_tag(&format!("{}-tag", script.name))
        .header("Contact", contact);
    if *request.method() == Method::Invite {
        let offer = String::from_utf8_lossy(request.body()).into_owned();
        let version = request.headers().cseq().map_or(1, |cseq| cseq.number);
        let direction = match offer.contains("a=sendonly") {
            true => "a=recvonly\r\n",
            false => "",
        };
        response = response
            .header(
                "Allow",
                "INVITE, ACK, BYE, CANCEL, REFER, SUBSCRIBE, NOTIFY",
            )
            .body("application/sdp", script.sdp(version) + direction);
    } else {
        response = response.header("Expires", 300);
    }
    let response = response.build();
    script.respond(request, &response);
}

/// Tells the watcher who is there: all, or what changed.
fn tell(script: &mut Script, state: &State, change: Option<String>) {
    let mut known = state.borrow_mut();
    let user = |uri: &String| {
        format!(
            "<user entity=\"{uri}\" state=\"full\"><endpoint entity=\"{uri};x=1\">\
             <status>connected</status></endpoint></user>"
        )
    };
    let all: String = known.legs.values().map(|(_, uri)| user(uri)).collect();
    let Some((leg, version)) = known.watch.as_mut() else {
        return;
    };
    *version += 1;
    let (how, users) = match change {
        Some(change) => (
            "partial",
            format!("<users state=\"partial\">{change}</users>"),
        ),
        None => ("full", format!("<users>{all}</users>")),
    };
    let body = format!(
        "<conference-info xmlns=\"urn:ietf:params:xml:ns:conference-info\" entity=\"sip:conf-7@x\" \
         state=\"{how}\" version=\"{version}\">{users}</conference-info>"
    );
    let notify = leg
        .request(Method::Notify)
        .header("Contact", script.contact())
        .header("Event", "conference")
        .header("Subscription-State", "active;expires=300")
        .body("application/conference-info+xml", body);
    let to = leg.to;
    drop(known);
    script.send(notify, to, |_, _| {});
}

fn call_id(request: &Request) -> String {
    request.headers().call_id().unwrap().to_string()
}

/// A focus in `world`: `conf` makes a conference, `conf-7`.
fn focus(world: &mut World, odd: Odd) -> (Peer, State) {
    let peer = Peer::new(world, "conf");
    let state = State::default();
    lets_in(&peer, &state, odd);
    tells(&peer, &state, odd);
    removes(&peer, &state, odd);
    let known = Rc::clone(&state);
    peer.on("BYE", move |script, bye| {
        script.reply(bye, 200, |r| r);
        let gone = known.borrow_mut().legs.remove(&call_id(bye));
        if let Some((_, who)) = gone {
            let gone = format!("<user entity=\"{who}\" state=\"deleted\"/>");
            tell(script, &known, Some(gone));
        }
    });
    (peer, state)
}

/// Who calls is in it, or not.
fn lets_in(peer: &Peer, state: &State, odd: Odd) {
    let known = Rc::clone(state);
    peer.on("INVITE", move |script, invite| {
        let is_again = known.borrow().legs.contains_key(&call_id(invite));
        let is_factory = invite.uri().unwrap().user() == Some("conf");
        let address = script.address;
        let contact = match odd.plain {
            true => format!("<sip:conf-7@{address}>"),
            false => format!("<sip:conf-7@{address}>;isfocus"),
        };
        if is_again {
            return answer(script, invite, 200, &contact);
        }
        match (is_factory, odd.refuses, odd.others) {
            (true, 1, _) => return script.ring(invite),
            (true, code @ 300.., _) | (false, _, code @ 300..) => {
                return script.reply(invite, code, |r| r);
            }
            _ => answer(script, invite, 200, &contact),
        }
        let who = invite.headers().from().unwrap().uri().to_string();
        let leg = Leg::called(script, invite);
        known
            .borrow_mut()
            .legs
            .insert(call_id(invite), (leg, who.clone()));
        if let (true, false, Some((_, version))) =
            (odd.gap, is_factory, known.borrow_mut().watch.as_mut())
        {
            *version += 1;
        }
        let change = format!("<user entity=\"{who}\" state=\"full\"/>");
        tell(script, &known, Some(change));
    });
}

/// Who asks is told who is there.
fn tells(peer: &Peer, state: &State, odd: Odd) {
    let known = Rc::clone(state);
    peer.on("SUBSCRIBE", move |script, subscribe| {
        if odd.silent {
            return script.reply(subscribe, 489, |r| r);
        }
        let contact = format!("<sip:conf-7@{}>;isfocus", script.address);
        answer(script, subscribe, 200, &contact);
        let mut held = known.borrow_mut();
        held.subscribes += 1;
        if held.watch.is_none() {
            held.watch = Some((Leg::called(script, subscribe), 0));
        }
        drop(held);
        tell(script, &known, None);
    });
}

/// Who is to go gets BYE, and whoever asked for it a report (RFC 4579 §5.10).
/// What became of a REFER, in its dialog.
fn report(script: &mut Script, mut leg: Leg, status: u16) -> Leg {
    let notify = leg
        .request(Method::Notify)
        .header("Contact", script.contact())
        .header("Event", "refer")
        .header("Subscription-State", "terminated;reason=noresource")
        .body(
            "message/sipfrag;version=2.0",
            format!("SIP/2.0 {status} Said\r\n"),
        );
    script.send(notify, leg.to, |_, _| {});
    leg
}

fn removes(peer: &Peer, state: &State, odd: Odd) {
    let known = Rc::clone(state);
    peer.on("REFER", move |script, refer| {
        if odd.keeps > 0 {
            return script.reply(refer, odd.keeps, |r| r);
        }
        if odd.reports > 0 {
            let (leg, uri) = known.borrow().legs[&call_id(refer)].clone();
            let leg = report(script, leg, odd.reports);
            known.borrow_mut().legs.insert(call_id(refer), (leg, uri));
            return script.reply(refer, 202, |r| r);
        }
        script.reply(refer, 202, |r| r);
        let to = refer.headers().text("Refer-To").unwrap().to_string();
        assert!(to.ends_with(";method=BYE>"), "{to}");
        let who = to
            .trim_start_matches('<')
            .split(';')
            .next()
            .unwrap()
            .to_owned();
        let held = known.borrow();
        let found = held.legs.iter().find(|(_, (_, uri))| *uri == who);
        let found = found.map(|(id, _)| id.clone());
        drop(held);
        let gone = found.and_then(|id| known.borrow_mut().legs.remove(&id));
        let status = match gone {
            Some((mut leg, _)) => {
                let bye = leg.request(Method::Bye);
                script.send(bye, leg.to, |_, _| {});
                200
            }
            None => 404,
        };
        let own = known
            .borrow()
            .legs
            .get(&call_id(refer))
            .map(|(leg, _)| leg.clone());
        if let Some(leg) = own {
            let leg = report(script, leg, status);
            if let Some((kept, _)) = known.borrow_mut().legs.get_mut(&call_id(refer)) {
                *kept = leg;
            }
        }
        let gone = format!("<user entity=\"{who}\" state=\"deleted\"/>");
        tell(script, &known, Some(gone));
    });
}

/// Alice, whose account has the conference, in calls with others.
struct Party {
    world: World,
    focus: Peer,
    state: State,
    alice: Phone,
    others: Vec<Phone>,
    calls: Vec<CallHandle>,
}

impl Party {
    fn new(seed: u64, others: usize, odd: Odd) -> Self {
        let mut world = World::new(seed);
        world.set_links(&LinkSettings {
            delay: ms(20),
            ..LinkSettings::CLEAN
        });
        let (focus, state) = focus(&mut world, odd);
        let alice = world.phone(&Settings {
            domain: focus.script().address.ip().to_string(),
            conference: "conf".to_owned(),
            ..Settings::new("alice")
        });
        let mut party = Self {
            world,
            focus,
            state,
            alice,
            others: Vec::new(),
            calls: Vec::new(),
        };
        for n in 0..others {
            party.adds(&format!("p{n}"));
        }
        party
    }

    /// Alice calls one more, who picks up.
    fn adds(&mut self, name: &str) {
        let other = self.world.phone(&Settings::new(name));
        self.calls.push(self.alice.dial(&other.uri()));
        let rings = || other.ringing().is_some();
        assert!(self.world.run_while_not(secs(2), rings), "{name}");
        other.accept(other.ringing().unwrap());
        self.world.run_for(secs(1));
        self.others.push(other);
    }

    fn merges(&self) {
        let merge = Command::Merge(Merge::default());
        self.alice.command(merge).unwrap();
    }

    /// Alice's call with the conference.
    fn there(&self) -> Option<CallSnapshot> {
        let mut calls = self.alice.calls().into_iter();
        calls.find(|call| call.server_conference.is_some())
    }

    /// Who is there, as Alice is shown: user parts, hers in capital letters.
    fn roster(&self) -> Option<String> {
        let known = self.there()?.server_conference?.participants?;
        let name = |uri: &str| uri.split([':', '@']).nth(1).unwrap_or_default().to_owned();
        let mut all: Vec<String> = known
            .iter()
            .map(|one| match (one.you, one.state) {
                (true, ParticipantState::Connected) => name(&one.uri).to_uppercase(),
                (false, ParticipantState::Connected) => name(&one.uri),
                (_, state) => format!("{} {state:?}", name(&one.uri)),
            })
            .collect();
        all.sort();
        Some(all.join(" "))
    }

    /// Of each of Alice's calls with the others: `m` merged here, `H` held, `-` active, `.` over.
    fn shown(&self) -> String {
        let known = self.alice.calls();
        let letter = |handle: &CallHandle| {
            let call = known.iter().find(|call| call.call == *handle);
            match call.map(|call| (call.conference.is_some(), call.held_by_local)) {
                None => '.',
                Some((true, _)) => 'm',
                Some((false, true)) => 'H',
                Some((false, false)) => '-',
            }
        };
        self.calls.iter().map(letter).collect()
    }

    /// With whom the focus has a call: user parts.
    fn legs(&self) -> String {
        let known = self.state.borrow();
        let name = |uri: &String| uri.split([':', '@']).nth(1).unwrap_or_default().to_owned();
        let mut all: Vec<String> = known.legs.values().map(|(_, uri)| name(uri)).collect();
        all.sort();
        all.join(" ")
    }

    /// Warnings that Alice was told, by code; that no sound comes from a scripted focus is none of them.
    fn warned(&self) -> Vec<Code> {
        let told = self.alice.events().into_iter();
        let told = told.filter_map(|event| match event.body {
            EventBody::CallWarning(told) => Some(told.code),
            _ => None,
        });
        told.filter(|code| *code != Code::MEDIA_UNREACHABLE)
            .collect()
    }

    /// How the ways into the conference ended.
    fn ways(&self) -> Vec<TransferState> {
        let told = self.alice.events().into_iter();
        let told = told.filter_map(|event| match event.body {
            EventBody::TransferDone(told) | EventBody::TransferFailed(told) => Some(told.state),
            _ => None,
        });
        told.collect()
    }
}

/// M-070: the conference is called, all are sent there, and none of their calls stays here.
#[test]
fn m_070_m_071_calls_are_merged_at_the_server_and_who_is_there_is_shown() {
    let mut party = Party::new(1, 2, Odd::default());
    party.merges();
    party.world.run_for(secs(5));
    assert_eq!(party.shown(), "..", "{:?}", party.warned());
    assert_eq!(party.ways(), [TransferState::Completed; 2]);
    assert_eq!(party.legs(), "alice p0 p1");
    assert_eq!(party.roster().as_deref(), Some("ALICE p0 p1"));
    let there = party.there().unwrap();
    assert!(!there.held_by_local && there.conference.is_some_and(|one| one.person));
    assert_eq!(party.others[0].calls().len(), 1);
    let split = party.alice.command(Command::Split(CallRef {
        call: Some(there.call),
    }));
    assert_eq!(split.unwrap_err().code, Code::WRONG_STATE);
    // One more comes later, by its own name.
    party.adds("p2");
    assert!(party.there().unwrap().held_by_local);
    let merge = Merge {
        calls: vec![party.calls[2]],
    };
    party.alice.command(Command::Merge(merge)).unwrap();
    party.world.run_for(secs(5));
    assert_eq!(party.roster().as_deref(), Some("ALICE p0 p1 p2"));
    assert_eq!(
        (party.shown().as_str(), party.there().unwrap().held_by_local),
        ("...", false)
    );
    // One is removed, one leaves, and the list follows.
    let remove = |who: &str| {
        let participant = who.to_owned();
        let call = None;
        party
            .alice
            .command(Command::RemoveParticipant(RemoveParticipant {
                call,
                participant,
            }))
    };
    assert_eq!(remove("nobody").unwrap_err().code, Code::NOT_REMOVED);
    assert_eq!(remove("alice").unwrap_err().code, Code::NOT_REMOVED);
    remove("p1").unwrap();
    party.world.run_for(secs(2));
    assert_eq!(party.roster().as_deref(), Some("ALICE p0 p2"));
    assert!(party.others[1].calls().is_empty());
    party.others[0].hang_up(party.others[0].calls()[0].call);
    party.world.run_for(secs(2));
    assert_eq!(party.roster().as_deref(), Some("ALICE p2"));
    // The person leaves; whoever is there stays.
    party
        .alice
        .command(Command::EndConference(EndConference { keep: true }))
        .unwrap();
    party.world.run_for(secs(2));
    assert_eq!(
        (party.alice.calls().len(), party.legs().as_str()),
        (0, "p2")
    );
    assert_eq!(party.warned(), []);
    party.others[2].hang_up(party.others[2].calls()[0].call);
    party.world.run_for(secs(70));
    assert_eq!(party.world.unfinished(), Vec::<String>::new());
}

#[test]
fn m_071_ending_drops_everybody_at_the_server() {
    let party = Party::new(2, 6, Odd::default());
    party.merges();
    party.world.run_for(secs(5));
    assert_eq!(party.roster().as_deref(), Some("ALICE p0 p1 p2 p3 p4 p5"));
    party
        .alice
        .command(Command::EndConference(EndConference { keep: false }))
        .unwrap();
    party.world.run_for(secs(3));
    assert_eq!((party.alice.calls().len(), party.legs().as_str()), (0, ""));
    assert!(party.others.iter().all(|other| other.calls().is_empty()));
    assert_eq!(party.warned(), []);
}

/// M-071: what the server does not take is told, and the person leaves all the same.
#[test]
fn m_071_a_server_that_removes_nobody_or_names_nobody() {
    let odd = Odd {
        keeps: 403,
        ..Odd::default()
    };
    let party = Party::new(3, 2, odd);
    party.merges();
    party.world.run_for(secs(5));
    let participant = "p0".to_owned();
    let remove = RemoveParticipant {
        call: None,
        participant,
    };
    party
        .alice
        .command(Command::RemoveParticipant(remove))
        .unwrap();
    party.world.run_for(secs(2));
    assert_eq!(party.warned(), [Code::NOT_REMOVED]);
    assert_eq!(party.roster().as_deref(), Some("ALICE p0 p1"));
    party
        .alice
        .command(Command::EndConference(EndConference { keep: false }))
        .unwrap();
    party.world.run_for(secs(6));
    assert_eq!(
        (party.alice.calls().len(), party.legs().as_str()),
        (0, "p0 p1")
    );

    let odd = Odd {
        silent: true,
        ..Odd::default()
    };
    let party = Party::new(4, 2, odd);
    party.merges();
    party.world.run_for(secs(5));
    assert_eq!(
        (party.legs().as_str(), party.roster()),
        ("alice p0 p1", None)
    );
    party
        .alice
        .command(Command::EndConference(EndConference { keep: false }))
        .unwrap();
    party.world.run_for(secs(6));
    assert_eq!(
        (party.alice.calls().len(), party.warned()),
        (0, vec![Code::NOT_REMOVED])
    );
}

/// M-071: whoever leaves leaves every conference, at servers too.
#[test]
fn m_071_ending_leaves_every_conference_there_is() {
    for (seed, keep) in [(14, true), (15, false)] {
        let odd = Odd {
            silent: true,
            ..Odd::default()
        };
        let mut party = Party::new(seed, 2, odd);
        party.merges();
        party.world.run_for(secs(5));
        party.adds("p2");
        party.adds("p3");
        let calls = party.calls[2..].to_vec();
        let merge = Command::Merge(Merge { calls });
        party.alice.command(merge).unwrap();
        party.world.run_for(secs(5));
        assert_eq!(party.legs(), "alice alice p0 p1 p2 p3");
        assert_eq!(party.alice.calls().len(), 2, "two conferences");
        let end = Command::EndConference(EndConference { keep });
        party.alice.command(end).unwrap();
        party.world.run_for(secs(6));
        assert_eq!(party.alice.calls().len(), 0, "keep: {keep}");
        assert_eq!(party.legs(), "p0 p1 p2 p3");
    }
}

/// M-071: where the server names nobody, its report says that somebody is removed, under the command that asked.
#[test]
fn m_071_who_is_removed_is_told_where_the_server_names_nobody() {
    let odd = Odd {
        silent: true,
        ..Odd::default()
    };
    let party = Party::new(16, 2, odd);
    party.merges();
    party.world.run_for(secs(5));
    let known = party.state.borrow();
    let mut uris = known.legs.values().map(|(_, uri)| uri.clone());
    let participant = uris.find(|uri| uri.starts_with("sip:p0@")).unwrap();
    drop(uris);
    drop(known);
    let before = party.alice.events().len();
    let remove = RemoveParticipant {
        call: None,
        participant,
    };
    let remove = Command::RemoveParticipant(remove);
    party.alice.command(remove).unwrap();
    party.world.run_for(secs(3));
    assert_eq!(party.legs(), "alice p1");
    let events = party.alice.events().split_off(before);
    let told: Vec<_> = events
        .iter()
        .filter(|event| event.body.name() == "call.participants")
        .collect();
    let [told] = told.as_slice() else {
        panic!("{events:?}");
    };
    assert!(told.command.is_some());
    assert_eq!((party.roster(), party.warned()), (None, vec![]));
}

/// M-071: a hole in what the server tells is noticed, and everything is asked for anew (RFC 4575 §5.2).
#[test]
fn m_071_a_list_with_a_hole_is_asked_for_again() {
    let odd = Odd {
        gap: true,
        ..Odd::default()
    };
    let party = Party::new(5, 2, odd);
    party.merges();
    party.world.run_for(secs(8));
    assert_eq!(party.roster().as_deref(), Some("ALICE p0 p1"));
    assert!(party.state.borrow().subscribes > 1);
}

/// M-070: where there is no conference to be had, the calls are merged here, and the person is told.
#[test]
fn m_070_a_conference_that_is_refused_is_made_here() {
    let refuses = |refuses| Odd {
        refuses,
        ..Odd::default()
    };
    let plain = Odd {
        plain: true,
        ..Odd::default()
    };
    for odd in [refuses(403), refuses(503), refuses(404), refuses(1), plain] {
        let party = Party::new(6, 2, odd);
        party.merges();
        party.world.run_for(secs(15));
        assert_eq!(party.shown(), "mm", "{odd:?}");
        assert_eq!(party.warned(), [Code::NO_CONFERENCE], "{odd:?}");
        assert_eq!((party.there(), party.focus.count("SUBSCRIBE")), (None, 0));
        assert_eq!(party.alice.calls().len(), 2, "{odd:?}");
    }
}

/// M-070: whom the conference does not take stays here; where it takes nobody, the calls are merged here.
#[test]
fn m_070_whoever_does_not_get_there_is_not_lost() {
    let odd = Odd {
        others: 486,
        ..Odd::default()
    };
    let party = Party::new(7, 2, odd);
    party.merges();
    party.world.run_for(secs(10));
    assert_eq!(party.ways(), [TransferState::Recovered; 2]);
    assert_eq!(party.shown(), "mm");
    assert_eq!(party.warned(), [Code::NO_CONFERENCE]);
    assert_eq!(party.alice.calls().len(), 2);
}

/// M-070: one hangs up while it is put on hold, the other is not let in: nobody is in the conference, and whoever is left
/// goes on.
#[test]
fn m_070_who_hangs_up_before_the_way_there_is_not_there() {
    let odd = Odd {
        others: 486,
        ..Odd::default()
    };
    let mut party = Party::new(12, 1, odd);
    let peer = with_peer(&mut party, |_, _| {});
    // It never says that it is held.
    peer.on("INVITE", |_, _| {});
    party.merges();
    party.world.run_for(ms(500));
    let held = peer.last("INVITE").unwrap();
    let mut script = peer.script();
    let mut leg = Leg::called(&script, &held);
    let bye = leg.request(Method::Bye);
    script.send(bye, leg.to, |_, _| {});
    drop(script);
    party.world.run_for(secs(40));
    assert_eq!(peer.count("REFER"), 0);
    assert_eq!(party.warned(), [Code::NO_CONFERENCE, Code::WRONG_STATE]);
    assert_eq!(party.shown(), "-.");
    assert!(party.there().is_none(), "and nobody is alone there");
}

/// M-071: a server that reports on a removal before it answers: what it says is told under the command that asked, with
/// who it is, and a later report is of something else.
#[test]
fn m_071_a_report_before_the_answer_is_of_its_removal() {
    let odd = Odd {
        reports: 403,
        ..Odd::default()
    };
    let party = Party::new(13, 2, odd);
    party.merges();
    party.world.run_for(secs(5));
    let remove = RemoveParticipant {
        call: None,
        participant: "p1".to_owned(),
    };
    let told = party.alice.command(Command::RemoveParticipant(remove));
    told.unwrap();
    party.world.run_for(secs(3));
    let events = party.alice.events();
    let merged = events.iter().find(|e| e.body.name() == "call.merged");
    let warned: Vec<(String, bool)> = events
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::CallWarning(told) if told.code == Code::NOT_REMOVED => {
                Some((told.text.clone(), event.command == merged?.command))
            }
            _ => None,
        })
        .collect();
    let [(text, false)] = warned.as_slice() else {
        panic!("{warned:?}");
    };
    assert!(text.contains("403") && text.contains("p1@"), "{text}");
    assert_eq!(party.roster().as_deref(), Some("ALICE p0 p1"));
}

/// A call of Alice's with a phone that does with REFER what `rule` says.
fn with_peer(party: &mut Party, rule: impl Fn(&mut Script, &Request) + 'static) -> Peer {
    let peer = Peer::new(&mut party.world, "odd");
    peer.on("INVITE", |script, invite| {
        let contact = script.contact();
        answer(script, invite, 200, &contact);
    });
    peer.on("REFER", rule);
    party.calls.push(party.alice.dial(&peer.uri()));
    party.world.run_for(secs(2));
    peer
}

/// M-070: REFER refused, accepted and never reported on, reported as failed, never answered: the call stays, on hold,
/// beside the conference of the others, and can be gone on with.
#[test]
fn m_070_a_phone_that_does_not_go_there_stays_on_hold() {
    type Rule = Box<dyn Fn(&mut Script, &Request)>;
    let report = |code: u16| -> Rule {
        Box::new(move |script, refer| {
            script.reply(refer, 202, |r| r);
            let mut leg = Leg::called(script, refer);
            let notify = leg
                .request(Method::Notify)
                .header("Contact", script.contact())
                .header("Event", "refer")
                .header("Subscription-State", "terminated;reason=noresource")
                .body(
                    "message/sipfrag;version=2.0",
                    format!("SIP/2.0 {code} Said\r\n"),
                );
            script.send(notify, leg.to, |_, _| {});
        })
    };
    let refuse: Rule = Box::new(|script, refer| script.reply(refer, 405, |r| r));
    let never: Rule = Box::new(|script, refer| script.reply(refer, 202, |r| r));
    let mute: Rule = Box::new(|_, _| {});
    let rules = [
        (refuse, Code::TRANSFER_REFUSED),
        (report(486), Code::TRANSFER_NOT_TAKEN),
        (never, Code::TRANSFER_UNKNOWN),
        (mute, Code::TRANSFER_UNKNOWN),
    ];
    for (rule, code) in rules {
        let mut party = Party::new(8, 2, Odd::default());
        let peer = with_peer(&mut party, rule);
        party.merges();
        party.world.run_for(secs(60));
        assert_eq!(party.shown(), "..H", "{code}");
        assert_eq!(party.roster().as_deref(), Some("ALICE p0 p1"), "{code}");
        assert_eq!(peer.count("BYE"), 0, "{code}");
        let failed = party.alice.events().into_iter();
        let failed: Vec<Code> = failed
            .filter_map(|event| match event.body {
                EventBody::TransferFailed(told) => told.error.map(|error| error.code),
                _ => None,
            })
            .collect();
        assert_eq!(failed, [code]);
        party.alice.resume(party.calls[2]);
        party.world.run_for(secs(1));
        assert_eq!(party.shown(), "..-", "{code}");
        assert!(party.there().unwrap().held_by_local);
    }
}

/// M-070: whoever hangs up while the conference is called is not waited for; one who is left goes on, and the person
/// may give the conference up.
#[test]
fn m_070_hanging_up_while_the_conference_is_called() {
    let rings = Odd {
        refuses: 1,
        ..Odd::default()
    };
    let party = Party::new(9, 2, rings);
    party.merges();
    party.world.run_for(secs(1));
    party.others[0].hang_up(party.others[0].calls()[0].call);
    party.world.run_for(secs(15));
    assert_eq!(party.shown(), ".-");
    assert_eq!(party.alice.calls().len(), 1);

    let party = Party::new(10, 2, rings);
    party.merges();
    party.world.run_for(secs(1));
    let known = party.alice.calls();
    let asked = known.iter().find(|call| !party.calls.contains(&call.call));
    party.alice.hang_up(asked.unwrap().call);
    party.world.run_for(secs(15));
    assert_eq!((party.shown().as_str(), party.warned()), ("HH", vec![]));
}

/// M-070: what goes wrong at any moment leaves nobody on hold who cannot be gone on with: every call that is left is
/// known to both its ends, and the rest ended at both.
#[test]
#[allow(clippy::too_many_lines)] // One story, told in order.
fn m_070_nobody_is_stranded_whenever_something_breaks() {
    for seed in 0..30 {
        let mut rng = Rng::from_number(seed);
        let party = Party::new(seed, 3, Odd::default());
        party.merges();
        party.world.run_for(ms(rng.number() % 400));
        let who = (rng.number() % 3) as usize;
        let other = &party.others[who];
        let (net, hangs_up) = (party.alice.node(), seed % 3);
        match hangs_up {
            // It hangs up, maybe while its REFER is on the way.
            0 => {
                if let Some(call) = other.calls().first() {
                    other.hang_up(call.call);
                }
            }
            // The network between the person and it goes away.
            1 => party.world.space_mut().cut(net, other.node()),
            // It loses the conference's server.
            _ => {
                let focus = party.focus.node();
                party.world.space_mut().cut(focus, other.node());
            }
        }
        party.world.run_for(secs(300));
        let shown = party.shown();
        let ways = party.ways();
        assert_eq!(
            ways.len(),
            party.alice.count("call.transfer.requested"),
            "{seed}: {ways:?}"
        );
        for (n, phone) in party.others.iter().enumerate() {
            let here = shown.as_bytes()[n] != b'.';
            let there = party.legs().contains(&format!("p{n}"));
            let known = phone.calls().len();
            // Who was cut off learns of nothing until its session timer or person ends the call.
            if n == who && hangs_up > 0 {
                assert!(here || there || known <= 1, "{seed} p{n} {shown}: {known}");
                continue;
            }
            if n == who {
                assert!(
                    !here && known == usize::from(there),
                    "{seed} p{n} {shown}: {known}"
                );
                continue;
            }
            assert!(
                there && !here && known == 1,
                "{seed} p{n} {shown}: {known} {there}"
            );
        }
        if let Some(held) = party.calls.iter().find(|call| {
            let known = party.alice.calls();
            known
                .iter()
                .any(|one| one.call == **call && one.held_by_local)
        }) {
            party.alice.resume(*held);
            party.world.run_for(secs(40));
            let known = party.alice.calls();
            let again = known.iter().find(|one| one.call == *held);
            assert!(again.is_none_or(|one| !one.held_by_local), "{seed}");
        }
    }
}
