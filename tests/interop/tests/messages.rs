//! Text messages between `offhookd` and phones that nobody here wrote, through Kamailio, which keeps what cannot be
//! handed over yet (its module msilo); and the odd answers, by SIPp.

use anyhow::{Result, ensure};
use control::message::{MessageQuery, SendMessage};
use control::snapshot::AccountState;
use control::{Code, Command, EventBody, MessageState, Reply, TextMessage};
use offhook_interop::engine::{Answer, Daemon, Engine, Wish};
use offhook_interop::sipp::Wish as Script;
use offhook_interop::wav::Wav;
use offhook_interop::{
    Baresip, Client, Kamailio, Linphone, Rig, Sipp, baresip, kamailio, linphone,
};
use std::path::{Path, PathBuf};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);
/// More than ASCII, which both ways have to leave as it is.
const TEXT: &str = "Grüße, 你好";

fn silent(rig: &Rig) -> Result<PathBuf> {
    let file = rig.folder().join("silence.wav");
    let wav = Wav {
        rate_hz: 8_000,
        samples: vec![0; 8_000],
    };
    offhook_interop::wav::write(&file, &wav)?;
    Ok(file)
}

fn registrar(rig: &Rig, keeps_messages: bool) -> Result<Kamailio> {
    let wish = kamailio::Wish {
        keeps_messages,
        ..kamailio::Wish::default()
    };
    Kamailio::start(rig, "pbx", &wish)
}

const SETTINGS: &str = "[accounts.main]\nallow_message = true\n";

fn ours(rig: &Rig, name: &str, user: &str, password: &str, pbx: &Kamailio) -> Result<Daemon> {
    let folder = rig.folder().join(format!("{name}-kept"));
    let settings = format!("{SETTINGS}[history]\nfolder = {folder:?}\n");
    let wish = Wish {
        // Who picks up by itself keeps no history.
        answer: Answer::Ring,
        registrar: Some((pbx.address, user, password)),
        settings: &settings,
        ..Wish::default()
    };
    Daemon::start(rig, name, &wish)
}

fn send(client: &mut Client, to: &str, text: &str) -> Result<String> {
    let command = Command::MessageSend(SendMessage {
        to: Some(to.to_owned()),
        text: text.to_owned(),
        account: None,
        call: None,
    });
    let Reply::Message { message } = client.ask(command)? else {
        anyhow::bail!("no message");
    };
    Ok(message.id)
}

/// What became of a message of ours.
fn ended(client: &mut Client, id: &str) -> Result<TextMessage> {
    client.wait("message.changed", PATIENCE, |event| {
        let EventBody::MessageChanged(message) = &event.body else {
            return None;
        };
        let is_over = message.id == id && message.state != MessageState::Sending;
        is_over.then(|| (**message).clone())
    })
}

fn came(client: &mut Client, text: &str) -> Result<TextMessage> {
    client.wait("message.received", PATIENCE, |event| {
        let EventBody::MessageReceived(message) = &event.body else {
            return None;
        };
        // Some end their bodies with a line.
        (message.text.trim_end() == text).then(|| (**message).clone())
    })
}

fn baresip_at(
    rig: &Rig,
    user: &str,
    password: &str,
    pbx: &Kamailio,
    plays: &Path,
) -> Result<Baresip> {
    let wish = baresip::Wish {
        user,
        registrar: Some((pbx.address, password)),
        codecs: "PCMU",
        plays,
        transport: "udp",
        answers: false,
    };
    Baresip::start(rig, user, &wish)
}

/// Both ways with baresip, through Kamailio, letters and all; kept in a conversation with what is unread.
fn with_baresip() -> Result<()> {
    let Some(rig) = Rig::new("messages-baresip", &["kamailio", "baresip"]) else {
        return Ok(());
    };
    let pbx = registrar(&rig, false)?;
    let engine = ours(&rig, "engine", "101", "secret-101", &pbx)?;
    let mut client = engine.client()?;
    client.wait_account(AccountState::Registered, PATIENCE)?;
    let mut bob = baresip_at(&rig, "102", "secret-102", &pbx, &silent(&rig)?)?;
    let id = send(&mut client, "102", TEXT)?;
    ensure!(ended(&mut client, &id)?.state == MessageState::Delivered);
    bob.wait_message(TEXT)?;
    bob.write(TEXT)?;
    let message = came(&mut client, TEXT)?;
    ensure!(message.peer.uri.contains("102@"), "{message:?}");
    let query = MessageQuery {
        with: Some("102".to_owned()),
        ..MessageQuery::default()
    };
    let reply = client.ask(Command::MessageList(query))?;
    let Reply::Messages {
        messages,
        conversations,
    } = reply
    else {
        anyhow::bail!("message.list is replied to with {reply:?}");
    };
    ensure!(
        messages.len() == 2 && conversations.len() == 1,
        "{messages:?}"
    );
    ensure!(conversations[0].unread == 1, "{conversations:?}");
    let (said, exit) = engine.told(&["message", "list", "102"])?;
    ensure!(exit == 0 && said.matches(TEXT).count() == 2, "{said}");
    let (said, exit) = engine.told(&["message", "read", "102"])?;
    ensure!(exit == 0 && said == "1 message marked as read\n", "{said}");
    // A number that nobody has, as the command line tells it.
    let (said, exit) = engine.told(&["message", "send", "103", "hello"])?;
    ensure!(exit == 3 && said.contains("OH-4053"), "{exit}: {said}");
    Ok(())
}

#[test]
fn m128_k015_texts_go_both_ways_with_baresip() {
    with_baresip().unwrap();
}

fn with_linphone() -> Result<()> {
    let Some(rig) = Rig::new("messages-linphone", &["kamailio", "linphonec"]) else {
        return Ok(());
    };
    let pbx = registrar(&rig, false)?;
    let engine = ours(&rig, "engine", "101", "secret-101", &pbx)?;
    let mut client = engine.client()?;
    client.wait_account(AccountState::Registered, PATIENCE)?;
    let plays = silent(&rig)?;
    let wish = linphone::Wish {
        user: "102",
        registrar: Some((pbx.address, "secret-102")),
        codecs: &["PCMU"],
        plays: &plays,
        transport: "udp",
        answers: false,
    };
    let mut bob = Linphone::start(&rig, "102", &wish)?;
    let id = send(&mut client, "102", "tea at four?")?;
    ensure!(ended(&mut client, &id)?.state == MessageState::Delivered);
    bob.wait_message("tea at four?")?;
    // It looks names up, and this one has no server of its own.
    bob.write(&format!("sip:101@{}", pbx.address), "yes, please")?;
    came(&mut client, "yes, please").map(drop)
}

#[test]
fn m128_texts_go_both_ways_with_linphone() {
    with_linphone().unwrap();
}

/// Who is not there gets it later: Kamailio says 202 and hands it over when they register. Both ways.
fn later() -> Result<()> {
    let Some(rig) = Rig::new("messages-later", &["kamailio", "baresip"]) else {
        return Ok(());
    };
    let pbx = registrar(&rig, true)?;
    let engine = ours(&rig, "engine", "103", "secret-103", &pbx)?;
    let mut client = engine.client()?;
    client.wait_account(AccountState::Registered, PATIENCE)?;
    let id = send(&mut client, "102", TEXT)?;
    ensure!(ended(&mut client, &id)?.state == MessageState::Accepted);
    let (said, exit) = engine.told(&["message", "send", "102", "and more"])?;
    ensure!(exit == 0 && said.contains("hands it over later"), "{said}");
    let mut bob = baresip_at(&rig, "102", "secret-102", &pbx, &silent(&rig)?)?;
    bob.wait_message(TEXT)?;
    bob.wait_message("and more")?;
    // The other way: this phone comes later.
    let id = send(&mut client, "101", "for later")?;
    ensure!(ended(&mut client, &id)?.state == MessageState::Accepted);
    let late = ours(&rig, "late", "101", "secret-101", &pbx)?;
    let message = kept(&mut late.client()?)?;
    // Kamailio says in the text since when it kept it.
    ensure!(message.text.ends_with("] for later"), "{message:?}");
    ensure!(message.peer.uri.contains("103@"), "{message:?}");
    Ok(())
}

/// The first message that a phone has: it may have come before anybody listens.
fn kept(client: &mut Client) -> Result<TextMessage> {
    let until = std::time::Instant::now() + PATIENCE;
    loop {
        let reply = client.ask(Command::MessageList(MessageQuery::default()))?;
        let Reply::Messages { mut messages, .. } = reply else {
            anyhow::bail!("message.list is replied to with {reply:?}");
        };
        if let Some(message) = messages.pop() {
            return Ok(message);
        }
        ensure!(std::time::Instant::now() < until, "no message came");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn m128_who_is_not_there_gets_it_later() {
    later().unwrap();
}

/// An account that does not register, beside SIPp.
fn refused(status: &str, code: Code) -> Result<()> {
    let name = format!("messages-{}", &status[..3]);
    let Some(rig) = Rig::new(&name, &["sipp"]) else {
        return Ok(());
    };
    let values = [("status", status.to_owned())];
    let script = Script {
        values: &values,
        ..Script::new("reader-refuses")
    };
    let mut sipp = Sipp::start(&rig, "reader", &script)?;
    let wish = Wish {
        settings: "[account]\nallow_message = true\n",
        ..Wish::default()
    };
    let engine = Daemon::start(&rig, "engine", &wish)?;
    let mut client = engine.client()?;
    let id = send(&mut client, &format!("sip:102@{}", sipp.address), "hello")?;
    let message = ended(&mut client, &id)?;
    let why = message.why.as_ref().map(|why| (why.code, why.sip_status));
    let number = status[..3].parse().ok();
    ensure!(why == Some((code, number)), "{message:?}");
    sipp.succeed(PATIENCE).map(drop)
}

#[test]
fn m128_what_is_refused_says_so() {
    refused("404 Not Found", Code::MESSAGE_NO_PEER).unwrap();
    refused("480 Temporarily Unavailable", Code::MESSAGE_NO_PEER).unwrap();
    refused("415 Unsupported Media Type", Code::MESSAGE_REFUSED).unwrap();
}

/// What SIPp writes: taken, or answered with what would be.
fn written(allow: bool, kind: &str, answer: &str, check: &str) -> Result<()> {
    let name = format!("messages-writes-{allow}-{answer}");
    let Some(rig) = Rig::new(&name, &["sipp"]) else {
        return Ok(());
    };
    let settings = format!("[account]\nallow_message = {allow}\n");
    let wish = Wish {
        settings: &settings,
        ..Wish::default()
    };
    let engine = Daemon::start(&rig, "engine", &wish)?;
    let mut client = engine.client()?;
    let values = [
        ("kind", kind.to_owned()),
        ("text", TEXT.to_owned()),
        ("answer", answer.to_owned()),
        ("check", check.to_owned()),
    ];
    let script = Script {
        values: &values,
        ..Script::new("writes").calls("101", engine.address())
    };
    Sipp::start(&rig, "writer", &script)?.succeed(PATIENCE)?;
    if answer == "200" {
        came(&mut client, TEXT)?;
    }
    Ok(())
}

#[test]
fn m128_k015_what_comes_is_taken_or_refused_as_set() {
    written(true, "text/plain;charset=UTF-8", "200", "hasnt Contact:").unwrap();
    written(
        true,
        "application/im-iscomposing+xml",
        "415",
        "has Accept:.*text/plain",
    )
    .unwrap();
    written(false, "text/plain", "405", "hasnt Allow:.*MESSAGE").unwrap();
}
