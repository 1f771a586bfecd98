//! The claims that a token needs to be accepted. Every token here has a good signature.

use axum::http::{StatusCode, header};
use serde_json::{Value, json};

use crate::support::{
    ACCESS_SECRET, AUDIENCE, App, ISSUER, NOW, REFRESH_SECRET, access_header, forge, forge_text, forge_with,
    payload, payload_with, payload_without,
};

async fn status(app: &App, token: &str) -> StatusCode {
    app.get("/me", Some(token)).await.status
}

/// Asserts that every payload is refused. A good payload is accepted first, so that no test passes for another reason.
async fn refused(payloads: impl IntoIterator<Item = Value>) {
    let app = App::new();
    assert_eq!(status(&app, &forge(&payload())).await, StatusCode::OK);
    assert!(app.handler_ran());
    for payload in payloads {
        let answer = app.get("/me", Some(&forge(&payload))).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{payload}");
        assert!(answer.header(header::WWW_AUTHENTICATE).unwrap().contains("error=\"invalid_token\""));
        assert!(!app.handler_ran());
    }
}

/// Rows 31 and 63.
#[tokio::test]
async fn expiry_that_is_missing_past_or_no_number_is_refused() {
    let values =
        [json!(null), json!("1900000000"), json!(-1), json!(1e30), json!(NOW - 61), json!([NOW + 900])];
    refused(values.map(|value| payload_with("exp", value)).into_iter().chain([payload_without("exp")])).await;
}

/// Row 32.
#[tokio::test]
async fn leeway_is_a_minute_and_can_be_none() {
    let app = App::new();
    assert_eq!(status(&app, &forge(&payload_with("exp", json!(NOW - 59)))).await, StatusCode::OK);
    assert_eq!(status(&app, &forge(&payload_with("exp", json!(NOW - 61)))).await, StatusCode::UNAUTHORIZED);
    let strict = App::with(|builder| builder.leeway(std::time::Duration::ZERO));
    assert_eq!(status(&strict, &forge(&payload_with("exp", json!(NOW + 1)))).await, StatusCode::OK);
    assert_eq!(status(&strict, &forge(&payload_with("exp", json!(NOW - 1)))).await, StatusCode::UNAUTHORIZED);
}

/// Row 33.
#[tokio::test]
async fn token_that_is_not_valid_yet_is_refused() {
    refused([json!(NOW + 61), json!("now"), json!(-1)].map(|value| payload_with("nbf", value))).await;
}

/// Row 34.
#[tokio::test]
async fn token_from_the_future_is_refused() {
    refused([payload_with("iat", json!(NOW + 61)), payload_without("iat"), payload_with("iat", json!("x"))])
        .await;
}

/// Row 35.
#[tokio::test]
async fn other_issuers_are_refused() {
    let values =
        [json!(7), json!([ISSUER]), json!("https://other.test"), json!("https://issuer.test/"), json!(null)];
    refused(values.map(|value| payload_with("iss", value)).into_iter().chain([payload_without("iss")])).await;
}

/// Row 36.
#[tokio::test]
async fn other_audiences_are_refused() {
    let values = [
        json!(null),
        json!(7),
        json!({}),
        json!("https://other.test"),
        json!([]),
        json!(["a", "b"]),
        json!([7, AUDIENCE]),
    ];
    refused(values.map(|value| payload_with("aud", value)).into_iter().chain([payload_without("aud")])).await;
}

/// Row 37.
#[tokio::test]
async fn audience_list_that_contains_us_is_accepted() {
    let token = forge(&payload_with("aud", json!(["https://other.test", AUDIENCE])));
    assert_eq!(status(&App::new(), &token).await, StatusCode::OK);
}

/// Row 38.
#[tokio::test]
async fn other_token_types_are_refused() {
    let app = App::new();
    for (typ, expected) in [
        (Some("at+jwt"), StatusCode::OK),
        (Some("application/at+jwt"), StatusCode::OK),
        (Some("JWT"), StatusCode::UNAUTHORIZED),
        (Some("rt+jwt"), StatusCode::UNAUTHORIZED),
        (Some(""), StatusCode::UNAUTHORIZED),
        (None, StatusCode::UNAUTHORIZED),
    ] {
        let mut header = access_header();
        header.typ = typ.map(str::to_owned);
        let token = forge_with(&header, &payload(), ACCESS_SECRET);
        assert_eq!(status(&app, &token).await, expected, "{typ:?}");
    }
}

/// Row 39.
#[tokio::test]
async fn access_and_refresh_tokens_do_not_replace_each_other() {
    let app = App::new();
    let pair = app.login(&[]).await;
    app.get("/me", Some(&pair.refresh_token)).await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
    app.refresh(&pair.access_token).await.refused(StatusCode::BAD_REQUEST, "invalid_grant");
    // Not even with the right key.
    let typed_wrong = forge_with(&access_header(), &payload(), REFRESH_SECRET);
    app.refresh(&typed_wrong).await.refused(StatusCode::BAD_REQUEST, "invalid_grant");
}

/// Row 41.
#[tokio::test]
async fn missing_or_mistyped_claims_of_the_application_are_refused() {
    refused([
        payload_without("name"),
        payload_with("name", json!(7)),
        payload_without("roles"),
        payload_with("roles", json!("admin")),
        payload_with("roles", json!([7])),
        payload_with("scope", json!(["a"])),
        payload_without("sub"),
        payload_with("sub", json!(7)),
        payload_with("sub", json!("not a number")),
        payload_without("jti"),
        payload_without("sid"),
        payload_with("sid", json!(null)),
    ])
    .await;
}

/// Rows 7 and 9.
#[tokio::test]
async fn payload_that_is_not_one_plain_object_is_refused() {
    let app = App::new();
    let good = payload().to_string();
    assert_eq!(status(&app, &forge_text(&good)).await, StatusCode::OK);
    let inner = good.trim_start_matches('{').trim_end_matches('}');
    let nested = format!("{}{}", "[".repeat(200), "]".repeat(200));
    for bad in [
        format!("{good} x"),
        format!("{good}{good}"),
        format!("[{good}]"),
        format!("{{{inner},\"unknown\":{nested}}}"),
        format!("{{{inner},\"sub\":\"8\"}}"),
        format!("{{{inner},\"s\\u0075b\":\"8\"}}"),
        format!("{{{inner},\"exp\":1}}"),
        format!("{{{inner},\"roles\":[\"admin\"]}}"),
        format!("{{{inner},\"unknown\":1,\"unknown\":2}}"),
        String::new(),
        "null".to_owned(),
    ] {
        assert_eq!(status(&app, &forge_text(&bad)).await, StatusCode::UNAUTHORIZED, "{bad}");
    }
}

/// An escape in a key or a value is another spelling of it.
#[tokio::test]
async fn escapes_in_keys_and_values_are_read() {
    let app = App::new();
    let text =
        payload().to_string().replace("\"member\"", "\"m\\u0065mber\"").replace("\"name\"", "\"n\\u0061me\"");
    assert_eq!(app.get("/me", Some(&forge_text(&text))).await.json()["roles"], json!(["member"]));
}

/// Row 43: the claims of RFC 9068 section 2.2 in what this server issues.
#[tokio::test]
async fn issued_access_token_has_every_claim_of_the_profile() {
    let app = App::new();
    let pair = app.login(&[]).await;
    let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::HS256);
    validation.set_audience(&[AUDIENCE]);
    validation.set_issuer(&[ISSUER]);
    validation.validate_exp = false;
    let key = jsonwebtoken::DecodingKey::from_secret(ACCESS_SECRET);
    let token = jsonwebtoken::decode::<Value>(&pair.access_token, &key, &validation).unwrap();
    assert_eq!(token.header.typ.as_deref(), Some("at+jwt"));
    assert_eq!(token.header.kid.as_deref(), Some("k1"));
    for (claim, value) in [
        ("iss", json!(ISSUER)),
        ("aud", json!(AUDIENCE)),
        ("sub", json!("7")),
        ("client_id", json!(AUDIENCE)),
        ("iat", json!(NOW)),
        ("nbf", json!(NOW)),
        ("exp", json!(NOW + 900)),
        ("auth_time", json!(NOW)),
        ("roles", json!([])),
        ("name", json!("Max \"Q\" Müller\n")),
    ] {
        assert_eq!(token.claims[claim], value, "{claim}");
    }
    assert!(token.claims["jti"].is_string() && token.claims["sid"].is_string());
}

/// A session identifier in another form was not made by this crate.
#[tokio::test]
async fn token_with_a_malformed_session_identifier_is_refused() {
    let values = [
        json!(""),
        json!("x"),
        json!("A".repeat(200)),
        json!("AAAAAAAAAAAAAAAAAAAA/A"),
        json!(7),
        json!(null),
    ];
    refused(values.map(|value| payload_with("sid", value))).await;
}
