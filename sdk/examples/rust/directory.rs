//! A directory: the people of one table.

use plugin::Refusal;
use plugin::Directory;

/// Name and number.
const PEOPLE: &[(&str, &str)] = &[("Alice", "101"), ("Bob", "102"), ("Carol", "103")];

/// An open directory.
#[derive(Debug)]
pub struct Mine;

/// The text behind `"name":` in a JSON object. A plugin may use a JSON crate instead.
fn text<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = json.split_once(&format!("\"{name}\":"))?;
    let (text, _) = rest.trim_start().strip_prefix('"')?.split_once('"')?;
    Some(text)
}

impl Directory for Mine {
    fn open(_options: &str) -> Result<Self, Refusal> {
        Ok(Self)
    }

    fn search(&mut self, query: &str) -> Result<String, Refusal> {
        let part = text(query, "text").map(str::to_lowercase);
        let number = text(query, "number");
        let all = query.contains(r#""all":true"#);
        let fits = |(name, its): &&(&str, &str)| {
            let named = part
                .as_ref()
                .is_some_and(|part| name.to_lowercase().contains(part));
            all || named || number == Some(*its)
        };
        let found = PEOPLE.iter().filter(fits).map(|(name, number)| {
            format!(
                r#"{{"name":"{name}","numbers":["{number}"],"organisation":"","id":"{number}"}}"#
            )
        });
        Ok(format!("[{}]", found.collect::<Vec<_>>().join(",")))
    }
}

plugin::export_directory!(Mine);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_found_by_name_and_by_number() {
        assert!(
            Mine.search(r#"{"text":"bo","limit":5}"#)
                .unwrap()
                .contains("Bob")
        );
        assert!(
            Mine.search(r#"{"number":"103","limit":1}"#)
                .unwrap()
                .contains("Carol")
        );
        assert_eq!(Mine.search("{}").unwrap(), "[]");
    }
}
