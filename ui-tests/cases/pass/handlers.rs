//! Handlers with every kind of argument and answer.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{OriginalUri, Path, Query, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, Version};
use axum::response::{Html, IntoResponse};
use countersign::{
    Auth, AuthRouter, Endpoint, RefreshSession, Session, authenticated, public, require_role, routes,
};

use crate::claims::{self, AppState, Level, User};

/// Is the service up?
#[public(reason = "health probe")]
#[utoipa::path(get, path = "/health")]
pub async fn health() {}

/// Who am I?
///
/// A second paragraph.
#[authenticated]
#[utoipa::path(get, path = "/me", responses((status = 200, body = User)))]
#[must_use = "it is the answer"]
pub async fn me(user: User) -> Json<User> {
    Json(user)
}

/// An answer without a name
#[require_role("member")]
#[utoipa::path(get, path = "/hello")]
pub(crate) async fn hello(State(state): State<AppState>) -> impl IntoResponse + use<> {
    (StatusCode::ACCEPTED, Html(state.greeting))
}

/// A path, a query and a body
///
/// # Errors
///
/// When there is no suffix.
#[require_role(Level::OnCall, "member")]
#[utoipa::path(put, path = "/items/{id}", params(("id" = u64, Path)), request_body = String)]
#[allow(clippy::implicit_hasher, reason = "axum gives this one")]
pub async fn rename(
    Path(id): Path<u64>,
    Query(query): Query<HashMap<String, String>>,
    mut session: Session<User>,
    Json(mut name): Json<String>,
) -> Result<String, StatusCode> {
    name.push_str(query.get("suffix").ok_or(StatusCode::BAD_REQUEST)?);
    session = session.clone();
    Ok(format!("{id} is {name} for {}", session.claims().id))
}

/// A handler with a raw name
#[cfg_attr(all(), authenticated)]
#[cfg_attr(all(), utoipa::path(get, path = "/type"))]
pub async fn r#type(r#type: Method) -> String {
    r#type.to_string()
}

/// Access that only the arguments declare
#[utoipa::path(get, path = "/greeting")]
pub async fn greeting(user: Option<User>) -> String {
    user.map_or_else(|| "hello".to_owned(), |user| format!("hello {}", user.r#type))
}

/// As many arguments as there can be
#[require_role("type", Level::Member)]
#[utoipa::path(post, path = "/everything")]
#[expect(clippy::too_many_arguments, reason = "this is the limit")]
pub async fn everything(
    _: State<AppState>,
    _: User,
    _: Option<User>,
    _: Session<User>,
    _: Option<Session<User>>,
    _: Method,
    _: Uri,
    _: Version,
    _: HeaderMap,
    _: OriginalUri,
    #[cfg(any(unix, windows))] _: Query<HashMap<String, String>>,
    (_, _): (Method, Uri),
    _: Method,
    _: Uri,
    _: Json<String>,
) {
}

/// A live session
#[authenticated(live)]
#[utoipa::path(get, path = "/payouts")]
pub async fn payouts() {}

/// Both tokens of the session
#[require_role(both_tokens, Level::Member, "type")]
#[utoipa::path(delete, path = "/account")]
pub async fn close(session: RefreshSession<User>, user: User) -> String {
    format!("{} {}", session.claims().id, user.id)
}

/// Both tokens, which the argument alone demands
#[utoipa::path(get, path = "/export")]
pub async fn export(session: RefreshSession<User>) -> String {
    session.into_session().into_claims().id.to_string()
}

/// A guarded handler that the document leaves out
#[authenticated]
pub async fn undocumented() {}

/// Every handler that has a path.
pub fn router() -> AuthRouter<AppState> {
    AuthRouter::new()
        .routes(routes!(health, me, hello, rename))
        .routes(routes!(r#type, greeting, payouts, close, export))
        .routes(routes! { everything, claims::refresh, claims::r#final })
}

/// The endpoints of sessions, beside handlers of any state.
#[must_use]
pub fn with_endpoints(auth: &Auth<User>) -> AuthRouter<AppState> {
    router().routes(auth.routes().without(Endpoint::RevokeOthers).nest("/api").tag("sessions"))
}
