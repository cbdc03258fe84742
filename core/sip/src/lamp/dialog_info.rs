//! application/dialog-info+xml: the calls of a resource. Source: RFC 4235 §4.1.

use super::xml::{self, Bad, Element};
use quick_xml::escape::escape;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// Calls that are kept of one document; what comes after them changes no lamp.
const MAX_CALLS: usize = 256;

/// One document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DialogInfo {
    /// Counts up by one with each document of a subscription.
    pub version: u32,
    /// All calls stand in it, and not only those that changed.
    pub full: bool,
    /// Whose calls.
    pub entity: String,
    /// The calls.
    pub calls: Vec<Call>,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// What tells it from others of the same notifier.
    pub id: String,
    /// How far it is.
    pub stage: Stage,
    /// Who began it; not every notifier says so.
    pub direction: Option<Direction>,
    /// The watched phone sends nothing: it holds the call.
    pub held: bool,
    /// The other party.
    pub peer: Party,
    /// What a call that takes this one over has to say (RFC 3891).
    pub replaces: Option<Replaces>,
}

/// How far a call is. Source: RFC 4235 §3.7.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// Begun, and nobody has answered.
    Trying,
    /// Somebody answered without a tag.
    Proceeding,
    /// It rings, or early media plays.
    Early,
    /// It is up.
    Confirmed,
    /// It is over.
    Terminated,
}

/// Who began a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    /// The watched one.
    Outgoing,
    /// The other one.
    Incoming,
}

/// One end of a call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// Address; empty where the notifier keeps it to itself.
    pub uri: String,
    /// Name.
    pub display: Option<String>,
}

/// A dialog as the watched phone sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replaces {
    /// Its Call-ID.
    pub call_id: String,
    /// The watched phone's tag.
    pub local_tag: String,
    /// The other party's tag.
    pub remote_tag: String,
    /// Where the other party is reached; empty where the notifier keeps it to itself.
    pub target: String,
}

impl Replaces {
    /// What an INVITE to the other party says to take a call that rings here, and nothing else (RFC 3891 §3);
    /// `None` where it cannot stand in a header field.
    pub fn early(&self) -> Option<String> {
        let all = [&self.call_id, &self.local_tag, &self.remote_tag];
        let is_plain = |text: &&String| {
            let fits = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b';' | b',' | b'"');
            !text.is_empty() && text.bytes().all(fits)
        };
        let Self {
            call_id,
            local_tag,
            remote_tag,
            ..
        } = self;
        all.iter()
            .all(is_plain)
            .then(|| format!("{call_id};to-tag={remote_tag};from-tag={local_tag};early-only"))
    }
}

/// Reads one document.
pub fn read(body: &[u8]) -> Result<DialogInfo, Bad> {
    let root = xml::read(body, "dialog-info")?;
    let version = root.attribute("version").map(str::trim);
    let version = version.and_then(|text| text.parse().ok());
    let full = match root.attribute("state").map(str::trim) {
        Some("full") => true,
        Some("partial") => false,
        Some(_) | None => return Err(Bad::Malformed("state")),
    };
    let mut calls: Vec<Call> = Vec::new();
    for dialog in root.children("dialog") {
        if let Some(call) = call(dialog) {
            // Named twice, the later one counts.
            calls.retain(|known| known.id != call.id);
            calls.push(call);
        }
        if calls.len() >= MAX_CALLS {
            break;
        }
    }
    Ok(DialogInfo {
        version: version.ok_or(Bad::Malformed("version"))?,
        full,
        entity: root.attribute("entity").unwrap_or_default().to_owned(),
        calls,
    })
}

/// Writes one document.
pub fn write(info: &DialogInfo) -> String {
    let state = match info.full {
        true => "full",
        false => "partial",
    };
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"{}\" \
         state=\"{state}\" entity=\"{}\">",
        info.version,
        escape(&info.entity)
    );
    for call in &info.calls {
        write_call(call, &info.entity, &mut text);
    }
    text.push_str("</dialog-info>");
    text
}

fn write_call(call: &Call, entity: &str, text: &mut String) {
    let _ = write!(text, "<dialog id=\"{}\"", escape(&call.id));
    if let Some(replaces) = &call.replaces {
        let _ = write!(
            text,
            " call-id=\"{}\" local-tag=\"{}\" remote-tag=\"{}\"",
            escape(&replaces.call_id),
            escape(&replaces.local_tag),
            escape(&replaces.remote_tag)
        );
    }
    if let Some(direction) = call.direction {
        let direction = match direction {
            Direction::Outgoing => "initiator",
            Direction::Incoming => "recipient",
        };
        let _ = write!(text, " direction=\"{direction}\"");
    }
    let stage = match call.stage {
        Stage::Trying => "trying",
        Stage::Proceeding => "proceeding",
        Stage::Early => "early",
        Stage::Confirmed => "confirmed",
        Stage::Terminated => "terminated",
    };
    let _ = write!(text, "><state>{stage}</state>");
    if call.held {
        let _ = write!(
            text,
            "<local><target uri=\"{}\"><param pname=\"+sip.rendering\" pval=\"no\"/></target></local>",
            escape(entity)
        );
    }
    if !call.peer.uri.is_empty() {
        let display = call.peer.display.as_deref().map(escape);
        let display = display.map(|name| format!(" display=\"{name}\""));
        let _ = write!(
            text,
            "<remote><identity{}>{}</identity></remote>",
            display.unwrap_or_default(),
            escape(&call.peer.uri)
        );
    }
    text.push_str("</dialog>");
}

/// `None`: it says nothing that a lamp could show.
fn call(dialog: &Element) -> Option<Call> {
    let stage = match dialog.child_text("state")? {
        "trying" => Stage::Trying,
        "proceeding" => Stage::Proceeding,
        "early" => Stage::Early,
        "confirmed" => Stage::Confirmed,
        "terminated" => Stage::Terminated,
        _ => return None,
    };
    let direction = match dialog.attribute("direction") {
        Some("initiator") => Some(Direction::Outgoing),
        Some("recipient") => Some(Direction::Incoming),
        Some(_) | None => None,
    };
    let tags = (
        dialog.attribute("call-id"),
        dialog.attribute("local-tag"),
        dialog.attribute("remote-tag"),
    );
    let replaces = match tags {
        (Some(call_id), Some(local_tag), Some(remote_tag)) => Some(Replaces {
            call_id: call_id.to_owned(),
            local_tag: local_tag.to_owned(),
            remote_tag: remote_tag.to_owned(),
            target: dialog.child("remote").map(reached).unwrap_or_default(),
        }),
        _ => None,
    };
    Some(Call {
        id: dialog.attribute("id")?.to_owned(),
        stage,
        direction,
        held: dialog.child("local").is_some_and(is_not_rendering),
        peer: dialog.child("remote").map(party).unwrap_or_default(),
        replaces,
    })
}

/// Source: RFC 4235 §4.1.6.2 with RFC 3840 §9: `+sip.rendering` is "no" at a phone on hold.
fn is_not_rendering(local: &Element) -> bool {
    let target = local.child("target");
    target.is_some_and(|target| {
        target.children("param").any(|param| {
            let name = param.attribute("pname").unwrap_or_default();
            let value = param.attribute("pval").unwrap_or_default();
            name.trim_start_matches('+') == "sip.rendering" && value.trim_matches('"') == "no"
        })
    })
}

/// Where requests to the other party go: its target, or else its address.
fn reached(remote: &Element) -> String {
    let target = remote.child("target").and_then(|t| t.attribute("uri"));
    let target = target.map(str::trim).filter(|uri| !uri.is_empty());
    target.map_or_else(|| party(remote).uri, str::to_owned)
}

fn party(remote: &Element) -> Party {
    let identity = remote.child("identity");
    let said = identity.map(|identity| identity.text.trim());
    let target = remote.child("target").and_then(|t| t.attribute("uri"));
    let uri = said.filter(|uri| !uri.is_empty()).or(target);
    let display = identity.and_then(|identity| identity.attribute("display"));
    Party {
        uri: uri.unwrap_or_default().to_owned(),
        display: display
            .filter(|name| !name.trim().is_empty())
            .map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    /// RFC 4235 §4.4, with a display name and a rendering.
    const EXAMPLE: &str = r#"<?xml version="1.0"?>
        <dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="7" state="full"
                     entity="sip:alice@example.com">
          <dialog id="as7d900as8" call-id="a84b4c76e66710" local-tag="1928301774"
                  remote-tag="456887766" direction="initiator">
            <state event="rejected" code="486">terminated</state>
            <duration>145</duration>
          </dialog>
          <dialog id="2" direction="recipient">
            <state> confirmed </state>
            <local><target uri="sip:alice@10.0.0.1">
              <param pname="+sip.rendering" pval="no"/></target></local>
            <remote><identity display="Bob &amp; Co">sip:bob@example.org</identity>
              <target uri="sip:bob@10.0.0.2"/></remote>
          </dialog>
          <dialog id="3"><state>dancing</state></dialog>
          <dialog id="4"/>
        </dialog-info>"#;

    #[test]
    fn m091_the_example_of_the_rfc_is_read_whole() {
        let read = read(EXAMPLE.as_bytes()).unwrap();
        expect![[r#"
            DialogInfo {
                version: 7,
                full: true,
                entity: "sip:alice@example.com",
                calls: [
                    Call {
                        id: "as7d900as8",
                        stage: Terminated,
                        direction: Some(
                            Outgoing,
                        ),
                        held: false,
                        peer: Party {
                            uri: "",
                            display: None,
                        },
                        replaces: Some(
                            Replaces {
                                call_id: "a84b4c76e66710",
                                local_tag: "1928301774",
                                remote_tag: "456887766",
                                target: "",
                            },
                        ),
                    },
                    Call {
                        id: "2",
                        stage: Confirmed,
                        direction: Some(
                            Incoming,
                        ),
                        held: true,
                        peer: Party {
                            uri: "sip:bob@example.org",
                            display: Some(
                                "Bob & Co",
                            ),
                        },
                        replaces: None,
                    },
                ],
            }
        "#]]
        .assert_debug_eq(&read);
    }

    #[test]
    fn what_takes_a_call_is_written_only_where_it_is_whole() {
        let replaces = Replaces {
            call_id: "a84b@x".to_owned(),
            local_tag: "ours".to_owned(),
            remote_tag: "theirs".to_owned(),
            target: String::new(),
        };
        let said = replaces.early();
        let wanted = "a84b@x;to-tag=theirs;from-tag=ours;early-only";
        assert_eq!(said.as_deref(), Some(wanted));
        for call_id in ["", "a;to-tag=b", "a\r\nX: y", "a b", "ä"] {
            let call_id = call_id.to_owned();
            let odd = Replaces {
                call_id,
                ..replaces.clone()
            };
            assert_eq!(odd.early(), None, "{odd:?}");
        }
    }

    #[test]
    fn what_lacks_state_or_version_is_no_document() {
        let bad = read(b"<dialog-info version='1' state='half'/>");
        assert_eq!(bad, Err(Bad::Malformed("state")));
        let bad = read(b"<dialog-info version='-1' state='full'/>");
        assert_eq!(bad, Err(Bad::Malformed("version")));
        let empty = read(b"<dialog-info version='0' state='full'/>").unwrap();
        assert!(empty.full && empty.calls.is_empty());
    }
}
