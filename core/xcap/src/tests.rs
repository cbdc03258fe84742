//! Threads against a server and a store of this file.

use super::*;
use control::contacts::Profile;
use control::{Code, Favourite};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

const WAIT: Duration = Duration::from_secs(10);
const SOON: Duration = Duration::from_millis(20);
const OWNER: &str = "101 sip:101@pbx.test";

/// What the server does with the next question.
#[derive(Clone)]
enum Play {
    /// What it should.
    Well,
    /// Nothing can be reached.
    Away,
    /// It says this.
    Says(u16, Vec<u8>),
    /// Somebody else's document comes between fetching and putting, so often.
    Beside(u32, &'static str),
}

/// A server of documents with entity tags.
struct Server {
    play: Play,
    document: String,
    /// Where calls are sent.
    diversion: String,
    version: u32,
    puts: u32,
    gets: u32,
}

type Shared = Arc<Mutex<Server>>;

struct Way(Shared);

impl Way {
    fn play(&self) -> Result<Option<Answer>, ErrorObject> {
        let server = self.0.lock().unwrap();
        match &server.play {
            Play::Away => Err(ErrorObject::new(Code::XCAP_FAILED, "it cannot be reached")),
            Play::Says(status, body) => Ok(Some(Answer {
                status: *status,
                tag: None,
                body: body.clone(),
            })),
            Play::Well | Play::Beside(..) => Ok(None),
        }
    }
}

impl Server {
    fn at(&mut self, place: Place) -> &mut String {
        match place {
            Place::Profiles => &mut self.document,
            Place::Diversion => &mut self.diversion,
        }
    }
}

fn answer(status: u16, server: &mut Server, place: Place) -> Answer {
    Answer {
        status,
        tag: Some(format!("\"{}\"", server.version)),
        body: server.at(place).clone().into_bytes(),
    }
}

impl Ask for Way {
    fn get(&mut self, place: Place) -> Result<Answer, ErrorObject> {
        let played = self.play()?;
        let mut server = self.0.lock().unwrap();
        server.gets += 1;
        Ok(played.unwrap_or_else(|| {
            let is_there = !server.at(place).is_empty();
            answer(if is_there { 200 } else { 404 }, &mut server, place)
        }))
    }

    fn put(&mut self, place: Place, of: &Version, body: &str) -> Result<Answer, ErrorObject> {
        if let Some(played) = self.play()? {
            return Ok(played);
        }
        let mut server = self.0.lock().unwrap();
        server.puts += 1;
        if let Play::Beside(times, document) = server.play.clone()
            && times > 0
            && place == Place::Profiles
        {
            server.play = Play::Beside(times - 1, document);
            server.document = document.to_owned();
            server.version += 1;
        }
        let fits = match of {
            Version::New => server.at(place).is_empty(),
            Version::Tag(tag) => *tag == format!("\"{}\"", server.version),
            Version::Any => false,
        };
        if !fits {
            return Ok(answer(412, &mut server, place));
        }
        *server.at(place) = body.to_owned();
        server.version += 1;
        Ok(answer(200, &mut server, place))
    }
}

/// A phone: its thread, and its store.
struct Phone {
    places: Places,
    told: Receiver<Told>,
    profiles: Vec<Profile>,
    ledger: Option<String>,
    forwarding: Forwarding,
}

impl Phone {
    fn start(server: &Shared, profiles: Vec<Profile>, ledger: Option<String>) -> Self {
        let (tell, told) = channel();
        let tell = Mutex::new(tell);
        let tell: Tell = Arc::new(move |word| {
            let _ = tell.lock().unwrap().send(word);
        });
        let server = Arc::clone(server);
        let source = Source {
            account: "main".into(),
            owner: OWNER.into(),
            domain: "pbx.test".into(),
            server: "http://pbx.test/xcap".into(),
            forwarding: true,
            refresh: SOON,
            open: Box::new(move || Ok(Box::new(Way(Arc::clone(&server))))),
        };
        let places = Places::start(vec![source], &tell).unwrap();
        let phone = Self {
            places,
            told,
            profiles,
            ledger,
            forwarding: Forwarding::default(),
        };
        phone.stands();
        phone
    }

    fn stands(&self) {
        self.places.stands(&Standing {
            owner: OWNER.into(),
            profiles: self.profiles.clone(),
            ledger: self.ledger.clone(),
            is_news: false,
        });
    }

    /// What a person does here.
    fn says(&mut self, profiles: &[Profile]) {
        self.profiles = profiles.to_vec();
        self.stands();
    }

    /// Keeps what is shared, as the store does, until it shows this.
    fn wait_shows(&mut self, wanted: &[&str]) {
        let until = Instant::now() + WAIT;
        while shows(&self.profiles) != wanted {
            assert!(
                Instant::now() < until,
                "{:?}, not {wanted:?}",
                shows(&self.profiles)
            );
            self.keep();
        }
    }

    /// Takes what comes within a moment.
    fn keep(&mut self) -> Vec<ErrorObject> {
        let mut failures = Vec::new();
        while let Ok(told) = self.told.recv_timeout(SOON) {
            match told {
                Told::Share(shared) => {
                    if shared.before == self.profiles {
                        self.profiles.clone_from(&shared.profiles);
                        self.ledger = Some(shared.ledger);
                    }
                    self.stands();
                }
                Told::Forward { before, after, .. } => {
                    if *before == self.forwarding {
                        self.forwards(&after);
                    }
                }
                Told::Trouble { error, .. } => failures.extend(error.map(|error| *error)),
            }
        }
        failures
    }

    /// Calls are sent there from now on.
    fn forwards(&mut self, to: &Forwarding) {
        self.forwarding = to.clone();
        self.places.forwards("main", to);
    }

    fn wait_forwards(&mut self, wanted: &Forwarding) {
        let until = Instant::now() + WAIT;
        while self.forwarding != *wanted {
            let found = &self.forwarding;
            assert!(Instant::now() < until, "{found:?}, not {wanted:?}");
            self.keep();
        }
    }

    fn wait_failure(&mut self) -> ErrorObject {
        let until = Instant::now() + WAIT;
        loop {
            if let Some(failure) = self.keep().pop() {
                return failure;
            }
            assert!(Instant::now() < until, "no failure is told");
        }
    }
}

fn shows(profiles: &[Profile]) -> Vec<String> {
    let line = |profile: &Profile| {
        let all = profile.favourites.iter();
        let texts: Vec<String> = all.filter_map(|one| one.number.clone()).collect();
        format!("{}: {}", profile.name, texts.join(" "))
    };
    profiles.iter().map(line).collect()
}

fn main_with(numbers: &[&str]) -> Vec<Profile> {
    let favourites = numbers.iter().map(|number| Favourite {
        name: None,
        number: Some((*number).to_owned()),
        ..Favourite::default()
    });
    vec![Profile {
        name: "main".to_owned(),
        active: true,
        favourites: favourites.collect(),
    }]
}

fn server(play: Play, document: &str) -> Shared {
    Arc::new(Mutex::new(Server {
        play,
        document: document.to_owned(),
        diversion: String::new(),
        version: 1,
        puts: 0,
        gets: 0,
    }))
}

fn open(server: &Shared) -> MutexGuard<'_, Server> {
    server.lock().unwrap()
}

fn wait_until(mut is_done: impl FnMut() -> bool) {
    let until = Instant::now() + WAIT;
    while !is_done() {
        assert!(Instant::now() < until, "it does not come");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Of one list with these entries.
fn document(entries: &str) -> String {
    format!(
        "<resource-lists xmlns=\"urn:ietf:params:xml:ns:resource-lists\"><list name=\"main\">{entries}</list>\
         </resource-lists>"
    )
}

#[test]
fn m_112_what_changes_at_one_phone_is_at_the_other_after_one_refresh() {
    let server = server(Play::Well, "");
    let mut one = Phone::start(&server, main_with(&[]), None);
    let mut two = Phone::start(&server, main_with(&[]), None);
    one.says(&main_with(&["1", "2"]));
    two.wait_shows(&["main: 1 2"]);
    one.keep();
    two.says(&main_with(&["2"]));
    one.wait_shows(&["main: 2"]);
    two.keep();
    let puts = open(&server).puts;
    let gets = open(&server).gets;
    wait_until(|| open(&server).gets > gets + 5);
    assert_eq!(open(&server).puts, puts, "nothing changed: nothing is put");
}

#[test]
fn m_112_what_was_changed_while_the_server_was_away_goes_there_after_a_restart() {
    let server = server(Play::Well, "");
    let mut phone = Phone::start(&server, main_with(&["1", "2"]), None);
    wait_until(|| open(&server).document.contains("sip:2@pbx.test"));
    phone.keep();
    open(&server).play = Play::Away;
    phone.wait_failure();
    phone.says(&main_with(&["2", "3"]));
    phone.keep();
    let (profiles, ledger) = (phone.profiles.clone(), phone.ledger.clone());
    drop(phone);
    open(&server).play = Play::Well;
    let mut phone = Phone::start(&server, profiles, ledger);
    wait_until(|| open(&server).document.contains("sip:3@pbx.test"));
    assert!(!open(&server).document.contains("sip:1@pbx.test"));
    phone.wait_shows(&["main: 2 3"]);
}

/// One that failed is left alone for 2 s at least.
#[test]
fn m_002_who_registers_has_a_server_asked_that_failed_just_before() {
    let server = server(Play::Away, "");
    let mut phone = Phone::start(&server, main_with(&["1"]), None);
    phone.wait_failure();
    open(&server).play = Play::Well;
    let begun = Instant::now();
    phone.places.registered("main");
    wait_until(|| open(&server).document.contains("sip:1@pbx.test"));
    assert!(begun.elapsed() < Duration::from_millis(1_500));
}

/// Who is faster is met again: both changes stand.
#[test]
fn m_112_a_version_that_another_put_between_is_joined() {
    let between = "<resource-lists xmlns=\"urn:ietf:params:xml:ns:resource-lists\"><list name=\"main\">\
                   <entry uri=\"sip:9@pbx.test\"/></list></resource-lists>";
    let server = server(Play::Beside(2, between), "");
    let mut phone = Phone::start(&server, main_with(&["1"]), None);
    phone.wait_shows(&["main: 9 1"]);
    assert!(open(&server).document.contains("sip:9@pbx.test"));
    // One that never lets us is told after a bounded number of tries.
    open(&server).play = Play::Beside(u32::MAX, between);
    phone.says(&main_with(&["9", "1", "2"]));
    let puts = open(&server).puts;
    let failure = phone.wait_failure();
    assert!(failure.detail.contains("another version"), "{failure}");
    assert!(
        open(&server).puts - puts <= 10,
        "it is left alone for a while"
    );
}

/// Whatever a server sends, it costs nothing here, nothing is put, and it is told with cause and fix.
#[test]
fn m_112_hostile_answers_lose_nothing_and_are_told() {
    let long = document(&"<entry uri=\"sip:1@pbx.test\"/>".repeat(200_000));
    assert!(long.len() > 5 << 20);
    let bomb = "<!DOCTYPE l [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><l>&b;</l>";
    let cases = [
        (200, bomb.as_bytes().to_vec(), "document type"),
        (200, long.into_bytes(), "longer than"),
        (
            200,
            b"<simservs xmlns=\"urn:x\"/>".to_vec(),
            "begins with 'simservs'",
        ),
        (200, b"<resource-lists".to_vec(), "no well-formed XML"),
        (200, b"\xff\xfe".to_vec(), "no text in UTF-8"),
        (200, Vec::new(), "no well-formed XML"),
        (500, b"oops".to_vec(), "says 500: 'oops'"),
        (403, Vec::new(), "says 403"),
        (409, b"<xcap-error/>".to_vec(), "says 409: '<xcap-error/>'"),
        (304, Vec::new(), "says 304"),
    ];
    // Each waits until the server is tried again.
    std::thread::scope(|all| {
        for (status, body, why) in cases {
            all.spawn(move || loses_nothing(status, body, why));
        }
    });
}

fn loses_nothing(status: u16, body: Vec<u8>, why: &str) {
    let server = server(Play::Says(status, body), "");
    let mut phone = Phone::start(&server, main_with(&["1"]), None);
    let failure = phone.wait_failure();
    assert_eq!(failure.code, Code::XCAP_FAILED);
    assert!(failure.detail.contains(why), "{failure}");
    assert!(!failure.fix.is_empty());
    assert_eq!(open(&server).puts, 0, "{why}");
    phone.keep();
    assert_eq!(shows(&phone.profiles), ["main: 1"]);
    open(&server).play = Play::Well;
    wait_until(|| open(&server).document.contains("sip:1@pbx.test"));
}

/// What a person changes while the server's answer is on its way is theirs.
#[test]
fn m_112_what_is_said_meanwhile_is_not_lost() {
    let server = server(Play::Well, &document("<entry uri=\"sip:5@pbx.test\"/>"));
    let mut phone = Phone::start(&server, main_with(&["1"]), None);
    wait_until(|| open(&server).document.contains("sip:1@pbx.test"));
    // The store has not taken the server's word yet: the person adds one to what they see.
    phone.says(&main_with(&["1", "2"]));
    phone.wait_shows(&["main: 5 1 2"]);
    wait_until(|| open(&server).document.contains("sip:2@pbx.test"));
    phone.says(&main_with(&["1", "2"]));
    wait_until(|| {
        !open(&server)
            .document
            .contains("<entry uri=\"sip:5@pbx.test\"")
    });
}

#[test]
fn a_ledger_that_cannot_be_read_costs_no_favourite() {
    let server = server(Play::Well, &document("<entry uri=\"sip:5@pbx.test\"/>"));
    let mut phone = Phone::start(&server, main_with(&["1"]), Some("{}".to_owned()));
    phone.wait_shows(&["main: 5 1"]);
}

fn to(always: Option<&str>, busy: Option<&str>) -> Forwarding {
    Forwarding {
        always: always.map(str::to_owned),
        busy: busy.map(str::to_owned),
        ..Forwarding::default()
    }
}

/// What the server's portal says from now on.
fn portal(server: &Shared, forwarding: &Forwarding) {
    let mut server = open(server);
    let mut document = match server.diversion.as_str() {
        "" => Diversion::new("pbx.test"),
        text => Diversion::read(text.as_bytes(), "pbx.test").unwrap(),
    };
    document.write(forwarding);
    server.diversion = document.text();
    server.version += 1;
}

fn at_server(server: &Shared) -> Forwarding {
    let text = open(server).diversion.clone();
    let document = Diversion::read(text.as_bytes(), "pbx.test");
    document.map_or_else(|_| Forwarding::default(), |document| document.forwarding())
}

#[test]
fn m_134_what_is_said_here_goes_there_and_what_changes_there_holds_here() {
    let server = server(Play::Well, "");
    let mut phone = Phone::start(&server, main_with(&["1"]), None);
    phone.forwards(&to(Some("600"), None));
    wait_until(|| at_server(&server) == to(Some("600"), None));
    phone.keep();
    portal(&server, &to(None, Some("700")));
    phone.wait_forwards(&to(None, Some("700")));
    phone.forwards(&Forwarding::default());
    wait_until(|| at_server(&server).is_off());
    phone.keep();
    let puts = open(&server).puts;
    let gets = open(&server).gets;
    wait_until(|| open(&server).gets > gets + 5);
    assert_eq!(open(&server).puts, puts, "nothing changed: nothing is put");
}

/// While the server is away both sides change something, and the phone is started anew: rule by rule the phone's own
/// change holds, everything else is the server's.
#[test]
fn m_134_after_a_time_apart_the_phones_own_changes_hold() {
    let server = server(Play::Well, "");
    let mut phone = Phone::start(&server, main_with(&["1"]), None);
    phone.forwards(&to(Some("600"), Some("601")));
    wait_until(|| at_server(&server) == to(Some("600"), Some("601")));
    wait_until(|| {
        phone.keep();
        let kept = phone.ledger.clone().unwrap_or_default();
        kept.contains("\"always\":\"600\"")
    });
    open(&server).play = Play::Away;
    phone.wait_failure();
    phone.forwards(&to(None, Some("601")));
    portal(&server, &to(Some("610"), Some("611")));
    phone.keep();
    let (profiles, ledger) = (phone.profiles.clone(), phone.ledger.clone());
    drop(phone);
    open(&server).play = Play::Well;
    let mut phone = Phone::start(&server, profiles, ledger);
    phone.forwards(&to(None, Some("601")));
    phone.wait_forwards(&to(None, Some("611")));
    wait_until(|| at_server(&server) == to(None, Some("611")));
}

#[test]
fn m_134_who_never_agreed_takes_the_servers_word() {
    let server = server(Play::Well, "");
    portal(&server, &to(Some("600"), None));
    let mut phone = Phone::start(&server, main_with(&["1"]), None);
    phone.forwards(&to(None, Some("1")));
    phone.wait_forwards(&to(Some("600"), None));
}
