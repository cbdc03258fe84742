//! A socket between the engine and a plugin's process: messages with length and number, and descriptors.

use rustix::event::{PollFd, PollFlags, poll};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};
use rustix::thread::Timespec;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::cell::Cell;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

/// Longest message, JSON or bytes. Unit: bytes.
const LONGEST: u32 = 4 << 20;

/// Two lengths and a number.
const HEAD: usize = 12;

/// One end.
#[derive(Debug)]
pub(crate) struct Line {
    fd: OwnedFd,
    /// Of the last request that was made here. An answer has the number of its request, so that none is taken
    /// for that of another one.
    asked: Cell<u32>,
}

/// A message as it came: JSON, bytes beside it, descriptors.
#[derive(Debug)]
pub(crate) struct Came<T> {
    pub(crate) word: T,
    /// Of a request, and of its answer.
    pub(crate) number: u32,
    pub(crate) bytes: Vec<u8>,
    pub(crate) fds: Vec<OwnedFd>,
}

impl Line {
    pub(crate) fn pair() -> io::Result<(Self, Self)> {
        let (a, b) = socketpair(
            AddressFamily::UNIX,
            SocketType::STREAM,
            SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
            None,
        )?;
        Ok((Self::of(a), Self::of(b)))
    }

    pub(crate) fn of(fd: OwnedFd) -> Self {
        Self {
            fd,
            asked: Cell::new(0),
        }
    }

    pub(crate) fn into_fd(self) -> OwnedFd {
        self.fd
    }

    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// Sends a request within `wait`, and receives its answer within `wait`.
    pub(crate) fn ask<T: DeserializeOwned>(
        &self,
        word: &impl Serialize,
        bytes: &[u8],
        fds: &[BorrowedFd<'_>],
        wait: Duration,
    ) -> io::Result<Came<T>> {
        let number = self.asked.get().wrapping_add(1);
        self.asked.set(number);
        self.put(number, (word, bytes), fds, wait)?;
        let came = self.receive(wait)?;
        if came.number == number {
            Ok(came)
        } else {
            Err(io::Error::from(io::ErrorKind::InvalidData))
        }
    }

    /// Answers the request of this number within `wait`.
    pub(crate) fn answer(
        &self,
        number: u32,
        word: &impl Serialize,
        bytes: &[u8],
        wait: Duration,
    ) -> io::Result<()> {
        self.put(number, (word, bytes), &[], wait)
    }

    /// Sends what has no answer.
    pub(crate) fn tell(&self, word: &impl Serialize, wait: Duration) -> io::Result<()> {
        self.put(0, (word, &[]), &[], wait)
    }

    fn put(
        &self,
        number: u32,
        (word, bytes): (&impl Serialize, &[u8]),
        fds: &[BorrowedFd<'_>],
        wait: Duration,
    ) -> io::Result<()> {
        let json = serde_json::to_vec(word).map_err(io::Error::other)?;
        let sizes = [json.len(), bytes.len()].map(|n| u32::try_from(n).unwrap_or(u32::MAX));
        if sizes.iter().any(|&size| size > LONGEST) {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        }
        let mut whole = Vec::with_capacity(HEAD + json.len() + bytes.len());
        let head = sizes.into_iter().chain([number]);
        whole.extend(head.flat_map(u32::to_le_bytes));
        whole.extend_from_slice(&json);
        whole.extend_from_slice(bytes);
        let deadline = Instant::now() + wait;
        let mut rest = whole.as_slice();
        let mut fds = fds;
        while !rest.is_empty() {
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(4))];
            let mut control = SendAncillaryBuffer::new(&mut space);
            if !fds.is_empty() {
                control.push(SendAncillaryMessage::ScmRights(fds));
            }
            match sendmsg(
                &self.fd,
                &[IoSlice::new(rest)],
                &mut control,
                SendFlags::NOSIGNAL,
            ) {
                Ok(sent) => {
                    rest = &rest[sent..];
                    fds = &[];
                }
                Err(rustix::io::Errno::AGAIN) => self.ready(PollFlags::OUT, deadline)?,
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Receives a message within `wait`.
    pub(crate) fn receive<T: DeserializeOwned>(&self, wait: Duration) -> io::Result<Came<T>> {
        let deadline = Instant::now().checked_add(wait);
        let mut fds = Vec::new();
        let mut head = [0; HEAD];
        self.fill(&mut head, &mut fds, deadline)?;
        let [a, b, c, d, e, f, g, h, number @ ..] = head;
        let sizes = [[a, b, c, d], [e, f, g, h]].map(u32::from_le_bytes);
        let number = u32::from_le_bytes(number);
        if sizes.iter().any(|&size| size > LONGEST) {
            return Err(io::Error::from(io::ErrorKind::InvalidData));
        }
        let [mut json, mut bytes] = sizes.map(|size| vec![0; size as usize]);
        self.fill(&mut json, &mut fds, deadline)?;
        self.fill(&mut bytes, &mut fds, deadline)?;
        let word = serde_json::from_slice(&json).map_err(io::Error::other)?;
        Ok(Came {
            word,
            number,
            bytes,
            fds,
        })
    }

    fn fill(
        &self,
        mut room: &mut [u8],
        fds: &mut Vec<OwnedFd>,
        deadline: Option<Instant>,
    ) -> io::Result<()> {
        while !room.is_empty() {
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(4))];
            let mut control = RecvAncillaryBuffer::new(&mut space);
            let mut slices = [IoSliceMut::new(room)];
            match recvmsg(&self.fd, &mut slices, &mut control, RecvFlags::CMSG_CLOEXEC) {
                Ok(got) if got.bytes == 0 => {
                    return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
                }
                Ok(got) => {
                    for message in control.drain() {
                        if let RecvAncillaryMessage::ScmRights(come) = message {
                            fds.extend(come);
                        }
                    }
                    room = &mut room[got.bytes..];
                }
                Err(rustix::io::Errno::AGAIN) => match deadline {
                    Some(deadline) => self.ready(PollFlags::IN, deadline)?,
                    None => {
                        self.ready(PollFlags::IN, Instant::now() + Duration::from_secs(3600))?
                    }
                },
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn ready(&self, what: PollFlags, deadline: Instant) -> io::Result<()> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::Error::from(io::ErrorKind::TimedOut));
        }
        let left = Timespec {
            tv_sec: left.as_secs() as i64,
            tv_nsec: i64::from(left.subsec_nanos()),
        };
        match poll(&mut [PollFd::new(&self.fd, what)], Some(&left)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
