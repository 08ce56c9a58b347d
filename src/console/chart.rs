//! Charts as numbers for SVG: the server draws, no script has to.

/// Width of the box that charts are drawn in; its height is each chart's own.
pub const WIDTH: f64 = 720.0;

/// One bar of stacked parts.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    pub x: f64,
    pub width: f64,
    /// From the bottom up: the class of the part, its top and its height.
    pub parts: Vec<(&'static str, f64, f64)>,
    /// What the bar says when it is pointed at.
    pub title: String,
}

/// What a bar is made of.
pub struct Stack {
    pub title: String,
    pub parts: Vec<(&'static str, u64)>,
}

/// The bars of `stacks`, the tallest `height` high; and how much the tallest stands for.
pub fn stacked(stacks: &[Stack], height: f64) -> (Vec<Bar>, u64) {
    let sum = |stack: &Stack| stack.parts.iter().map(|(_, count)| count).sum::<u64>();
    let most = stacks.iter().map(sum).max().unwrap_or(0);
    let scale = height / as_float(most.max(1));
    let step = WIDTH / as_float(stacks.len().max(1) as u64);
    let mut bars = Vec::new();
    for (nth, stack) in stacks.iter().enumerate() {
        let mut top = height;
        let mut parts = Vec::new();
        for (class, count) in &stack.parts {
            let tall = round(as_float(*count) * scale);
            if *count > 0 {
                top -= tall;
                parts.push((*class, round(top), tall));
            }
        }
        bars.push(Bar {
            x: round(as_float(nth as u64) * step),
            width: round((step - 2.0).max(1.0)),
            parts,
            title: stack.title.clone(),
        });
    }
    (bars, most)
}

/// The corners of a line through `values`, in a box of this width and height; the greatest value touches its top.
pub fn line(values: &[u64], (width, height): (f64, f64)) -> String {
    let most = as_float(values.iter().copied().max().unwrap_or(0).max(1));
    let step = width / as_float(values.len().saturating_sub(1).max(1) as u64);
    let corner = |(nth, value): (usize, &u64)| {
        let x = round(as_float(nth as u64) * step);
        let y = round(height - as_float(*value) / most * height);
        format!("{x},{y}")
    };
    let corners: Vec<String> = values.iter().enumerate().map(corner).collect();
    corners.join(" ")
}

/// Tenths are enough for a screen, and keep the page short.
fn round(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a length on a screen; beyond 2^53 the last digit does not matter"
)]
fn as_float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::{Stack, line, stacked};

    #[test]
    fn parts_stand_on_each_other_and_the_tallest_fills_the_height() {
        let stack = |good, bad| Stack {
            title: String::new(),
            parts: vec![("good", good), ("bad", bad)],
        };
        let (bars, most) = stacked(&[stack(3, 1), stack(0, 0), stack(1, 0)], 100.0);
        assert_eq!(most, 4);
        assert_eq!(bars[0].parts, [("good", 25.0, 75.0), ("bad", 0.0, 25.0)]);
        assert_eq!(bars[1].parts, []);
        assert_eq!(bars[2].parts, [("good", 75.0, 25.0)]);
        assert_eq!((bars[2].x, bars[2].width), (480.0, 238.0));
        assert_eq!(stacked(&[], 100.0).1, 0);
        assert_eq!(line(&[0, 4, 2], (100.0, 20.0)), "0,20 50,0 100,10");
        assert_eq!(line(&[], (100.0, 20.0)), "");
    }
}
