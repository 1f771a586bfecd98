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
    /// `Authorization` is another layer's, and is not read.
    pub(crate) ignores_authorization: bool,
    pub(crate) header: Option<HeaderName>,
    pub(crate) cookies: Option<CookieRules>,
    pub(crate) query: Option<String>,
}

impl Transports {
    pub(super) fn checked(
        ignores_authorization: bool,
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
        let cookies = cookies.map(Cookies::checked).transpose()?;
        let transports = Self { ignores_authorization, header, cookies, query };
        let has_other = transports.header.is_some() || transports.query.is_some();
        if ignores_authorization && !has_other && transports.access_cookie().is_none() {
            return Err(ConfigError::NoAccessPlace);
        }
        Ok(transports)
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
        !self.ignores_authorization
            && self.header.is_none()
            && self.query.is_none()
            && self.access_cookie().is_none()
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
