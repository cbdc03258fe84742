//! `simservs` documents: where a person's calls are sent, as the server does it too (M-134). What is not ours stays as it
//! is: other services, rules with more conditions, actions beside the target.
//!
//! Source: 3GPP TS 24.604 §4.9 (communication diversion), TS 24.623 §5 (the document), RFC 4745 §7 and §8 (rules).

use crate::address;
use crate::roster::Key;
use crate::xml::{self, Element, Node};
use control::receiving::Forwarding;

const SERVICES: &str = "http://uri.etsi.org/ngn/params/xml/simservs/xcap";
const RULES: &str = "urn:ietf:params:xml:ns:common-policy";
const DIVERSION: &str = "communication-diversion";
const TIMER: &str = "NoReplyTimer";
const OFF: &str = "rule-deactivated";
/// How long nobody answers, where neither side says. Unit: s. Source: ours, as without a server.
const USUAL_S: u32 = 15;
/// What the timer takes. Unit: s. Source: TS 24.604 §4.9.1.
const LEAST_S: u32 = 5;
const MOST_S: u32 = 180;
/// The rules that are ours: what they are called here, and their one condition; `None`: none at all.
const KINDS: [(&str, Option<&str>); 3] = [
    ("always", None),
    ("busy", Some("busy")),
    ("no-answer", Some("no-answer")),
];

/// One document, and the domain in which its numbers are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diversion {
    root: Element,
    domain: String,
}

impl Diversion {
    /// One with nothing in it.
    pub fn new(domain: &str) -> Self {
        let mut root = Element::new("simservs", SERVICES);
        root.set("", "xmlns", Some(SERVICES.to_owned()));
        let domain = domain.to_owned();
        Self { root, domain }
    }

    /// Reads one. Errors: in words, after “the document”.
    pub fn read(body: &[u8], domain: &str) -> Result<Self, String> {
        let root = xml::read(body)?;
        if !root.is(SERVICES, "simservs") {
            let name = control::quoted(&root.name);
            return Err(format!("begins with {name} and not with simservs"));
        }
        let domain = domain.to_owned();
        Ok(Self { root, domain })
    }

    /// As it is sent.
    pub fn text(&self) -> String {
        xml::write(&self.root)
    }

    /// Whether it says anything of diversion.
    pub fn is_there(&self) -> bool {
        self.service().is_some()
    }

    fn service(&self) -> Option<&Element> {
        self.root.elements().find(|e| e.is(SERVICES, DIVERSION))
    }

    /// Where calls are sent. A target that no call can be sent to is none.
    pub fn forwarding(&self) -> Forwarding {
        let service = self.service();
        let is_on = |service: &&Element| service.attribute("", "active") != Some("false");
        let Some(service) = service.filter(is_on) else {
            return Forwarding::default();
        };
        let rules = service.elements().filter(|e| e.is(RULES, "ruleset"));
        let rules: Vec<&Element> = rules.flat_map(Element::elements).collect();
        let target = |condition| {
            let mut ours = rules.iter().filter(|rule| is_ours(rule, condition));
            let rule = ours.find(|rule| !is_off(rule))?;
            self.target(rule)
        };
        let no_answer = target(Some("no-answer"));
        let timer = service.elements().find(|e| e.is(SERVICES, TIMER));
        let timer = timer.and_then(|timer| timer.text().parse().ok());
        Forwarding {
            always: target(None),
            busy: target(Some("busy")),
            after_s: no_answer
                .is_some()
                .then(|| timer.unwrap_or(USUAL_S).clamp(1, 600)),
            no_answer,
        }
    }

    fn target(&self, rule: &Element) -> Option<String> {
        let actions = rule.elements().find(|e| e.is(RULES, "actions"))?;
        let forward = actions.elements().find(|e| e.is(SERVICES, "forward-to"))?;
        let target = forward.elements().find(|e| e.is(SERVICES, "target"))?;
        let text = target.text();
        let target = match address::read(&text, &self.domain) {
            Some(Key::Number(number)) => number,
            Some(Key::Name(_)) | None => return None,
        };
        policy::forward::is_target(&target).then_some(target)
    }

    /// Makes it say `wanted`; what it says already, it says as before.
    pub fn write(&mut self, wanted: &Forwarding) {
        if self.forwarding() == *wanted {
            return;
        }
        let domain = self.domain.clone();
        let before = self.forwarding();
        let prefix = self.root.prefix().to_owned();
        let service = child(&mut self.root, SERVICES, &format!("{prefix}{DIVERSION}"));
        if !wanted.is_off() || service.attribute("", "active").is_none() {
            if service.attribute("", "active") == Some("false") {
                // What was off as a whole stays off, rule by rule.
                switch_off_ours(service);
            }
            service.set("", "active", Some("true".to_owned()));
        }
        if let Some(after_s) = wanted.after_s.filter(|_| wanted.after_s != before.after_s) {
            let timer = child(service, SERVICES, &format!("{prefix}{TIMER}"));
            let after_s = after_s.clamp(LEAST_S, MOST_S).to_string();
            timer.children = vec![Node::Text(after_s)];
            // The timer stands before the rules.
            let is_timer = |e: &Element| e.is(SERVICES, TIMER);
            if let Some(at) = position(service, is_timer) {
                let timer = service.children.remove(at);
                service.children.insert(0, timer);
            }
        }
        let set = rules(service);
        let was = [&before.always, &before.busy, &before.no_answer];
        let targets = [&wanted.always, &wanted.busy, &wanted.no_answer];
        for ((kind, target), was) in KINDS.into_iter().zip(targets).zip(was) {
            // A rule of the portal whose target says nothing to us is switched by who switches this kind alone.
            if target != was {
                put_rule(set, kind, target.as_deref(), &prefix, &domain);
            }
        }
    }
}

/// Whether the rule has this condition and no other, but that it may be switched off.
fn is_ours(rule: &Element, condition: Option<&str>) -> bool {
    let conditions = rule.elements().filter(|e| e.is(RULES, "conditions"));
    let mut all = conditions
        .flat_map(Element::elements)
        .filter(|e| !e.is(SERVICES, OFF));
    let only = match condition {
        Some(name) => all.next().is_some_and(|e| e.is(SERVICES, name)),
        None => true,
    };
    rule.is(RULES, "rule") && only && all.next().is_none()
}

fn is_off(rule: &Element) -> bool {
    let mut conditions = rule.elements().filter(|e| e.is(RULES, "conditions"));
    conditions.any(|all| all.elements().any(|e| e.is(SERVICES, OFF)))
}

fn position(of: &Element, is: impl Fn(&Element) -> bool) -> Option<usize> {
    let mut nodes = of.children.iter();
    nodes.position(|node| matches!(node, Node::Element(element) if is(element)))
}

/// The first element of this name in `of`, made where there is none.
fn child<'a>(of: &'a mut Element, space: &str, written: &str) -> &'a mut Element {
    let name = written.rsplit(':').next().unwrap_or(written);
    let at = position(of, |e| e.is(space, name)).unwrap_or_else(|| {
        of.children
            .push(Node::Element(Element::new(written, space)));
        of.children.len() - 1
    });
    match &mut of.children[at] {
        Node::Element(element) => element,
        Node::Text(_) | Node::Comment(_) => unreachable!("it is where an element was found"),
    }
}

/// The rules of the service. New ones carry their namespace themselves.
fn rules(service: &mut Element) -> &mut Element {
    let is_new = position(service, |e| e.is(RULES, "ruleset")).is_none();
    let set = child(service, RULES, "cp:ruleset");
    if is_new {
        set.set("", "xmlns:cp", Some(RULES.to_owned()));
    }
    set
}

fn switch_off_ours(service: &mut Element) {
    let prefix = service.prefix().to_owned();
    for rule in rules(service).elements_mut() {
        let is_one = KINDS.iter().any(|(_, condition)| is_ours(rule, *condition));
        if is_one && !is_off(rule) {
            switch(rule, false, &prefix);
        }
    }
}

/// Switches a rule on or off.
fn switch(rule: &mut Element, on: bool, prefix: &str) {
    let tag = format!("{}conditions", rule.prefix());
    if on {
        for conditions in rule.elements_mut() {
            conditions.remove(|e| e.is(SERVICES, OFF));
        }
    } else {
        let conditions = child(rule, RULES, &tag);
        let off = Element::new(&format!("{prefix}{OFF}"), SERVICES);
        conditions.children.push(Node::Element(off));
    }
}

fn put_rule(
    set: &mut Element,
    (id, condition): (&str, Option<&str>),
    target: Option<&str>,
    prefix: &str,
    domain: &str,
) {
    let rule_prefix = set.prefix().to_owned();
    let known = set.elements_mut().filter(|rule| is_ours(rule, condition));
    let mut known: Vec<&mut Element> = known.collect();
    let Some(target) = target else {
        let on = known.into_iter().filter(|rule| !is_off(rule));
        on.for_each(|rule| switch(rule, false, prefix));
        return;
    };
    let at = known.iter().position(|rule| !is_off(rule)).unwrap_or(0);
    let rule = if known.is_empty() {
        let mut rule = Element::new(&format!("{rule_prefix}rule"), RULES);
        rule.set("", "id", Some(format!("offhook-{id}")));
        let conditions = child(&mut rule, RULES, &format!("{rule_prefix}conditions"));
        if let Some(condition) = condition {
            let condition = Element::new(&format!("{prefix}{condition}"), SERVICES);
            conditions.children.push(Node::Element(condition));
        }
        set.children.push(Node::Element(rule));
        match set.children.last_mut() {
            Some(Node::Element(rule)) => rule,
            Some(Node::Text(_) | Node::Comment(_)) | None => return,
        }
    } else {
        known.swap_remove(at)
    };
    switch(rule, true, prefix);
    let actions = child(rule, RULES, &format!("{rule_prefix}actions"));
    let forward = child(actions, SERVICES, &format!("{prefix}forward-to"));
    let element = child(forward, SERVICES, &format!("{prefix}target"));
    let said = address::read(&element.text(), domain);
    let wanted = address::key(target, domain);
    if said.as_ref() != Some(&wanted) {
        element.children = vec![Node::Text(address::written(&wanted, domain))];
    }
}

/// What holds where phone and server may both have changed something since they agreed on `agreed`, rule by rule: what
/// was said at this phone and has not reached the server stands before what the server says; everything else is as the
/// server says. Who never agreed takes what the server says, `theirs`, where it says anything.
pub fn joined(
    ours: &Forwarding,
    agreed: Option<&Forwarding>,
    theirs: Option<&Forwarding>,
) -> Forwarding {
    let Some(theirs) = theirs else {
        return ours.clone();
    };
    let Some(agreed) = agreed else {
        return theirs.clone();
    };
    let pick = |of: fn(&Forwarding) -> Option<String>| match of(ours) == of(agreed) {
        true => of(theirs),
        false => of(ours),
    };
    let silence = |of: &Forwarding| (of.no_answer.clone(), of.after_s);
    let (no_answer, after_s) = match silence(ours) == silence(agreed) {
        true => silence(theirs),
        false => silence(ours),
    };
    Forwarding {
        always: pick(|of| of.always.clone()),
        busy: pick(|of| of.busy.clone()),
        no_answer,
        after_s,
    }
}

#[cfg(test)]
mod tests;
