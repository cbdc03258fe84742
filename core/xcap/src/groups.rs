//! The groups of a site, whose active members see each other (M-101): a `resource-lists` document of everybody (RFC 4825
//! §6.2, the tree `global`). Each `<list>` with a name is a group, each `<entry>` of it a member; who is not active, and
//! which group is restricted, stands in our own namespace.

use crate::xml::{self, Element};
use policy::watch::{Group, Member, RIGHTS, group_name, person};

const LISTS: &str = "urn:ietf:params:xml:ns:resource-lists";
/// Our own: `active` of an entry, `restricted` of a list.
const OURS: &str = "urn:offhook:groups:1";

/// Reads them; `home`: the account's domain, where numbers are. Lists of lists are read whole. Errors: in words, after
/// “the document”; one in which somebody cannot be read, or that has more than there may be, is refused whole: they may be
/// refused by the group that they would be missing from.
pub fn read(body: &[u8], home: &str) -> Result<Vec<Group>, String> {
    let root = xml::read(body)?;
    if !root.is(LISTS, "resource-lists") {
        let name = control::quoted(&root.name);
        return Err(format!("begins with {name} and not with resource-lists"));
    }
    let lists = root.elements().filter(|e| e.is(LISTS, "list"));
    // No right names one without a name.
    let lists = lists.filter(|list| list.attribute("", "name").is_some());
    let groups: Vec<Group> = lists
        .map(|list| group(list, home))
        .collect::<Result<_, _>>()?;
    let most = groups.iter().map(|group| group.members.len());
    if groups.len() > RIGHTS || most.max() > Some(RIGHTS) {
        return Err(format!(
            "has more than {RIGHTS} groups, or more than {RIGHTS} members in one"
        ));
    }
    Ok(groups)
}

fn group(list: &Element, home: &str) -> Result<Group, String> {
    let written = list.attribute("", "name").unwrap_or_default();
    let odd = || format!("calls a list {}", control::quoted(written));
    let mut group = Group {
        name: group_name(written).ok_or_else(odd)?,
        restricted: is(list, "restricted", false) != Some(false),
        members: Vec::new(),
    };
    members(list, home, &mut group)?;
    Ok(group)
}

/// The members of a list, and of the lists in it.
fn members(list: &Element, home: &str, group: &mut Group) -> Result<(), String> {
    for element in list.elements() {
        if element.is(LISTS, "list") {
            members(element, home, group)?;
        } else if element.is(LISTS, "entry") {
            let uri = element.attribute("", "uri").unwrap_or_default().trim();
            // Who comes by a telephone number alone is let in by nobody.
            if is_tel(uri) {
                continue;
            }
            let odd = || {
                let (name, uri) = (control::quoted(&group.name), control::quoted(uri));
                format!("has {uri} in the list {name}, which is no address")
            };
            let address = address(uri, home).ok_or_else(odd)?;
            let active = is(element, "active", true) == Some(true);
            group.members.push(Member { address, active });
        } else if element.is(LISTS, "external") || element.is(LISTS, "entry-ref") {
            let name = control::quoted(&group.name);
            return Err(format!("has people of another document in the list {name}"));
        }
    }
    Ok(())
}

fn is_tel(uri: &str) -> bool {
    let scheme = uri.split_once(':').map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("tel"))
}

/// The address of an entry: of `sip:`, `sips:` or `pres:` (RFC 3859), or a number at home.
fn address(uri: &str, home: &str) -> Option<String> {
    match uri.split_once(':') {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("pres") => {
            person(&format!("sip:{rest}"))
        }
        Some(_) => person(uri),
        None if uri.contains('@') => person(&format!("sip:{uri}")),
        None => person(&format!("sip:{uri}@{home}")),
    }
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
        let groups = read(document(lists).as_bytes(), "home.test").unwrap();
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
                     <entry uri=\"sips:21@A.test:5061;x=1\" o:active=\"false\"/><entry uri=\"tel:5\"/><entry uri=\"pres:22@a.test\"/>\
                     <list name=\"in it\"><entry uri=\"23\"/></list></list><list><entry uri=\"sip:9@a.test\"/></list>\
                     <list name=\"boss\" o:restricted=\"true\"/>";
        let wanted = [
            "Sales team: 20@a.test, inactive 21@a.test, 22@a.test, 23@home.test",
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
            (
                document("<list name=\"a\"><entry uri=\"sip:x\"/></list>"),
                "'sip:x' in the list 'a'",
            ),
            (document("<list name=\"a\"><entry/></list>"), "no address"),
            (
                document("<list name=\"a\"><external anchor=\"x\"/></list>"),
                "another document",
            ),
            (
                document(&format!("<list name=\"{}\"/>", "a".repeat(65))),
                "calls a list",
            ),
            ("<ruleset/>".to_owned(), "begins with 'ruleset'"),
            ("<!DOCTYPE a><a/>".to_owned(), "document type"),
        ] {
            let refused = read(text.as_bytes(), "a").unwrap_err();
            assert!(refused.contains(why), "{refused}");
        }
    }
}
