//! Programs of this computer start, answer and end calls by HTTP and WebSocket, as a plugin of the kind ui.
//!
//! What it is not: a page for people, and nothing for other computers: it listens on 127.0.0.1 and ::1 alone, and lets
//! nobody in without a token.
//!
//! | file | holds |
//! | --- | --- |
//! | [`Api`] | the face: a thread with a runtime of its own, its sockets |
//! | [`options`] | what can be set |
//! | `gate` | who is let in |
//! | `rest` | requests |
//! | `socket`, `client` | WebSockets, and what waits for each |
//! | `board` | the one line to the engine |
//! | `problem` | errors as RFC 9457 has them |

mod board;
mod client;
mod gate;
pub mod options;
mod problem;
mod rest;
mod socket;

pub use options::Options;

use axum::Router;
use board::Board;
use control::ErrorObject;
use core::net::SocketAddr;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use plugin::{Host, Level, Refusal, Status, Ui, UiEngine};
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Connections at once; more are closed as they come. Source: experience.md 5.1.
const CONNECTIONS: usize = 256;
/// WebSockets at once; more are refused. Source: as above.
const SOCKETS: usize = 256;
/// How long the head of a request may take. Unit: time.
const HEAD: Duration = Duration::from_secs(10);
/// How long a connection is kept for one request after another. Unit: time.
const LIFE: Duration = Duration::from_secs(300);
/// How long the last request of a connection may take, with its answer: a client that reads nothing holds no place for
/// good. Unit: time.
const LAST: Duration = Duration::from_secs(90);
/// Longest head of a request. Unit: bytes.
const HEAD_BYTES: usize = 32 * 1024;
/// Pause after a connection could not be taken: no descriptors are left. Unit: time.
const BREATHER: Duration = Duration::from_millis(100);

/// The host of this process, for the log.
static HOST: Mutex<Option<Host>> = Mutex::new(None);

fn host() -> Option<Host> {
    *HOST.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What all requests and sockets share.
struct Shop {
    board: Board,
    options: Options,
    /// WebSockets that there may be more of.
    sockets: Arc<Semaphore>,
}

impl Shop {
    /// Somebody was not let in.
    fn refused(&self, why: &ErrorObject) {
        if let Some(host) = host() {
            host.log(
                Level::Info,
                &format!("refused: {} {}", why.code, why.detail),
            );
            // A host without numbers shows none.
            let _ = host.add("refused", 1);
        }
    }

    fn warn(&self, line: &str) {
        if let Some(host) = host() {
            host.log(Level::Warn, line);
        }
    }
}

/// The face.
#[derive(Debug)]
pub struct Api {
    shop: Arc<Shop>,
    /// Dropped, it ends the thread.
    end: Option<watch::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl core::fmt::Debug for Shop {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Shop").finish_non_exhaustive()
    }
}

impl Ui for Api {
    fn init(host: Option<Host>) -> Result<(), Refusal> {
        *HOST.lock().unwrap_or_else(PoisonError::into_inner) = host;
        Ok(())
    }

    fn open(engine: UiEngine, options: &str) -> Result<Self, Refusal> {
        // A host without options has none that were set.
        let of_plugin = host().and_then(|host| host.config().ok());
        let options = Options::read(&of_plugin.unwrap_or_default(), options)?;
        let listeners = options.listen.iter().map(|address| listen(*address));
        let listeners: Vec<TcpListener> = listeners.collect::<Result<_, _>>()?;
        let addresses = listeners.iter().map(TcpListener::local_addr);
        let addresses: Vec<SocketAddr> = addresses.collect::<Result<_, _>>().map_err(failed)?;
        if let Some(path) = &options.address_file {
            write(path, &addresses)?;
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(failed)?;
        let shop = Arc::new(Shop {
            board: Board::new(engine),
            options,
            sockets: Arc::new(Semaphore::new(SOCKETS)),
        });
        let (end, ended) = watch::channel(());
        let router = rest::router(Arc::clone(&shop));
        let thread = std::thread::Builder::new().name("ui-api".to_owned());
        let thread = thread.spawn(move || runtime.block_on(serve(listeners, router, ended)));
        let thread = Some(thread.map_err(failed)?);
        if let Some(host) = host() {
            for address in addresses {
                host.log(Level::Info, &format!("listening at http://{address}"));
            }
        }
        Ok(Self {
            shop,
            end: Some(end),
            thread,
        })
    }

    fn event(&mut self, json: &str) -> Result<(), Status> {
        self.shop.board.heard(json)
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has ended, too.
            let _ = thread.join();
        }
        if let Some(path) = &self.shop.options.address_file {
            // Whoever reads it is not sent to where nobody listens any more.
            let _ = std::fs::remove_file(path);
        }
    }
}

fn failed(why: std::io::Error) -> Refusal {
    Refusal::new(Status::UNAVAILABLE, why.to_string())
}

fn listen(address: SocketAddr) -> Result<TcpListener, Refusal> {
    let listener = TcpListener::bind(address).and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    listener.map_err(|why| {
        // Also told to a plugin in a process of its own: the permission net is to ask others, not to be asked.
        let fix = if why.kind() == std::io::ErrorKind::PermissionDenied {
            "an isolated plugin may not listen (plugins.trust), and few users may below port 1024"
        } else {
            "name another in the option listen"
        };
        let why = format!("{address} cannot be listened on: {why}; {fix}");
        Refusal::new(Status::UNAVAILABLE, why)
    })
}

/// One address a line, for this user alone.
fn write(path: &Path, addresses: &[SocketAddr]) -> Result<(), Refusal> {
    let lines: String = addresses.iter().map(|a| format!("{a}\n")).collect();
    let mut file = std::fs::OpenOptions::new();
    let file = file
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path);
    let written = file.and_then(|mut file| file.write_all(lines.as_bytes()));
    written.map_err(|why| {
        let why = format!("address_file {}: {why}", path.display());
        Refusal::new(Status::UNAVAILABLE, why)
    })
}

/// Takes connections until the face is closed; then all of them end.
async fn serve(listeners: Vec<TcpListener>, router: Router, mut ended: watch::Receiver<()>) {
    let connections = Arc::new(Semaphore::new(CONNECTIONS));
    let mut all = JoinSet::new();
    for listener in listeners {
        let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
            continue;
        };
        let (router, connections) = (router.clone(), Arc::clone(&connections));
        all.spawn(accept(listener, router, connections));
    }
    // Nobody ever says anything on it: it ends with its sender.
    let _ = ended.changed().await;
    all.shutdown().await;
}

async fn accept(listener: tokio::net::TcpListener, router: Router, connections: Arc<Semaphore>) {
    let mut open = JoinSet::new();
    loop {
        while open.try_join_next().is_some() {}
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(BREATHER).await;
            continue;
        };
        // One too many is closed at once.
        if let Ok(permit) = Arc::clone(&connections).try_acquire_owned() {
            let router = router.clone();
            open.spawn(async move {
                converse(stream, router).await;
                drop(permit);
            });
        }
    }
}

async fn converse(stream: TcpStream, router: Router) {
    // A frame is not to wait for the next one.
    let _ = stream.set_nodelay(true);
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
        .with_upgrades();
    let mut served = core::pin::pin!(served);
    // A client that breaks off owes nobody a reason. A WebSocket is no part of this any more.
    if timeout(LIFE, served.as_mut()).await.is_err() {
        served.as_mut().graceful_shutdown();
        let _ = timeout(LAST, served).await;
    }
}

plugin::export_ui!(
    Api,
    id = "ui-api",
    name = "HTTP and WebSocket for programs of this computer",
    permissions = ["net"],
    config = r#"{
        "listen":{"type":"string","default":"127.0.0.1:8470","help":"addresses of this computer alone, with commas between; port 0 lets the system choose"},
        "allowed_hosts":{"type":"string","default":"","help":"names that Host may have beside localhost, 127.0.0.1 and [::1]"},
        "allowed_origins":{"type":"string","default":"","help":"pages that may ask, such as https://crm.example"},
        "tokens":{"type":"string","default":"","help":"file of tokens; empty: the one that offhook token writes"},
        "address_file":{"type":"string","default":"","help":"file to write the addresses to, one a line"}
    }"#
);
