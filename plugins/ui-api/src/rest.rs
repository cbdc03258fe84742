//! Requests: paths to commands, replies to JSON. Nothing happens on GET.

use crate::Shop;
use crate::board::Board;
use crate::gate::{EVENTS, allowed, gate};
use crate::problem::Problem;
use crate::socket;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Extension, Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use control::command::NoFields;
use control::wire::{MAX_LINE, ReplyTo};
use control::{CallHandle, Code, Command, ErrorObject, IdempotencyKey, Reply, quoted};
use plugin::Status;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::Duration;
use tokens::{Grant, Scope};
use tokio::time::timeout;

/// Longest body of a request: a line of the control words. Unit: bytes.
const BODY: usize = MAX_LINE;
/// How long the engine may take to reply; it takes longest where a directory or a plugin is waited for. Unit: time.
const REPLY: Duration = Duration::from_secs(30);
/// How long a body may take to come. Unit: time.
const CAME: Duration = Duration::from_secs(30);
/// Longest `Idempotency-Key`. Unit: bytes.
const LONGEST_KEY: usize = 255;

type Answer = Result<Response<Body>, Problem>;
type Its = State<Arc<Shop>>;
type Holder = Extension<Grant>;

/// All there is to ask.
pub(crate) fn router(shop: Arc<Shop>) -> Router {
    Router::new()
        .route(EVENTS, get(socket::open))
        .route("/v1/status", get(status))
        .route("/v1/calls", get(calls).post(dial))
        .route("/v1/calls/{id}", get(call).delete(hang_up))
        .route("/v1/calls/{id}/{verb}", post(on_call))
        .route("/v1/calls/{id}/{verb}/{step}", post(on_call_step))
        .route("/v1/commands/{name}", post(command))
        .fallback(no_path)
        .method_not_allowed_fallback(no_method)
        .layer(from_fn_with_state(Arc::clone(&shop), gate))
        .with_state(shop)
}

async fn no_path() -> Problem {
    Problem::bad(StatusCode::NOT_FOUND, "there is no such path")
}

async fn no_method() -> Problem {
    let why = "this path is not asked with this method; GET changes nothing, ever";
    Problem::bad(StatusCode::METHOD_NOT_ALLOWED, why)
}

async fn status(State(shop): Its, Extension(grant): Holder) -> Answer {
    let status = Command::Status(NoFields {});
    answer(ask(&shop.board, &grant, None, status).await?, false)
}

async fn calls(State(shop): Its, Extension(grant): Holder) -> Answer {
    let list = Command::ListCalls(NoFields {});
    answer(ask(&shop.board, &grant, None, list).await?, false)
}

async fn call(State(shop): Its, Extension(grant): Holder, Path(id): Path<String>) -> Answer {
    let id = handle(&id)?;
    let list = Command::ListCalls(NoFields {});
    let mut reply = ask(&shop.board, &grant, None, list).await?;
    let Some(Reply::Calls { calls }) = reply.ok.take() else {
        return answer(reply, false);
    };
    let found = calls.into_iter().find(|known| known.call == id);
    let found = found.ok_or_else(|| {
        let why = format!("there is no call {id}, or it is over");
        Problem::from(ErrorObject::new(Code::UNKNOWN_CALL, why).call(id))
    })?;
    reply.ok = Some(Reply::Call {
        call: Box::new(found),
    });
    answer(reply, false)
}

async fn dial(State(shop): Its, Extension(grant): Holder, request: Request) -> Answer {
    carry_out(&shop, &grant, "dial", request, None).await
}

async fn hang_up(
    State(shop): Its,
    Extension(grant): Holder,
    Path(id): Path<String>,
    request: Request,
) -> Answer {
    carry_out(&shop, &grant, "hang_up", request, Some(handle(&id)?)).await
}

async fn on_call(
    State(shop): Its,
    Extension(grant): Holder,
    Path((id, verb)): Path<(String, String)>,
    request: Request,
) -> Answer {
    verb_on_call(&shop, &grant, (&id, &verb), request).await
}

async fn on_call_step(
    State(shop): Its,
    Extension(grant): Holder,
    Path((id, verb, step)): Path<(String, String, String)>,
    request: Request,
) -> Answer {
    verb_on_call(&shop, &grant, (&id, &format!("{verb}/{step}")), request).await
}

async fn verb_on_call(
    shop: &Shop,
    grant: &Grant,
    (id, verb): (&str, &str),
    request: Request,
) -> Answer {
    let name = match verb {
        "answer" => "accept",
        "decline" | "silence" | "redirect" | "hold" | "resume" | "swap" | "mute" | "split"
        | "transfer" => verb,
        "dtmf" => "send_dtmf",
        "transfer/complete" => "transfer.complete",
        "transfer/cancel" => "transfer.cancel",
        "transfer/allow" => "transfer.allow",
        "transfer/refuse" => "transfer.refuse",
        "record" => "recording.start",
        "record/stop" => "recording.stop",
        "record/pause" => "recording.pause",
        "record/resume" => "recording.resume",
        "record/note" => "recording.note",
        _ => return Err(no_path().await),
    };
    carry_out(shop, grant, name, request, Some(handle(id)?)).await
}

async fn command(
    State(shop): Its,
    Extension(grant): Holder,
    Path(name): Path<String>,
    request: Request,
) -> Answer {
    carry_out(&shop, &grant, &name, request, None).await
}

fn handle(text: &str) -> Result<CallHandle, Problem> {
    text.parse().map_err(|_| {
        let why = format!("{} is no call", quoted(text));
        ErrorObject::new(Code::UNKNOWN_CALL, why).into()
    })
}

/// Reads the request's body as that of the command `name`, on `call`, and carries it out.
async fn carry_out(
    shop: &Shop,
    grant: &Grant,
    name: &str,
    request: Request,
    call: Option<CallHandle>,
) -> Answer {
    let key = key(grant, request.headers())?;
    let mut body = body(request).await?;
    if let Some(call) = call {
        body.insert("call".to_owned(), call.to_string().into());
    }
    if name == "mute" {
        body.entry("on").or_insert(true.into());
    }
    let command = Command::from_value(name, Value::Object(body)).ok_or_else(|| {
        let why = format!("there is no command {}", quoted(name));
        Problem::from(ErrorObject::new(Code::UNKNOWN_COMMAND, why))
    })?;
    let command = command.map_err(|why| {
        let status = StatusCode::BAD_REQUEST;
        Problem::new(status, Code::BAD_CONTROL_LINE, format!("{name}: {why}"))
    })?;
    if matches!(command, Command::Events(_)) {
        let why = format!("events come over a WebSocket at {EVENTS}");
        return Err(Problem::bad(StatusCode::BAD_REQUEST, why));
    }
    answer(ask(&shop.board, grant, key, command).await?, true)
}

/// The body: a JSON object, or nothing.
async fn body(request: Request) -> Result<Map<String, Value>, Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE).cloned();
    let read = timeout(CAME, to_bytes(request.into_body(), BODY)).await;
    let late = |_| Problem::bad(StatusCode::REQUEST_TIMEOUT, "the body did not come in time");
    let read = read.map_err(late)?.map_err(|_| {
        let why = format!("the body broke off, or is longer than {BODY} bytes");
        Problem::bad(StatusCode::PAYLOAD_TOO_LARGE, why)
    })?;
    if read.is_empty() {
        return Ok(Map::new());
    }
    let kind = kind.as_ref().and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).map(str::trim);
    // A page can send other types to anybody without asking (CORS, simple requests).
    if !kind.is_some_and(|kind| kind.eq_ignore_ascii_case("application/json")) {
        let why = "a body is of the type application/json";
        return Err(Problem::bad(StatusCode::UNSUPPORTED_MEDIA_TYPE, why));
    }
    serde_json::from_slice(&read).map_err(|why| {
        let why = format!("the body is no JSON object: {why}");
        Problem::bad(StatusCode::BAD_REQUEST, why)
    })
}

/// The engine's key for `Idempotency-Key`: of this token alone, so that nobody is told what somebody else asked.
fn key(grant: &Grant, headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Problem> {
    let Some(key) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    if !(1..=LONGEST_KEY).contains(&key.len()) {
        let why = format!("Idempotency-Key has 1 to {LONGEST_KEY} characters");
        return Err(Problem::bad(StatusCode::BAD_REQUEST, why));
    }
    Ok(own_key(grant, key.as_bytes()))
}

/// See [`key`]; also for the keys of a socket.
pub(crate) fn own_key(grant: &Grant, key: &[u8]) -> Option<IdempotencyKey> {
    let hash = Sha256::new()
        .chain_update(grant.name.as_bytes())
        .chain_update([0])
        .chain_update(key)
        .finalize();
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    hash.parse().ok()
}

async fn ask(
    board: &Board,
    grant: &Grant,
    key: Option<IdempotencyKey>,
    command: Command,
) -> Result<ReplyTo, Problem> {
    allowed(grant, Scope::of(&command))?;
    let mut asked = board.ask(command, key).map_err(not_taken)?;
    match timeout(REPLY, asked.reply()).await {
        Ok(Some(reply)) => Ok(reply),
        Ok(None) => Err(ErrorObject::new(Code::STOPPING, "the engine ends").into()),
        Err(_) => Err(Problem::new(
            StatusCode::GATEWAY_TIMEOUT,
            Code::ENGINE_BUSY,
            format!(
                "no reply within {} s; it may still come to pass",
                REPLY.as_secs()
            ),
        )),
    }
}

/// Why the engine took no line.
pub(crate) fn not_taken(status: Status) -> ErrorObject {
    match status {
        Status::UNAVAILABLE => {
            ErrorObject::new(Code::ENGINE_BUSY, "too many commands wait for the engine")
        }
        Status::LOST => ErrorObject::new(Code::STOPPING, "the engine ends"),
        _ => ErrorObject::new(Code::BAD_CONTROL_LINE, "the command is too long"),
    }
}

/// What the engine replied, as HTTP says it: 201 for a call that was made, 202 for what comes to pass later.
fn answer(reply: ReplyTo, makes: bool) -> Answer {
    let command = reply.command;
    let ok = reply.outcome()?;
    let mut made = None;
    let status = if matches!(ok, Reply::Taken) {
        StatusCode::ACCEPTED
    } else if let (Reply::Call { call }, true) = (&ok, makes) {
        made = HeaderValue::from_str(&format!("/v1/calls/{}", call.call)).ok();
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let mut body = json!(ok);
    if let Some(command) = command {
        body["command"] = json!(command);
    }
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("application/json");
    headers.insert(header::CONTENT_TYPE, kind);
    if let Some(made) = made {
        headers.insert(header::LOCATION, made);
    }
    Ok(response.into_response())
}
