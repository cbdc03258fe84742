//! The faces of the settings, as the engine opens them.

use crate::Error;
use engine::Face;
use plugin_host::Catalogue;
use serde_json::{Map, Value};
use settings::Device;

/// Those that the settings name. One that is not there, or whose options are no JSON object, is an error: whoever
/// named it counts on it.
pub(crate) fn faces(named: &[Device], catalogue: &Catalogue) -> Result<Vec<Face>, Error> {
    named
        .iter()
        .map(|face| self::face(face, catalogue))
        .collect()
}

fn face(named: &Device, catalogue: &Catalogue) -> Result<Face, Error> {
    let refused = |why: String| Error::Face {
        plugin: named.plugin.clone(),
        why,
    };
    let plugin = catalogue.ui(&named.plugin);
    let plugin = plugin.map_err(|why| refused(why.to_string()))?;
    let options = named.argument.trim();
    if !options.is_empty() {
        let read = serde_json::from_str::<Map<String, Value>>(options);
        read.map_err(|why| refused(format!("its options are no JSON object: {why}")))?;
    }
    Ok(Face {
        plugin: plugin.clone(),
        options: options.to_owned(),
    })
}
