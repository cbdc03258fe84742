//! Numbers of directories and links in the form in which they can be dialled from here (M-063).

use crate::number::plain;

/// Longest that an E.164 number may be. Unit: digits. Source: ITU-T E.164 §6.
const E164: usize = 15;

/// Where a phone stands, as far as dialling goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// Such as `49`; never empty.
    pub country_code: String,
    /// Such as `711`, without the national prefix; may be empty.
    pub area_code: String,
    /// Before calls inside the country: `0`, `1`, or nothing.
    pub national_prefix: String,
    /// Before calls to other countries: `00`, `011`.
    pub international_prefix: String,
    /// Before every call that leaves the house: `0`, `9`, or nothing.
    pub trunk_access: String,
    /// Numbers up to this length are of the house. Unit: digits.
    pub own_number_length: usize,
}

impl Location {
    /// A German desk behind a PBX with `0` for the outside; for tests and examples.
    pub fn germany(area_code: &str) -> Self {
        Self {
            country_code: "49".to_owned(),
            area_code: area_code.to_owned(),
            national_prefix: "0".to_owned(),
            international_prefix: "00".to_owned(),
            trunk_access: "0".to_owned(),
            own_number_length: 4,
        }
    }

    /// The number as E.164, `+` and digits. `None`: it is of the house, a service code, or no number.
    pub fn e164(&self, written: &str) -> Option<String> {
        let number = plain(&without_optional_zero(written))?;
        if number.contains(['*', '#']) {
            return None;
        }
        let digits = match number.strip_prefix('+') {
            Some(digits) => self.without_national_zero(digits),
            None if number.len() <= self.own_number_length => return None,
            None => self.full(&number),
        };
        (digits.len() <= E164).then(|| format!("+{digits}"))
    }

    /// `+490711`, which is written and means nothing, is `+49711`. Countries without a prefix keep their zeros.
    fn without_national_zero(&self, digits: &str) -> String {
        let country = &self.country_code;
        let own = digits.strip_prefix(country.as_str());
        let rest = own.filter(|_| self.national_prefix == "0");
        match rest.and_then(|rest| behind(rest, "0")) {
            Some(rest) => format!("{country}{rest}"),
            None => digits.to_owned(),
        }
    }

    /// Country code, area code and number of a number without `+`.
    fn full(&self, number: &str) -> String {
        let country = &self.country_code;
        if let Some(rest) = behind(number, &self.international_prefix) {
            return rest.to_owned();
        }
        // In North America a national number has ten digits, and the first is neither 0 nor 1.
        let is_american = country == "1" && number.len() == 10;
        if is_american && !number.starts_with(['0', '1']) {
            return format!("{country}{number}");
        }
        match behind(number, &self.national_prefix) {
            Some(rest) => format!("{country}{rest}"),
            None => format!("{country}{}{number}", self.area_code),
        }
    }

    /// Whether the number leads out of the house: written for outside, or with what is dialled before that (M-114).
    pub fn is_outside(&self, written: &str) -> bool {
        let Some(number) = plain(written) else {
            return false;
        };
        let begins = behind(&number, &self.trunk_access).is_some();
        let is_long = number.len() > self.own_number_length;
        number.starts_with('+') || is_long && (begins || self.e164(written).is_some())
    }

    /// What to dial for a number of a directory or a link. What is of the house, a service code or no number
    /// stays as it is, but for its marks.
    pub fn dial(&self, written: &str) -> String {
        let Some(global) = self.e164(written) else {
            return plain(written).unwrap_or_else(|| written.to_owned());
        };
        let digits = global.trim_start_matches('+');
        let outside = &self.trunk_access;
        match digits.strip_prefix(self.country_code.as_str()) {
            Some(national) => format!("{outside}{}{national}", self.national_prefix),
            None => format!("{outside}{}{digits}", self.international_prefix),
        }
    }
}

/// What stands behind a prefix that is not empty.
fn behind<'a>(number: &'a str, prefix: &str) -> Option<&'a str> {
    let rest = number.strip_prefix(prefix)?;
    (!prefix.is_empty() && !rest.is_empty()).then_some(rest)
}

/// `+49 (0)711` means `+49 711`: the zero is for those who dial inside the country.
fn without_optional_zero(written: &str) -> String {
    match written.trim_start().starts_with('+') {
        true => written.replacen("(0)", "", 1),
        false => written.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_lead_outside_or_stay_in_the_house_m_114() {
        let here = Location::germany("711");
        for (number, outside) in [
            ("101", false),
            ("4711", false),
            ("0071112345", true),
            ("+4971112345", true),
            ("0711 12345", true),
            ("*99*101", false),
            ("sip:bob@pbx.test", false),
            ("bob", false),
            ("", false),
        ] {
            assert_eq!(here.is_outside(number), outside, "{number}");
        }
    }

    fn place(country: &str, area: &str, (national, abroad): (&str, &str), out: &str) -> Location {
        Location {
            country_code: country.to_owned(),
            area_code: area.to_owned(),
            national_prefix: national.to_owned(),
            international_prefix: abroad.to_owned(),
            trunk_access: out.to_owned(),
            own_number_length: 4,
        }
    }

    fn check(location: &Location, table: &[(&str, &str)]) {
        for (written, dialled) in table {
            assert_eq!(location.dial(written), *dialled, "{written}");
        }
    }

    /// M-063: Stuttgart, outside line by 0.
    #[test]
    fn m_063_numbers_as_dialled_in_germany() {
        check(
            &Location::germany("711"),
            &[
                ("+49 711 123456", "00711123456"),
                ("+49 (0)711 123456", "00711123456"),
                ("+490711 123456", "00711123456"),
                ("+49-(711)-123.456", "00711123456"),
                ("0711/123456", "00711123456"),
                ("123456", "00711123456"),
                ("+49 30 8887766", "00308887766"),
                ("030 8887766", "00308887766"),
                ("0049 30 8887766", "00308887766"),
                ("+1 212 555 0100", "00012125550100"),
                ("001 212 555 0100", "00012125550100"),
                ("+44 20 7946 0018", "000442079460018"),
                ("+43 1 53115", "00043153115"),
                ("+49 171 2345678", "001712345678"),
                ("4711", "4711"),
            ],
        );
    }

    /// M-063: New York, outside line by 9.
    #[test]
    fn m_063_numbers_as_dialled_in_the_united_states() {
        check(
            &place("1", "212", ("1", "011"), "9"),
            &[
                ("+1 (212) 555-0100", "912125550100"),
                ("(212) 555-0100", "912125550100"),
                ("1-212-555-0100", "912125550100"),
                ("555-0100", "912125550100"),
                ("+1 415 555 0199", "914155550199"),
                ("415.555.0199", "914155550199"),
                ("1 800 555 0111", "918005550111"),
                ("+49 711 123456", "901149711123456"),
                ("011 49 711 123456", "901149711123456"),
                ("+44 (0)20 7946 0018", "9011442079460018"),
                ("+52 55 1234 5678", "9011525512345678"),
                ("4711", "4711"),
                ("*67", "*67"),
            ],
        );
    }

    /// M-063: London, without a digit for the outside line; 42 numbers in all three places.
    #[test]
    fn m_063_numbers_as_dialled_in_the_united_kingdom() {
        check(
            &place("44", "20", ("0", "00"), ""),
            &[
                ("+44 20 7946 0018", "02079460018"),
                ("+44 (0)20 7946 0018", "02079460018"),
                ("(020) 7946 0018", "02079460018"),
                ("7946 0018", "02079460018"),
                ("+44 161 496 0000", "01614960000"),
                ("0161 496 0000", "01614960000"),
                ("0044 161 496 0000", "01614960000"),
                ("+44 7700 900123", "07700900123"),
                ("07700 900123", "07700900123"),
                ("+49 711 123456", "0049711123456"),
                ("+1 212 555 0100", "0012125550100"),
                ("00 1 212 555 0100", "0012125550100"),
                ("+353 1 496 0000", "0035314960000"),
                ("2001", "2001"),
            ],
        );
    }

    #[test]
    fn names_and_what_is_too_long_for_the_world_stay() {
        let here = Location::germany("");
        assert_eq!(here.dial("alice"), "alice");
        assert_eq!(here.dial("+4912345678901234567"), "+4912345678901234567");
        assert_eq!(here.e164("+49123456789012345"), None);
        assert_eq!(here.dial(""), "");
    }
}
