//! Documents of NOTIFYs, and the lamp that is made of them.

use crate::Said;
use base::Instant;
use bytes::Bytes;
use sip::lamp::list::{List, Member, RLMI, Took};
use sip::lamp::{Lamp, dialog_info, message_summary, reginfo};
use sip::presence;
use sip::subscription::{News, Package};
use sip_message::{Content, Part};

/// Words of the formats.
pub const WORDS: &[&str] = &[
    "<dialog-info version='2' state='partial'>",
    "</dialog-info>",
    "<dialog id='a' direction='recipient'>",
    "</dialog>",
    "<state>confirmed</state>",
    "<state>terminated</state>",
    "<!DOCTYPE a>",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "<?",
    "?>",
    "&amp;",
    "&#0;",
    "&#x10ffff;",
    "&lol;",
    "<presence>",
    "<basic>open</basic>",
    "<reginfo version='1' state='full'>",
    "Messages-Waiting: yes",
    "Voice-Message: 1/2 (3/4)",
    "\u{feff}",
    "/>",
];

/// Valid documents of each kind.
pub fn seeds() -> Vec<Vec<u8>> {
    let texts = [
        "<?xml version=\"1.0\"?>\n<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"0\" \
         state=\"full\" entity=\"sip:a@b\"><dialog id=\"a\" call-id=\"c\" local-tag=\"l\" remote-tag=\"r\" \
         direction=\"recipient\"><state event=\"x\" code=\"486\">early</state><local><target uri=\"sip:a@b\">\
         <param pname=\"+sip.rendering\" pval=\"no\"/></target></local><remote><identity display=\"B\">\
         sip:b@c</identity><target uri=\"sip:b@d\"/></remote></dialog></dialog-info>",
        "<dialog-info version='1' state='partial'><dialog id='a'><state>confirmed</state></dialog></dialog-info>",
        "<presence xmlns='urn:ietf:params:xml:ns:pidf' entity='sip:a@b'><tuple id='t'><status><basic>open\
         </basic></status></tuple><note>here</note></presence>",
        "<reginfo version='0' state='full'><registration aor='sip:a@b' id='1' state='active'><contact id='2' \
         state='active' event='created'><uri>sip:a@1.2.3.4</uri></contact></registration></reginfo>",
        "<list xmlns='urn:ietf:params:xml:ns:rlmi' uri='sip:l@b' version='0' fullState='true'><name>l</name><resource \
         uri='sip:a@b'><name>A</name><instance id='1' state='active'/><instance id='2' state='terminated' \
         reason='noresource'/></resource></list>",
        "Messages-Waiting: yes\r\nMessage-Account: sip:a@b\r\nVoice-Message: 2/8 (0/2)\r\n",
    ];
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// What tells of a list is read, and a full one is whole.
fn lists(input: &[u8], said: &mut Said) {
    let part = Part {
        kind: RLMI.to_owned(),
        id: None,
        disposition: None,
        required: true,
        plain: true,
        content: Content::Leaf(Bytes::copy_from_slice(input)),
    };
    let mut list = List::default();
    let took = list.take(&[part], false);
    said.count(list.members().map_or(0, <[Member]>::len));
    if matches!(took, Ok(Took::News(_))) {
        assert!(list.members().is_some(), "news of a list that is not known");
    }
}

/// Every reader takes every input; a lamp never shows more than what its last document says.
pub fn documents(input: &[u8], said: &mut Said) {
    let calls = dialog_info::read(input);
    said.result(&calls);
    said.count(calls.as_ref().map_or(0, |info| info.calls.len()));
    said.result(&presence::read(input));
    lists(input, said);
    said.result(&reginfo::read(input));
    let summary = message_summary::read(input);
    said.result(&summary);
    said.count(summary.map_or(0, |summary| summary.voice.map_or(0, |v| v.new as usize)));
    let mut lamp = Lamp::new(false, Package::Dialog, Instant::ZERO);
    let news = News::Document {
        fork: 0,
        content_type: String::from("application/dialog-info+xml"),
        body: Bytes::copy_from_slice(input),
        gap: false,
    };
    let led = lamp.take(&news, Instant::ZERO);
    let light = format!("{:?}", lamp.shown().light);
    said.add(
        light
            .chars()
            .filter(|c| !c.is_ascii_digit())
            .collect::<String>(),
    );
    if let Ok(info) = calls {
        assert_eq!(
            led.ask, !info.full,
            "only a change without what it changes is asked for"
        );
    }
    let again = lamp.take(&news, Instant::ZERO);
    assert!(!again.changed, "the same document twice is no news");
}
