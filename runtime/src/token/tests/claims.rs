//! Rows 39 to 43: the application's claims, and the content of an issued token.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};

use super::kit::{
    AUDIENCE, ISSUER, NOW, Rank, User, base64, forged, header, minted, outcome, outcome_of_claim, payload,
    secret_key, settings, stamp, tokens, user, with,
};
use crate::claims::SessionClaims;
use crate::token::{AccessTokens, KeySet, RefreshStamp, RefreshTokens, TokenError};

/// Row 39.
#[test]
fn tokens_of_another_kind_are_refused_even_with_the_same_key() {
    let refresh = RefreshTokens::new(secret_key(), settings()).unwrap();
    let token = refresh.mint(&RefreshStamp::new("7", "r1", "session-1", NOW, stamp().expires_at)).unwrap();
    assert_eq!(outcome(&tokens(), &token), "type");
    assert_eq!(refresh.verify(minted().as_bytes(), NOW).unwrap_err().reason(), "type");
    assert!(refresh.verify(token.as_bytes(), NOW).is_ok());

    let id_token = json!({ "typ": "JWT", "alg": "HS256", "kid": "k1" }).to_string();
    assert_eq!(outcome(&tokens(), forged(&secret_key(), id_token, payload().to_string())), "type");
    let untyped = with(header(), "typ", None).to_string();
    assert_eq!(outcome(&tokens(), forged(&secret_key(), untyped, payload().to_string())), "type");
}

/// Row 41.
#[test]
fn missing_or_ill_typed_claim_of_the_application_is_refused() {
    for name in ["sub", "email", "roles"] {
        assert_eq!(outcome_of_claim(name, None), "claims", "{name}");
        for value in [json!(null), json!(7), json!({}), json!(true), json!([7]), json!(["a", null])] {
            assert_eq!(outcome_of_claim(name, Some(value.clone())), "claims", "{name} {value}");
        }
    }
    assert_eq!(outcome_of_claim("sub", Some(json!("not a number"))), "claims");
}

/// Row 41.
#[test]
fn reason_of_a_misfit_is_for_logs_only() {
    let token = forged(&secret_key(), header().to_string(), with(payload(), "email", None).to_string());
    let error = tokens().verify::<User>(token.as_bytes(), NOW).unwrap_err();
    assert_eq!(error.to_string(), "the application's claims do not fit the token");
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("email"));
}

/// Row 42.
#[test]
fn unknown_role_is_left_out() {
    let payload = with(payload(), "roles", Some(json!(["root", "admin", "m\u{e4}mber", ""]))).to_string();
    let token = forged(&secret_key(), header().to_string(), payload);
    let verified = tokens().verify::<User>(token.as_bytes(), NOW).unwrap();
    assert_eq!(verified.claims.roles, [Rank::Admin]);
    assert!(!verified.claims.holds_role("root"));
}

/// Row 43.
#[test]
fn issued_token_says_what_rfc_9068_wants() {
    let parts = |token: &str| -> [Value; 2] {
        use base64::Engine as _;
        let decode = |part| base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap();
        let mut segments = token.split('.').map(decode).take(2);
        [(); 2].map(|()| serde_json::from_slice(&segments.next().unwrap()).unwrap())
    };
    let [header, payload] = parts(&minted());
    assert_eq!(header, super::kit::header());
    assert_eq!(payload, super::kit::payload());
    for name in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"] {
        assert!(payload.get(name).is_some(), "{name}");
    }
    let several = settings().audience("https://files.example.com").client_id("web");
    let tokens = AccessTokens::new(KeySet::new(secret_key()).unwrap(), several).unwrap();
    let [_, payload] = parts(&tokens.mint(&stamp(), &user()).unwrap());
    assert_eq!(payload["aud"], json!([AUDIENCE, "https://files.example.com"]));
    assert_eq!((&payload["iss"], &payload["client_id"]), (&json!(ISSUER), &json!("web")));
}

/// Claims that write any members.
#[derive(Clone)]
struct Anything(Value, String);

impl SessionClaims for Anything {
    type Subject = String;
    type Role = String;

    fn subject(&self) -> &String {
        &self.1
    }

    fn holds_role(&self, _name: &str) -> bool {
        false
    }

    fn has_scope(&self, _scope: &str) -> bool {
        false
    }

    fn serialize_wire<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }

    fn deserialize_wire<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(anything)
    }
}

fn anything(claims: Value) -> Anything {
    Anything(claims, String::new())
}

#[test]
fn claims_that_would_not_come_back_are_not_written() {
    let mint = |claims: Value| tokens().mint(&stamp(), &anything(claims)).map_err(|error| error.reason());
    for name in ["iss", "aud", "exp", "iat", "nbf", "jti", "sid", "auth_time", "client_id"] {
        assert_eq!(mint(json!({ "sub": "7", name: "x" })), Err("duplicate_claim"), "{name}");
    }
    assert_eq!(mint(json!({})), Err("payload"));
    assert_eq!(mint(json!({ "email": "x" })), Err("missing_claim"));
    for other in [json!([]), json!("text"), json!(null), json!(7)] {
        assert_eq!(mint(other), Err("not_an_object"));
    }
    assert_eq!(mint(json!({ "sub": "7", "note": "x".repeat(8192) })), Err("too_long"));
    assert!(mint(json!({ "sub": "7", "note": "}{\"\\" })).is_ok());
}

#[test]
fn registered_claims_never_reach_the_application() {
    let token = tokens().mint(&stamp(), &anything(json!({ "sub": "7", "n": [1, { "a": null }] }))).unwrap();
    let verified = tokens().verify::<Anything>(token.as_bytes(), NOW).unwrap();
    assert_eq!(verified.claims.0, json!({ "sub": "7", "n": [1, { "a": null }] }));
}

#[test]
fn claims_that_are_flattened_or_wrapped_are_read_as_well() {
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Inner {
        #[serde(flatten)]
        rest: std::collections::BTreeMap<String, Value>,
    }
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Outer(Inner);
    let payload = payload().to_string();
    let (_, Outer(Inner { rest })) =
        crate::token::payload::read(&payload, settings().expected(), |members| Outer::deserialize(members))
            .unwrap();
    assert_eq!(rest.keys().collect::<Vec<_>>(), ["email", "roles", "sub"]);
}

#[test]
fn time_out_of_range_is_not_written() {
    for seconds in [-1, i64::MAX, 253_402_300_800] {
        let mut stamp = stamp();
        stamp.expires_at = crate::clock::Timestamp::from_unix(seconds);
        assert!(matches!(tokens().mint(&stamp, &user()), Err(TokenError::InvalidClaim("exp"))));
    }
    assert_eq!(base64("x"), "eA");
}
