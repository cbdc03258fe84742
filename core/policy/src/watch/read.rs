//! Rights and groups as they are written.

use super::person::Person;
use super::{Group, Member, RIGHTS, Right, What, Whom};
use core::fmt;

/// Why a line cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No right.
    #[error(
        "{0:?} is no right: written presence|dialog allow|refuse user ADDRESS|group NAME|domain DOMAIN|anybody"
    )]
    Right(String),
    /// Nobody is meant.
    #[error("{0:?} is nobody: written user ADDRESS, group NAME, domain DOMAIN, or anybody")]
    Whom(String),
    /// No address.
    #[error("{0:?} is no address: written 20, 20@example.com or sip:20@example.com")]
    Address(String),
    /// No domain.
    #[error("{0:?} is no domain: written example.com or 192.0.2.1")]
    Domain(String),
    /// No group.
    #[error("{0:?} is no group: written NAME: MEMBER, inactive MEMBER, or NAME restricted: MEMBER")]
    Group(String),
    /// Too many.
    #[error("a group has at most {RIGHTS} members")]
    TooMany,
}

impl What {
    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Presence => "presence",
            Self::Dialog => "dialog",
        }
    }

    fn read(word: &str) -> Option<Self> {
        [Self::Presence, Self::Dialog]
            .into_iter()
            .find(|what| what.word() == word)
    }
}

impl Whom {
    /// Reads `user 20@example.com`, `group sales`, `domain example.com` or `anybody`.
    pub fn read(text: &str) -> Result<Self, Refused> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            ["anybody"] => Ok(Self::Anybody),
            ["user", address] => {
                let address = self::address(address)?;
                Ok(Self::User(address))
            }
            ["group", name @ ..] => match group_name(&name.join(" ")) {
                Some(name) => Ok(Self::Group(name)),
                None => Err(Refused::Whom(text.trim().to_owned())),
            },
            ["domain", domain] => match Person::read(&format!("sip:a@{domain}"), "") {
                Some(read) if read.domain.eq_ignore_ascii_case(domain) => {
                    Ok(Self::Domain(read.domain))
                }
                Some(_) | None => Err(Refused::Domain((*domain).to_owned())),
            },
            _ => Err(Refused::Whom(text.trim().to_owned())),
        }
    }
}

impl Whom {
    /// Whether both are the same people, where `20` is at the domain of `own`, an address.
    pub fn is(&self, other: &Self, own: &str) -> bool {
        let (Self::User(one), Self::User(two)) = (self, other) else {
            return self == other;
        };
        let home = Person::read(own, "").map_or_else(String::new, |own| own.domain);
        one == two || Person::read(one, &home) == Person::read(two, &home)
    }
}

impl fmt::Display for Whom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(address) => write!(f, "user {address}"),
            Self::Group(name) => write!(f, "group {name}"),
            Self::Domain(domain) => write!(f, "domain {domain}"),
            Self::Anybody => f.write_str("anybody"),
        }
    }
}

impl Right {
    /// Reads a line such as `presence allow user 20@example.com`.
    pub fn read(line: &str) -> Result<Self, Refused> {
        let wrong = || Refused::Right(line.trim().to_owned());
        let mut words = line.trim().splitn(3, char::is_whitespace);
        let what = words.next().and_then(What::read).ok_or_else(wrong)?;
        let allowed = match words.next() {
            Some("allow") => true,
            Some("refuse") => false,
            Some(_) | None => return Err(wrong()),
        };
        let whom = Whom::read(words.next().ok_or_else(wrong)?)?;
        Ok(Self {
            what,
            allowed,
            whom,
        })
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.allowed {
            true => "allow",
            false => "refuse",
        };
        write!(f, "{} {verdict} {}", self.what.word(), self.whom)
    }
}

impl Group {
    /// Reads a line such as `sales: 20, 21@example.com, inactive 22`; `sales restricted: …` for a group whose members
    /// see each other only where a right says so.
    pub fn read(line: &str) -> Result<Self, Refused> {
        let wrong = || Refused::Group(line.trim().to_owned());
        let (head, members) = line.split_once(':').ok_or_else(wrong)?;
        let words: Vec<&str> = head.split_whitespace().collect();
        let (name, restricted) = match words.as_slice() {
            [name] => (*name, false),
            [name, "restricted"] => (*name, true),
            _ => return Err(wrong()),
        };
        if !is_name(name) {
            return Err(wrong());
        }
        let members: Vec<Member> = members
            .split(',')
            .map(str::trim)
            .filter(|member| !member.is_empty())
            .map(Member::read)
            .collect::<Result<_, _>>()?;
        if members.len() > RIGHTS {
            return Err(Refused::TooMany);
        }
        Ok(Self {
            name: name.to_owned(),
            restricted,
            members,
        })
    }
}

impl Member {
    fn read(text: &str) -> Result<Self, Refused> {
        let inactive = text.strip_prefix("inactive ");
        Ok(Self {
            address: address(inactive.unwrap_or(text).trim())?,
            active: inactive.is_none(),
        })
    }
}

/// Without a scheme: two spellings of one address are one right.
fn address(text: &str) -> Result<String, Refused> {
    let plain = text.strip_prefix("sip:").unwrap_or(text);
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '*' | ',' | ';');
    let written = Person::written(text).filter(|_| !plain.contains(odd));
    written.ok_or_else(|| Refused::Address(text.to_owned()))
}

/// A group's name as rights write it, with one blank for several; `None`: it is none, or longer than 64 characters. A
/// server gives names that no settings file does.
pub fn group_name(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let name = words.join(" ");
    let fits = !name.is_empty() && name.chars().count() <= 64;
    (fits && !name.chars().any(char::is_control)).then_some(name)
}

/// As settings files may write it.
fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    !text.is_empty() && text.chars().count() <= 64 && text.chars().all(fits)
}
