use super::*;
use crate::{Error, FmtpKind, FmtpRule, LocalSession, Preference};
use core::net::IpAddr;
use expect_test::{Expect, expect};

fn codec(name: &str, clock: u32, channels: u8, number: Option<u8>) -> Capability {
    Capability {
        name: name.into(),
        clock_rate: Hertz(clock),
        channels,
        static_payload_type: number.and_then(PayloadType::new),
        fmtp: String::new(),
        rules: Vec::new(),
        frame_ms: 10,
        longest_ms: 200,
        ptime_ms: 20,
    }
}

fn pcmu() -> Capability {
    codec("PCMU", 8000, 1, Some(0))
}

fn pcma() -> Capability {
    codec("PCMA", 8000, 1, Some(8))
}

fn opus() -> Capability {
    let mut opus = codec("opus", 48000, 2, None);
    opus.longest_ms = 60;
    opus.fmtp = "useinbandfec=1".into();
    opus.rules = vec![FmtpRule {
        name: "useinbandfec".into(),
        default: Some("0".into()),
        kind: FmtpKind::Opaque,
    }];
    opus
}

fn ilbc() -> Capability {
    let mut ilbc = codec("iLBC", 8000, 1, Some(102));
    ilbc.fmtp = "mode=20".into();
    ilbc.rules = vec![FmtpRule {
        name: "mode".into(),
        default: Some("30".into()),
        kind: FmtpKind::Max,
    }];
    ilbc.frame_ms = 20;
    ilbc.ptime_ms = 20;
    ilbc
}

fn us(formats: Vec<Capability>) -> LocalSession {
    let addr: IpAddr = "192.0.2.1".parse().unwrap();
    LocalSession {
        session_id: 11,
        first_version: 1,
        addr,
        media: vec![LocalMedia::audio(addr, 4000, formats)],
        preference: Preference::Offerer,
    }
}

fn read(text: &str) -> SessionDescription {
    SessionDescription::parse(text.as_bytes()).unwrap()
}

/// A description of the peer with these m= sections.
fn peer(sections: &str) -> SessionDescription {
    read(&format!(
        "v=0\no=peer 5 1 IN IP4 198.51.100.2\ns=-\nc=IN IP4 198.51.100.2\nt=0 0\n{sections}"
    ))
}

fn says(description: &SessionDescription, want: Expect) {
    want.assert_eq(&description.to_string().replace('\r', ""));
}

fn answered(sections: &str, local: &LocalSession) -> (SessionDescription, Vec<Negotiated>) {
    let (ours, negotiated) = answer(&peer(sections), local, None).unwrap();
    assert_eq!(ours.media_count(), peer(sections).media_count());
    (ours, negotiated)
}

fn agreed(negotiated: &[Negotiated]) -> &Agreed {
    negotiated.iter().find_map(Negotiated::agreed).unwrap()
}

fn m_lines(description: &SessionDescription) -> Vec<String> {
    let text = description.to_string();
    let lines = text.lines().filter_map(|line| line.strip_prefix("m="));
    lines.map(str::to_owned).collect()
}

#[test]
fn an_offer_lists_formats_in_our_order_and_digits_at_each_clock() {
    says(
        &offer(&us(vec![opus(), pcmu(), ilbc()]), None),
        expect![[r#"
            v=0
            o=- 11 1 IN IP4 192.0.2.1
            s=-
            c=IN IP4 192.0.2.1
            t=0 0
            m=audio 4000 RTP/AVP 96 0 102 97 101
            a=rtpmap:96 opus/48000/2
            a=fmtp:96 useinbandfec=1
            a=rtpmap:0 PCMU/8000
            a=rtpmap:102 iLBC/8000
            a=fmtp:102 mode=20
            a=rtpmap:97 telephone-event/48000
            a=fmtp:97 0-15
            a=rtpmap:101 telephone-event/8000
            a=fmtp:101 0-15
            a=ptime:20
            a=sendrecv
        "#]],
    );
}

#[test]
fn an_answer_takes_one_codec_and_its_digits() {
    let sections = "m=audio 5000 RTP/AVP 18 8 0 100 101\na=mid:voice\n\
        a=rtpmap:100 telephone-event/16000\na=rtpmap:101 telephone-event/8000\na=ptime:30\n";
    let (ours, negotiated) = answered(sections, &us(vec![pcmu(), pcma()]));
    says(
        &ours,
        expect![[r#"
            v=0
            o=- 11 1 IN IP4 192.0.2.1
            s=-
            c=IN IP4 192.0.2.1
            t=0 0
            m=audio 4000 RTP/AVP 8 101
            a=mid:voice
            a=rtpmap:8 PCMA/8000
            a=rtpmap:101 telephone-event/8000
            a=fmtp:101 0-15
            a=ptime:20
            a=sendrecv
        "#]],
    );
    let pcma = PayloadType::PCMA;
    let events = PayloadType::new(101).unwrap();
    let want = Agreed {
        local: 0,
        remote_rtp: Some("198.51.100.2:5000".parse().unwrap()),
        remote_rtcp: Some("198.51.100.2:5001".parse().unwrap()),
        rtcp_mux: false,
        format: NegotiatedFormat {
            send: pcma,
            receive: pcma,
            name: "PCMA".into(),
            clock_rate: Hertz(8000),
            channels: 1,
            fmtp: String::new(),
            local_fmtp: String::new(),
        },
        others: Vec::new(),
        telephone_event: Some(TelephoneEvent {
            send: events,
            receive: events,
            clock_rate: Hertz(8000),
        }),
        ptime_ms: 30,
        direction: Direction::SendRecv,
        remote_direction: Direction::SendRecv,
    };
    assert_eq!(negotiated[0].mid.as_deref(), Some("voice"));
    assert_eq!(negotiated[0].outcome, Outcome::Accepted(Box::new(want)));
}

/// M-031: the priority list of the peer or of this phone decides.
#[test]
fn m031_whose_order_decides_is_a_setting() {
    let mut local = us(vec![pcma(), pcmu()]);
    let sections = "m=audio 5000 RTP/AVP 0 8\n";
    assert_eq!(agreed(&answered(sections, &local).1).format.name, "PCMU");
    local.preference = Preference::Ours;
    assert_eq!(agreed(&answered(sections, &local).1).format.name, "PCMA");
}

/// M-032: static numbers need no rtpmap, and a dynamic number may carry a static codec.
#[test]
fn m032_g711_is_found_by_number_or_by_name() {
    let local = us(vec![pcmu(), pcma()]);
    for (sections, name, number) in [
        ("m=audio 5000 RTP/AVP 0\n", "PCMU", 0),
        ("m=audio 5000 RTP/AVP 8\n", "PCMA", 8),
        (
            "m=audio 5000 RTP/AVP 99\na=rtpmap:99 pcma/8000/1\n",
            "PCMA",
            99,
        ),
        ("m=audio 5000 RTP/AVPF 0\na=rtpmap:0 PCMU/8000\n", "PCMU", 0),
    ] {
        let format = agreed(&answered(sections, &local).1).format.clone();
        assert_eq!((format.name.as_str(), format.send.get()), (name, number));
    }
}

/// RFC 3264 §6.1, every pair of what is offered and what we want.
#[test]
fn answer_direction_never_exceeds_the_offer_nor_our_wish() {
    use Direction::{Inactive, RecvOnly, SendOnly, SendRecv};
    let all = [SendRecv, SendOnly, RecvOnly, Inactive];
    let want = [
        [SendRecv, SendOnly, RecvOnly, Inactive], // offered sendrecv
        [RecvOnly, Inactive, RecvOnly, Inactive], // offered sendonly
        [SendOnly, SendOnly, Inactive, Inactive], // offered recvonly
        [Inactive, Inactive, Inactive, Inactive], // offered inactive
    ];
    for (offered, row) in all.into_iter().zip(want) {
        for (wish, want) in all.into_iter().zip(row) {
            let mut local = us(vec![pcmu()]);
            local.media[0].direction = wish;
            let sections = format!("m=audio 5000 RTP/AVP 0\na={}\n", offered.name());
            let (ours, negotiated) = answered(&sections, &local);
            assert_eq!(
                ours.media(0).unwrap().direction(),
                want,
                "{offered:?} {wish:?}"
            );
            assert_eq!(agreed(&negotiated).direction, want);
            assert_eq!(agreed(&negotiated).remote_direction, offered);
        }
    }
}

/// M-069; RFC 3264 §8.4: c= 0.0.0.0 means that nothing may be sent there.
#[test]
fn m069_old_hold_is_answered_recvonly_and_has_no_destination() {
    let sections = "m=audio 5000 RTP/AVP 0\nc=IN IP4 0.0.0.0\n";
    let (ours, negotiated) = answered(sections, &us(vec![pcmu()]));
    assert_eq!(ours.media(0).unwrap().direction(), Direction::RecvOnly);
    let agreed = agreed(&negotiated);
    assert_eq!((agreed.remote_rtp, agreed.remote_rtcp), (None, None));
    assert!(!agreed.remote_direction.receives());
}

#[test]
fn what_we_lack_is_answered_with_port_0_and_keeps_its_place() {
    let sections = "m=video 6000 RTP/AVP 99\na=mid:v\na=rtpmap:99 H264/90000\n\
        m=audio 5000 RTP/AVP 0\na=mid:a\nm=application 9 UDP/BFCP *\nm=audio 5002 RTP/AVP 8\n";
    let (ours, negotiated) = answered(sections, &us(vec![pcmu(), pcma()]));
    assert_eq!(
        m_lines(&ours),
        [
            "video 0 RTP/AVP 99",
            "audio 4000 RTP/AVP 0",
            "application 0 UDP/BFCP *",
            "audio 0 RTP/AVP 8"
        ]
    );
    let mids: Vec<_> = ours
        .sections()
        .map(|s| s.mid().map(str::to_owned))
        .collect();
    assert_eq!(mids, [Some("v".into()), Some("a".into()), None, None]);
    let outcomes: Vec<_> = negotiated.iter().map(|n| n.agreed().is_some()).collect();
    assert_eq!(outcomes, [false, true, false, false]);
}

#[test]
fn refused_sections_survive_our_own_re_offer_and_the_version_tells_of_change() {
    let sections = "m=video 6000 RTP/AVP 99\na=rtpmap:99 H264/90000\nm=audio 5000 RTP/AVP 0\n";
    let mut local = us(vec![pcmu()]);
    let (ours, _) = answered(sections, &local);
    let previous = Previous {
        local: ours.clone(),
        remote: Some(peer(sections)),
    };
    local.media[0].direction = Direction::SendOnly;
    let hold = offer(&local, Some(&previous));
    assert_eq!(
        m_lines(&hold),
        ["video 0 RTP/AVP 99", "audio 4000 RTP/AVP 0 101"]
    );
    assert_eq!(hold.origin().version, ours.origin().version + 1);

    let previous = Previous {
        local: hold.clone(),
        remote: None,
    };
    let again = offer(&local, Some(&previous));
    assert_eq!(again, hold, "nothing changed, so the version stays");
}

#[test]
fn an_unchanged_answer_keeps_its_version() {
    let local = us(vec![pcmu()]);
    let sections = "m=audio 5000 RTP/AVP 0\n";
    let (first, _) = answered(sections, &local);
    let previous = Previous {
        local: first.clone(),
        remote: Some(peer(sections)),
    };
    let (same, _) = answer(&peer(sections), &local, Some(&previous)).unwrap();
    assert_eq!(same, first);
    let held = peer("m=audio 5000 RTP/AVP 0\na=sendonly\n");
    let (changed, _) = answer(&held, &local, Some(&previous)).unwrap();
    assert_eq!(changed.origin().version, first.origin().version + 1);
    assert!(!changed.same_but_version(&first));
}

/// RFC 3264 §8.3.2: a number never changes its meaning within a session.
#[test]
fn a_re_offer_keeps_numbers_and_never_reuses_the_peers() {
    let sections = "m=audio 5000 RTP/AVP 111 96 101\na=rtpmap:111 opus/48000/2\n\
        a=rtpmap:96 speex/16000\na=rtpmap:101 speex/8000\n";
    let local = us(vec![opus(), pcmu(), codec("L16", 16000, 1, None)]);
    let (ours, _) = answered(sections, &local);
    let previous = Previous {
        local: ours,
        remote: Some(peer(sections)),
    };
    let again = offer(&local, Some(&previous));
    assert_eq!(m_lines(&again), ["audio 4000 RTP/AVP 111 0 97 98 99 100"]);
}

#[test]
fn an_answer_may_number_formats_its_own_way() {
    let local = us(vec![opus(), pcmu()]);
    let ours = offer(&local, None);
    let theirs = peer(
        "m=audio 5000 RTP/AVP 120 0 121\na=rtpmap:120 OPUS/48000/2\na=fmtp:120 useinbandfec=0\n\
         a=rtpmap:121 telephone-event/48000\na=ptime:40\n",
    );
    let negotiated = accept_answer(&ours, &theirs, &local).unwrap();
    let agreed = agreed(&negotiated);
    assert_eq!(
        (agreed.format.send.get(), agreed.format.receive.get()),
        (120, 96)
    );
    assert_eq!(agreed.format.fmtp, "useinbandfec=0");
    assert_eq!(agreed.format.local_fmtp, "useinbandfec=1");
    let others: Vec<_> = agreed.others.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(others, ["PCMU"]);
    let events = agreed.telephone_event.unwrap();
    assert_eq!((events.send.get(), events.receive.get()), (121, 97));
    assert_eq!(agreed.ptime_ms, 40);
}

#[test]
fn an_answer_that_explains_no_number_means_ours() {
    let local = us(vec![opus(), pcmu()]);
    let ours = offer(&local, None);
    let negotiated = accept_answer(&ours, &peer("m=audio 5000 RTP/AVP 96 97\n"), &local).unwrap();
    assert_eq!(agreed(&negotiated).format.name, "opus");
    assert!(agreed(&negotiated).telephone_event.is_some());
}

#[test]
fn digits_need_a_clock_like_the_codecs() {
    let sections = "m=audio 5000 RTP/AVP 111 101\na=rtpmap:111 opus/48000/2\n\
        a=rtpmap:101 telephone-event/8000\n";
    let (ours, negotiated) = answered(sections, &us(vec![opus()]));
    assert_eq!(agreed(&negotiated).telephone_event, None);
    assert_eq!(m_lines(&ours), ["audio 4000 RTP/AVP 111"]);

    let mut silent = us(vec![pcmu()]);
    silent.media[0].telephone_event = false;
    let sections = "m=audio 5000 RTP/AVP 0 101\na=rtpmap:101 telephone-event/8000\n";
    assert_eq!(agreed(&answered(sections, &silent).1).telephone_event, None);
    assert_eq!(m_lines(&offer(&silent, None)), ["audio 4000 RTP/AVP 0"]);
}

#[test]
fn packet_time_is_theirs_in_whole_frames_within_their_maximum() {
    let mut short = pcmu();
    short.longest_ms = 60;
    for (codec, said, want) in [
        (pcmu(), "", 20),
        (pcmu(), "a=ptime:60\n", 60),
        (pcmu(), "a=ptime:60\na=maxptime:40\n", 40),
        (pcmu(), "a=ptime:25\n", 20),
        (pcmu(), "a=ptime:1\n", 10),
        (pcmu(), "a=ptime:65535\n", 200),
        (pcmu(), "a=ptime:0\n", 20),
        (ilbc(), "a=ptime:20\n", 30),
        (ilbc(), "a=ptime:70\n", 60),
        (ilbc(), "a=fmtp:102 mode=30\na=ptime:20\n", 30),
        (ilbc(), "a=fmtp:102 mode=20\na=ptime:30\n", 20),
        (ilbc(), "a=fmtp:102 mode=20\na=ptime:70\n", 60),
        (ilbc(), "a=fmtp:102 mode=9000\na=ptime:20\n", 20),
        (short, "a=ptime:100\n", 60),
    ] {
        let name = codec.name.clone();
        let clock = codec.clock_rate.0;
        let number = codec.static_payload_type.unwrap();
        let sections =
            format!("m=audio 5000 RTP/AVP {number}\na=rtpmap:{number} {name}/{clock}\n{said}");
        let (_, negotiated) = answered(&sections, &us(vec![codec]));
        assert_eq!(agreed(&negotiated).ptime_ms, want, "{name} {said}");
    }
}

#[test]
fn our_packet_time_is_said_and_used_when_they_say_none() {
    let mut local = us(vec![pcmu()]);
    local.media[0].ptime_ms = Some(40);
    local.media[0].max_ptime_ms = Some(60);
    let (ours, negotiated) = answered("m=audio 5000 RTP/AVP 0\n", &local);
    let said = ours.media(0).unwrap();
    assert_eq!((said.ptime_ms(), said.max_ptime_ms()), (Some(40), Some(60)));
    assert_eq!(agreed(&negotiated).ptime_ms, 40);
}

/// Of L16/48000 only 10 ms fit a packet, and iLBC's frames are of 30 ms: neither comes in packets of 20 ms.
#[test]
fn the_packet_time_that_is_said_is_one_that_the_first_codec_has() {
    let mut large = pcmu();
    (large.longest_ms, large.ptime_ms) = (10, 10);
    let mut slow = ilbc();
    slow.fmtp = "mode=30".into();
    for (codec, asked, want) in [
        (large.clone(), Some(20), 10),
        (large, None, 10),
        (ilbc(), Some(20), 20),
        (slow.clone(), Some(20), 30),
        (slow, Some(70), 60),
        (pcmu(), Some(20), 20),
    ] {
        let mut local = us(vec![codec, pcmu()]);
        local.media[0].ptime_ms = asked;
        let offered = offer(&local, None);
        assert_eq!(
            offered.media(0).unwrap().ptime_ms(),
            Some(want),
            "{asked:?}"
        );
    }
}

#[test]
fn parameters_follow_the_codecs_rules() {
    let sections = "m=audio 5000 RTP/AVP 98\na=rtpmap:98 iLBC/8000\n";
    let (ours, negotiated) = answered(sections, &us(vec![ilbc()]));
    assert_eq!(ours.media(0).unwrap().formats()[0].fmtp, "mode=30");
    assert_eq!(agreed(&negotiated).format.fmtp, "mode=30");
    assert_eq!(agreed(&negotiated).format.local_fmtp, "mode=30");
}

#[test]
fn rtcp_shares_a_port_only_when_both_say_so() {
    let sections = "m=audio 5000 RTP/AVP 0\na=rtcp-mux\n";
    let mut local = us(vec![pcmu()]);
    local.media[0].rtcp_port = Some(4007);
    for (mux, want) in [(false, 5001), (true, 5000)] {
        local.media[0].rtcp_mux = mux;
        let (ours, negotiated) = answered(sections, &local);
        assert_eq!(agreed(&negotiated).rtcp_mux, mux);
        assert_eq!(agreed(&negotiated).remote_rtcp.unwrap().port(), want);
        let said = ours.media(0).unwrap();
        assert_eq!(said.rtcp_mux(), mux);
        assert_eq!(said.attribute("rtcp"), Some("4007"));
    }
}

/// M-011: each section has its own family; one that our socket cannot reach is refused.
#[test]
fn m011_families_are_judged_per_section() {
    let v6: IpAddr = "2001:db8::1".parse().unwrap();
    let sections = "m=audio 5000 RTP/AVP 0\nc=IN IP6 2001:db8::2\n";
    let error = answer(&peer(sections), &us(vec![pcmu()]), None).unwrap_err();
    assert_eq!(error, Error::NothingInCommon(vec![Refusal::Address]));
    assert_eq!(error.warning().0, 301);

    let mut local = us(vec![pcmu()]);
    local.media[0].addr = v6;
    let (ours, negotiated) = answered(sections, &local);
    assert_eq!(ours.media(0).unwrap().address(), Some(Address::Ip(v6)));
    assert!(
        ours.to_string()
            .contains("c=IN IP6 2001:db8::1\r\na=rtpmap")
    );
    let rtp = agreed(&negotiated).remote_rtp.unwrap();
    assert_eq!(rtp.to_string(), "[2001:db8::2]:5000");
}

#[test]
fn nothing_in_common_is_488_with_the_reason() {
    let local = us(vec![pcmu()]);
    for (sections, refusals) in [
        ("m=audio 5000 RTP/AVP 18\n", vec![Refusal::Formats]),
        ("m=audio 5000 RTP/SAVP 0\n", vec![Refusal::Protocol]),
        ("m=video 5000 RTP/AVP 99\n", vec![Refusal::Kind]),
        (
            "m=audio 5000 RTP/AVP 0\nc=IN IP4 239.1.1.1\n",
            vec![Refusal::Address],
        ),
        (
            "m=audio 0 RTP/AVP 0\nm=video 5000 RTP/AVP 99\n",
            vec![Refusal::Disabled, Refusal::Kind],
        ),
        ("m=audio 5000 RTP/AVP\n", vec![Refusal::Formats]),
    ] {
        let error = answer(&peer(sections), &local, None).unwrap_err();
        assert_eq!(error.sip_status(), 488);
        assert_eq!(error, Error::NothingInCommon(refusals), "{sections}");
    }
    for sections in ["", "m=audio 0 RTP/AVP 0\n"] {
        let (ours, negotiated) = answered(sections, &local);
        assert!(negotiated.iter().all(|n| n.agreed().is_none()));
        assert!(ours.sections().all(|s| s.port() == 0));
    }
}

#[test]
fn odd_answers_are_judged_section_by_section() {
    let local = us(vec![pcmu()]);
    let ours = offer(&local, None);
    for (sections, refusal) in [
        ("", Refusal::Missing),
        ("m=audio 0 RTP/AVP 0\n", Refusal::Declined),
        ("m=video 5000 RTP/AVP 0\n", Refusal::Kind),
        ("m=audio 5000 RTP/SAVP 0\n", Refusal::Protocol),
        ("m=audio 5000 RTP/AVP 8\n", Refusal::Formats),
        (
            "m=audio 5000 RTP/AVP 0\nc=IN IP4 239.1.1.1\n",
            Refusal::Address,
        ),
    ] {
        let error = accept_answer(&ours, &peer(sections), &local).unwrap_err();
        assert_eq!(error, Error::NothingInCommon(vec![refusal]), "{sections}");
    }
    // One section too many, and sendonly answered to sendrecv.
    let extra = peer("m=audio 5000 RTP/AVP 8 0\na=sendonly\nm=video 6000 RTP/AVP 99\n");
    let negotiated = accept_answer(&ours, &extra, &local).unwrap();
    assert_eq!(negotiated.len(), 1);
    assert_eq!(
        agreed(&negotiated).format.name,
        "PCMU",
        "PCMA was never offered"
    );
    assert_eq!(agreed(&negotiated).direction, Direction::RecvOnly);
}

/// An INVITE without offer: we offer in the 2xx, the answer comes in ACK (RFC 3261 §13.3.1.4).
#[test]
fn an_offerless_invite_is_offered_to_and_both_sides_agree() {
    let (us, mut them) = (us(vec![pcmu(), opus()]), us(vec![opus(), pcma()]));
    them.media[0].port = 7000;
    let ours = offer(&us, None);
    let (theirs, at_peer) = answer(&ours, &them, None).unwrap();
    let here = accept_answer(&ours, &theirs, &us).unwrap();
    let (here, there) = (agreed(&here), agreed(&at_peer));
    assert_eq!(here.format.name, "opus");
    assert_eq!(here.format.send, there.format.receive);
    assert_eq!(here.format.receive, there.format.send);
    assert_eq!(
        here.telephone_event.unwrap().send,
        there.telephone_event.unwrap().receive
    );
    assert_eq!(here.remote_rtp.unwrap().port(), 7000);
    assert_eq!(there.remote_rtp.unwrap().port(), 4000);
}

#[test]
fn two_audio_streams_stay_with_their_sections() {
    let mut local = us(vec![pcmu()]);
    let mut second = local.media[0].clone();
    second.port = 4002;
    local.media.push(second);
    local.media[0].section = Some(1);
    local.media[1].section = Some(0);
    let sections = "m=audio 5000 RTP/AVP 0\nm=audio 5002 RTP/AVP 0\n";
    let (ours, negotiated) = answered(sections, &local);
    assert_eq!(
        m_lines(&ours),
        ["audio 4002 RTP/AVP 0", "audio 4000 RTP/AVP 0"]
    );
    let locals: Vec<_> = negotiated
        .iter()
        .map(|n| n.agreed().unwrap().local)
        .collect();
    assert_eq!(locals, [1, 0]);
    let previous = Previous {
        local: ours.clone(),
        remote: None,
    };
    let again = offer(&local, Some(&previous));
    assert_eq!(
        m_lines(&again),
        ["audio 4002 RTP/AVP 0 101", "audio 4000 RTP/AVP 0 101"]
    );
}

#[test]
fn state_survives_serialisation() {
    let local = us(vec![opus(), pcmu(), ilbc()]);
    let (ours, negotiated) = answered("m=audio 5000 RTP/AVP 0\n", &local);
    let previous = Previous {
        local: ours,
        remote: Some(peer("m=audio 5000 RTP/AVP 0\n")),
    };
    fn round<T>(value: &T)
    where
        T: Serialize + for<'a> Deserialize<'a> + PartialEq + core::fmt::Debug,
    {
        let text = serde_json::to_string(value).unwrap();
        assert_eq!(&serde_json::from_str::<T>(&text).unwrap(), value);
    }
    round(&local);
    round(&negotiated);
    round(&previous);
}

/// K-068: with 8 kHz alone no other clock is offered or taken, and events go beside any codec.
#[test]
fn k_068_events_at_8_khz_alone() {
    let mut local = us(vec![opus(), pcmu()]);
    local.media[0].narrow_events = true;
    let ours = offer(&local, None);
    let maps = |ours: &SessionDescription| {
        let text = ours.to_string();
        let lines = text.lines().filter(|line| line.contains("telephone-event"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(maps(&ours), ["a=rtpmap:101 telephone-event/8000"]);
    let clock = |sections: &str| {
        let (_, negotiated) = answered(sections, &local);
        agreed(&negotiated)
            .telephone_event
            .map(|events| events.clock_rate.0)
    };
    let opus = "m=audio 5000 RTP/AVP 111 101\na=rtpmap:111 opus/48000/2\n";
    let narrow = format!("{opus}a=rtpmap:101 telephone-event/8000\n");
    let wide = format!("{opus}a=rtpmap:101 telephone-event/48000\n");
    assert_eq!(clock(&narrow), Some(8_000));
    assert_eq!(clock(&wide), None);
    local.media[0].narrow_events = false;
    let (_, negotiated) = answered(&wide, &local);
    let events = agreed(&negotiated).telephone_event.unwrap();
    assert_eq!(events.clock_rate.0, 48_000);
}
