//! An engine that has stopped leaves nothing behind in its process.

use super::{ACCOUNT, PATIENCE, dial, run, start};
use std::net::UdpSocket;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpStream, UnixStream};

fn entries(folder: &str) -> usize {
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

/// Open files and threads of this process.
fn held() -> (usize, usize) {
    (entries("/proc/self/fd"), entries("/proc/self/task"))
}

/// Fifty engines one after the other, each with sockets, a control client, a connection and media threads.
#[cfg(target_os = "linux")]
#[test]
fn fifty_engines_leave_no_descriptor_and_no_thread() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("control.sock");
        let keys = [("control.socket", socket.to_str().unwrap())];
        let mut before = None;
        for number in 0..50 {
            let core = start(&keys).await;
            let tcp = core.listening()[1].address;
            let mut peer = TcpStream::connect(tcp).await.unwrap();
            let mut client = UnixStream::connect(&socket).await.unwrap();
            tokio::time::sleep(Duration::from_millis(5)).await;
            let begun = Instant::now();
            core.stop("test").await;
            assert!(
                begun.elapsed() < Duration::from_secs(1),
                "nothing is to be waited for"
            );
            assert_eq!(Rc::strong_count(&core), 1, "no task holds the engine");
            drop(core);
            let mut rest = Vec::new();
            for end in [
                client.read_to_end(&mut rest).await,
                peer.read_to_end(&mut rest).await,
            ] {
                assert_eq!(end.unwrap_or(0), 0, "closed, and nothing said");
            }
            drop((client, peer));
            assert!(!socket.exists());
            // What the first ones make once stays: names of the system, pools of the runtime.
            if number >= 2 {
                let before = *before.get_or_insert_with(held);
                // The system lists a thread for a moment after it was joined.
                let end = Instant::now() + Duration::from_secs(1);
                while held() != before && Instant::now() < end {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                assert_eq!(before, held(), "engine {number}");
            }
        }
    });
}

/// A peer that says nothing keeps nobody from stopping.
#[test]
fn stopping_is_bounded_while_a_call_hangs() {
    run(async {
        let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
        let core = start(&ACCOUNT).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        dial(&core, &format!("sip:9@{}", silent.local_addr().unwrap()));
        silent.set_read_timeout(Some(PATIENCE)).unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        let mut invite = [0; 4_096];
        let size = silent.recv(&mut invite).unwrap();
        assert!(invite[..size].starts_with(b"INVITE"));
        let begun = Instant::now();
        core.stop("test").await;
        assert!(
            begun.elapsed() < Duration::from_secs(3),
            "{:?}",
            begun.elapsed()
        );
        assert_eq!(Rc::strong_count(&core), 1, "no task holds the engine");
    });
}
