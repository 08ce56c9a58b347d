//! Times as people read them: in their zone, the machine's form beside it.

use askama::filters::Safe;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A `<time>` element: `24 Nov 10:03:12` would need a language, `2026-11-24 10:03:12` needs none.
pub fn element(at: Timestamp, zone: &TimeZone) -> Safe<String> {
    let shown = shown(at, zone);
    let exact = at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    Safe(format!("<time datetime=\"{exact}\">{shown}</time>"))
}

/// A time as text, in the reader's zone.
pub fn shown(at: Timestamp, zone: &TimeZone) -> String {
    let there = at.to_zoned_datetime(zone.clone());
    there.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// A length of time in one unit: `240 ms`, `3.2 s`, `14 min`, `3 h`, `12 d`.
pub fn length(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        60_000..3_600_000 => format!("{} min", ms / 60_000),
        3_600_000..172_800_000 => format!("{} h", ms / 3_600_000),
        _ => format!("{} d", ms / 86_400_000),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::tz::TimeZone;

    use super::{element, length};

    #[test]
    fn times_stand_in_the_readers_zone() {
        let at: Timestamp = "2026-11-24T09:03:12.5Z".parse().unwrap();
        let madrid = TimeZone::get("Europe/Madrid").unwrap();
        assert_eq!(
            element(at, &madrid).0,
            "<time datetime=\"2026-11-24T09:03:12Z\">2026-11-24 10:03:12</time>"
        );
    }

    #[test]
    fn lengths_have_one_unit() {
        for (ms, expected) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (3_249, "3.2 s"),
            (119_000, "1 min"),
            (7_200_000, "2 h"),
            (259_200_000, "3 d"),
        ] {
            assert_eq!(length(ms), expected);
        }
    }
}
