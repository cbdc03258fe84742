//! The boundary from the other side's view: raw tables, odd sizes, null pointers.
#![allow(clippy::unwrap_used)]

use offhook_plugin as plugin;
use plugin::codec::CodecHandle;
use plugin::{
    Codec, CodecRequest, EntryHandle, Fault, FmtpRule, Format, Refusal, RuleKind, Status,
};
use plugin_abi::{CodecInfo, CodecTable};
use std::ffi::c_void;

struct Plain;

impl Codec for Plain {
    const FORMATS: &'static [Format] = &[Format {
        name: "PLAIN",
        fmtp: "mode=1",
        conceals: true,
        recovers: true,
        rules: &[FmtpRule::new("mode", "1", RuleKind::Equal)],
        ..Format::NARROWBAND
    }];

    fn open(request: &CodecRequest<'_>) -> Result<Self, Refusal> {
        if request.fmtp == "mode=9" {
            return Err(Refusal::new(Status::BAD_ARGUMENT, "mode 9 is not there"));
        }
        Ok(Self)
    }

    fn encode(&mut self, pcm: &[i16], _payload: &mut [u8]) -> Result<usize, Status> {
        Ok(pcm.len())
    }

    fn decode(&mut self, _payload: &[u8], pcm: &mut [i16]) -> Result<usize, Status> {
        pcm.fill(1);
        Ok(pcm.len())
    }

    fn conceal(&mut self, pcm: &mut [i16]) -> Result<usize, Status> {
        pcm.fill(2);
        Ok(pcm.len())
    }

    fn recover(&mut self, next: &[u8], pcm: &mut [i16]) -> Result<usize, Status> {
        pcm.fill(i16::from(next[0]));
        Ok(pcm.len())
    }
}

plugin::export_codec!(Plain, id = "codec-plain", name = "Plain");

fn handle() -> CodecHandle {
    let entry = EntryHandle::built_in(&ENTRY).unwrap();
    entry.codec().unwrap().unwrap()
}

fn request(fmtp: &str) -> CodecRequest<'_> {
    CodecRequest {
        format: 0,
        fmtp,
        options: "",
    }
}

/// A copy of the table that the plugin hands out, to be spoilt.
fn table() -> CodecTable {
    *plugin::codec::raw_table::<Plain>()
}

fn check(table: &CodecTable) -> Result<CodecHandle, Fault> {
    // SAFETY: a table made from a real one; only what the test spoils is wrong.
    unsafe { CodecHandle::from_table(std::ptr::from_ref(table).cast()) }
}

#[test]
fn decode_conceal_and_recover_are_told_apart() {
    let mut codec = handle().open(&request("")).unwrap();
    let mut pcm = [0; 80];
    assert_eq!(codec.decode(&[9; 4], &mut pcm), Ok(80));
    assert_eq!(pcm, [1; 80]);
    assert_eq!(
        codec.decode(&[], &mut pcm),
        Ok(80),
        "an empty payload is a payload"
    );
    assert_eq!(pcm, [1; 80]);
    assert_eq!(codec.conceal(&mut pcm), Ok(80));
    assert_eq!(pcm, [2; 80]);
    assert_eq!(codec.recover(&[9; 4], &mut pcm), Ok(80));
    assert_eq!(pcm, [9; 80]);
}

#[test]
fn a_count_beyond_the_buffer_is_garbage() {
    let mut codec = handle().open(&request("")).unwrap();
    assert_eq!(codec.encode(&[0; 80], &mut [0; 10]), Err(Status::GARBAGE));
}

#[test]
fn an_opening_that_fails_says_why() {
    let refusal = handle().open(&request("mode=9")).unwrap_err();
    assert_eq!(refusal.to_string(), "mode 9 is not there");
}

#[test]
fn formats_and_rules_cross_as_data() {
    let formats = handle().formats().unwrap();
    assert_eq!(formats.len(), 1);
    let format = &formats[0];
    assert!(format.conceals && format.recovers && !format.goes_silent);
    assert_eq!(format.rules[0].name, "mode");
    assert_eq!(format.rules[0].kind, RuleKind::Equal);
    assert_eq!((format.packet_time_ms, format.max_payload), (20, 1600));
}

#[test]
fn a_longer_table_is_read_and_a_shorter_one_refused() {
    let mut longer = table();
    longer.size += 64;
    // Nothing beyond the known fields is read, so the lie does no harm.
    assert!(check(&longer).is_ok());
    let mut shorter = table();
    shorter.size -= 8;
    assert_eq!(
        check(&shorter).unwrap_err(),
        Fault::Short { size: 72, need: 80 }
    );
    let mut holed = table();
    holed.reset = None;
    assert_eq!(check(&holed).unwrap_err(), Fault::NullFunction("reset"));
    // SAFETY: null is allowed.
    let null = unsafe { CodecHandle::from_table(std::ptr::null::<c_void>()) };
    assert_eq!(null.unwrap_err(), Fault::Null);
}

#[test]
fn an_older_host_s_shorter_struct_is_not_written_past() {
    #[repr(C)]
    struct Old {
        info: CodecInfo,
        behind: [u8; 16],
    }
    // SAFETY: zero is a value of every field.
    let mut old: Old = unsafe { std::mem::zeroed() };
    old.behind = [0xAB; 16];
    let short = std::mem::offset_of!(CodecInfo, packet_times) as u32;
    old.info.size = short;
    old.info.packet_times = 0x5555;
    // SAFETY: the struct is writable and says its size.
    let status = unsafe { (table().describe.unwrap())(0, &mut old.info) };
    assert_eq!((status, old.info.size), (Status::OK, short));
    assert_eq!((old.info.payload_type, old.info.packet_times), (-1, 0x5555));
    assert_eq!(old.behind, [0xAB; 16]);
}

#[test]
fn null_pointers_are_answered_not_followed() {
    let table = table();
    let null = std::ptr::null_mut::<c_void>();
    let mut count = 10;
    // SAFETY: null is what is tested; every other pointer is valid.
    unsafe {
        let pcm = [0; 10];
        let encode = table.encode.unwrap();
        let status = encode(null, pcm.as_ptr(), 10, [0; 10].as_mut_ptr(), &mut count);
        assert_eq!(status, Status::BAD_ARGUMENT);
        let status = encode(null, std::ptr::null(), 10, std::ptr::null_mut(), &mut count);
        assert_eq!(status, Status::BAD_ARGUMENT);
        let open = table.open.unwrap();
        let status = open(std::ptr::null(), std::ptr::null_mut(), std::ptr::null_mut());
        assert_eq!(status, Status::BAD_ARGUMENT);
        assert_eq!((table.reset.unwrap())(null), Status::BAD_ARGUMENT);
        (table.close.unwrap())(null);
    }
}

#[test]
fn what_a_codec_says_of_itself_and_wants_stands_in_its_manifest() {
    mod whole {
        use super::*;

        plugin::export_codec!(
            Plain,
            id = "codec-whole",
            name = "Whole",
            permissions = ["net:example.org", "folder:/srv/calls"],
            config = r#"{"mode":{"type":"integer","default":1,"min":1,"max":2,"help":"which"}}"#,
            trust = "isolated",
        );
    }
    let manifest = EntryHandle::built_in(&whole::ENTRY).unwrap().manifest;
    assert!(
        manifest
            .contains(r#""permissions":["net:example.org","folder:/srv/calls"],"config":{"mode":"#)
    );
    assert!(manifest.ends_with(r#","trust":"isolated"}"#), "{manifest}");
    let plain = EntryHandle::built_in(&ENTRY).unwrap().manifest;
    assert!(plain.ends_with(r#""permissions":[]}"#), "{plain}");
}

#[test]
fn fmtp_under_options_is_the_plugin_s_own_word() {
    let format = &handle().formats().unwrap()[0];
    assert_eq!(handle().fmtp(format, "").unwrap(), "mode=1");
    let mut without = table();
    without.fmtp = None;
    assert_eq!(
        check(&without).unwrap().fmtp(format, "{}").unwrap(),
        "mode=1"
    );
}
