//! The filters that the person's sound passes.

use super::error::Error;
use audio::Rate;
use media_thread::filters::{FilterChain, Side};
use plugin_host::{Catalogue, FilterRequest, Place};

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
        let opened = self.of(side).iter().map(|(id, options)| {
            let request = FilterRequest {
                place: match side {
                    Side::Microphone => Place::Microphone,
                    Side::Speaker => Place::Speaker,
                },
                sample_rate_hz: rate.hertz(),
                options,
            };
            Ok(catalogue.filter(id)?.open(&request)?)
        });
        Ok(FilterChain::new(opened.collect::<Result<_, Error>>()?))
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
