//! Settings with a price that is easily overlooked. Each is off until it is enabled by name.

/// Accepts access tokens in the query of a URL: `AccessTokenInQuery::named("access_token")`, for
/// [`AuthBuilder::access_query`](crate::AuthBuilder::access_query).
///
/// It is meant for clients that can send neither headers nor cookies, such as a browser's `EventSource` to another site. URLs are
/// written to access logs, to the history and to `Referer` headers, so anyone who reads those has the token until it expires.
/// RFC 6750 section 5.3 advises against it, and RFC 9700 section 4.3.2 forbids it to OAuth clients. Keep
/// [`access_ttl`](crate::AuthBuilder::access_ttl) short, keep queries out of your logs, and answer such requests with
/// `Cache-Control: private` (RFC 6750 section 2.3) or `no-store`: [`Session::transport`](crate::Session::transport) tells how
/// the token arrived. Refresh tokens are never read from a query.
///
/// ```
/// use countersign::dangerous::AccessTokenInQuery;
/// # use countersign::{AuthBuilder, SessionClaims};
/// # #[derive(SessionClaims, Clone)] struct User { #[claims(subject)] id: u64 }
///
/// # fn configure(builder: AuthBuilder<User>) -> AuthBuilder<User> {
/// builder.access_query(AccessTokenInQuery::named("access_token"))
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct AccessTokenInQuery {
    parameter: String,
}

impl AccessTokenInQuery {
    /// Sets the name of the parameter; RFC 6750 section 2.3 uses `access_token`.
    #[must_use]
    pub fn named(parameter: impl Into<String>) -> Self {
        Self { parameter: parameter.into() }
    }

    pub(crate) fn into_parameter(self) -> String {
        self.parameter
    }
}
