//! Linux: `IP_RECVERR`, `IPV6_RECVERR` and `MSG_ERRQUEUE` (ip(7), ipv6(7)).
#![allow(unsafe_code)]

use super::{ErrorQueue, Refusal};
use crate::os::{plain, read_name};
use socket2::SockRef;
use std::io;
use std::mem::{self, MaybeUninit};
use std::os::fd::AsRawFd;
use std::ptr;

/// Room for the control messages of one error: `sock_extended_err` and the address of who reported it
/// (16 and 28 bytes with their header), and packet information.
const CONTROL: usize = 256;

/// Control messages must stand where a `cmsghdr` may stand.
#[repr(C, align(8))]
struct Control([u8; CONTROL]);

/// The queue that Linux keeps once it is asked to.
pub(crate) struct Recverr;

impl ErrorQueue for Recverr {
    fn ask(socket: &SockRef<'_>, v6: bool, dual: bool) -> io::Result<()> {
        if v6 {
            switch_on(socket, libc::IPPROTO_IPV6, libc::IPV6_RECVERR)?;
        }
        if !v6 || dual {
            switch_on(socket, libc::IPPROTO_IP, libc::IP_RECVERR)?;
        }
        Ok(())
    }

    fn take(socket: &tokio::net::UdpSocket) -> io::Result<Option<Refusal>> {
        let mut name = MaybeUninit::<libc::sockaddr_storage>::uninit();
        let mut control = Control([0; CONTROL]);
        // The datagram itself comes back too; nobody needs it.
        let mut piece = libc::iovec {
            iov_base: ptr::null_mut(),
            iov_len: 0,
        };
        // SAFETY: a plain C structure of integers and pointers, for which zero bytes are valid.
        let mut header: libc::msghdr = unsafe { mem::zeroed() };
        header.msg_name = name.as_mut_ptr().cast();
        header.msg_namelen = mem::size_of::<libc::sockaddr_storage>() as libc::socklen_t;
        header.msg_iov = &raw mut piece;
        header.msg_iovlen = 1;
        header.msg_control = control.0.as_mut_ptr().cast();
        header.msg_controllen = CONTROL as _;
        let flags = libc::MSG_ERRQUEUE | libc::MSG_DONTWAIT;
        // SAFETY: the header points to name, control and an empty piece on this stack frame, each with
        // its length, alive until after the call.
        let got = unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut header, flags) };
        if got < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the call succeeded, so it wrote `msg_namelen` bytes of the name, which is where the
        // datagram was sent.
        let to = unsafe { read_name(name.as_ptr(), header.msg_namelen) };
        // SAFETY: as above, for the control buffer.
        let source = unsafe { refusal_within(&header) };
        Ok(source.map(|source| Refusal {
            to: plain(to),
            source,
        }))
    }
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
            mem::size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    if done == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// The error, if it means that the datagram was not delivered.
///
/// # Safety
///
/// The control buffer of `header` lives and holds `msg_controllen` bytes from the kernel.
unsafe fn refusal_within(header: &libc::msghdr) -> Option<io::Error> {
    // SAFETY: the macros walk within `msg_controllen`; the kernel writes whole control messages whose
    // data has the size that level and type say; data may be unaligned, so it is copied.
    unsafe {
        let mut at = libc::CMSG_FIRSTHDR(header);
        while !at.is_null() {
            let kind = ((*at).cmsg_level, (*at).cmsg_type);
            if kind == (libc::IPPROTO_IP, libc::IP_RECVERR)
                || kind == (libc::IPPROTO_IPV6, libc::IPV6_RECVERR)
            {
                let told = libc::CMSG_DATA(at).cast::<libc::sock_extended_err>();
                return refusal(&told.read_unaligned());
            }
            at = libc::CMSG_NXTHDR(header, at);
        }
    }
    None
}

/// RFC 3261 §18.4: unreachable hosts, networks, ports and protocols, and parameter problems count; time
/// exceeded and source quench do not. Types and codes: RFC 792, RFC 4443 §3.
fn refusal(told: &libc::sock_extended_err) -> Option<io::Error> {
    let counts = match (told.ee_origin, told.ee_type, told.ee_code) {
        // Destination unreachable; code 4 is a packet too big.
        (libc::SO_EE_ORIGIN_ICMP, 3, code) => code != 4,
        (libc::SO_EE_ORIGIN_ICMP, 12, _) => true,
        (libc::SO_EE_ORIGIN_ICMP6, 1 | 4, _) => true,
        _ => false,
    };
    let errno = i32::try_from(told.ee_errno).unwrap_or(libc::EIO);
    counts.then(|| io::Error::from_raw_os_error(errno))
}
