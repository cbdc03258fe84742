//! application/pidf+xml: presence of a resource. Source: RFC 3863 §4, RFC 4480 §3.2.

use super::xml::{self, Bad, Element};
use serde::{Deserialize, Serialize};

/// One document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// Whose presence.
    pub entity: String,
    /// Somebody can be reached: one of the tuples is open. A document without a tuple is of nobody.
    pub open: bool,
    /// It says that its person is in a call, or busy.
    pub busy: bool,
    /// What the person says of it, the first note of all.
    pub note: Option<String>,
}

/// Reads one document.
pub fn read(body: &[u8]) -> Result<Presence, Bad> {
    let root = xml::read(body, "presence")?;
    let open = |tuple: &Element| {
        let status = tuple.child("status");
        let basic = status.and_then(|status| status.child_text("basic"));
        basic.is_some_and(|basic| basic.eq_ignore_ascii_case("open"))
    };
    let notes = [&root]
        .into_iter()
        .chain(root.children("person"))
        .chain(root.children("tuple"));
    let note = notes.filter_map(|of| of.child_text("note")).next();
    Ok(Presence {
        entity: root.attribute("entity").unwrap_or_default().to_owned(),
        open: root.children("tuple").any(open),
        busy: is_busy(&root),
        note: note.map(str::to_owned),
    })
}

/// RPID: at the person, at a tuple or, with some PBXs, in its status.
fn is_busy(root: &Element) -> bool {
    let busy = |element: &Element| {
        let activities = element.child("activities");
        activities.is_some_and(|all| {
            let mut all = all.all().iter().map(|activity| activity.name.as_str());
            all.any(|name| matches!(name, "on-the-phone" | "busy"))
        })
    };
    root.all()
        .iter()
        .any(|element| busy(element) || element.child("status").is_some_and(busy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m090_open_closed_and_on_the_phone_are_told_apart() {
        let of = |inner: &str| {
            let text = format!("<presence xmlns:r='x' entity='sip:b@x'>{inner}</presence>");
            read(text.as_bytes()).unwrap()
        };
        let open = of("<tuple id='1'><status><basic>open</basic></status></tuple>");
        assert!(open.open && !open.busy && open.note.is_none());
        let closed = of("<tuple id='1'><status><basic> closed </basic></status></tuple>");
        assert!(!closed.open);
        assert!(!of("").open);
        let phone = of("<tuple id='1'><status><basic>open</basic></status></tuple>\
             <r:person><r:activities><r:on-the-phone/></r:activities><note> On the phone </note>\
             </r:person>");
        assert!(phone.open && phone.busy);
        assert_eq!(phone.note.as_deref(), Some("On the phone"));
        assert_eq!(phone.entity, "sip:b@x");
    }
}
