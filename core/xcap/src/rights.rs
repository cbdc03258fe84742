//! `pres-rules` documents: who may see how a person is, as their server judges it (M-100), and what the person said of
//! it, word for word, for their other phones. What is not ours stays as it is.
//!
//! A server grants what any rule grants (RFC 4745 §10); some take the first that fits, and some overlook who is left
//! out of a rule. So ours say before all others who may not and who may, without whom they leave out, and behind all
//! others that nobody else may.
//!
//! Source: RFC 5025 §3 and §4, RFC 4745 §7; actions of other namespaces are allowed there (RFC 4745 §13).

use crate::xml::{self, Element, Node};
use policy::watch::{RIGHTS, Right, Seen, Watching, person, uri_of};

const POLICY: &str = "urn:ietf:params:xml:ns:common-policy";
const PRESENCE: &str = "urn:ietf:params:xml:ns:pres-rules";
/// Our own: what the person said.
const OURS: &str = "urn:offhook:rights:1";
/// Who may not, by name.
const REFUSED: &str = "offhook-refused";
/// Who may.
const SOME: &str = "offhook-allowed";
/// Nobody else, and what the person said.
const OTHERS: &str = "offhook-others";
/// All that there is of presence. Source: RFC 5025 §3.3.
const ALL: [(&str, &str); 3] = [
    ("provide-devices", "all-devices"),
    ("provide-persons", "all-persons"),
    ("provide-services", "all-services"),
];

/// One document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    root: Element,
}

impl Default for Rules {
    fn default() -> Self {
        let mut root = Element::new("ruleset", POLICY);
        root.set("", "xmlns", Some(POLICY.to_owned()));
        Self { root }
    }
}

impl Rules {
    /// Reads one. Errors: in words, after “the document”.
    pub fn read(body: &[u8]) -> Result<Self, String> {
        let root = xml::read(body)?;
        if !root.is(POLICY, "ruleset") {
            let name = control::quoted(&root.name);
            return Err(format!("begins with {name} and not with ruleset"));
        }
        Ok(Self { root })
    }

    /// As it is sent.
    pub fn text(&self) -> String {
        xml::write(&self.root)
    }

    /// What the person said, as a phone of theirs wrote it; `None`: none did, or a server took some of it away. A line that
    /// no right says is none; of two lines for the same people, which were written otherwise once, the one that refuses holds.
    pub fn said(&self) -> Option<Vec<Right>> {
        let mut said = Watching::default();
        let rights = self.lines()?.into_iter();
        let rights = rights.filter_map(|line| Right::read(&line).ok());
        rights.for_each(|right| said.keep(right));
        Some(said.person)
    }

    /// What the person said, a line each; `None`: not all of it is there.
    fn lines(&self) -> Option<Vec<String>> {
        let others = self.root.elements().find(|rule| is(rule, OTHERS))?;
        let actions = others.elements().filter(|e| e.is(POLICY, "actions"));
        let ours: Vec<&Element> = actions.flat_map(Element::elements).collect();
        let lines = ours.iter().filter(|line| line.is(OURS, "said"));
        let lines: Vec<String> = lines.map(|line| line.text()).collect();
        let all = ours.iter().find(|element| element.is(OURS, "all"))?;
        let count: usize = all.attribute("", "count")?.trim().parse().ok()?;
        (count == lines.len()).then_some(lines)
    }

    /// Whom it refuses by name, as a phone of this person wrote it: addresses as rights write them.
    pub fn refused(&self) -> Vec<String> {
        let rules = self.root.elements().filter(|rule| is(rule, REFUSED));
        let conditions = rules.flat_map(Element::elements);
        let identities = conditions
            .filter(|e| e.is(POLICY, "conditions"))
            .flat_map(Element::elements)
            .filter(|e| e.is(POLICY, "identity"));
        let people = identities.flat_map(Element::elements);
        let people = people.filter(|e| e.is(POLICY, "one"));
        people
            .filter_map(|one| person(one.attribute("", "id")?))
            .collect()
    }

    /// Whether rules that are not ours let somebody see something. What we do not know may.
    pub fn others_allow(&self) -> bool {
        let ours = [REFUSED, SOME, OTHERS];
        let rules = self.root.elements().filter(|e| e.is(POLICY, "rule"));
        let mut others = rules.filter(|rule| !ours.into_iter().any(|id| is(rule, id)));
        others.any(|rule| {
            let actions = rule.elements().filter(|e| e.is(POLICY, "actions"));
            let mut handling = actions
                .flat_map(Element::elements)
                .filter(|e| e.is(PRESENCE, "sub-handling"));
            // Without one, or polite, nothing is shown (RFC 5025 §3.2.1).
            handling.any(|e| !matches!(e.text().trim(), "block" | "confirm" | "polite-block"))
        })
    }

    /// Makes it say that these may see it, and what the person said.
    pub fn write(&mut self, seen: &Seen, said: &[Right]) {
        // Newer phones may say what this one does not understand.
        let odd = self.lines().unwrap_or_default().into_iter();
        let odd: Vec<String> = odd.filter(|line| Right::read(line).is_err()).collect();
        let ours = [REFUSED, SOME, OTHERS];
        self.root
            .remove(|rule| ours.into_iter().any(|id| is(rule, id)));
        let prefix = self.root.prefix().to_owned();
        let first = self.root.children.iter().position(is_rule);
        let at = first.unwrap_or(self.root.children.len());
        let front = [refused(seen, &prefix), allowed(seen, &prefix)];
        let front = front.into_iter().flatten().map(Node::Element);
        self.root.children.splice(at..at, front);
        let said = said.iter().take(RIGHTS).map(ToString::to_string);
        let said: Vec<String> = said.chain(odd.into_iter().take(RIGHTS)).collect();
        let others = nobody_else(&said, &prefix);
        self.root.children.push(Node::Element(others));
    }
}

fn is(rule: &Element, id: &str) -> bool {
    rule.is(POLICY, "rule") && rule.attribute("", "id") == Some(id)
}

fn is_rule(node: &Node) -> bool {
    matches!(node, Node::Element(element) if element.is(POLICY, "rule"))
}

/// An element with this in it.
fn with(name: &str, space: &str, children: Vec<Element>) -> Element {
    let mut element = Element::new(name, space);
    element.children = children.into_iter().map(Node::Element).collect();
    element
}

fn named(name: &str, space: &str, attribute: &str, value: &str) -> Element {
    let mut element = Element::new(name, space);
    element.set("", attribute, Some(value.to_owned()));
    element
}

fn texted(name: &str, space: &str, text: &str) -> Element {
    let mut element = Element::new(name, space);
    element.children.push(Node::Text(text.to_owned()));
    element
}

fn rule(id: &str, prefix: &str, identity: Vec<Element>, handling: &str) -> Element {
    let tag = |name: &str| format!("{prefix}{name}");
    let identity = with(&tag("identity"), POLICY, identity);
    let mut rule = named(&tag("rule"), POLICY, "id", id);
    rule.set("", "xmlns:pr", Some(PRESENCE.to_owned()));
    let handling = texted("pr:sub-handling", PRESENCE, handling);
    rule.children = [
        with(&tag("conditions"), POLICY, vec![identity]),
        with(&tag("actions"), POLICY, vec![handling]),
    ]
    .map(Node::Element)
    .into();
    rule
}

/// The rule of those who may not although others beside them may; `None`: there are none.
fn refused(seen: &Seen, prefix: &str) -> Option<Element> {
    let otherwise = |address: &str| {
        let (_, domain) = address.rsplit_once('@')?;
        seen.domains.get(domain)
    };
    let people = seen.people.iter().filter(|(address, allowed)| {
        let others = *otherwise(address).unwrap_or(&seen.anybody);
        others && !**allowed
    });
    let tag = format!("{prefix}one");
    let people = people.map(|(address, _)| named(&tag, POLICY, "id", &uri_of(address)));
    let people: Vec<Element> = people.collect();
    (!people.is_empty()).then(|| rule(REFUSED, prefix, people, "block"))
}

/// The rule of those who may; `None`: nobody may.
fn allowed(seen: &Seen, prefix: &str) -> Option<Element> {
    let tag = |name: &str| format!("{prefix}{name}");
    let (one, many, except) = (tag("one"), tag("many"), tag("except"));
    let at = |address: &str, domain: &str| {
        let home = address.rsplit_once('@').map(|(_, home)| home);
        home.is_some_and(|home| home.eq_ignore_ascii_case(domain))
    };
    let refused = seen.people.iter().filter(|(_, allowed)| !**allowed);
    let refused: Vec<&String> = refused.map(|(address, _)| address).collect();
    let mut identity = Vec::new();
    for (address, _) in seen.people.iter().filter(|(_, allowed)| **allowed) {
        identity.push(named(&one, POLICY, "id", &uri_of(address)));
    }
    if seen.anybody {
        let domains = seen.domains.iter().filter(|(_, allowed)| !**allowed);
        let domains = domains.map(|(domain, _)| named(&except, POLICY, "domain", domain));
        let people = refused
            .iter()
            .map(|address| named(&except, POLICY, "id", &uri_of(address)));
        identity.push(with(&many, POLICY, domains.chain(people).collect()));
    } else {
        for (domain, _) in seen.domains.iter().filter(|(_, allowed)| **allowed) {
            let people = refused.iter().filter(|address| at(address, domain));
            let people = people.map(|address| named(&except, POLICY, "id", &uri_of(address)));
            let mut many = with(&many, POLICY, people.collect());
            many.set("", "domain", Some(domain.clone()));
            identity.push(many);
        }
    }
    if identity.is_empty() {
        return None;
    }
    let mut rule = rule(SOME, prefix, identity, "allow");
    let mut all: Vec<Element> = Vec::new();
    for (provide, what) in ALL {
        let what = Element::new(&format!("pr:{what}"), PRESENCE);
        all.push(with(&format!("pr:{provide}"), PRESENCE, vec![what]));
    }
    all.push(Element::new("pr:provide-all-attributes", PRESENCE));
    let all = with(&tag("transformations"), POLICY, all);
    rule.children.push(Node::Element(all));
    Some(rule)
}

/// The rule of all others, with what the person said.
fn nobody_else(said: &[String], prefix: &str) -> Element {
    let many = Element::new(&format!("{prefix}many"), POLICY);
    let mut rule = rule(OTHERS, prefix, vec![many], "block");
    rule.set("", "xmlns:offhook", Some(OURS.to_owned()));
    let is_actions = |e: &&mut Element| e.is(POLICY, "actions");
    if let Some(actions) = rule.elements_mut().find(is_actions) {
        let count = said.len().to_string();
        let all = named("offhook:all", OURS, "count", &count);
        let lines = said.iter().map(|line| texted("offhook:said", OURS, line));
        let all = [all].into_iter().chain(lines);
        actions.children.extend(all.map(Node::Element));
    }
    rule
}

/// What a person said, where two phones of theirs may both have heard more since they agreed on `agreed` by way of the
/// server, right by right: what was said here and has not reached the server stands before what the server has, `theirs`;
/// everything else is as the server has it. Who never agreed has all of both, and of two that differ the one that refuses.
/// Where that is more than [`RIGHTS`], those that allow something are left out, at first the server's; `None`: those that
/// refuse are too many already.
pub fn joined(ours: &[Right], agreed: Option<&[Right]>, theirs: &[Right]) -> Option<Joined> {
    let find = |of: &[Right], one: &Right| of.iter().find(|other| other.is_about(one)).cloned();
    let mut all: Vec<Right> = theirs.to_vec();
    all.extend(
        ours.iter()
            .filter(|one| find(theirs, one).is_none())
            .cloned(),
    );
    let held = all.iter().filter_map(|one| {
        let (ours, theirs) = (find(ours, one), find(theirs, one));
        match agreed {
            Some(agreed) if ours == find(agreed, one) => theirs,
            Some(_) => ours,
            None => [ours, theirs]
                .into_iter()
                .flatten()
                .min_by_key(|one| one.allowed),
        }
    });
    let mut rights: Vec<Right> = held.collect();
    let left_out = rights.len().saturating_sub(RIGHTS);
    for _ in 0..left_out {
        let is_theirs = |right: &Right| right.allowed && find(ours, right).is_none();
        let goes = rights.iter().rposition(is_theirs);
        let goes = goes.or_else(|| rights.iter().rposition(|right| right.allowed));
        rights.remove(goes?);
    }
    Some(Joined { rights, left_out })
}

/// What holds at each phone and at the server.
#[derive(Debug, PartialEq, Eq)]
pub struct Joined {
    /// All of it.
    pub rights: Vec<Right>,
    /// How many are left out.
    pub left_out: usize,
}

#[cfg(test)]
mod tests;
