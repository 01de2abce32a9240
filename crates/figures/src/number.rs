//! Numbers as a reader reads them: few digits, a true minus, never `-0.00`.

use attnscope_words::words;

/// Three significant digits or so: `0.92`, `−1.3`, `128`, `1.3e−4`.
pub fn number(x: f32) -> String {
    if !x.is_finite() {
        return not_finite(x);
    }
    let size = x.abs();
    let text = match size {
        0.0 => "0".into(),
        s if !(0.000_995..99_999.5).contains(&s) => format!("{x:.1e}"),
        s if s < 0.0995 => format!("{x:.3}"),
        s if s < 9.995 => format!("{x:.2}"),
        s if s < 99.95 => format!("{x:.1}"),
        _ => format!("{x:.0}"),
    };
    text.replace('-', "−")
}

/// A chosen or round number, in as few digits as possible: `2`, `0.5`, `−10`.
pub fn brief(x: f32) -> String {
    let text = if x.fract() == 0.0 && x.abs() < 1e4 { fixed(x, 0) } else { number(x) };
    if text.contains('.') && !text.contains('e') { text.trim_end_matches('0').into() } else { text }
}

/// With exactly `decimals` digits after the point; a number that rounds to 0 has no sign.
pub fn fixed(x: f32, decimals: usize) -> String {
    if !x.is_finite() {
        return not_finite(x);
    }
    let text = format!("{x:.decimals$}");
    let zero = text.trim_start_matches('-').chars().all(|c| matches!(c, '0' | '.'));
    if zero { text.trim_start_matches('-').into() } else { text.replace('-', "−") }
}

/// A share of 1: `92 %`, `3.2 %`, `0.04 %`, `< 0.01 %`. The space is narrow and does not break.
pub fn percent(p: f32) -> String {
    if !p.is_finite() {
        return not_finite(p);
    }
    let x = f64::from(p) * 100.0;
    let text = match x.abs() {
        0.0 => "0".into(),
        s if s < 0.01 => return "<\u{202f}0.01\u{202f}%".into(),
        s if s < 0.995 => format!("{x:.2}"),
        s if s < 9.95 => format!("{x:.1}"),
        // 99.6 must not be shown as 100.
        s if s > 99.5 && s < 99.95 => format!("{x:.1}"),
        s if (99.95..100.0).contains(&s) && p < 1.0 => "> 99.9".into(),
        _ => format!("{x:.0}"),
    };
    format!("{}\u{202f}%", text.replace('-', "−").replace(' ', "\u{202f}"))
}

/// [`percent`] as it is spoken: without decimals from 1 % on.
pub fn whole_percent(p: f32) -> String {
    if (0.01..0.99).contains(&p) { format!("{:.0}\u{202f}%", p * 100.0) } else { percent(p) }
}

/// A count with thousands separators: `49,152`. Where a comma is read as a decimal point, they are narrow spaces.
pub fn count(n: usize) -> String {
    let digits = n.to_string();
    let mark = if attnscope_words::spoken().is_none() { ',' } else { '\u{202f}' };
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(mark);
        }
        out.push(c);
    }
    out
}

/// `1 token`, `4 tokens`. Another language's table has both words.
pub fn plural(n: usize, noun: &str) -> String {
    let word = if n == 1 { noun.to_owned() } else { format!("{noun}s") };
    let own = attnscope_words::spoken().and_then(|language| language.get(&word));
    format!("{} {}", count(n), own.unwrap_or(&word))
}

fn not_finite(x: f32) -> String {
    match x {
        x if x.is_nan() => words!("not a number").into(),
        x if x > 0.0 => "∞".into(),
        _ => "−∞".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        let shown: Vec<_> = [0.0, 0.92, -1.25, 12.345, 128.4, 0.00013, -0.05, f32::NEG_INFINITY].map(number).into();
        assert_eq!(shown, ["0", "0.92", "−1.25", "12.3", "128", "1.3e−4", "−0.050", "−∞"]);
        assert_eq!([0.0, 0.5, -10.0, 2.25, 123456.0].map(brief), ["0", "0.5", "−10", "2.25", "1.2e5"]);
        assert_eq!(fixed(-0.001, 2), "0.00");
        assert_eq!(fixed(-0.126, 2), "−0.13");
    }

    #[test]
    fn percents() {
        let shown: Vec<_> = [0.0, 0.92, 0.0325, 0.0004, 1e-9, 0.996, 0.999_99, 1.0].map(percent).into();
        let plain: Vec<_> = shown.iter().map(|s| s.replace('\u{202f}', " ")).collect();
        assert_eq!(plain, ["0 %", "92 %", "3.2 %", "0.04 %", "< 0.01 %", "99.6 %", "> 99.9 %", "100 %"]);
    }

    #[test]
    fn counts() {
        assert_eq!([1, 999, 1000, 49152, 1234567].map(count), ["1", "999", "1,000", "49,152", "1,234,567"]);
    }
}
