//! Ports that no test beside uses, below the range from which the system draws its own.
//!
//! A test process takes a block of ports, and another when it is used up, and holds a listener on another loopback address as
//! the token for it, so that a block comes free by itself when its process ends, however it ends.

use crate::process::Running;
use anyhow::{Result, bail, ensure};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, UdpSocket};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

/// First port that is handed out.
const FIRST: u16 = 21_000;
/// Ports in a block. Unit: ports.
const SIZE: u16 = 100;
/// Number of blocks, and so of test processes at a time. Unit: blocks.
const BLOCKS: u16 = 100;
/// The token of block n is a listener on this address at port [`TOKEN`] + n.
const TOKEN_ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 77, 77, 77);
const TOKEN: u16 = 20_000;

struct Block {
    next: u16,
    end: u16,
    tokens: Vec<TcpListener>,
}

/// `count` ports in a row, the first of them even, free for UDP and TCP on 127.0.0.1.
///
/// # Panics
///
/// When all blocks are taken: the test cannot go on.
pub fn take(count: u16) -> u16 {
    static BLOCK: OnceLock<Mutex<Block>> = OnceLock::new();
    let block = BLOCK.get_or_init(|| {
        let (next, token) = claim();
        Mutex::new(Block {
            next,
            end: next + SIZE,
            tokens: vec![token],
        })
    });
    let mut block = block
        .lock()
        .expect("nothing panics while it holds the lock");
    loop {
        let first = block.next + block.next % 2;
        if first + count > block.end {
            let (next, token) = claim();
            block.tokens.push(token);
            (block.next, block.end) = (next, next + SIZE);
            continue;
        }
        block.next = first + count;
        if (first..first + count).all(is_free) {
            return first;
        }
    }
}

/// Waits until `running` listens at `address` on `udp` or `tcp`, by the system's list of sockets.
pub fn wait_listening(address: SocketAddr, transport: &str, running: &mut Running) -> Result<()> {
    let (list, here) = match address {
        SocketAddr::V4(_) => (format!("/proc/net/{transport}"), "0100007F"),
        SocketAddr::V6(_) => (
            format!("/proc/net/{transport}6"),
            "00000000000000000000000001000000",
        ),
    };
    let local = format!("{here}:{:04X}", address.port());
    for _ in 0..500 {
        let sockets = std::fs::read_to_string(&list)?;
        if sockets.lines().any(|line| is_listener(line, &local)) {
            return Ok(());
        }
        ensure!(running.is_alive(), "it ended:\n{}", running.log());
        std::thread::sleep(Duration::from_millis(10));
    }
    bail!("nothing listens at {address}:\n{}", running.log())
}

/// Whether this line of the list is a socket that waits at `local`. Not one of a connection: what a test before left of
/// its connections to this port stands in the list for a minute (TIME_WAIT).
fn is_listener(line: &str, local: &str) -> bool {
    /// `TCP_LISTEN`, and what UDP calls a socket that is bound (`TCP_CLOSE`).
    const STATES: [&str; 2] = ["0A", "07"];
    let mut columns = line.split_whitespace().skip(1);
    let at = columns.next();
    let state = columns.nth(1);
    at == Some(local) && state.is_some_and(|state| STATES.contains(&state))
}

/// First port of a block that nobody has, and the token that keeps it ours.
fn claim() -> (u16, TcpListener) {
    // Processes start apart from each other, so that they seldom ask for the same block.
    let begin = (std::process::id() % u32::from(BLOCKS)) as u16;
    for n in (0..BLOCKS).map(|n| (begin + n) % BLOCKS) {
        if let Ok(token) = TcpListener::bind(SocketAddrV4::new(TOKEN_ADDRESS, TOKEN + n)) {
            return (FIRST + n * SIZE, token);
        }
    }
    panic!("all {BLOCKS} blocks of ports are taken");
}

fn is_free(port: u16) -> bool {
    let here = SocketAddrV4::new(Ipv4Addr::LOCALHOST, port);
    UdpSocket::bind(here).is_ok() && TcpListener::bind(here).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_even_in_a_row_and_never_given_twice() {
        let a = take(2);
        let b = take(3);
        assert_eq!((a % 2, b % 2), (0, 0));
        assert!(b >= a + 2 && take(1) >= b + 3);
    }

    #[test]
    fn what_is_left_of_a_connection_does_not_listen() {
        let local = "0100007F:6A40";
        let line = |at: &str, far: &str, state: &str| {
            format!("  7: {at} {far} {state} 00000000:00000000 00:00000000")
        };
        let nobody = "00000000:0000";
        assert!(is_listener(&line(local, nobody, "0A"), local));
        assert!(is_listener(&line(local, nobody, "07"), local));
        assert!(!is_listener(&line(local, "0100007F:C001", "06"), local));
        assert!(!is_listener(&line("0100007F:C001", local, "06"), local));
    }

    #[test]
    fn a_taken_port_is_left_out() {
        // Not the last one of a block.
        let next = take(4) + 4;
        let _taken = UdpSocket::bind((Ipv4Addr::LOCALHOST, next)).unwrap();
        assert_ne!(take(1), next);
    }
}
