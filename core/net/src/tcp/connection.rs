//! The tasks behind the table: one that accepts for each listener, one for each connection.

use super::Closed;
use crate::FlowId;
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

/// The connected stream, or why there is none.
pub(super) async fn connect(
    socket: Socket,
    target: SocketAddr,
    wait: Duration,
) -> Result<TcpStream, Closed> {
    let socket = TcpSocket::from_std_stream(socket.into());
    match timeout(wait, socket.connect(target)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(problem)) => Err(Closed::NotConnected(problem.kind())),
        Err(_) => Err(Closed::NoAnswer),
    }
}

/// Carries one connection from its making to its end.
pub(super) async fn run(
    flow: FlowId,
    stream: impl Future<Output = Result<TcpStream, Closed>> + Send,
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
    stream: TcpStream,
    queue: mpsc::Receiver<Bytes>,
    clock: &IdleClock,
    tell: &mpsc::Sender<Told>,
) -> Closed {
    if clock.idle.is_none() {
        let Ok(local) = stream.local_addr() else {
            return Closed::Broken(io::ErrorKind::NotConnected);
        };
        let _ = tell.send(Told::Connected { flow, local }).await;
    }
    let (reader, writer) = stream.into_split();
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
            Err(problem) => return Closed::Broken(problem.kind()),
        }
    }
}

async fn write(mut writer: impl AsyncWrite + Unpin, mut queue: mpsc::Receiver<Bytes>) -> Closed {
    while let Some(bytes) = queue.recv().await {
        if let Err(problem) = writer.write_all(&bytes).await {
            return Closed::Broken(problem.kind());
        }
    }
    match writer.shutdown().await {
        Ok(()) => Closed::ByUs,
        Err(problem) => Closed::Broken(problem.kind()),
    }
}
