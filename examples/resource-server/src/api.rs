//! The API: who may call it, and whose tokens it takes.

use axum::Json;
use countersign::token::Algorithm;
use countersign::{
    Auth, AuthRouter, ConfigError, Issuer, Role, SessionClaims, Unguarded, authenticated, require,
    require_role, routes,
};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use crate::users::Users;
use crate::{PAGE, Provider, ROBOT};

#[derive(Role, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Member,
    #[role(implies(Member))]
    Admin,
}

/// A user of this application, whichever provider signed them in.
#[derive(SessionClaims, Serialize, ToSchema, Clone, Debug)]
pub(crate) struct User {
    /// The application's own number.
    #[claims(subject)]
    pub(crate) id: u64,
    #[claims(roles)]
    pub(crate) roles: Vec<Role>,
    #[claims(scopes)]
    pub(crate) scopes: Vec<String>,
    /// The provider, and its name for the user.
    pub(crate) known_as: String,
}

/// Who am I?
#[authenticated]
#[utoipa::path(get, path = "/me", tag = "users", responses((status = 200, body = User)))]
async fn me(user: User) -> Json<User> {
    Json(user)
}

/// For administrators
///
/// An administrator at the provider `acme` is one here. What `partner` calls its users makes no difference.
#[require_role("admin")]
#[utoipa::path(get, path = "/report", tag = "users", responses((status = 200, body = String)))]
async fn report() -> &'static str {
    "all is well"
}

/// For users of the partner
#[require(issuer("partner"))]
#[utoipa::path(get, path = "/partners", tag = "users", responses((status = 200, body = String)))]
async fn partners(user: User) -> String {
    format!("welcome, {}", user.known_as)
}

/// For machines
///
/// For clients with a token for themselves. They are no users, so no other route lets them in.
#[require(machine && scope("sync"))]
#[utoipa::path(post, path = "/sync", tag = "machines", responses((status = 200, body = String)))]
async fn sync() -> &'static str {
    "everything is in sync"
}

/// The title of the document and the groups in it; operations and sign-in come from the routes and the providers.
#[derive(OpenApi)]
#[openapi(
    info(title = "Resource server", description = "Authorize with `acme` or `partner`, then call the routes."),
    tags((name = "users", description = "For those who sign in"), (name = "machines", description = "For clients"))
)]
struct Document;

/// Trusts these providers. No keys, no store: their tokens are all that this server knows.
pub(crate) fn auth(url: &str, providers: [&Provider; 2], users: Users) -> Result<Auth<User>, ConfigError> {
    // It follows no redirect: the keys of a provider are where it says.
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build();
    let client = client.unwrap_or_default();
    let mut auth = Auth::builder().disclose_requirements(true);
    for provider in providers {
        let users = users.clone();
        let issuer = Issuer::discover(&provider.issuer)
            .named(provider.name)
            .audience(url)
            .client_id(PAGE)
            .client_id(ROBOT)
            .algorithms([Algorithm::Es256])
            .claims_with(move |token| {
                let user = users.of(&token);
                async move { Ok(Some(user)) }
            })
            .sign_in_at(&provider.authorization_url, &provider.token_url, [("openid", "Who you are")])
            .fetch(client.clone());
        auth = auth.trust(issuer);
    }
    auth.build()
}

pub(crate) fn router(auth: Auth<User>) -> AuthRouter {
    AuthRouter::with_openapi(Document::openapi())
        .routes(routes!(me, report, partners, sync))
        .scalar("/scalar", Unguarded("the document of an example is no secret"))
        .with_state(auth)
}
