//! What an account does with numbers that are dialled and with calls that come in.

use super::build::origin;
use super::secrets::SECRETS;
use super::{Values, address};
use crate::account::Account;
use crate::complaint::Complaints;
use crate::keys::KEYS;
use crate::value::Kind;
use policy::action::CallThrough;
use policy::answer::Callers;
use policy::dialling::Confirm;
use policy::disturb::{Entry, Who};
use policy::forward::Code;
use policy::header::Extra;
use policy::open_url::{Field, OpenUrl};
use policy::ringtone::Ringtone;
use policy::rule::{self, Direction};
use policy::watch::{Elsewhere, Group, Right, Site, Watching, Whom};
use policy::{
    AutoAnswer, Dialling, DoNotDisturb, Forwarding, IdentityOrder, Location, Policy, Receiving,
    Rules, forward, mail,
};

/// Values of one account. What they say was checked when they were read.
struct Of<'a> {
    id: &'a str,
    values: &'a Values,
}

/// `None` when a value is missing.
pub(super) fn policy(id: &str, values: &Values, complaints: &mut Complaints) -> Option<Policy> {
    let of = Of { id, values };
    of.warn_of_operands(complaints);
    Some(Policy {
        dialling: Dialling {
            rules: of.rules("rewriting", Direction::Outgoing)?,
            location: of.location(complaints)?,
            emergency: values.list("dial.emergency")?.to_vec(),
            confirm: match values.text("dial.uri_confirm")? {
                "always" => Confirm::Always,
                "never" => Confirm::Never,
                _ => Confirm::Unknown,
            },
            call_through: of.call_through(complaints)?,
            open_url: of.open_url(complaints)?,
        },
        receiving: Receiving {
            rules: of.rules("incoming_rewriting", Direction::Incoming)?,
            identity: IdentityOrder::read(of.list("remote_contact")?).unwrap_or_default(),
            do_not_disturb: of.do_not_disturb()?,
            forwarding: of.forwarding(complaints)?,
            forwarding_codes: of.codes()?,
            call_waiting: of.switch("call_waiting")?,
            auto_answer: of.auto_answer()?,
            ringtones: of.ringtones()?,
        },
        headers: of.headers()?,
        mail: of.mail(complaints)?,
        registers: super::mode::registers(id, values, complaints)?,
        watching: of.watching(complaints)?,
    })
}

/// What needs all accounts: who calls through whom, and who sends calls in a circle.
pub(super) fn check_all(accounts: &[Account], values: &Values, complaints: &mut Complaints) {
    let ids: Vec<&str> = accounts.iter().map(|account| account.id.as_str()).collect();
    for account in accounts {
        let named = account.policy.dialling.rules.accounts();
        for name in named.filter(|name| !ids.contains(name)) {
            let key = values.account_key(&account.id, "rewriting");
            let what = format!("action dialOut: there is no account {name:?}");
            let allowed = format!("allowed: {}", ids.join(", "));
            complaints.error(&origin(&key, values), &key, what, allowed);
        }
    }
    let address = |account: &Account| format!("sip:{}@{}", account.user, account.domain);
    let addresses: Vec<String> = accounts.iter().map(address).collect();
    let sends = |account: &'_ Account| account.policy.receiving.forwarding.always.clone();
    let targets: Vec<Option<String>> = accounts.iter().map(sends).collect();
    let all: Vec<(&str, Option<&str>)> = addresses
        .iter()
        .zip(&targets)
        .map(|(own, to)| (own.as_str(), to.as_deref()))
        .collect();
    let Some(circle) = forward::circle_among(&all) else {
        return;
    };
    let way: Vec<&str> = circle
        .iter()
        .filter_map(|at| ids.get(*at).copied())
        .collect();
    let Some(first) = way.first() else { return };
    let key = values.account_key(first, "forwarding_number");
    let what = match way.as_slice() {
        [_] => "the account would forward its calls to itself".to_owned(),
        way => format!("calls would go in a circle: {}", way.join(", ")),
    };
    complaints.error(
        &origin(&key, values),
        &key,
        what,
        "allowed: another number or SIP URI",
    );
}

impl Of<'_> {
    fn key(&self, name: &str) -> String {
        self.values.account_key(self.id, name)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.values.text(&self.key(name))
    }

    fn switch(&self, name: &str) -> Option<bool> {
        self.values.switch(&self.key(name))
    }

    fn list(&self, name: &str) -> Option<&[String]> {
        self.values.list(&self.key(name))
    }

    fn rules(&self, name: &str, direction: Direction) -> Option<Rules> {
        let lines = self.list(name)?.iter().map(String::as_str);
        Some(Rules::read(lines, direction).unwrap_or_default())
    }

    /// K-130: an operand where none belongs is left out, and told.
    fn warn_of_operands(&self, complaints: &mut Complaints) {
        for name in ["rewriting", "incoming_rewriting"] {
            let key = self.key(name);
            for idle in rule::idle_operands(self.list(name).unwrap_or_default()) {
                let origin = origin(&key, self.values);
                complaints.warn(&origin, &key, idle.to_string(), "");
            }
        }
    }

    /// The outer `None`: a value is missing. The inner: nothing is said of where the account stands.
    #[allow(clippy::option_option, reason = "as the first line says")]
    fn location(&self, complaints: &mut Complaints) -> Option<Option<Location>> {
        let text = |name| self.text(name).map(str::to_owned);
        let country_code = text("country_code")?;
        if country_code.is_empty() {
            for name in ["area_code", "trunk_access"] {
                let key = self.key(name);
                if !self.text(name)?.is_empty() {
                    let what = "is of no use without country_code";
                    let origin = origin(&key, self.values);
                    complaints.error(&origin, &key, what, "set country_code, such as \"49\"");
                }
            }
            return Some(None);
        }
        Some(Some(Location {
            country_code,
            area_code: text("area_code")?,
            national_prefix: text("national_prefix")?,
            international_prefix: text("international_prefix")?,
            trunk_access: text("trunk_access")?,
            own_number_length: self.values.fit(&self.key("own_number_length"))?,
        }))
    }

    fn do_not_disturb(&self) -> Option<DoNotDisturb> {
        let schedule = self.list("do_not_disturb_schedule")?.iter();
        let except = self.list("do_not_disturb_except")?.iter();
        let offset = self.text("do_not_disturb_gmt_offset_min")?;
        Some(DoNotDisturb {
            on: self.switch("do_not_disturb")?,
            gmt_offset_min: offset.parse().ok(),
            schedule: schedule.filter_map(|line| Entry::read(line).ok()).collect(),
            except: except.filter_map(|who| Who::read(who)).collect(),
        })
    }

    fn forwarding(&self, complaints: &mut Complaints) -> Option<Forwarding> {
        let target = |name| {
            let text = self.text(name)?;
            Some(Some(text.to_owned()).filter(|text| !text.is_empty()))
        };
        let enabled = self.switch("forwarding_enabled")?;
        let always = target("forwarding_number")?;
        if enabled && always.is_none() {
            let key = self.key("forwarding_enabled");
            let what = "is true, and forwarding_number is empty";
            let origin = origin(&key, self.values);
            complaints.error(
                &origin,
                &key,
                what,
                "set forwarding_number: number or SIP URI",
            );
        }
        let wait = self.values.seconds(&self.key("forwarding_no_answer_s"))?;
        Some(Forwarding {
            always: always.filter(|_| enabled),
            busy: target("forwarding_busy_number")?,
            no_answer: target("forwarding_no_answer_number")?.map(|to| (wait, to)),
        })
    }

    fn codes(&self) -> Option<Vec<Code>> {
        let lines = self.list("forwarding_codes")?.iter();
        Some(lines.filter_map(|line| Code::read(line).ok()).collect())
    }

    fn watching(&self, complaints: &mut Complaints) -> Option<Watching> {
        let rights = self.list("watchers")?.iter();
        let groups = self.list("watcher_groups")?.iter();
        let key = self.key("watchers");
        let from = origin(&key, self.values);
        let template: Vec<Right> = rights.filter_map(|line| Right::read(line).ok()).collect();
        let has_server = !self.text("xcap")?.trim().is_empty();
        let watching = Watching {
            template_from: match template.is_empty() {
                true => String::new(),
                false => from.to_string(),
            },
            template,
            groups: groups.filter_map(|line| Group::read(line).ok()).collect(),
            // What servers say comes later.
            site: match has_server && self.switch("xcap_groups")? {
                true => Site::Unknown,
                false => Site::None,
            },
            elsewhere: match has_server && self.switch("xcap_rights")? {
                true => Elsewhere::Somehow,
                false => Elsewhere::Nobody,
            },
            ..Watching::default()
        };
        for right in &watching.template {
            if let Whom::Group(name) = &right.whom
                && !watching.groups.iter().any(|group| group.name == *name)
            {
                let what = format!("{right}: there is no group {name:?}");
                complaints.error(&from, &key, what, "name it in watcher_groups");
            }
        }
        Some(watching)
    }

    fn ringtones(&self) -> Option<Vec<Ringtone>> {
        let lines = self.list("ringtones")?.iter();
        Some(lines.filter_map(|line| Ringtone::read(line).ok()).collect())
    }

    /// K-168, K-169. The outer `None`: a value is missing. The inner: calls go directly.
    #[allow(clippy::option_option, reason = "as the first line says")]
    fn call_through(&self, complaints: &mut Complaints) -> Option<Option<CallThrough>> {
        let enabled = self.switch("cth_enabled")?;
        let template = self.text("cth_dial_string")?;
        if enabled && template.is_empty() {
            let key = self.key("cth_enabled");
            let what = "is true, and cth_dial_string is empty";
            let fix = "set cth_dial_string, such as \"+1555123456,%targetNumber%\"";
            complaints.error(&origin(&key, self.values), &key, what, fix);
        }
        Some(CallThrough::read(template).filter(|_| enabled))
    }

    /// K-180. The outer `None`: a value is missing. The inner: there is none.
    #[allow(clippy::option_option, reason = "as the first line says")]
    fn open_url(&self, complaints: &mut Complaints) -> Option<Option<OpenUrl>> {
        let template = self.text("custom_action_url")?;
        if template.is_empty() {
            return Some(None);
        }
        // Templates written for the Account XML have its names.
        let own = |name: &'_ str| match name {
            "username" => "user".to_owned(),
            "host" => "domain".to_owned(),
            other => other.to_owned(),
        };
        let read = OpenUrl::read(template, |name| {
            let name = own(name);
            if SECRETS.contains(&name.as_str()) {
                return Field::Secret;
            }
            let key = format!("account.{name}");
            match KEYS
                .iter()
                .find(|known| known.name == key)
                .map(|known| &known.kind)
            {
                Some(Kind::Secret) => Field::Secret,
                Some(_) => self.text(&name).map_or(Field::Unknown, Field::Is),
                None => Field::Unknown,
            }
        });
        Some(
            read.inspect_err(|why| {
                let key = self.key("custom_action_url");
                let what = format!("{} is not allowed: {why}", address::shown(template));
                let allowed = "allowed: an address of http or https, or nothing";
                complaints.error(&origin(&key, self.values), &key, what, allowed);
            })
            .ok(),
        )
    }

    fn mail(&self, complaints: &mut Complaints) -> Option<mail::Rule> {
        let domain = self.text("mail_domain")?;
        if !domain.is_empty() && !mail::is_domain(domain) {
            let key = self.key("mail_domain");
            let what = format!("{domain:?} is no domain of mail addresses");
            let origin = origin(&key, self.values);
            complaints.error(
                &origin,
                &key,
                what,
                "allowed: such as example.com, or nothing",
            );
        }
        Some(mail::Rule {
            user_as_local: self.switch("mail_user_as_local")?,
            domain: Some(domain.to_owned()).filter(|domain| !domain.is_empty()),
        })
    }

    fn headers(&self) -> Option<Vec<Extra>> {
        let lines = self.list("headers")?.iter();
        Some(lines.filter_map(|line| Extra::read(line).ok()).collect())
    }

    fn auto_answer(&self) -> Option<AutoAnswer> {
        let after = self.values.seconds(&self.key("auto_answer_s"))?;
        Some(AutoAnswer {
            own: self.switch("auto_answer")?.then_some(after),
            asked: self.switch("auto_answer_asked")?,
            callers: Callers::read(self.list("auto_answer_callers")?).unwrap_or_default(),
            muted: self.switch("auto_answer_muted")?,
        })
    }
}
