//! WebSockets: the control words, one object a frame, to programs that have a token.

use crate::Shop;
use crate::board::Seat;
use crate::client::{Next, text};
use crate::gate::allowed;
use crate::problem::Problem;
use crate::rest::{not_taken, own_key};
use axum::body::Body;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Extension, State};
use axum::http::{Response, StatusCode};
use control::command::Subscribe;
use control::wire::{self, Call, Hello, MAX_LINE, ReplyTo, ToClient, ToEngine};
use control::{Code, Command, ErrorObject, Reply};
use std::sync::Arc;
use std::time::Duration;
use tokens::{Grant, Scope};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

/// How long a client may take to say who it is. Unit: time.
const HELLO: Duration = Duration::from_secs(10);
/// How often a client is asked whether it is still there, and its token looked up again. Unit: time.
const PING: Duration = Duration::from_secs(20);
/// A client that says nothing for so long is gone. Unit: time.
const SILENT: Duration = Duration::from_secs(60);
/// How long one frame may take to be sent. Unit: time.
const SEND: Duration = Duration::from_secs(30);
/// Pause before the engine is asked again how it stands, where it had no room. Unit: time.
const BREATHER: Duration = Duration::from_millis(100);

/// Takes the connection over, for whoever then says who it is.
pub(crate) async fn open(
    State(shop): State<Arc<Shop>>,
    grant: Option<Extension<Grant>>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response<Body>, Problem> {
    let upgrade = upgrade.map_err(|why| {
        let why = format!("events come over a WebSocket: {why}");
        Problem::bad(StatusCode::BAD_REQUEST, why)
    })?;
    let permit = Arc::clone(&shop.sockets).try_acquire_owned().map_err(|_| {
        let why = "as many WebSockets as there may be are open";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, Code::ENGINE_BUSY, why)
    })?;
    let upgrade = upgrade.max_message_size(MAX_LINE).max_frame_size(MAX_LINE);
    let early = grant.map(|Extension(grant)| grant);
    Ok(upgrade.on_upgrade(move |socket| async move {
        // A client that is gone is told nothing more.
        let _ = serve(&shop, socket, early).await;
        drop(permit);
    }))
}

/// The client is gone, or was shown the door.
struct Gone;

async fn serve(shop: &Shop, mut socket: WebSocket, early: Option<Grant>) -> Result<(), Gone> {
    let (hello, grant) = match greet(shop, &mut socket, early).await? {
        Ok(greeted) => greeted,
        Err(problem) => {
            shop.refused(&problem.error);
            return dismiss(&mut socket, problem.error).await;
        }
    };
    let seat = shop.board.join();
    match hello.filter {
        None => {
            let welcome = ToClient::Welcome(seat.welcome());
            send(&mut socket, &text(&welcome)).await?;
        }
        Some(filter) => {
            seat.client.listen_when_welcomed(filter);
            ask(&seat).await;
        }
    }
    converse(shop, &mut socket, &seat, &grant).await
}

type Greeted = Result<(Hello, Grant), Problem>;

/// The first frame, and who sent it.
async fn greet(shop: &Shop, socket: &mut WebSocket, early: Option<Grant>) -> Result<Greeted, Gone> {
    let first = timeout(HELLO, socket.recv()).await;
    let bad = |why: &str| Ok(Err(Problem::bad(StatusCode::BAD_REQUEST, why)));
    let hello = match first {
        Ok(Some(Ok(Message::Text(text)))) => match ToEngine::read(text.as_bytes()) {
            Ok(ToEngine::Hello(hello)) => hello,
            Ok(ToEngine::Call(_) | ToEngine::Unknown(_)) | Err(_) => {
                return bad("the first frame is hello, with the token");
            }
        },
        Err(_) => return bad("no hello came in time"),
        Ok(None | Some(Err(_) | Ok(Message::Close(_)))) => return Err(Gone),
        Ok(Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_)))) => {
            return bad("the first frame is hello, as text");
        }
    };
    let grant = match (&hello.token, early) {
        (Some(token), _) => shop.holder(token.reveal()),
        (None, Some(grant)) => Ok(grant),
        (None, None) => Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            Code::TOKEN_REFUSED,
            "hello has no token",
        )),
    };
    let checked = grant.and_then(|grant| {
        if wire::common_version(hello.version).is_none() {
            let why = format!("this engine speaks version {}", wire::VERSION);
            return Err(ErrorObject::new(Code::NO_COMMON_VERSION, why).into());
        }
        if hello.filter.is_some() {
            allowed(&grant, Scope::Read)?;
        }
        Ok((hello, grant))
    });
    Ok(checked)
}

/// Until one of both ends: frames in, whatever is for this client out.
async fn converse(
    shop: &Shop,
    socket: &mut WebSocket,
    seat: &Seat<'_>,
    grant: &Grant,
) -> Result<(), Gone> {
    let mut ping = interval(PING);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut heard = Instant::now();
    loop {
        tokio::select! {
            frame = socket.recv(), if seat.client.has_room() => {
                heard = Instant::now();
                match frame {
                    Some(Ok(Message::Text(text))) => {
                        if let Err(problem) = shop.still(grant) {
                            return dismiss(socket, problem.error).await;
                        }
                        if let Some(reply) = take(seat, grant, text.as_bytes()) {
                            seat.client.say(&ToClient::Reply(reply));
                        }
                    }
                    Some(Ok(Message::Binary(_))) => {
                        let why = "frames are text";
                        seat.client.say(&ToClient::Reply(refusal(None, bad_line(why))));
                    }
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(Gone),
                }
            }
            next = seat.client.next() => match next {
                Next::Say(text) => send(socket, &text).await?,
                Next::Ask => ask(seat).await,
            },
            _ = ping.tick() => {
                if heard.elapsed() > SILENT {
                    return Err(Gone);
                }
                if let Err(problem) = shop.still(grant) {
                    return dismiss(socket, problem.error).await;
                }
                say(socket, Message::Ping(Default::default())).await?;
            }
        }
    }
}

/// One frame of a client; what is to be replied at once.
fn take(seat: &Seat<'_>, grant: &Grant, frame: &[u8]) -> Option<ReplyTo> {
    let Call { id, key, command } = match ToEngine::read(frame) {
        Ok(ToEngine::Call(call)) => call,
        Ok(ToEngine::Unknown(_)) => return None,
        Ok(ToEngine::Hello(_)) => {
            return Some(refusal(None, bad_line("hello is the first frame alone")));
        }
        Err(why) => return Some(why.reply()),
    };
    if let Err(problem) = allowed(grant, Scope::of(&command)) {
        return Some(refusal(Some(id), problem.error));
    }
    if let Command::Events(Subscribe { filter, resume }) = command {
        if resume.is_some() {
            let why = "nothing is resumed here: hello with a filter brings the whole engine";
            return Some(refusal(Some(id), bad_line(why)));
        }
        let seq = seat.listen(filter);
        return Some(ReplyTo {
            id: Some(id),
            command: None,
            ok: Some(Reply::Subscribed { seq }),
            error: None,
        });
    }
    if !seat.client.begin() {
        let why = "too many commands of this client wait for their replies";
        return Some(refusal(Some(id), ErrorObject::new(Code::ENGINE_BUSY, why)));
    }
    let key = key.and_then(|key| own_key(grant, key.as_str().as_bytes()));
    if let Err(status) = seat.call(&id, key, command) {
        // Through the same queue: it is one of those that wait.
        let refused = refusal(Some(id), not_taken(status));
        seat.client.reply(&ToClient::Reply(refused));
    }
    None
}

fn bad_line(why: &str) -> ErrorObject {
    ErrorObject::new(Code::BAD_CONTROL_LINE, why)
}

fn refusal(id: Option<String>, error: ErrorObject) -> ReplyTo {
    ReplyTo {
        id,
        command: None,
        ok: None,
        error: Some(error),
    }
}

async fn ask(seat: &Seat<'_>) {
    while seat.ask_how_it_stands() == Err(plugin::Status::UNAVAILABLE) {
        tokio::time::sleep(BREATHER).await;
    }
}

/// Says why, and closes (RFC 6455 §7.4.1, 1008).
async fn dismiss(socket: &mut WebSocket, error: ErrorObject) -> Result<(), Gone> {
    let why = format!("{} {}", error.code, error.title);
    let reply = ToClient::Reply(refusal(None, error));
    send(socket, &text(&reply)).await?;
    let close = CloseFrame {
        code: close_code::POLICY,
        reason: why.into(),
    };
    say(socket, Message::Close(Some(close))).await
}

async fn send(socket: &mut WebSocket, text: &str) -> Result<(), Gone> {
    say(socket, Message::Text(Utf8Bytes::from(text))).await
}

async fn say(socket: &mut WebSocket, frame: Message) -> Result<(), Gone> {
    match timeout(SEND, socket.send(frame)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(Gone),
    }
}
