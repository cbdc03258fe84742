//! The servers that keep what people have on each of their phones, beside the store: what they have goes to the store
//! and to who listens, what the store has goes to them (M-100, M-112, M-134).

use crate::error::Error;
use crate::run::Core;
use control::contacts::{FavouritesChanged, XcapChange};
use control::{AccountHandle, EventBody};
use ports::events;
use ports::store::{Do, Standing};
use std::rc::Rc;
use std::sync::Arc;
use store::Store;
use tokio::sync::mpsc::{self, Receiver, Sender};
use xcap::{Places, Source, Told};

/// What nobody has heard yet. At the limit it is dropped: servers are asked again.
const NEWS: usize = 256;

/// What is told of servers.
#[derive(Debug)]
pub(crate) enum News {
    /// Profiles that came from a server stand here now.
    Profiles(Box<Standing>),
    /// As the servers' threads say it.
    Told(Told),
}

/// The threads, and what they have to say.
#[derive(Debug)]
pub(crate) struct Beside {
    places: Places,
    news: Sender<News>,
}

/// Starts them. What they tell comes out of the receiver.
pub(crate) fn connect(
    sources: Vec<Source>,
    store: &Store,
) -> Result<(Beside, Receiver<News>), Error> {
    let (news, hear) = mpsc::channel(NEWS);
    let told = news.clone();
    let tell: xcap::Tell = Arc::new(move |word| {
        let _ = told.try_send(News::Told(word));
    });
    let places = Places::start(sources, &tell).map_err(Error::Store)?;
    for owner in places.owners() {
        let owner = owner.to_owned();
        // Only names are refused.
        let _ = store.order(Do::Follow { owner });
    }
    Ok((Beside { places, news }, hear))
}

impl Beside {
    /// An account is registered now.
    pub(crate) fn registered(&self, account: &str) {
        self.places.registered(account);
    }

    /// What the store is told and servers want to know too.
    pub(crate) fn hear(&self, order: &Do) {
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "the store carries out the others"
        )]
        match order {
            Do::Forwards {
                of,
                forwarding,
                mark,
            } => self.places.forwards(of, forwarding, *mark),
            Do::Watching { of, watching, mark } => self.places.watching(of, watching, *mark),
            Do::Gone { of } => self.places.gone(of),
            _ => {}
        }
    }

    /// These profiles stand here now.
    pub(crate) fn stands(&self, standing: Standing) {
        self.places.stands(&standing);
        if standing.is_news {
            // Who falls behind sees them when they ask.
            let _ = self.news.try_send(News::Profiles(Box::new(standing)));
        }
    }
}

/// Carries out what servers tell, as long as the engine runs.
pub(crate) fn hear(core: &Rc<Core>) {
    let mut store = core.store.borrow_mut();
    let Some(mut news) = store.as_mut().and_then(|kept| kept.news.take()) else {
        return;
    };
    let tasks = Rc::clone(&core.tasks);
    let core = Rc::downgrade(core);
    tasks.spawn(async move {
        while let (Some(news), Some(core)) = (news.recv().await, core.upgrade()) {
            match news {
                News::Profiles(standing) => core.profiles_came(*standing),
                News::Told(told) => core.place_told(told),
            }
        }
    });
}

impl Core {
    /// Who listens hears of the profiles that commands are about.
    fn profiles_came(&self, standing: Standing) {
        let own = self.commands.borrow().reader().own;
        if standing.owner == own {
            let profiles = standing.profiles;
            let mut body = EventBody::FavouritesChanged(Box::new(FavouritesChanged { profiles }));
            let commands = self.commands.borrow();
            commands.show_in_event(&mut body, &self.hub.borrow());
            drop(commands);
            self.tell_of_place(None, body);
        }
    }

    fn place_told(&self, told: Told) {
        match told {
            Told::Share(shared) => {
                if let Some(kept) = self.store.borrow().as_ref() {
                    // As above.
                    let _ = kept.store.order(Do::Share(shared));
                }
            }
            Told::Forward {
                of,
                number,
                before,
                after,
            } => {
                let mut commands = self.commands.borrow_mut();
                commands.forward_came(&of, number, (&before, &after));
            }
            Told::Rights {
                of,
                number,
                before,
                after,
            } => {
                let mut commands = self.commands.borrow_mut();
                commands.rights_came(&of, number, (&before, after));
            }
            Told::Enforced { of, rules } => {
                self.commands.borrow_mut().rules_taken(&of, rules);
            }
            Told::Groups { of, groups } => {
                self.commands.borrow_mut().groups_came(&of, groups);
            }
            // Whoever has the name now has nothing to do with that server.
            Told::Trouble { of, .. } if !self.commands.borrow().is_here(&of) => {}
            Told::Trouble { of, server, error } => {
                let error = error.map(|error| *error);
                let is_over = error.is_none();
                let change = Box::new(XcapChange { server, error });
                let body = match is_over {
                    true => EventBody::XcapMended(change),
                    false => EventBody::XcapFailed(change),
                };
                self.tell_of_place(of.account.parse().ok(), body);
            }
        }
    }

    fn tell_of_place(&self, account: Option<AccountHandle>, body: EventBody) {
        let now = self.clock.now();
        let told = events::Word::Tell {
            at: now,
            account,
            call: None,
            command: None,
            body,
        };
        self.hub.borrow_mut().take(told, now);
    }
}
