//! Opus: packets of every length, there and back, rebuilt and invented, without a call of our allocator.
//! libopus itself works on the stack; what it would ask of the C library is not seen here.

use base::{Hertz, Rng};
use offhook_alloc::{Counting, calls_of};
use plugin_host::Catalogue;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn opus_does_not_allocate_once_it_is_open() {
    let mut catalogue = Catalogue::new("test", "1");
    catalogue
        .add_built_in(&codec_opus::ENTRY)
        .expect("it is sound");
    let codec = catalogue.codec("opus", Hertz(48_000)).expect("it is there");
    let mut rng = Rng::from_number(1);
    for ms in codec.format().packet_times.iter() {
        let mut open = codec.open("useinbandfec=1;usedtx=1", "").expect("it opens");
        let mut pcm = vec![0; 48 * ms as usize];
        let mut room = vec![0; pcm.len()];
        let mut payload = vec![0; 1_488];
        let calls = calls_of(|| {
            for n in 0..1_000 / ms {
                for sample in &mut pcm {
                    *sample = rng.number32() as i16 >> (n % 16);
                }
                let size = open.encode(&pcm, &mut payload).expect("it fits");
                if size > 0 {
                    let _ = open.recover(&payload[..size], &mut room);
                    assert!(open.decode(&payload[..size], &mut room).is_ok());
                    let _ = open.decode(&payload[..size / 2], &mut room);
                }
                assert_eq!(open.conceal(&mut room), Ok(room.len()));
            }
            for key in 1..=5 {
                let _ = open.control(key, 1);
            }
            open.reset().expect("it works");
        });
        assert_eq!(calls, 0, "{ms} ms");
    }
}
