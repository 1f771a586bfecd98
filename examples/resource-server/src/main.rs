//! An API that has no sessions: it takes the tokens of two identity providers, which this program runs beside it.
//!
//! ```sh
//! cargo run -p resource-server      # prints what to open and what to type
//! ```
//!
//! `api` is the program to learn from. The rest plays what an application finds: `mock` for an identity provider, `node` for another
//! one where it is installed, `users` for a table.

mod api;
mod instructions;
mod mock;
mod node;
mod users;

use std::error::Error;

use axum::Router;
use countersign::token::random_id;
use tokio::net::TcpListener;

use crate::users::Users;

/// An identity provider, as the API and its reader have to know it.
struct Provider {
    /// Its name in rules.
    name: &'static str,
    issuer: String,
    authorization_url: String,
    token_url: String,
}

/// The client `robot`, which gets tokens for itself with this secret.
const ROBOT: &str = "robot";

/// The client that the Scalar page is.
const PAGE: &str = "docs";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    let url = format!("http://{}", listener.local_addr()?);

    let secret = random_id()?;
    let partner = mock::start("partner", &url, &secret).await?;
    let (acme, process) = match node::start("acme", &url, &secret)? {
        Some((provider, process)) => (provider, Some(process)),
        None => (mock::start("acme", &url, &secret).await?, None),
    };
    let auth = api::auth(&url, [&acme, &partner], Users::default())?;
    instructions::print(&url, [&acme, &partner], &secret, process.is_some());
    axum::serve(listener, Router::from(api::router(auth))).await?;
    drop(process);
    Ok(())
}
