use super::*;
use crate::EventBody;
use crate::command::Dial;
use crate::event::{CallDtmf, DtmfMethod, Side};
use expect_test::expect;
use proptest::prelude::*;

fn dial() -> ToEngine {
    ToEngine::Call(Call {
        id: "r1".into(),
        key: Some("k-77".parse().unwrap()),
        command: Command::Dial(Dial {
            to: "600".into(),
            account: None,
            ring_for_s: None,
            headers: std::collections::BTreeMap::new(),
            action: None,
        }),
    })
}

fn to_engine() -> Vec<ToEngine> {
    vec![
        ToEngine::Hello(Hello {
            version: VERSION,
            token: None,
            resume: Some(12_873),
            filter: Some(Filter(vec!["call.*".into()])),
        }),
        dial(),
    ]
}

fn to_client() -> Vec<ToClient> {
    let error = ErrorObject::new(Code::UNKNOWN_CALL, "no call c7k2").call("c7k2".parse().unwrap());
    let reply = |ok, error| {
        ToClient::Reply(ReplyTo {
            id: Some("r1".into()),
            command: Some(CommandId(17)),
            ok,
            error,
        })
    };
    vec![
        ToClient::Welcome(Welcome {
            version: VERSION,
            engine: "0.1.0".into(),
            features: FEATURES.iter().map(|&f| f.to_owned()).collect(),
            seq: 41,
            snapshot: None,
        }),
        reply(Some(Reply::Taken), None),
        reply(None, Some(error)),
        ToClient::Event(Box::new(Event {
            seq: 42,
            ts: crate::Timestamp::from_unix_ms(0),
            account: None,
            call: Some("c7k2".parse().unwrap()),
            command: None,
            body: EventBody::CallDtmf(Box::new(CallDtmf {
                digit: '5',
                duration_ms: 160,
                method: DtmfMethod::Rtp,
                direction: Side::Remote,
            })),
        })),
    ]
}

#[test]
fn every_line_has_its_json_and_comes_back() {
    let mut lines = String::new();
    for word in to_engine() {
        let line = word.write();
        assert_eq!(ToEngine::read(&line), Ok(word));
        lines.push_str(&String::from_utf8(line).unwrap());
    }
    for word in to_client() {
        let line = word.write();
        assert_eq!(ToClient::read(&line), Ok(word));
        lines.push_str(&String::from_utf8(line).unwrap());
    }
    expect![[r#"
        {"op":"hello","version":1,"resume":12873,"filter":["call.*"]}
        {"op":"call","id":"r1","key":"k-77","command":"dial","body":{"to":"600"}}
        {"op":"welcome","version":1,"engine":"0.1.0","features":["accounts","calls","dtmf","events","ladder","mute","plugins","recording","resume","snapshots"],"seq":41}
        {"op":"reply","id":"r1","command":17,"ok":{"kind":"taken"}}
        {"op":"reply","id":"r1","command":17,"error":{"code":"OH-4008","title":"there is no such call","detail":"no call c7k2","fix":"see: offhook calls","call":"c7k2"}}
        {"seq":42,"ts":"1970-01-01T00:00:00.000Z","type":"call.dtmf","call":"c7k2","data":{"digit":"5","duration_ms":160,"method":"rtp","direction":"remote"}}
    "#]].assert_eq(&lines);
}

#[test]
fn what_is_newer_is_skipped() {
    let line = br#"{"op":"sing","song":1}"#;
    assert_eq!(ToEngine::read(line), Ok(ToEngine::Unknown("sing".into())));
    assert_eq!(ToClient::read(line), Ok(ToClient::Unknown("sing".into())));
    let hello = br#"{"op":"hello","version":9,"colour":"red"}"#;
    let Ok(ToEngine::Hello(hello)) = ToEngine::read(hello) else {
        panic!("not a hello");
    };
    assert_eq!(common_version(hello.version), Some(VERSION));
    assert_eq!(common_version(0), None);
}

#[test]
fn a_bad_line_is_refused_with_code_and_id() {
    let long = vec![b' '; MAX_LINE + 1];
    let table: [(&[u8], Option<&str>, Code); 7] = [
        (b"", None, Code::BAD_CONTROL_LINE),
        (b"[1]", None, Code::BAD_CONTROL_LINE),
        (&long, None, Code::BAD_CONTROL_LINE),
        (br#"{"op":"hello"}"#, None, Code::BAD_CONTROL_LINE),
        (
            br#"{"op":"call","id":"r1"}"#,
            Some("r1"),
            Code::BAD_CONTROL_LINE,
        ),
        (
            br#"{"op":"call","id":"r1","command":"dial"}"#,
            Some("r1"),
            Code::BAD_CONTROL_LINE,
        ),
        (
            br#"{"op":"call","id":"r1","command":"sing"}"#,
            Some("r1"),
            Code::UNKNOWN_COMMAND,
        ),
    ];
    for (line, id, code) in table {
        let reply = ToEngine::read(line).unwrap_err().reply();
        assert_eq!(reply.id.as_deref(), id);
        assert_eq!(reply.outcome().unwrap_err().code, code);
    }
    let neither = ToClient::read(br#"{"op":"reply","id":"r1"}"#);
    let Ok(ToClient::Reply(reply)) = neither else {
        panic!("{neither:?}");
    };
    assert!(reply.outcome().is_err());
}

#[test]
fn a_line_never_holds_a_line_end_inside() {
    let ToEngine::Call(mut call) = dial() else {
        panic!("not a call");
    };
    call.id = "a\nb\u{2028}".into();
    let line = ToEngine::Call(call.clone()).write();
    assert_eq!(line.iter().filter(|&&b| b == b'\n').count(), 1);
    assert_eq!(ToEngine::read(&line), Ok(ToEngine::Call(call)));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = ToEngine::read(&bytes);
        let _ = ToClient::read(&bytes);
    }

    #[test]
    fn any_damaged_line_is_read_or_refused(at in 0_usize..400, byte in any::<u8>()) {
        for word in to_client() {
            let mut line = word.write();
            if let Some(place) = line.get_mut(at) {
                *place = byte;
            }
            let _ = ToClient::read(&line);
        }
    }
}

#[test]
fn all_calls_of_the_largest_profile_fit_one_line_of_the_engine() {
    let calls = vec![crate::event::tests::call(); 4_000];
    let told = ToClient::Reply(ReplyTo {
        id: Some("r1".into()),
        command: None,
        ok: Some(Reply::Calls { calls }),
        error: None,
    });
    let line = told.write();
    assert!(
        line.len() > MAX_LINE,
        "{} bytes: a client's bound is too short",
        line.len()
    );
    assert_eq!(ToClient::read(&line).as_ref(), Ok(&told));
    let long = vec![b' '; MAX_TOLD + 1];
    let longest = MAX_TOLD;
    assert_eq!(ToClient::read(&long), Err(Error::TooLong { longest }));
}
