//! Cost of a packet through [`net::MediaSockets`], beside plain calls of the standard library.
//!
//! `tick`: every one of 1,000 sockets sends one packet to the next and reads what came: the shape
//! of 1,000 calls, 20 ms each. `idle`: nothing has arrived on any of them. `burst`: one socket
//! sends 8 packets to another. Unit: time an iteration; criterion prints packets a second.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use net::{MediaSockets, Slot};
use std::hint::black_box;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

const SOCKETS: usize = 1000;
const PACKET: [u8; 172] = [0x80; 172];
const BURST: usize = 8;

fn socket() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    socket.set_nonblocking(true).expect("a socket");
    let address = socket.local_addr().expect("a bound socket");
    (socket, address)
}

fn media(count: usize) -> (MediaSockets, Vec<(Slot, SocketAddr)>) {
    let mut sockets = MediaSockets::new(count as u32).expect("a poller");
    let ring = (0..count).map(|_| {
        let (socket, address) = socket();
        (sockets.add(socket).expect("room"), address)
    });
    let ring = ring.collect();
    (sockets, ring)
}

fn tick(c: &mut Criterion) {
    let mut group = c.benchmark_group("media_sockets/tick-1000");
    group.throughput(Throughput::Elements(SOCKETS as u64));
    let plain: Vec<_> = (0..SOCKETS).map(|_| socket()).collect();
    let mut buffer = [0; 2048];
    group.bench_function("plain", |b| {
        b.iter(|| {
            for (index, (socket, _)) in plain.iter().enumerate() {
                let (_, to) = plain[(index + 1) % SOCKETS];
                socket.send_to(&PACKET, to).expect("sent");
            }
            for (socket, _) in &plain {
                black_box(socket.recv_from(&mut buffer).expect("a packet"));
            }
        });
    });
    drop(plain);
    let (mut sockets, ring) = media(SOCKETS);
    group.bench_function("media_sockets", |b| {
        b.iter(|| {
            for (index, &(slot, _)) in ring.iter().enumerate() {
                let (_, to) = ring[(index + 1) % SOCKETS];
                sockets.queue(slot, to, &PACKET).expect("in line");
            }
            sockets.flush();
            let count = sockets.sweep(|_, _, _, packet| {
                black_box(packet);
            });
            assert_eq!(count.expect("a sweep"), SOCKETS);
        });
    });
    group.finish();
}

fn idle(c: &mut Criterion) {
    let mut group = c.benchmark_group("media_sockets/idle-1000");
    let plain: Vec<_> = (0..SOCKETS).map(|_| socket()).collect();
    let mut buffer = [0; 2048];
    group.bench_function("plain", |b| {
        b.iter(|| {
            for (socket, _) in &plain {
                black_box(socket.recv_from(&mut buffer).is_err());
            }
        });
    });
    drop(plain);
    let (mut sockets, _ring) = media(SOCKETS);
    group.bench_function("media_sockets", |b| {
        b.iter(|| sockets.sweep(|_, _, _, _| {}).expect("a sweep"));
    });
    group.finish();
}

fn burst(c: &mut Criterion) {
    let mut group = c.benchmark_group("media_sockets/burst-8");
    group.throughput(Throughput::Elements(BURST as u64));
    let ((from, _), (to, address)) = (socket(), socket());
    let mut buffer = [0; 2048];
    group.bench_function("plain", |b| {
        b.iter(|| {
            for _ in 0..BURST {
                from.send_to(&PACKET, address).expect("sent");
            }
            for _ in 0..BURST {
                black_box(to.recv_from(&mut buffer).expect("a packet"));
            }
        });
    });
    let (mut sockets, ring) = media(2);
    group.bench_function("media_sockets", |b| {
        b.iter(|| {
            for _ in 0..BURST {
                sockets
                    .queue(ring[0].0, ring[1].1, &PACKET)
                    .expect("in line");
            }
            sockets.flush();
            let count = sockets.sweep(|_, _, _, packet| {
                black_box(packet);
            });
            assert_eq!(count.expect("a sweep"), BURST);
        });
    });
    group.finish();
}

fn all(c: &mut Criterion) {
    net::raise_open_files();
    tick(c);
    idle(c);
    burst(c);
}

criterion_group!(benches, all);
criterion_main!(benches);
