//! `favourite`: favourites, their profiles, and mails to them.

use super::Context;
use super::kept::{ask, show};
use crate::args::{Favourite, OneFavourite, ProfileVerb};
use crate::error::Error;
use crate::link::Engine;
use control::command::NoFields;
use control::contacts::{FavouriteMove, FavouriteOf, FavouriteRename, ProfileRef, ProfileRename};
use control::{Command, ExitCode, Reply};

pub(crate) fn favourite(context: &mut Context, verb: Favourite) -> Result<ExitCode, Error> {
    let of = |one: OneFavourite| FavouriteOf {
        profile: one.profile,
        favourite: control::Favourite {
            name: one.name,
            number: one.number,
            ..control::Favourite::default()
        },
    };
    match verb {
        Favourite::List => ask(context, Command::ProfileList(NoFields {})),
        Favourite::Add(one) => ask(context, Command::FavouriteAdd(of(one))),
        Favourite::Remove(one) => ask(context, Command::FavouriteRemove(of(one))),
        Favourite::Rename(asked) => {
            let to = control::Favourite {
                name: asked.to_name,
                number: asked.to_number,
                ..control::Favourite::default()
            };
            let of = of(asked.one);
            ask(
                context,
                Command::FavouriteRename(FavouriteRename { of, to }),
            )
        }
        Favourite::Move(asked) => {
            let of = FavouriteMove {
                of: of(asked.one),
                to_profile: asked.to_profile,
                place: asked.place,
            };
            ask(context, Command::FavouriteMove(of))
        }
        Favourite::Mail(asked) => mail(context, of(asked.one), asked.open),
        Favourite::Profile(ProfileVerb::Add { name }) => {
            ask(context, Command::ProfileAdd(ProfileRef { name }))
        }
        Favourite::Profile(ProfileVerb::Use { name }) => {
            ask(context, Command::ProfileUse(ProfileRef { name }))
        }
        Favourite::Profile(ProfileVerb::Remove { name }) => {
            ask(context, Command::ProfileRemove(ProfileRef { name }))
        }
        Favourite::Profile(ProfileVerb::Rename { name, to }) => {
            ask(context, Command::ProfileRename(ProfileRename { name, to }))
        }
    }
}

/// Prints the link to a favourite, and begins the mail where that is wished.
fn mail(context: &mut Context, of: FavouriteOf, open: bool) -> Result<ExitCode, Error> {
    let mut engine = Engine::connect(&context.global, None)?;
    let (_, reply) = engine.ask(Command::FavouriteMail(of))?;
    if let Reply::Mail { link, .. } = &reply
        && open
    {
        super::open_page(link)?;
    }
    show(context, &reply)
}
