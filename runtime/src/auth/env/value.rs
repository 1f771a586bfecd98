//! The values of variables, and what people write into them by mistake.

use std::time::Duration;

use http::Uri;

use crate::token::is_unexpanded;

/// Why a value is refused: what the variable has to be, and what it is where that can be told.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    pub(super) expected: &'static str,
    pub(super) found: Option<&'static str>,
}

impl Mistake {
    fn is(expected: &'static str, found: &'static str) -> Self {
        Self { expected, found: Some(found) }
    }
}

/// Refuses quotes around a value, which shells take away and files of variables may keep, and a reference that was never replaced.
pub(super) fn text(value: &str, expected: &'static str) -> Result<String, Mistake> {
    let is_quoted = ['"', '\'', '`']
        .iter()
        .any(|quote| value.len() > 1 && value.starts_with(*quote) && value.ends_with(*quote));
    if is_quoted {
        return Err(Mistake::is(expected, "in quotes: leave them out"));
    }
    if is_unexpanded(value.as_bytes()) || value.contains("${") || value.contains("{{") || value.contains("$(")
    {
        return Err(Mistake::is(expected, "a placeholder that was never replaced"));
    }
    Ok(value.to_owned())
}

const URL: &str = "a URL such as https://api.example.com, without query and fragment";

/// The URL of an issuer (RFC 8414 section 2); `http` is for development.
pub(super) fn url(value: &str) -> Result<String, Mistake> {
    let value = text(value, URL)?;
    if is_url(&value) {
        return Ok(value);
    }
    let found = match value.as_str() {
        value if value.contains([' ', '\t', '#']) => {
            Some("more than a URL: remove blanks, comments and fragments")
        }
        value if value.contains([',', ';', '|']) => Some("a list: a server has one issuer"),
        value if value.contains('@') => Some("a URL with a user, or an address of mail"),
        value if value.contains('?') => Some("a URL with a query"),
        value if !value.contains("://") && value.contains(['.', ':']) => {
            Some("without a scheme: write https:// in front")
        }
        _ => None,
    };
    Err(Mistake { expected: URL, found })
}

/// Whether the text can name this server: a scheme and a host, without user, query, fragment and blanks.
pub(in crate::auth) fn is_url(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else { return false };
    let is_plain =
        !text.contains(['#', '?', '@', ',', ';', '|', '\\', '"', '\'', '<', '>', '{', '}', '`', '^']);
    matches!(uri.scheme_str(), Some("https" | "http"))
        && uri.host().is_some_and(|host| !host.is_empty())
        && is_plain
}

const LIST: &str = "one audience, or several with commas between them";

/// The names between commas.
pub(super) fn list(value: &str) -> Result<Vec<String>, Mistake> {
    if value.starts_with('[') {
        return Err(Mistake::is(LIST, "a list in brackets: leave brackets and quotes out"));
    }
    let names = value.split(',').map(str::trim).filter(|name| !name.is_empty());
    let names = names.map(|name| text(name, LIST)).collect::<Result<Vec<_>, _>>()?;
    let holds = |mistakes: &[char]| names.iter().any(|name| name.contains(mistakes));
    if names.is_empty() {
        Err(Mistake::is(LIST, "separators alone"))
    } else if holds(&['#']) {
        Err(Mistake::is(LIST, "with a comment behind it: put the comment on a line of its own"))
    } else if holds(&[';', '|', ' ', '\t', '\n']) {
        Err(Mistake::is(LIST, "with other separators"))
    } else {
        Ok(names)
    }
}

pub(super) fn seconds(value: &str) -> Result<Duration, Mistake> {
    number(
        value,
        "a whole number of seconds",
        "with a unit: write the seconds alone, as in 900 for a quarter of an hour",
    )
    .map(Duration::from_secs)
}

pub(super) fn bytes(value: &str) -> Result<usize, Mistake> {
    let expected = "a whole number of bytes";
    let bytes = number(value, expected, "with a unit: write the bytes alone, as in 8192")?;
    usize::try_from(bytes).map_err(|_| Mistake::is(expected, TOO_LARGE))
}

pub(super) fn count(value: &str) -> Result<u32, Mistake> {
    let expected = "a whole number, and is left out for no limit";
    let count = number(value, expected, "with a word behind it: write the number alone")?;
    u32::try_from(count).map_err(|_| Mistake::is(expected, TOO_LARGE))
}

const TOO_LARGE: &str = "too large";

fn number(value: &str, expected: &'static str, with_unit: &'static str) -> Result<u64, Mistake> {
    let value = text(value, expected)?;
    let unsigned = value.strip_prefix(['-', '\u{2212}']).unwrap_or(&value);
    let starts_with_digit = unsigned.starts_with(|first: char| first.is_ascii_digit());
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let found = if is_digits(&value) {
        // Digits that do not fit are the only ones that fail.
        return value.parse().map_err(|_| Mistake::is(expected, TOO_LARGE));
    } else if value.contains('#') {
        Some("with a comment behind it: put the comment on a line of its own")
    } else if unsigned.len() < value.len() && starts_with_digit {
        Some("negative")
    } else if is_digits(&value.replace([',', '_', '\'', ' ', '\u{a0}', '\u{202f}'], "")) {
        Some("with separators: write the digits alone")
    } else if value.parse::<f64>().is_ok_and(f64::is_finite) {
        Some("a number with a point or an exponent")
    } else if starts_with_digit && value.starts_with("0x") {
        Some("in hexadecimal digits")
    } else if starts_with_digit || is_iso_duration(&value) {
        Some(with_unit)
    } else if value.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        Some("a word: write a number, or leave the variable out")
    } else {
        None
    };
    Err(Mistake { expected, found })
}

/// `PT15M`, `P30D`: a duration of ISO 8601.
fn is_iso_duration(value: &str) -> bool {
    let rest = value.strip_prefix(['P', 'p']).unwrap_or_default();
    rest.contains(|digit: char| digit.is_ascii_digit())
        && rest.chars().all(|it| it.is_ascii_alphanumeric() || it == '.')
}
