//! Handlers in modules and in function bodies; two have the same name.

use countersign::{AuthRouter, authenticated, require_role, routes};
use utoipa::openapi::OpenApi;

use crate::claims::{self, Pair, Service};

/// Handlers that this module keeps to itself.
mod private {
    use countersign::authenticated;

    /// Visible one module up.
    #[authenticated]
    #[utoipa::path(get, path = "/private")]
    pub(super) async fn show() -> &'static str {
        "private"
    }
}

/// Handlers of the same name.
pub(crate) mod admin {
    use super::{Service, require_role};

    /// Visible in the crate.
    #[require_role("admin")]
    #[utoipa::path(get, path = "/admin")]
    pub(crate) async fn show(service: Service) -> String {
        format!("{} is {}", service.name, service.roles.join(", "))
    }

    /// Not documented, and private.
    #[authenticated]
    async fn hidden() {}

    use super::authenticated;

    /// Uses the handler that is private to this module.
    pub(crate) fn router() -> axum::Router<super::Pair<u8>> {
        axum::Router::new().route("/hidden", axum::routing::get(hidden))
    }
}

/// The document of handlers that are not visible outside of this module.
#[must_use]
pub fn document() -> OpenApi {
    router().into_openapi()
}

/// Declares handlers where they are used.
fn router() -> AuthRouter<Pair<u8>> {
    /// A handler inside a function body.
    #[authenticated]
    #[utoipa::path(get, path = "/show")]
    async fn show() -> &'static str {
        "here"
    }

    #[require_role("admin")]
    #[utoipa::path(get, path = "/count")]
    async fn count(axum::extract::State(Pair(_, count)): axum::extract::State<Pair<u8>>) -> String {
        count.to_string()
    }

    AuthRouter::new()
        .routes(routes!(show, count, private::show, admin::show))
        .routes(routes!(claims::renew))
        .unguarded("the probe of this test", admin::router())
}
