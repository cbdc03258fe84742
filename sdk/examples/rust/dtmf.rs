//! A DTMF method: keys as INFO requests with the body of one character that some door stations want.

use plugin::{Abilities, Dtmf, DtmfHeard, DtmfRequest, DtmfStep, Refusal, Status};

const TYPE: &str = "application/dtmf";

/// It listens to no audio, so there is nothing to keep.
#[derive(Debug)]
pub struct Mine;

fn is_key(key: char) -> bool {
    matches!(key, '0'..='9' | '*' | '#' | 'A'..='D')
}

impl Dtmf for Mine {
    const NAME: &'static str = "door";
    const ABILITIES: Abilities = Abilities {
        sends_events: false,
        sends_info: true,
        sends_tones: false,
        hears_tones: false,
        hears_info: true,
    };

    fn plan(request: &DtmfRequest<'_>) -> Result<Vec<DtmfStep>, Refusal> {
        // The peer excluded INFO: the host asks the next method.
        if !request.peer_takes_info || !is_key(request.key) {
            return Err(Status::UNSUPPORTED.into());
        }
        Ok(vec![DtmfStep::Info {
            at_ms: 0,
            content_type: TYPE.to_owned(),
            body: request.key.to_string(),
        }])
    }

    fn hear_info(content_type: &str, body: &str) -> Option<DtmfHeard> {
        let key = body.chars().next().filter(|&key| is_key(key))?;
        (content_type == TYPE && body.len() == 1).then_some(DtmfHeard {
            key,
            released: true,
            duration_ms: 100,
        })
    }
}

plugin::export_dtmf!(Mine);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_what_others_of_its_kind_send() {
        assert_eq!(Mine::hear_info(TYPE, "5").map(|heard| heard.key), Some('5'));
        assert_eq!(Mine::hear_info(TYPE, "55"), None);
        assert_eq!(Mine::hear_info("text/plain", "5"), None);
    }
}
