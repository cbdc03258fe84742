//! `message`.

use crate::fake::{Step, run, run_alone};
use control::message::Conversation;
use control::snapshot::Party;
use control::{Code, ErrorObject, EventBody, MessageState, Reply, TextMessage, Timestamp};
use expect_test::expect;

fn text(id: &str, state: MessageState) -> TextMessage {
    TextMessage {
        id: id.to_owned(),
        account: "demo".parse().unwrap(),
        peer: Party {
            uri: "sip:102@demo".into(),
            display: None,
        },
        text: format!("text {id}"),
        state,
        at: Timestamp::from_unix_ms(1_795_269_731_482),
        read: state != MessageState::Received,
        call: None,
        why: None,
    }
}

fn sent(state: MessageState, why: Option<ErrorObject>) -> Vec<Step> {
    let message = Box::new(text("a", MessageState::Sending));
    let told = TextMessage {
        why,
        ..text("a", state)
    };
    vec![
        Step::On("message.send", Reply::Message { message }),
        Step::TellOf(
            None,
            EventBody::MessageChanged(Box::new(text("b", MessageState::Failed))),
        ),
        Step::TellOf(None, EventBody::MessageChanged(Box::new(told))),
    ]
}

#[test]
fn m128_what_became_of_a_message_is_told_with_its_exit_code() {
    let send = |script| run(&["message", "send", "102", "text a"], script);
    let ran = send(sent(MessageState::Delivered, None));
    assert_eq!(
        (ran.out.as_str(), ran.exit),
        ("delivered: 102@demo\n", Some(0))
    );
    let ran = send(sent(MessageState::Accepted, None));
    let expected = "taken by the server, which hands it over later: 102@demo\n";
    assert_eq!((ran.out.as_str(), ran.exit), (expected, Some(0)));
    let why = ErrorObject::new(Code::MESSAGE_NO_PEER, "'sip:102@demo': 404 Not Found");
    let ran = send(sent(MessageState::Failed, Some(why)));
    assert_eq!(ran.exit, Some(3), "{}", ran.told());
    let off = ErrorObject::new(
        Code::MESSAGES_OFF,
        "allow_message of account 'demo' is false",
    );
    let ran = send(vec![Step::Refuse("message.send", off)]);
    assert_eq!(ran.exit, Some(2), "{}", ran.told());
    let ran = run_alone(&["message", "send", "only"]);
    assert_eq!(ran.exit, Some(2), "{}", ran.told());
}

#[test]
fn m128_conversations_and_messages_are_listed() {
    let script = || {
        let messages = vec![
            text("c", MessageState::Received),
            text("a", MessageState::Delivered),
        ];
        let conversations = vec![Conversation {
            with: "102@demo".into(),
            messages: 2,
            unread: 1,
            last: text("c", MessageState::Received),
        }];
        let reply = Reply::Messages {
            messages,
            conversations,
        };
        vec![Step::On("message.list", reply)]
    };
    expect![[r#"
        with      messages  new  last
        102@demo  2         1    2026-11-21 14:02  < 'text c'  new
        --- exit 0
    "#]]
    .assert_eq(&run(&["message", "list"], script()).told());
    expect![[r#"
        2026-11-21 14:02  > 'text a'  delivered
        2026-11-21 14:02  < 'text c'  new
        --- exit 0
    "#]]
    .assert_eq(&run(&["message", "list", "102"], script()).told());
    let ran = run(
        &["message", "read", "102"],
        vec![Step::On("message.read", Reply::Marked { count: 1 })],
    );
    assert_eq!(ran.out, "1 message marked as read\n");
    let ran = run(
        &["message", "delete", "--all"],
        vec![Step::On("message.delete", Reply::Deleted { count: 2 })],
    );
    assert_eq!(ran.out, "2 messages deleted\n");
}
