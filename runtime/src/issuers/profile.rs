//! What the access tokens of each kind of issuer look like.

use serde_json::{Map, Value};

use crate::token::Presented;

/// What an access token of an issuer must have.
///
/// The strict form is RFC 9068, with a `typ` of `at+jwt` and the claims of its section 2.2. The others say what a product leaves out of it
/// and how its access tokens differ from its ID tokens, which are refused by all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Profile {
    /// RFC 9068 to the letter. Roles are in `roles` and scopes in `scope` (sections 2.2.3 and 2.2.3.1).
    #[default]
    Rfc9068,
    /// Keycloak: `typ` is `JWT` in the header and `Bearer` in the payload; the client is `azp`; roles are in `/realm_access/roles`. Give the
    /// client an audience mapper, since Keycloak puts no audience of its own into tokens.
    Keycloak,
    /// Auth0, with either of its two formats: the client is `azp` or `client_id`; the issuer ends in a slash. Roles are where an action of
    /// yours puts them.
    Auth0,
    /// Okta, with an authorization server of your own: no `typ`, the client is `cid`, scopes are the array `scp`. Roles are where a claim
    /// of yours puts them. `sub` is the login, which Okta may give to another person later; `subject_at("/uid")` is the user.
    Okta,
    /// Microsoft Entra ID, with tokens of version 1 or 2: no `jti`, the client is `azp` or `appid`, scopes are the string `scp`, roles are
    /// in `/roles`. A token without `scp` is one of an application.
    Entra,
    /// Amazon Cognito: no `typ` and no `aud`. Name the clients with [`client_id`](super::Issuer::client_id) in place of an audience. Roles
    /// are the groups, `/cognito:groups`.
    Cognito,
    /// Zitadel, with tokens of type JWT. Roles are those of a project, so the application says of which:
    /// `roles_at("/urn:zitadel:iam:org:project:280839383929:roles")`. The claim without a number is of the client's project, which may be
    /// another one than the API's.
    Zitadel,
}

/// The rules of a profile, as data.
pub(super) struct Rules {
    /// The accepted values of `typ` in the header.
    types: &'static [&'static str],
    /// Whether the header may leave out `typ`.
    may_have_no_type: bool,
    /// The claims that have to be there, besides `iss`, `sub` and `exp`.
    pub(super) required: &'static [&'static str],
    /// The places of the client's id; the first that is there counts.
    pub(super) client: &'static [&'static str],
    pub(super) needs_client: bool,
    /// Whether the tokens have an audience. Otherwise the client has to be one that the application names.
    pub(super) has_audience: bool,
    /// The claims that have one value in every access token.
    pub(super) fixed: &'static [(&'static str, &'static str)],
    /// The claims that only ID tokens have.
    pub(super) of_id_tokens: &'static [&'static str],
    /// The place of roles; `None` if that is for the application to say.
    pub(super) roles: Option<&'static str>,
    /// The places of scopes; the first that is there counts.
    pub(super) scopes: &'static [&'static str],
    /// Who has the token, where the product tells it by more than `sub` being the client.
    pub(super) holder: fn(&Map<String, Value>, client: &str) -> Holder,
}

/// Who has a token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Holder {
    /// A user, or a client if `sub` is the client.
    ByRule,
    /// A client, for itself.
    Machine,
    /// This claim contradicts others, as where a user has chosen the name of a service account.
    Contradiction(&'static str),
}

impl From<bool> for Holder {
    fn from(is_machine: bool) -> Self {
        if is_machine { Self::Machine } else { Self::ByRule }
    }
}

/// OpenID Connect Core sections 2 and 3.3.2.11: only ID tokens have them.
const OF_ID_TOKENS: &[&str] = &["nonce", "at_hash", "c_hash", "s_hash"];

const RFC_9068: Rules = Rules {
    types: &["at+jwt"],
    may_have_no_type: false,
    required: &["aud", "iat", "jti"],
    client: &["client_id"],
    needs_client: true,
    has_audience: true,
    fixed: &[],
    of_id_tokens: OF_ID_TOKENS,
    roles: Some("/roles"),
    scopes: &["/scope"],
    holder: |_, _| Holder::ByRule,
};

impl Profile {
    pub(super) const fn rules(self) -> Rules {
        match self {
            Self::Rfc9068 => RFC_9068,
            Self::Keycloak => Rules {
                types: &["JWT", "at+jwt"],
                client: &["azp", "client_id"],
                fixed: &[("typ", "Bearer")],
                // Releases before 25 put the nonce into access tokens too.
                of_id_tokens: &["at_hash", "c_hash", "s_hash"],
                roles: Some("/realm_access/roles"),
                holder: keycloak_holder,
                ..RFC_9068
            },
            Self::Auth0 => Rules {
                types: &["JWT", "at+jwt"],
                required: &["aud", "iat"],
                client: &["azp", "client_id"],
                roles: None,
                holder: |claims, client| {
                    let is_of_client = text(claims, "sub") == Some(&*format!("{client}@clients"));
                    (is_of_client || text(claims, "gty") == Some("client-credentials")).into()
                },
                ..RFC_9068
            },
            Self::Okta => Rules {
                types: &["JWT", "at+jwt"],
                may_have_no_type: true,
                client: &["cid"],
                roles: None,
                scopes: &["/scp"],
                holder: |claims, _| (!claims.contains_key("uid")).into(),
                ..RFC_9068
            },
            Self::Entra => Rules {
                types: &["JWT"],
                required: &["aud", "iat"],
                client: &["azp", "appid"],
                scopes: &["/scp"],
                // A user is always there for a delegated scope, and never without one.
                holder: |claims, _| {
                    (!claims.contains_key("scp") || text(claims, "idtyp") == Some("app")).into()
                },
                ..RFC_9068
            },
            Self::Cognito => Rules {
                types: &["JWT"],
                may_have_no_type: true,
                required: &["iat", "jti"],
                has_audience: false,
                fixed: &[("token_use", "access")],
                roles: Some("/cognito:groups"),
                holder: |claims, _| (!claims.contains_key("username")).into(),
                ..RFC_9068
            },
            Self::Zitadel => Rules {
                types: &["JWT", "at+jwt"],
                // Its ID tokens carry audience and client as well, and no `jti`.
                of_id_tokens: &["nonce", "at_hash", "c_hash", "s_hash", "amr", "azp"],
                roles: None,
                // The clients of users have a number. A service user is its own client, under its name.
                holder: |_, client| {
                    let number = client.split('@').next().unwrap_or_default();
                    number.bytes().any(|byte| !byte.is_ascii_digit()).into()
                },
                ..RFC_9068
            },
        }
    }
}

/// Keycloak gives a service account a user, whose name begins as no other should, though anyone may choose such a name. What only a sign-in
/// has tells the two apart.
fn keycloak_holder(claims: &Map<String, Value>, client: &str) -> Holder {
    let has = |name: &&str| claims.contains_key(*name);
    let has_signed_in = ["sid", "session_state", "auth_time"].iter().any(has);
    let name = text(claims, "preferred_username");
    let is_service = name.is_some_and(|name| name == format!("service-account-{}", client.to_lowercase()))
        || ["clientHost", "clientAddress"].iter().any(has);
    match (has_signed_in, is_service) {
        (true, true) => Holder::Contradiction("preferred_username"),
        (true, false) => Holder::ByRule,
        // Tokens that are kept small leave the name out.
        (false, is_service) => (is_service || name.is_none()).into(),
    }
}

impl Rules {
    /// Whether the header says that this may be an access token.
    pub(super) fn fits_type(&self, token: &Presented<'_>) -> bool {
        match token.has_type() {
            true => self.types.iter().any(|typ| token.is_of_type(typ)),
            false => self.may_have_no_type,
        }
    }
}

/// The text of a member.
pub(super) fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    claims.get(name).and_then(Value::as_str)
}
