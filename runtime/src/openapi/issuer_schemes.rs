//! The security schemes of trusted issuers: a scheme for each, so that a reader sees where to get a token, and a page such as Scalar signs in
//! there.

use std::collections::BTreeSet;

use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::security::{
    AuthorizationCode, Flow, HttpAuthScheme, HttpBuilder, OAuth2, OpenIdConnect, Scopes, SecurityScheme,
};

use crate::issuers::{IssuerFacts, SignInPage};

/// The scheme of an issuer.
pub(super) struct IssuerScheme {
    /// Its name in the document, unless something else has that.
    pub(super) wanted: String,
    pub(super) scheme: SecurityScheme,
    /// Whether its requirements may name roles. Those of OAuth2 and OpenID Connect list scopes alone (OpenAPI 3.1.0, section 4.8.30.1).
    pub(super) lists_roles: bool,
}

impl IssuerScheme {
    /// `scopes` are those that operations demand. The flow offers them beside those that the application has described, because a page asks for
    /// no others.
    pub(super) fn of(issuer: &IssuerFacts, scopes: &BTreeSet<&'static str>) -> Self {
        let IssuerFacts { name, issuer: iss, is_discovered, sign_in, client, .. } = issuer;
        let words = format!("An access token of {name} ({iss}), in the Authorization header");
        let (scheme, lists_roles) = match sign_in {
            Some(page) => (
                SecurityScheme::OAuth2(OAuth2::with_description(
                    [flow(page, client.as_deref(), scopes)],
                    words,
                )),
                false,
            ),
            None if *is_discovered => {
                // OpenID Connect Discovery section 4: a slash at the end of the issuer is not doubled.
                let address = format!("{}/.well-known/openid-configuration", iss.trim_end_matches('/'));
                (SecurityScheme::OpenIdConnect(OpenIdConnect::with_description(address, words)), false)
            }
            None => {
                let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT");
                (SecurityScheme::Http(scheme.description(Some(words)).build()), true)
            }
        };
        Self { wanted: component_name(name), scheme, lists_roles }
    }
}

/// The code flow of a client that runs in a browser and so has no secret: it proves itself with PKCE (RFC 7636), which Scalar does if told.
/// Scalar also takes the client's id, which a reader would have to type otherwise.
fn flow(page: &SignInPage, client: Option<&str>, scopes: &BTreeSet<&'static str>) -> Flow {
    let SignInPage { authorization_url, token_url, scopes: described } = page;
    let is_described = |scope: &str| described.iter().any(|(known, _)| known == scope);
    let demanded =
        scopes.iter().filter(|scope| !is_described(scope)).map(|scope| ((*scope).to_owned(), String::new()));
    let scopes = Scopes::from_iter(described.iter().cloned().chain(demanded));
    let mut flow = AuthorizationCode::new(authorization_url, token_url, scopes);
    let extensions = ExtensionsBuilder::new().add("x-usePkce", "SHA-256");
    let extensions = match client {
        Some(client) => extensions.add("x-scalar-client-id", client),
        None => extensions,
    };
    flow.extensions = Some(extensions.build());
    Flow::AuthorizationCode(flow)
}

/// The name with the characters that a component may have (OpenAPI 3.1.0, section 4.8.7.2).
fn component_name(name: &str) -> String {
    let name = name.strip_prefix("https://").unwrap_or(name).trim_matches('/');
    name.chars()
        .map(
            |letter| {
                if letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_') { letter } else { '-' }
            },
        )
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::Profile;

    fn scheme(
        is_discovered: bool,
        sign_in: Option<SignInPage>,
        client: Option<&str>,
    ) -> (String, Value, bool) {
        let facts = IssuerFacts {
            name: "acme".to_owned(),
            issuer: "https://login.example.com/acme/".to_owned(),
            profile: Profile::default(),
            is_discovered,
            sign_in,
            client: client.map(str::to_owned),
        };
        let IssuerScheme { wanted, scheme, lists_roles } =
            IssuerScheme::of(&facts, &BTreeSet::from(["a", "b"]));
        (wanted, serde_json::to_value(scheme).unwrap(), lists_roles)
    }

    #[test]
    fn an_issuer_is_shown_as_far_as_it_is_known() {
        let words = "An access token of acme (https://login.example.com/acme/), in the Authorization header";
        let bearer =
            json!({ "type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": words });
        assert_eq!(scheme(false, None, None), ("acme".to_owned(), bearer, true));
        let discovered = json!({
            "type": "openIdConnect", "description": words,
            "openIdConnectUrl": "https://login.example.com/acme/.well-known/openid-configuration",
        });
        assert_eq!(scheme(true, None, Some("web")), ("acme".to_owned(), discovered, false));
        let page = SignInPage {
            authorization_url: "https://login.example.com/authorize".to_owned(),
            token_url: "https://login.example.com/token".to_owned(),
            scopes: vec![
                ("a".to_owned(), "the first".to_owned()),
                ("openid".to_owned(), "who you are".to_owned()),
            ],
        };
        let mut flow = json!({
            "authorizationUrl": "https://login.example.com/authorize", "tokenUrl": "https://login.example.com/token",
            "scopes": { "a": "the first", "b": "", "openid": "who you are" }, "x-usePkce": "SHA-256",
        });
        let oauth = |flow: &Value| {
            let flows = json!({ "authorizationCode": flow });
            json!({ "type": "oauth2", "description": words, "flows": flows })
        };
        assert_eq!(scheme(true, Some(page.clone()), None), ("acme".to_owned(), oauth(&flow), false));
        flow["x-scalar-client-id"] = json!("web");
        assert_eq!(scheme(true, Some(page), Some("web")), ("acme".to_owned(), oauth(&flow), false));
    }

    #[test]
    fn the_name_of_a_scheme_is_one_that_a_component_may_have() {
        for (name, expected) in [
            ("acme", "acme"),
            ("https://login.example.com/realms/acme/", "login.example.com-realms-acme"),
            ("a:b~c", "a-b-c"),
        ] {
            assert_eq!(component_name(name), expected);
        }
    }
}
