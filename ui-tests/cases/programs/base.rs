//! A complete program. It compiles; the files beside it hold edits of it, each of which is one mistake.

use std::error::Error;
use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRef, Path, State};
use countersign::store::MemoryStore;
use countersign::{
    Auth, AuthRejection, AuthRouter, AuthState, Role, SessionClaims, SignIn, TokenPair, authenticated, public,
    require_role, routes, typed_refresh_handler,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Role, Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Member,
    #[role(implies(Member))]
    Admin,
}

#[derive(SessionClaims, Serialize, ToSchema, Clone, Debug)]
struct User {
    #[claims(subject)]
    id: u64,
    #[claims(roles)]
    roles: Vec<Role>,
    name: String,
}

#[derive(Clone)]
struct Db {
    users: Arc<[User]>,
}

impl Db {
    fn find(&self, id: u64) -> Option<User> {
        self.users.iter().find(|user| user.id == id).cloned()
    }
}

#[derive(AuthState, FromRef, Clone)]
struct AppState {
    #[auth]
    auth: Auth<User>,
    db: Db,
}

#[derive(Deserialize, ToSchema)]
struct Credentials {
    login: String,
    password: String,
}

/// Sign in
#[public(reason = "the password is the credential")]
#[utoipa::path(post, path = "/login", request_body = Credentials, responses((status = 200, body = TokenPair)))]
async fn login(
    State(db): State<Db>,
    sign_in: SignIn<User>,
    Json(credentials): Json<Credentials>,
) -> Result<TokenPair, AuthRejection> {
    let is_right = credentials.login == "ada" && credentials.password == "correct horse";
    let user = db.find(1).filter(|_| is_right).ok_or_else(|| sign_in.refused("wrong_password"))?;
    Ok(sign_in.tokens(&user).await?)
}

/// Who am I?
#[authenticated]
#[utoipa::path(get, path = "/me", responses((status = 200, body = User)))]
async fn me(user: User) -> Json<User> {
    Json(user)
}

/// How many users there are
#[require_role("admin")]
#[utoipa::path(get, path = "/count", responses((status = 200, body = usize)))]
async fn count(State(db): State<Db>) -> Json<usize> {
    Json(db.users.len())
}

/// Any user, and whether they are an administrator
#[require_role(Role::Admin)]
#[utoipa::path(get, path = "/users/{id}", params(("id" = u64, Path)), responses((status = 200, body = User)))]
async fn user(_admin: User, State(db): State<Db>, Path(id): Path<u64>) -> Json<(Option<User>, bool)> {
    let user = db.find(id);
    let is_admin = user.as_ref().is_some_and(|user| user.has_role(Role::Admin));
    Json((user, is_admin))
}

typed_refresh_handler!(refresh, AppState);

fn router(state: AppState) -> AuthRouter {
    AuthRouter::new()
        .routes(routes!(login))
        .routes(routes!(me))
        .routes(routes!(count))
        .routes(routes!(user))
        .routes(routes!(refresh))
        .with_state(state)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let ada = User { id: 1, roles: vec![Role::Member], name: "ada".to_owned() };
    let db = Db { users: Arc::new([ada]) };
    let source = db.clone();
    let auth = Auth::<User>::from_env()?
        .store(MemoryStore::new())
        .claims_source(move |id| {
            let user = source.find(id);
            async move { Ok(user) }
        })
        .build()?;
    let router = router(AppState { auth, db });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    axum::serve(listener, axum::Router::from(router)).await?;
    Ok(())
}
