//! An identity provider of a page and two users, for want of a real one. Its keys and tokens are Countersign's.

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use countersign::session::SessionMetadata;
use countersign::store::MemoryStore;
use countersign::token::{Algorithm, Key, KeyRing, random_id};
use countersign::{Auth, AuthError, AuthRouter, AuthState, SessionClaims, public, routes};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;

use crate::{PAGE, Provider, ROBOT};

/// What the provider says in a token.
#[derive(SessionClaims, Clone)]
struct Account {
    #[claims(subject)]
    name: String,
    #[claims(roles)]
    roles: Vec<String>,
    #[claims(scopes)]
    scopes: Vec<String>,
}

#[derive(AuthState, Clone)]
struct Mock {
    /// Signs for the page.
    #[auth]
    users: Auth<Account>,
    /// Signs for the machine, with the same keys.
    robots: Auth<Account>,
    robot_secret: String,
    /// The page to which users go back.
    redirect_uri: String,
    issuer: String,
    codes: Arc<Mutex<HashMap<String, Code>>>,
}

/// The sign-in that a code is good for, until it is used.
struct Code {
    user: String,
    challenge: String,
}

/// Starts a provider that signs for the API at this address.
pub(crate) async fn start(
    name: &'static str,
    api: &str,
    robot_secret: &str,
) -> Result<Provider, Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let issuer = format!("http://{}", listener.local_addr()?);
    let ring = KeyRing::builder(MemoryStore::new(), random_id()?).algorithm(Algorithm::Es256).open().await?;
    let auth = |client: &str| {
        let refresh_key = Key::generate_secret(Algorithm::Hs256)?;
        let builder =
            Auth::builder().key_ring(ring.clone()).refresh_key(refresh_key).store(MemoryStore::new());
        let builder = builder.claims_source(|name: String| async move { Ok(account(&name)) });
        builder.issuer(&issuer).audience(api).client_id(client).build()
    };
    let state = Mock {
        users: auth(PAGE)?,
        robots: auth(ROBOT)?,
        robot_secret: robot_secret.to_owned(),
        redirect_uri: format!("{api}/scalar"),
        issuer: issuer.clone(),
        codes: Arc::default(),
    };
    let router = AuthRouter::new()
        .routes(routes!(GET "/.well-known/openid-configuration" => discovery))
        .routes(routes!(GET "/authorize" => authorize))
        .routes(routes!(POST "/token" => token))
        .routes(state.users.jwks()?)
        .with_state(state);
    tokio::spawn(async move { axum::serve(listener, Router::from(router)).await });
    let [authorization_url, token_url] = ["authorize", "token"].map(|path| format!("{issuer}/{path}"));
    Ok(Provider { name, issuer, authorization_url, token_url })
}

/// Ada and Max; any other name is the machine's.
fn account(name: &str) -> Option<Account> {
    let (roles, scopes): (&[&str], &[&str]) = match name {
        "ada" => (&["administrator"], &["openid"]),
        "max" => (&[], &["openid"]),
        ROBOT => (&[], &["sync"]),
        _ => return None,
    };
    let [roles, scopes] = [roles, scopes].map(|names| names.iter().map(|name| (*name).to_owned()).collect());
    Some(Account { name: name.to_owned(), roles, scopes })
}

/// OpenID Connect Discovery section 3.
#[public(reason = "where the keys are is no secret")]
async fn discovery(State(mock): State<Mock>) -> Json<Value> {
    let url = |path: &str| format!("{}/{path}", mock.issuer);
    Json(json!({
        "issuer": mock.issuer,
        "authorization_endpoint": url("authorize"),
        "token_endpoint": url("token"),
        "jwks_uri": url(".well-known/jwks.json"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "code_challenge_methods_supported": ["S256"],
    }))
}

/// RFC 6749 section 4.1.1 and RFC 7636 section 4.3; `user` is for the one who was clicked.
#[derive(Serialize, Deserialize)]
struct Authorize {
    client_id: String,
    redirect_uri: String,
    code_challenge: String,
    code_challenge_method: String,
    #[serde(default)]
    state: String,
    user: Option<String>,
}

/// A page with two users to click, instead of passwords.
#[public(reason = "this is where users sign in")]
async fn authorize(State(mock): State<Mock>, Query(request): Query<Authorize>) -> Response {
    // An error must not go to an address that is not the client's (RFC 6749 section 4.1.2.1).
    if (request.client_id.as_str(), request.redirect_uri.as_str()) != (PAGE, mock.redirect_uri.as_str()) {
        let words = format!("the client is {PAGE} and goes back to {}", mock.redirect_uri);
        return (StatusCode::BAD_REQUEST, words).into_response();
    }
    if request.code_challenge_method != "S256" {
        return (StatusCode::BAD_REQUEST, "the method of PKCE is S256").into_response();
    }
    let Some(user) = request.user.filter(|user| account(user).is_some() && user != ROBOT) else {
        let link = |user: &str| {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query
                .append_pair("client_id", &request.client_id)
                .append_pair("redirect_uri", &request.redirect_uri);
            query
                .append_pair("code_challenge", &request.code_challenge)
                .append_pair("code_challenge_method", "S256");
            query.append_pair("state", &request.state).append_pair("user", user);
            format!("<p><a href=\"?{}\">{user}</a></p>", query.finish().replace('&', "&amp;"))
        };
        let page =
            format!("<!doctype html><title>Sign in</title><h1>Sign in as</h1>{}{}", link("ada"), link("max"));
        return Html(page).into_response();
    };
    let Ok(code) = random_id() else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("code", &code)
        .append_pair("state", &request.state)
        .finish();
    let granted = Code { user, challenge: request.code_challenge };
    mock.codes.lock().unwrap_or_else(PoisonError::into_inner).insert(code, granted);
    Redirect::to(&format!("{}?{query}", request.redirect_uri)).into_response()
}

/// RFC 6749 sections 4.1.3 and 4.4.2.
#[derive(Deserialize)]
#[serde(tag = "grant_type", rename_all = "snake_case")]
enum Grant {
    AuthorizationCode { client_id: String, redirect_uri: String, code: String, code_verifier: String },
    ClientCredentials {},
}

#[public(reason = "the code, or the secret of the client, is the credential")]
async fn token(State(mock): State<Mock>, headers: HeaderMap, Form(grant): Form<Grant>) -> Response {
    let answer = match grant {
        Grant::AuthorizationCode { client_id, redirect_uri, code, code_verifier } => {
            // Taken out whatever comes of it: a code works once.
            let code = mock.codes.lock().unwrap_or_else(PoisonError::into_inner).remove(&code);
            let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(code_verifier));
            match code.filter(|code| code.challenge == challenge) {
                Some(code) if client_id == PAGE && redirect_uri == mock.redirect_uri => {
                    issue(&mock.users, &code.user).await
                }
                _ => Ok((StatusCode::BAD_REQUEST, json!({ "error": "invalid_grant" }))),
            }
        }
        Grant::ClientCredentials {} => {
            let basic = format!("Basic {}", STANDARD.encode(format!("{ROBOT}:{}", mock.robot_secret)));
            match headers.get(header::AUTHORIZATION) {
                Some(authorization) if *authorization == *basic => issue(&mock.robots, ROBOT).await,
                _ => Ok((StatusCode::UNAUTHORIZED, json!({ "error": "invalid_client" }))),
            }
        }
    };
    let (status, body) =
        answer.unwrap_or((StatusCode::INTERNAL_SERVER_ERROR, json!({ "error": "server_error" })));
    // The page is of another origin: it may read the answer, and no other page may.
    let origin = mock.redirect_uri.trim_end_matches("/scalar").to_owned();
    let headers =
        [(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin), (header::CACHE_CONTROL, "no-store".to_owned())];
    (status, headers, Json(body)).into_response()
}

/// An access token for this account.
async fn issue(auth: &Auth<Account>, name: &str) -> Result<(StatusCode, Value), AuthError> {
    let Some(account) = account(name) else {
        return Ok((StatusCode::BAD_REQUEST, json!({ "error": "invalid_grant" })));
    };
    let pair = auth.login(&account, SessionMetadata::default()).await?;
    let answer =
        json!({ "access_token": pair.access_token, "token_type": "Bearer", "expires_in": pair.expires_in });
    Ok((StatusCode::OK, answer))
}
