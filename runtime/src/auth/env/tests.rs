//! What each variable does, and what people write into it by mistake.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;
use crate::SessionClaims;
use crate::session::SessionMetadata;
use crate::store::MemoryStore;

#[derive(SessionClaims, Clone, Debug)]
struct User {
    #[claims(subject)]
    id: u64,
}

const ACCESS: &str = "c2p9RkV6bTN4UHE3dUx5V0FhTm9oYjVKZ1RrWnY4RHM";
const REFRESH: &str = "WmQ0eEJ0N2tRbjJwTGM5dkhmM2FTd1lqR3I2VW1Fb0k";

fn read(changes: &[(&str, &str)]) -> Result<AuthBuilder<User>, ConfigError> {
    read_with(changes, None)
}

fn read_with(changes: &[(&str, &str)], ring: Option<KeyRing>) -> Result<AuthBuilder<User>, ConfigError> {
    let mut variables = HashMap::from([
        ("COUNTERSIGN_ISSUER", "https://issuer.test"),
        ("COUNTERSIGN_AUDIENCE", "https://api.test, https://files.test"),
        ("COUNTERSIGN_ACCESS_KEY", ACCESS),
        ("COUNTERSIGN_REFRESH_KEY", REFRESH),
    ]);
    variables.extend(changes.iter().copied());
    from_variables_with(PREFIX, |name| variables.get(name).map(|value| Some((*value).to_owned())), ring)
}

fn build(changes: &[(&str, &str)]) -> Result<Auth<User>, ConfigError> {
    read(changes)?.store(MemoryStore::new()).claims_source(|id| async move { Ok(Some(User { id })) }).build()
}

#[test]
fn four_variables_are_enough() {
    assert!(build(&[]).is_ok());
}

/// The one problem of a configuration.
#[track_caller]
fn problem(changes: &[(&str, &str)]) -> String {
    let error = read(changes).unwrap_err();
    assert_eq!(error.problems().len(), 1, "{error}");
    error.to_string()
}

#[test]
fn missing_variable_is_named() {
    for name in ["ISSUER", "AUDIENCE", "ACCESS_KEY", "REFRESH_KEY"].map(|name| format!("{PREFIX}{name}")) {
        for blank in ["", " ", "\n"] {
            match read(&[(&name, blank)]) {
                Err(ConfigError::EnvMissing { name: missing }) => assert_eq!(missing, name),
                other => panic!("{name}: {other:?}"),
            }
        }
    }
}

/// All are told at once, each by its variable and with its own advice, and no message holds a value.
#[test]
fn every_problem_is_told_at_one_start() {
    let changes = [
        ("COUNTERSIGN_ISSUER", "my-api-value"),
        ("COUNTERSIGN_AUDIENCE", ",,"),
        ("COUNTERSIGN_ACCESS_KEY", "your-256-bit-secret-your-256-bit-secret"),
        ("COUNTERSIGN_REFRESH_KEY", "short-value"),
        ("COUNTERSIGN_PREVIOUS_REFRESH_KEY", "/run/secrets/refresh-key-value"),
        ("COUNTERSIGN_REALM", "a \"value\" b"),
        ("COUNTERSIGN_CLIENT_ID", "${CLIENT_VALUE}"),
        ("COUNTERSIGN_ACCESS_TTL", "15m-value"),
        ("COUNTERSIGN_IDLE_TTL", "0"),
        ("COUNTERSIGN_ABSOLUTE_TTL", "-1"),
        ("COUNTERSIGN_ROTATION_WINDOW", "301"),
        ("COUNTERSIGN_MAX_SESSIONS_PER_USER", "unlimited"),
        ("COUNTERSIGN_TOUCH_INTERVAL", "0"),
        ("COUNTERSIGN_LEEWAY", "301"),
        ("COUNTERSIGN_MAX_TOKEN_LEN", "1"),
    ];
    let error = read(&changes).unwrap_err();
    let text = error.to_string();
    assert_eq!(error.problems().len(), changes.len(), "{text}");
    assert_eq!(text.lines().count(), changes.len() + 1, "{text}");
    assert!(text.starts_with("the configuration has 15 problems:\n- "), "{text}");
    for (name, _) in changes {
        let lines: Vec<_> = text.lines().filter(|line| line.contains(name)).collect();
        assert_eq!(lines.len(), 1, "{name}: {text}");
        assert!(lines[0].contains([':', ';']) || lines[0].contains("has to be"), "{text}");
    }
    assert!(!text.contains("value"), "{text}");
    assert_eq!(format!("{error:?}"), text);

    let nothing = from_variables::<User>(PREFIX, |_| None).unwrap_err();
    assert_eq!(nothing.problems().len(), 4, "{nothing}");
    let both =
        read(&[("COUNTERSIGN_ISSUER", ""), ("COUNTERSIGN_ACCESS_KEY", "short")]).unwrap_err().to_string();
    assert!(
        both.contains("COUNTERSIGN_ISSUER is not set")
            && both.contains("COUNTERSIGN_ACCESS_KEY: the secret has 5 bytes"),
        "{both}"
    );
}

const NUMBERS: [&str; 8] = [
    "ACCESS_TTL",
    "IDLE_TTL",
    "ABSOLUTE_TTL",
    "ROTATION_WINDOW",
    "MAX_SESSIONS_PER_USER",
    "TOUCH_INTERVAL",
    "LEEWAY",
    "MAX_TOKEN_LEN",
];

/// What people write in the place of a number, and a word of the sentence that tells them.
#[test]
fn number_written_in_another_way_is_told() {
    for name in NUMBERS {
        let name = format!("{PREFIX}{name}");
        for (value, told) in [
            ("15m", "behind it|with a unit"),
            ("900s", "behind it|with a unit"),
            ("15 minutes", "behind it|with a unit"),
            ("1h30m", "behind it|with a unit"),
            ("8KiB", "behind it|with a unit"),
            ("PT15M", "behind it|with a unit"),
            ("-5", "negative"),
            ("\u{2212}5", "negative"),
            ("1.5", "a point or an exponent"),
            ("1e3", "a point or an exponent"),
            ("+900", "a point or an exponent"),
            ("1,000", "separators"),
            ("1_000", "separators"),
            ("1 000", "separators"),
            ("1'000", "separators"),
            ("0x10", "hexadecimal digits"),
            ("18446744073709551616", "too large"),
            ("99999999999999999999999999", "too large"),
            ("\"900\"", "in quotes"),
            ("'900'", "in quotes"),
            ("$TTL", "placeholder"),
            ("${TTL:-900}", "placeholder"),
            ("{{ ttl }}", "placeholder"),
            ("<seconds>", "placeholder"),
            ("900 # seconds", "a comment"),
            ("true", "a word"),
            ("off", "a word"),
            ("none", "a word"),
            ("never", "a word"),
            ("infinity", "a word"),
            ("NaN", "a word"),
            ("\u{0669}\u{0660}", "has to be"),
            ("=900", "has to be"),
        ] {
            let text = problem(&[(&name, value)]);
            assert!(
                text.contains(&name) && told.split('|').any(|told| text.contains(told)),
                "{value}: {text}"
            );
            assert!(!text.contains(value), "{text}");
        }
        // Blanks and leading zeros do not count, and a number out of range is told by its variable.
        let outcome = |value: &str| read(&[(&name, value)]).map(drop).map_err(|error| error.to_string());
        for value in [" 600 ", "600\n", "\t600", "00600"] {
            assert_eq!(outcome(value), outcome("600"), "{value:?}");
        }
        for value in ["0", "600", "18446744073709551615"] {
            assert!(outcome(value).err().is_none_or(|told| told.contains(&name)), "{value}");
        }
    }
    let not_text = from_variables::<User>(PREFIX, |_| Some(None)).unwrap_err();
    assert!(
        not_text.problems().iter().all(|problem| matches!(problem, ConfigError::EnvInvalid { .. })),
        "{not_text}"
    );
}

/// H1.2: an issuer is a URL (RFC 8414 section 2).
#[test]
fn issuer_that_is_no_url_is_told() {
    for (value, told) in [
        ("a", "has to be a URL"),
        ("my-api", "has to be a URL"),
        ("api.example.com", "without a scheme"),
        ("localhost:3000", "without a scheme"),
        ("//api.example.com", "has to be a URL"),
        ("https://", "has to be a URL"),
        ("https:/api.example.com", "has to be a URL"),
        ("ftp://api.example.com", "has to be a URL"),
        ("urn:example:api", "without a scheme"),
        ("me@example.com", "address of mail"),
        ("https://me:secret@api.example.com", "with a user"),
        ("https://api.example.com?tenant=1", "a query"),
        ("https://api.example.com/#a", "fragments"),
        ("https://api.example.com # ours", "comments"),
        ("https://a.example.com,https://b.example.com", "a list"),
        ("https://a.example.com;https://b.example.com", "a list"),
        ("https://a.example.com https://b.example.com", "blanks"),
        ("\"https://api.example.com\"", "in quotes"),
        ("'https://api.example.com'", "in quotes"),
        ("${ISSUER}", "placeholder"),
        ("https://${HOST}/auth", "placeholder"),
        ("https://{{ host }}", "placeholder"),
        ("<your issuer>", "placeholder"),
        ("https://<host>", "has to be a URL"),
        ("true", "has to be a URL"),
        ("https://api.example.com\\auth", "has to be a URL"),
    ] {
        let text = problem(&[("COUNTERSIGN_ISSUER", value)]);
        assert!(text.contains("COUNTERSIGN_ISSUER") && text.contains(told), "{value}: {text}");
        // The builder refuses the same, without the advice about variables.
        let built = Auth::<User>::builder().issuer(value).build().unwrap_err();
        assert!(
            built.problems().iter().any(|problem| matches!(problem, ConfigError::Issuer)),
            "{value}: {built}"
        );
    }
    for value in [
        "https://api.example.com",
        "https://api.example.com/",
        "https://api.example.com/realms/acme",
        "https://api.example.com:8443/a%20b",
        "http://localhost:3000",
        "http://127.0.0.1",
        "http://[::1]:3000",
        " https://api.example.com ",
        "https://api.example.com\r\n",
        "HTTPS://API.example.com",
    ] {
        let auth = build(&[("COUNTERSIGN_ISSUER", value)]).unwrap();
        assert_eq!(&**auth.realm(), value.trim());
    }
}

#[test]
fn audience_that_is_no_list_with_commas_is_told() {
    for (value, told) in [
        ("https://a.test;https://b.test", "other separators"),
        ("https://a.test https://b.test", "other separators"),
        ("https://a.test|https://b.test", "other separators"),
        ("https://a.test\nhttps://b.test", "other separators"),
        ("[\"https://a.test\",\"https://b.test\"]", "in brackets"),
        ("\"https://a.test\"", "in quotes"),
        ("'https://a.test', 'https://b.test'", "in quotes"),
        ("https://a.test, ${OTHER}", "placeholder"),
        ("https://a.test # the API", "a comment"),
        (" , ", "separators alone"),
    ] {
        let text = problem(&[("COUNTERSIGN_AUDIENCE", value)]);
        assert!(text.contains("COUNTERSIGN_AUDIENCE") && text.contains(told), "{value}: {text}");
    }
}

/// Rows 10 and 13.
#[test]
fn algorithm_is_read_by_its_exact_name() {
    let text = problem(&[("COUNTERSIGN_ACCESS_ALGORITHM", "HS384")]);
    assert!(text.contains("COUNTERSIGN_ACCESS_KEY: the secret has 43 bytes and HS384 needs 48"), "{text}");
    for name in ["none", "hs256", "RS257", "HS-256", "HMAC", "\"HS256\"", "HS256,ES256", "true", "2"] {
        let text = problem(&[("COUNTERSIGN_ACCESS_ALGORITHM", name)]);
        assert!(text.contains("COUNTERSIGN_ACCESS_ALGORITHM has to be one of HS256, "), "{text}");
        assert_eq!(text.contains("in other letters"), matches!(name, "hs256" | "HS-256"), "{name}");
    }
    assert!(read(&[("COUNTERSIGN_ACCESS_ALGORITHM", " HS256\n")]).is_ok());
}

const P256: &str = include_str!("../../token/testdata/test_key_p256.pem");
const P384: &str = include_str!("../../token/testdata/test_key_p384.pem");
const ENCRYPTED: &str = include_str!("../../token/testdata/files/encrypted.pem");

/// Rows 19 and 20, and H1.1: the sentence is that of the key, by the name of the variable.
#[test]
fn keys_that_are_refused_are_told_by_their_variable() {
    let key = |algorithm: &str, value: &str| {
        problem(&[("COUNTERSIGN_ACCESS_ALGORITHM", algorithm), ("COUNTERSIGN_ACCESS_KEY", value)])
    };
    for (algorithm, value, told) in [
        ("ES256", P384, "ACCESS_KEY: a key of another curve: ES256 needs P-256"),
        ("ES256", ENCRYPTED, "ACCESS_KEY: the key has a password"),
        ("EdDSA", P256, "ACCESS_KEY: a key of another type: EdDSA needs Ed25519"),
        ("ES256", &format!("\u{feff}{P256}"), "ACCESS_KEY: the key begins with a byte order mark"),
        ("ES256", &format!("\"{}\"", P256.trim()), "ACCESS_KEY: the key is in quotes"),
        ("ES256", "/run/secrets/key", "ACCESS_KEY: this is the path of a file"),
        ("ES256", "${KEY}", "ACCESS_KEY: this is a placeholder"),
        ("ES256", ACCESS, "ACCESS_KEY: this is no PEM file"),
        ("HS256", P256, "ACCESS_KEY has to be a secret, because the algorithm is HS256"),
        ("HS256", "short", "ACCESS_KEY: the secret has 5 bytes"),
        ("HS256", "0a6b944d-d2fb-46fc-a85e-0295c986cd9e", "ACCESS_KEY: the secret is a UUID"),
        ("HS256", &format!("'{ACCESS}'"), "ACCESS_KEY: the key is in quotes"),
        ("HS256", REFRESH, "REFRESH_KEY: access and refresh tokens share a key"),
    ] {
        let text = key(algorithm, value);
        assert!(text.contains(told), "{algorithm}: {text}");
    }
    for (name, value, told) in [
        ("REFRESH_KEY", "your-256-bit-secret-your-256-bit-secret", "the secret contains a placeholder"),
        ("REFRESH_KEY", "$(openssl rand -base64 48)", "the secret is a command that was never run"),
        ("PREVIOUS_REFRESH_KEY", "https://vault.example.com/secret", "the secret is a URL"),
        ("PREVIOUS_REFRESH_KEY", REFRESH, "the same key is in the set twice|two keys have the id"),
        ("REFRESH_KEY", P256, "the secret is a PEM file"),
    ] {
        let name = format!("{PREFIX}{name}");
        let text = problem(&[(&name, value)]);
        assert!(text.starts_with(&name) && told.split('|').any(|told| text.contains(told)), "{text}");
    }
    let one_line = P256.trim().replace('\n', "\\n");
    for pem in [P256, &one_line, &P256.replace('\n', "\r\n")] {
        let changes = [("COUNTERSIGN_ACCESS_ALGORITHM", "ES256"), ("COUNTERSIGN_ACCESS_KEY", pem)];
        assert!(build(&changes).is_ok(), "{pem}");
    }
    assert!(build(&[("COUNTERSIGN_ACCESS_KEY", &format!("{ACCESS}\n"))]).is_ok(), "blanks do not count");
}

#[test]
fn another_prefix_reads_other_variables() {
    let result = from_variables::<User>("STAFF_", |name| {
        assert!(name.starts_with("STAFF_"), "{name}");
        None
    });
    let error = result.unwrap_err();
    for name in ["STAFF_ISSUER", "STAFF_AUDIENCE", "STAFF_ACCESS_KEY", "STAFF_REFRESH_KEY"] {
        assert!(error.to_string().contains(name), "{error}");
    }
}

/// The names of the variables in the errors of a configuration, which is read and built.
fn told(changes: &[(&str, &str)]) -> Vec<String> {
    let error = build(changes).unwrap_err();
    let name = |problem: &ConfigError| match problem {
        ConfigError::Env { name, .. } | ConfigError::EnvInvalid { name, .. } => {
            name.trim_start_matches(PREFIX).to_owned()
        }
        other => panic!("{other}"),
    };
    error.problems().iter().map(name).collect()
}

#[test]
fn times_reach_the_checks() {
    assert!(build(&[("COUNTERSIGN_ACCESS_TTL", "600"), ("COUNTERSIGN_ROTATION_WINDOW", "300")]).is_ok());
    for (name, value) in [
        ("ACCESS_TTL", "0"),
        ("ACCESS_TTL", "86401"),
        ("LEEWAY", "301"),
        ("ROTATION_WINDOW", "301"),
        ("TOUCH_INTERVAL", "0"),
        ("MAX_SESSIONS_PER_USER", "0"),
        ("MAX_TOKEN_LEN", "511"),
        ("IDLE_TTL", "0"),
        ("ABSOLUTE_TTL", "999999999"),
        // These contradict a default, which the program may still change before it builds.
        ("ACCESS_TTL", "20"),
        ("IDLE_TTL", "899"),
    ] {
        assert_eq!(told(&[(&format!("{PREFIX}{name}"), value)]), [name], "{value}");
    }
    assert_eq!(
        told(&[("COUNTERSIGN_IDLE_TTL", "900"), ("COUNTERSIGN_ABSOLUTE_TTL", "800")]),
        ["ABSOLUTE_TTL"]
    );
    assert_eq!(told(&[("COUNTERSIGN_ACCESS_TTL", "901"), ("COUNTERSIGN_IDLE_TTL", "900")]), ["ACCESS_TTL"]);
    let changes = [("COUNTERSIGN_ACCESS_TTL", "200"), ("COUNTERSIGN_ROTATION_WINDOW", "200")];
    assert_eq!(told(&changes), ["ROTATION_WINDOW"]);
    let short = read(&[("COUNTERSIGN_IDLE_TTL", "600")]).unwrap().access_ttl(Duration::from_secs(300));
    let short = short.store(MemoryStore::new()).claims_source(|id| async move { Ok(Some(User { id })) });
    assert!(short.build().is_ok());
}

/// The payloads of the access and the refresh token of a sign-in.
async fn payloads(changes: &[(&str, &str)]) -> [serde_json::Value; 2] {
    let pair = build(changes).unwrap().login(&User { id: 7 }, SessionMetadata::default()).await.unwrap();
    [pair.access_token, pair.refresh_token].map(|token| {
        let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
        serde_json::from_slice(&payload).unwrap()
    })
}

#[tokio::test]
async fn values_reach_the_tokens() {
    let [access, refresh] = payloads(&[
        ("COUNTERSIGN_AUDIENCE", " https://api.test ,, https://files.test,"),
        ("COUNTERSIGN_CLIENT_ID", "web"),
        ("COUNTERSIGN_ACCESS_TTL", "600"),
        ("COUNTERSIGN_IDLE_TTL", "1000"),
    ])
    .await;
    let audiences = serde_json::json!(["https://api.test", "https://files.test"]);
    assert_eq!((&access["aud"], &refresh["aud"]), (&audiences, &audiences));
    assert_eq!(access["iss"], "https://issuer.test");
    assert_eq!(access["client_id"], "web");
    let life = |payload: &serde_json::Value| {
        payload["exp"].as_i64().zip(payload["iat"].as_i64()).map(|(end, start)| end - start)
    };
    assert_eq!((life(&access), life(&refresh)), (Some(600), Some(1000)));
}

#[test]
fn values_reach_the_settings() {
    let auth = build(&[("COUNTERSIGN_REALM", "members")]).unwrap();
    assert_eq!(&**auth.realm(), "members");
    assert_eq!(told(&[("COUNTERSIGN_REALM", "a\"b")]), ["REALM"]);
    assert_eq!(
        told(&[("COUNTERSIGN_MAX_TOKEN_LEN", "512"), ("COUNTERSIGN_AUDIENCE", &"a".repeat(600))]),
        ["MAX_TOKEN_LEN"]
    );
}

/// D2.1.
#[tokio::test]
async fn tokens_of_the_previous_refresh_key_are_accepted() {
    let next = "bDl2Q2ZYc1I0Z0h3TTd5VHBFazJuQjZKcVo4ZFZ1MEE";
    let store = std::sync::Arc::new(MemoryStore::new());
    let auth = |changes: &[(&str, &str)]| {
        let source = |id| async move { Ok(Some(User { id })) };
        read(changes).unwrap().store(store.clone()).claims_source(source).build().unwrap()
    };
    let pair = auth(&[]).login(&User { id: 7 }, SessionMetadata::default()).await.unwrap();
    let without = auth(&[("COUNTERSIGN_REFRESH_KEY", next)]);
    assert!(without.refresh(&pair.refresh_token).await.is_err());
    let with = auth(&[("COUNTERSIGN_REFRESH_KEY", next), ("COUNTERSIGN_PREVIOUS_REFRESH_KEY", REFRESH)]);
    let pair = with.refresh(&pair.refresh_token).await.unwrap();
    assert!(without.refresh(&pair.refresh_token).await.is_ok());
}

/// `.env.example` names the variables that are read.
#[test]
fn example_file_names_every_variable() {
    let example = include_str!("../../../../.env.example");
    let asked = std::cell::RefCell::new(Vec::new());
    let _ = from_variables::<User>(PREFIX, |name| {
        asked.borrow_mut().push(name.to_owned());
        let value = match name.trim_start_matches(PREFIX) {
            "ISSUER" | "AUDIENCE" => Some("https://x.test".to_owned()),
            "ACCESS_KEY" => Some(ACCESS.to_owned()),
            "REFRESH_KEY" => Some(REFRESH.to_owned()),
            _ => return None,
        };
        Some(value)
    });
    assert_eq!(asked.borrow().len(), 16);
    for name in asked.into_inner() {
        assert!(example.contains(&format!("{name}=")), "{name}");
    }
}

/// Row 24.
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
#[tokio::test]
async fn a_key_ring_takes_the_place_of_the_variable_of_the_key() {
    let ring = KeyRing::builder(MemoryStore::new(), ACCESS).open().await.unwrap();
    // An empty variable is not set.
    let auth = read_with(&[("COUNTERSIGN_ACCESS_KEY", "")], Some(ring.clone())).unwrap();
    let auth = auth.store(MemoryStore::new()).claims_source(|_| async { Ok(None) }).build().unwrap();
    assert!(auth.jwks().is_ok());
    for (name, value) in [("COUNTERSIGN_ACCESS_KEY", ACCESS), ("COUNTERSIGN_ACCESS_ALGORITHM", "HS256")] {
        let changes = [("COUNTERSIGN_ACCESS_KEY", ""), (name, value)];
        let refused = read_with(&changes, Some(ring.clone())).unwrap_err();
        assert!(refused.to_string().starts_with(&format!("{name}: a key ring")), "{refused}");
        assert!(!refused.to_string().contains(ACCESS));
    }
}
