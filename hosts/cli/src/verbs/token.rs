//! `token`: who may ask over HTTP and WebSocket. Needs no engine: one that runs looks them up anew each time.

use super::Context;
use crate::args::{NewToken, OfFile, Token};
use crate::error::Error;
use crate::out::note;
use control::{Code, ExitCode, Timestamp};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};
use tokens::{Grant, Scope, TokenFile};

pub(crate) fn run(context: &mut Context, what: Token) -> Result<ExitCode, Error> {
    match what {
        Token::New(args) => new(context, &args),
        Token::List(of) => list(context, &of),
        Token::Remove { name, of } => {
            file(&of)?.remove(&name).map_err(told)?;
            context.out.line(&format!("{name} is not let in any more"));
            let removed = json!({ "kind": "token_removed", "name": name });
            context.out.object(&removed);
            Ok(ExitCode::Success)
        }
    }
}

fn new(context: &mut Context, args: &NewToken) -> Result<ExitCode, Error> {
    let usual = [Scope::Read, Scope::Call];
    let scopes = match args.scopes.as_slice() {
        [] => &usual[..],
        named => named,
    };
    let made = file(&args.of)?.add(&args.name, scopes, args.days, now_ms());
    let (token, grant) = made.map_err(told)?;
    // The token alone, so that scripts can take it as it is.
    context.out.line(token.reveal());
    note(&format!(
        "{}; the token is not shown again",
        in_words(&grant)
    ));
    let mut object = object(&grant);
    object["kind"] = "token".into();
    object["token"] = token.reveal().into();
    context.out.object(&object);
    Ok(ExitCode::Success)
}

fn list(context: &mut Context, of: &OfFile) -> Result<ExitCode, Error> {
    let grants = file(of)?.grants().map_err(told)?;
    if grants.is_empty() {
        context.out.line("nobody has a token");
    }
    let now = now_ms();
    for grant in &grants {
        let over = if grant.is_over(now) { ", over" } else { "" };
        context.out.line(&format!("{}{over}", in_words(grant)));
    }
    let tokens: Vec<Value> = grants.iter().map(object).collect();
    context
        .out
        .object(&json!({ "kind": "tokens", "tokens": tokens }));
    Ok(ExitCode::Success)
}

fn in_words(grant: &Grant) -> String {
    let scopes: Vec<&str> = grant.scopes.iter().map(|scope| scope.name()).collect();
    let until = Timestamp::from_unix_ms(grant.expires_unix_ms).to_string();
    let until = until.get(..10).unwrap_or_default();
    format!("{}  {} until {until}", grant.name, scopes.join(", "))
}

fn object(grant: &Grant) -> Value {
    json!({
        "name": grant.name,
        "scopes": grant.scopes,
        "made": Timestamp::from_unix_ms(grant.made_unix_ms),
        "expires": Timestamp::from_unix_ms(grant.expires_unix_ms),
    })
}

fn file(of: &OfFile) -> Result<TokenFile, Error> {
    let named = of.file.clone().map(TokenFile::at);
    named.or_else(TokenFile::usual).ok_or_else(|| {
        let why = "this user has no state folder";
        Error::usage(
            why,
            "name a file with --file, and the same in the option tokens of ui-api",
        )
    })
}

fn told(why: tokens::Error) -> Error {
    let fix = match &why {
        tokens::Error::BadName(_) => "name it after the program, such as crm-1",
        tokens::Error::BadLife(_) => "give --days as a number of days",
        tokens::Error::Taken(_) => "choose another name, or first: offhook token remove NAME",
        tokens::Error::Full => {
            "take some away first: offhook token list, offhook token remove NAME"
        }
        tokens::Error::Unknown(_) => "see who has one: offhook token list",
        tokens::Error::Io { .. }
        | tokens::Error::NotPrivate { .. }
        | tokens::Error::Damaged { .. }
        | tokens::Error::Busy(_)
        | tokens::Error::NoRandomness(_)
        | _ => return Error::new(Code::TOKENS_UNUSABLE, why.to_string()),
    };
    Error::usage(why.to_string(), fix)
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}
