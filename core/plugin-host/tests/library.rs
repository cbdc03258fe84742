//! G.711 linked in and as a library file: the same bytes. A codec in C beside it.
#![allow(clippy::unwrap_used)]

mod common;

use base::{Hertz, Rng};
use host::{Catalogue, CodecInstance, Origin, RuleKind, SearchPath, Status, Trouble};
use offhook_plugin_host as host;
use std::path::Path;

fn linked_in() -> Catalogue {
    let mut catalogue = Catalogue::new("test", "1");
    catalogue.add_built_in(&codec_g711::ENTRY).unwrap();
    catalogue
}

fn from_path() -> Catalogue {
    let file = common::library("offhook-codec-g711");
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(&file, folder.path().join(file.file_name().unwrap())).unwrap();
    let mut catalogue = Catalogue::new("test", "1");
    catalogue.add_path(&SearchPath::new([folder.path().to_owned()]), |_| Ok(()));
    assert_eq!(catalogue.refused(), []);
    catalogue
}

/// Speech-like noise through the codec and back; everything it gave out.
fn audio(codec: &mut CodecInstance) -> Vec<u8> {
    let mut rng = Rng::from_number(711);
    let mut out = Vec::new();
    for packet in 0..500 {
        let samples = 80 * (1 + packet % 6);
        let pcm: Vec<i16> = (0..samples)
            .map(|_| (rng.below(65536) as u16 as i16) >> rng.below(8))
            .collect();
        let mut payload = vec![0; 1600];
        let size = codec.encode(&pcm, &mut payload).unwrap();
        let mut back = vec![0; samples];
        let samples = codec.decode(&payload[..size], &mut back).unwrap();
        out.extend_from_slice(&payload[..size]);
        out.extend(back[..samples].iter().flat_map(|s| s.to_le_bytes()));
    }
    out
}

#[test]
fn the_library_file_and_the_linked_in_plugin_make_identical_audio() {
    let (built_in, loaded) = (linked_in(), from_path());
    let about = loaded.plugins().next().unwrap();
    assert!(matches!(about.origin, Origin::File(_)));
    assert_eq!(
        (about.id.as_str(), about.licence.as_str()),
        ("codec-g711", "MIT OR Apache-2.0")
    );
    assert!(
        built_in.formats().eq(loaded.formats()),
        "the same formats, as data"
    );
    let mut seen = Vec::new();
    for name in ["PCMU", "PCMA"] {
        let open = |catalogue: &Catalogue| {
            let codec = catalogue.codec(name, Hertz(8000)).unwrap();
            codec.open("", "").unwrap()
        };
        let (mut one, mut other) = (open(&built_in), open(&loaded));
        let bytes = audio(&mut one);
        assert!(bytes == audio(&mut other), "{name}");
        seen.push(bytes);
    }
    assert!(seen[0] != seen[1], "the laws differ");
}

#[test]
fn handles_are_shared_and_instances_move_between_threads() {
    fn shared<T: Send + Sync>() {}
    fn moves<T: Send>() {}
    shared::<Catalogue>();
    shared::<host::CodecHandle>();
    shared::<host::AudioHandle>();
    moves::<CodecInstance>();
    moves::<host::AudioInstance>();
}

#[test]
fn an_instance_outlives_its_catalogue() {
    let mut codec = {
        let catalogue = from_path();
        catalogue
            .codec("pcmu", Hertz(8000))
            .unwrap()
            .open("", "")
            .unwrap()
    };
    let mut payload = [0; 160];
    assert_eq!(codec.encode(&[0; 160], &mut payload), Ok(160));
    assert_eq!(payload, [0xFF; 160]);
}

#[test]
fn a_program_that_links_a_plugin_in_does_not_export_its_symbol() {
    let me = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    let shown = host::elf::look(&me, ".offhook.manifest", "offhook_plugin_entry").unwrap();
    assert!(!shown.symbol && shown.section.is_none());
    let name = b"offhook_plugin_entry\0";
    let library = std::fs::read(common::library("offhook-codec-g711")).unwrap();
    assert!(library.windows(name.len()).any(|window| window == name));
    assert!(
        host::elf::look(&library, ".offhook.manifest", "offhook_plugin_entry")
            .unwrap()
            .symbol
    );
}

#[test]
fn what_is_not_there_is_said_with_what_is() {
    let missing = linked_in().codec("G729", Hertz(8000)).unwrap_err();
    assert_eq!(
        missing.to_string(),
        "there is no codec G729/8000; there is PCMU/8000, PCMA/8000"
    );
    let mut empty = Catalogue::new("test", "1");
    empty.add_path(&SearchPath::new([Path::new("/nowhere").to_owned()]), |_| {
        Ok(())
    });
    let missing = empty.audio("audio-system").unwrap_err();
    assert_eq!(missing.code(), "plugin.missing");
    assert_eq!(
        missing.to_string(),
        "there is no audio plugin \"audio-system\"; none is there; searched /nowhere; 1 refused: see offhook plugin list"
    );
}

#[test]
fn only_wanted_plugins_are_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let define = format!("TRACE=\"{}\"", trace.display());
    common::compile_c(folder.path(), "copy", &[define]);
    let mut catalogue = Catalogue::new("test", "1");
    catalogue.add_path(&SearchPath::new([folder.path().to_owned()]), |m| {
        Err(format!("{} is not wanted", m.id))
    });
    assert_eq!(catalogue.plugins().count(), 0);
    let kept_out: Vec<_> = catalogue.refused().iter().collect();
    assert_eq!(kept_out.len(), 1);
    assert_eq!(kept_out[0].id.as_deref(), Some("codec-copy"));
    assert_eq!(kept_out[0].error.to_string(), "codec-copy is not wanted");
    assert!(!trace.exists(), "its constructor has run");
}

#[test]
fn a_codec_in_c_describes_itself_and_carries_audio() {
    let folder = tempfile::tempdir().unwrap();
    let file = common::compile_c(folder.path(), "copy", &[]);
    let mut catalogue = Catalogue::new("test", "1").timed_by(host::wall_clock);
    catalogue.add_file(&file).unwrap();
    let codec = catalogue.codec("copy", Hertz(8000)).unwrap();
    let format = codec.format();
    assert_eq!(format.packet_times.iter().collect::<Vec<_>>(), [10, 20]);
    assert_eq!(format.packet_times.shortest_ms(), 10);
    assert_eq!(
        (format.payload_type, format.fmtp.as_str()),
        (None, "mode=plain")
    );
    let rules: Vec<_> = format
        .rules
        .iter()
        .map(|r| (r.name.as_str(), r.kind))
        .collect();
    assert_eq!(rules, [("mode", RuleKind::Equal), ("x", RuleKind::Opaque)]);
    let mut instance = codec.open("", "").unwrap();
    let (mut payload, mut back) = ([0; 320], [0; 160]);
    let pcm: [i16; 160] = std::array::from_fn(|n| n as i16 * 100);
    assert_eq!(instance.encode(&pcm, &mut payload), Ok(320));
    assert_eq!(instance.decode(&payload, &mut back), Ok(160));
    assert_eq!(pcm, back);
    let nothing = instance.conceal(&mut back);
    assert_eq!(nothing, Err(Trouble::Failed(Status::UNSUPPORTED)));
    let tally = instance.tally();
    assert_eq!((tally.calls, tally.failures), (3, 1));
    assert!(tally.longest_ns > 0, "it is timed");
}

#[test]
fn a_count_beyond_the_buffer_never_reaches_the_caller() {
    let folder = tempfile::tempdir().unwrap();
    let file = common::compile_c(folder.path(), "garbage", &["GARBAGE".into()]);
    let mut catalogue = Catalogue::new("test", "1");
    catalogue.add_file(&file).unwrap();
    let mut instance = catalogue
        .codec("COPY", Hertz(8000))
        .unwrap()
        .open("", "")
        .unwrap();
    let result = instance.encode(&[0; 160], &mut [0; 320]);
    assert_eq!(result, Err(Trouble::Failed(Status::GARBAGE)));
}
