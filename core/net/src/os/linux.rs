//! Linux: `recvmmsg`, `sendmmsg`, epoll, `malloc_trim`.
//!
//! The only `unsafe` of this crate. All headers are made on the stack for each call, so nothing
//! points into anything that could move or be freed, and a call allocates nothing.
#![allow(unsafe_code)]

use super::{Arrival, BATCH, Datagrams, Parcel, READY, Readiness};
use rustix::event::epoll;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket2::SockRef;
use std::io;
use std::mem::{self, MaybeUninit};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr;
use std::time::Duration;

/// Room for the control messages of one datagram: packet information (40 bytes with its header on
/// 64-bit systems), traffic class (24) and time of arrival (32).
const CONTROL: usize = 128;

/// Control messages must stand where a `cmsghdr` may stand.
#[repr(C, align(8))]
#[derive(Clone, Copy)]
struct Control([u8; CONTROL]);

/// Several datagrams a call.
pub(crate) struct Mmsg;

impl Datagrams for Mmsg {
    fn recv(socket: &UdpSocket, buffer: &mut [u8], arrivals: &mut [Arrival]) -> io::Result<usize> {
        let wanted = arrivals.len().min(BATCH);
        let size = buffer.len() / arrivals.len().max(1);
        if wanted == 0 || size == 0 {
            return Ok(0);
        }
        if wanted == 1 {
            return recv_one(socket, &mut buffer[..size], &mut arrivals[0]);
        }
        let mut names = [const { MaybeUninit::<libc::sockaddr_storage>::uninit() }; BATCH];
        let mut controls = [const { MaybeUninit::<Control>::uninit() }; BATCH];
        let mut pieces = [const { MaybeUninit::<libc::iovec>::uninit() }; BATCH];
        let mut headers = [const { MaybeUninit::<libc::mmsghdr>::uninit() }; BATCH];
        for (index, chunk) in buffer.chunks_exact_mut(size).take(wanted).enumerate() {
            let piece = pieces[index].write(libc::iovec {
                iov_base: chunk.as_mut_ptr().cast(),
                iov_len: size,
            });
            let mut header = no_header();
            header.msg_hdr.msg_name = names[index].as_mut_ptr().cast();
            header.msg_hdr.msg_namelen = socket_length::<libc::sockaddr_storage>();
            header.msg_hdr.msg_iov = piece;
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_control = controls[index].as_mut_ptr().cast();
            header.msg_hdr.msg_controllen = CONTROL as _;
            headers[index].write(header);
        }
        // SAFETY: the first `wanted` headers are written above and point to names, controls and
        // pieces on this stack frame and to disjoint chunks of `buffer`, all alive and unborrowed
        // until after the call; lengths are those of what they point to; no timeout is given.
        let got = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                headers.as_mut_ptr().cast(),
                wanted as libc::c_uint,
                libc::MSG_DONTWAIT as _,
                ptr::null_mut(),
            )
        };
        let got = usize::try_from(got).map_err(|_| io::Error::last_os_error())?;
        for (header, arrival) in headers.iter().zip(arrivals.iter_mut()).take(got) {
            // SAFETY: the first `got` ≤ `wanted` headers are initialised, and the kernel has filled
            // in names and control messages of the lengths that it wrote into them.
            *arrival = unsafe { arrival_of(header.assume_init_ref()) };
        }
        Ok(got)
    }

    fn send(socket: &UdpSocket, parcels: &[Parcel<'_>]) -> io::Result<usize> {
        if let [only] = parcels
            && only.from.is_none()
        {
            return socket.send_to(only.bytes, only.to).map(|_| 1);
        }
        let count = parcels.len().min(BATCH);
        let mut names = [const { MaybeUninit::<libc::sockaddr_storage>::uninit() }; BATCH];
        let mut controls = [const { MaybeUninit::<Control>::uninit() }; BATCH];
        let mut pieces = [const { MaybeUninit::<libc::iovec>::uninit() }; BATCH];
        let mut headers = [const { MaybeUninit::<libc::mmsghdr>::uninit() }; BATCH];
        for (index, parcel) in parcels.iter().take(count).enumerate() {
            let piece = pieces[index].write(libc::iovec {
                iov_base: parcel.bytes.as_ptr().cast_mut().cast(),
                iov_len: parcel.bytes.len(),
            });
            let mut header = no_header();
            header.msg_hdr.msg_namelen = write_name(&mut names[index], parcel.to);
            header.msg_hdr.msg_name = names[index].as_mut_ptr().cast();
            header.msg_hdr.msg_iov = piece;
            header.msg_hdr.msg_iovlen = 1;
            if let Some(from) = parcel.from {
                let control = controls[index].write(Control([0; CONTROL]));
                header.msg_hdr.msg_controllen = write_source(control, from) as _;
                header.msg_hdr.msg_control = ptr::from_mut(control).cast();
            }
            headers[index].write(header);
        }
        // SAFETY: the first `count` headers are written above; what they point to lives on this
        // stack frame or is borrowed by `parcels`, and the kernel only reads it.
        let sent = unsafe {
            libc::sendmmsg(
                socket.as_raw_fd(),
                headers.as_mut_ptr().cast(),
                count as libc::c_uint,
                libc::MSG_DONTWAIT as _,
            )
        };
        usize::try_from(sent).map_err(|_| io::Error::last_os_error())
    }
}

/// One datagram by the plain call, which costs less than a batch of one.
fn recv_one(socket: &UdpSocket, chunk: &mut [u8], arrival: &mut Arrival) -> io::Result<usize> {
    let mut name = MaybeUninit::<libc::sockaddr_storage>::uninit();
    let mut control = MaybeUninit::<Control>::uninit();
    let mut piece = libc::iovec {
        iov_base: chunk.as_mut_ptr().cast(),
        iov_len: chunk.len(),
    };
    let mut message = no_header();
    let header = &mut message.msg_hdr;
    header.msg_name = name.as_mut_ptr().cast();
    header.msg_namelen = socket_length::<libc::sockaddr_storage>();
    header.msg_iov = &raw mut piece;
    header.msg_iovlen = 1;
    header.msg_control = control.as_mut_ptr().cast();
    header.msg_controllen = CONTROL as _;
    // SAFETY: the header points to a name, a control buffer and a piece on this stack frame, the
    // piece to `chunk`; all are alive and writable for the lengths given with them.
    let length = unsafe { libc::recvmsg(socket.as_raw_fd(), header, libc::MSG_DONTWAIT) };
    let length = usize::try_from(length).map_err(|_| io::Error::last_os_error())?;
    message.msg_len = length as libc::c_uint;
    // SAFETY: the call above succeeded, and its name and control buffers still live.
    *arrival = unsafe { arrival_of(&message) };
    Ok(1)
}

fn no_header() -> libc::mmsghdr {
    // SAFETY: a plain C structure of integers and pointers, for which zero bytes are valid.
    unsafe { mem::zeroed() }
}

fn socket_length<T>() -> libc::socklen_t {
    // Socket address structures are at most 128 bytes long.
    mem::size_of::<T>() as libc::socklen_t
}

/// # Safety
///
/// `message` must come from a successful `recvmmsg` or `recvmsg` whose name and control buffers still live.
unsafe fn arrival_of(message: &libc::mmsghdr) -> Arrival {
    let header = &message.msg_hdr;
    // SAFETY: the name buffer is a `sockaddr_storage`, of which the kernel wrote `msg_namelen` bytes.
    let source = unsafe { read_name(header.msg_name.cast(), header.msg_namelen) };
    let mut arrival = Arrival {
        source: super::plain(source),
        len: message.msg_len as usize,
        truncated: header.msg_flags & libc::MSG_TRUNC != 0,
        ..Arrival::default()
    };
    if header.msg_controllen > 0 {
        // SAFETY: as above, for the control buffer.
        unsafe { read_control(header, &mut arrival) };
    }
    arrival
}

/// # Safety
///
/// `name` points to a live `sockaddr_storage` with at least `len` bytes written.
pub(crate) unsafe fn read_name(
    name: *const libc::sockaddr_storage,
    len: libc::socklen_t,
) -> SocketAddr {
    let nobody = SocketAddr::from(([0, 0, 0, 0], 0));
    if len < socket_length::<libc::sockaddr_in>() {
        return nobody;
    }
    // SAFETY: at least the 16 bytes of a `sockaddr_in` are written, the family among them, and the
    // storage is aligned for every kind of address; the IPv6 case checks its own length.
    unsafe {
        match i32::from((*name).ss_family) {
            libc::AF_INET => {
                let v4 = &*name.cast::<libc::sockaddr_in>();
                let ip = Ipv4Addr::from(u32::from_be(v4.sin_addr.s_addr));
                SocketAddr::from((ip, u16::from_be(v4.sin_port)))
            }
            libc::AF_INET6 if len >= socket_length::<libc::sockaddr_in6>() => {
                let v6 = &*name.cast::<libc::sockaddr_in6>();
                SocketAddr::V6(SocketAddrV6::new(
                    Ipv6Addr::from(v6.sin6_addr.s6_addr),
                    u16::from_be(v6.sin6_port),
                    u32::from_be(v6.sin6_flowinfo),
                    v6.sin6_scope_id,
                ))
            }
            _ => nobody,
        }
    }
}

/// # Safety
///
/// The control buffer of `header` lives and holds `msg_controllen` bytes from the kernel.
unsafe fn read_control(header: &libc::msghdr, arrival: &mut Arrival) {
    // SAFETY: the macros walk within `msg_controllen`; the kernel writes whole control messages
    // whose data has the size that its level and type say; data may be unaligned, so it is copied.
    unsafe {
        let mut at = libc::CMSG_FIRSTHDR(header);
        while !at.is_null() {
            let data = libc::CMSG_DATA(at);
            match ((*at).cmsg_level, (*at).cmsg_type) {
                (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                    let info = data.cast::<libc::in_pktinfo>().read_unaligned();
                    let ip = Ipv4Addr::from(u32::from_be(info.ipi_addr.s_addr));
                    arrival.local = Some(IpAddr::V4(ip));
                }
                (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                    let info = data.cast::<libc::in6_pktinfo>().read_unaligned();
                    let ip = Ipv6Addr::from(info.ipi6_addr.s6_addr);
                    arrival.local = Some(ip.to_canonical());
                }
                (libc::IPPROTO_IP, libc::IP_TOS) => arrival.traffic_class = Some(*data),
                (libc::IPPROTO_IPV6, libc::IPV6_TCLASS) => {
                    let class = data.cast::<libc::c_int>().read_unaligned();
                    arrival.traffic_class = u8::try_from(class).ok();
                }
                (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) => {
                    let time = data.cast::<libc::timespec>().read_unaligned();
                    arrival.stamp = duration_of(time);
                }
                _ => {}
            }
            at = libc::CMSG_NXTHDR(header, at);
        }
    }
}

fn duration_of(time: libc::timespec) -> Option<Duration> {
    let seconds = u64::try_from(time.tv_sec).ok()?;
    let nanos = u32::try_from(time.tv_nsec).ok()?;
    Some(Duration::from_secs(seconds) + Duration::from_nanos(u64::from(nanos)))
}

fn write_name(
    name: &mut MaybeUninit<libc::sockaddr_storage>,
    address: SocketAddr,
) -> libc::socklen_t {
    match address {
        SocketAddr::V4(v4) => {
            let raw = libc::sockaddr_in {
                sin_family: libc::AF_INET as libc::sa_family_t,
                sin_port: v4.port().to_be(),
                sin_addr: libc::in_addr {
                    s_addr: u32::from(*v4.ip()).to_be(),
                },
                sin_zero: [0; 8],
            };
            // SAFETY: the storage is large enough and aligned for every kind of address.
            unsafe { name.as_mut_ptr().cast::<libc::sockaddr_in>().write(raw) };
            socket_length::<libc::sockaddr_in>()
        }
        SocketAddr::V6(v6) => {
            let raw = libc::sockaddr_in6 {
                sin6_family: libc::AF_INET6 as libc::sa_family_t,
                sin6_port: v6.port().to_be(),
                sin6_flowinfo: v6.flowinfo().to_be(),
                sin6_addr: libc::in6_addr {
                    s6_addr: v6.ip().octets(),
                },
                sin6_scope_id: v6.scope_id(),
            };
            // SAFETY: as above.
            unsafe { name.as_mut_ptr().cast::<libc::sockaddr_in6>().write(raw) };
            socket_length::<libc::sockaddr_in6>()
        }
    }
}

/// Writes one control message that sets the source address; returns its length in bytes.
fn write_source(control: &mut Control, from: IpAddr) -> usize {
    match from {
        IpAddr::V4(ip) => {
            let info = libc::in_pktinfo {
                ipi_ifindex: 0,
                ipi_spec_dst: libc::in_addr {
                    s_addr: u32::from(ip).to_be(),
                },
                ipi_addr: libc::in_addr { s_addr: 0 },
            };
            write_control(control, libc::IPPROTO_IP, libc::IP_PKTINFO, info)
        }
        IpAddr::V6(ip) => {
            let info = libc::in6_pktinfo {
                ipi6_addr: libc::in6_addr {
                    s6_addr: ip.octets(),
                },
                ipi6_ifindex: 0,
            };
            write_control(control, libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, info)
        }
    }
}

fn write_control<T>(control: &mut Control, level: i32, kind: i32, data: T) -> usize {
    let size = mem::size_of::<T>() as libc::c_uint;
    // SAFETY: arithmetic only; both packet-information structures fit in `CONTROL` bytes, and
    // `Control` is aligned for `cmsghdr`, behind whose header the data starts aligned.
    unsafe {
        debug_assert!(libc::CMSG_SPACE(size) as usize <= CONTROL);
        let header = control.0.as_mut_ptr().cast::<libc::cmsghdr>();
        (*header).cmsg_len = libc::CMSG_LEN(size) as _;
        (*header).cmsg_level = level;
        (*header).cmsg_type = kind;
        libc::CMSG_DATA(header).cast::<T>().write_unaligned(data);
        libc::CMSG_SPACE(size) as usize
    }
}

/// Asks that the local address of each datagram be told.
pub(crate) fn set_receive_address(socket: &SockRef<'_>, v6: bool) -> io::Result<()> {
    let (level, option) = if v6 {
        (libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO)
    } else {
        (libc::IPPROTO_IP, libc::IP_PKTINFO)
    };
    switch_on(socket, level, option)
}

/// Asks that the moment be told at which the system took each datagram in.
pub(crate) fn set_receive_stamp(socket: &SockRef<'_>) -> io::Result<()> {
    switch_on(socket, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS)
}

fn switch_on(socket: &SockRef<'_>, level: i32, option: i32) -> io::Result<()> {
    let on: libc::c_int = 1;
    // SAFETY: the option's value is an int, given with its size; the kernel only reads it.
    let done = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            option,
            ptr::from_ref(&on).cast(),
            socket_length::<libc::c_int>(),
        )
    };
    if done == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

pub(crate) fn set_traffic_class_v6(socket: &SockRef<'_>, class: u32) -> io::Result<()> {
    socket.set_tclass_v6(class)
}

/// See [`super::raise_open_files`].
pub(crate) fn raise() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    match setrlimit(Resource::Nofile, most) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    }
}

/// See [`super::outlive_full_files`].
pub(crate) fn outlive() {
    // SAFETY: sets the disposition of one signal to "ignored"; no handler of ours ever runs.
    unsafe {
        // It fails only for a number that is no signal.
        let _ = libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
    }
}

/// See [`super::give_memory_back`].
pub(crate) fn give_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: takes no pointer; any thread may call it at any time (malloc_trim(3): MT-Safe).
    unsafe {
        // Whether there was anything to give is of no interest.
        let _ = libc::malloc_trim(0);
    }
}

/// Level-triggered: a socket that was not read empty is told again.
pub(crate) struct Epoll(OwnedFd);

impl Readiness for Epoll {
    fn new() -> io::Result<Self> {
        Ok(Self(epoll::create(epoll::CreateFlags::CLOEXEC)?))
    }

    fn add(&mut self, socket: &UdpSocket, token: u64) -> io::Result<()> {
        let data = epoll::EventData::new_u64(token);
        Ok(epoll::add(&self.0, socket, data, epoll::EventFlags::IN)?)
    }

    fn remove(&mut self, socket: &UdpSocket, _token: u64) -> io::Result<()> {
        Ok(epoll::delete(&self.0, socket)?)
    }

    fn ready(&mut self, tokens: &mut [u64]) -> io::Result<usize> {
        let mut events = [const { MaybeUninit::<epoll::Event>::uninit() }; READY];
        let at_once = rustix::event::Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let room = tokens.len().min(READY);
        let (told, _) = epoll::wait(&self.0, &mut events[..room], Some(&at_once))?;
        for (token, event) in tokens.iter_mut().zip(told.iter()) {
            *token = event.data.u64();
        }
        Ok(told.len())
    }
}

/// See [`super::schedule`].
pub(crate) fn set_schedule(thread: u32, schedule: super::Schedule) -> io::Result<()> {
    // Whatever such a thread starts is not to be as urgent as itself.
    let (policy, level) = match schedule {
        super::Schedule::Usual => (libc::SCHED_OTHER, 0),
        super::Schedule::RoundRobin(level) => (libc::SCHED_RR | libc::SCHED_RESET_ON_FORK, level),
    };
    let thread = libc::pid_t::try_from(thread).map_err(|_| io::ErrorKind::InvalidInput)?;
    // SAFETY: the structure is plain data, made here, and only read; a thread that is not there is
    // an error.
    let done = unsafe {
        let mut param: libc::sched_param = mem::zeroed();
        param.sched_priority = i32::from(level);
        libc::syscall(
            libc::SYS_sched_setscheduler,
            thread,
            policy,
            &raw const param,
        )
    };
    if done == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
