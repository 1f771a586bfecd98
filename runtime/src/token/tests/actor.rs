//! Row 61: the actor who impersonates a user, `act` of RFC 8693 section 4.1.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};

use super::kit::{
    NOW, User, forged, header, minted, outcome, outcome_of_claim, payload, secret_key, stamp, tokens, user,
    with,
};
use crate::claims::SessionClaims;
use crate::claims::role::NoRole;

fn forged_with_actor(act: Value) -> String {
    forged(&secret_key(), header().to_string(), with(payload(), "act", Some(act)).to_string())
}

fn actor_of(token: &str) -> Option<String> {
    tokens().verify::<User>(token.as_bytes(), NOW).unwrap().actor
}

#[test]
fn actor_that_is_malformed_is_refused() {
    let long = "x".repeat(1025);
    for act in [
        json!(null),
        json!("8"),
        json!(8),
        json!(true),
        json!([]),
        json!(["8"]),
        json!([["sub", "8"]]),
        json!({}),
        json!({ "sub": null }),
        json!({ "sub": "" }),
        json!({ "sub": 8 }),
        json!({ "sub": ["8"] }),
        json!({ "sub": { "sub": "8" } }),
        json!({ "Sub": "8" }),
        json!({ "iss": "https://auth.example.com" }),
        json!({ "act": { "sub": "8" } }),
        json!({ "sub": long }),
    ] {
        assert_eq!(outcome_of_claim("act", Some(act.clone())), "invalid_claim", "{act}");
    }
}

/// A reader of the first one and a reader of the last one would disagree.
#[test]
fn actor_that_occurs_twice_is_refused() {
    let forge = |act: &str| {
        let payload = payload().to_string().replacen('{', &format!("{{{act},"), 1);
        outcome(&tokens(), forged(&secret_key(), header().to_string(), payload))
    };
    assert_eq!(forge(r#""act":{"sub":"8"}"#), "accepted");
    assert_eq!(forge(r#""act":{"sub":"8","sub":"9"}"#), "invalid_claim");
    assert_eq!(forge(r#""act":{"sub":"8"},"act":{"sub":"8"}"#), "duplicate_claim");
    assert_eq!(forge(r#""act":{"sub":"8"},"\u0061ct":{"sub":"9"}"#), "duplicate_claim");
}

/// Earlier actors and other members of the last one are information only.
#[test]
fn actor_is_the_outermost_subject() {
    assert_eq!(actor_of(&minted()), None);
    for act in [
        json!({ "sub": "8" }),
        json!({ "sub": "8", "iss": "https://other.example.com", "act": { "sub": "9", "act": { "sub": "10" } } }),
    ] {
        assert_eq!(actor_of(&forged_with_actor(act)).as_deref(), Some("8"));
    }
    let longest = "x".repeat(1024);
    assert_eq!(actor_of(&forged_with_actor(json!({ "sub": longest }))), Some(longest));
}

#[test]
fn stamp_with_an_actor_makes_a_token_with_one() {
    let token = tokens().mint(&stamp().with_actor("8"), &user()).unwrap();
    let verified = tokens().verify::<User>(token.as_bytes(), NOW).unwrap();
    assert_eq!((verified.actor.as_deref(), verified.claims), (Some("8"), user()));
    for actor in ["", &*"x".repeat(1025)] {
        let refused = tokens().mint(&stamp().with_actor(actor), &user()).unwrap_err();
        assert_eq!(refused.reason(), "invalid_claim");
    }
}

/// Claims with a hand-written implementation can write any member.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Smuggler {
    #[serde(rename = "sub", with = "crate::claims::fields::SubjectOf::<u64>")]
    id: u64,
    act: Value,
}

impl SessionClaims for Smuggler {
    type Subject = u64;
    type Role = NoRole;

    fn subject(&self) -> &u64 {
        &self.id
    }

    fn holds_role(&self, _: &str) -> bool {
        false
    }

    fn has_scope(&self, _: &str) -> bool {
        false
    }

    fn serialize_wire<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize(serializer)
    }

    fn deserialize_wire<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Read {
            #[serde(rename = "sub", with = "crate::claims::fields::SubjectOf::<u64>")]
            id: u64,
        }
        Read::deserialize(deserializer).map(|Read { id }| Self { id, act: Value::Null })
    }
}

#[test]
fn claims_cannot_say_who_acts() {
    let claims = Smuggler { id: 7, act: json!({ "sub": "8" }) };
    assert_eq!(tokens().mint(&stamp(), &claims).unwrap_err().reason(), "invalid_claim");
    assert_eq!(tokens().mint(&stamp().with_actor("8"), &claims).unwrap_err().reason(), "duplicate_claim");
}

/// The session in it is the actor's, and this token does not sign it out.
#[test]
fn token_of_an_actor_names_no_session_to_sign_out_of() {
    let tokens = tokens();
    let token = tokens.mint(&stamp().with_actor("8"), &user()).unwrap();
    assert_eq!(tokens.session_id_of(token.as_bytes()).unwrap_err().reason(), "impersonated");
    assert_eq!(tokens.session_id_of(minted().as_bytes()).unwrap(), "session-1");
}
