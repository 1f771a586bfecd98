//! A blog with readers, authors, editors and an administrator. The attribute above each handler says who may call it.
//!
//! `access.rs` has the roles and rules, `handlers.rs` the routes, and `access.md` the access matrix, which the test
//! `the_access_matrix_is_the_committed_one` compares with the code.

pub mod access;
pub mod accounts;
pub mod handlers;
pub mod posts;

use axum::extract::FromRef;
use countersign::store::MemoryStore;
use countersign::token::{Algorithm, Key};
use countersign::{Auth, AuthBuilder, AuthRouter, AuthState, Unguarded, fallback, routes};

use crate::access::User;
use crate::accounts::Accounts;
use crate::posts::Posts;

/// The state that the handlers share; with `FromRef`, each takes the part it needs, as in `State(posts): State<Posts>`.
#[derive(AuthState, FromRef, Clone)]
pub struct AppState {
    /// Verifies tokens and keeps sessions.
    #[auth]
    pub auth: Auth<User>,
    /// The users who can sign in.
    pub accounts: Accounts,
    /// The posts.
    pub posts: Posts,
}

/// A configuration with random keys and sessions in memory; sessions end with the program.
///
/// # Errors
///
/// When the system has no random bytes to give.
pub fn auth(accounts: &Accounts) -> Result<AuthBuilder<User>, Box<dyn std::error::Error>> {
    let accounts = accounts.clone();
    Ok(Auth::builder()
        .access_key(Key::generate_secret(Algorithm::Hs256)?)
        .refresh_key(Key::generate_secret(Algorithm::Hs256)?)
        .issuer("http://127.0.0.1:3000")
        .audience("http://127.0.0.1:3000")
        .store(MemoryStore::new())
        .claims_source(move |id| {
            let user = accounts.find(id);
            async move { Ok(user) }
        }))
}

/// Every route.
pub fn router(state: AppState) -> AuthRouter {
    AuthRouter::<AppState>::new()
        .routes(routes!(handlers::login, handlers::me, handlers::reauthenticate, handlers::impersonate))
        .routes(routes!(handlers::posts, handlers::write))
        .routes(routes!(handlers::draft, handlers::rewrite, handlers::publish))
        .routes(routes!(handlers::close_account))
        .routes(state.auth.routes().nest("/auth"))
        .fallback(fallback!(handlers::not_found))
        .scalar("/scalar", Unguarded("the blog's API is for everybody"))
        .with_state(state)
}
