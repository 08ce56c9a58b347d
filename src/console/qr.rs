//! QR codes as drawings.

use qrcodegen::{QrCode, QrCodeEcc};

/// Modules of white around a code (ISO/IEC 18004).
const QUIET: i32 = 4;

/// A code as one path over a white square.
pub struct Drawing {
    /// Modules of a side, with the white around them.
    pub side: i32,
    /// Every run of dark modules in a row, as the `d` of an SVG path.
    pub dark: String,
}

/// The code of a text; `None` when it is too long for one.
pub fn of(text: &str) -> Option<Drawing> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let mut dark = String::new();
    for y in 0..code.size() {
        let mut x = 0;
        while x < code.size() {
            let run = (x..code.size()).take_while(|x| code.get_module(*x, y));
            let run = i32::try_from(run.count()).unwrap_or(0);
            if run > 0 {
                let (left, top) = (x + QUIET, y + QUIET);
                dark.push_str(&format!("M{left} {top}h{run}v1h-{run}z"));
            }
            x += run + 1;
        }
    }
    Some(Drawing {
        side: code.size() + 2 * QUIET,
        dark,
    })
}

#[cfg(test)]
mod tests {
    use qrcodegen::{QrCode, QrCodeEcc};

    use super::{QUIET, of};

    #[test]
    fn every_dark_module_is_drawn_and_no_other() {
        let text =
            "otpauth://totp/Frontdesk:ana?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Frontdesk";
        let drawing = of(text).unwrap();
        let code = QrCode::encode_text(text, QrCodeEcc::Medium).unwrap();
        assert_eq!(drawing.side, code.size() + 2 * QUIET);
        let mut drawn = Vec::new();
        for run in drawing.dark.split('M').skip(1) {
            let numbers: Vec<i32> = run
                .split([' ', 'h', 'v', 'z'])
                .filter_map(|number| number.parse().ok())
                .collect();
            let (left, top, long) = (numbers[0], numbers[1], numbers[2]);
            drawn.extend((left..left + long).map(|x| (x - QUIET, top - QUIET)));
        }
        let size = 0..code.size();
        let mut dark: Vec<(i32, i32)> = Vec::new();
        for y in size.clone() {
            dark.extend(
                size.clone()
                    .filter(|x| code.get_module(*x, y))
                    .map(|x| (x, y)),
            );
        }
        assert_eq!(drawn, dark);
        assert!(of(&"long".repeat(2_000)).is_none());
    }
}
