//! The words of a refusal, as a client reads them.

use super::*;
use crate::token::TokenError;

fn challenge(denial: Denial) -> Option<String> {
    AuthRejection::new(denial, &Arc::from("api")).challenge()
}

fn challenge_of(rule: Rule) -> String {
    challenge(Denial::InsufficientScope { required: Some(Access::Require(rule)) }).unwrap()
}

#[test]
fn refusals_that_credentials_cannot_mend_carry_no_challenge() {
    for denial in [
        Denial::CrossSite,
        Denial::Forbidden,
        Denial::Internal,
        Denial::InvalidGrant,
        Denial::NotFound,
        Denial::Unavailable,
        Denial::UnsupportedGrantType,
        Denial::UnsupportedMediaType,
    ] {
        assert_eq!(challenge(denial), None, "{denial:?}");
    }
}

/// Row 69: RFC 6750 section 3 has an attribute for scopes, and none for roles.
#[test]
fn a_disclosed_rule_puts_its_scopes_and_no_roles_into_the_challenge() {
    let without = "Bearer realm=\"api\", error=\"insufficient_scope\"";
    assert_eq!(challenge(Denial::InsufficientScope { required: None }).unwrap(), without);
    assert_eq!(challenge_of(Rule::Role("admin")), without);
    assert_eq!(
        challenge_of(Rule::All(&[
            Rule::Role("admin"),
            Rule::Scope("a:read"),
            Rule::Any(&[Rule::Scope("b")])
        ])),
        format!("{without}, scope=\"a:read b\"")
    );
    let either = Rule::Any(&[Rule::Scope("a:read"), Rule::Scope("b")]);
    assert_eq!(challenge_of(either), without, "a list would be read as both");
}

/// Row 68.
#[test]
fn what_is_no_scope_token_never_stands_in_a_challenge() {
    for text in ["", "a b", "a\", error=\"none", "a\\", "a\r\nX: y", "ä"] {
        let rule = Rule::Scope(text);
        assert!(!challenge_of(rule).contains("scope="), "{text:?}");
    }
}

fn body(rejection: &AuthRejection) -> serde_json::Value {
    serde_json::to_value(rejection.problem()).unwrap()
}

/// Row 60: RFC 9470 section 3 writes `max_age` as a quoted string.
#[test]
fn a_stale_sign_in_is_told_how_old_it_may_be() {
    let denial = Denial::StaleSignIn { max_age: Duration::from_secs(600) };
    let challenge = challenge(denial).unwrap();
    assert_eq!(
        challenge,
        "Bearer realm=\"api\", error=\"insufficient_user_authentication\", max_age=\"600\""
    );
    let body = body(&denial.into());
    assert_eq!((&body["max_age"], &body["status"]), (&600.into(), &401.into()));
    assert_eq!(body["code"], "insufficient_user_authentication");
}

/// Row 130.
#[test]
fn what_no_role_and_no_scope_would_change_is_forbidden() {
    let body = body(&Denial::Forbidden.into());
    assert_eq!((&body["code"], &body["status"]), (&"forbidden".into(), &403.into()));
    assert!(body.get("required").is_none() && body.get("max_age").is_none());
}

#[test]
fn disclosure_names_no_private_role_and_no_hidden_check() {
    let disclosed = |rule, private| {
        let denial = Denial::InsufficientScope { required: Some(Access::Require(rule)) };
        let rejection = AuthRejection::new(denial, &Arc::from("api")).without(private);
        body(&rejection)["required"].as_str().map(str::to_owned)
    };
    const RULE: Rule = Rule::All(&[
        Rule::Any(&[Rule::Role("member"), Rule::Role("auditor")]),
        Rule::Check { name: "sees_case", not_found: true },
        Rule::Scope("cases:read"),
    ]);
    assert_eq!(disclosed(RULE, &[]).unwrap(), "(role `member` or role `auditor`) and scope `cases:read`");
    assert_eq!(
        disclosed(RULE, &["auditor"]).unwrap(),
        "(role `member` or an internal role) and scope `cases:read`"
    );
    assert_eq!(disclosed(Rule::Role("auditor"), &["auditor"]).unwrap(), "an internal role");
}

/// A cause alone does not say which roles are private.
#[test]
fn nothing_is_disclosed_unless_the_private_roles_are_known() {
    let denial = Denial::InsufficientScope { required: Some(Access::Require(Rule::Role("auditor"))) };
    assert!(body(&denial.into()).get("required").is_none());
}

#[test]
fn a_token_that_cannot_be_made_is_an_error_of_the_server() {
    let rejection = AuthRejection::from(AuthError::Mint(TokenError::TooLong));
    assert_eq!((rejection.denial(), rejection.denial().code()), (Denial::Internal, "server_error"));
    assert_eq!(rejection.into_response().status(), StatusCode::INTERNAL_SERVER_ERROR);
}
