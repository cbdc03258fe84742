//! `message`: texts, sent and shown.

use super::{Context, odd_reply};
use crate::args::{ListMessages, Message, MessagesOf, SendMessage};
use crate::error::Error;
use crate::link::Engine;
use crate::out::Form;
use crate::words;
use control::message::{self, Conversation, MessageQuery, MessagesMarked};
use control::{
    Code, Command, ErrorObject, EventBody, ExitCode, MessageState, Reply, TextMessage, quoted,
};
use std::time::Duration;

pub(crate) fn run(context: &mut Context, what: Message) -> Result<ExitCode, Error> {
    match what {
        Message::Send(args) => send(context, args),
        Message::List(args) => list(context, args),
        Message::Read(args) => {
            let (_, reply) = ask(context, Command::MessageRead(of(args)))?;
            count(context, &reply, "marked as read")
        }
        Message::Delete(args) => {
            let (_, reply) = ask(context, Command::MessageDelete(of(args)))?;
            count(context, &reply, "deleted")
        }
    }
}

fn ask(context: &Context, command: Command) -> Result<(Engine, Reply), Error> {
    let mut engine = Engine::connect(&context.global, None)?;
    let (_, reply) = engine.ask(command)?;
    Ok((engine, reply))
}

fn of(args: MessagesOf) -> message::MessagesOf {
    message::MessagesOf {
        with: args.with,
        all: args.all,
    }
}

fn count(context: &mut Context, reply: &Reply, what: &str) -> Result<ExitCode, Error> {
    let (Reply::Marked { count } | Reply::Deleted { count }) = reply else {
        return Err(odd_reply(reply));
    };
    let messages = if *count == 1 { "message" } else { "messages" };
    context.out.line(&format!("{count} {messages} {what}"));
    context.out.object(reply);
    Ok(ExitCode::Success)
}

fn send(context: &mut Context, args: SendMessage) -> Result<ExitCode, Error> {
    let SendMessage {
        to,
        text,
        account,
        call,
    } = args;
    let (to, text) = match (call, text) {
        (None, Some(text)) => (Some(to), text),
        // In a call there is nobody to name.
        (Some(_), None) => (None, to),
        (None, None) | (Some(_), Some(_)) => {
            let why =
                "say whom and what: offhook message send 102 \"hello\", or with --call only what";
            return Err(ErrorObject::new(Code::USAGE, why).into());
        }
    };
    let mut engine = Engine::connect(&context.global, Some(&["message.changed"]))?;
    // Longer than a server may be silent (RFC 3261 §17.1.2.2).
    engine.wait_at_least(Duration::from_secs(40));
    let command = Command::MessageSend(message::SendMessage {
        to,
        text,
        account,
        call,
    });
    let (_, reply) = engine.ask(command)?;
    let Reply::Message { message } = reply else {
        return Err(odd_reply(&reply));
    };
    let silent = (Code::MESSAGE_LOST, "what became of the message");
    let ended = engine.outcome(silent, |event| {
        if let EventBody::MessageChanged(told) = &event.body
            && told.id == message.id
            && told.state != MessageState::Sending
        {
            return Some(Ok((**told).clone()));
        }
        None
    })?;
    if let Some(why) = ended.why.clone() {
        return Err(why.into());
    }
    let done = match ended.state {
        MessageState::Accepted => "taken by the server, which hands it over later",
        MessageState::Sending
        | MessageState::Delivered
        | MessageState::Failed
        | MessageState::Received
        | MessageState::Unknown => "delivered",
    };
    let peer = words::party(&ended.peer);
    context.out.line(&format!("{done}: {peer}"));
    context.out.object(&ended);
    Ok(ExitCode::Success)
}

fn list(context: &mut Context, args: ListMessages) -> Result<ExitCode, Error> {
    let is_overview = args.with.is_none() && !args.unread;
    let query = MessageQuery {
        with: args.with,
        account: args.account,
        unread: args.unread,
        limit: args.limit,
    };
    let (_, reply) = ask(context, Command::MessageList(query))?;
    let Reply::Messages {
        messages,
        conversations,
    } = &reply
    else {
        return Err(odd_reply(&reply));
    };
    match context.out.form() {
        Form::Json => context.out.object(&reply),
        Form::Stream => messages.iter().for_each(|one| context.out.object(one)),
        Form::Text if messages.is_empty() => context.out.line("no messages"),
        Form::Text if is_overview => {
            let lines = overview(conversations);
            lines.iter().for_each(|line| context.out.line(line));
        }
        Form::Text => messages
            .iter()
            .rev()
            .for_each(|message| context.out.line(&whole(message))),
    }
    Ok(ExitCode::Success)
}

/// One line a conversation, with a head.
fn overview(conversations: &[Conversation]) -> Vec<String> {
    let mut rows = vec![
        ["with", "messages", "new", "last"]
            .map(str::to_owned)
            .to_vec(),
    ];
    rows.extend(conversations.iter().map(|of| {
        vec![
            of.with.clone(),
            of.messages.to_string(),
            of.unread.to_string(),
            line(&of.last),
        ]
    }));
    words::table(&rows)
}

/// `2026-11-21 14:02  > 'hello'  delivered`, the text cut to a line.
fn line(message: &TextMessage) -> String {
    format!("{} {}", head(message), words(message))
}

/// The same with all of the text.
fn whole(message: &TextMessage) -> String {
    format!("{} '{}'{}", head(message), message.text, standing(message))
}

fn head(message: &TextMessage) -> String {
    let at = message.at.to_string();
    let (day, time) = (at.get(..10), at.get(11..16));
    let way = match message.state {
        MessageState::Received => "<",
        MessageState::Sending
        | MessageState::Delivered
        | MessageState::Accepted
        | MessageState::Failed
        | MessageState::Unknown => ">",
    };
    let day = day.unwrap_or_default();
    let time = time.unwrap_or_default();
    format!("{day} {time}  {way}")
}

/// What is said, and how it stands.
pub(super) fn words(message: &TextMessage) -> String {
    format!("{}{}", quoted(&message.text), standing(message))
}

fn standing(message: &TextMessage) -> String {
    let state = match (message.state, message.read) {
        (MessageState::Received, true) => String::new(),
        (MessageState::Received, false) => "  new".to_owned(),
        (state, _) => format!("  {}", state.word()),
    };
    let why = message.why.as_ref();
    let why = why.map(|why| format!(": {} {}", why.code, why.title));
    format!("{state}{}", why.unwrap_or_default())
}

/// How many were marked, of whom.
pub(super) fn marked(of: &MessagesMarked) -> String {
    let with = of.with.as_deref().unwrap_or("everybody");
    format!("{} with {with}", of.count)
}
