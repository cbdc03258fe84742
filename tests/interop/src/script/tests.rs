use super::*;

#[test]
fn marks_are_filled_in_or_named() {
    assert_eq!(fill("a {{x}} b", &[("x", "1".into())]).unwrap(), "a 1 b");
    assert!(
        fill("a {{x}} {{y}}", &[("x", "1".into())])
            .unwrap_err()
            .to_string()
            .contains("{{y}}")
    );
}

#[test]
fn a_refusal_answers_the_request_it_heard() {
    let xml = translate("# moved\nrecv INVITE\nsend 302 Moved\n  Contact: <sip:x@y>\nrecv ACK\n")
        .unwrap();
    assert!(xml.contains("<recv request=\"INVITE\" rrs=\"true\">"));
    assert!(xml.contains("SIP/2.0 302 Moved\n[last_Via:]"));
    assert!(xml.contains("[last_To:];tag="));
    assert_eq!(xml.matches("Contact:").count(), 1);
}

#[test]
fn a_refused_caller_acknowledges_on_the_same_branch() {
    let xml = translate("send INVITE sdp\nrecv 100 ?\nrecv 486\nsend ACK\n").unwrap();
    assert!(xml.contains("ACK sip:[service]@[remote_ip]:[remote_port] SIP/2.0"));
    assert!(xml.contains("branch=[branch-3]"));
    assert!(xml.contains("CSeq: 1 ACK"));
}

#[test]
fn an_accepted_caller_goes_on_in_the_dialog() {
    let xml = translate("send INVITE sdp\nrecv 200\nsend ACK\nsend BYE\nrecv 200\n").unwrap();
    assert!(xml.contains("ACK [next_url] SIP/2.0"));
    assert!(xml.contains("CSeq: 2 BYE"));
}

#[test]
fn a_callee_that_hangs_up_turns_the_headers_round() {
    let xml = translate("recv INVITE\nsend 200 OK sdp\nrecv ACK\nsend BYE\nrecv 200\n").unwrap();
    assert!(xml.contains("From:[$to];tag="));
    assert!(xml.contains("To:[$from]"));
    assert!(xml.contains("<Reference variables=\"via,from,to,cseq\"/>"));
}

#[test]
fn conditions_become_expressions() {
    let xml = translate("recv REGISTER\n  when Expires: 0 goto gone\n  has <sip:\nsend 200 OK\nlabel gone\nsend 200 OK\n").unwrap();
    assert!(xml.contains("next=\"gone\" test=\"seen0\""));
    assert!(xml.contains("regexp=\"&lt;sip:\" search_in=\"msg\" check_it=\"true\""));
}

#[test]
fn nonsense_is_refused_with_its_line() {
    let error = translate("recv INVITE\nsned 200 OK\n").unwrap_err();
    assert!(format!("{error:#}").contains("line 2"));
    assert!(translate("recv INVITE maybe\n").is_err());
    assert!(translate("recv INVITE within 10 or x\n").is_err());
}

#[test]
fn a_jump_joins_the_message_before_it() {
    let xml = translate("label a\nrecv OPTIONS\nsend 200 OK\ngoto a\n").unwrap();
    assert!(xml.contains("<send next=\"a\">"));
    assert!(!xml.contains("<nop"));
}

#[test]
fn the_answer_to_cancel_makes_no_dialog() {
    let xml = translate("send INVITE sdp\nrecv 180\nsend CANCEL\nrecv 200\nrecv 487\nsend ACK\n")
        .unwrap();
    assert!(xml.contains("branch=[branch-5]"));
    assert!(!xml.contains("[next_url]"));
}

#[test]
fn a_notifier_turns_the_headers_round_and_says_its_document() {
    let xml = translate(
        "recv SUBSCRIBE\nsend 200 OK\n  Expires: 60\nsend NOTIFY\n  Event: dialog\n  | <a/>\nrecv 200\n",
    )
    .unwrap();
    assert!(xml.contains("NOTIFY [next_url] SIP/2.0"));
    assert!(xml.contains("From:[$to];tag="));
    assert!(xml.contains("Event: dialog\nContent-Length: [len]\n\n<a/>\n"));
}
