//! Texts that people pass where a secret or a key belongs.

/// Directories and endings that tell a path from base64, which has `/` too.
const DIRECTORIES: &[&[u8]] = &[
    b"/dev/",
    b"/etc/",
    b"/home/",
    b"/keys/",
    b"/mnt/",
    b"/opt/",
    b"/private/",
    b"/root/",
    b"/run/",
    b"/secrets/",
    b"/srv/",
    b"/tmp/",
    b"/usr/",
    b"/var/",
    b"/vault/",
    b"./",
    b"../",
    b"~/",
    b".\\",
    b"..\\",
    b"\\\\",
];
const ENDINGS: &[&[u8]] = &[
    b".b64", b".cer", b".crt", b".der", b".env", b".jks", b".json", b".jwk", b".key", b".p12", b".p8",
    b".pem", b".pfx", b".ppk", b".priv", b".pub", b".secret", b".txt",
];
const PASSWORD_HASHES: &[&[u8]] = &[
    b"$1$",
    b"$2a$",
    b"$2b$",
    b"$2y$",
    b"$5$",
    b"$6$",
    b"$7$",
    b"$argon2",
    b"$pbkdf2",
    b"$scrypt$",
    b"$y$",
    b"pbkdf2_sha",
    b"scrypt:",
    b"{SSHA",
];
const VAULTS: &[&[u8]] = &[b"arn:aws", b"vault:", b"projects/", b"@Microsoft.KeyVault("];

/// Returns what a text is whose form says that it is no secret; `None` if it may be one.
///
/// Base64 of random bytes is taken for a path below a well-known directory once in 10^7. Every other form has characters that base64
/// and hexadecimal text lack. Raw random bytes are no text: 32 of them are all printable once in 10^13.
pub(super) fn other_than_a_secret(text: &[u8]) -> Option<&'static str> {
    let text = text.trim_ascii();
    if !text.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()) {
        return None;
    }
    let holds = |part: &[u8]| text.windows(part.len()).any(|window| window == part);
    let starts = |beginnings: &[&[u8]]| beginnings.iter().any(|beginning| text.starts_with(beginning));
    if text.starts_with(b"-----BEGIN ") {
        Some("a PEM file, whose key may be public")
    } else if is_ssh_public(text) {
        Some("an SSH public key")
    } else if text.starts_with(b"{") && text.ends_with(b"}") && holds(b"\"kty\"") {
        Some("a JWK, which `Key::from_jwk` takes")
    } else if text.starts_with(b"{\"") && text.ends_with(b"}") {
        Some("JSON")
    } else if is_token(text) {
        Some("a token")
    } else if is_unexpanded(text) {
        Some("a placeholder that was never replaced")
    } else if holds(b"openssl rand") || (text.starts_with(b"$(") && text.ends_with(b")")) {
        Some("a command that was never run")
    } else if starts(PASSWORD_HASHES) {
        Some("the hash of a password")
    } else if is_url(text) {
        Some("a URL")
    } else if starts(VAULTS) {
        Some("the name of a secret in a vault")
    } else if is_path(text) {
        Some("the path of a file")
    } else {
        None
    }
}

pub(super) fn is_ssh_public(text: &[u8]) -> bool {
    [&b"ssh-rsa "[..], b"ssh-ed25519 ", b"ssh-dss ", b"ecdsa-sha2-", b"sk-ssh-"]
        .iter()
        .any(|name| text.starts_with(name))
}

/// A JWT: its header begins with `{"` in base64url, and dots separate its segments.
pub(super) fn is_token(text: &[u8]) -> bool {
    let is_of_a_token = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let dots = text.iter().filter(|byte| **byte == b'.').count();
    text.starts_with(b"eyJ") && matches!(dots, 2 | 4) && text.iter().all(is_of_a_token)
}

/// `${NAME}`, `$NAME`, `%NAME%`, `{{ name }}`, `<name>`, `[name]`: a reference of a template that is still there.
pub(crate) fn is_unexpanded(text: &[u8]) -> bool {
    let is_name =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b' ' | b':' | b'?');
    let named = |name: &[u8]| !name.is_empty() && name.iter().all(is_name);
    let between = |start: &[u8], end: &[u8]| text.strip_prefix(start)?.strip_suffix(end);
    let is_variable = |name: &[u8]| {
        name.first().is_some_and(|first| first.is_ascii_alphabetic() || *first == b'_')
            && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    };
    between(b"${", b"}").is_some()
        || between(b"{{", b"}}").is_some()
        || between(b"<%", b"%>").is_some()
        || [between(b"<", b">"), between(b"%", b"%"), between(b"[", b"]")].into_iter().flatten().any(named)
        || text.strip_prefix(b"$").is_some_and(is_variable)
}

/// A scheme (RFC 3986 section 3.1), and `://`.
pub(super) fn is_url(text: &[u8]) -> bool {
    let Some(scheme) = text.windows(3).position(|part| part == b"://").map(|at| &text[..at]) else {
        return false;
    };
    scheme.first().is_some_and(u8::is_ascii_alphabetic)
        && scheme.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

pub(super) fn is_path(text: &[u8]) -> bool {
    let is_drive = matches!(text, [letter, b':', b'\\' | b'/', ..] if letter.is_ascii_alphabetic());
    let ends = ENDINGS.iter().any(|ending| {
        let from = text.len().saturating_sub(ending.len());
        text[from..].eq_ignore_ascii_case(ending)
    });
    is_drive || ends || DIRECTORIES.iter().any(|directory| text.starts_with(directory))
}
