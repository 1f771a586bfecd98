//! A router with every kind of access, for the tests that compare its document with the matrix, with outside validators and with the server
//! itself.

use axum::Json;
use axum::extract::Path;
use axum::http::{HeaderName, StatusCode};
use countersign::session::SessionMetadata;
use countersign::store::MemoryStore;
use countersign::token::{Algorithm, Key};
use countersign::{
    Auth, AuthBuilder, AuthRouter, AuthState, BoxError, Cookies, Endpoint, Liveness, RefreshSession, Role,
    RoleSet, SessionClaims, TokenPair, authenticated, check, public, require, require_role, require_scope,
    routes, rule,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::{Info, OpenApiBuilder, Server};

/// The roles of a user. The last one is private.
#[derive(Role, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Guest,
    Member,
    #[role(implies(Member))]
    Editor,
    #[role(implies(Editor))]
    Admin,
    #[role(implies(Admin), private)]
    Breakglass,
}

/// The signed-in user
#[derive(SessionClaims, Serialize, ToSchema, Clone, Debug)]
pub(crate) struct User {
    #[claims(subject)]
    pub(crate) id: u64,
    #[claims(roles)]
    pub(crate) roles: Vec<Role>,
    #[claims(scopes)]
    pub(crate) scopes: Vec<String>,
}

impl User {
    /// A user who may call every route.
    pub(crate) fn mighty() -> Self {
        let scopes = vec!["posts:write".to_owned(), "audit:read".to_owned()];
        Self { id: 7, roles: vec![Role::Admin, Role::Breakglass], scopes }
    }

    /// The user without the roles that the document hides.
    fn shown(mut self) -> Self {
        self.roles.retain(|role| !Role::PRIVATE.contains(&role.name()));
        self
    }
}

#[derive(AuthState, Clone)]
pub(crate) struct App {
    #[auth]
    pub(crate) auth: Auth<User>,
}

impl App {
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    /// With tokens accepted in every place, and every session looked up.
    pub(crate) fn everywhere() -> Self {
        Self::with(|builder| {
            builder
                .cookies(Cookies::new().with_access_cookie())
                .access_header(HeaderName::from_static("x-access-token"))
                .liveness(Liveness::Always)
        })
    }

    fn with(configure: impl FnOnce(AuthBuilder<User>) -> AuthBuilder<User>) -> Self {
        let builder = Auth::builder()
            .access_key(Key::generate_secret(Algorithm::Hs256).unwrap())
            .refresh_key(Key::generate_secret(Algorithm::Hs256).unwrap())
            .issuer("https://issuer.test")
            .audience("https://api.test")
            .store(MemoryStore::new())
            .claims_source(|id| async move { Ok::<_, BoxError>(Some(User { id, ..User::mighty() })) });
        Self { auth: configure(builder).build().unwrap() }
    }

    /// The tokens of a user who may call every route.
    #[allow(dead_code, reason = "only a server is asked with tokens")]
    pub(crate) async fn tokens(&self) -> TokenPair {
        self.auth.login(&User::mighty(), SessionMetadata::default()).await.unwrap()
    }
}

rule! {
    /// Writes for others to read.
    pub(crate) CanPublish = role(Role::Editor) && scope("posts:write");

    /// Asks whether a token is active.
    pub(crate) MayAsk = scope("audit:read");
}

/// Whether the post is the user's: the even ones are.
#[check(not_found)]
pub(crate) async fn owns_post(Path(id): Path<u64>) -> bool {
    id % 2 == 0
}

/// A post
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct Post {
    title: String,
}

/// Is the service up?
///
/// Load balancers ask.
#[public(reason = "health probe")]
#[utoipa::path(get, path = "/health", responses((status = 200, body = String)))]
async fn health() -> &'static str {
    "up"
}

/// A greeting
#[utoipa::path(get, path = "/greeting", responses((status = 200, body = String)))]
async fn greeting(user: Option<User>) -> String {
    user.map_or_else(|| "hello".to_owned(), |user| format!("hello {}", user.id))
}

/// Who am I?
#[authenticated]
#[utoipa::path(get, path = "/me", responses((status = 200, body = User)))]
async fn me(user: User) -> Json<User> {
    Json(user.shown())
}

/// The members
#[require_role("member")]
#[utoipa::path(get, path = "/members", responses((status = 200, body = Vec<u64>)))]
async fn members() -> Json<Vec<u64>> {
    Json(vec![7])
}

/// Writes a post
#[require_role(Role::Editor, "breakglass")]
#[utoipa::path(post, path = "/posts", request_body = Post, responses(
    (status = 201, body = Post),
    (status = 400, description = "The body is not JSON", body = String),
    (status = 415, description = "The body is something else than JSON"),
    (status = 422, description = "The body is no post")
))]
async fn write(Json(post): Json<Post>) -> (StatusCode, Json<Post>) {
    (StatusCode::CREATED, Json(post))
}

/// Publishes a post of one's own
#[require(CanPublish && check(owns_post))]
#[utoipa::path(put, path = "/posts/{id}", params(("id" = u64, Path)), responses(
    (status = 200, body = u64, content_type = "application/json"),
    (status = 400, description = "No number", body = String)
))]
async fn publish(Path(id): Path<u64>) -> Json<u64> {
    Json(id)
}

/// An exercise
#[require(role("breakglass"))]
#[utoipa::path(post, path = "/drill", responses((status = 204)))]
async fn drill() -> StatusCode {
    StatusCode::NO_CONTENT
}

/// The audit log
#[require_scope("audit:read")]
#[utoipa::path(get, path = "/audit", responses((status = 200, body = Vec<String>)))]
async fn audit() -> Json<Vec<String>> {
    Json(Vec::new())
}

/// For every user except guests, in person
#[require(!role("guest") && deny_impersonated)]
#[utoipa::path(get, path = "/lounge", responses((status = 200, body = String)))]
async fn lounge() -> &'static str {
    "welcome"
}

/// Changes the password
#[require(fresh("10m"))]
#[utoipa::path(post, path = "/password", responses((status = 204)))]
async fn password() -> StatusCode {
    StatusCode::NO_CONTENT
}

/// The balance
#[authenticated(live)]
#[utoipa::path(get, path = "/balance", responses((status = 200, body = u64, content_type = "application/json")))]
async fn balance() -> Json<u64> {
    Json(0)
}

/// Pays
#[require(role("admin") && live && fresh("1d"))]
#[utoipa::path(post, path = "/payouts", responses((status = 204)))]
async fn pay() -> StatusCode {
    StatusCode::NO_CONTENT
}

/// Everything about the user
#[utoipa::path(get, path = "/export", responses((status = 200, body = User)))]
async fn export(session: RefreshSession<User>) -> Json<User> {
    Json(session.claims().clone().shown())
}

/// Every route. A handler for a new form of access goes here, and all document tests cover it.
pub(crate) fn router(auth: &Auth<User>) -> AuthRouter<App> {
    let document = OpenApiBuilder::new().info(Info::new("Every kind of access", "1.0.0"));
    let document = document.servers(Some([Server::new("/")])).build();
    AuthRouter::with_openapi(document)
        .routes(routes!(health, greeting, me))
        .routes(routes!(members, write, publish, drill, audit, lounge))
        .routes(routes!(password, balance, pay, export))
        .routes(
            auth.routes()
                .only([Endpoint::Refresh, Endpoint::Sessions, Endpoint::RevokeOthers])
                .introspection::<MayAsk>()
                .nest("/auth"),
        )
}
