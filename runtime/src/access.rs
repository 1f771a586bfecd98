//! Who may call a handler, as a constant, and the one function that decides.

use std::fmt;

use crate::claims::SessionClaims;

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

/// A condition on roles and scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule {
    /// The user holds this role, directly or by implication.
    Role(&'static str),
    /// The user was granted this scope.
    Scope(&'static str),
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
}

/// A first extractor that says who may call its handler.
///
/// The access attributes, the derived claims and [`Session`](crate::Session) implement it and enforce what they declare.
/// Implementing it by hand for an extractor of your own is possible and then a promise of yours: `routes!` and the
/// document take `ACCESS` at its word, and nothing checks that the extractor refuses whom it says it refuses.
#[diagnostic::on_unimplemented(
    message = "this handler does not declare who may call it",
    label = "no access declared",
    note = "put `#[require_role(\"...\")]`, `#[authenticated]` or `#[public(reason = \"...\")]` above the handler",
    note = "or make the claims type, `Option` of it, or `Session<...>` its first argument"
)]
pub trait DeclaresAccess {
    /// What the handler demands.
    const ACCESS: Access;

    /// What the router's state has to provide for it: `Self`, or `()` for nothing.
    #[doc(hidden)]
    type Demands;
}

/// What the one function that decides says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// The handler runs.
    Granted,
    /// Nobody is signed in, and somebody has to be.
    Unauthenticated,
    /// The user is known and does not satisfy the rule.
    Forbidden,
}

/// Decides whether a caller with these claims may pass; `None` is a caller without credentials.
pub(crate) fn decide<C: SessionClaims>(access: &Access, claims: Option<&C>) -> Decision {
    match (access, claims) {
        (Access::Public { .. } | Access::Optional, _) | (Access::Authenticated, Some(_)) => Decision::Granted,
        (Access::Authenticated | Access::Require(_), None) => Decision::Unauthenticated,
        (Access::Require(rule), Some(claims)) if holds(rule, claims) => Decision::Granted,
        (Access::Require(_), Some(_)) => Decision::Forbidden,
    }
}

fn holds<C: SessionClaims>(rule: &Rule, claims: &C) -> bool {
    match rule {
        Rule::Role(name) => claims.holds_role(name),
        Rule::Scope(scope) => claims.has_scope(scope),
        Rule::Any(rules) => rules.iter().any(|rule| holds(rule, claims)),
        Rule::All(rules) => !rules.is_empty() && rules.iter().all(|rule| holds(rule, claims)),
    }
}

/// Whether `text` may stand between quotes in a challenge as it is (RFC 6750 section 3).
pub(crate) fn is_challenge_text(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5B | 0x5D..=0x7E))
}

/// Whether `text` is one scope of RFC 6749 section 3.3 (and so may stand in a challenge).
pub(crate) fn is_scope_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E))
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Public { reason } => write!(f, "public: {reason}"),
            Self::Optional => f.write_str("anyone, signed in or not"),
            Self::Authenticated => f.write_str("any signed-in user"),
            Self::Require(rule) => rule.fmt(f),
        }
    }
}

impl fmt::Display for Rule {
    /// Writes the rule in words; a group inside a group stands in parentheses.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rules, word) = match self {
            Self::Role(name) => return write!(f, "role `{name}`"),
            Self::Scope(scope) => return write!(f, "scope `{scope}`"),
            Self::Any([]) | Self::All([]) => return f.write_str("nobody"),
            Self::Any(rules) => (rules, " or "),
            Self::All(rules) => (rules, " and "),
        };
        for (index, rule) in rules.iter().enumerate() {
            if index > 0 {
                f.write_str(word)?;
            }
            match rule {
                Self::Any([_, _, ..]) | Self::All([_, _, ..]) => write!(f, "({rule})")?,
                _ => rule.fmt(f)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_reads_as_words() {
        let rule = Rule::All(&[Rule::Any(&[Rule::Role("a"), Rule::Role("b")]), Rule::Scope("c:d")]);
        assert_eq!(rule.to_string(), "(role `a` or role `b`) and scope `c:d`");
        assert_eq!(Rule::Any(&[]).to_string(), "nobody");
    }
}
