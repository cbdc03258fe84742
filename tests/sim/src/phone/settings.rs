//! What a simulated phone is made from.

use base::{Duration, Redacted};
use engine::voice::reload::Reloads;
use engine::voice::{Filters, Keys};
use part_dialogs::answering::{Answering, Person, Plan};
use part_media::Held;
use plugin_host::AudioRequest;
use ports::blf::Watches;
use ports::media::Sound;
use ports::{Account, KeepAliveRule};
use sdp::Preference;
use sip::Transport;
use sip::dialogs::Config;
use sip_message::{Request, Uri};
use std::path::PathBuf;
use std::rc::Rc;

/// What happens to calls that come in.
pub type Rule = Rc<dyn Fn() -> Box<dyn Answering>>;

/// One phone. Start from [`Settings::new`] and change what matters.
#[derive(Clone)]
pub struct Settings {
    /// Account name, user part and lane of the ladder.
    pub name: String,
    /// Domain of its address of record.
    pub domain: String,
    /// Digest secret.
    pub password: String,
    /// Registers, and asks for this lifetime; zero: it does not register.
    pub expires: Duration,
    /// Next hop by configuration.
    pub outbound_proxy: Option<Uri>,
    /// Name to log in with; empty: the same as `name`.
    pub auth_user: String,
    /// Server that stands by.
    pub standby: Option<ports::account::Standby>,
    /// Takes calls over UDP from anywhere.
    pub takes_unknown: bool,
    /// Text messages go out and are taken.
    pub allow_message: bool,
    /// How its person is, is published.
    pub publish_presence: bool,
    /// The conference of its server.
    pub conference: String,
    /// Others may watch how its person is, by the rights of `policy`.
    pub watched: bool,
    /// Extensions and mailbox that it watches.
    pub watches: Watches,
    /// How to travel where no URI says so.
    pub transport: Transport,
    /// How the flow to the registrar is kept open.
    pub keep_alive: KeepAliveRule,
    /// Codecs by name, in order of preference.
    pub codecs: Vec<String>,
    /// Offers and takes telephone-event.
    pub telephone_event: bool,
    /// How keys are sent and heard.
    pub keys: Keys,
    /// The person's device; `None`: a tape, which a test speaks into and listens to.
    pub device: Option<(String, AudioRequest)>,
    /// It rings on a tape of its own and not where calls are heard.
    pub rings_apart: bool,
    /// What the person's sound passes.
    pub filters: Filters,
    /// Where a dialled call's sound comes from and goes to.
    pub sound: Sound,
    /// One call at a time has the microphone.
    pub one_active: bool,
    /// What a call that is held is sent.
    pub held: Held,
    /// Tones that tell how calls stand; silent at first.
    pub tones: part_media::Tones,
    /// What happens to calls that come in.
    pub answering: Rule,
    /// Bounds and rules of sessions.
    pub sessions: Config,
    /// Plugin that writes recordings.
    pub recorder: String,
    /// Folder of recordings; `None`: every recording fails.
    pub recordings: Option<String>,
    /// Whose order of codecs decides.
    pub preference: Preference,
    /// Plugins from library files, besides those linked in.
    pub libraries: Vec<PathBuf>,
    /// Whether and how plugins may be replaced.
    pub reloads: Option<Reloads>,
    /// Whether it goes where others send it.
    pub transfers: part_transfer::Settings,
    /// Rules about what is dialled and what comes in.
    pub policy: policy::Policy,
}

impl Settings {
    /// A person's phone with a tape for microphone and loudspeaker, that does not register.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            domain: "pbx.test".to_owned(),
            password: String::new(),
            expires: Duration::ZERO,
            outbound_proxy: None,
            auth_user: String::new(),
            standby: None,
            takes_unknown: true,
            allow_message: false,
            publish_presence: false,
            conference: String::new(),
            watched: false,
            watches: Watches::default(),
            transport: Transport::Udp,
            keep_alive: KeepAliveRule::None,
            codecs: vec!["PCMU".to_owned(), "PCMA".to_owned()],
            telephone_event: true,
            keys: Keys::default(),
            device: None,
            rings_apart: false,
            filters: Filters::default(),
            sound: Sound::Person,
            one_active: true,
            held: Held::Nothing,
            tones: part_media::Tones::default(),
            answering: Rc::new(|| Box::new(Person)),
            sessions: Config::default(),
            recorder: "recorder-wav".to_owned(),
            recordings: None,
            preference: Preference::default(),
            libraries: Vec::new(),
            reloads: None,
            transfers: part_transfer::Settings::default(),
            policy: policy::Policy::default(),
        }
    }

    /// Registers at its domain.
    #[must_use]
    pub fn registered(mut self, password: &str, expires: Duration) -> Self {
        password.clone_into(&mut self.password);
        self.expires = expires;
        self
    }

    /// Picks up by itself after `wait`.
    #[must_use]
    pub fn answers_after(mut self, wait: Duration, sound: Sound) -> Self {
        self.answering = Rc::new(move || {
            Box::new(After {
                wait,
                sound: sound.clone(),
            })
        });
        self
    }

    /// Whether it tells anybody how its person is.
    pub(crate) const fn has_presence(&self) -> bool {
        self.publish_presence || self.watched
    }

    pub(crate) fn account(&self) -> Account {
        let aor = format!("sip:{}@{}", self.name, self.domain);
        Account {
            name: self.name.clone(),
            aor: aor.parse().expect("name and domain of a test make a URI"),
            display_name: String::new(),
            auth_user: match self.auth_user.is_empty() {
                true => self.name.clone(),
                false => self.auth_user.clone(),
            },
            password: Redacted::new(self.password.clone()),
            registrar: None,
            standby: self.standby.clone(),
            outbound_proxy: self.outbound_proxy.clone(),
            transport: self.transport,
            expires: self.expires,
            keep_alive: self.keep_alive,
            takes_unknown: self.takes_unknown,
            allow_message: self.allow_message,
            tls: std::sync::Arc::default(),
            publish_presence: self.publish_presence,
            conference: self.conference.clone(),
            presence: ports::presence::Own::default(),
            is_default: false,
            watches: self.watches.clone(),
            policy: std::sync::Arc::new(self.policy.clone()),
        }
    }
}

struct After {
    wait: Duration,
    sound: Sound,
}

impl Answering for After {
    fn refuse(&mut self, _request: &Request) -> Option<part_dialogs::answering::Refusal> {
        None
    }

    fn plan(&mut self, _request: &Request) -> Plan {
        Plan::accept_after(self.wait, self.sound.clone())
    }
}
