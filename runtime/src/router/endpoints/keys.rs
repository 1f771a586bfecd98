//! The key set and the metadata of the server: `auth.jwks()`.

use std::fmt;
use std::sync::Arc;

use http::{Method, Uri};
#[cfg(feature = "openapi")]
use utoipa::openapi::path::{Operation, OperationBuilder};
#[cfg(feature = "openapi")]
use utoipa::openapi::response::ResponseBuilder;
#[cfg(feature = "openapi")]
use utoipa::openapi::schema::{AdditionalProperties, SchemaFormat};
#[cfg(feature = "openapi")]
use utoipa::openapi::{ArrayBuilder, ContentBuilder, ObjectBuilder, RefOr, Schema, Type};

use super::{Endpoint, SessionRoutes};
use crate::auth::{Auth, ConfigError};
use crate::claims::SessionClaims;
use crate::extract::Public;
use crate::http::{MetadataPolicy, PublicDocument, ServerMetadata, publish_keys};
#[cfg(feature = "openapi")]
use crate::router::document::{Document, http_method};
use crate::router::{IntoRoutes, Routes};

const KEYS: &str = "/.well-known/jwks.json";
/// RFC 8414 section 3. The path of the issuer follows.
const METADATA: &str = "/.well-known/oauth-authorization-server";
#[cfg(feature = "openapi")]
const TAG: &str = "keys";

impl<C: SessionClaims> Auth<C> {
    /// A route with the public keys of access tokens, `GET /.well-known/jwks.json`, for other services that verify them: a JWK set
    /// (RFC 7517), documented and ready for [`AuthRouter::routes`](crate::AuthRouter::routes).
    ///
    /// A verifier may keep the set for the time in `Cache-Control`, which is five minutes, and less where a
    /// [key ring](crate::token::KeyRing) retires a key sooner. So a key that is replaced by hand has to be an accepted one for longer
    /// than five minutes before it signs, as [`replace_access_keys`](Self::replace_access_keys) describes.
    ///
    /// ```
    /// use countersign::{Auth, AuthRouter, ConfigError, SessionClaims};
    ///
    /// # #[derive(SessionClaims, Clone)] struct User { #[claims(subject)] id: String }
    /// fn router(auth: &Auth<User>) -> Result<AuthRouter, ConfigError> {
    ///     // The key set, the metadata of the server, and the endpoints that the metadata names.
    ///     let published = auth.jwks()?.with_endpoints(auth.routes().nest("/auth"));
    ///     Ok(AuthRouter::new().routes(published))
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConfigError::NoPublicKeys`] when access tokens are signed with a secret, which cannot be published.
    pub fn jwks(&self) -> Result<KeyRoutes<C>, ConfigError> {
        if !self.has_public_keys() {
            return Err(ConfigError::NoPublicKeys);
        }
        Ok(KeyRoutes {
            auth: self.clone(),
            path: KEYS.to_owned(),
            base: origin(self.issuer()),
            endpoints: None,
            #[cfg(feature = "openapi")]
            documented: true,
        })
    }
}

/// The routes that [`Auth::jwks`] makes: the key set and, with [`with_endpoints`](Self::with_endpoints), the metadata of the server.
///
/// Add them to the outermost router: clients look for well-known paths at the root of the host.
#[must_use = "add the routes to an `AuthRouter`"]
pub struct KeyRoutes<C> {
    auth: Auth<C>,
    path: String,
    /// The URL before the paths of this server.
    base: String,
    endpoints: Option<SessionRoutes<C>>,
    #[cfg(feature = "openapi")]
    documented: bool,
}

impl<C: SessionClaims> KeyRoutes<C> {
    /// Gives the key set another path.
    ///
    /// # Panics
    ///
    /// When the path does not start with `/`, or holds braces.
    #[track_caller]
    pub fn path(self, path: &str) -> Self {
        assert!(path.starts_with('/'), "the path `{path}` of the key set does not start with `/`");
        assert!(!path.contains(['{', '}']), "the path `{path}` of the key set has a parameter");
        Self { path: path.to_owned(), ..self }
    }

    /// Serves these endpoints too, and `GET /.well-known/oauth-authorization-server`: the metadata of RFC 8414, from which OAuth clients
    /// learn where they and the key set are. If the issuer has a path, that path follows the well-known one (section 3.1).
    ///
    /// The metadata names only what is served: the refresh as `token_endpoint`, the logout as `revocation_endpoint`, and the
    /// introspection if the endpoints have it. Their URLs begin with scheme and host of the issuer.
    pub fn with_endpoints(self, endpoints: SessionRoutes<C>) -> Self {
        Self { endpoints: Some(endpoints), ..self }
    }

    /// The URL before the paths of this server in the metadata, such as `https://api.example.com/v1`. Unless set, it is scheme and host of
    /// the issuer.
    pub fn base_url(self, url: &str) -> Self {
        Self { base: url.trim_end_matches('/').to_owned(), ..self }
    }

    /// Leaves the key set and the metadata out of the document. They stay in the access matrix.
    #[cfg(feature = "openapi")]
    pub fn undocumented(self) -> Self {
        Self { documented: false, ..self }
    }

    fn metadata(&self, endpoints: &SessionRoutes<C>) -> ServerMetadata {
        let url = |path: &str| format!("{}{path}", self.base);
        let mut metadata = ServerMetadata::of(self.auth.issuer().to_owned(), url(&self.path));
        if let Some(path) = endpoints.served_at(Endpoint::Refresh) {
            metadata.token_endpoint(url(&path));
        }
        if let Some(path) = endpoints.served_at(Endpoint::Logout) {
            metadata.revocation_endpoint(url(&path));
        }
        if let Some(path) = endpoints.served_at(Endpoint::Introspection) {
            metadata.introspection_endpoint(url(&path));
        }
        metadata
    }
}

/// Scheme, host and port of the issuer.
fn origin(issuer: &str) -> String {
    // An `Auth` has no other issuer than a URL.
    let Ok(uri) = issuer.parse::<Uri>() else { return String::new() };
    let (scheme, authority) = (uri.scheme_str().unwrap_or("https"), uri.authority());
    format!("{scheme}://{}", authority.map_or("", |authority| authority.as_str()))
}

/// The path of the metadata of an issuer (RFC 8414 section 3.1).
fn metadata_path(issuer: &str) -> String {
    let uri = issuer.parse::<Uri>().ok();
    let path = uri.as_ref().map_or("", Uri::path);
    format!("{METADATA}{}", path.trim_end_matches('/'))
}

/// Adds a handler at a path, with its document.
macro_rules! published {
    ($routes:expr, $path:expr, $handler:expr, $operation:expr) => {{
        let handler = $routes.capture($handler).declared().by_endpoint();
        #[cfg(feature = "openapi")]
        let routes = match $operation {
            Some(operation) => handler.described(Document {
                path: $path.clone(),
                methods: vec![http_method(&Method::GET)],
                operation,
                schemas: Vec::new(),
            }),
            None => handler.at(&$path, &[Method::GET]),
        };
        #[cfg(not(feature = "openapi"))]
        let routes = handler.at(&$path, &[Method::GET]);
        routes
    }};
}

impl<C: SessionClaims, S: Clone + Send + Sync + 'static> IntoRoutes<S> for KeyRoutes<C> {
    fn into_routes(mut self) -> Routes<S> {
        let endpoints = self.endpoints.take();
        let metadata = endpoints.as_ref().map(|endpoints| self.metadata(endpoints));
        let mut routes = Routes::<Auth<C>>::new();
        #[cfg(feature = "openapi")]
        let is_documented = self.documented;
        routes = published!(routes, self.path, publish_keys::<C>, is_documented.then(keys_operation));
        if let Some(metadata) = metadata {
            let path = metadata_path(self.auth.issuer());
            let metadata = Arc::new(metadata);
            let serve = move |_: Public<MetadataPolicy>| {
                let document = PublicDocument::of_metadata(&metadata);
                async move { document }
            };
            routes = published!(routes, path, serve, is_documented.then(metadata_operation));
        }
        let mut routes = Routes::of(&self.auth, routes);
        if let Some(endpoints) = endpoints {
            let Routes { routes: further } = endpoints.into_routes();
            routes.routes.extend(further);
        }
        routes
    }
}

#[cfg(feature = "openapi")]
fn keys_operation() -> Operation {
    let key = ObjectBuilder::new()
        .property("kid", text())
        .property("kty", text())
        .property("alg", text())
        .property("use", text())
        .required("kid")
        .required("kty")
        .required("alg")
        .required("use")
        .additional_properties(Some(AdditionalProperties::FreeForm(true)));
    let set = ObjectBuilder::new().property("keys", ArrayBuilder::new().items(key)).required("keys");
    operation(
        "jwks",
        "The public keys of access tokens",
        "For services that verify them (RFC 7517). The set may be kept for the time in `Cache-Control`.",
        "application/jwk-set+json",
        set.into(),
    )
}

#[cfg(feature = "openapi")]
fn metadata_operation() -> Operation {
    let url =
        || ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::Custom("uri".into())));
    let names = || ArrayBuilder::new().items(text());
    let metadata = ObjectBuilder::new()
        .property("issuer", url())
        .property("jwks_uri", url())
        .property("token_endpoint", url())
        .property("token_endpoint_auth_methods_supported", names())
        .property("grant_types_supported", names())
        .property("response_types_supported", names())
        .property("revocation_endpoint", url())
        .property("revocation_endpoint_auth_methods_supported", names())
        .property("introspection_endpoint", url())
        .property("introspection_endpoint_auth_methods_supported", names())
        .required("issuer")
        .required("jwks_uri")
        .required("response_types_supported");
    operation(
        "server_metadata",
        "What OAuth clients need to know about this server",
        "The endpoints and the key set (RFC 8414).",
        "application/json",
        metadata.into(),
    )
}

#[cfg(feature = "openapi")]
fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

#[cfg(feature = "openapi")]
fn operation(
    id: &str,
    summary: &str,
    description: &str,
    media_type: &str,
    schema: RefOr<Schema>,
) -> Operation {
    let content = ContentBuilder::new().schema(Some(schema)).build();
    let response = ResponseBuilder::new().description(summary).content(media_type, content);
    let mut operation = OperationBuilder::new()
        .operation_id(Some(id))
        .summary(Some(summary))
        .description(Some(description))
        .response("200", response)
        .build();
    operation.tags = Some(vec![TAG.to_owned()]);
    operation
}

impl<C> fmt::Debug for KeyRoutes<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, base, endpoints, .. } = self;
        f.debug_struct("KeyRoutes")
            .field("path", path)
            .field("base", base)
            .field("endpoints", endpoints)
            .finish_non_exhaustive()
    }
}
