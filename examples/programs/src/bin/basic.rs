//! Sign in, call guarded routes, refresh, sign out. `User`, with its roles, is in `src/lib.rs`.
//!
//! ```sh
//! cargo run -p examples --bin basic      # prints how to sign in, and these lines
//! curl http://127.0.0.1:3000/hello                                                    # hello, stranger
//! curl http://127.0.0.1:3000/hello -H "Authorization: Bearer $ACCESS_TOKEN"           # hello, ada
//! curl http://127.0.0.1:3000/me -H "Authorization: Bearer $ACCESS_TOKEN"              # without: 401
//! curl http://127.0.0.1:3000/users/2 -H "Authorization: Bearer $ACCESS_TOKEN"         # ada: 200, max: 403
//! curl http://127.0.0.1:3000/refresh --json "{\"refresh_token\":\"$REFRESH_TOKEN\"}"
//! curl http://127.0.0.1:3000/logout -X POST -H "Authorization: Bearer $ACCESS_TOKEN"
//! ```

use std::error::Error;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use countersign::{
    Auth, AuthRejection, AuthRouter, AuthState, Endpoint, ProblemDetails, SignIn, TokenPair, authenticated,
    public, require_role, routes, typed_refresh_handler,
};
use examples::{Credentials, User, Users};

#[derive(AuthState, Clone)]
struct AppState {
    #[auth]
    auth: Auth<User>,
    users: Users,
}

/// Sign in with name and password
#[public(reason = "callers are not signed in yet")]
#[utoipa::path(post, path = "/login", tag = "sign-in", request_body = Credentials, responses(
    (status = 200, body = TokenPair), (status = 401, description = "Name or password is wrong", body = ProblemDetails)
))]
async fn login(
    State(state): State<AppState>,
    sign_in: SignIn<User>,
    Json(credentials): Json<Credentials>,
) -> Result<TokenPair, AuthRejection> {
    let user = state.users.authenticate(&credentials).ok_or_else(|| sign_in.refused("wrong_password"))?;
    Ok(sign_in.tokens(&user).await?)
}

/// A greeting for every caller; a bad token is refused
#[utoipa::path(get, path = "/hello", tag = "users", responses((status = 200, body = String)))]
async fn hello(user: Option<User>) -> String {
    format!("hello, {}", user.map_or("stranger".to_owned(), |user| user.name))
}

/// Who am I?
#[authenticated]
#[utoipa::path(get, path = "/me", tag = "users", responses((status = 200, body = User)))]
async fn me(user: User) -> Json<User> {
    Json(user)
}

/// Any user
#[require_role("admin")]
#[utoipa::path(get, path = "/users/{id}", tag = "users", responses((status = 200, body = User), (status = 404)))]
async fn user(State(state): State<AppState>, Path(id): Path<u64>) -> Result<Json<User>, StatusCode> {
    state.users.find(id).map(Json).ok_or(StatusCode::NOT_FOUND)
}

typed_refresh_handler!(refresh, AppState);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let users = Users::demo()?;
    let auth = examples::auth(&users)?.build()?;
    let (router, _document) = AuthRouter::new()
        .routes(routes!(login, hello, me, user, refresh))
        .routes(auth.routes().only([Endpoint::Logout]))
        .with_state(AppState { auth, users: users.clone() })
        .split_for_parts();
    examples::serve(router, &users, &examples::curl_lines(include_str!("basic.rs"))).await
}
