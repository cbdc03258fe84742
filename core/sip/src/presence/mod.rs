//! What a person says of themselves, as a document: PIDF (RFC 3863) with RPID (RFC 4480).

use crate::lamp::xml::{self, Bad, Element};
use quick_xml::escape::escape;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// Content-Type.
pub const KIND: &str = "application/pidf+xml";
/// Longest note. Unit: characters. Source: ours; a document fits a packet.
pub const LONGEST_NOTE: usize = 200;

/// What a person does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Doing {
    /// Can be called.
    Available,
    /// Is busy.
    Busy,
    /// Is in a call.
    OnThePhone,
    /// Is not at the phone.
    Away,
    /// Does not want to be called.
    DoNotDisturb,
    /// Is gone, and takes no calls.
    Absent,
    /// No phone of theirs is there.
    Offline,
}

/// What a person says of themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// What they do.
    pub doing: Doing,
    /// In their own words.
    pub note: Option<String>,
    /// Until when, as RFC 3339 writes it.
    pub until: Option<String>,
}

/// Writes the document of `entity`, a SIP address.
pub fn write(entity: &str, presence: &Presence) -> String {
    let (basic, activities) = match presence.doing {
        Doing::Available => ("open", ""),
        Doing::Busy => ("open", "<rpid:busy/>"),
        Doing::OnThePhone => ("open", "<rpid:on-the-phone/>"),
        Doing::Away => ("open", "<rpid:away/>"),
        // RFC 4480 has no word for it.
        Doing::DoNotDisturb => (
            "open",
            "<rpid:busy/><rpid:other>do-not-disturb</rpid:other>",
        ),
        Doing::Absent => ("closed", "<rpid:away/>"),
        Doing::Offline => ("closed", ""),
    };
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <presence xmlns=\"urn:ietf:params:xml:ns:pidf\" \
         xmlns:dm=\"urn:ietf:params:xml:ns:pidf:data-model\" \
         xmlns:rpid=\"urn:ietf:params:xml:ns:pidf:rpid\" entity=\"{0}\">\
         <tuple id=\"offhook\"><status><basic>{basic}</basic></status><contact>{0}</contact>",
        escape(entity)
    );
    let note = presence.note.as_deref().filter(|note| !note.is_empty());
    let note: Option<String> = note.map(|note| note.chars().take(LONGEST_NOTE).collect());
    text.push_str("</tuple>");
    if !activities.is_empty() || note.is_some() {
        text.push_str("<dm:person id=\"person\">");
        if !activities.is_empty() {
            let until = presence.until.as_deref().map(escape);
            let until = until.map(|until| format!(" until=\"{until}\""));
            let until = until.unwrap_or_default();
            let _ = write!(
                text,
                "<rpid:activities{until}>{activities}</rpid:activities>"
            );
        }
        if let Some(note) = &note {
            let _ = write!(text, "<dm:note>{}</dm:note>", escape(note));
        }
        text.push_str("</dm:person>");
    }
    text.push_str("</presence>");
    text
}

/// Reads a document. Activities stand at the person, at a tuple or, with some PBXs, in its status.
pub fn read(body: &[u8]) -> Result<Presence, Bad> {
    let root = xml::read(body, "presence")?;
    let activities: Vec<&Element> = root.all().iter().flat_map(activities).collect();
    let names = activities.iter().flat_map(|activities| activities.all());
    let names: Vec<&str> = names.map(|activity| activity.name.as_str()).collect();
    let other = activities.iter().find_map(|of| of.child_text("other"));
    let open = root.children("tuple").any(|tuple| {
        let basic = tuple.child("status").and_then(|s| s.child_text("basic"));
        basic.is_some_and(|basic| basic.eq_ignore_ascii_case("open"))
    });
    let has = |name: &str| names.contains(&name);
    let doing = match (open, other) {
        (_, Some(other)) if other.eq_ignore_ascii_case("do-not-disturb") => Doing::DoNotDisturb,
        // A document without a tuple is of nobody.
        (false, _) if names.is_empty() => Doing::Offline,
        (false, _) => Doing::Absent,
        (true, _) if has("on-the-phone") => Doing::OnThePhone,
        (true, _) if has("busy") || has("meeting") || has("presentation") => Doing::Busy,
        (true, _) if names.is_empty() || has("unknown") => Doing::Available,
        // At a meal, on holiday, on the way: not at the phone.
        (true, _) => Doing::Away,
    };
    let notes = [&root]
        .into_iter()
        .chain(root.children("person"))
        .chain(root.children("tuple"));
    let note = notes.filter_map(|of| of.child_text("note")).next();
    let until = activities.iter().find_map(|of| of.attribute("until"));
    Ok(Presence {
        doing,
        note: note.map(str::to_owned).filter(|note| !note.is_empty()),
        until: until.map(str::to_owned),
    })
}

fn activities(element: &Element) -> impl Iterator<Item = &Element> {
    let status = element.child("status");
    let inside = status.and_then(|status| status.child("activities"));
    element.child("activities").into_iter().chain(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Doing; 7] = [
        Doing::Available,
        Doing::Busy,
        Doing::OnThePhone,
        Doing::Away,
        Doing::DoNotDisturb,
        Doing::Absent,
        Doing::Offline,
    ];

    #[test]
    fn m097_what_is_written_is_read_again() {
        for doing in ALL {
            let presence = Presence {
                doing,
                note: Some(String::from("back <soon> & \"well\"")),
                until: None,
            };
            let text = write("sip:a&b@x", &presence);
            assert!(text.contains("entity=\"sip:a&amp;b@x\""), "{text}");
            assert_eq!(read(text.as_bytes()).unwrap(), presence, "{text}");
        }
        let until = Presence {
            doing: Doing::Away,
            note: None,
            until: Some(String::from("2026-11-22T15:00:00.000Z")),
        };
        assert_eq!(read(write("sip:a@x", &until).as_bytes()).unwrap(), until);
    }

    #[test]
    fn m097_the_document_is_as_rfc_4480_has_it() {
        let presence = Presence {
            doing: Doing::OnThePhone,
            note: Some(String::from("in a call")),
            until: None,
        };
        let text = write("sip:101@pbx.test", &presence);
        for part in [
            "<basic>open</basic>",
            "<contact>sip:101@pbx.test</contact>",
            "<rpid:activities><rpid:on-the-phone/></rpid:activities>",
            "<dm:note>in a call</dm:note>",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        let long = Presence {
            note: Some("ü".repeat(300)),
            ..presence
        };
        assert!(write("sip:a@x", &long).len() < 1_100);
    }

    #[test]
    fn m098_what_others_write_is_understood() {
        let doing = |inner: &str| {
            let text = format!("<presence entity='sip:b@x'>{inner}</presence>");
            read(text.as_bytes()).unwrap().doing
        };
        let tuple = |basic: &str, more: &str| {
            format!("<tuple id='1'><status><basic>{basic}</basic>{more}</status></tuple>")
        };
        assert_eq!(doing(""), Doing::Offline);
        assert_eq!(doing(&tuple("closed", "")), Doing::Offline);
        assert_eq!(doing(&tuple("open", "")), Doing::Available);
        let inside = tuple("open", "<activities><busy/></activities>");
        assert_eq!(doing(&inside), Doing::Busy);
        let two = format!("{}{inside}", tuple("open", ""));
        assert_eq!(doing(&two), Doing::Busy, "of several phones");
        assert_eq!(doing(&tuple(" closed ", "")), Doing::Offline);
        let person = |activity: &str| {
            let person = format!("<person><activities><{activity}/></activities></person>");
            doing(&format!("{}{person}", tuple("open", "")))
        };
        assert_eq!(person("meal"), Doing::Away);
        assert_eq!(person("meeting"), Doing::Busy);
        assert_eq!(person("unknown"), Doing::Available);
        assert!(read(b"<a/>").is_err());
        let noted = read(b"<presence><person><note> On the phone </note></person></presence>");
        assert_eq!(noted.unwrap().note.as_deref(), Some("On the phone"));
    }
}
