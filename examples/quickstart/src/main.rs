//! Sign in, call guarded routes, refresh, sign out; documented on a Scalar page.
//!
//! ```sh
//! cargo run -p quickstart          # prints the demo users with curl lines; Scalar is at http://127.0.0.1:3000/scalar
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
#[public(reason = "nobody is signed in before signing in")]
#[utoipa::path(post, path = "/login", request_body = Credentials, responses(
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
#[utoipa::path(get, path = "/me", responses((status = 200, body = User)))]
async fn me(user: User) -> Json<User> {
    Json(user)
}

/// Every user
#[require_role("admin")]
#[utoipa::path(get, path = "/users", responses((status = 200, body = Vec<User>)))]
async fn list_users(State(state): State<AppState>) -> Json<Vec<User>> {
    Json(state.users.all().collect())
}

/// What the document says about itself; the operations come from the routes.
#[derive(OpenApi)]
#[openapi(info(
    title = "Countersign quickstart",
    description = "Sign in, then authorize with the access token."
))]
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

/// From the environment where it is set, else with random keys.
fn configuration() -> Result<AuthBuilder<User>, ConfigError> {
    match Auth::from_env() {
        Err(ConfigError::EnvMissing { .. }) if variable("COUNTERSIGN_ACCESS_KEY").is_none() => {
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

#[expect(clippy::print_stdout, reason = "this is what the program says to the person who started it")]
fn print_instructions(url: &str, users: &Users) {
    println!("Scalar: {url}/scalar\n\nSign in; the answer has an access_token and a refresh_token:\n");
    for (name, password) in users.credentials() {
        println!("  curl {url}/login --json '{{\"name\":\"{name}\",\"password\":\"{password}\"}}'");
    }
    println!(
        "\nCopy them into the shell (ACCESS_TOKEN=..., REFRESH_TOKEN=...), then:\n\n  \
           curl {url}/me -H \"Authorization: Bearer $ACCESS_TOKEN\"\n  \
           curl {url}/users -H \"Authorization: Bearer $ACCESS_TOKEN\"   # ada: 200, max: 403\n  \
           curl {url}/refresh --json \"{{\\\"refresh_token\\\":\\\"$REFRESH_TOKEN\\\"}}\"\n  \
           curl {url}/logout -X POST -H \"Authorization: Bearer $ACCESS_TOKEN\"\n"
    );
}

#[cfg(test)]
mod tests {
    use countersign::testing::{AccessProbe, TestAuth};

    use super::*;

    /// Whatever is added to the routes, they refuse whom they say they refuse.
    #[tokio::test]
    async fn every_route_enforces_what_it_declares() {
        let auth = TestAuth::new();
        let users = Users::demo().unwrap();
        let max = users.all().last().unwrap();
        let router = routes(AppState { auth: auth.auth().clone(), users });
        AccessProbe::new(router, &auth).claims(max).run().await.assert_no_gaps();
    }
}
