//! Access rules as constants, and the one function that decides by them.
//!
//! This room imports neither axum nor tokens: [`decide`] takes the facts of a request as values. [`implication`] compares rules at compile
//! time, [`issuers`] says whose tokens can meet one, [`words`] prints them, and [`named`] holds `rule!`.

mod decision;
mod implication;
mod issuers;
mod named;
pub(crate) mod words;

use std::fmt;
use std::panic::Location;
use std::time::Duration;

pub use issuers::AcceptedIssuers;

pub(crate) use decision::{CheckResults, Decision, Facts, decide};
#[cfg(feature = "openapi")]
pub(crate) use words::function_of;
pub(crate) use words::{Quoted, is_unseen};

/// The name of this server among the issuers of tokens, for [`Rule::Issuer`]: that of the sessions which [`Auth`](crate::Auth) opens itself.
pub(crate) const OWN_ISSUER: &str = "own";

/// The callers that a handler accepts.
///
/// A machine is not a signed-in user: a client that was given a token for itself (the client credentials of RFC 6749 section 4.4), which
/// has its own identifier as `sub` (RFC 9068 section 5). [`Authenticated`](Self::Authenticated) refuses it, and so does a rule that does
/// not mention [`Rule::Machine`].
///
/// ```
/// use countersign::{Access, Rule};
///
/// const ADMINS: Access = Access::Require(Rule::Role("admin"));
/// assert_ne!(ADMINS, Access::Authenticated);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Access {
    /// Everyone; credentials are not read.
    Public {
        /// Why the operation is open; the OpenAPI document shows it.
        reason: &'static str,
    },
    /// Everyone; credentials are optional, but must be valid where they are sent.
    Optional,
    /// Any signed-in user.
    Authenticated,
    /// A signed-in user who satisfies the rule.
    Require(Rule),
}

/// A condition on the signed-in user and their session.
///
/// [`Live`](Self::Live) and [`BothTokens`](Self::BothTokens) are looked up first, wherever in the rule they are: a session that has
/// ended is refused with 401 even if another branch of an [`Any`](Self::Any) would hold. Checks run last, from left to right, and only
/// those on which the decision still depends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule {
    /// The user holds this role, directly or by implication.
    Role(&'static str),
    /// The user was granted this scope.
    Scope(&'static str),
    /// The user signed in at most this long ago, in whole seconds, by the token's `auth_time`. Refused with 401
    /// `insufficient_user_authentication` (RFC 9470 section 3). Under impersonation this is the sign-in of the actor; add
    /// [`NotImpersonated`](Self::NotImpersonated) where the user must be present in person.
    Fresh(Duration),
    /// The user is not impersonated: the token has no `act` (RFC 8693 section 4.1).
    NotImpersonated,
    /// A function of the application decides; [`check`](macro@crate::check) makes it. Without its function the condition never holds.
    Check {
        /// The path of the function: functions of the same name in two modules are two checks.
        name: &'static str,
        /// Whether a refusal is 404, as if the requested object did not exist, in place of 403.
        not_found: bool,
    },
    /// The user lacks this role or scope, or the token is not from this issuer. Around anything else it never holds, so that a mistake does
    /// not open a route.
    Not(&'static Rule),
    /// The store says, during this request, that the session has not ended. Without this condition an access token is valid until it expires.
    Live,
    /// The request carries the session's refresh token besides its access token, and the session has not ended.
    BothTokens,
    /// The token is from the issuer that the application configured under this name, which is a name of its own and not the `iss` of the
    /// token. The sessions of this server are from the issuer `own`.
    Issuer(&'static str),
    /// The token was given to a client for itself: the caller is a machine. A rule that does not mention this refuses every machine. One that
    /// does is decided for machines as for users, so that `role("clerk") || machine` also lets in a machine without the role.
    ///
    /// A machine has neither a sign-in nor a session of this server: [`Fresh`](Self::Fresh), [`Live`](Self::Live) and
    /// [`BothTokens`](Self::BothTokens) never hold for it.
    Machine,
    /// At least one of these holds; an empty list never does.
    Any(&'static [Rule]),
    /// All of these hold; an empty list never does, so that a mistake does not open a route.
    All(&'static [Rule]),
}

/// An [`Access`] as a type; an access attribute generates one for its handler.
pub trait Policy: Send + Sync + 'static {
    /// The callers that the handler accepts.
    const ACCESS: Access;

    /// The line of the attribute.
    #[doc(hidden)]
    const DECLARED_AT: DeclaredAt = None;

    /// The roles named in `ACCESS`, as a nested tuple of marker types.
    #[doc(hidden)]
    type Roles;

    /// The checks named in `ACCESS`, from left to right, as a nested tuple.
    #[doc(hidden)]
    type Checks;

    /// The named rules that hold whenever `ACCESS` is granted, as a nested tuple.
    #[doc(hidden)]
    type Proves;
}

/// A rule with a name; [`rule!`](crate::rule) defines one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a named rule",
    label = "not defined with rule!",
    note = "define it, as in `rule! {{ pub CanPublish = role(\"editor\"); }}`",
    note = "a function under #[check] becomes a rule with `rule! {{ pub OwnsPost = check(owns_post); }}`"
)]
pub trait NamedRule: Send + Sync + 'static {
    /// The name, as messages and the matrix show it.
    const NAME: &'static str;

    /// The rule.
    const RULE: Rule;

    /// See [`Policy::Roles`].
    #[doc(hidden)]
    type Roles;

    /// See [`Policy::Checks`].
    #[doc(hidden)]
    type Checks;
}

/// A first extractor that declares who may call its handler.
///
/// The access attributes, the derived claims and [`Session`](crate::Session) implement it and enforce what they declare.
/// You can implement it for an extractor of your own. That is a promise: `routes!` and the document trust `ACCESS`, and no
/// compile-time check shows that the extractor refuses other callers. The access matrix says that such a route is declared by a
/// hand-written extractor, and `testing::AccessProbe` tests it.
#[diagnostic::on_unimplemented(
    message = "this handler does not declare who may call it",
    label = "no access declared",
    note = "put `#[require_role(\"...\")]`, `#[require(...)]`, `#[authenticated]` or `#[public(reason = \"...\")]` above the handler",
    note = "or make the claims type, `Option` of it, `Session<...>` or `Proof<...>` its first argument"
)]
pub trait DeclaresAccess {
    /// The callers that the handler accepts.
    const ACCESS: Access;

    #[doc(hidden)]
    const DECLARED: DeclaredWhere = DeclaredWhere::Application;

    /// The line of the attribute, if one declares the access.
    #[doc(hidden)]
    const DECLARED_AT: DeclaredAt = None;

    /// A marker for what the router's state must provide; `()` for nothing.
    #[doc(hidden)]
    type Demands;
}

/// The line of the attribute that declares an access.
pub type DeclaredAt = Option<&'static Location<'static>>;

/// The line of the attribute whose expansion calls this.
#[track_caller]
pub const fn declared_here() -> DeclaredAt {
    Some(Location::caller())
}

/// Where the access of a route is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeclaredWhere {
    /// In an access attribute above the handler.
    Attribute,
    /// By the handler's first argument: the claims, a session or a proof.
    Argument,
    /// By an extractor for which the application implements [`DeclaresAccess`] itself. Only the application vouches that the extractor
    /// enforces what it declares.
    Application,
    /// By this crate, for one of its own endpoints.
    Endpoint,
    /// By the router that the route is in.
    Router,
    /// In the document of a router of utoipa-axum, whose handlers this crate does not see.
    Document,
    /// Nowhere: the router was told to take the route as it is.
    Nowhere,
}

impl fmt::Display for DeclaredWhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Attribute => "attribute",
            Self::Argument => "argument",
            Self::Application => "application",
            Self::Endpoint => "endpoint",
            Self::Router => "router",
            Self::Document => "document",
            Self::Nowhere => "unguarded",
        })
    }
}

impl Access {
    /// Whether the decision needs a session look-up in the store.
    pub(crate) fn asks_for_liveness(&self) -> bool {
        self.mentions(|atom| matches!(atom, Rule::Live | Rule::BothTokens))
    }

    /// Whether the decision depends on the time of the sign-in.
    pub(crate) fn asks_for_freshness(&self) -> bool {
        self.mentions(|atom| matches!(atom, Rule::Fresh(_)))
    }

    /// Whether the decision also needs the refresh token.
    pub(crate) fn asks_for_both_tokens(&self) -> bool {
        self.mentions(|atom| matches!(atom, Rule::BothTokens))
    }

    /// Whether a machine can pass: the rule mentions machines, and not only in a negation, which never holds.
    pub(crate) fn considers_machines(&self) -> bool {
        match self {
            Self::Public { .. } | Self::Optional => true,
            Self::Authenticated => false,
            Self::Require(rule) => rule.considers_machines(),
        }
    }

    /// The issuers that the rule names, from left to right, negated ones among them.
    pub(crate) fn issuers(&self) -> impl Iterator<Item = &'static str> {
        let rule = match self {
            Self::Require(rule) => Some(rule),
            Self::Public { .. } | Self::Optional | Self::Authenticated => None,
        };
        rule.into_iter().flat_map(Rule::conditions).filter_map(|condition| match condition {
            Rule::Issuer(name) => Some(*name),
            _ => None,
        })
    }

    /// The scopes that the rule asks for, from left to right; denied ones are not among them.
    #[cfg(feature = "openapi")]
    pub(crate) fn scopes(&self) -> Vec<&'static str> {
        fn collect(rule: &Rule, scopes: &mut Vec<&'static str>) {
            match rule {
                Rule::Scope(name) => scopes.push(name),
                Rule::Any(rules) | Rule::All(rules) => rules.iter().for_each(|rule| collect(rule, scopes)),
                _ => {}
            }
        }

        let mut scopes = Vec::new();
        if let Self::Require(rule) = self {
            collect(rule, &mut scopes);
        }
        scopes
    }

    /// The check of this number in the rule, counted from the left.
    pub(crate) fn check(&self, number: usize) -> Option<&Rule> {
        match self {
            Self::Require(rule) => rule.checks().nth(number),
            Self::Public { .. } | Self::Optional | Self::Authenticated => None,
        }
    }

    fn mentions(&self, wanted: impl Fn(&Rule) -> bool) -> bool {
        matches!(self, Self::Require(rule) if rule.any(&wanted))
    }
}

impl Rule {
    /// Whether any condition in the rule is `wanted`.
    pub(crate) fn any(&self, wanted: &impl Fn(&Self) -> bool) -> bool {
        match self {
            Self::Any(rules) | Self::All(rules) => rules.iter().any(|rule| rule.any(wanted)),
            Self::Not(rule) => rule.any(wanted),
            atom => wanted(atom),
        }
    }

    fn considers_machines(&self) -> bool {
        match self {
            Self::Any(rules) | Self::All(rules) => rules.iter().any(Self::considers_machines),
            atom => matches!(atom, Self::Machine),
        }
    }

    /// The conditions in the rule, from left to right.
    fn conditions(&self) -> impl Iterator<Item = &Self> {
        (0..).map_while(|number| self.condition(number))
    }

    /// The checks in the rule, from left to right. A check's place among them is its number.
    pub(crate) fn checks(&self) -> impl Iterator<Item = &Self> {
        self.conditions().filter(|atom| matches!(atom, Self::Check { .. }))
    }

    /// Whether it is a check whose refusal is a 404.
    pub(crate) fn is_hidden_check(&self) -> bool {
        matches!(self, Self::Check { not_found: true, .. })
    }
}

/// Whether `text` can be quoted in a challenge without escapes (RFC 6750 section 3).
pub(crate) fn is_challenge_text(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5B | 0x5D..=0x7E))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Row 68: %x20-21 / %x23-5B / %x5D-7E, at least one.
    #[test]
    fn challenge_text_is_printable_ascii_without_quotes_and_backslashes() {
        for byte in 0..=0xFF_u8 {
            let expected = (0x20..=0x7E).contains(&byte) && byte != b'"' && byte != b'\\';
            assert_eq!(is_challenge_text(&format!("a{}", char::from(byte))), expected, "{byte:#x}");
        }
        assert!(!is_challenge_text(""));
    }
}
