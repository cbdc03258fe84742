use super::*;
use crate::{Books, Settings};
use control::Command;

fn favourite(name: Option<&str>, number: Option<&str>) -> FavouriteOf {
    FavouriteOf {
        profile: None,
        favourite: Favourite {
            name: name.map(str::to_owned),
            number: number.map(str::to_owned),
            ..Favourite::default()
        },
    }
}

fn contact(name: &str, number: &str, mail: Option<&str>) -> Contact {
    Contact {
        name: name.to_owned(),
        numbers: vec![number.to_owned()],
        mail: mail.map(str::to_owned),
        ..Contact::default()
    }
}

/// M-118, M-119: by name and by number; what is no favourite, and what has no address, says so.
#[test]
fn m_118_a_favourite_has_the_address_of_its_contact() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings {
        folder: folder.path().to_owned(),
        keep: 10,
    };
    let (mut books, _) = Books::open(&settings).unwrap();
    let mut reader = Reader {
        own: "me".to_owned(),
        all: vec!["me".to_owned()],
        ..Reader::default()
    };
    let mut ask = |command, reader: &Reader| {
        let answer = books.carry_out(command, reader, &[]);
        answer
            .map(|answer| answer.reply)
            .map_err(|why| why.explain().code)
    };
    for person in [
        contact("Carol", "101", Some("c.smith")),
        contact("bob@partner.test", "sip:77@partner.test", None),
        contact("Dan", "102", None),
    ] {
        ask(Command::ContactAdd(Box::new(person)), &reader).unwrap();
    }
    for (name, number) in [
        (Some("carol"), None),
        (Some("bob@partner.test"), None),
        (None, Some("101")),
        (None, Some("102")),
        (None, Some("999")),
    ] {
        ask(Command::FavouriteAdd(favourite(name, number)), &reader).unwrap();
    }
    let none = Err(Code::NO_MAIL_ADDRESS);
    let mail = |address: &str| {
        Ok(Reply::Mail {
            address: address.to_owned(),
            link: format!("mailto:{address}"),
        })
    };
    let mut mail_of = |name, number, reader: &Reader| {
        ask(Command::FavouriteMail(favourite(name, number)), reader)
    };
    assert_eq!(mail_of(Some("carol"), None, &reader), none, "no domain");
    let bob = mail("bob@partner.test");
    assert_eq!(mail_of(Some("bob@partner.test"), None, &reader), bob);
    reader.mail.domain = Some("house.test".to_owned());
    let carol = mail("c.smith@house.test");
    assert_eq!(mail_of(Some("CAROL"), None, &reader), carol);
    assert_eq!(mail_of(None, Some("101"), &reader), carol);
    assert_eq!(mail_of(None, Some("102"), &reader), none);
    reader.mail.user_as_local = true;
    assert_eq!(mail_of(None, Some("101"), &reader), mail("101@house.test"));
    assert_eq!(mail_of(None, Some("999"), &reader), mail("999@house.test"));
    let nobody = Err(Code::UNKNOWN_RECORD);
    assert_eq!(mail_of(Some("Dan"), None, &reader), nobody);
}
