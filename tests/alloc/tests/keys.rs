//! A listener for keys: once it is open, listening and forgetting make no call of the allocator.

use offhook_alloc::{Counting, calls_of};
use plugin::{DtmfListen, EntryHandle};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_listener_neither_listens_nor_forgets_with_the_allocator() {
    let entry = EntryHandle::built_in(&dtmf_inband::ENTRY).expect("it is sound");
    let method = entry
        .dtmf()
        .expect("its table is sound")
        .expect("it has one");
    for sample_rate_hz in [8_000, 16_000, 48_000] {
        let request = DtmfListen {
            sample_rate_hz,
            options: "",
        };
        let mut listener = method.open(&request).expect("a rate it takes");
        let block = vec![1_000; sample_rate_hz as usize / 100];
        let calls = calls_of(|| {
            for _ in 0..100 {
                listener.listen(&block, |_| ()).expect("it works");
                listener.reset().expect("it works");
            }
        });
        assert_eq!(calls, 0, "at {sample_rate_hz} Hz");
    }
}
