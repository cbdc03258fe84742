//! One lamp or mailbox.

use base::Instant;
use control::{LampSnapshot, MailboxSnapshot};
use ports::Account;
use ports::blf::LampWish;
use sip::lamp::message_summary::{self, Summary};
use sip::lamp::{Lamp, Unknown};
use sip::subscription::{Cause, News, Package};
use sip::subscriptions::SubscriptionId;
use sip_message::Uri;

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
}

/// Who wishes for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// The account's settings.
    Settings,
    /// A command.
    Command,
    /// Quick dial, or a favourite of the profile in use.
    Kept,
}

/// What it is.
pub(crate) enum Kind {
    Lamp(Box<Watched>),
    Mailbox(Box<Mailbox>),
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

    /// Makes an address of what was wished for; `false`: it is none.
    pub(crate) fn aim(&mut self, account: &Account) -> bool {
        match self {
            Self::Lamp(watched) => {
                watched.target = account.address(&watched.wish.target);
                watched.target.is_some()
            }
            Self::Mailbox(_) => true,
        }
    }

    /// Whether both are for the same extension or mailbox.
    pub(crate) fn is_for(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Lamp(one), Self::Lamp(two)) => one.target == two.target,
            (Self::Mailbox(_), Self::Mailbox(_)) => true,
            (Self::Lamp(_), Self::Mailbox(_)) | (Self::Mailbox(_), Self::Lamp(_)) => false,
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
        }
    }

    pub(crate) fn is_mailbox(&self) -> bool {
        matches!(self.kind, Kind::Mailbox(_))
    }

    /// Who is watched; of a mailbox the account itself.
    pub(crate) fn target(&self) -> Option<&Uri> {
        match &self.kind {
            Kind::Lamp(watched) => watched.target.as_ref(),
            Kind::Mailbox(_) => None,
        }
    }

    /// What is asked first, where `package` is asked of extensions.
    pub(crate) fn first_package(&self, package: Package) -> Package {
        match self.kind {
            Kind::Lamp(_) => package,
            Kind::Mailbox(_) => Package::MessageSummary,
        }
    }

    /// It is fed by this subscription from now on.
    pub(crate) fn start(&mut self, subscription: SubscriptionId, package: Package, now: Instant) {
        self.subscription = Some(subscription);
        self.package = package;
        self.polled = false;
        self.no_room = false;
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
        }
    }

    /// Whether another package is to be tried, because the server does not know this one.
    pub(crate) fn fallback(&self, news: &News) -> bool {
        let unsupported = matches!(news, News::Lost { cause, .. } if cause.is_unsupported());
        unsupported && self.package == Package::Dialog && !self.is_mailbox()
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
