//! What a dialled number or address becomes, and why.
//!
//! In this order: pauses and digits for after the answer are set aside; a number of a link, or one that begins
//! with `+`, is brought into the form that is dialled here; the account's rules follow. An emergency number meets
//! nothing of this but rules that name it by `equals`.

use crate::action::{CallThrough, DialAction};
use crate::dial_string::{self, DialString, Stage};
use crate::link::{self, Link};
use crate::open_url::OpenUrl;
use crate::rewrite::{self, Step, Surroundings};
use crate::rule::Rules;
use crate::{Location, number};

#[cfg(test)]
mod tests;

/// When a clicked link is called only after the person said yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Confirm {
    /// Always.
    Always,
    /// Where it is not of the house or could switch something.
    #[default]
    Unknown,
    /// Only where it could switch something.
    Never,
}

/// What one account does with what is dialled.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dialling {
    /// Its rules (K-105).
    pub rules: Rules,
    /// Where it stands; without this numbers stay as they are written (M-063).
    pub location: Option<Location>,
    /// Numbers that are dialled as they are, whatever rules say.
    pub emergency: Vec<String>,
    /// When clicked links wait for a yes.
    pub confirm: Confirm,
    /// How numbers are reached by way of an access number (K-169).
    pub call_through: Option<CallThrough>,
    /// What is opened for a number (K-180).
    pub open_url: Option<OpenUrl>,
}

/// What is to be dialled.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dialled {
    /// A number, a name or an address.
    pub to: String,
    /// What follows the answer.
    pub after: Vec<Stage>,
    /// It is an emergency number.
    pub is_emergency: bool,
    /// The number as it was dialled, where the location made another of it.
    pub located: Option<String>,
    /// The call is recorded.
    pub record: bool,
    /// It goes through another account.
    pub account: Option<String>,
    /// What is done with the number, where somebody wants more than a plain call.
    pub action: Option<DialAction>,
    /// What is opened instead of a call.
    pub open: Option<String>,
    /// Header fields of the INVITE.
    pub headers: Vec<(String, String)>,
    /// The rules that matched.
    pub steps: Vec<Step>,
}

/// Why something cannot be dialled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Nothing was dialled.
    #[error("nothing is dialled")]
    Nothing,
    /// Too long.
    #[error("it is longer than {} characters", number::LONGEST)]
    TooLong,
    /// A link that is none.
    #[error("the link cannot be called: {0}")]
    Link(#[from] link::Refused),
    /// Pauses or digits behind the number.
    #[error(transparent)]
    DialString(#[from] dial_string::Refused),
    /// The rules came to no end.
    #[error("the account's rewriting: {0}")]
    Rules(#[from] rewrite::Stopped),
}

impl Dialling {
    /// What becomes of what somebody dialled.
    pub fn dial(&self, typed: &str, around: &Surroundings) -> Result<Dialled, Refused> {
        let typed = typed.trim();
        if typed.is_empty() {
            return Err(Refused::Nothing);
        }
        if typed.len() > number::LONGEST {
            return Err(Refused::TooLong);
        }
        let is_link = link::is_telephone(typed);
        let typed = match is_link {
            true => Link::read(typed)?.to,
            false => typed.to_owned(),
        };
        let typed = typed.strip_prefix("tel:").unwrap_or(&typed);
        let DialString { number, after } = DialString::read(typed)?;
        if number.contains(['@', ':']) {
            return Ok(Dialled {
                to: number,
                ..Dialled::default()
            });
        }
        self.dial_number(&number, after, is_link, around)
    }

    fn dial_number(
        &self,
        written: &str,
        mut after: Vec<Stage>,
        is_link: bool,
        around: &Surroundings,
    ) -> Result<Dialled, Refused> {
        let plain = number::plain(written).unwrap_or_else(|| written.to_owned());
        let is_emergency = self.is_emergency(&plain);
        let foreign = is_link || plain.starts_with('+');
        let located = match foreign {
            true => self.located(written),
            false => plain.clone(),
        };
        let made = self.rules.rewrite(&located, around, is_emergency)?;
        let DialString {
            number: to,
            after: added,
        } = DialString::read(&made.number)?;
        after.splice(0..0, added);
        Ok(Dialled {
            to,
            after,
            is_emergency,
            located: (located != plain).then_some(located),
            record: made.record,
            account: made.account,
            action: made.action.filter(|_| !is_emergency),
            open: None,
            headers: made.headers,
            steps: made.steps,
        })
    }

    /// A number as it is written everywhere (`+49 711 500`), in the form that is dialled here; another one as it is.
    pub fn in_form(&self, written: &str) -> String {
        let plain = number::plain(written).unwrap_or_else(|| written.to_owned());
        match plain.starts_with('+') {
            true => self.located(written),
            false => plain,
        }
    }

    fn located(&self, written: &str) -> String {
        let plain = number::plain(written).unwrap_or_else(|| written.to_owned());
        match &self.location {
            Some(here) if !self.is_emergency(&plain) => here.dial(written),
            Some(_) | None => plain,
        }
    }

    /// Whether it is dialled as it is, whatever rules say.
    pub fn is_emergency(&self, number: &str) -> bool {
        let number = number::plain(number);
        number.is_some_and(|number| self.emergency.contains(&number))
    }

    /// Whether the person is asked before a clicked link is called. `own_domain`: of the account.
    pub fn asks_before(&self, link: &Link, own_domain: &str) -> bool {
        let to = link.to.strip_prefix("tel:").unwrap_or(&link.to);
        if self.is_emergency(to) {
            return false;
        }
        let ours = match to.rsplit_once('@') {
            Some((_, domain)) => domain.eq_ignore_ascii_case(own_domain),
            None => self
                .location
                .as_ref()
                .is_some_and(|here| to.len() <= here.own_number_length),
        };
        match self.confirm {
            Confirm::Always => true,
            Confirm::Unknown => link.is_risky || !ours,
            Confirm::Never => link.is_risky,
        }
    }
}
