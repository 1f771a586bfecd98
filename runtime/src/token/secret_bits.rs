//! Secrets whose form says that they hold fewer random bits than characters: UUIDs, hexadecimal text, numbers.

/// RFC 9562 section 5.4: version and variant take six of the 128.
const BITS_OF_A_UUID: usize = 122;
const UUID_CHARS: usize = 36;

/// Text beside a UUID counts as random only from this length on. A shorter one is a name, such as `jwt-secret:`.
const SHORTEST_RANDOM_REST: usize = 22;

/// Returns what the text is and the most random bits that it can hold; `None` for any other form.
///
/// 32 random bytes have such a form once in 10^26, and base64 of them once in 10^18. 64 random digits are a number once in 10^13. UUIDs
/// without dashes cannot be told from hexadecimal text.
pub(super) fn bits_of(text: &[u8]) -> Option<(&'static str, usize)> {
    let text = text.trim_ascii();
    bits_of_uuids(text).or_else(|| bits_of_digits(text))
}

fn bits_of_uuids(text: &[u8]) -> Option<(&'static str, usize)> {
    let (mut rest, mut others, mut uuids) = (text, 0, 0);
    while let Some(first) = rest.first() {
        if rest.get(..UUID_CHARS).is_some_and(is_uuid) {
            (rest, uuids) = (&rest[UUID_CHARS..], uuids + 1);
        } else if rest.get(..9).is_some_and(|name| name.eq_ignore_ascii_case(b"urn:uuid:")) {
            rest = &rest[9..];
        } else {
            others += usize::from(first.is_ascii_alphanumeric());
            rest = &rest[1..];
        }
    }
    let random_rest = if others < SHORTEST_RANDOM_REST { 0 } else { others * 6 };
    let shape = if uuids == 1 { "a UUID" } else { "UUIDs" };
    (uuids > 0).then_some((shape, uuids * BITS_OF_A_UUID + random_rest))
}

fn is_uuid(text: &[u8]) -> bool {
    text.iter().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    })
}

fn bits_of_digits(text: &[u8]) -> Option<(&'static str, usize)> {
    let text = text.strip_prefix(b"0x").or_else(|| text.strip_prefix(b"0X")).unwrap_or(text);
    let is_separator = |byte: &u8| {
        matches!(byte, b'-' | b':' | b'_' | b'.' | b',' | b'{' | b'}') || byte.is_ascii_whitespace()
    };
    let digits = || text.iter().filter(|byte| !is_separator(byte));
    let count = digits().count();
    if count == 0 || !digits().all(u8::is_ascii_hexdigit) {
        None
    } else if digits().all(u8::is_ascii_digit) {
        Some(("a number", count * 3322 / 1000))
    } else {
        Some(("hexadecimal text", count * 4))
    }
}
