//! The document: every route with its security and its refusals, on a Scalar page and as JSON.
//!
//! ```sh
//! cargo run -p examples --bin openapi      # prints how to sign in, and these lines; Scalar is at http://127.0.0.1:3000/scalar
//! curl http://127.0.0.1:3000/openapi.json
//! curl http://127.0.0.1:3000/reports -H "Authorization: Bearer $ACCESS_TOKEN"     # ada: 200, max: 403
//! curl http://127.0.0.1:3000/reports -H "X-Access-Token: $ACCESS_TOKEN"           # the same
//! ```

use std::error::Error;

use axum::http::HeaderName;
use countersign::{AuthRouter, Unguarded, require_role, routes};
use examples::{AppState, Users};
use utoipa::OpenApi;

/// The head of the document; everything else follows from the routes.
#[derive(OpenApi)]
#[openapi(
    info(title = "Reports", version = "1.0.0", description = "Sign in, then authorize with the access token."),
    tags(
        (name = "sign-in", description = "From a password to tokens"),
        (name = "sessions", description = "Tokens and devices"),
        (name = "reports", description = "What the application is about")
    )
)]
struct Document;

/// The reports of the day
#[require_role("admin")]
#[utoipa::path(get, path = "/reports", tag = "reports", responses((status = 200, body = String)))]
async fn reports() -> &'static str {
    "all is well"
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let users = Users::demo()?;
    let auth = examples::auth(&users)?.access_header(HeaderName::from_static("x-access-token")).build()?;
    let router = AuthRouter::with_openapi(Document::openapi())
        .routes(routes!(examples::login, reports))
        .routes(auth.routes().nest("/auth"))
        .openapi_json("/openapi.json", Unguarded("clients are generated from it"))
        .scalar("/scalar", Unguarded("the document of an example is no secret"))
        .with_state(AppState { auth, users: users.clone() });
    examples::serve(router.into(), &users, &examples::curl_lines(include_str!("openapi.rs"))).await
}
