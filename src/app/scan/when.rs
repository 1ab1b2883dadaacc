//! Times as people and logs write them, as moments.

use crate::framing::Stamp;
use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use std::cell::Cell;
use std::time::SystemTime;

/// The zone of stamps and times that name none.
#[derive(Debug, Clone)]
pub struct Zone {
    zone: TimeZone,
    /// The last minute of which it was asked, since 1970 as a clock shows it, and how far that clock is ahead of UTC, in
    /// milliseconds: the lines of a log follow each other closely.
    last: Cell<Option<(i64, i64)>>,
}

/// A minute in milliseconds: the clocks of a zone are not changed within one.
const MINUTE: i64 = 60_000;

impl From<TimeZone> for Zone {
    fn from(zone: TimeZone) -> Self {
        Self { zone, last: Cell::new(None) }
    }
}

impl Zone {
    /// The zone of this machine (`TZ`, `/etc/localtime`).
    #[must_use]
    pub fn local() -> Self {
        TimeZone::system().into()
    }

    /// The zone with a name: `UTC`, `local`, `Asia/Shanghai`, `+08:00`.
    ///
    /// # Errors
    /// When there is none.
    pub fn named(name: &str) -> Result<Self, String> {
        if name.eq_ignore_ascii_case("local") {
            return Ok(Self::local());
        }
        let zone = if name.eq_ignore_ascii_case("utc") || name == "Z" {
            Ok(TimeZone::UTC)
        } else {
            jiff::fmt::temporal::DateTimeParser::new().parse_time_zone(name)
        };
        zone.map(Self::from).map_err(|_| format!("{name:?} is no time zone; write UTC, local, +08:00 or Asia/Shanghai"))
    }

    /// The moment of a stamp, in milliseconds since 1970.
    #[must_use]
    #[inline]
    pub fn moment(&self, stamp: Stamp) -> i64 {
        if stamp.zoned {
            return stamp.millis;
        }
        let minute = stamp.millis.div_euclid(MINUTE);
        match self.last.get() {
            Some((last, ahead)) if last == minute => stamp.millis - ahead,
            _ => self.look_up(stamp, minute),
        }
    }

    fn look_up(&self, stamp: Stamp, minute: i64) -> i64 {
        let moment = Timestamp::from_millisecond(stamp.millis)
            .and_then(|written| self.zone.to_timestamp(TimeZone::UTC.to_datetime(written)))
            .map_or(stamp.millis, Timestamp::as_millisecond);
        self.last.set(Some((minute, stamp.millis - moment)));
        moment
    }

    /// What a clock in this zone shows at a moment, as a stamp without zone.
    #[must_use]
    pub fn shown(&self, moment: i64) -> Stamp {
        let shown = Timestamp::from_millisecond(moment)
            .and_then(|moment| TimeZone::UTC.to_timestamp(self.zone.to_datetime(moment)))
            .map_or(moment, Timestamp::as_millisecond);
        Stamp { millis: shown, zoned: false }
    }

    /// The moment that a text means, in milliseconds since 1970: how long ago (`90m`, `1h`, `2d`), a date (its first
    /// moment), a date and time, or a time of day (the last one before `now`).
    ///
    /// # Errors
    /// When it means none.
    pub fn parse(&self, text: &str, now: SystemTime) -> Result<i64, String> {
        let text = text.trim();
        let now = Timestamp::try_from(now).map_err(|error| error.to_string())?;
        let ago =
            humantime::parse_duration(text).ok().filter(|_| text.ends_with(|end: char| end.is_ascii_alphabetic()));
        if let Some(ago) = ago.and_then(|ago| i64::try_from(ago.as_millis()).ok()) {
            return Ok(now.as_millisecond().saturating_sub(ago));
        }
        // in this order: each of the later ones would take what is before it, and forget its zone or its day
        let moment = if let Ok(moment) = text.parse::<Timestamp>() {
            Ok(moment)
        } else if let Ok(written) = text.parse::<DateTime>() {
            self.zone.to_timestamp(written) // a date is its first moment
        } else if let Ok(time) = text.parse::<Time>() {
            self.today(time, now)
        } else {
            return Err(format!(
                "{text:?} is no time; write how long ago (90m, 1h, 2d), 13:00, 2026-11-22, 2026-11-22T13:00 or \
                 2026-11-22T13:00:00Z"
            ));
        };
        moment.map(Timestamp::as_millisecond).map_err(|error| error.to_string())
    }

    fn today(&self, time: Time, now: Timestamp) -> Result<Timestamp, jiff::Error> {
        let today = self.zone.to_datetime(now).date();
        let moment = self.zone.to_timestamp(today.to_datetime(time))?;
        if moment <= now { Ok(moment) } else { self.zone.to_timestamp(today.checked_sub(1.day())?.to_datetime(time)) }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn moment(zone: &str, text: &str) -> Result<String, String> {
        let now: Timestamp = "2026-11-22T13:00:00Z".parse().unwrap();
        let millis = Zone::named(zone)?.parse(text, now.into())?;
        Ok(Timestamp::from_millisecond(millis).unwrap().to_string())
    }

    #[test]
    fn times_as_people_write_them() {
        for (zone, text, wanted) in [
            ("UTC", "1h", "2026-11-22T12:00:00Z"),
            ("UTC", "1h 30m", "2026-11-22T11:30:00Z"),
            ("+08:00", "2d", "2026-11-20T13:00:00Z"),
            ("+08:00", "2026-11-22", "2026-11-21T16:00:00Z"),
            ("+08:00", "2026-11-22T13:00", "2026-11-22T05:00:00Z"),
            ("+08:00", "2026-11-22 13:00:05", "2026-11-22T05:00:05Z"),
            ("+08:00", "2026-11-22T13:00:05.5Z", "2026-11-22T13:00:05.5Z"),
            ("UTC", "2026-11-22T13:00:05+08:00", "2026-11-22T05:00:05Z"),
            ("+08:00", "2026-11-03T14:00", "2026-11-03T06:00:00Z"),
            ("UTC", "2026-11-03 14:00:05", "2026-11-03T14:00:05Z"),
            ("UTC", "2026-11-03T14:00:05Z", "2026-11-03T14:00:05Z"),
            ("UTC", "2026-11-03", "2026-11-03T00:00:00Z"),
            ("UTC", "12:30", "2026-11-22T12:30:00Z"),
            ("UTC", "23:00", "2026-11-21T23:00:00Z"),
            ("+08:00", "20:59", "2026-11-22T12:59:00Z"),
        ] {
            assert_eq!(moment(zone, text).as_deref(), Ok(wanted), "{zone} {text}");
        }
    }

    #[test]
    fn what_is_no_time_is_said() {
        for text in ["yesterday", "", "5", "2026-13-01", "2026-13-01T12:00", "2026-11-31 12:00:05", "22/11/2026"] {
            assert!(moment("UTC", text).unwrap_err().contains("is no time; write"), "{text}");
        }
        assert!(moment("Mars", "1h").unwrap_err().contains("\"Mars\" is no time zone"));
    }

    #[test]
    fn stamps_without_a_zone_are_of_this_one() {
        let zone = Zone::named("+08:00").unwrap();
        let stamp = Stamp { millis: 8 * 3_600_000, zoned: false };
        assert_eq!(zone.moment(stamp), 0);
        assert_eq!(zone.shown(0), stamp);
        assert_eq!(zone.moment(Stamp { zoned: true, ..stamp }), stamp.millis);
    }
}
