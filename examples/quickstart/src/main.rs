//! Sign in, call guarded routes, refresh, sign out; documented on a Scalar page.
//!
//! ```sh
//! cargo run -p quickstart          # prints lines to paste into a shell; Scalar is at http://127.0.0.1:3000/scalar
//! ```
//!
//! `PORT` (default 3000, 0 for a free one) and `DATABASE` (default `quickstart.db`) change where it listens and keeps its
//! sessions. Keys and names come from the variables of `.env.example` when they are set; otherwise the keys are random and
//! sessions end with the process.

mod users;

use std::error::Error;

use axum::extract::State;
use axum::{Json, Router};
use countersign::store::SqliteStore;
use countersign::token::{Algorithm, Key};
use countersign::{
    Auth, AuthBuilder, AuthRejection, AuthRouter, AuthState, ConfigError, ProblemDetails, Role,
    SessionClaims, SignIn, TokenPair, Unguarded, authenticated, public, require_role, routes,
};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use utoipa::{OpenApi, ToSchema};

use users::Users;

#[derive(Role, Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Member,
    #[role(implies(Member))]
    Admin,
}

/// The signed-in user, as the access token carries them.
#[derive(SessionClaims, Serialize, ToSchema, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
    #[claims(roles)]
    roles: Vec<Role>,
    name: String,
}

#[derive(AuthState, Clone)]
struct AppState {
    #[auth]
    auth: Auth<User>,
    users: Users,
}

#[derive(Deserialize, ToSchema)]
struct Credentials {
    name: String,
    password: String,
}

/// Sign in with name and password
#[public(reason = "the password is the credential")]
#[utoipa::path(post, path = "/login", tag = "sign-in", request_body = Credentials, responses(
    (status = 200, body = TokenPair), (status = 401, description = "Name or password is wrong", body = ProblemDetails)
))]
async fn login(
    State(state): State<AppState>,
    sign_in: SignIn<User>,
    Json(credentials): Json<Credentials>,
) -> Result<TokenPair, AuthRejection> {
    let user = state.users.authenticate(&credentials.name, &credentials.password);
    let user = user.ok_or_else(|| sign_in.refused("wrong_password"))?;
    Ok(sign_in.tokens(&user).await?)
}

/// Who am I?
#[authenticated]
#[utoipa::path(get, path = "/me", tag = "users", responses((status = 200, body = User)))]
async fn me(user: User) -> Json<User> {
    Json(user)
}

/// Every user
#[require_role("admin")]
#[utoipa::path(get, path = "/users", tag = "users", responses((status = 200, body = Vec<User>)))]
async fn list_users(State(state): State<AppState>) -> Json<Vec<User>> {
    Json(state.users.all().collect())
}

/// The title of the document and the groups in it; the operations come from the routes.
#[derive(OpenApi)]
#[openapi(
    info(title = "Countersign quickstart", description = "Sign in, then authorize with the access token."),
    tags(
        (name = "sign-in", description = "From a password to tokens"),
        (name = "sessions", description = "Refresh, sign out, and list your sessions"),
        (name = "users", description = "The demo users")
    )
)]
struct Api;

fn app(state: AppState) -> Router {
    routes(state).into()
}

fn routes(state: AppState) -> AuthRouter {
    AuthRouter::with_openapi(Api::openapi())
        .routes(routes!(login, me, list_users))
        .routes(state.auth.routes())
        .scalar("/scalar", Unguarded("the document of an example is no secret"))
        .with_state(state)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_env_filter("info,countersign=debug").init();
    let users = Users::demo()?;
    let lookup = users.clone();
    let auth = configuration()?
        .store(SqliteStore::open(variable("DATABASE").unwrap_or("quickstart.db".into())).await?)
        .claims_source(move |id| {
            let user = lookup.find(id);
            async move { Ok(user) }
        })
        .disclose_requirements(true)
        .build()?;

    let port = variable("PORT").unwrap_or("3000".into());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    print_instructions(&format!("http://{}", listener.local_addr()?), &users);
    axum::serve(listener, app(AppState { auth, users }))
        .with_graceful_shutdown(async { tokio::signal::ctrl_c().await.unwrap_or_default() })
        .await?;
    Ok(())
}

/// From the environment where it is set, and with random keys otherwise.
fn configuration() -> Result<AuthBuilder<User>, ConfigError> {
    match Auth::from_env() {
        Err(error) if error.problems().iter().all(|it| matches!(it, ConfigError::EnvMissing { .. })) => {
            Ok(Auth::builder()
                .access_key(Key::generate_secret(Algorithm::Hs256)?)
                .refresh_key(Key::generate_secret(Algorithm::Hs256)?)
                .issuer("http://127.0.0.1:3000")
                .audience("http://127.0.0.1:3000"))
        }
        configured => configured,
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Lines to paste after one of the sign-ins, with the server's address in the place of `{url}`.
const INSTRUCTIONS: &str = r#"
Keep the tokens of the answer:

  TOKEN=$(echo "$PAIR" | sed -E 's/.*"access_token":"([^"]*)".*/\1/')
  REFRESH=$(echo "$PAIR" | sed -E 's/.*"refresh_token":"([^"]*)".*/\1/')

Call the routes:

  curl {url}/me -H "Authorization: Bearer $TOKEN"
  curl {url}/users -H "Authorization: Bearer $TOKEN"      # ada: 200, max: 403
  curl {url}/sessions -H "Authorization: Bearer $TOKEN"   # where you are signed in
  PAIR=$(curl -sS {url}/refresh --json "{\"refresh_token\":\"$REFRESH\"}")   # a new pair: keep its tokens as above
  curl {url}/logout -X POST -H "Authorization: Bearer $TOKEN"

An access token outlives a logout, until it expires (15 minutes): /me still answers 200.
A `live` route, as under #[authenticated(live)], asks the store: /sessions answers 401.
"#;

#[expect(clippy::print_stdout, reason = "this is how the program tells its user what to type")]
fn print_instructions(url: &str, users: &Users) {
    println!("Scalar: {url}/scalar\n\nSign in as ada (administrator) or max (member):\n");
    for (name, password) in users.credentials() {
        println!(
            "  PAIR=$(curl -sS {url}/login --json '{{\"name\":\"{name}\",\"password\":\"{password}\"}}')"
        );
    }
    println!("{}", INSTRUCTIONS.replace("{url}", url));
}

#[cfg(test)]
mod tests {
    use countersign::testing::{AccessProbe, TestAuth};

    use super::*;

    /// Every route refuses the callers that it says it refuses, also one that is added later.
    #[tokio::test]
    async fn every_route_enforces_what_it_declares() {
        let auth = TestAuth::new();
        let users = Users::demo().unwrap();
        let max = users.all().last().unwrap();
        let router = routes(AppState { auth: auth.auth().clone(), users });
        AccessProbe::new(router, &auth).claims(max).run().await.assert_no_gaps();
    }
}
