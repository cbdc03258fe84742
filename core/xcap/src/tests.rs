//! Threads against a server and a store of this file.

mod diversion;
mod profiles;
mod rights;

use super::*;
use control::contacts::Profile;
use control::{Code, Favourite};
use policy::watch::{Elsewhere, Site};
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
    /// It keeps one document, and nothing of the other.
    Refuses(Place),
    /// Somebody else's document comes between fetching and putting, so often.
    Beside(u32, &'static str),
}

/// A server of documents with entity tags.
struct Server {
    play: Play,
    document: String,
    /// Where calls are sent.
    diversion: String,
    /// Who may see how the person is.
    rights: String,
    /// The groups of the site.
    groups: String,
    version: u32,
    puts: u32,
    gets: u32,
}

type Shared = Arc<Mutex<Server>>;

struct Way(Shared);

impl Way {
    fn play(&self, place: Place) -> Result<Option<Answer>, ErrorObject> {
        let server = self.0.lock().unwrap();
        match &server.play {
            Play::Refuses(refused) if *refused == place => Ok(Some(Answer {
                status: 403,
                tag: None,
                body: Vec::new(),
            })),
            Play::Away => Err(ErrorObject::new(Code::XCAP_FAILED, "it cannot be reached")),
            Play::Says(status, body) => Ok(Some(Answer {
                status: *status,
                tag: None,
                body: body.clone(),
            })),
            Play::Well | Play::Beside(..) | Play::Refuses(_) => Ok(None),
        }
    }
}

impl Server {
    fn at(&mut self, place: Place) -> &mut String {
        match place {
            Place::Profiles => &mut self.document,
            Place::Diversion => &mut self.diversion,
            Place::Rights => &mut self.rights,
            Place::Groups => &mut self.groups,
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
        let played = self.play(place)?;
        let mut server = self.0.lock().unwrap();
        server.gets += 1;
        Ok(played.unwrap_or_else(|| {
            let is_there = !server.at(place).is_empty();
            answer(if is_there { 200 } else { 404 }, &mut server, place)
        }))
    }

    fn put(&mut self, place: Place, of: &Version, body: &str) -> Result<Answer, ErrorObject> {
        if let Some(played) = self.play(place)? {
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
    /// What the person says of who may watch.
    watching: Watching,
    /// Nothing that is told of groups is heard.
    is_deaf: bool,
    /// The last words on rights and forwarding that it adopted.
    adopted: (u64, u64),
    /// It knows what was said before.
    remembered: bool,
    /// Something was said of who may watch.
    has_said: bool,
}

impl Phone {
    fn start(server: &Shared, profiles: Vec<Profile>, ledger: Option<String>) -> Self {
        Self::with(server, profiles, ledger, Source::PATIENCE)
    }

    fn with(
        server: &Shared,
        profiles: Vec<Profile>,
        ledger: Option<String>,
        patience: Duration,
    ) -> Self {
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
            own: "sip:101@pbx.test".into(),
            forwarding: true,
            rights: true,
            groups: true,
            refresh: SOON,
            patience,
            open: Box::new(move || Ok(Box::new(Way(Arc::clone(&server))))),
        };
        let places = Places::start(vec![source], &tell).unwrap();
        let phone = Self {
            places,
            told,
            profiles,
            ledger,
            forwarding: Forwarding::default(),
            watching: Watching {
                site: Site::Unknown,
                elsewhere: Elsewhere::Somehow,
                ..Watching::default()
            },
            is_deaf: false,
            adopted: (0, 0),
            remembered: true,
            has_said: false,
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
                Told::Forward {
                    number,
                    before,
                    after,
                    ..
                } => {
                    if *before == self.forwarding {
                        self.adopted.1 = number;
                        self.forwards(&after);
                    }
                }
                Told::Rights {
                    number,
                    before,
                    after,
                    ..
                } => {
                    if before == self.watching.person {
                        self.adopted.0 = number;
                        self.watching.person = after;
                        self.watches();
                    }
                }
                Told::Enforced { rules, .. } => {
                    self.watching.elsewhere = rules.map_or(Elsewhere::Somehow, Elsewhere::By);
                    self.watches_again();
                }
                Told::Groups { groups, .. } if self.is_deaf => drop(groups),
                Told::Groups { groups, .. } => {
                    self.watching.site = Site::Known(groups);
                    self.watches_again();
                }
                Told::Trouble { error, .. } => failures.extend(error.map(|error| *error)),
            }
        }
        failures
    }

    /// Calls are sent there from now on.
    fn forwards(&mut self, to: &Forwarding) {
        self.forwarding = to.clone();
        let mark = self.mark(self.adopted.1);
        self.places.forwards(&whose(), to, mark);
    }

    /// One of which nothing was said yet says nothing.
    fn watches_again(&self) {
        if self.has_said {
            self.watches();
        }
    }

    fn watches(&self) {
        let mark = self.mark(self.adopted.0);
        self.places.watching(&whose(), &self.watching, mark);
    }

    fn mark(&self, adopted: u64) -> Mark {
        Mark {
            adopted,
            remembered: self.remembered,
        }
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

fn whose() -> Whose {
    Whose {
        account: "main".into(),
        owner: OWNER.into(),
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
        rights: String::new(),
        groups: String::new(),
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
