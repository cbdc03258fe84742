//! What is asked of the server: which address books there are, what changed in them, and the cards that did.
//!
//! Source: RFC 6764 §6 (from a principal to its books), RFC 6352 §8.7 (many cards in one request). What changed is seen
//! by the book's tag and then by the cards' ETags, which every server has.

use crate::xml::{self, Resource};
use control::Contact;
use control::contacts::ContactKind;
use http_client::{Answer, Ask, Client, Options, Url};
use std::collections::BTreeMap;

/// Cards of one request.
const AT_ONCE: usize = 100;
/// Address books of one account.
const BOOKS: usize = 16;
/// Cards of one account. Source: the store holds as many contacts.
const CARDS: usize = 20_000;
/// One answer: a hundred cards with photos. Unit: bytes.
const BODY: u64 = 16 << 20;

const ABOUT: &str = r#"<?xml version="1.0"?><d:propfind xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:carddav" xmlns:s="http://calendarserver.org/ns/"><d:prop><d:resourcetype/><d:current-user-principal/><c:addressbook-home-set/><s:getctag/><d:sync-token/></d:prop></d:propfind>"#;
const ETAGS: &str =
    r#"<?xml version="1.0"?><d:propfind xmlns:d="DAV:"><d:prop><d:getetag/></d:prop></d:propfind>"#;

/// Why there is no newer copy.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{0}; {fix}", fix = .0.fix())]
    Http(#[from] http_client::Error),
    #[error("{url} answers {status}{}", meaning(*.status))]
    Refused { url: Url, status: u16 },
    #[error("{0} answers with something that is no WebDAV")]
    NoDav(Url),
    #[error("{0} has no address book")]
    NoBook(Url),
    #[error("{0} has more than {CARDS} cards")]
    TooMany(Url),
}

fn meaning(status: u16) -> &'static str {
    match status {
        403 => ": this user may not read it",
        404 | 410 => ": nothing is there",
        500..=599 => ": the server has a problem",
        _ => "",
    }
}

/// A server and the copy of its books.
#[derive(Debug)]
pub(crate) struct Server {
    client: Client,
    url: Url,
    /// By their addresses. Empty: not looked for yet.
    books: BTreeMap<String, Book>,
}

#[derive(Debug)]
struct Book {
    url: Url,
    /// What it was when all cards were fetched. Empty: it has none, or not all cards came.
    tag: String,
    cards: BTreeMap<String, Card>,
}

#[derive(Debug)]
struct Card {
    etag: String,
    /// `None`: nobody can be called by it.
    person: Option<Contact>,
}

impl Server {
    pub(crate) fn new(options: &Options) -> Result<Self, String> {
        Ok(Self {
            client: options.client(BODY)?,
            url: options.home()?,
            books: BTreeMap::new(),
        })
    }

    /// Everybody of the copy, with an id that lasts.
    pub(crate) fn people(&self) -> impl Iterator<Item = (&str, &Contact)> {
        let cards = self.books.values().flat_map(|book| &book.cards);
        cards.filter_map(|(href, card)| Some((href.as_str(), card.person.as_ref()?)))
    }

    /// Makes the copy the server's. A book that did not change costs one small request.
    pub(crate) fn synchronise(&mut self) -> Result<(), Error> {
        if self.books.is_empty() {
            self.books = self.discover()?;
        }
        let known: Vec<String> = self.books.keys().cloned().collect();
        for href in known {
            let Some(mut book) = self.books.remove(&href) else {
                continue;
            };
            let done = self.follow(&mut book);
            match done {
                // Another one may have come in its place.
                Err(Error::Refused {
                    status: 404 | 410, ..
                }) => self.books.clear(),
                done => {
                    self.books.insert(href, book);
                    done?;
                }
            }
        }
        match self.books.is_empty() {
            true => Err(Error::NoBook(self.url.clone())),
            false => Ok(()),
        }
    }

    /// Books below what was set: itself, those of its home, or those of the principal's home.
    fn discover(&mut self) -> Result<BTreeMap<String, Book>, Error> {
        let mut at = self.url.clone();
        for _ in 0..3 {
            let (from, found) = self.find(&at, "0")?;
            let Some(about) = found.into_iter().next() else {
                return Err(Error::NoDav(at));
            };
            if about.is_book {
                return Ok([book(from)].into());
            }
            let next = match (about.home.as_str(), about.principal.as_str()) {
                ("", "") => break,
                ("", principal) => principal,
                (home, _) => home,
            };
            let next = from.join(next).map_err(|_| Error::NoDav(from.clone()))?;
            let is_home = !about.home.is_empty();
            if next == at {
                break;
            }
            at = next;
            if is_home {
                break;
            }
        }
        let (from, found) = self.find(&at, "1")?;
        let books = found.iter().filter(|resource| resource.is_book);
        let books = books.filter_map(|resource| from.join(&resource.href).ok());
        let books: BTreeMap<String, Book> = books.take(BOOKS).map(book).collect();
        match books.is_empty() {
            true => Err(Error::NoBook(at)),
            false => Ok(books),
        }
    }

    fn follow(&mut self, book: &mut Book) -> Result<(), Error> {
        let (_, about) = self.find(&book.url, "0")?;
        let tag = about.into_iter().next().map(|about| about.tag);
        let tag = tag.unwrap_or_default();
        if !tag.is_empty() && tag == book.tag {
            return Ok(());
        }
        book.tag.clear();
        let (from, found) = self.resources(&book.url, "PROPFIND", "1", ETAGS)?;
        let mut there: BTreeMap<String, String> = found
            .into_iter()
            .filter(|resource| !resource.etag.is_empty() && !resource.is_gone)
            .map(|resource| (resource.href, resource.etag))
            .collect();
        // The collection itself may have an ETag too.
        there.retain(|href, _| {
            from.join(href)
                .is_ok_and(|url| url.path() != book.url.path())
        });
        if there.len() > CARDS {
            return Err(Error::TooMany(book.url.clone()));
        }
        book.cards.retain(|href, _| there.contains_key(href));
        there.retain(|href, etag| book.cards.get(href).is_none_or(|card| card.etag != *etag));
        let changed: Vec<String> = there.into_keys().collect();
        for some in changed.chunks(AT_ONCE) {
            self.fetch(book, some)?;
        }
        book.tag = tag;
        Ok(())
    }

    fn fetch(&mut self, book: &mut Book, hrefs: &[String]) -> Result<(), Error> {
        let mut ask = r#"<?xml version="1.0"?><c:addressbook-multiget xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:carddav"><d:prop><d:getetag/><c:address-data/></d:prop>"#.to_owned();
        for href in hrefs {
            ask += &format!("<d:href>{}</d:href>", escaped(href));
        }
        ask += "</c:addressbook-multiget>";
        let (_, found) = self.resources(&book.url, "REPORT", "1", &ask)?;
        for resource in found {
            if resource.is_gone {
                book.cards.remove(&resource.href);
                continue;
            }
            let card = Card {
                etag: resource.etag,
                person: person(&resource.card),
            };
            book.cards.insert(resource.href, card);
        }
        Ok(())
    }

    fn find(&mut self, url: &Url, depth: &str) -> Result<(Url, Vec<Resource>), Error> {
        self.resources(url, "PROPFIND", depth, ABOUT)
    }

    fn resources(
        &mut self,
        url: &Url,
        method: &str,
        depth: &str,
        body: &str,
    ) -> Result<(Url, Vec<Resource>), Error> {
        let headers = [
            ("Depth", depth),
            ("Content-Type", "application/xml; charset=utf-8"),
        ];
        let answer = self.client.ask(&Ask {
            method,
            url,
            headers: &headers,
            body,
        })?;
        let Answer {
            status, body, url, ..
        } = answer;
        if status != 207 {
            return Err(match status {
                200..=299 => Error::NoDav(url),
                status => Error::Refused { url, status },
            });
        }
        let found = xml::resources(&body);
        let found = found.ok_or_else(|| Error::NoDav(url.clone()))?;
        Ok((url, found))
    }
}

fn book(url: Url) -> (String, Book) {
    let book = Book {
        url: url.clone(),
        tag: String::new(),
        cards: BTreeMap::new(),
    };
    (url.into(), book)
}

/// The first vCard of a resource, where it has a name and a number.
fn person(card: &str) -> Option<Contact> {
    let mut read = people::vcard::read(card, ContactKind::General).into_iter();
    let person = read.find_map(Result::ok)?;
    (!person.name.is_empty() && !person.numbers.is_empty()).then_some(person)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
