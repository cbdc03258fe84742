//! One `<list>`: a profile's favourites as its entries.

use super::{LISTS, OURS, PREFIX};
use crate::address;
use crate::order::Order;
use crate::roster::{Key, List, Mark};
use crate::xml::{Element, Node};
use std::collections::BTreeSet;

/// Makes it say what `list` says, with numbers of `domain`. Whatever `list` does not speak of stays.
pub(super) fn put(element: &mut Element, list: &List, domain: &str) {
    let time = |at: u64| (at > 0).then(|| at.to_string());
    let added = format!("{PREFIX}:added");
    element.set(OURS, &added, time(list.mark.added));
    let ordered = format!("{PREFIX}:ordered");
    element.set(OURS, &ordered, time(list.order.at));
    let gone = format!("{PREFIX}:gone");
    element.set(OURS, &gone, time(list.mark.gone));
    let key = |entry: &Element| address::read(entry.attribute("", "uri")?, domain);
    let is_gone = |e: &Element| {
        let key = key(e).filter(|_| e.is(LISTS, "entry"));
        key.is_some_and(|key| list.entries.contains_key(&key) && !list.has(&key))
    };
    element.remove(is_gone);
    let mut there = BTreeSet::new();
    for entry in element.elements_mut().filter(|e| e.is(LISTS, "entry")) {
        if let Some(key) = key(entry)
            && let Some(mark) = list.entries.get(&key)
        {
            entry.set(OURS, &added, time(mark.added));
            there.insert(key);
        }
    }
    let mut new: Vec<(&Key, &Mark)> = list.entries.iter().collect();
    new.retain(|(key, _)| list.has(key) && !there.contains(key));
    new.sort_by_key(|(key, mark)| (mark.added, *key));
    let tag = format!("{}entry", element.prefix());
    let at = behind_entries(element);
    let new = new.into_iter().map(|(key, mark)| {
        let mut entry = Element::new(&tag, LISTS);
        entry.set("", "uri", Some(address::written(key, domain)));
        entry.set(OURS, &added, time(mark.added));
        if let Key::Name(name) = key {
            let tag = format!("{}display-name", element.prefix());
            let mut shown = Element::new(&tag, LISTS);
            shown.children.push(Node::Text(name.clone()));
            entry.children.push(Node::Element(shown));
        }
        Node::Element(entry)
    });
    let new: Vec<Node> = new.collect();
    element.children.splice(at..at, new);
    if list.order.at > 0 {
        arrange(element, &list.order, key);
    }
    element.remove(|e| e.is(OURS, "gone"));
    for (key, mark) in list.entries.iter().filter(|(key, _)| !list.has(key)) {
        let mut stone = Element::new(&format!("{PREFIX}:gone"), OURS);
        let (name, value) = match key {
            Key::Name(name) => ("name", name),
            Key::Number(number) => ("number", number),
        };
        stone.set("", name, Some(value.clone()));
        stone.set("", "at", Some(mark.gone.max(list.mark.gone).to_string()));
        element.children.push(Node::Element(stone));
    }
}

/// Puts the favourites of a list in order; whatever else is in it stays in its place.
fn arrange(list: &mut Element, order: &Order, key: impl Fn(&Element) -> Option<Key>) {
    let known = order.places();
    let place = |node: &Node| {
        let Node::Element(element) = node else {
            return None;
        };
        let key = key(element).filter(|_| element.is(LISTS, "entry"));
        key.map(|key| known.get(&key).copied().unwrap_or(usize::MAX))
    };
    let places = list.children.iter().enumerate();
    let slots: Vec<(usize, usize)> = places
        .filter_map(|(at, node)| Some((at, place(node)?)))
        .collect();
    let mut sorted = slots.clone();
    sorted.sort_by_key(|(_, place)| *place);
    let before = list.children.clone();
    for ((to, _), (from, _)) in slots.iter().zip(&sorted) {
        if let (Some(slot), Some(node)) = (list.children.get_mut(*to), before.get(*from)) {
            slot.clone_from(node);
        }
    }
}

/// Where the next entry stands: behind all that are of the document's own namespace.
fn behind_entries(list: &Element) -> usize {
    let is_own = |node: &Node| matches!(node, Node::Element(element) if element.space == LISTS);
    let last = list.children.iter().rposition(is_own);
    last.map_or(0, |at| at + 1)
}
