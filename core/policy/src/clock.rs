//! Weekdays and times of day, computed from what the caller says it is. Nothing here reads a clock.

/// Minutes of a day.
const DAY: i64 = 24 * 60;
/// 1970-01-01 was a Thursday; Monday is 0.
const FIRST_WEEKDAY: i64 = 3;

/// A minute as the person's clock shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Minutes since 1970-01-01 00:00 UTC.
    utc_minutes: i64,
    /// How far the machine's local time is ahead of UTC. Unit: minutes.
    local_offset: i64,
}

impl Moment {
    /// The minute of a Unix time. `local_offset_min`: how far local time is ahead of UTC just then.
    pub const fn new(unix_ms: i64, local_offset_min: i32) -> Self {
        Self {
            utc_minutes: unix_ms.div_euclid(60_000),
            local_offset: local_offset_min as i64,
        }
    }

    /// Weekday and minute of the day where `offset_min` is the distance to UTC; without one the machine's own.
    pub(crate) fn read(self, offset_min: Option<i32>) -> (Weekday, TimeOfDay) {
        let offset = offset_min.map_or(self.local_offset, i64::from);
        let minutes = self.utc_minutes + offset;
        let day = minutes.div_euclid(DAY) + FIRST_WEEKDAY;
        let weekday = Weekday(day.rem_euclid(7) as u8);
        (weekday, TimeOfDay(minutes.rem_euclid(DAY) as u16))
    }
}

/// A day of the week; Monday is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Weekday(u8);

impl Weekday {
    /// The day before.
    pub(crate) const fn before(self) -> Self {
        Self((self.0 + 6) % 7)
    }
}

/// Days on which something holds. Source: K-096: 1 Monday, 2 Tuesday, … 64 Sunday, summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weekdays(u8);

/// As they are written, Monday first.
const NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl Weekdays {
    /// Every day.
    pub const ALL: Self = Self(127);

    /// From the sum of the days' bits. Range: 0 to 127.
    pub const fn from_mask(mask: u8) -> Option<Self> {
        if mask < 128 { Some(Self(mask)) } else { None }
    }

    /// Reads a sum, or names such as `mon-fri`, `sat+sun`, `daily`.
    pub fn read(text: &str) -> Option<Self> {
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
            return Self::from_mask(text.parse().ok()?);
        }
        let text = text.to_ascii_lowercase();
        if text == "daily" {
            return Some(Self::ALL);
        }
        let place = |name: &str| NAMES.iter().position(|known| *known == name);
        let mut mask = 0;
        for part in text.split('+') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (mut day, last) = (place(first)?, place(last)?);
            mask |= 1 << day;
            while day != last {
                day = (day + 1) % 7;
                mask |= 1 << day;
            }
        }
        Self::from_mask(mask)
    }

    pub(crate) const fn has(self, day: Weekday) -> bool {
        self.0 & (1 << day.0) != 0
    }
}

/// A minute of the day. Range: 00:00 to 23:59.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay(u16);

impl TimeOfDay {
    /// Reads `HH:MM`.
    pub fn read(text: &str) -> Option<Self> {
        let (hours, minutes) = text.split_once(':')?;
        let number = |text: &str, below: u16| {
            let two = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
            let number: u16 = text.parse().ok()?;
            (two && number < below).then_some(number)
        };
        Some(Self(number(hours, 24)? * 60 + number(minutes, 60)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unix_time_is_a_minute_of_a_weekday() {
        // 2026-11-23 was a Monday; 07:30:59 UTC.
        let moment = Moment::new(1_795_419_059_000, -60);
        let half_past_seven = TimeOfDay(7 * 60 + 30);
        assert_eq!(moment.read(Some(0)), (Weekday(0), half_past_seven));
        assert_eq!(moment.read(None), (Weekday(0), TimeOfDay(6 * 60 + 30)));
        let sunday = moment.read(Some(-8 * 60));
        assert_eq!(sunday, (Weekday(6), TimeOfDay(23 * 60 + 30)));
        assert_eq!(Weekday(0).before(), Weekday(6));
        assert_eq!(Moment::new(0, 0).read(None), (Weekday(3), TimeOfDay(0)));
    }

    /// K-094, K-095: HH:MM of 24 hours, and nothing else.
    #[test]
    fn times_are_hours_and_minutes() {
        assert_eq!(TimeOfDay::read("00:00"), Some(TimeOfDay(0)));
        assert_eq!(TimeOfDay::read("23:59"), Some(TimeOfDay(1439)));
        for wrong in ["24:00", "8:00am", "8:00", "12:60", "", "+1:00", "12:3x"] {
            assert_eq!(TimeOfDay::read(wrong), None, "{wrong}");
        }
    }

    /// K-096: sums of days and their names.
    #[test]
    fn weekdays_are_sums_or_names() {
        for (text, mask) in [
            ("31", 31),
            ("0", 0),
            ("127", 127),
            ("mon-fri", 31),
            ("Sat+Sun", 96),
            ("sat-mon", 97),
            ("tue", 2),
            ("daily", 127),
        ] {
            assert_eq!(Weekdays::read(text), Some(Weekdays(mask)), "{text}");
        }
        for wrong in ["128", "-1", "", "monday", "mon-", "300"] {
            assert_eq!(Weekdays::read(wrong), None, "{wrong}");
        }
    }
}
