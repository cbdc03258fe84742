//! Calls on the media thread allocate nothing, on either side of the boundary.
#![allow(clippy::unwrap_used)]

mod common;

use base::{Hertz, Instant};
use offhook_plugin_host::{AudioRequest, Catalogue, wall_clock};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: everything is handed to the system's allocator; the counter does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the rules of `GlobalAlloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: as above.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn counted(body: impl FnOnce()) -> u64 {
    let before = COUNT.with(Cell::get);
    body();
    COUNT.with(Cell::get) - before
}

#[test]
fn the_counter_counts() {
    assert_eq!(counted(|| drop(std::hint::black_box(vec![0_u8; 100]))), 2);
}

/// The counter sees this program's allocations; a library's own go through its own allocator, which is
/// why the same code is also run linked in.
#[test]
fn codec_calls_allocate_nothing_linked_in_and_through_a_library() {
    let mut linked_in = Catalogue::new("test", "1").timed_by(wall_clock);
    linked_in.add_built_in(&codec_g711::ENTRY).unwrap();
    let mut loaded = Catalogue::new("test", "1").timed_by(wall_clock);
    loaded
        .add_file(&common::library("offhook-codec-g711"))
        .unwrap();
    for catalogue in [&linked_in, &loaded] {
        let mut codec = catalogue
            .codec("PCMU", Hertz(8000))
            .unwrap()
            .open("", "")
            .unwrap();
        let (mut payload, mut pcm) = ([0; 160], [5; 160]);
        let count = counted(|| {
            for _ in 0..100 {
                codec.encode(&pcm, &mut payload).unwrap();
                codec.decode(&payload, &mut pcm).unwrap();
                assert!(codec.conceal(&mut pcm).is_err());
                codec.reset().unwrap();
            }
        });
        assert_eq!(count, 0);
    }
}

#[test]
fn audio_calls_allocate_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let wav = folder.path().join("out.wav");
    let wav = wav.to_str().unwrap();
    let mut catalogue = Catalogue::new("test", "1");
    for entry in [&audio_null::ENTRY, &audio_tone::ENTRY, &audio_file::ENTRY] {
        catalogue.add_built_in(entry).unwrap();
    }
    let request = || AudioRequest::new(Hertz(8000));
    for (id, request) in [
        ("audio-null", request()),
        (
            "audio-tone",
            request().with("digits", "123").with("repeat", true),
        ),
        ("audio-tone", request().with("chirp_seed", 7)),
        ("audio-file", request().with("write", wav)),
        ("audio-file", request().with("read", wav)),
    ] {
        let mut device = catalogue.audio(id).unwrap().open(&request).unwrap();
        let mut pcm = [5; 80];
        let count = counted(|| {
            for tick in 0..100 {
                let now = Instant::from_millis(tick * 10);
                device.capture(&mut pcm, now).unwrap();
                device.playback(&pcm, now).unwrap();
                device.counters().unwrap();
                device.latency().unwrap();
            }
        });
        assert_eq!(count, 0, "{id}");
    }
}
