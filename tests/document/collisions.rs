//! A router in which everything is there twice: two `Auth`s, handlers in several places, and an application that uses the names of this crate
//! for things of its own.

use axum::Json;
use axum::extract::Path;
use countersign::testing::TestAuth;
use countersign::{
    AuthRouter, Cookies, ProblemDetails, SessionClaims, SignIn, authenticated, public, require_scope, routes,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::OpenApi;

#[derive(SessionClaims, Serialize, ToSchema, Clone)]
struct Customer {
    #[claims(subject)]
    id: u64,
    #[claims(scopes)]
    scopes: Vec<String>,
}

#[derive(SessionClaims, Serialize, ToSchema, Clone)]
struct Clerk {
    #[claims(subject)]
    id: u64,
}

mod mine {
    //! The application's own types, under names that this crate uses.
    use super::{Deserialize, Serialize, ToSchema};

    /// A refresh of the catalogue
    #[derive(Deserialize, ToSchema)]
    pub(super) struct RefreshRequest {
        pub(super) since: u64,
    }

    /// Two tokens of a game
    #[derive(Serialize, ToSchema)]
    pub(super) struct TokenPair {
        pub(super) red: u64,
    }

    /// Details of a mathematical problem
    #[derive(Serialize, ToSchema)]
    pub(super) struct ProblemDetails {
        pub(super) difficulty: u64,
    }
}

/// The customer
#[authenticated]
#[utoipa::path(method(get, head), path = "/me", responses((status = 200, body = Customer)))]
async fn me(customer: Customer) -> Json<Customer> {
    Json(customer)
}

/// The clerk
#[authenticated(both_tokens)]
#[utoipa::path(get, path = "/me", operation_id = "me", responses((status = 200, body = Clerk)))]
async fn clerk(clerk: Clerk) -> Json<Clerk> {
    Json(clerk)
}

/// A file
#[authenticated(both_tokens)]
#[utoipa::path(get, path = "/files/{*path}", params(("path" = String, Path, description = "where it lies")), responses(
    (status = 200, body = String)
))]
async fn file(_customer: Customer, Path((_, path)): Path<(String, String)>) -> String {
    path
}

/// Cancels the newsletter
#[require_scope("newsletter")]
#[utoipa::path(post, path = "/newsletter/logout", request_body = mine::RefreshRequest, responses(
    (status = 200, body = mine::TokenPair),
    (status = 403, description = "Not subscribed", body = mine::ProblemDetails),
    (status = 409, description = "Cancelled already", body = ProblemDetails),
    (status = 422, description = "No such date", body = ProblemDetails, content_type = "application/json")
))]
async fn logout(_customer: Customer, Json(body): Json<mine::RefreshRequest>) -> Json<mine::TokenPair> {
    Json(mine::TokenPair { red: mine::ProblemDetails { difficulty: body.since }.difficulty })
}

/// Signs in
#[public(reason = "the password is the credential")]
#[utoipa::path(post, path = "/login", responses((status = 204), (status = 401, body = ProblemDetails)))]
async fn login(_sign_in: SignIn<Customer>) {}

/// The application's own document, with schemes of its own.
#[derive(utoipa::OpenApi)]
#[openapi(paths(status), modifiers(&Schemes))]
struct Own;

struct Schemes;

impl utoipa::Modify for Schemes {
    fn modify(&self, openapi: &mut OpenApi) {
        use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};

        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(Http::new(HttpAuthScheme::Basic)));
        let key = ApiKey::Header(ApiKeyValue::new("X-Mine"));
        components.add_security_scheme("shopAccessCookie", SecurityScheme::ApiKey(key));
    }
}

/// The status, for the operator
#[utoipa::path(get, path = "/status", operation_id = "sessions", security(("bearer" = []), ("shopAccessCookie" = [])), responses(
    (status = 200, body = String), (status = 401, description = "No password", headers(("WWW-Authenticate" = String)),
        body = String, content_type = "application/problem+json")
))]
#[expect(dead_code, reason = "only its document is used")]
async fn status() {}

pub(crate) fn document() -> OpenApi {
    let cookies = |name: &'static str| Cookies::new().named(name).with_access_cookie();
    let customers = TestAuth::<Customer>::with(|builder| builder.cookies(cookies("shop")));
    let clerks = TestAuth::<Clerk>::with(|builder| builder.cookies(cookies("staff")));
    let shop: AuthRouter = AuthRouter::with_openapi(<Own as utoipa::OpenApi>::openapi())
        .routes(routes!(logout, login))
        .nest("/v1", AuthRouter::new().routes(routes!(me)))
        .nest("/v2/{tenant}", AuthRouter::new().routes(routes!(me, file)))
        .routes(customers.routes().nest("/auth"))
        .with_state(customers);
    let office: AuthRouter = AuthRouter::new()
        .routes(routes!(clerk))
        .routes(clerks.routes().nest("/auth").operation_prefix("staff_"))
        .with_state(clerks);
    shop.nest("/staff", office).into_openapi()
}
