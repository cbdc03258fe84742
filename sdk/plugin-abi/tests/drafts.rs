//! Drafts may change, but only under another id: whoever changes a layout here counts up the revision
//! in the id beside it, so that a plugin built for the old one is refused and not misread.
#![cfg(target_pointer_width = "64")]

use offhook_plugin_abi as abi;
use std::mem::{align_of, offset_of, size_of};

/// What a draft's id stands for: sizes, alignments and offsets of its structs.
macro_rules! layout {
    ($($type:ident { $($field:ident),+ })+) => {
        [$(vec![
            size_of::<abi::$type>(), align_of::<abi::$type>(),
            $(offset_of!(abi::$type, $field)),+
        ]),+]
    };
}

#[test]
fn nat_changes_only_with_its_id() {
    let now = layout! {
        Address { family, port, scope, octets }
        NatInput { size, kind, now_ns, flow, component, address, data, data_len }
        NatOutput { size, kind, at_ns, flow, component, transport, reserved, local, remote, data, data_len }
        NatTable { size, reserved, open, handle, poll, close }
    };
    let known = [
        vec![24, 4, 0, 2, 4, 8],
        vec![64, 8, 0, 4, 8, 16, 20, 24, 48, 56],
        vec![96, 8, 0, 4, 8, 16, 20, 24, 28, 32, 56, 80, 88],
        vec![40, 8, 0, 4, 8, 16, 24, 32],
    ];
    assert_eq!((abi::NAT_ID, now), ("offhook.nat/1", known));
}

#[test]
fn security_changes_only_with_its_id() {
    let now = layout! {
        SecurityInput { size, kind, now_ns, address, data, data_len }
        SecurityOutput { size, kind, at_ns, suite, direction, data, data_len }
        SecurityTable { size, reserved, open, handle, poll, close }
    };
    let known = [
        vec![56, 8, 0, 4, 8, 16, 40, 48],
        vec![40, 8, 0, 4, 8, 16, 20, 24, 32],
        vec![40, 8, 0, 4, 8, 16, 24, 32],
    ];
    assert_eq!((abi::SECURITY_ID, now), ("offhook.security/1", known));
}

#[test]
fn tone_changes_only_with_its_id() {
    let now = layout! {
        ToneTable { size, reserved, names, open, read, close }
    };
    let known = [vec![40, 8, 0, 4, 8, 16, 24, 32]];
    assert_eq!((abi::TONE_ID, now), ("offhook.tone/1", known));
}
