//! Routes where a stolen access token is not enough: they demand the refresh token of the same session as well.
//!
//! ```sh
//! cargo run -p examples --bin both_tokens      # prints how to sign in, and these lines
//! curl http://127.0.0.1:3000/me -H "Authorization: Bearer $ACCESS_TOKEN"
//! curl http://127.0.0.1:3000/password -X POST -H "Authorization: Bearer $ACCESS_TOKEN"      # 401: one token is missing
//! curl http://127.0.0.1:3000/password -X POST -H "Authorization: Bearer $ACCESS_TOKEN" -H "X-Refresh-Token: $REFRESH_TOKEN"
//! curl http://127.0.0.1:3000/export -H "Authorization: Bearer $ACCESS_TOKEN" -H "X-Refresh-Token: $REFRESH_TOKEN"
//! curl http://127.0.0.1:3000/account -X DELETE -H "Authorization: Bearer $ACCESS_TOKEN" -H "X-Refresh-Token: $REFRESH_TOKEN"
//! ```

use std::error::Error;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use countersign::{AuthError, AuthRouter, RefreshSession, authenticated, routes};
use examples::{AppState, User, Users};

/// Who am I? One token is enough
#[authenticated]
#[utoipa::path(get, path = "/me", tag = "users", responses((status = 200, body = User)))]
async fn me(user: User) -> Json<User> {
    Json(user)
}

/// Change the password, and sign out every other device: both tokens, as an attribute
#[authenticated(both_tokens)]
#[utoipa::path(post, path = "/password", tag = "users", responses((status = 204)))]
async fn change_password(
    State(state): State<AppState>,
    session: RefreshSession<User>,
) -> Result<StatusCode, AuthError> {
    state.auth.revoke_all_except(&session.claims().id, session.id()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Delete the account: both tokens, as an argument
#[utoipa::path(delete, path = "/account", tag = "users", responses((status = 204)))]
async fn delete_account(
    session: RefreshSession<User>,
    State(state): State<AppState>,
) -> Result<StatusCode, AuthError> {
    state.auth.logout_all(&session.claims().id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Both tokens, as a layer around a router.
async fn export(user: User) -> String {
    format!("everything about {}", user.name)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let users = Users::demo()?;
    let auth = examples::auth(&users)?.build()?;
    let exports = Router::new().route("/export", get(export)).route_layer(auth.layer().both_tokens());
    let (router, _document) = AuthRouter::new()
        .routes(routes!(examples::login, me, change_password, delete_account))
        .unguarded("a layer guards it", exports)
        .with_state(AppState { auth, users: users.clone() })
        .split_for_parts();
    examples::serve(router, &users, &examples::curl_lines(include_str!("both_tokens.rs"))).await
}
