//! The tasks behind the table: one that accepts for each listener, one for each connection.

use super::Closed;
use crate::FlowId;
use crate::tls::{Client, Refusal};
use bytes::{Bytes, BytesMut};
use socket2::Socket;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_rustls::client::TlsStream;

/// What a read makes room for at first and at last. Unit: bytes. An idle connection holds the
/// first; one that fills its room gets twice as much.
const ROOM: (usize, usize) = (2048, 65_536);

/// How long to leave a listener alone that cannot accept: the process is out of files.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// What a task tells the table.
pub(super) enum Told {
    Accepted {
        stream: TcpStream,
        source: SocketAddr,
    },
    Connected {
        flow: FlowId,
        local: SocketAddr,
        proved: Option<String>,
    },
    Bytes {
        flow: FlowId,
        bytes: Bytes,
    },
    Closed {
        flow: FlowId,
        why: Closed,
    },
}

/// When an inbound connection has gone without a message for too long.
pub(super) struct IdleClock {
    pub(super) started: Instant,
    pub(super) last_message_ms: Arc<AtomicU64>,
    /// `None` for connections that we made: they are kept for reuse.
    pub(super) idle: Option<Duration>,
}

impl IdleClock {
    async fn run_out(&self) -> Closed {
        let Some(idle) = self.idle else {
            return std::future::pending().await;
        };
        loop {
            let last = Duration::from_millis(self.last_message_ms.load(Ordering::Relaxed));
            let deadline = self.started + last + idle;
            if Instant::now() >= deadline {
                return Closed::Idle;
            }
            sleep_until(deadline).await;
        }
    }
}

pub(super) async fn accept(listener: TcpListener, tell: mpsc::Sender<Told>) {
    loop {
        match listener.accept().await {
            Ok((stream, source)) => {
                let told = Told::Accepted { stream, source };
                if tell.send(told).await.is_err() {
                    return;
                }
            }
            Err(problem) => {
                tracing::warn!(%problem, "cannot accept connections");
                sleep(ACCEPT_AGAIN_AFTER).await;
            }
        }
    }
}

/// A connection as it is read and written.
pub(super) enum Stream {
    /// As the bytes come.
    Plain(TcpStream),
    /// Within TLS, with whoever proved this name.
    Secured(Box<TlsStream<TcpStream>>, Option<String>),
}

/// The connected stream, or why there is none. With a client, the other end has proved who it is.
pub(super) async fn connect(
    socket: Socket,
    target: SocketAddr,
    client: Option<Arc<Client>>,
    wait: Duration,
) -> Result<Stream, Closed> {
    let socket = TcpSocket::from_std_stream(socket.into());
    let connecting = async {
        let stream = socket.connect(target).await;
        let stream = stream.map_err(|problem| Closed::NotConnected(problem.kind()))?;
        let Some(client) = client else {
            return Ok(Stream::Plain(stream));
        };
        let secured = client.handshake(stream).await.map_err(|why| broken(&why))?;
        let proved = client.met(&secured);
        Ok(Stream::Secured(Box::new(secured), proved))
    };
    timeout(wait, connecting)
        .await
        .unwrap_or(Err(Closed::NoAnswer))
}

/// What an error of a stream means for its connection.
fn broken(problem: &io::Error) -> Closed {
    match Refusal::of(problem) {
        Some(refusal) => Closed::Refused(refusal),
        None => Closed::Broken(problem.kind()),
    }
}

/// Carries one connection from its making to its end.
pub(super) async fn run(
    flow: FlowId,
    stream: impl Future<Output = Result<Stream, Closed>> + Send,
    queue: mpsc::Receiver<Bytes>,
    clock: IdleClock,
    tell: mpsc::Sender<Told>,
) {
    let why = match stream.await {
        Ok(stream) => carry(flow, stream, queue, &clock, &tell).await,
        Err(why) => why,
    };
    let _ = tell.send(Told::Closed { flow, why }).await;
}

async fn carry(
    flow: FlowId,
    stream: Stream,
    queue: mpsc::Receiver<Bytes>,
    clock: &IdleClock,
    tell: &mpsc::Sender<Told>,
) -> Closed {
    let (local, proved) = match &stream {
        Stream::Plain(stream) => (stream.local_addr(), None),
        Stream::Secured(stream, proved) => (stream.get_ref().0.local_addr(), proved.clone()),
    };
    if clock.idle.is_none() {
        let Ok(local) = local else {
            return Closed::Broken(io::ErrorKind::NotConnected);
        };
        let connected = Told::Connected {
            flow,
            local,
            proved,
        };
        let _ = tell.send(connected).await;
    }
    match stream {
        Stream::Plain(stream) => both(flow, stream.into_split(), queue, clock, tell).await,
        Stream::Secured(stream, _) => {
            both(flow, tokio::io::split(stream), queue, clock, tell).await
        }
    }
}

async fn both(
    flow: FlowId,
    (reader, writer): (impl AsyncRead + Unpin, impl AsyncWrite + Unpin),
    queue: mpsc::Receiver<Bytes>,
    clock: &IdleClock,
    tell: &mpsc::Sender<Told>,
) -> Closed {
    tokio::select! {
        why = read(flow, reader, tell) => why,
        why = write(writer, queue) => why,
        why = clock.run_out() => why,
    }
}

async fn read(
    flow: FlowId,
    mut reader: impl AsyncRead + Unpin,
    tell: &mpsc::Sender<Told>,
) -> Closed {
    let mut room = ROOM.0;
    let mut buffer = BytesMut::new();
    loop {
        buffer.reserve(room);
        match reader.read_buf(&mut buffer).await {
            Ok(0) => return Closed::ByPeer,
            Ok(count) => {
                if count >= room {
                    room = (2 * room).min(ROOM.1);
                }
                let bytes = buffer.split().freeze();
                if tell.send(Told::Bytes { flow, bytes }).await.is_err() {
                    return Closed::ByUs;
                }
            }
            Err(problem) => return broken(&problem),
        }
    }
}

async fn write(mut writer: impl AsyncWrite + Unpin, mut queue: mpsc::Receiver<Bytes>) -> Closed {
    while let Some(bytes) = queue.recv().await {
        let written = writer.write_all(&bytes).await;
        // Within TLS what was written may stand in a record that waits to be sent.
        let written = match written {
            Ok(()) => writer.flush().await,
            Err(_) => written,
        };
        if let Err(problem) = written {
            return broken(&problem);
        }
    }
    match writer.shutdown().await {
        Ok(()) => Closed::ByUs,
        Err(problem) => Closed::Broken(problem.kind()),
    }
}
