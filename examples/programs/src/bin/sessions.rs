//! Sessions as a user and as an administrator see them: list, sign one device out, or all, or all the others.
//!
//! ```sh
//! cargo run -p examples --bin sessions      # prints how to sign in, and these lines
//! curl http://127.0.0.1:3000/auth/sessions -H "Authorization: Bearer $ACCESS_TOKEN"                       # SESSION=... an id
//! curl http://127.0.0.1:3000/auth/sessions -X DELETE -H "Authorization: Bearer $ACCESS_TOKEN"             # all but this one
//! curl http://127.0.0.1:3000/users/2/sessions -H "Authorization: Bearer $ACCESS_TOKEN"                    # ada only
//! curl http://127.0.0.1:3000/users/2/access-tokens -X DELETE -H "Authorization: Bearer $ACCESS_TOKEN"
//! curl http://127.0.0.1:3000/users/2/sessions -X DELETE -H "Authorization: Bearer $ACCESS_TOKEN"
//! curl http://127.0.0.1:3000/auth/sessions/$SESSION -X DELETE -H "Authorization: Bearer $ACCESS_TOKEN"
//! curl http://127.0.0.1:3000/me -H "Authorization: Bearer $ACCESS_TOKEN"          # 200 until the token has expired
//! curl http://127.0.0.1:3000/account -H "Authorization: Bearer $ACCESS_TOKEN"     # 401 as soon as its session has ended
//! ```

use std::error::Error;

use axum::Json;
use axum::extract::{Path, State};
use countersign::{AuthError, AuthRouter, authenticated, require_role, routes};
use examples::{AppState, User, Users};

/// Who am I?
#[authenticated]
#[utoipa::path(get, path = "/me", tag = "users", responses((status = 200, body = User)))]
async fn me(user: User) -> Json<User> {
    Json(user)
}

/// A page that closes as soon as the session ends
#[authenticated(live)]
#[utoipa::path(get, path = "/account", tag = "users", responses((status = 200, body = String)))]
async fn account(user: User) -> String {
    format!("the account of {}", user.name)
}

/// The devices that a user is signed in on
#[require_role("admin", live)]
#[utoipa::path(get, path = "/users/{id}/sessions", tag = "users", responses((status = 200, body = Vec<String>)))]
async fn devices(State(state): State<AppState>, Path(id): Path<u64>) -> Result<Json<Vec<String>>, AuthError> {
    let sessions = state.auth.sessions(&id).await?;
    let labels = sessions.iter().map(|session| session.metadata.device_label().unwrap_or("unknown"));
    Ok(Json(labels.map(str::to_owned).collect()))
}

/// Sign a user out everywhere; the answer is the number of sessions
#[require_role("admin", live)]
#[utoipa::path(delete, path = "/users/{id}/sessions", tag = "users", responses((status = 200, body = u64)))]
async fn sign_out(State(state): State<AppState>, Path(id): Path<u64>) -> Result<Json<u64>, AuthError> {
    state.auth.logout_all(&id).await.map(Json)
}

/// End a user's access tokens, as after a change of roles; the answer is the number of sessions
#[require_role("admin", live)]
#[utoipa::path(delete, path = "/users/{id}/access-tokens", tag = "users", responses((status = 200, body = u64)))]
async fn expire(State(state): State<AppState>, Path(id): Path<u64>) -> Result<Json<u64>, AuthError> {
    state.auth.expire_access_tokens(&id).await.map(Json)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let users = Users::demo()?;
    let auth = examples::auth(&users)?.max_sessions_per_user(3).build()?;
    let (router, _document) = AuthRouter::new()
        .routes(routes!(examples::login, me, account, devices, sign_out, expire))
        .routes(auth.routes().nest("/auth"))
        .with_state(AppState { auth, users: users.clone() })
        .split_for_parts();
    examples::serve(router, &users, &examples::curl_lines(include_str!("sessions.rs"))).await
}
