//! Who may call a handler, as a constant, and the one function that decides.

mod decision;
mod implication;
mod named;
pub(crate) mod words;

use std::fmt;
use std::time::Duration;

pub(crate) use decision::{CheckResults, Decision, Facts, decide};
#[cfg(feature = "openapi")]
pub(crate) use words::{Quoted, function_of, is_unseen};

/// What a handler demands of its caller.
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
    /// Anybody, for the stated reason; credentials are not looked at.
    Public {
        /// Why the operation is open; it stands in the OpenAPI document.
        reason: &'static str,
    },
    /// Anybody; who presents credentials presents valid ones.
    Optional,
    /// Any signed-in user.
    Authenticated,
    /// A signed-in user who satisfies the rule.
    Require(Rule),
}

/// A condition on the signed-in user and their session.
///
/// What [`Live`](Self::Live) and [`BothTokens`](Self::BothTokens) ask for is looked at first, wherever in a rule they stand: a
/// session that has ended is refused (401) although another branch of an [`Any`](Self::Any) would hold. Checks are run last, from left
/// to right, and only those on which the decision still depends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule {
    /// The user holds this role, directly or by implication.
    Role(&'static str),
    /// The user was granted this scope.
    Scope(&'static str),
    /// The user proved who they are at most this long ago, in whole seconds: `auth_time`. Refused with 401
    /// `insufficient_user_authentication` (RFC 9470 section 3). Where somebody acts for the user it is the actor who did; put
    /// [`NotImpersonated`](Self::NotImpersonated) beside it where the user themselves has to be there.
    Fresh(Duration),
    /// Nobody acts for the user: the token has no `act` (RFC 8693 section 4.1).
    NotImpersonated,
    /// A function of the application says so; [`check`](macro@crate::check) makes it. In a rule without its function it never holds.
    Check {
        /// The function, by its path: two of one name in two modules are two checks.
        name: &'static str,
        /// A refusal is 404, as if what the request is about did not exist, and not 403.
        not_found: bool,
    },
    /// This does not hold. It is understood of a role or a scope; of anything else it never holds, so that a mistake does not open a
    /// route.
    Not(&'static Rule),
    /// The session has not ended, as the store says at this moment; without it an access token is good to its own end.
    Live,
    /// The request carries the session's refresh token beside its access token, and the session has not ended.
    BothTokens,
    /// One of these holds; an empty list never does.
    Any(&'static [Rule]),
    /// All of these hold; an empty list never does, so that a mistake does not open a route.
    All(&'static [Rule]),
}

/// An [`Access`] as a type; the access attributes make one for each handler.
pub trait Policy: Send + Sync + 'static {
    /// What the handler demands.
    const ACCESS: Access;

    /// The roles that `ACCESS` names, as a nested tuple of markers.
    #[doc(hidden)]
    type Roles;

    /// The checks in `ACCESS`, as a nested tuple, from left to right.
    #[doc(hidden)]
    type Checks;

    /// The named rules that hold when `ACCESS` is granted, as a nested tuple.
    #[doc(hidden)]
    type Proves;
}

/// A rule with a name; [`rule!`](crate::rule) makes one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a named rule",
    label = "not defined by rule!",
    note = "name a rule that `rule!` defines, as in `rule! {{ pub CanPublish = role(\"editor\"); }}`",
    note = "of a function under #[check], `rule! {{ pub OwnsPost = check(owns_post); }}` makes a rule"
)]
pub trait NamedRule: Send + Sync + 'static {
    /// The name.
    const NAME: &'static str;

    /// The rule.
    const RULE: Rule;

    /// As [`Policy::Roles`].
    #[doc(hidden)]
    type Roles;

    /// As [`Policy::Checks`].
    #[doc(hidden)]
    type Checks;
}

/// A first extractor that says who may call its handler.
///
/// The access attributes, the derived claims and [`Session`](crate::Session) implement it and enforce what they declare.
/// You can implement it by hand for an extractor of your own. Then `routes!` and the document believe `ACCESS`: nothing checks that the
/// extractor refuses the callers that it says it refuses. The access matrix says that such a route is declared by a hand-written
/// extractor, and `testing::AccessProbe` tests whether it keeps its word.
#[diagnostic::on_unimplemented(
    message = "this handler does not declare who may call it",
    label = "no access declared",
    note = "put `#[require_role(\"...\")]`, `#[require(...)]`, `#[authenticated]` or `#[public(reason = \"...\")]` above the handler",
    note = "or make the claims type, `Option` of it, `Session<...>` or `Proof<...>` its first argument"
)]
pub trait DeclaresAccess {
    /// What the handler demands.
    const ACCESS: Access;

    #[doc(hidden)]
    const DECLARED: DeclaredWhere = DeclaredWhere::Application;

    /// What the router's state has to provide for it; `()` for nothing.
    #[doc(hidden)]
    type Demands;
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
            Self::Nowhere => "unguarded",
        })
    }
}

impl Access {
    /// Whether the decision needs a look into the store.
    pub(crate) fn asks_for_liveness(&self) -> bool {
        self.mentions(|atom| matches!(atom, Rule::Live | Rule::BothTokens))
    }

    /// Whether the decision depends on when the user signed in.
    pub(crate) fn asks_for_freshness(&self) -> bool {
        self.mentions(|atom| matches!(atom, Rule::Fresh(_)))
    }

    /// Whether the decision needs the refresh token too.
    pub(crate) fn asks_for_both_tokens(&self) -> bool {
        self.mentions(|atom| matches!(atom, Rule::BothTokens))
    }

    /// The check of this number in the rule.
    pub(crate) fn check(&self, number: usize) -> Option<&Rule> {
        match self {
            Self::Require(rule) => rule.check(number),
            Self::Public { .. } | Self::Optional | Self::Authenticated => None,
        }
    }

    fn mentions(&self, wanted: impl Fn(&Rule) -> bool) -> bool {
        matches!(self, Self::Require(rule) if rule.any(&wanted))
    }
}

impl Rule {
    /// Whether any part of the rule that is not made of others is `wanted`.
    pub(crate) fn any(&self, wanted: &impl Fn(&Self) -> bool) -> bool {
        match self {
            Self::Any(rules) | Self::All(rules) => rules.iter().any(|rule| rule.any(wanted)),
            Self::Not(rule) => rule.any(wanted),
            atom => wanted(atom),
        }
    }

    /// The check of this number, counted from the left.
    pub(crate) fn check(&self, mut number: usize) -> Option<&Self> {
        self.check_after(&mut number)
    }

    fn check_after(&self, skipped: &mut usize) -> Option<&Self> {
        match self {
            Self::Check { .. } if *skipped == 0 => Some(self),
            Self::Check { .. } => {
                *skipped -= 1;
                None
            }
            Self::Not(rule) => rule.check_after(skipped),
            Self::Any(rules) | Self::All(rules) => rules.iter().find_map(|rule| rule.check_after(skipped)),
            _ => None,
        }
    }

    /// Whether its refusal is to look as if there were nothing.
    pub(crate) fn is_hidden_check(&self) -> bool {
        matches!(self, Self::Check { not_found: true, .. })
    }
}

/// Whether `text` may stand between quotes in a challenge as it is (RFC 6750 section 3).
pub(crate) fn is_challenge_text(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5B | 0x5D..=0x7E))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Row 68: %x20-21 / %x23-5B / %x5D-7E, and something.
    #[test]
    fn challenge_text_is_printable_ascii_without_quotes_and_backslashes() {
        for byte in 0..=0xFF_u8 {
            let expected = (0x20..=0x7E).contains(&byte) && byte != b'"' && byte != b'\\';
            assert_eq!(is_challenge_text(&format!("a{}", char::from(byte))), expected, "{byte:#x}");
        }
        assert!(!is_challenge_text(""));
    }
}
