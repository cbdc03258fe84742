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
        let (place, word) = match side {
            Side::Microphone => (Place::Microphone, "microphone"),
            Side::Speaker => (Place::Speaker, "speaker"),
        };
        let numbered = (1..).zip(self.of(side));
        let opened = numbered.map(|(number, (id, options))| {
            let request = FilterRequest {
                place,
                sample_rate_hz: rate.hertz(),
                options,
            };
            let mut filter = catalogue.filter(id)?.open(&request)?;
            filter.fence().stands(format!("{word} {number}"));
            Ok(filter)
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
