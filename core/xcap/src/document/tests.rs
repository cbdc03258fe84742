use super::*;
use crate::ledger::Ledger;
use control::Favourite;
use expect_test::expect;
use proptest::collection::vec;
use proptest::prelude::*;

const DOMAIN: &str = "pbx.test";

fn favourite(text: &str) -> Favourite {
    let is_name = text.starts_with(char::is_alphabetic) && !text.contains(':');
    let text = Some(text.to_owned());
    match is_name {
        true => Favourite {
            name: text,
            number: None,
            ..Favourite::default()
        },
        false => Favourite {
            name: None,
            number: text,
            ..Favourite::default()
        },
    }
}

fn profile(name: &str, favourites: &[&str]) -> Profile {
    Profile {
        name: name.to_owned(),
        active: false,
        favourites: favourites.iter().map(|text| favourite(text)).collect(),
    }
}

/// A phone: what it shows, and its ledger.
#[derive(Default)]
struct Phone {
    ledger: Ledger,
    profiles: Vec<Profile>,
}

impl Phone {
    fn says(&mut self, profiles: &[Profile], now: u64) {
        self.profiles = profiles.to_vec();
        self.ledger.said(&self.profiles, DOMAIN, now);
    }

    /// Meets the server's document, and leaves the one that is there then.
    fn meets(&mut self, text: &mut String, now: u64) {
        let (found, is_there) = match text.as_str() {
            "" => (Document::new(DOMAIN), false),
            text => (Document::read(text.as_bytes(), DOMAIN).unwrap(), true),
        };
        let document = self.ledger.meet(found.clone(), is_there, now);
        if !document.lists_as(&found) {
            *text = document.text();
        }
        self.profiles = document.profiles("main");
        self.ledger.shown.clone_from(&self.profiles);
    }

    fn shows(&self) -> Vec<String> {
        let all = self.profiles.iter();
        let line = |profile: &Profile| {
            let all = profile.favourites.iter();
            let texts = all.map(|f| f.name.clone().or(f.number.clone()).unwrap());
            format!("{}: {}", profile.name, texts.collect::<Vec<_>>().join(" "))
        };
        all.map(line).collect()
    }
}

#[test]
fn m_112_a_profile_is_a_list_and_a_favourite_an_entry_of_it() {
    let mut phone = Phone::default();
    let mut text = String::new();
    phone.says(&[profile("main", &["102", "Ann B", "sip:a@b.test"])], 1_000);
    phone.meets(&mut text, 1_000);
    phone.says(&[profile("main", &["Ann B"]), profile("night", &[])], 2_000);
    phone.meets(&mut text, 2_000);
    expect![[r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <resource-lists xmlns="urn:ietf:params:xml:ns:resource-lists" xmlns:offhook="urn:offhook:profiles:1"><list name="main" offhook:added="1000"><entry uri="urn:offhook:name:Ann%20B" offhook:added="1000"><display-name>Ann B</display-name></entry><offhook:gone number="102" at="2000"/><offhook:gone number="sip:a@b.test" at="2000"/></list><list name="night" offhook:added="2000"/></resource-lists>
    "#]]
    .assert_eq(&text);
    let before = text.clone();
    phone.meets(&mut text, 3_000);
    assert_eq!(text, before, "nothing changed: nothing is put");
    assert_eq!(phone.shows(), ["main: Ann B", "night: "]);
}

/// Two phones that were both away: the newest of each favourite counts.
#[test]
fn m_112_changes_of_two_phones_are_merged_by_newest_entry() {
    let (mut one, mut two) = (Phone::default(), Phone::default());
    let mut text = String::new();
    one.says(&[profile("main", &["1", "2", "3"])], 10);
    one.meets(&mut text, 11);
    two.meets(&mut text, 12);
    assert_eq!(two.shows(), ["main: 1 2 3"]);
    one.says(&[profile("main", &["2", "3", "4"])], 20);
    two.says(&[profile("main", &["1", "3", "5"])], 30);
    // The first takes 3 away after the second took it away and gave it back.
    two.says(&[profile("main", &["1", "5"])], 40);
    two.says(&[profile("main", &["1", "5", "3"])], 50);
    one.says(&[profile("main", &["2", "4"])], 60);
    two.meets(&mut text, 70);
    one.meets(&mut text, 71);
    two.meets(&mut text, 72);
    assert_eq!(one.shows(), two.shows());
    assert_eq!(one.shows(), ["main: 5 4"]);
}

/// M-117: an order that somebody put is everybody's, until another one is put; a phone that knew nothing of it undoes
/// nothing.
#[test]
fn m_112_m_117_the_newest_order_is_everybodys() {
    let (mut one, mut two) = (Phone::default(), Phone::default());
    let mut text = String::new();
    one.says(&[profile("main", &["1", "2", "3"])], 10);
    one.meets(&mut text, 11);
    two.meets(&mut text, 12);
    one.says(&[profile("main", &["3", "1", "2"])], 20);
    two.says(&[profile("main", &["1", "2", "3", "4"])], 21);
    two.meets(&mut text, 22);
    one.meets(&mut text, 23);
    two.meets(&mut text, 24);
    assert_eq!(one.shows(), ["main: 3 1 2 4"]);
    assert_eq!(two.shows(), ["main: 3 1 2 4"]);
    // One that is somebody else from now on stays in its place.
    two.says(&[profile("main", &["3", "9", "2", "4"])], 30);
    two.meets(&mut text, 31);
    one.meets(&mut text, 32);
    assert_eq!(one.shows(), ["main: 3 9 2 4"]);
    // Another client puts them in an order without a word of when.
    let entry = |number: &str| {
        let begin = text.find(&format!("<entry uri=\"sip:{number}@")).unwrap();
        let end = begin + text[begin..].find("/>").unwrap() + 2;
        text[begin..end].to_owned()
    };
    let (last, first) = (entry("4"), entry("3"));
    let moved = text
        .replace(&last, "")
        .replace(&first, &format!("{last}{first}"));
    text = moved;
    one.meets(&mut text, 40);
    two.meets(&mut text, 41);
    assert_eq!(one.shows(), ["main: 4 3 9 2"]);
    assert_eq!(two.shows(), ["main: 4 3 9 2"]);
    let before = text.clone();
    one.meets(&mut text, 50);
    assert_eq!(text, before, "nothing changed: nothing is put");
}

const OTHER: &str = "<?xml version=\"1.0\"?>\n<rl:resource-lists xmlns:rl=\"urn:ietf:params:xml:ns:resource-lists\" \
    xmlns:x=\"urn:x\" x:version=\"7\">\n <!-- of another phone -->\n <rl:list name=\"main\" x:colour=\"red\">\n  \
    <rl:display-name xml:lang=\"en\">Main &amp; more</rl:display-name>\n  <rl:entry uri=\"sip:102@pbx.test\" x:ring=\"loud\">\
    <rl:display-name>Bob</rl:display-name><x:photo>abc</x:photo></rl:entry>\n  <rl:entry-ref ref=\"a/b\"/>\n  \
    <rl:external anchor=\"http://a/b\"/>\n  <rl:entry uri=\"pres:carol@pbx.test\"/>\n  <x:more><x:deep/></x:more>\n \
    </rl:list>\n <rl:list><rl:entry uri=\"sip:999@pbx.test\"/></rl:list>\n</rl:resource-lists>\n";

#[test]
fn m_112_what_another_client_wrote_is_taken_and_what_we_do_not_know_survives() {
    let mut phone = Phone::default();
    phone.says(&[profile("main", &["103"])], 10);
    let mut text = OTHER.to_owned();
    phone.meets(&mut text, 20);
    assert_eq!(phone.shows(), ["main: 102 103"]);
    for kept in [
        "x:version=\"7\"",
        "<!-- of another phone -->",
        "x:colour=\"red\"",
        "<rl:display-name xml:lang=\"en\">Main &amp; more</rl:display-name>",
        "x:ring=\"loud\"",
        "<x:photo>abc</x:photo>",
        "<rl:entry-ref ref=\"a/b\"/>",
        "<rl:external anchor=\"http://a/b\"/>",
        "<rl:entry uri=\"pres:carol@pbx.test\"/>",
        "<x:more><x:deep/></x:more>",
        "<rl:list><rl:entry uri=\"sip:999@pbx.test\"/></rl:list>",
    ] {
        assert!(text.contains(kept), "{kept}\n{text}");
    }
    let entry = "<rl:entry uri=\"sip:103@pbx.test\" offhook:added=\"10\"/>";
    let (entry, more) = (text.find(entry).unwrap(), text.find("<x:more>").unwrap());
    assert!(entry < more, "elements of others stand behind the entries");
}

/// Another client keeps nothing of ours: what it takes away is gone, what it adds again is there.
#[test]
fn m_112_another_client_that_knows_no_times_has_its_will() {
    let mut phone = Phone::default();
    let list = |entries: &str| {
        format!(
            "<resource-lists xmlns=\"{LISTS}\"><list name=\"main\">{entries}</list></resource-lists>"
        )
    };
    let (a, b) = ("<entry uri=\"sip:1@pbx.test\"/>", "<entry uri=\"tel:2\"/>");
    let mut text = list(&format!("{a}{b}"));
    phone.meets(&mut text, 10);
    assert_eq!(phone.shows(), ["main: 1 2"]);
    text = list(b);
    phone.meets(&mut text, 20);
    assert_eq!(phone.shows(), ["main: 2"]);
    text = list(&format!("{b}{a}"));
    phone.meets(&mut text, 30);
    assert_eq!(phone.shows(), ["main: 2 1"]);
    // What was taken away here since then stays away, although the other still lists it.
    phone.says(&[profile("main", &["1"])], 40);
    text = list(&format!("{b}{a}"));
    phone.meets(&mut text, 50);
    assert_eq!(phone.shows(), ["main: 1"]);
    // A profile that the other takes away is gone; a document that is gone took nothing away.
    text = format!("<resource-lists xmlns=\"{LISTS}\"><list name=\"day\"/></resource-lists>");
    phone.meets(&mut text, 60);
    assert_eq!(phone.shows(), ["day: "]);
    phone.says(&[profile("day", &["7"])], 70);
    phone.meets(&mut text, 71);
    text.clear();
    phone.meets(&mut text, 80);
    assert_eq!(phone.shows(), ["day: 7"]);
    assert!(text.contains("sip:7@pbx.test"), "{text}");
}

#[test]
fn four_profiles_of_thirty_two_are_shown_and_more_are_kept_m_110_m_111() {
    let numbers: Vec<String> = (0..40).map(|n| n.to_string()).collect();
    let entry = |n: &String| format!("<entry uri=\"sip:{n}@pbx.test\"/>");
    let entries: String = numbers.iter().map(entry).collect();
    let list = |n: usize| format!("<list name=\"p{n}\">{entries}</list>");
    let lists: String = (0..6).map(list).collect();
    let mut text = format!("<resource-lists xmlns=\"{LISTS}\">{lists}</resource-lists>");
    let mut phone = Phone::default();
    phone.meets(&mut text, 10);
    let sizes: Vec<usize> = phone.profiles.iter().map(|p| p.favourites.len()).collect();
    assert_eq!(sizes, [32; 4]);
    assert!(phone.profiles[0].active, "one is in use");
    // Who takes one away sees the next; the others are at the server as before.
    let mut less = phone.profiles.clone();
    less[0].favourites.remove(0);
    phone.says(&less, 20);
    phone.meets(&mut text, 21);
    assert_eq!(phone.profiles[0].favourites[31], favourite("32"));
    assert_eq!(text.matches("<entry ").count(), 6 * 40 - 1);
}

/// What is not shown here and what is not ours goes along with a profile that somebody calls otherwise, also when its
/// server is away for two new names.
#[test]
fn m_112_a_profile_that_is_renamed_keeps_all_that_is_in_it() {
    let entry = |n: usize| format!("<entry uri=\"sip:{n}@pbx.test\"/>");
    let entries: String = (0..40).map(entry).collect();
    let mut text = format!(
        "<resource-lists xmlns=\"{LISTS}\" xmlns:x=\"urn:x\"><list name=\"main\" x:colour=\"red\">{entries}\
         <entry uri=\"pres:carol@pbx.test\"/><x:more/></list><list name=\"night\"/></resource-lists>"
    );
    let (mut one, mut two) = (Phone::default(), Phone::default());
    one.meets(&mut text, 10);
    two.meets(&mut text, 11);
    for (name, now) in [("day", 20), ("early", 30)] {
        let mut renamed = one.profiles.clone();
        renamed[0].name = name.to_owned();
        one.says(&renamed, now);
        let kept = serde_json::to_string(&one.ledger).unwrap();
        one.ledger = serde_json::from_str(&kept).unwrap();
    }
    // Meanwhile the other adds one to it.
    text = text.replace("<x:more/>", &format!("{}<x:more/>", entry(77)));
    one.meets(&mut text, 40);
    two.meets(&mut text, 41);
    let names: Vec<&str> = two.profiles.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["early", "night"], "{text}");
    assert_eq!(one.shows(), two.shows());
    assert_eq!(text.matches("<entry ").count(), 42, "{text}");
    for kept in [
        "x:colour=\"red\"",
        "<entry uri=\"pres:carol@pbx.test\"/>",
        "<x:more/>",
    ] {
        assert!(text.contains(kept), "{kept}\n{text}");
    }
    let before = text.clone();
    one.meets(&mut text, 50);
    assert_eq!(text, before, "nothing changed: nothing is put");
    // One of the same name that comes later is another one.
    let mut more = two.profiles.clone();
    more.push(profile("main", &["5"]));
    two.says(&more, 60);
    two.meets(&mut text, 61);
    one.meets(&mut text, 62);
    assert_eq!(one.shows()[1..], ["night: ", "main: 5"]);
}

#[test]
fn a_document_of_something_else_is_refused() {
    for (text, why) in [
        ("<simservs xmlns=\"urn:x\"/>", "begins with 'simservs'"),
        ("<resource-lists/>", "begins with 'resource-lists'"),
        ("nothing", "no well-formed XML"),
        ("<!DOCTYPE a><a/>", "document type"),
    ] {
        let refused = Document::read(text.as_bytes(), DOMAIN).unwrap_err();
        assert!(refused.contains(why), "{refused}");
    }
}

/// A change at one of three phones: which, the profile, the favourites it has then.
fn any_change() -> impl Strategy<Value = (usize, Vec<(usize, Vec<usize>)>)> {
    let one = (0..3_usize, vec(0..6_usize, 0..4));
    (0..3_usize, vec(one, 1..3))
}

proptest! {
    /// Whatever three phones do, offline or not and with clocks that differ: once each has met the server four times, all
    /// show the same, and nothing is put any more.
    #[test]
    fn m_112_phones_come_together(changes in vec((any_change(), any::<bool>()), 1..12)) {
        let mut phones: Vec<Phone> = (0..3).map(|_| Phone::default()).collect();
        let mut text = String::new();
        let clock = |at: u64, phone: usize| at * 10 + [0, 500, 40][phone];
        for (at, ((phone, lists), meets)) in (100_u64..).zip(changes) {
            let mut profiles: Vec<Profile> = Vec::new();
            for (list, numbers) in lists {
                let name = ["main", "x", "y"][list];
                let mut texts: Vec<String> = numbers.iter().map(|n| format!("{n}00")).collect();
                texts.sort();
                texts.dedup();
                let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                profiles.retain(|known| known.name != name);
                profiles.push(profile(name, &texts));
            }
            phones[phone].says(&profiles, clock(at, phone));
            if meets {
                phones[phone].meets(&mut text, clock(at, phone));
            }
        }
        for _ in 0..4 {
            for (at, phone) in phones.iter_mut().enumerate() {
                phone.meets(&mut text, clock(200, at));
            }
        }
        let settled = text.clone();
        let shown = phones[0].shows();
        for (at, phone) in phones.iter_mut().enumerate() {
            phone.meets(&mut text, clock(201, at));
            prop_assert_eq!(phone.shows(), shown.clone());
        }
        prop_assert_eq!(text, settled);
    }

    /// Bytes of anybody are read or refused, and what is read is written so that it reads the same.
    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..200), at in 0..1_000_usize) {
        let mut broken = OTHER.as_bytes().to_vec();
        let at = at % broken.len();
        let end = (at + bytes.len()).min(broken.len());
        broken.splice(at..end, bytes.iter().copied());
        for bytes in [&bytes, &broken] {
            if let Ok(document) = Document::read(bytes, DOMAIN) {
                let again = Document::read(document.text().as_bytes(), DOMAIN);
                prop_assert_eq!(again, Ok(document));
            }
        }
    }
}
