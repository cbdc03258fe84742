//! The codec: 8 bit linear.

use crate::fault::{Fault, obey, order, order_in_options};
use crate::scribble::look_for_memory;
use plugin::{Codec, CodecRequest, Format, Refusal, Status};

/// See the crate.
pub struct Faulty {
    /// What each payload is taken for, whatever is in it.
    always: Option<Fault>,
}

impl Codec for Faulty {
    const FORMATS: &'static [Format] = &[Format {
        name: "X-FAULTY",
        ..Format::NARROWBAND
    }];

    fn open(request: &CodecRequest<'_>) -> Result<Self, Refusal> {
        match request.options {
            "look" => Err(Refusal::new(Status::UNAVAILABLE, look())),
            options => {
                look_for_memory();
                Ok(Self {
                    always: order_in_options(options),
                })
            }
        }
    }

    fn encode(&mut self, pcm: &[i16], payload: &mut [u8]) -> Result<usize, Status> {
        let payload = payload.get_mut(..pcm.len());
        let payload = payload.ok_or(Status::BUFFER_TOO_SMALL)?;
        for (byte, &sample) in payload.iter_mut().zip(pcm) {
            *byte = (sample >> 8) as u8;
        }
        Ok(pcm.len())
    }

    fn decode(&mut self, payload: &[u8], pcm: &mut [i16]) -> Result<usize, Status> {
        if self.always.is_some_and(|fault| obey(&order(fault))) || obey(payload) {
            return Ok(pcm.len() + 1000);
        }
        let room = pcm.get_mut(..payload.len());
        let room = room.ok_or(Status::BUFFER_TOO_SMALL)?;
        for (sample, &byte) in room.iter_mut().zip(payload) {
            *sample = i16::from(byte as i8) << 8;
        }
        Ok(payload.len())
    }
}

/// What this process may reach that it was not given.
fn look() -> String {
    use std::fs;
    let mut reached = Vec::new();
    let mut try_to = |what: &str, is_open: bool| {
        if is_open {
            reached.push(what.to_owned());
        }
    };
    try_to("read /etc/passwd", fs::read("/etc/passwd").is_ok());
    try_to("list /", fs::read_dir("/").is_ok());
    let file = format!("/tmp/offhook-look-{}", std::process::id());
    try_to("write a file", fs::write(&file, "x").is_ok());
    try_to(
        "bind a socket",
        std::net::UdpSocket::bind("127.0.0.1:0").is_ok(),
    );
    try_to(
        "run a program",
        std::process::Command::new("/bin/true").status().is_ok(),
    );
    let held = (3..64).filter(|n| fs::metadata(format!("/proc/self/fd/{n}")).is_ok());
    // The line to the engine, the bell of the timers, its own library, and the memory of this instance.
    try_to("hold descriptors", held.count() > 4);
    reached.join(", ")
}

plugin::export_codec!(Faulty, id = "mock-faulty-codec", name = "Faulty codec");
