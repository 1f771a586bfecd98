//! Keys that replace themselves, a key set for other services, and sealed invitations.
//!
//! ```sh
//! cargo run -p examples --bin keys      # prints how to sign in, and these lines
//! curl http://127.0.0.1:3000/.well-known/jwks.json
//! curl http://127.0.0.1:3000/.well-known/oauth-authorization-server
//! curl http://127.0.0.1:3000/keys/rotate -X POST -H "Authorization: Bearer $ACCESS_TOKEN"      # announces the next key
//! curl http://127.0.0.1:3000/keys/revoke -X POST -H "Authorization: Bearer $ACCESS_TOKEN"      # ends this token: sign in again
//! curl http://127.0.0.1:3000/invitations -X POST -H "Authorization: Bearer $ACCESS_TOKEN"
//! curl http://127.0.0.1:3000/invitations/$INVITATION
//! ```

use std::error::Error;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use countersign::store::MemoryStore;
use countersign::token::{Algorithm, Key, KeyRing, UnsealError};
use countersign::{Auth, AuthRouter, AuthState, SignIn, TokenPair, public, require_role, routes};
use examples::{Credentials, User, Users};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(AuthState, Clone)]
struct AppState {
    #[auth]
    auth: Auth<User>,
    users: Users,
    ring: KeyRing,
}

/// What an invitation says. It is signed and not encrypted.
#[derive(Serialize, Deserialize, ToSchema)]
struct Invitation {
    invited_by: u64,
}

/// Sign in with name and password
#[public(reason = "callers are not signed in yet")]
#[utoipa::path(post, path = "/login", request_body = Credentials, responses((status = 200, body = TokenPair), (status = 401)))]
async fn login(
    State(state): State<AppState>,
    sign_in: SignIn<User>,
    Json(credentials): Json<Credentials>,
) -> Result<TokenPair, StatusCode> {
    let user = state.users.authenticate(&credentials).ok_or(StatusCode::UNAUTHORIZED)?;
    sign_in.tokens(&user).await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)
}

/// Replace the signing key before its time
#[require_role("admin")]
#[utoipa::path(post, path = "/keys/rotate", responses((status = 200, description = "When the next key signs, in seconds since 1970")))]
async fn rotate(State(state): State<AppState>) -> Result<String, StatusCode> {
    let signs_from = state.ring.rotate_now().await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    Ok(signs_from.unix().to_string())
}

/// End the signing key, as after a leak
#[require_role("admin")]
#[utoipa::path(post, path = "/keys/revoke", responses((status = 204)))]
async fn revoke(State(state): State<AppState>) -> Result<StatusCode, StatusCode> {
    let kid = state.ring.signing_kid();
    state.ring.revoke_key(&kid).await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Invite someone
#[require_role("admin")]
#[utoipa::path(post, path = "/invitations", responses((status = 200, description = "The invitation, for a week")))]
async fn invite(State(state): State<AppState>, user: User) -> Result<String, StatusCode> {
    let invitation = Invitation { invited_by: user.id };
    let sealed = state.auth.seal("invitation", &invitation, 7 * DAY);
    sealed.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

/// Look at an invitation
#[public(reason = "the invitation is the credential")]
#[utoipa::path(get, path = "/invitations/{sealed}", params(("sealed" = String, Path)), responses((status = 200, body = Invitation), (status = 400), (status = 410)))]
async fn invitation(
    State(state): State<AppState>,
    Path(sealed): Path<String>,
) -> Result<Json<Invitation>, StatusCode> {
    match state.auth.unseal("invitation", &sealed) {
        Ok(invitation) => Ok(Json(invitation)),
        Err(UnsealError::Expired) => Err(StatusCode::GONE),
        Err(_) => Err(StatusCode::BAD_REQUEST),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let users = Users::demo()?;
    // A real application keeps the keys where its sessions are, and reads this secret from its environment.
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;
    let ring = KeyRing::builder(MemoryStore::new(), secret).open().await?;
    let found = users.clone();
    let auth = Auth::builder()
        .key_ring(ring.clone())
        .refresh_key(Key::generate_secret(Algorithm::Hs256)?)
        .issuer("http://127.0.0.1:3000")
        .audience("http://127.0.0.1:3000")
        .store(MemoryStore::new())
        .claims_source(move |id| {
            let user = found.find(id);
            async move { Ok(user) }
        })
        .build()?;
    let published = auth.jwks()?.with_endpoints(auth.routes().nest("/auth"));
    let (router, _document) = AuthRouter::new()
        .routes(routes!(login, rotate, revoke, invite, invitation))
        .routes(published)
        .with_state(AppState { auth, users: users.clone(), ring })
        .split_for_parts();
    examples::serve(router, &users, &examples::curl_lines(include_str!("keys.rs"))).await
}
