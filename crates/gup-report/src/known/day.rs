//! Days of the calendar, as far as an end date needs them.

use std::fmt;

/// A day; ordered as days are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day {
    pub year: u16,
    pub month: u8,
    pub day: u8,
}

impl Day {
    /// In UTC. `seconds`: since 1970. The arithmetic is "civil_from_days" of howardhinnant.github.io/date_algorithms.html.
    pub fn of_seconds(seconds: u64) -> Day {
        let days = seconds / 86_400 + 719_468;
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        // Months from March, so that the leap day is the last.
        let from_march = (5 * day_of_year + 2) / 153;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = year_of_era + era * 400 + u64::from(month <= 2);
        Day { year: year as u16, month: month as u8, day: (day_of_year - (153 * from_march + 2) / 5 + 1) as u8 }
    }

    /// `2027-03-01`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Day> {
        let mut parts = text.split('-');
        let mut number = |digits: usize| parts.next().filter(|part| part.len() == digits)?.parse::<u16>().ok();
        let (year, month, day) = (number(4)?, number(2)?, number(2)?);
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let length = match month {
            2 => 28 + u16::from(is_leap),
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        let is_day = parts.next().is_none() && (1..=length).contains(&day);
        is_day.then_some(Day { year, month: month as u8, day: day as u8 })
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::Day;

    #[test]
    fn seconds_become_days_and_texts_too() {
        for (seconds, text) in [
            (0, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (1_795_651_199, "2026-11-25"),
            (1_795_651_200, "2026-11-26"),
            (4_107_542_400, "2100-03-01"),
        ] {
            assert_eq!(Day::of_seconds(seconds).to_string(), text);
            assert_eq!(Day::parse(text), Some(Day::of_seconds(seconds)));
        }
        for wrong in ["2026-02-29", "2026-13-01", "26-01-01", "2026-01-01x", "2026-1-1", ""] {
            assert_eq!(Day::parse(wrong), None, "{wrong}");
        }
    }
}
