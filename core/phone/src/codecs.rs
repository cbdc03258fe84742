//! Codecs with what the settings say of them: `[codec.NAME]`, and `[accounts.ID.codec.NAME]` over it.

use crate::Error;
use engine::voice;
use part_media::Codec;
use plugin_host::Catalogue;
use sdp::Capability;
use serde_json::{Map, Value};
use settings::{CodecOptions, OptionValue, Settings};
use std::collections::BTreeMap;

/// For calls of no account, and of accounts that set nothing.
pub(crate) fn of_all(
    settings: &Settings,
    formats: &[Capability],
    catalogue: &Catalogue,
) -> Result<Vec<Codec>, Error> {
    codecs("codec", &settings.media.codec_options, formats, catalogue)
}

/// For accounts that set something of their own, by name.
pub(crate) fn of_accounts(
    settings: &Settings,
    formats: &[Capability],
    catalogue: &Catalogue,
) -> Result<BTreeMap<String, Vec<Codec>>, Error> {
    let differs =
        |account: &&settings::Account| account.codec_options != settings.media.codec_options;
    let own = settings.accounts.iter().filter(differs).map(|account| {
        let table = format!("accounts.{}.codec", account.id);
        let codecs = codecs(&table, &account.codec_options, formats, catalogue)?;
        Ok((account.id.clone(), codecs))
    });
    own.collect()
}

/// Each codec says itself what its options mean; one that is not there is not asked.
fn codecs(
    table: &str,
    options: &CodecOptions,
    formats: &[Capability],
    catalogue: &Catalogue,
) -> Result<Vec<Codec>, Error> {
    let codec = |ours: &Capability| {
        let Some(options) = options.get(&ours.name.to_ascii_lowercase()) else {
            return Ok(Codec::from(ours.clone()));
        };
        let options = json(options);
        let said = voice::with_options(catalogue, ours, &options);
        let capability = said.map_err(|why| Error::CodecOption {
            table: format!("{table}.{}", ours.name.to_ascii_lowercase()),
            why,
        })?;
        Ok(Codec {
            capability,
            options,
        })
    };
    formats.iter().map(codec).collect()
}

fn json(options: &BTreeMap<String, OptionValue>) -> String {
    let fields = options.iter().map(|(name, value)| {
        let value = match value {
            OptionValue::Switch(on) => Value::from(*on),
            OptionValue::Integer(number) => Value::from(*number),
            OptionValue::Text(text) => Value::from(text.as_str()),
        };
        (name.clone(), value)
    });
    Value::Object(fields.collect::<Map<_, _>>()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media_settings;
    use settings::Request;

    fn settings(site: &str) -> Settings {
        let file = tempfile::NamedTempFile::new().unwrap();
        let accounts = "
            [accounts.a]
            user = \"1\"
            domain = \"pbx.example\"
            [accounts.b]
            user = \"2\"
            domain = \"pbx.example\"
            [media]
            codecs = [\"opus\", \"PCMU\"]
            ";
        std::fs::write(file.path(), format!("{accounts}{site}")).unwrap();
        let mut request = Request::of_profile("headless");
        request.environment.clear();
        request.file = Some(file.path().to_owned());
        settings::load(&request).unwrap().settings
    }

    fn reach(site: &str) -> Result<part_media::Settings, Error> {
        let mut catalogue = Catalogue::new("test", "1");
        catalogue.add_built_in(&codec_g711::ENTRY).unwrap();
        catalogue.add_built_in(&codec_opus::ENTRY).unwrap();
        media_settings(&settings(site), &catalogue)
    }

    fn rate(codecs: &[Codec]) -> &str {
        let [opus, pcmu] = codecs else {
            panic!("{codecs:?}");
        };
        assert_eq!(opus.capability.channels, 2, "as rtpmap says it");
        assert_eq!(
            (pcmu.options.as_str(), pcmu.capability.fmtp.as_str()),
            ("", "")
        );
        opus.capability.fmtp.split(';').next().unwrap_or("")
    }

    /// K-035 to K-042: what is set reaches what is said and what the codec is told.
    #[test]
    fn options_reach_what_is_said_and_what_the_plugin_is_told() {
        let plain = reach("").unwrap();
        assert_eq!(rate(&plain.codecs), "maxplaybackrate=16000");
        assert!(plain.accounts.is_empty());
        assert_eq!(plain.codecs[0].options, "");

        let site = "[codec.opus]\nclass = \"nb\"\n[accounts.b.codec.Opus]\nclass = \"fb\"";
        let set = reach(site).unwrap();
        assert_eq!(rate(&set.codecs), "maxplaybackrate=8000");
        assert_eq!(set.codecs[0].options, r#"{"class":"nb"}"#);
        let names: Vec<&String> = set.accounts.keys().collect();
        assert_eq!(names, ["b"], "the other has what is set for all");
        assert_eq!(rate(&set.accounts["b"]), "maxplaybackrate=48000");
        assert_eq!(set.accounts["b"][0].options, r#"{"class":"fb"}"#);
    }

    #[test]
    fn an_option_that_the_codec_does_not_know_is_told_before_the_phone_starts() {
        let said = |site: &str| reach(site).unwrap_err().explain().to_string();
        let why = said("[codec.opus]\nclass = \"swb\"");
        let words = "[codec.opus] class: value 'swb' is not valid, allowed: nb, wb, fb or empty";
        assert!(why.contains(words), "{why}");
        let why = said("[accounts.a.codec.opus]\nclass = \"\"\ncomplexity = 11");
        let words = "[accounts.a.codec.opus] complexity: value '11' is not valid";
        assert!(why.contains(words), "{why}");
    }
}
