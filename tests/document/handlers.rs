//! A router with every kind of access, for the tests that hold its document against the matrix, against outside validators and against
//! the server itself.

use std::time::Duration;

use axum::Json;
use axum::extract::Path;
use axum::http::request::Parts;
use axum::http::{HeaderName, StatusCode};
use countersign::__private::{Check, CheckError, CheckRule, Guard, Hierarchy, One};
use countersign::session::SessionMetadata;
use countersign::store::MemoryStore;
use countersign::token::{Algorithm, Key};
use countersign::{
    Access, Auth, AuthBuilder, AuthRouter, AuthState, BoxError, Cookies, Endpoint, Liveness, Policy,
    RefreshSession, RoleSet, Rule, SessionClaims, TokenPair, authenticated, public, routes,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::{Info, OpenApiBuilder, Server};

/// What a user may be. The last one is nobody's business.
#[derive(Serialize, Deserialize, ToSchema, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    Guest,
    Member,
    Editor,
    Admin,
    Breakglass,
}

/// By hand, so that there is a private role, and a hierarchy.
impl RoleSet for Role {
    const NAMES: Option<&'static [&'static str]> =
        Some(&["guest", "member", "editor", "admin", "breakglass"]);
    const IMPLIES: Hierarchy = &[
        ("editor", &["member"]),
        ("admin", &["editor", "member"]),
        ("breakglass", &["admin", "editor", "member"]),
    ];
    const PRIVATE: &'static [&'static str] = &["breakglass"];

    fn name(&self) -> &str {
        match self {
            Self::Guest => "guest",
            Self::Member => "member",
            Self::Editor => "editor",
            Self::Admin => "admin",
            Self::Breakglass => "breakglass",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        let all = [Self::Guest, Self::Member, Self::Editor, Self::Admin, Self::Breakglass];
        all.into_iter().find(|role| role.name() == name)
    }

    fn grants(&self, name: &str) -> bool {
        let mut implied = Self::IMPLIES.iter().filter(|(role, _)| *role == self.name());
        self.name() == name || implied.any(|(_, names)| names.contains(&name))
    }
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
    /// Somebody who may do everything that anybody may.
    pub(crate) fn mighty() -> Self {
        let scopes = vec!["posts:write".to_owned(), "audit:read".to_owned()];
        Self { id: 7, roles: vec![Role::Admin, Role::Breakglass], scopes }
    }

    /// Without the roles that the document hides.
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

    /// With tokens wherever they may stand, and every session looked up.
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

    /// The tokens of somebody who may do everything.
    #[allow(dead_code, reason = "only a server is asked with tokens")]
    pub(crate) async fn tokens(&self) -> TokenPair {
        self.auth.login(&User::mighty(), SessionMetadata::default()).await.unwrap()
    }
}

/// Marker types with a rule each, as `#[require(...)]` makes them.
macro_rules! policies {
    ($($name:ident = $rule:expr, $checks:ty;)*) => {
        $(
            enum $name {}

            impl Policy for $name {
                const ACCESS: Access = Access::Require($rule);
                type Roles = ();
                type Checks = $checks;
                type Proves = ();
            }
        )*
    };
}

policies! {
    Members = Rule::Role("member"), ();
    EditorsOrBreakglass = Rule::Any(&[Rule::Role("editor"), Rule::Role("breakglass")]), ();
    Breakglass = Rule::Role("breakglass"), ();
    Auditors = Rule::Scope("audit:read"), ();
    Publishers = Rule::All(&[Rule::Role("editor"), Rule::Scope("posts:write"), OwnsPost::RULE]), One<OwnsPost>;
    NoGuests = Rule::All(&[Rule::Not(&Rule::Role("guest")), Rule::NotImpersonated]), ();
    FreshSignIn = Rule::Fresh(Duration::from_secs(600)), ();
    LiveAdmins = Rule::All(&[Rule::Role("admin"), Rule::Live, Rule::Fresh(Duration::from_secs(86_400))]), ();
}

/// Whether the post is the user's: the even ones are.
enum OwnsPost {}

impl CheckRule for OwnsPost {
    const RULE: Rule = Rule::Check { name: "owns_post", not_found: true };
}

impl<S: Sync> Check<S> for OwnsPost {
    async fn run(parts: &mut Parts, _: &S) -> Result<bool, CheckError> {
        let id = parts.uri.path().rsplit('/').next().and_then(|id| id.parse::<u64>().ok());
        Ok(id.is_some_and(|id| id % 2 == 0))
    }
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
#[utoipa::path(get, path = "/members", responses((status = 200, body = Vec<u64>)))]
async fn members(_: Guard<Members>) -> Json<Vec<u64>> {
    Json(vec![7])
}

/// Writes a post
#[utoipa::path(post, path = "/posts", request_body = Post, responses(
    (status = 201, body = Post),
    (status = 400, description = "The body is not JSON"),
    (status = 415, description = "The body is something else than JSON"),
    (status = 422, description = "The body is no post")
))]
async fn write(_: Guard<EditorsOrBreakglass>, Json(post): Json<Post>) -> (StatusCode, Json<Post>) {
    (StatusCode::CREATED, Json(post))
}

/// Publishes a post of one's own
#[utoipa::path(put, path = "/posts/{id}", params(("id" = u64, Path)), responses(
    (status = 200, body = u64, content_type = "application/json"),
    (status = 400, description = "No number")
))]
async fn publish(_: Guard<Publishers>, Path(id): Path<u64>) -> Json<u64> {
    Json(id)
}

/// An exercise
#[utoipa::path(post, path = "/drill", responses((status = 204)))]
async fn drill(_: Guard<Breakglass>) -> StatusCode {
    StatusCode::NO_CONTENT
}

/// The audit log
#[utoipa::path(get, path = "/audit", responses((status = 200, body = Vec<String>)))]
async fn audit(_: Guard<Auditors>) -> Json<Vec<String>> {
    Json(Vec::new())
}

/// For everybody but guests, in person
#[utoipa::path(get, path = "/lounge", responses((status = 200, body = String)))]
async fn lounge(_: Guard<NoGuests>) -> &'static str {
    "welcome"
}

/// Changes the password
#[utoipa::path(post, path = "/password", responses((status = 204)))]
async fn password(_: Guard<FreshSignIn>) -> StatusCode {
    StatusCode::NO_CONTENT
}

/// The balance
#[authenticated(live)]
#[utoipa::path(get, path = "/balance", responses((status = 200, body = u64, content_type = "application/json")))]
async fn balance() -> Json<u64> {
    Json(0)
}

/// Pays
#[utoipa::path(post, path = "/payouts", responses((status = 204)))]
async fn pay(_: Guard<LiveAdmins>) -> StatusCode {
    StatusCode::NO_CONTENT
}

/// Everything about the user
#[utoipa::path(get, path = "/export", responses((status = 200, body = User)))]
async fn export(session: RefreshSession<User>) -> Json<User> {
    Json(session.claims().clone().shown())
}

/// Every route. Handlers of forms to come go here; all the tests of documents look at them then.
pub(crate) fn router(auth: &Auth<User>) -> AuthRouter<App> {
    let document = OpenApiBuilder::new().info(Info::new("Every kind of access", "1.0.0"));
    let document = document.servers(Some([Server::new("/")])).build();
    AuthRouter::with_openapi(document)
        .routes(routes!(health, greeting, me))
        .routes(routes!(members, write, publish, drill, audit, lounge))
        .routes(routes!(password, balance, pay, export))
        .routes(
            auth.routes().only([Endpoint::Refresh, Endpoint::Sessions, Endpoint::RevokeOthers]).nest("/auth"),
        )
}
