use super::*;
use base::{Hertz, PayloadType};
use sdp::NegotiatedFormat;

fn media(legs: usize) -> Media {
    let pcmu = Capability {
        name: "PCMU".into(),
        clock_rate: Hertz(8000),
        channels: 1,
        static_payload_type: Some(PayloadType::PCMU),
        fmtp: String::new(),
        rules: Vec::new(),
        frame_ms: 10,
        longest_ms: 200,
        ptime_ms: 20,
    };
    Media::new(Settings {
        codecs: vec![pcmu.into()],
        accounts: BTreeMap::new(),
        telephone_event: true,
        narrow_events: false,
        ptime_ms: None,
        max_ptime_ms: None,
        held: Held::Nothing,
        legs,
    })
}

fn tell(media: &mut Media, word: Word) -> Vec<String> {
    let mut out = Outbox::new();
    media.handle(word, Instant::ZERO, &mut out);
    std::iter::from_fn(|| out.take())
        .map(|post| format!("{post:?}"))
        .collect()
}

fn prepare(number: u64) -> Word {
    let local = IpAddr::from([127, 0, 0, 1]);
    Word::Prepare {
        call: CallHandle::from_number(number),
        account: None,
        local,
        sound: Sound::Echo,
    }
}

#[test]
fn a_call_past_the_bound_is_told_that_there_is_no_media() {
    let mut media = media(1);
    assert!(tell(&mut media, prepare(1))[0].contains("OpenPorts"));
    assert!(tell(&mut media, prepare(2))[0].contains("have media already"));
}

#[test]
fn ports_of_a_released_call_are_not_offered() {
    let mut media = media(4);
    tell(&mut media, prepare(1));
    let call = CallHandle::from_number(1);
    assert!(tell(&mut media, Word::Release { call })[0].contains("Stop"));
    let ports = Report::Ports {
        leg: LegId(1),
        ports: Ok((4000, 4001)),
        shut_out: Vec::new(),
    };
    assert!(tell(&mut media, Word::Voice(ports)).is_empty());
    let stopped = Report::Stopped {
        leg: LegId(1),
        quality: None,
    };
    assert!(tell(&mut media, Word::Voice(stopped))[0].contains("Stopped(None)"));
    assert!(media.legs.is_empty());
}

#[test]
fn an_odd_rtcp_port_is_said_and_the_next_one_is_not() {
    let mut media = media(4);
    tell(&mut media, prepare(1));
    let odd = Report::Ports {
        leg: LegId(1),
        ports: Ok((4000, 4007)),
        shut_out: Vec::new(),
    };
    assert!(tell(&mut media, Word::Voice(odd))[0].contains("rtcp_port: Some(4007)"));
    tell(&mut media, prepare(2));
    let next = Report::Ports {
        leg: LegId(2),
        ports: Ok((4002, 4003)),
        shut_out: Vec::new(),
    };
    assert!(tell(&mut media, Word::Voice(next))[0].contains("rtcp_port: None"));
}

#[test]
fn a_dialogs_part_that_was_made_anew_leaves_no_leg_behind() {
    let mut media = media(4);
    tell(&mut media, prepare(1));
    tell(&mut media, prepare(2));
    let told = tell(&mut media, Word::Restarted(ports::Address::Dialogs));
    assert_eq!(told.iter().filter(|word| word.contains("Stop")).count(), 2);
}

/// Codecs are those of the call's account, and so is what their plugins are told.
#[test]
fn an_account_has_its_own_codecs() {
    let mut media = media(4);
    let mut own = media.settings.codecs.clone();
    own[0].capability.fmtp = "a=1".into();
    own[0].options = "{}".into();
    media.settings.accounts.insert("office".into(), own);
    let mut said = |number: u64, account: Option<&str>| {
        let call = CallHandle::from_number(number);
        let account = account.map(|name| name.parse().unwrap());
        let local = IpAddr::from([127, 0, 0, 1]);
        let sound = Sound::Echo;
        tell(
            &mut media,
            Word::Prepare {
                call,
                account,
                local,
                sound,
            },
        );
        let ports = Report::Ports {
            leg: LegId(number),
            ports: Ok((4000, 4001)),
            shut_out: Vec::new(),
        };
        let ready = tell(&mut media, Word::Voice(ports)).remove(0);
        let agreed = agreed();
        let run = tell(&mut media, Word::Apply { call, agreed }).remove(0);
        (
            ready.contains("fmtp: \"a=1\""),
            run.contains("options: \"{}\""),
        )
    };
    assert_eq!(said(1, Some("office")), (true, true));
    assert_eq!(said(2, Some("other")), (false, false));
    assert_eq!(said(3, None), (false, false));
}

fn agreed() -> Box<Agreed> {
    let number = PayloadType::PCMU;
    Box::new(Agreed {
        local: 0,
        remote_rtp: None,
        remote_rtcp: None,
        rtcp_mux: false,
        format: NegotiatedFormat {
            send: number,
            receive: number,
            name: "PCMU".into(),
            clock_rate: Hertz(8000),
            channels: 1,
            fmtp: String::new(),
            local_fmtp: String::new(),
        },
        others: Vec::new(),
        telephone_event: None,
        ptime_ms: 20,
        direction: sdp::Direction::SendRecv,
        remote_direction: sdp::Direction::SendRecv,
    })
}
