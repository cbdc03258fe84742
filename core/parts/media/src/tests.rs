use super::*;
use base::{Hertz, PayloadType};
use ports::media::News;
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
        tones: Tones::default(),
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

/// Tones that were asked for, and told, at `at` ms.
fn sounds(media: &mut Media, at: u64, word: Option<Word>) -> Vec<String> {
    let now = Instant::from_nanos(at * 1_000_000);
    let mut out = Outbox::new();
    match word {
        Some(word) => media.handle(word, now, &mut out),
        None => media.handle_time(now, &mut out),
    }
    let posts = std::iter::from_fn(|| out.take()).filter_map(|post| {
        if let Post::Event(ports::events::Word::Tell { body, .. }) = &post {
            return Some(body.name().to_owned());
        }
        let Post::Voice(Do::Tone { tone, .. }) = post else {
            return None;
        };
        Some(tone.map_or_else(|| "silence".to_owned(), |tone| tone.to_string()))
    });
    posts.collect()
}

fn stands(number: u64, standing: ports::media::Standing) -> Option<Word> {
    Some(Word::News(News::Stands {
        call: CallHandle::from_number(number),
        account: Some("office".parse().unwrap()),
        standing,
    }))
}

fn with_tones() -> Media {
    let mut media = media(4);
    let tone = |text: &str| Some(text.parse().unwrap());
    let tones = Tones {
        all: audio::call_tone::CallTones {
            ringing: tone("periodic(sine(1,1,1))"),
            busy: tone("sine(500,2000,400)"),
            waiting: tone("periodic(silence(7))"),
            ..Default::default()
        },
        ..Tones::default()
    };
    media.sounds = Sounds::new(&tones);
    media
}

/// K-190: sound of the far end takes the place of the tone (RFC 3960 §3.2).
#[test]
fn k_190_early_media_takes_the_place_of_ringing() {
    use ports::media::Standing::{Ringing, Trying, Up};
    let mut media = with_tones();
    assert!(
        sounds(&mut media, 0, stands(1, Trying)).is_empty(),
        "no tone is set"
    );
    let began = sounds(&mut media, 10, stands(1, Ringing));
    assert_eq!(began, ["tone.started", "periodic(sine(1,1,1))"]);
    assert!(
        sounds(&mut media, 20, stands(1, Ringing)).is_empty(),
        "it goes on"
    );
    let flowing = Some(Word::Voice(Report::Flowing { leg: LegId(1) }));
    assert_eq!(sounds(&mut media, 30, flowing), ["tone.stopped", "silence"]);
    assert!(sounds(&mut media, 40, stands(1, Up)).is_empty());
}

/// A tone that is not periodic sounds once.
#[test]
fn a_tone_that_ends_by_itself_is_told_and_not_begun_again() {
    use ports::media::Standing::{Busy, Trying};
    let mut media = with_tones();
    let began = sounds(&mut media, 0, stands(1, Busy));
    assert_eq!(began, ["tone.started", "sine(500,2000,400)"]);
    assert_eq!(media.deadline(), Some(Instant::from_nanos(500_000_000)));
    assert_eq!(sounds(&mut media, 500, None), ["silence", "tone.stopped"]);
    assert!(sounds(&mut media, 8_000, None).is_empty());
    assert_eq!(media.deadline(), None);
    assert!(sounds(&mut media, 9_000, stands(2, Trying)).is_empty());
}

/// A call that is dialled comes before one that waits.
#[test]
fn one_tone_sounds_at_a_time() {
    use ports::media::Standing::{Hushed, Incoming, Ringing, Up};
    let mut media = with_tones();
    assert!(sounds(&mut media, 0, stands(1, Up)).is_empty());
    let began = sounds(&mut media, 1, stands(2, Incoming));
    assert_eq!(began, ["tone.started", "periodic(silence(7))"]);
    let other = sounds(&mut media, 2, stands(3, Ringing));
    assert_eq!(
        other,
        ["tone.stopped", "tone.started", "periodic(sine(1,1,1))"]
    );
    let back = sounds(&mut media, 3, stands(3, Hushed));
    assert_eq!(
        back,
        ["tone.stopped", "tone.started", "periodic(silence(7))"]
    );
    let gone = Some(Word::Restarted(ports::Address::Dialogs));
    assert_eq!(sounds(&mut media, 4, gone), ["tone.stopped", "silence"]);
}
