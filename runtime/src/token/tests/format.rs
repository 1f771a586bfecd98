//! Rows 1 to 9: the compact form.

use proptest::prelude::{any, prop_assert, proptest};
use serde_json::json;

use super::kit::{
    AUDIENCE, NOW, User, base64, forged, header, minted, outcome, outcome_of_claim, outcome_of_header,
    payload, secret_key, settings, signed, stamp, tokens, user, verifications,
};
use crate::token::{AccessTokens, KeySet, TokenError};

#[test]
fn minted_token_is_accepted_with_its_claims() {
    let verified = tokens().verify::<User>(minted().as_bytes(), NOW).unwrap();
    assert_eq!(verified.claims, user());
    assert_eq!((verified.id.as_str(), verified.session_id.as_str()), ("token-1", "session-1"));
    assert_eq!(verified.authenticated_at, stamp().authenticated_at);
    assert_eq!(verified.expires_at, stamp().expires_at);
}

/// Row 1.
#[test]
fn anything_but_three_full_segments_is_refused() {
    let token = minted();
    let [header, payload, signature]: [&str; 3] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
    for broken in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        header.to_owned(),
        format!("{header}.{payload}"),
        format!("{header}.{payload}."),
        format!("{header}..{signature}"),
        format!(".{payload}.{signature}"),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.{signature}"),
        format!("{token}.{payload}.{signature}"),
    ] {
        assert_eq!(outcome(&tokens(), &broken), "malformed", "{broken}");
    }
}

/// Row 2.
#[test]
fn byte_outside_base64url_is_refused_in_every_segment() {
    let token = minted();
    let starts = [0, token.find('.').unwrap() + 1, token.rfind('.').unwrap() + 1];
    for start in starts {
        for byte in [b' ', b'\n', b'\r', b'\t', b'=', b'?', b'{', b'"', b'+', b'/', 0, 0x7f, 0x80, 0xff] {
            let mut changed = token.clone().into_bytes();
            changed[start] = byte;
            assert_ne!(outcome(&tokens(), &changed), "accepted");
            let mut longer = token.clone().into_bytes();
            longer.insert(start, byte);
            assert_ne!(outcome(&tokens(), &longer), "accepted");
        }
    }
    for padded in [format!("{token}="), format!(" {token}"), format!("{token}\n"), format!("{token} ")] {
        assert_ne!(outcome(&tokens(), padded), "accepted");
    }
}

/// Row 2. The signature is over the very bytes, so only the decoding can refuse.
#[test]
fn signed_payload_outside_base64url_is_refused() {
    let (header, payload) = (base64(header().to_string()), base64(payload().to_string()));
    for payload in
        [format!("{payload}="), format!("{payload}=="), format!("{payload} "), format!("{payload}\n")]
    {
        assert_eq!(outcome(&tokens(), signed(&secret_key(), &format!("{header}.{payload}"))), "malformed");
    }
}

/// Row 3.
#[test]
fn json_serialisation_is_refused() {
    let token = minted();
    let [protected, payload, signature]: [&str; 3] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
    let flattened = json!({ "protected": protected, "payload": payload, "signature": signature });
    let general =
        json!({ "payload": payload, "signatures": [{ "protected": protected, "signature": signature }] });
    assert_eq!(outcome(&tokens(), flattened.to_string()), "malformed");
    assert_eq!(outcome(&tokens(), general.to_string()), "malformed");
}

/// Row 4.
#[test]
fn encrypted_token_is_refused_without_cryptography() {
    let header = base64(r#"{"alg":"dir","enc":"A256GCM","typ":"at+jwt","kid":"k1"}"#);
    let token =
        format!("{header}..AAAAAAAAAAAAAAAA.{}.AAAAAAAAAAAAAAAAAAAAAA", base64(payload().to_string()));
    assert_eq!(verifications(|| assert_eq!(outcome(&tokens(), token), "malformed")), 0);
}

/// Row 5.
#[test]
fn unused_bits_of_the_last_character_have_to_be_zero() {
    let token = minted();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let last = signature.chars().last().unwrap();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let next = alphabet.chars().nth(alphabet.find(last).unwrap() + 1).unwrap();
    let sloppy = format!("{message}.{}{next}", &signature[..signature.len() - 1]);
    assert_eq!(outcome(&tokens(), sloppy), "signature");

    let header = base64(header().to_string());
    let (even, odd) = (base64(payload().to_string() + " "), base64(payload().to_string() + "  "));
    for payload in [even, odd].iter().filter(|payload| payload.len() % 4 != 0) {
        let last = payload.chars().last().unwrap();
        let next = alphabet.chars().nth(alphabet.find(last).unwrap() + 1).unwrap();
        let message = format!("{header}.{}{next}", &payload[..payload.len() - 1]);
        assert_eq!(outcome(&tokens(), signed(&secret_key(), &message)), "malformed");
    }
}

/// Row 6.
#[test]
fn text_that_is_not_utf8_is_refused() {
    let (good_header, good_payload) = (header().to_string(), payload().to_string());
    let utf16 =
        |text: &str| [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect();
    let latin1 = |text: &str, marker: &str| {
        let mut bytes = text.as_bytes().to_vec();
        let at = text.find(marker).unwrap();
        bytes[at] = 0xe4;
        bytes
    };
    let utf16_payload: Vec<u8> = utf16(&good_payload);
    let utf16_header: Vec<u8> = utf16(&good_header);
    let ignored = payload().to_string().replace("\"email\"", "\"note\":\"x\",\"email\"");
    for payload in [utf16_payload, latin1(&good_payload, "ann@"), latin1(&ignored, "x\",")] {
        assert_eq!(outcome(&tokens(), forged(&secret_key(), &good_header, payload)), "payload");
    }
    let ignored = good_header.replace("\"typ\"", "\"note\":\"x\",\"typ\"");
    for header in [utf16_header, latin1(&good_header, "k1"), latin1(&ignored, "x\",")] {
        assert_eq!(outcome(&tokens(), forged(&secret_key(), header, &good_payload)), "header");
    }
    let with_bom = format!("\u{feff}{good_payload}");
    assert_eq!(outcome(&tokens(), forged(&secret_key(), &good_header, with_bom)), "payload");
}

/// Row 7.
#[test]
fn payload_has_to_be_one_object() {
    let good = payload().to_string();
    for broken in [
        format!("{good}x"),
        format!("{good}{good}"),
        format!("{good},"),
        " ".to_owned(),
        good[1..].to_owned(),
    ] {
        assert_eq!(outcome(&tokens(), forged(&secret_key(), header().to_string(), broken)), "payload");
    }
    for other in
        [format!("[{good}]"), "[]".to_owned(), "null".to_owned(), "7".to_owned(), "\"text\"".to_owned()]
    {
        assert_eq!(outcome(&tokens(), forged(&secret_key(), header().to_string(), other)), "payload");
    }
    let with_white_space = format!(" {good}\n");
    assert_eq!(outcome(&tokens(), forged(&secret_key(), header().to_string(), with_white_space)), "accepted");
}

/// Row 7.
#[test]
fn header_has_to_be_one_object() {
    let good = header().to_string();
    for broken in
        [format!("{good}x"), format!("{good}{good}"), format!("[{good}]"), "null".to_owned(), " ".to_owned()]
    {
        assert_eq!(outcome(&tokens(), forged(&secret_key(), broken, payload().to_string())), "header");
    }
}

/// Row 7.
#[test]
fn deep_nesting_is_refused_where_the_application_looks_and_where_it_does_not() {
    let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(200), close.repeat(200));
    for value in [deep("[", "]"), deep("{\"a\":", "}")] {
        for name in ["note", "email", "aud"] {
            let payload = payload().to_string().replace("\"sub\"", &format!("\"{name}\":{value},\"sub\""));
            assert_eq!(outcome(&tokens(), forged(&secret_key(), header().to_string(), payload)), "payload");
        }
        let header = header().to_string().replace("\"typ\"", &format!("\"note\":{value},\"typ\""));
        assert_eq!(outcome(&tokens(), forged(&secret_key(), header, payload().to_string())), "header");
    }
    assert_eq!(outcome_of_claim("note", Some(json!("[".repeat(200)))), "accepted");
    assert_eq!(outcome_of_claim("note", Some(json!("\\\"[".repeat(200)))), "accepted");
    assert_eq!(outcome_of_claim("note", Some(json!(vec![json!([]); 200]))), "accepted");
    assert_eq!(outcome_of_claim("note", Some(json!([[[[{ "a": [1] }]]]]))), "accepted");
}

/// Row 8.
#[test]
fn token_over_the_limit_is_refused_without_cryptography() {
    let limited =
        |limit| AccessTokens::new(KeySet::new(secret_key()).unwrap(), settings().max_len(limit)).unwrap();
    let user = User { email: "a".repeat(200), ..user() };
    let token = tokens().mint(&stamp(), &user).unwrap();

    assert_eq!(verifications(|| assert_eq!(outcome(&limited(512), &token), "too_long")), 0);
    assert!(matches!(limited(512).mint(&stamp(), &user), Err(TokenError::TooLong)));
    assert_eq!(outcome(&limited(token.len()), &token), "accepted");
    assert_eq!(outcome(&limited(token.len() - 1), &token), "too_long");
    assert_eq!(outcome(&tokens(), "a".repeat(8 * 1024 + 1)), "too_long");
    assert_eq!(outcome(&tokens(), "a".repeat(8 * 1024)), "malformed");
}

/// Row 9.
#[test]
fn any_member_of_the_payload_that_occurs_twice_is_refused() {
    let good = payload().to_string();
    for (name, value) in payload().as_object().unwrap() {
        let twice = good.replacen('{', &format!("{{\"{name}\":{value},"), 1);
        assert_eq!(
            outcome(&tokens(), forged(&secret_key(), header().to_string(), twice)),
            "duplicate_claim",
            "{name}"
        );
        let escaped = format!("\\u{:04x}{}", u32::from(name.as_bytes()[0]), &name[1..]);
        for twice in [
            good.replacen('{', &format!("{{\"{escaped}\":{value},"), 1),
            good.replacen('}', &format!(",\"{escaped}\":{value}}}"), 1),
        ] {
            assert_eq!(
                outcome(&tokens(), forged(&secret_key(), header().to_string(), twice)),
                "duplicate_claim"
            );
        }
    }
    let unknown = good.replacen('{', "{\"note\":1,\"note\":1,", 1);
    assert_eq!(outcome(&tokens(), forged(&secret_key(), header().to_string(), unknown)), "duplicate_claim");
    let many: String = (0..30).map(|n| format!("\"n{n}\":1,")).collect();
    for last in ["n0", "n7", "n8", "n29", "\\u006e0", "\\u006e29"] {
        let twice = good.replacen('{', &format!("{{{many}\"{last}\":1,"), 1);
        assert_eq!(outcome(&tokens(), forged(&secret_key(), header().to_string(), twice)), "duplicate_claim");
    }
    let once = good.replacen('{', &format!("{{{many}"), 1);
    assert_eq!(outcome(&tokens(), forged(&secret_key(), header().to_string(), once)), "accepted");
}

/// Row 9.
#[test]
fn any_member_of_the_header_that_occurs_twice_is_refused() {
    let good = header().to_string();
    for (name, value) in header().as_object().unwrap() {
        let escaped = format!("\\u{:04x}{}", u32::from(name.as_bytes()[0]), &name[1..]);
        for name in [name, &escaped] {
            let twice = good.replacen('{', &format!("{{\"{name}\":{value},"), 1);
            assert_eq!(outcome(&tokens(), forged(&secret_key(), twice, payload().to_string())), "header");
        }
    }
    let unknown = good.replacen('{', "{\"x\":1,\"x\":2,", 1);
    assert_eq!(outcome(&tokens(), forged(&secret_key(), unknown, payload().to_string())), "header");
}

/// Row 8.
#[test]
fn a_token_that_its_header_or_form_refuses_costs_no_cryptography() {
    let refused = [
        outcome_of_header("typ", Some(json!("JWT"))),
        outcome_of_header("alg", Some(json!("HS512"))),
        outcome_of_header("crit", Some(json!([]))),
    ];
    assert_eq!(refused, ["type", "algorithm", "critical_header"]);
    let token = minted();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let counted = verifications(|| {
        outcome_of_header("typ", Some(json!("JWT")));
        outcome_of_header("alg", Some(json!("HS512")));
        outcome_of_header("crit", Some(json!([])));
        outcome(&tokens(), "");
        outcome(&tokens(), format!("{message}!.{signature}"));
        outcome(&tokens(), format!("{message}.{signature}A"));
    });
    assert_eq!(counted, 0);
    assert_eq!(verifications(|| assert_eq!(outcome(&tokens(), &token), "accepted")), 1);
}

#[test]
fn signature_is_verified_before_the_payload_is_parsed() {
    for payload in ["not json", "{}", "[]", "\u{1}"] {
        let message = format!("{}.{}", base64(header().to_string()), base64(payload));
        assert_eq!(outcome(&tokens(), format!("{message}.{}", base64([0; 32]))), "signature");
    }
}

#[test]
fn escapes_in_names_and_values_mean_what_they_say() {
    let escaped = payload()
        .to_string()
        .replace("\"email\"", "\"\\u0065mail\"")
        .replace("\"iss\"", "\"\\u0069ss\"")
        .replace("\"member\"", "\"m\\u0065mber\"")
        .replace(AUDIENCE, &AUDIENCE.replace('/', "\\/"));
    assert_eq!(outcome(&tokens(), forged(&secret_key(), header().to_string(), escaped)), "accepted");
    assert_eq!(outcome_of_header("\u{212a}id", Some(json!("x"))), "accepted", "a look-alike is not `kid`");
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(outcome(&tokens(), &bytes) != "accepted");
    }

    #[test]
    fn arbitrary_signed_payload_is_refused_without_a_panic(payload in "[\\[\\]{}\":,a-z0-9\\\\ ]{0,80}") {
        prop_assert!(outcome(&tokens(), forged(&secret_key(), header().to_string(), payload)) != "accepted");
    }

    #[test]
    fn change_of_any_byte_is_refused(at in any::<proptest::sample::Index>(), to in any::<u8>()) {
        let token = minted();
        let mut changed = token.clone().into_bytes();
        let at = at.index(changed.len());
        changed[at] = to;
        prop_assert!(changed == token.as_bytes() || outcome(&tokens(), &changed) != "accepted");
    }
}
