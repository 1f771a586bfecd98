//! A hand-written extractor with the checks that Countersign makes.

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::routing::get;
use countersign::token::Algorithm;
use jsonwebtoken::{DecodingKey, Validation, decode};
use serde::Deserialize;

use crate::{AUDIENCE, ED25519_PUBLIC, ISSUER, P256_PUBLIC, RSA_PUBLIC, SECRET};

#[derive(Clone)]
struct AppState {
    key: Arc<DecodingKey>,
    validation: Arc<Validation>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Role {
    Member,
    Admin,
}

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "read from the token as Countersign does, whether the handler wants it or not")]
struct User {
    sub: String,
    iat: u64,
    jti: String,
    sid: String,
    auth_time: u64,
    roles: Vec<Role>,
    email: String,
}

impl FromRequestParts<AppState> for User {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, StatusCode> {
        let token = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "))
            .ok_or(StatusCode::UNAUTHORIZED)?;
        let token =
            decode::<Self>(token, &state.key, &state.validation).map_err(|_| StatusCode::UNAUTHORIZED)?;
        let now = jsonwebtoken::get_current_timestamp();
        if token.header.typ.as_deref() != Some("at+jwt") || token.claims.iat > now + 60 {
            return Err(StatusCode::UNAUTHORIZED);
        }
        Ok(token.claims)
    }
}

async fn me(user: User) -> String {
    user.sub
}

pub(crate) fn router(algorithm: Algorithm) -> Router {
    let (key, name) = match algorithm {
        Algorithm::Es256 => {
            (DecodingKey::from_ec_pem(P256_PUBLIC.as_bytes()), jsonwebtoken::Algorithm::ES256)
        }
        Algorithm::EdDsa => {
            (DecodingKey::from_ed_pem(ED25519_PUBLIC.as_bytes()), jsonwebtoken::Algorithm::EdDSA)
        }
        Algorithm::Rs256 => {
            (DecodingKey::from_rsa_pem(RSA_PUBLIC.as_bytes()), jsonwebtoken::Algorithm::RS256)
        }
        _ => (Ok(DecodingKey::from_secret(SECRET)), jsonwebtoken::Algorithm::HS256),
    };
    let mut validation = Validation::new(name);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.validate_nbf = true;
    let state = AppState { key: Arc::new(key.expect("the key is good")), validation: Arc::new(validation) };
    Router::new().route("/me", get(me)).with_state(state)
}
