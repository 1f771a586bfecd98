//! What can be wrong with the configuration of an issuer.

use std::fmt;

/// Why an [`Issuer`](super::Issuer) is refused when the [`Auth`](crate::Auth) is built. Each message says what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IssuerProblem {
    /// The issuer is empty, or has control characters or blanks. One that is discovered is no `https` URL, or has a user, a query or a
    /// fragment; `http` is for loopback addresses.
    Url,
    /// The address of the keys is no `https` URL. `http` is for loopback addresses.
    KeysUrl,
    /// The name is empty, or has a character that a rule cannot contain, or is `own`.
    Name,
    /// Two issuers have this name.
    RepeatedName,
    /// The issuer is trusted twice, or is this server itself.
    Repeated,
    /// No audience says that a token is for this application.
    NoAudience,
    /// The issuer's tokens have no audience, and no client says that a token is for this application.
    NoClient,
    /// An audience or a client is empty or blank.
    Blank,
    /// The list of algorithms is empty, or has one whose key is a secret.
    Algorithms,
    /// The keys at hand are not public keys.
    Keys,
    /// The keys have to be fetched, and nothing can fetch them.
    NoFetch,
    /// The claims have roles, and nothing says where the issuer puts them.
    NoRoles,
    /// A place in the token is no JSON pointer.
    Pointer(String),
    /// A claim cannot come from another place, because it is a registered one or has a setting of its own.
    ReservedClaim(String),
    /// None of the keys at hand fits one of the algorithms.
    NoFittingKey,
    /// The users of several issuers would be told apart by `sub` alone.
    SharedSubjects,
    /// The claims would be remembered for no time, or for longer than a day.
    Remember,
}

impl fmt::Display for IssuerProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Url => {
                "it has to be the `iss` of its tokens, to the byte; to discover its keys, that has to be an `https` URL such as `https://login.example.com/realms/acme`, or `http` on a loopback address"
            }
            Self::KeysUrl => "the address of its keys has to be an `https` URL; `http` is for loopback addresses",
            Self::Name => {
                "its name has to be printable ASCII without spaces, quotes and backslashes, and another one than `own`: change `named`"
            }
            Self::RepeatedName => "another issuer has its name: give it one of its own with `named`",
            Self::Repeated => "it is trusted already: call `trust` once for each issuer, and not with the URL of this server",
            Self::NoAudience => {
                "nothing says which of its tokens are for this application: call `audience` with the name that the issuer has for it"
            }
            Self::NoClient => {
                "its tokens have no audience: call `client_id` with each client whose tokens are for this application"
            }
            Self::Blank => "an audience or a client is empty or blank: pass its name",
            Self::Algorithms => {
                "its algorithms have to be one or more of RS256, PS256, ES256, ES384 and EdDSA: change `algorithms`"
            }
            Self::Keys => "its keys have to be public keys: leave secrets out",
            Self::NoFetch => {
                "its keys have to be fetched: call `fetch` with an HTTP client, such as that of `reqwest` with the feature of this name"
            }
            Self::NoRoles => {
                "the claims have roles, and nothing says where the issuer puts them: call `roles_at`, or `claims_with`"
            }
            Self::Pointer(place) => {
                return write!(
                    f,
                    "`{}` is no JSON pointer: write one such as `/realm_access/roles`, with `~1` for a `/` in a name, as in `/https:~1~1acme.example~1roles`",
                    place.escape_debug()
                );
            }
            Self::ReservedClaim(name) => {
                return write!(
                    f,
                    "`claim_at` cannot move `{}`: use `subject_at`, `roles_at` or `scopes_at`; registered claims stay where they are",
                    name.escape_debug()
                );
            }
            Self::NoFittingKey => "none of its keys fits one of its algorithms: change `algorithms`, or pass other keys",
            Self::SharedSubjects => {
                "users of several issuers may have one `sub`: call `claims_with` and find the user by issuer and subject, or `shares_subjects` if one `sub` is one user everywhere"
            }
            Self::Remember => "the claims have to be remembered for a second to a day: change `remember_claims`",
        })
    }
}
