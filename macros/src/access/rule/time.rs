//! The time in `fresh("10m")`.

use syn::LitInt;

fn unit(sign: char) -> Option<u64> {
    Some(match sign {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    })
}

/// The seconds in `"10m"`: a whole number and a unit.
pub(super) fn seconds(text: &str) -> Option<u64> {
    let sign = text.chars().next_back()?;
    let digits = text.strip_suffix(sign)?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // A larger number would be an age that no clock measures.
    digits.parse::<u32>().ok().and_then(|number| u64::from(number).checked_mul(unit(sign)?))
}

/// The time that a text was probably meant to be: `10m` for `10 minutes`.
pub(super) fn nearest_time(text: &str) -> String {
    let text = text.trim().to_lowercase();
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = text.strip_suffix(rest).unwrap_or_default();
    let sign = rest.trim_start().chars().next().unwrap_or('m');
    let corrected = format!("{digits}{sign}");
    let is_time = seconds(&corrected).is_some_and(|seconds| seconds > 0);
    if is_time { corrected } else { "10m".to_owned() }
}

/// The help for a number without quotes.
pub(super) fn in_quotes(number: &LitInt) -> String {
    let digits = number.base10_digits();
    match number.suffix() {
        unit @ ("s" | "m" | "h" | "d") => format!("write fresh(\"{digits}{unit}\")"),
        _ => format!("write fresh(\"{digits}m\") for minutes; `s`, `h` and `d` are seconds, hours and days"),
    }
}
