//! No case makes the parser hold more than 4 times its size and 16 KiB, or allocate often.

use sip_message::{Limits, parse_datagram};
use torture::cases;

#[global_allocator]
static ALLOCATOR: alloc::Counting = alloc::Counting;

/// The header list, which may grow a few times, the message itself, an unfolded copy.
const ALLOCATIONS: u64 = 10;

#[test]
fn what_a_message_holds_is_in_proportion_to_its_size() {
    for case in cases() {
        let size = case.bytes.len();
        let bytes = bytes::Bytes::from(case.bytes);
        let mut held = 0;
        let calls = alloc::calls_of(|| {
            let parse = || parse_datagram(bytes.clone(), &Limits::DEFAULT);
            held = alloc::bytes_of(parse).0;
        });
        let cap = 4 * size as i64 + 16 * 1024;
        assert!(held <= cap, "{}: {held} bytes held for {size}", case.name);
        assert!(calls <= ALLOCATIONS, "{}: {calls} allocations", case.name);
    }
}
