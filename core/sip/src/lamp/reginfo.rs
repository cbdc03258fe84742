//! application/reginfo+xml: the bindings of a resource. Source: RFC 3680 §5.

use super::xml::{self, Bad, Element};
use serde::{Deserialize, Serialize};

/// One document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegInfo {
    /// Counts up by one with each document of a subscription.
    pub version: u32,
    /// All addresses of record stand in it, and not only those that changed.
    pub full: bool,
    /// Those that stand in it.
    pub registrations: Vec<Registration>,
}

/// One address of record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// Which.
    pub aor: String,
    /// It has a contact that is not over.
    pub active: bool,
}

/// Reads one document.
pub fn read(body: &[u8]) -> Result<RegInfo, Bad> {
    let root = xml::read(body, "reginfo")?;
    let version = root
        .attribute("version")
        .and_then(|v| v.trim().parse().ok());
    Ok(RegInfo {
        version: version.ok_or(Bad::Malformed("version"))?,
        full: match root.attribute("state").map(str::trim) {
            Some("full") => true,
            Some("partial") => false,
            Some(_) | None => return Err(Bad::Malformed("state")),
        },
        registrations: root
            .children("registration")
            .filter_map(registration)
            .collect(),
    })
}

fn registration(of: &Element) -> Option<Registration> {
    let state = of.attribute("state")?;
    let mut contacts = of.children("contact").peekable();
    let alive = |contact: &Element| contact.attribute("state") != Some("terminated");
    // A notifier that keeps its contacts to itself is believed.
    let reachable = contacts.peek().is_none() || contacts.any(alive);
    Some(Registration {
        aor: of.attribute("aor")?.to_owned(),
        active: state == "active" && reachable,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registration_without_a_living_contact_is_none() {
        let text = "<reginfo version='3' state='partial'>\
            <registration aor='sip:a@x' id='1' state='active'>\
            <contact id='1' state='terminated' event='expired'/>\
            <contact id='2' state='active' event='registered'><uri>sip:a@10.0.0.1</uri></contact>\
            </registration>\
            <registration aor='sip:b@x' id='2' state='active'>\
            <contact id='3' state='terminated' event='expired'/></registration>\
            <registration aor='sip:c@x' id='3' state='init'/></reginfo>";
        let read = read(text.as_bytes()).unwrap();
        assert!(!read.full && read.version == 3);
        let active: Vec<bool> = read.registrations.iter().map(|r| r.active).collect();
        assert_eq!(active, [true, false, false]);
    }
}
