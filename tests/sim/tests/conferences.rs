//! Calls that are merged, with whole phones: who hears whom, who is told what, and how it ends.
#![allow(clippy::unwrap_used)]

use audio::Rate;
use audio::measure::line;
use base::Duration;
use control::command::{CallRef, Command};
use control::conference::{EndConference, Merge};
use control::recording::StartRecording;
use control::{CallHandle, Code, EventBody};
use offhook_sim::{LinkSettings, Phone, Settings, World};

const RATE: Rate = Rate::Hz16000;
/// As loud as each speaks; what counts as heard, and as not heard: G.711 leaves some noise. Unit: samples.
const LOUD: f64 = 2_000.0;
const HEARD: f64 = LOUD * 0.7;
const UNHEARD: f64 = LOUD * 0.03;

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The tone of party `n`. Unit: Hz.
fn tone(n: usize) -> f64 {
    300.0 + 110.0 * n as f64
}

/// Alice with as many others, who have all answered; the newest call is active.
struct Party {
    world: World,
    /// Alice is the last.
    phones: Vec<Phone>,
    /// Alice's calls with the others.
    calls: Vec<CallHandle>,
}

impl Party {
    fn new(seed: u64, others: usize) -> Self {
        Self::with(seed, others, &Settings::new("alice"))
    }

    /// The same, with Alice's phone set so.
    fn with(seed: u64, others: usize, alice: &Settings) -> Self {
        let mut world = World::new(seed);
        world.set_links(&LinkSettings {
            delay: Duration::from_millis(20),
            ..LinkSettings::CLEAN
        });
        let alice = world.phone(alice);
        let mut party = Self {
            phones: Vec::new(),
            calls: Vec::new(),
            world,
        };
        for n in 0..others {
            let other = party.world.phone(&Settings::new(&format!("p{n}")));
            party.calls.push(alice.dial(&other.uri()));
            let rings = || other.ringing().is_some();
            assert!(party.world.run_while_not(secs(2), rings), "{n}");
            other.accept(other.ringing().unwrap());
            party.world.run_for(secs(1));
            party.phones.push(other);
        }
        party.phones.push(alice);
        party
    }

    fn alice(&self) -> &Phone {
        &self.phones[self.phones.len() - 1]
    }

    /// Whom each hears when all say their tone at once, as letters; Alice is the last of them.
    fn hears(&self) -> Vec<String> {
        for (n, phone) in self.phones.iter().enumerate() {
            let step = core::f64::consts::TAU * tone(n) / 16_000.0;
            let wave = |at: usize| (LOUD * (step * at as f64).sin()) as i16;
            let said: Vec<i16> = (0..16_000 * 2).map(wave).collect();
            phone.take_heard();
            phone.say(&said);
        }
        self.world.run_for(Duration::from_millis(2_500));
        let of = |phone: &Phone| {
            let heard = phone.take_heard();
            // The middle second: all have begun and none has ended.
            let heard = heard.get(8_000..24_000).unwrap_or_default();
            let letter = |n: usize| {
                let strength = line(heard, RATE, tone(n));
                let letter = char::from(b'a' + n as u8);
                match (strength > HEARD, strength < UNHEARD) {
                    (true, _) => Some(letter),
                    (_, true) => None,
                    (false, false) => Some('?'),
                }
            };
            (0..self.phones.len()).filter_map(letter).collect()
        };
        self.phones.iter().map(of).collect()
    }

    /// Of Alice's calls, in order: `m` merged with her, `b` with others alone, a capital letter where it is
    /// held here, `-` alone, `.` over.
    fn shown(&self) -> String {
        let known = self.alice().calls();
        let letter = |handle: &CallHandle| {
            let Some(call) = known.iter().find(|call| call.call == *handle) else {
                return '.';
            };
            let letter = match call.conference {
                Some(conference) if conference.person => 'm',
                Some(_) => 'b',
                None => '-',
            };
            match (call.held_by_local, letter) {
                (true, '-') => 'H',
                (true, letter) => letter.to_ascii_uppercase(),
                (false, letter) => letter,
            }
        };
        self.calls.iter().map(letter).collect()
    }

    fn command(&self, command: Command) -> Result<(), Code> {
        let outcome = self.alice().command(command);
        outcome.map(drop).map_err(|why| why.code)
    }

    fn on(&self, n: usize) -> CallRef {
        CallRef {
            call: Some(self.calls[n]),
        }
    }
}

/// M-070: eight others, who each hear all but themselves.
#[test]
fn m_070_eight_calls_are_merged_and_each_hears_all_others() {
    let party = Party::new(1, 8);
    assert_eq!(party.shown(), "HHHHHHH-");
    party.command(Command::Merge(Merge::default())).unwrap();
    party.world.run_for(secs(1));
    assert_eq!(party.shown(), "mmmmmmmm");
    let all = "abcdefghi";
    for (n, heard) in party.hears().into_iter().enumerate() {
        let own = char::from(b'a' + n as u8);
        assert_eq!(heard, all.replace(own, ""), "{own}");
    }
    let events = party.alice().events();
    let merged: Vec<_> = events
        .iter()
        .filter_map(|event| {
            let EventBody::CallMerged(told) = &event.body else {
                return None;
            };
            Some((event.command, told))
        })
        .collect();
    assert_eq!(merged.len(), 8);
    for (command, told) in merged {
        assert!(command.is_some() && told.with.len() == 7);
        assert!(told.snapshot.conference.is_some_and(|one| one.person));
    }
}

#[test]
fn m_071_one_is_split_off_one_leaves_and_the_last_is_an_ordinary_call() {
    let party = Party::new(2, 3);
    party.alice().merge();
    party.world.run_for(secs(1));
    assert_eq!(party.hears(), ["bcd", "acd", "abd", "abc"]);
    party.command(Command::Split(party.on(0))).unwrap();
    party.world.run_for(secs(1));
    assert_eq!(party.shown(), "Hmm");
    assert_eq!(party.hears(), ["", "cd", "bd", "bc"]);
    // Back into it, by name.
    let calls = vec![party.calls[0]];
    party.command(Command::Merge(Merge { calls })).unwrap();
    party.world.run_for(secs(1));
    assert_eq!(party.hears(), ["bcd", "acd", "abd", "abc"]);
    // One hangs up, then Alice removes another.
    let theirs = party.phones[1].calls()[0].call;
    party.phones[1].hang_up(theirs);
    party.world.run_for(secs(1));
    assert_eq!(
        (party.shown().as_str(), party.hears()),
        (
            "m.m",
            vec!["cd".into(), String::new(), "ad".into(), "ac".into()]
        )
    );
    party.alice().hang_up(party.calls[0]);
    party.world.run_for(secs(1));
    assert_eq!(party.shown(), "..-");
    assert_eq!(party.hears(), ["", "", "d", "c"]);
    assert_eq!(party.alice().count("call.split"), 2);
}

#[test]
fn m_071_all_are_split_and_the_newest_goes_on() {
    let party = Party::new(3, 3);
    party.alice().merge();
    party.world.run_for(secs(1));
    party
        .command(Command::Split(CallRef { call: None }))
        .unwrap();
    party.world.run_for(secs(1));
    assert_eq!(party.shown(), "HH-");
    assert_eq!(party.hears(), ["", "", "d", "c"]);
}

#[test]
fn m_071_the_person_leaves_and_the_others_go_on_or_not() {
    let party = Party::new(4, 3);
    party.alice().merge();
    party.world.run_for(secs(1));
    let keep = EndConference { keep: true };
    party.command(Command::EndConference(keep)).unwrap();
    party.world.run_for(secs(1));
    assert_eq!(party.shown(), "bbb");
    assert_eq!(party.hears(), ["bc", "ac", "ab", ""]);
    // Alice comes back to them.
    party.alice().merge();
    party.world.run_for(secs(1));
    assert_eq!(
        (party.shown(), party.hears()[3].as_str()),
        ("mmm".into(), "abc")
    );
    party.command(Command::EndConference(keep)).unwrap();
    party.world.run_for(secs(1));
    // With the last but one the last one's call ends too.
    for n in [0, 1] {
        let theirs = party.phones[n].calls()[0].call;
        party.phones[n].hang_up(theirs);
        party.world.run_for(secs(1));
    }
    assert_eq!(
        (party.shown().as_str(), party.phones[2].calls().len()),
        ("...", 0)
    );

    let party = Party::new(5, 2);
    party.alice().merge();
    party.world.run_for(secs(1));
    party
        .command(Command::EndConference(EndConference::default()))
        .unwrap();
    party.world.run_for(secs(1));
    assert_eq!(party.shown(), "..");
}

#[test]
fn m_070_muted_the_others_still_hear_each_other_and_held_they_wait() {
    let party = Party::new(6, 3);
    party.alice().merge();
    party.world.run_for(secs(1));
    for &call in &party.calls {
        party.alice().mute(call, true);
    }
    assert_eq!(party.hears(), ["bc", "ac", "ab", "abc"]);
    for &call in &party.calls {
        party.alice().mute(call, false);
    }
    party.alice().hold(party.calls[1]);
    party.world.run_for(secs(1));
    assert_eq!(
        (party.shown().as_str(), party.hears()),
        (
            "mMm",
            vec!["cd".into(), String::new(), "ad".into(), "ac".into()]
        )
    );
    party.alice().resume(party.calls[1]);
    party.world.run_for(secs(1));
    assert_eq!(party.hears(), ["bcd", "acd", "abd", "abc"]);
}

#[test]
fn m_070_another_call_holds_the_conference_and_it_comes_back_as_one() {
    let mut party = Party::new(7, 2);
    party.alice().merge();
    party.world.run_for(secs(1));
    let dora = party.world.phone(&Settings::new("dora"));
    let theirs = dora.dial(&party.alice().uri());
    party.world.run_for(secs(1));
    let ours = party.alice().ringing().unwrap();
    // While it rings nobody of the conference hears it, nor it them.
    assert_eq!(party.hears(), ["bc", "ac", "ab"]);
    party.alice().accept(ours);
    party.world.run_for(secs(1));
    assert_eq!(party.shown(), "MM");
    assert_eq!(party.hears(), ["", "", ""]);
    party.alice().swap();
    party.world.run_for(secs(1));
    assert_eq!(party.shown(), "mm");
    assert_eq!(party.hears(), ["bc", "ac", "ab"]);
    dora.hang_up(theirs);
    party.world.run_for(secs(1));
    assert_eq!(party.shown(), "mm");
}

#[test]
fn m_070_what_cannot_be_merged_is_said() {
    let party = Party::new(8, 1);
    let refused = party.command(Command::Merge(Merge::default()));
    assert_eq!(refused, Err(Code::WRONG_STATE));
    assert_eq!(
        party.command(Command::Split(party.on(0))),
        Err(Code::WRONG_STATE)
    );
    let end = Command::EndConference(EndConference::default());
    assert_eq!(party.command(end), Err(Code::WRONG_STATE));
    let unknown = Merge {
        calls: vec![CallHandle::from_number(999)],
    };
    assert_eq!(
        party.command(Command::Merge(unknown)),
        Err(Code::UNKNOWN_CALL)
    );
    assert_eq!(party.shown(), "-");
    // Nobody to merge with, said by the part too.
    party.alice().merge();
    party.world.run_for(secs(1));
    assert_eq!(
        (party.alice().count("call.warning"), party.shown().as_str()),
        (1, "-")
    );
}

/// M-070: whoever records one call of a conference has everybody in that file: the far end of that call on its own
/// side, the person and all others on the other.
#[test]
fn m_070_the_recording_of_a_conference_has_everybody() {
    let folder = tempfile::tempdir().unwrap();
    let alice = Settings {
        recordings: Some(folder.path().display().to_string()),
        ..Settings::new("alice")
    };
    let party = Party::with(21, 3, &alice);
    party.alice().merge();
    party.world.run_for(secs(1));
    let start = StartRecording {
        call: Some(party.calls[0]),
        path: Some("all".to_owned()),
        ..StartRecording::default()
    };
    party.command(Command::StartRecording(start)).unwrap();
    party.world.run_for(Duration::from_millis(200));
    assert_eq!(party.hears(), ["bcd", "acd", "abd", "abc"]);
    party.command(Command::StopRecording(party.on(0))).unwrap();
    party.world.run_for(secs(1));
    let path = folder.path().join("all.wav");
    let reader = hound::WavReader::open(path).unwrap();
    let rate = audio::Rate::from_hertz(reader.spec().sample_rate).unwrap();
    let channels = usize::from(reader.spec().channels);
    let all: Vec<i16> = reader.into_samples().map(Result::unwrap).collect();
    let who = |which: usize| -> String {
        let side = all.chunks(channels).map(|frame| frame[which]);
        let second = rate.hertz() as usize;
        let middle: Vec<i16> = side.skip(second * 4 / 5).take(second).collect();
        let letter = |n: usize| {
            let letter = char::from(b'a' + n as u8);
            (line(&middle, rate, tone(n)) > HEARD).then_some(letter)
        };
        (0..4).filter_map(letter).collect()
    };
    assert_eq!(
        (channels, who(0), who(1)),
        (2, "bcd".to_owned(), "a".to_owned())
    );
}
