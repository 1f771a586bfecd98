//! The places of a request that may hold tokens, besides the `Authorization` header.

use http::HeaderName;
use http::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN, PROXY_AUTHORIZATION};

use super::cookies::largest_value;
use super::{ConfigError, CookieRules, Cookies, X_CSRF_TOKEN, X_REFRESH_TOKEN};
use crate::dangerous::AccessTokenInQuery;
use crate::token::TokenSettings;

/// The places that the application has switched on.
#[derive(Debug, Default)]
pub(crate) struct Transports {
    pub(crate) header: Option<HeaderName>,
    pub(crate) cookies: Option<CookieRules>,
    pub(crate) query: Option<String>,
}

impl Transports {
    pub(super) fn checked(
        header: Option<HeaderName>,
        cookies: Option<Cookies>,
        query: Option<AccessTokenInQuery>,
    ) -> Result<Self, ConfigError> {
        let taken = [AUTHORIZATION, COOKIE, HOST, ORIGIN, PROXY_AUTHORIZATION, X_CSRF_TOKEN, X_REFRESH_TOKEN];
        if header.as_ref().is_some_and(|header| taken.contains(header)) {
            return Err(ConfigError::AccessHeader);
        }
        let query = query.map(AccessTokenInQuery::into_parameter);
        if query.as_deref().is_some_and(|parameter| matches!(parameter, "" | "refresh_token")) {
            return Err(ConfigError::AccessQuery);
        }
        Ok(Self { header, cookies: cookies.map(Cookies::checked).transpose()?, query })
    }

    /// The settings of access tokens. A token that does not fit into its cookie is not made: the browser would drop it, and the user
    /// would be signed out.
    pub(super) fn fit_access(&self, settings: TokenSettings) -> TokenSettings {
        self.access_cookie().map(largest_value).into_iter().fold(settings, TokenSettings::at_most)
    }

    /// The settings of refresh tokens.
    pub(super) fn fit_refresh(&self, settings: TokenSettings) -> TokenSettings {
        self.refresh_cookie().map(largest_value).into_iter().fold(settings, TokenSettings::at_most)
    }

    /// Whether the `Authorization` header is the only place of access tokens.
    pub(crate) fn bearer_only(&self) -> bool {
        self.header.is_none() && self.query.is_none() && self.access_cookie().is_none()
    }

    /// The name of the access cookie, if there is one.
    pub(crate) fn access_cookie(&self) -> Option<&str> {
        self.cookies.as_ref()?.access_name()
    }

    /// The name of the refresh cookie, if there is one.
    pub(crate) fn refresh_cookie(&self) -> Option<&str> {
        self.cookies.as_ref().map(CookieRules::refresh_name)
    }
}
