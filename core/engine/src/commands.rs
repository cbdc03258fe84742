//! From a command to the word of the part that carries it out. A function, not an actor.

mod accounts;
mod calls;
mod checks;
mod coded;
mod conferences;
mod kept;
mod lamps;
mod messages;
mod pick;
mod plugins;
mod presence;
mod receiving;
mod recordings;
mod repeats;
mod rules;
mod said;
mod shows;
mod transfers;
mod watchers;

use crate::hub::Hub;
use crate::plugins::Plugins;
use accounts::account;
use base::{Duration, Instant};
use checks::{known, no_account, refuse_ours};
use control::command::{Command, Dial, Quiet, Reply};
use control::plugin::PluginReload;
use control::snapshot::{CallDirection, CallSnapshot, Party};
use control::{Code, CommandId, ErrorObject, IdempotencyKey};
pub(crate) use kept::is_kept;
pub(crate) use plugins::is_slow;
use policy::DialAction;
use ports::book::Book;
use ports::{Account, Handles, Post, blf, dialogs, history, link, media, registrar};
use repeats::Repeats;
pub(crate) use shows::SharedWishes;
use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

/// What a command leads to that takes its time.
pub type Later = Pin<Box<dyn Future<Output = Outcome>>>;

/// Carries out `plugin.reload`.
pub type Reload = Box<dyn Fn(&PluginReload) -> Later>;

/// Lifetime of a binding that a command leaves open. Unit: s.
const EXPIRES_S: u32 = 600;

/// Accounts of one engine. Source: ours; a phone has a few, a bench some dozens.
const ACCOUNTS: usize = 256;

/// What a command led to.
pub type Outcome = Result<Reply, ErrorObject>;

/// Hands a word to its receiver, or gives it back.
pub type Carry = Box<dyn Fn(Post) -> Result<(), Post>>;

/// Numbers commands and hands them to their parts.
pub struct Commands {
    carry: Carry,
    handles: Handles,
    last: u64,
    accounts: Vec<Account>,
    done: Repeats,
    words: said::Words,
    coded: coded::Coded,
    /// What is told of plugins.
    pub plugins: Rc<RefCell<Plugins>>,
    /// Everybody who is kept, for rules.
    pub book: Rc<RefCell<Arc<Book>>>,
    /// Whom contacts and favourites have watched.
    pub(crate) wishes: SharedWishes,
    /// Carries out `plugin.reload`, where plugins may be replaced.
    pub reload: Option<Reload>,
    /// Set by `shutdown`.
    pub stopping: bool,
    /// Why, as `shutdown` said.
    pub reason: Option<String>,
}

impl Commands {
    /// No command yet. `handles` is shared with the parts that start calls.
    pub fn new(carry: Carry, handles: Handles) -> Self {
        Self {
            carry,
            handles,
            last: 0,
            accounts: Vec::new(),
            done: Repeats::default(),
            words: said::Words::default(),
            coded: coded::Coded::default(),
            plugins: Rc::default(),
            book: Rc::default(),
            wishes: SharedWishes::default(),
            reload: None,
            stopping: false,
            reason: None,
        }
    }

    /// Carries out a command once, however often it comes under the same key.
    pub fn take(
        &mut self,
        command: Command,
        key: Option<IdempotencyKey>,
        hub: &Hub,
        now: Instant,
    ) -> (CommandId, Outcome) {
        if let Some(key) = &key
            && let Some(done) = self.done.find(key, &command)
        {
            return done;
        }
        self.last += 1;
        let id = CommandId(self.last);
        let asked = key.is_some().then(|| repeats::hash(&command));
        let outcome = self.carry_out(command, id, hub, now);
        let busy = matches!(&outcome, Err(why) if why.code == Code::ENGINE_BUSY);
        // What was not taken may be asked again under the same key.
        if let (Some(key), Some(asked)) = (key.filter(|_| !busy), asked) {
            self.done.keep(key, asked, (id, outcome.clone()));
        }
        (id, outcome)
    }

    #[allow(clippy::too_many_lines)] // One line for each command.
    fn carry_out(
        &mut self,
        asked: Command,
        command: CommandId,
        hub: &Hub,
        now: Instant,
    ) -> Outcome {
        self.unless_stopping()?;
        match asked {
            Command::Dial(dial) => self.dial(dial, command, hub, now),
            Command::Quiet(Quiet { on }) => self.post(media::News::Quiet { command, on }),
            Command::Accept(_)
            | Command::Decline(_)
            | Command::Silence(_)
            | Command::Redirect(_)
            | Command::HangUp(_)
            | Command::HangUpAll(_)
            | Command::SendDtmf(_)
            | Command::Mute(_)
            | Command::Hold(_)
            | Command::Resume(_)
            | Command::Swap(_) => self.on_call(asked, command, hub),
            Command::Merge(merge) => self.post(conferences::merge(merge, command, hub)?),
            Command::Split(on) => self.post(conferences::split(on, command, hub)?),
            Command::EndConference(end) => self.post(conferences::end(end, command, hub)?),
            Command::RemoveParticipant(remove) => {
                self.post(conferences::remove(remove, command, hub)?)
            }
            Command::Transfer(_)
            | Command::TransferComplete(_)
            | Command::TransferCancel(_)
            | Command::TransferAllow(_)
            | Command::TransferRefuse(_) => self.on_transfer(asked, command, hub, now),
            Command::StartRecording(_)
            | Command::StopRecording(_)
            | Command::PauseRecording(_)
            | Command::ResumeRecording(_)
            | Command::NoteRecording(_) => self.post(recordings::word(asked, command, hub)?),
            Command::Register(_)
            | Command::Unregister(_)
            | Command::AddAccount(_)
            | Command::RemoveAccount(_)
            | Command::DoNotDisturb(_) => self.on_account(asked, hub),
            Command::Forward(asked) => self.forward(asked, command, hub, now),
            Command::ListCalls(_)
            | Command::ListAccounts(_)
            | Command::Status(_)
            | Command::PresenceList(_)
            | Command::Ladder(_)
            | Command::Events(_) => look(&asked, hub),
            Command::ListLamps(_)
            | Command::AddLamp(_)
            | Command::RemoveLamp(_)
            | Command::DialLamp(_)
            | Command::PickUpLamp(_)
            | Command::DialVoicemail(_) => self.on_lamp(asked, command, hub, now),
            Command::MessageSend(send) => self.send_message(send, command, hub, now),
            Command::PresenceSet(set) => self.set_presence(set, command, hub.time(now)),
            Command::PresenceIdle(idle) => self.idle(idle),
            Command::WatcherList(_) => Ok(self.watchers(hub)),
            Command::WatcherAllow(right) => self.allow_watcher(&right, hub),
            Command::WatcherForget(right) => self.forget_watcher(&right, hub),
            Command::RulesTest(test) => self.test_rules(&test, hub, now),
            Command::PluginList(_)
            | Command::PluginWhy(_)
            | Command::PluginEnable(_)
            | Command::PluginDisable(_) => self.on_plugin(&asked),
            Command::HistoryList(_)
            | Command::HistoryDelete(_)
            | Command::HistoryRedial(_)
            | Command::ContactList(_)
            | Command::ContactAdd(_)
            | Command::ContactChange(_)
            | Command::ContactRemove(_)
            | Command::ContactImport(_)
            | Command::ContactExport(_)
            | Command::MessageList(_)
            | Command::MessageRead(_)
            | Command::MessageDelete(_)
            | Command::ProfileList(_)
            | Command::ProfileAdd(_)
            | Command::ProfileUse(_)
            | Command::ProfileRemove(_)
            | Command::ProfileRename(_)
            | Command::FavouriteAdd(_)
            | Command::FavouriteRename(_)
            | Command::FavouriteMove(_)
            | Command::FavouriteRemove(_)
            | Command::FavouriteMail(_)
            | Command::PluginTop(_)
            | Command::PluginReload(_) => {
                let why = "it is answered later: Core::ask";
                Err(ErrorObject::new(Code::UNKNOWN_COMMAND, why))
            }
            Command::Shutdown(shutdown) => self.shut_down(shutdown.reason, command),
        }
    }

    fn unless_stopping(&self) -> Result<(), ErrorObject> {
        match self.stopping {
            true => Err(ErrorObject::new(
                Code::STOPPING,
                "no more commands are taken",
            )),
            false => Ok(()),
        }
    }

    fn shut_down(&mut self, reason: Option<String>, command: CommandId) -> Outcome {
        self.stopping = true;
        self.reason = reason;
        self.post(dialogs::Word::HangUpAll { command })?;
        // An engine without lamps has nobody to tell.
        let _ = self.post(blf::Word::Stop);
        let _ = self.post(ports::presence::Word::Stop);
        self.post(registrar::Word::Stop)
    }

    #[allow(clippy::wildcard_enum_match_arm)] // `carry_out` names every command.
    fn on_account(&mut self, asked: Command, hub: &Hub) -> Outcome {
        match asked {
            Command::Register(on) => self.post(registrar::Word::Register {
                account: known(&on.account, hub)?,
            }),
            Command::Unregister(on) => {
                let account = known(&on.account, hub)?;
                // What is published goes first; an engine may publish nothing.
                let _ = self.post(ports::presence::Word::Leave {
                    account: account.clone(),
                });
                self.post(registrar::Word::Unregister { account })
            }
            Command::AddAccount(add) => self.add_account(self.with_rules(account(*add)?)),
            Command::DoNotDisturb(asked) => self.do_not_disturb(&asked),
            Command::RemoveAccount(on) => {
                let account = known(&on.account, hub)?;
                self.accounts.retain(|known| known.name != account);
                self.no_longer_said(&account);
                self.post(link::Word::AccountGone {
                    account: account.clone(),
                })?;
                self.post(dialogs::Word::AccountGone {
                    account: account.clone(),
                })?;
                // An engine without lamps or history has nobody to tell.
                let _ = self.post(blf::Word::AccountGone {
                    account: account.clone(),
                });
                let _ = self.post(history::Word::AccountGone {
                    account: account.clone(),
                });
                let _ = self.post(ports::messages::Word::AccountGone {
                    account: account.clone(),
                });
                let _ = self.post(ports::presence::Word::AccountGone {
                    account: account.clone(),
                });
                self.post(registrar::Word::Remove { account })
            }
            _ => Ok(Reply::Taken),
        }
    }

    fn dial(&mut self, dial: Dial, command: CommandId, hub: &Hub, now: Instant) -> Outcome {
        refuse_ours(dial.headers.keys())?;
        self.place(dial, command, hub, now)
    }

    /// Dials with any header fields.
    fn place(&mut self, dial: Dial, command: CommandId, hub: &Hub, now: Instant) -> Outcome {
        let Dial {
            to,
            account,
            ring_for_s,
            headers,
            action,
        } = dial;
        let account = account.map(|a| a.as_str().to_owned());
        let from = match &account {
            Some(name) => hub.accounts().get(name),
            None => hub.accounts().values().find(|a| a.is_default),
        };
        let from = from.or(hub.accounts().values().next());
        let from = from.ok_or_else(no_account)?;
        if let Some(name) = &account
            && from.account.as_str() != name
        {
            let why = format!("no account is called '{name}'");
            return Err(ErrorObject::new(Code::UNKNOWN_ACCOUNT, why));
        }
        let call = self.handles.next();
        let us = Party {
            uri: from.aor.clone(),
            display: None,
        };
        let them = Party {
            uri: to.clone(),
            display: None,
        };
        let named = Some(from.account.clone());
        let snapshot = CallSnapshot::begun(
            call,
            named,
            CallDirection::Outgoing,
            (us, them),
            hub.time(now),
        );
        let account = Some(from.account.as_str().to_owned());
        self.post(dialogs::Word::Dial {
            command,
            call,
            account,
            to,
            ring_for: ring_for_s.map(|s| Duration::from_secs(u64::from(s))),
            headers: headers.into_iter().collect(),
            action: action.and_then(|action| DialAction::read(action.name())),
        })?;
        Ok(Reply::Call {
            call: Box::new(snapshot),
        })
    }

    /// Tells every part that acts for accounts of this one.
    pub fn add_account(&mut self, account: Account) -> Outcome {
        let known = self.accounts.iter().any(|known| known.name == account.name);
        if !known && self.accounts.len() >= ACCOUNTS {
            let why = format!("there are {ACCOUNTS} accounts already");
            return Err(ErrorObject::new(Code::ENGINE_BUSY, why));
        }
        let account = self.as_said(account);
        self.accounts.retain(|known| known.name != account.name);
        if account.is_default {
            for other in &mut self.accounts {
                other.is_default = false;
            }
        }
        self.accounts.push(account.clone());
        self.tell_of(account)
    }

    /// Tells again of all accounts and contacts: a part was made anew.
    pub fn repeat_accounts(&self) {
        let book = Arc::clone(&self.book.borrow());
        let _ = self.post(dialogs::Word::Contacts(book));
        for account in &self.accounts {
            // A part that has too much to do now was told before, or panics again.
            let _ = self.tell_of(account.clone());
        }
    }

    /// Tells link again of all accounts: it was made anew.
    pub fn repeat_sources(&self) {
        for account in &self.accounts {
            // As above.
            let _ = self.post(link::Word::Account(Box::new(account.clone())));
        }
    }

    fn tell_of(&self, account: Account) -> Outcome {
        self.tell_server(&account);
        let account = Box::new(account);
        // As above.
        let _ = self.post(history::Word::Account(account.clone()));
        let _ = self.post(ports::messages::Word::Account(account.clone()));
        let _ = self.post(ports::presence::Word::Account(account.clone()));
        self.post(link::Word::Account(account.clone()))?;
        self.post(dialogs::Word::Account(account.clone()))?;
        // An engine may have no lamps. Told before the registrar, who says how the server stands.
        let _ = self.post(blf::Word::Account(account.clone()));
        self.post(registrar::Word::Add(account))
    }

    fn post(&self, word: impl Into<Post>) -> Outcome {
        let busy = |_| {
            let why = "the part that carries it out has too much to do or is not there";
            ErrorObject::new(Code::ENGINE_BUSY, why)
        };
        (self.carry)(word.into())
            .map(|()| Reply::Taken)
            .map_err(busy)
    }
}

/// What the hub knows without asking anybody.
#[allow(clippy::wildcard_enum_match_arm)] // `carry_out` names every command.
fn look(asked: &Command, hub: &Hub) -> Outcome {
    Ok(match asked {
        Command::ListCalls(_) => Reply::Calls {
            calls: hub.calls().values().cloned().collect(),
        },
        Command::ListAccounts(_) => Reply::Accounts {
            accounts: hub.accounts().values().cloned().collect(),
        },
        Command::Status(_) => Reply::Status {
            engine: Box::new(hub.snapshot()),
        },
        Command::PresenceList(_) => Reply::Presences {
            presences: hub.presences().values().cloned().collect(),
        },
        Command::Ladder(of) => {
            let ladder = hub.ladders().of(of.call).ok_or_else(|| {
                let why = format!("no message of call {} is kept any more", of.call);
                ErrorObject::new(Code::UNKNOWN_CALL, why)
            })?;
            Reply::Ladder { ladder }
        }
        _ => Reply::Subscribed { seq: hub.seq() },
    })
}

#[cfg(test)]
mod tests;
