//! The limit: an extractor for this one token and nothing else, as fast as safe Rust with kept crates allows.
//!
//! It makes the checks that Countersign makes: one `Authorization` header, the length, three segments, the header byte for byte, canonical
//! base64url, the HMAC of a key that is set up once, then one pass over the payload with `iss`, `aud`, times and types, no member twice. It has
//! no events, problem bodies, challenges, cookies, key rotation, liveness or rules, and its errors say nothing.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;
use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer};

use crate::{AUDIENCE, ISSUER, SECRET};

const LONGEST: usize = 8 * 1024;
const LEEWAY: u64 = 60;
/// The last second of the year 9999.
const LATEST: u64 = 253_402_300_799;

/// How the limit decodes base64url.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Decoder {
    Scalar,
    Simd,
}

#[derive(Clone)]
struct Limit(Arc<Settings>);

struct Settings {
    key: hmac::Key,
    header: String,
    decoder: Decoder,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Role {
    Member,
    Admin,
}

/// Serde's derive refuses a member that occurs twice, and here every member that it does not know.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Payload<'t> {
    iss: &'t str,
    aud: &'t str,
    client_id: &'t str,
    exp: u64,
    iat: u64,
    nbf: u64,
    jti: &'t str,
    sid: &'t str,
    auth_time: u64,
    #[serde(deserialize_with = "number")]
    sub: u64,
    roles: Vec<Role>,
    email: String,
}

fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    <&str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

#[allow(dead_code, reason = "read from the token as Countersign does, whether the handler wants it or not")]
struct User {
    id: u64,
    roles: Vec<Role>,
    email: String,
    token: String,
    session: [u8; 16],
    issued_at: u64,
    expires_at: u64,
    authenticated_at: u64,
}

impl Limit {
    fn user(&self, parts: &Parts) -> Option<User> {
        let mut headers = parts.headers.get_all(header::AUTHORIZATION).into_iter();
        let (Some(header), None) = (headers.next(), headers.next()) else { return None };
        let (scheme, token) = header.as_bytes().split_at_checked(7)?;
        if !scheme.eq_ignore_ascii_case(b"Bearer ") || token.len() > LONGEST {
            return None;
        }
        let (message, signature) = str::from_utf8(token).ok()?.rsplit_once('.')?;
        let (header, payload) = message.split_once('.')?;
        if header != self.0.header || payload.contains('.') {
            return None;
        }
        let payload = self.decode(payload)?;
        let mut tag = [0; 32];
        let length = URL_SAFE_NO_PAD.decode_slice(signature, &mut tag).ok()?;
        hmac::verify(&self.0.key, message.as_bytes(), &tag[..length]).ok()?;
        read(str::from_utf8(&payload).ok()?)
    }

    fn decode(&self, text: &str) -> Option<Vec<u8>> {
        match self.0.decoder {
            Decoder::Scalar => URL_SAFE_NO_PAD.decode(text).ok(),
            Decoder::Simd => base64_simd::URL_SAFE_NO_PAD.decode_to_vec(text).ok(),
        }
    }
}

fn read(payload: &str) -> Option<User> {
    let payload: Payload<'_> = serde_json::from_str(payload).ok()?;
    #[expect(clippy::disallowed_methods, reason = "as the code by hand would")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
    let Payload { exp, iat, nbf, auth_time, .. } = payload;
    let is_expected = payload.iss == ISSUER && payload.aud == AUDIENCE && !payload.client_id.is_empty();
    let is_in_range = [exp, iat, nbf, auth_time].iter().all(|time| *time <= LATEST);
    let is_valid = now < exp + LEEWAY && nbf <= now + LEEWAY && iat <= now + LEEWAY;
    if !is_expected || !is_in_range || !is_valid {
        return None;
    }
    let mut session = [0; 16];
    URL_SAFE_NO_PAD.decode_slice(payload.sid, &mut session).ok().filter(|length| *length == 16)?;
    Some(User {
        id: payload.sub,
        roles: payload.roles,
        email: payload.email,
        token: payload.jti.to_owned(),
        session,
        issued_at: iat,
        expires_at: exp,
        authenticated_at: auth_time,
    })
}

impl FromRequestParts<Limit> for User {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, limit: &Limit) -> Result<Self, StatusCode> {
        limit.user(parts).ok_or(StatusCode::UNAUTHORIZED)
    }
}

async fn me(user: User) -> String {
    user.id.to_string()
}

/// The route, for tokens with this first segment.
pub(crate) fn router(header: &str, decoder: Decoder) -> Router {
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET);
    let settings = Settings { key, header: header.to_owned(), decoder };
    Router::new().route("/me", get(me)).with_state(Limit(Arc::new(settings)))
}
