//! A media tick allocates nothing: counted by the allocator itself.
#![allow(unsafe_code)]

use offhook_net::{MediaSockets, Slot};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

struct Counting;

thread_local! {
    static CALLS: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    // At a thread's end the cell is gone and nobody counts any more.
    let _ = CALLS.try_with(|calls| calls.set(calls.get() + 1));
}

// SAFETY: every call goes to the system's allocator as it came; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise, passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        count();
        // SAFETY: the caller's promise, passed on.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's promise, passed on.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const SOCKETS: usize = 100;
const PACKET: &[u8] = &[0x80; 172];

fn tick(sockets: &mut MediaSockets, ring: &[(Slot, SocketAddr)]) -> usize {
    for (index, &(slot, _)) in ring.iter().enumerate() {
        let (_, to) = ring[(index + 1) % SOCKETS];
        sockets.queue(slot, to, PACKET).expect("an open socket");
        if index % 10 == 0 {
            // A burst, so that the batched call is counted too.
            for _ in 0..4 {
                sockets.queue(slot, to, PACKET).expect("an open socket");
            }
        }
    }
    sockets.flush();
    let mut bytes = 0;
    sockets
        .sweep(|_, _, _, packet| bytes += packet.len())
        .expect("a sweep");
    bytes
}

#[test]
fn sweeping_queueing_and_flushing_allocate_nothing() {
    let mut sockets = MediaSockets::new(SOCKETS as u32).unwrap();
    let ring: Vec<_> = (0..SOCKETS)
        .map(|_| {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            socket.set_nonblocking(true).unwrap();
            let address = socket.local_addr().unwrap();
            (sockets.add(socket).unwrap(), address)
        })
        .collect();
    let before = CALLS.with(Cell::get);
    assert!(before > 0, "the counter counts");
    let mut bytes = 0;
    for _ in 0..20 {
        bytes += tick(&mut sockets, &ring);
    }
    let calls = CALLS.with(Cell::get) - before;
    assert_eq!(bytes, 20 * 140 * 172);
    assert_eq!(calls, 0);
}
