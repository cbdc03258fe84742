//! What holds for every kind: starting, stopping, leaving things as they were.

use super::{audio, codec, directory, dtmf, filter, recorder, ui};
use crate::os;
use crate::subject::{Chance, Held, Stop, Subject, host, must, skip};
use plugin::{CodecRequest, DtmfListen, FilterRequest, Place, Refusal, Status};
use plugin_abi as abi;

pub(crate) fn starts_again(subject: &Subject) -> Held {
    let entry = subject.entry()?;
    for n in 0..100 {
        let started = entry.init(host());
        started.map_err(|refusal| format!("start {} of 100 says {refusal}", n + 1))?;
        entry.deinit();
    }
    Ok(())
}

pub(crate) fn starts_twice(subject: &Subject) -> Held {
    let entry = subject.entry()?;
    entry.init(host())?;
    let second = entry.init(host());
    second.map_err(|refusal| format!("a second host cannot start it: {refusal}"))?;
    entry.deinit();
    // One host has gone; the other goes on.
    let id = format!("offhook.{}/1", subject.manifest()?.kind);
    must!(
        !subject.table(&id)?.is_null(),
        "its table is gone after the first of two hosts has stopped it"
    );
    once(subject)?;
    entry.deinit();
    Ok(())
}

pub(crate) fn without_reason(subject: &Subject) -> Held {
    let init = subject.raw()?.init.ok_or("init is null".to_owned())?;
    // SAFETY: a function of a checked entry; the boundary lets `reason` be null.
    let status = unsafe { init(host(), core::ptr::null_mut()) };
    must!(
        status.0 >= 0,
        "init() without a place for a reason says {}",
        status.0
    );
    let mut small = [0_u8; 4];
    let mut reason = abi::TextOut {
        ptr: small.as_mut_ptr(),
        capacity: 3,
        len: 0,
    };
    // SAFETY: as above; the buffer is writable for its capacity.
    unsafe { init(host(), &mut reason) };
    must!(small[3] == 0, "init() wrote beyond the 3 B for its reason");
    Ok(())
}

fn umask() -> u32 {
    // SAFETY: calls without pointers; the mask is put back.
    unsafe {
        let mask = libc::umask(0o22);
        libc::umask(mask);
        mask
    }
}

pub(crate) fn leaves_process(subject: &Subject) -> Held {
    let before = (os::signal_handlers(), std::env::current_dir().ok(), umask());
    use_it(subject)?;
    let after = (os::signal_handlers(), std::env::current_dir().ok(), umask());
    let changed = before
        .0
        .iter()
        .zip(&after.0)
        .find(|(one, other)| one != other);
    if let Some(((signal, _), _)) = changed {
        return Err(format!("it has put a handler of its own on signal {signal}").into());
    }
    must!(
        before.1 == after.1,
        "it has changed the working folder to {:?}",
        after.1
    );
    must!(before.2 == after.2, "it has changed the umask");
    Ok(())
}

/// Opens and closes what the kind opens.
pub(crate) fn once(subject: &Subject) -> Held {
    match subject.manifest()?.kind.as_str() {
        "codec" => {
            let (table, formats) = codec::table(subject)?;
            formats
                .iter()
                .try_for_each(|format| codec::open(&table, format).map(|_| ()))
        }
        "filter" => filter::open(&filter::table(subject)?, Place::Speaker, 16000).map(|_| ()),
        "dtmf" => {
            let (table, about) = dtmf::table(subject)?;
            if about.abilities.hears_tones {
                table.open(&DtmfListen {
                    sample_rate_hz: 8000,
                    options: "",
                })?;
            } else {
                // Without a listener a plan is all there is.
                let _ = table.plan(&dtmf::request('1'));
            }
            Ok(())
        }
        "recorder" => {
            let booth = recorder::booth(subject)?;
            booth.open("once")?.close();
            Ok(())
        }
        "audio" => audio::open(&audio::table(subject)?).map(|_| ()),
        "directory" => directory::once(subject),
        "ui" => ui::once(subject),
        _ => super::drafts::once(subject, "{}"),
    }
}

/// As `once`; what cannot be opened here does not matter.
fn use_it(subject: &Subject) -> Held {
    match once(subject) {
        Ok(()) | Err(Stop::Skip(_)) => Ok(()),
        Err(fail) => Err(fail),
    }
}

pub(crate) fn leaves_nothing(subject: &Subject) -> Held {
    let entry = subject.entry()?;
    let begun = os::threads();
    once(subject)?;
    let before = os::descriptors();
    for _ in 0..20 {
        once(subject)?;
    }
    entry.deinit();
    let settled = std::time::Instant::now() + std::time::Duration::from_secs(2);
    while os::threads() > begun && std::time::Instant::now() < settled {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let (threads, files) = (os::threads() - begun.min(os::threads()), os::descriptors());
    must!(threads < 2, "{threads} threads are left after close");
    must!(
        files < before + 10,
        "{} descriptors are left after 20 times open and close",
        files - before
    );
    Ok(())
}

pub(crate) fn leaks(subject: &Subject) -> Held {
    let turn = opener(subject)?;
    for _ in 0..500 {
        turn()?;
    }
    let before = os::resident_kib();
    for _ in 0..10_000 {
        turn()?;
    }
    let grown = os::resident_kib().saturating_sub(before);
    must!(
        grown <= 1024,
        "10,000 times open() and close() took {grown} KiB that did not come back"
    );
    Ok(())
}

type Turn = Box<dyn Fn() -> Held>;

/// One open and close, with nothing of ours around it that could grow.
fn opener(subject: &Subject) -> Result<Turn, Stop> {
    Ok(match subject.manifest()?.kind.as_str() {
        "codec" => {
            let (table, formats) = codec::table(subject)?;
            let Some(format) = formats.into_iter().next() else {
                return skip("no format");
            };
            Box::new(move || codec::open(&table, &format).map(|_| ()))
        }
        "filter" => {
            let table = filter::table(subject)?;
            Box::new(move || filter::open(&table, Place::Speaker, 16000).map(|_| ()))
        }
        "dtmf" => {
            let (table, about) = dtmf::table(subject)?;
            let listens = about.abilities.hears_tones;
            Box::new(move || {
                if listens {
                    table.open(&DtmfListen {
                        sample_rate_hz: 8000,
                        options: "",
                    })?;
                } else {
                    table.plan(&dtmf::request('1'))?;
                }
                Ok(())
            })
        }
        "recorder" => return skip("each recording is a file: R-03 and L-05 look at what is left"),
        "directory" => return skip("a directory asks a server: each open is a connection"),
        "ui" => return skip("a face has threads of its own: L-05 looks at what is left"),
        "audio" => return skip("a device opened 10,000 times is another test of the computer"),
        _ => return skip("drafts are not measured"),
    })
}

pub(crate) fn options_refused(subject: &Subject) -> Held {
    let mut chance = Chance::new(subject.seed);
    let config = subject.manifest()?.config;
    let known = config
        .as_object()
        .and_then(|options| options.keys().next().cloned());
    let like = format!("{{\"{}\":1}}", known.unwrap_or_else(|| "x".into()));
    let all = ["{", "[]", "null", "{\"unheard of\":[1,{}]}", "\u{0}"].map(str::to_owned);
    let more = std::iter::repeat_with(|| chance.text(&like)).take(100);
    for options in all.into_iter().chain(more) {
        let refused: Option<Refusal> = opened_with(subject, &options)?;
        if let Some(refusal) = refused {
            must!(
                refusal.status != Status::PANIC,
                "open() panicked at options {options:?}"
            );
        }
    }
    Ok(())
}

fn opened_with(subject: &Subject, options: &str) -> Result<Option<Refusal>, Stop> {
    Ok(match subject.manifest()?.kind.as_str() {
        "codec" => {
            let (table, formats) = codec::table(subject)?;
            let Some(format) = formats.first() else {
                return skip("no format");
            };
            // Also asked for what it would say under them.
            let said = table.fmtp(format, options).err();
            let request = CodecRequest {
                format: format.index,
                fmtp: &format.fmtp,
                options,
            };
            said.filter(|refusal| refusal.status == Status::PANIC)
                .or(table.open(&request).err())
        }
        "filter" => {
            let request = FilterRequest {
                place: Place::Speaker,
                sample_rate_hz: 8000,
                options,
            };
            filter::table(subject)?.open(&request).err()
        }
        "dtmf" => {
            let (table, _) = dtmf::table(subject)?;
            let mut request = dtmf::request('1');
            request.options = options;
            table.plan(&request).err().or(table
                .open(&DtmfListen {
                    sample_rate_hz: 8000,
                    options,
                })
                .err())
        }
        _ => return skip("its kind takes its options in the request: U-02, X-02"),
    })
}
