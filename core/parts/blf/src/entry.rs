//! One lamp, mailbox or conference.

use base::Instant;
use control::{CallHandle, LampSnapshot, MailboxSnapshot};
use ports::Account;
use ports::blf::LampWish;
use sip::lamp::conference_info::{Missing, Roster, User};
use sip::lamp::list::List;
use sip::lamp::message_summary::{self, Summary};
use sip::lamp::{Lamp, Unknown};
use sip::subscription::{Cause, News, Package, RELATED};
use sip::subscriptions::SubscriptionId;
use sip_message::Uri;
use std::collections::BTreeSet;

/// A lamp or mailbox, in the order in which they were set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EntryId(pub(crate) u64);

/// One lamp or mailbox.
pub(crate) struct Entry {
    pub(crate) account: String,
    pub(crate) kind: Kind,
    pub(crate) by: By,
    pub(crate) subscription: Option<SubscriptionId>,
    pub(crate) package: Package,
    pub(crate) polled: bool,
    /// The table of subscriptions is full.
    pub(crate) no_room: bool,
    pub(crate) feed: Feed,
}

/// Who tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Feed {
    /// A subscription of its own.
    Own,
    /// The account's list may: the server did not say yet.
    Awaited,
    /// The account's list.
    Listed,
}

/// Who wishes for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// The account's settings.
    Settings,
    /// A command.
    Command,
    /// Quick dial, another contact, or a favourite of the profile in use.
    Kept,
    /// Nobody here: the account's list has it.
    List,
}

/// What it is.
pub(crate) enum Kind {
    Lamp(Box<Watched>),
    Mailbox(Box<Mailbox>),
    Conference(Box<Joined>),
    List(Box<Listing>),
}

/// The account's list at its server.
pub(crate) struct Listing {
    pub(crate) uri: Uri,
    pub(crate) list: List,
    pub(crate) offer: Offer,
    /// Who is in it, as `lists::key` names them; `None`: not known.
    pub(crate) members: Option<BTreeSet<String>>,
    /// Members that somebody here wants to see no longer.
    pub(crate) unwanted: BTreeSet<String>,
}

/// Whether the server offers a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offer {
    /// It did not answer yet.
    NotYet,
    Yes,
    /// It may some day: until then each is asked for by itself.
    NotNow,
    No,
}

/// A conference that a call is with.
pub(crate) struct Joined {
    pub(crate) call: CallHandle,
    pub(crate) uri: Uri,
    roster: Roster,
    /// Who was told to be in it last.
    pub(crate) told: Option<Vec<User>>,
}

/// An extension or a park slot.
pub(crate) struct Watched {
    pub(crate) wish: LampWish,
    pub(crate) target: Option<Uri>,
    pub(crate) lamp: Lamp,
    /// What was told of it last.
    pub(crate) told: Option<LampSnapshot>,
}

/// What waits in an account's mailbox.
pub(crate) struct Mailbox {
    pub(crate) known: Result<Summary, Unknown>,
    pub(crate) since: Instant,
    /// What was told of it last.
    pub(crate) told: Option<MailboxSnapshot>,
}

impl Kind {
    pub(crate) fn lamp(wish: LampWish, now: Instant) -> Self {
        Self::Lamp(Box::new(Watched {
            lamp: Lamp::new(wish.slot, Package::Dialog, now),
            wish,
            target: None,
            told: None,
        }))
    }

    pub(crate) fn mailbox(now: Instant) -> Self {
        Self::Mailbox(Box::new(Mailbox {
            known: Err(Unknown::NotYet),
            since: now,
            told: None,
        }))
    }

    pub(crate) fn conference(call: CallHandle, uri: Uri) -> Self {
        Self::Conference(Box::new(Joined {
            call,
            uri,
            roster: Roster::default(),
            told: None,
        }))
    }

    pub(crate) fn list(uri: Uri) -> Self {
        Self::List(Box::new(Listing {
            uri,
            list: List::default(),
            offer: Offer::NotYet,
            members: None,
            unwanted: BTreeSet::new(),
        }))
    }

    /// Makes an address of what was wished for; `false`: it is none.
    pub(crate) fn aim(&mut self, account: &Account) -> bool {
        match self {
            Self::Lamp(watched) => {
                watched.target = account.address(&watched.wish.target);
                watched.target.is_some()
            }
            Self::Mailbox(_) | Self::Conference(_) | Self::List(_) => true,
        }
    }

    /// Whether both are for the same extension or mailbox.
    pub(crate) fn is_for(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Lamp(one), Self::Lamp(two)) => one.target == two.target,
            (Self::Mailbox(_), Self::Mailbox(_)) => true,
            (Self::Conference(one), Self::Conference(two)) => one.call == two.call,
            (Self::List(_), Self::List(_)) => true,
            (Self::Lamp(_) | Self::Mailbox(_) | Self::Conference(_) | Self::List(_), _) => false,
        }
    }
}

impl Entry {
    pub(crate) fn new(account: String, kind: Kind, by: By) -> Self {
        Self {
            account,
            kind,
            by,
            subscription: None,
            package: Package::Dialog,
            polled: false,
            no_room: false,
            feed: Feed::Own,
        }
    }

    /// There is one package alone that tells of it.
    pub(crate) fn has_one_package(&self) -> bool {
        match self.kind {
            Kind::Mailbox(_) | Kind::Conference(_) | Kind::List(_) => true,
            Kind::Lamp(_) => false,
        }
    }

    /// Who is watched; of a mailbox the account itself.
    pub(crate) fn target(&self) -> Option<&Uri> {
        match &self.kind {
            Kind::Lamp(watched) => watched.target.as_ref(),
            Kind::Conference(joined) => Some(&joined.uri),
            Kind::List(listing) => Some(&listing.uri),
            Kind::Mailbox(_) => None,
        }
    }

    /// What is asked first, where `package` is asked of extensions.
    pub(crate) fn first_package(&self, package: Package) -> Package {
        match self.kind {
            Kind::Lamp(_) | Kind::List(_) => package,
            Kind::Mailbox(_) => Package::MessageSummary,
            Kind::Conference(_) => Package::Conference,
        }
    }

    /// It is fed by this subscription from now on.
    pub(crate) fn start(&mut self, subscription: SubscriptionId, package: Package, now: Instant) {
        self.subscription = Some(subscription);
        self.package = package;
        self.polled = false;
        self.no_room = false;
        self.feed = Feed::Own;
        if let Kind::Lamp(watched) = &mut self.kind {
            watched.lamp = Lamp::new(watched.wish.slot, package, now);
        }
    }

    /// Takes what its subscription tells; whether the full state has to be asked for.
    pub(crate) fn take(&mut self, news: &News, now: Instant) -> bool {
        if let News::Polled(polled) = news {
            self.polled = *polled;
        }
        match &mut self.kind {
            Kind::Lamp(watched) => watched.lamp.take(news, now).ask,
            Kind::Mailbox(mailbox) => {
                mailbox.take(news, now);
                false
            }
            Kind::Conference(joined) => joined.take(news),
            // What a list says is about others: `lists` takes it.
            Kind::List(_) => false,
        }
    }

    /// What was said of it counts no more.
    pub(crate) fn doubt(&mut self, why: Unknown, now: Instant) {
        if let Kind::Lamp(watched) = &mut self.kind {
            watched.lamp.doubt(why, now);
        }
    }

    /// It is there, and nothing was said of how it stands.
    pub(crate) fn found(&mut self, now: Instant) {
        if let Kind::Lamp(watched) = &mut self.kind
            && watched.lamp.is_lost()
        {
            watched.lamp.doubt(Unknown::NotYet, now);
        }
    }

    /// The account's list tells of it from now on, or is to be asked first; whose subscription is not needed any more.
    pub(crate) fn listen(
        &mut self,
        feed: Feed,
        package: Package,
        now: Instant,
    ) -> Option<SubscriptionId> {
        self.feed = feed;
        self.package = package;
        self.polled = false;
        self.no_room = false;
        if let Kind::Lamp(watched) = &mut self.kind {
            watched.lamp = Lamp::new(watched.wish.slot, package, now);
        }
        self.subscription.take()
    }

    /// Whether another package is to be tried, because the server does not know this one.
    pub(crate) fn fallback(&self, news: &News) -> bool {
        let unsupported = matches!(news, News::Lost { cause, .. } if cause.is_unsupported());
        unsupported && self.package == Package::Dialog && !self.has_one_package()
    }
}

impl Entry {
    /// Somebody here wishes for it now, as `kind` says.
    pub(crate) fn wished(&mut self, kind: Kind, by: By) {
        self.by = by;
        if let (Kind::Lamp(watched), Kind::Lamp(wished)) = (&mut self.kind, kind) {
            let LampWish {
                target,
                label,
                slot,
            } = wished.wish;
            watched.wish.target = target;
            watched.wish.slot = slot;
            if !label.is_empty() {
                watched.wish.label = label;
            }
        }
    }
}

impl Joined {
    /// Whether the full state has to be asked for.
    fn take(&mut self, news: &News) -> bool {
        match news {
            News::Document {
                content_type,
                body,
                gap,
                ..
            } if content_type == Package::Conference.accept() && !body.is_empty() => {
                match self.roster.take(body, *gap) {
                    Ok(Ok(())) => false,
                    Ok(Err(Missing)) => true,
                    Err(bad) => {
                        tracing::warn!(call = %self.call, %bad, "who is in a conference cannot be read");
                        self.roster.forget();
                        false
                    }
                }
            }
            News::Document { .. } | News::List { .. } | News::Polled(_) => false,
            News::Pending | News::ForkGone { .. } | News::Lost { .. } | News::Over => {
                self.roster.forget();
                false
            }
        }
    }

    /// Who is in it; `None`: not known.
    pub(crate) fn users(&self) -> Option<Vec<User>> {
        self.roster.list().map(|all| all.cloned().collect())
    }
}

impl Mailbox {
    fn take(&mut self, news: &News, now: Instant) {
        let known = match news {
            News::Document { body, .. } if body.is_empty() => return,
            News::Document {
                content_type, body, ..
            } if content_type == Package::MessageSummary.accept() => {
                message_summary::read(body).map_err(Unknown::Unreadable)
            }
            News::Document { content_type, .. } => {
                Err(Unknown::WrongType(content_type.chars().take(64).collect()))
            }
            News::List { .. } => Err(Unknown::WrongType(RELATED.to_owned())),
            News::Pending => Err(Unknown::Pending),
            News::Lost { cause, .. } => Err(Unknown::Lost(cause.clone())),
            News::Over => Err(Unknown::Lost(Cause::Gone)),
            News::ForkGone { .. } | News::Polled(_) => return,
        };
        if known != self.known {
            self.known = known;
            self.since = now;
        }
    }
}
