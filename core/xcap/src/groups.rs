//! The groups of a site, whose active members see each other (M-101): a `resource-lists` document of everybody (RFC 4825
//! §6.2, the tree `global`). Each `<list>` with a name is a group, each `<entry>` of it a member; who is not active, and
//! which group is restricted, stands in our own namespace.

use crate::xml::{self, Element};
use policy::watch::{Group, Member, RIGHTS, group_name, person};

const LISTS: &str = "urn:ietf:params:xml:ns:resource-lists";
/// Our own: `active` of an entry, `restricted` of a list.
const OURS: &str = "urn:offhook:groups:1";

/// Reads them. What cannot be read of a member or a group lets nobody see more: it is left out, or counts as not active.
/// Errors: in words, after “the document”; one that has more than there may be is refused whole, for who is left out of it
/// may be who is not active.
pub fn read(body: &[u8]) -> Result<Vec<Group>, String> {
    let root = xml::read(body)?;
    if !root.is(LISTS, "resource-lists") {
        let name = control::quoted(&root.name);
        return Err(format!("begins with {name} and not with resource-lists"));
    }
    let lists = root.elements().filter(|e| e.is(LISTS, "list"));
    let groups: Vec<Group> = lists.filter_map(group).collect();
    let most = groups.iter().map(|group| group.members.len());
    if groups.len() > RIGHTS || most.max() > Some(RIGHTS) {
        return Err(format!(
            "has more than {RIGHTS} groups, or more than {RIGHTS} members in one"
        ));
    }
    Ok(groups)
}

fn group(list: &Element) -> Option<Group> {
    let name = group_name(list.attribute("", "name")?)?;
    let members = list.elements().filter(|e| e.is(LISTS, "entry"));
    let members = members.filter_map(|entry| {
        Some(Member {
            address: person(entry.attribute("", "uri")?)?,
            active: is(entry, "active", true) == Some(true),
        })
    });
    Some(Group {
        name,
        restricted: is(list, "restricted", false) != Some(false),
        members: members.collect(),
    })
}

/// What an attribute of ours says, where nothing is written `usual`; `None`: something else.
fn is(element: &Element, name: &str, usual: bool) -> Option<bool> {
    match element.attribute(OURS, name).map(str::trim) {
        None => Some(usual),
        Some("true" | "1") => Some(true),
        Some("false" | "0") => Some(false),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(lists: &str) -> String {
        format!(
            "<resource-lists xmlns=\"{LISTS}\" xmlns:o=\"{OURS}\" xmlns:x=\"urn:x\">{lists}</resource-lists>"
        )
    }

    fn lines(lists: &str) -> Vec<String> {
        let groups = read(document(lists).as_bytes()).unwrap();
        let member = |member: &Member| {
            let inactive = if member.active { "" } else { "inactive " };
            format!("{inactive}{}", member.address)
        };
        let line = |group: &Group| {
            let restricted = if group.restricted { " restricted" } else { "" };
            let members: Vec<String> = group.members.iter().map(member).collect();
            format!("{}{restricted}: {}", group.name, members.join(", "))
        };
        groups.iter().map(line).collect()
    }

    #[test]
    fn m_101_a_list_is_a_group_and_an_entry_a_member() {
        let lists = "<list name=\"Sales team\" x:a=\"1\"><entry uri=\"sip:20@a.test\"><display-name>Bob</display-name></entry>\
                     <entry uri=\"sips:21@A.test:5061;x=1\" o:active=\"false\"/><entry uri=\"tel:5\"/><entry uri=\"?\"/>\
                     <entry/><list name=\"in it\"/></list><list><entry uri=\"sip:9@a.test\"/></list>\
                     <list name=\"boss\" o:restricted=\"true\"/>";
        let wanted = [
            "Sales team: 20@a.test, inactive 21@a.test",
            "boss restricted: ",
        ];
        assert_eq!(lines(lists), wanted);
        // What nobody can read lets nobody see more.
        let odd = "<list name=\"a\" o:restricted=\"perhaps\"><entry uri=\"sip:1@a\" o:active=\"sometimes\"/></list>";
        assert_eq!(lines(odd), ["a restricted: inactive 1@a"]);
    }

    #[test]
    fn hostile_groups_are_refused_whole() {
        let many = "<list name=\"a\"/>".repeat(RIGHTS + 1);
        let entries = "<entry uri=\"sip:1@a\"/>".repeat(RIGHTS + 1);
        let wide = format!("<list name=\"a\">{entries}</list>");
        for (text, why) in [
            (document(&many), "more than 256 groups"),
            (document(&wide), "more than 256 members"),
            ("<ruleset/>".to_owned(), "begins with 'ruleset'"),
            ("<!DOCTYPE a><a/>".to_owned(), "document type"),
        ] {
            let refused = read(text.as_bytes()).unwrap_err();
            assert!(refused.contains(why), "{refused}");
        }
    }
}
