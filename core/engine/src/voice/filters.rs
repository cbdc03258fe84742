//! The filters that the person's sound passes.

use super::error::Error;
use audio::Rate;
use media_thread::filters::{FilterChain, Side};
use plugin_host::{Catalogue, FilterInstance, FilterRequest, Place};

/// Filter plugins of both sides, in the order in which sound passes them: each by id, with a JSON object as it
/// documents it or nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filters {
    /// Behind the microphone.
    pub microphone: Vec<(String, String)>,
    /// Before the loudspeaker.
    pub speaker: Vec<(String, String)>,
}

impl Filters {
    /// Opens those of one side.
    pub(super) fn open(
        &self,
        side: Side,
        rate: Rate,
        catalogue: &Catalogue,
    ) -> Result<FilterChain, Error> {
        let all = 0..self.of(side).len();
        let opened = all.map(|at| {
            self.open_by((side, at), rate, |id, request| {
                catalogue.filter(id)?.open(request)
            })
        });
        Ok(FilterChain::new(opened.collect::<Result<_, Error>>()?))
    }

    /// Opens one of them; one of another process is ready a little later.
    pub(super) fn open_soon(
        &self,
        which: (Side, usize),
        rate: Rate,
        catalogue: &Catalogue,
    ) -> Result<FilterInstance, Error> {
        self.open_by(which, rate, |id, request| {
            catalogue.filter(id)?.open_soon(request)
        })
    }

    fn open_by(
        &self,
        (side, at): (Side, usize),
        rate: Rate,
        open: impl FnOnce(&str, &FilterRequest<'_>) -> Result<FilterInstance, plugin_host::Error>,
    ) -> Result<FilterInstance, Error> {
        let (place, word) = match side {
            Side::Microphone => (Place::Microphone, "microphone"),
            Side::Speaker => (Place::Speaker, "speaker"),
        };
        let (id, options) = &self.of(side)[at];
        let request = FilterRequest {
            place,
            sample_rate_hz: rate.hertz(),
            options,
        };
        let mut filter = open(id, &request)?;
        filter.fence().stands(format!("{word} {}", at + 1));
        Ok(filter)
    }

    /// Where this plugin stands.
    pub(super) fn places(&self, id: &str) -> Vec<(Side, usize)> {
        let sides = [Side::Microphone, Side::Speaker];
        let all = sides.into_iter().flat_map(|side| {
            let here = self.of(side).iter().enumerate();
            here.filter(|(_, (plugin, _))| plugin == id)
                .map(move |(at, _)| (side, at))
        });
        all.collect()
    }

    /// The id of one of them.
    pub(super) fn id(&self, side: Side, filter: usize) -> &str {
        self.of(side).get(filter).map_or("?", |(id, _)| id)
    }

    fn of(&self, side: Side) -> &[(String, String)] {
        match side {
            Side::Microphone => &self.microphone,
            Side::Speaker => &self.speaker,
        }
    }
}
