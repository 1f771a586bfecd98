//! The configuration of a trusted issuer.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use super::fetch::{AnyFetch, Fetch};
use super::mapping::ClaimsWith;
use super::profile::Profile;
use super::token::IssuerToken;
use crate::claims::SessionClaims;
use crate::claims::role::NamedBy;
use crate::token::{Algorithm, KeySet};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// How long the claims that the application made are used, unless the application says.
const REMEMBERED: Duration = Duration::from_secs(60);

/// A server whose access tokens this application accepts: an identity provider, or another service that signs tokens.
///
/// [`AuthBuilder::trust`](crate::AuthBuilder::trust) takes it. The same attributes, document and matrix then hold for its tokens. An `Auth`
/// that has nothing else is a resource server: it needs no keys, no store and no claims source of its own.
///
/// Claims with serde's `deny_unknown_fields` refuse the many claims that an issuer adds; they need [`claims_with`](Self::claims_with).
///
/// A token is accepted if its `iss` is the issuer's, byte for byte; the signature is that of the issuer's key with its `kid`, by one of the
/// [algorithms](Self::algorithms); it is an access token by the [`Profile`]; it names the [audience](Self::audience), or the
/// [client](Self::client_id); and it is valid now. An ID token never is one.
///
/// ```
/// use countersign::token::Algorithm;
/// use countersign::{AuthBuilder, Issuer, Profile, Role, SessionClaims};
///
/// #[derive(Role, Clone, Copy)]
/// enum Role {
///     Member,
///     #[role(implies(Member))]
///     Admin,
/// }
///
/// #[derive(SessionClaims, Clone)]
/// struct User {
///     #[claims(subject)]
///     id: String,
///     #[claims(roles)]
///     roles: Vec<Role>,
///     email: Option<String>,
/// }
///
/// fn configure(builder: AuthBuilder<User>, client: impl countersign::Fetch) -> AuthBuilder<User> {
///     builder.trust(
///         Issuer::discover("https://login.example.com/realms/acme")
///             .named("acme")
///             .profile(Profile::Keycloak)
///             .audience("https://api.example.com")
///             .algorithms([Algorithm::Rs256, Algorithm::Es256])
///             .rename_role("realm-admin", Role::Admin)
///             .fetch(client),
///     )
/// }
/// ```
#[must_use = "pass it to `AuthBuilder::trust`"]
pub struct Issuer<C: SessionClaims> {
    pub(super) issuer: String,
    pub(super) name: Option<String>,
    pub(super) keys: KeySource,
    pub(super) fetch: Option<Box<dyn AnyFetch>>,
    pub(super) profile: Profile,
    pub(super) audiences: Vec<String>,
    pub(super) clients: Vec<String>,
    pub(super) algorithms: Option<Vec<Algorithm>>,
    pub(super) subject: Option<String>,
    pub(super) roles: Option<String>,
    pub(super) scopes: Option<String>,
    pub(super) renamed: Vec<(String, String)>,
    pub(super) moved: Vec<(String, String)>,
    pub(super) claims_with: Option<ClaimsWith<C>>,
    pub(super) remembered: Duration,
    pub(super) shares_subjects: bool,
    pub(super) sign_in: Option<SignInPage>,
}

/// Where the keys of an issuer are.
pub(super) enum KeySource {
    Discovery,
    Address(String),
    AtHand(KeySet),
}

/// Where users sign in at an issuer, for the document.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SignInPage {
    pub(crate) authorization_url: String,
    pub(crate) token_url: String,
    pub(crate) scopes: Vec<(String, String)>,
}

impl<C: SessionClaims> Issuer<C> {
    /// An issuer that publishes where its keys are (OpenID Connect Discovery section 4). `issuer` is its `iss`, to the byte: a slash at the
    /// end makes a difference.
    ///
    /// The keys are fetched in the background when the `Auth` is built, which does not wait for them. Until they are there, its tokens are
    /// answered with 503. It takes a runtime of tokio with its timer, as `#[tokio::main]` makes it.
    pub fn discover(issuer: impl Into<String>) -> Self {
        Self::new(issuer.into(), KeySource::Discovery)
    }

    /// An issuer whose keys are at this address, a JWK set (RFC 7517 section 5): where there is no discovery document, or one that names another
    /// issuer, as Microsoft's for several tenants does.
    pub fn jwks(issuer: impl Into<String>, address: impl Into<String>) -> Self {
        Self::new(issuer.into(), KeySource::Address(address.into()))
    }

    /// An issuer whose keys are at hand, as from [`KeySet::from_jwks`]. They stay what they are until the application starts again.
    pub fn keys(issuer: impl Into<String>, keys: KeySet) -> Self {
        Self::new(issuer.into(), KeySource::AtHand(keys))
    }

    fn new(issuer: String, keys: KeySource) -> Self {
        Self {
            issuer,
            name: None,
            keys,
            fetch: None,
            profile: Profile::default(),
            audiences: Vec::new(),
            clients: Vec::new(),
            algorithms: None,
            subject: None,
            roles: None,
            scopes: None,
            renamed: Vec::new(),
            moved: Vec::new(),
            claims_with: None,
            remembered: REMEMBERED,
            shares_subjects: false,
            sign_in: None,
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.issuer
    }

    /// The name in rules, events and documents, as in `issuer("acme")`; the `iss` unless set.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// What its access tokens look like; strictly RFC 9068 unless set.
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// The `aud` by which a token is for this application. Call it again for another one; a token that names any of them is accepted.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// A client whose tokens are accepted. Call it again for another one; without a call, every client's are, except where tokens have no
    /// audience.
    pub fn client_id(mut self, client: impl Into<String>) -> Self {
        self.clients.push(client.into());
        self
    }

    /// The algorithms that are accepted: RS256, PS256, ES256, ES384 and EdDSA unless set. A key is used for those that it can do.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.algorithms = Some(algorithms.into_iter().collect());
        self
    }

    /// The place of the user's identifier, as a JSON pointer (RFC 6901); `/sub` unless set.
    pub fn subject_at(mut self, place: impl Into<String>) -> Self {
        self.subject = Some(place.into());
        self
    }

    /// The place of the roles, as a JSON pointer (RFC 6901): an array of names, one name, or an object with the names as its members. The
    /// [`Profile`] has one for most issuers.
    pub fn roles_at(mut self, place: impl Into<String>) -> Self {
        self.roles = Some(place.into());
        self
    }

    /// The place of the scopes, as a JSON pointer (RFC 6901): a text with spaces between them, or an array.
    pub fn scopes_at(mut self, place: impl Into<String>) -> Self {
        self.scopes = Some(place.into());
        self
    }

    /// The role that the issuer calls `theirs`. A role with the application's own name for it needs no call; a name that the application
    /// does not know grants nothing.
    pub fn rename_role<R>(mut self, theirs: impl Into<String>, ours: R) -> Self
    where
        C::Role: NamedBy<R>,
    {
        self.renamed.push((theirs.into(), C::Role::name_of(&ours).to_owned()));
        self
    }

    /// The place of another claim of the application's, as a JSON pointer (RFC 6901): `.claim_at("email", "/https:~1~1acme.example~1email")`.
    /// Claims that have the application's name for them need no call.
    pub fn claim_at(mut self, name: impl Into<String>, place: impl Into<String>) -> Self {
        self.moved.push((name.into(), place.into()));
        self
    }

    /// The function that makes the application's claims from a verified token, in place of the mapping above: it loads the user from the
    /// application's own table, or creates one at the first visit. Find the user by [issuer](IssuerToken::issuer) and
    /// [subject](IssuerToken::subject) together, since two issuers may use one `sub` for two users.
    ///
    /// `None` is a 401 with an event, and an error is a 503. The claims are [remembered](Self::remember_claims) with the token. Several
    /// requests with a new token may ask at the same time, so the row of a new user is one to insert "or take the one that is there". A
    /// request waits for the answer as long as for a handler: give the query a time limit of its own. The token may be one that a client
    /// has for itself, which [`is_machine`](IssuerToken::is_machine) says.
    ///
    /// ```
    /// # use countersign::{Issuer, SessionClaims};
    /// # #[derive(SessionClaims, Clone)] struct User { #[claims(subject)] id: u64 }
    /// # async fn user_of(_: &str, _: &str) -> Result<Option<User>, std::io::Error> { Ok(None) }
    /// # fn of(issuer: Issuer<User>) -> Issuer<User> {
    /// issuer.claims_with(|token| async move { Ok(user_of(token.issuer(), token.subject()).await?) })
    /// # }
    /// ```
    pub fn claims_with<F, Fut>(mut self, claims: F) -> Self
    where
        F: Fn(IssuerToken) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Option<C>, BoxError>> + Send + 'static,
    {
        self.claims_with = Some(Box::new(move |token| Box::pin(claims(token))));
        self
    }

    /// How long the result of [`claims_with`](Self::claims_with) is used for a token, from a second to a day; a minute unless set. A user who
    /// is disabled meanwhile is let in for so long.
    pub fn remember_claims(mut self, age: Duration) -> Self {
        self.remembered = age;
        self
    }

    /// Says that one `sub` is one user, whether the token is from this issuer, from another, or from this server: for an issuer that signs
    /// in this application's own users. Without it, several issuers need [`claims_with`](Self::claims_with).
    pub fn shares_subjects(mut self) -> Self {
        self.shares_subjects = true;
        self
    }

    /// The client that fetches the issuer's keys. With the feature `reqwest` it is a `reqwest::Client` of the application, which decides about
    /// TLS, proxies and further certificates.
    pub fn fetch(mut self, fetch: impl Fetch) -> Self {
        self.fetch = Some(Box::new(fetch));
        self
    }

    /// Where users sign in (RFC 6749 section 3.1) and clients get tokens (section 3.2), for the document: a page such as Scalar then offers
    /// to sign in there, as the client that [`client_id`](Self::client_id) named first. The scopes are those to choose from, each with its
    /// description.
    pub fn sign_in_at<S: Into<String>>(
        mut self,
        authorization_url: impl Into<String>,
        token_url: impl Into<String>,
        scopes: impl IntoIterator<Item = (S, S)>,
    ) -> Self {
        self.sign_in = Some(SignInPage {
            authorization_url: authorization_url.into(),
            token_url: token_url.into(),
            scopes: scopes.into_iter().map(|(scope, words)| (scope.into(), words.into())).collect(),
        });
        self
    }
}

impl<C: SessionClaims> fmt::Debug for Issuer<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer")
            .field("issuer", &self.issuer)
            .field("profile", &self.profile)
            .finish_non_exhaustive()
    }
}
