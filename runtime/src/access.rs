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

/// A condition on the signed-in user and their session.
///
/// What [`Live`](Self::Live) and [`BothTokens`](Self::BothTokens) ask for is looked at first, wherever in a rule they stand: a
/// session that has ended is refused (401) although another branch of an [`Any`](Self::Any) would hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule {
    /// The user holds this role, directly or by implication.
    Role(&'static str),
    /// The user was granted this scope.
    Scope(&'static str),
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

/// What was found out about a request beyond what its access token says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Checked {
    /// The store has the session, and it has not ended.
    pub(crate) live: bool,
    /// The refresh token of the same session is there and good.
    pub(crate) both_tokens: bool,
}

impl Access {
    /// Whether the decision needs a look into the store.
    pub(crate) fn asks_for_liveness(&self) -> bool {
        matches!(self, Self::Require(rule) if rule.mentions(Rule::Live) || rule.mentions(Rule::BothTokens))
    }

    /// Whether the decision needs the refresh token too.
    pub(crate) fn asks_for_both_tokens(&self) -> bool {
        matches!(self, Self::Require(rule) if rule.mentions(Rule::BothTokens))
    }
}

impl Rule {
    fn mentions(&self, atom: Self) -> bool {
        match self {
            Self::Any(rules) | Self::All(rules) => rules.iter().any(|rule| rule.mentions(atom)),
            _ => *self == atom,
        }
    }
}

/// Decides whether a caller with these claims may pass; `None` is a caller without credentials.
pub(crate) fn decide<C: SessionClaims>(access: &Access, claims: Option<&C>, checked: Checked) -> Decision {
    match (access, claims) {
        (Access::Public { .. } | Access::Optional, _) | (Access::Authenticated, Some(_)) => Decision::Granted,
        (Access::Authenticated | Access::Require(_), None) => Decision::Unauthenticated,
        (Access::Require(rule), Some(claims)) if holds(rule, claims, checked) => Decision::Granted,
        (Access::Require(_), Some(_)) => Decision::Forbidden,
    }
}

fn holds<C: SessionClaims>(rule: &Rule, claims: &C, checked: Checked) -> bool {
    match rule {
        Rule::Role(name) => claims.holds_role(name),
        Rule::Scope(scope) => claims.has_scope(scope),
        Rule::Live => checked.live,
        Rule::BothTokens => checked.live && checked.both_tokens,
        Rule::Any(rules) => rules.iter().any(|rule| holds(rule, claims, checked)),
        Rule::All(rules) => !rules.is_empty() && rules.iter().all(|rule| holds(rule, claims, checked)),
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
            Self::Live => return f.write_str("a session that has not ended"),
            Self::BothTokens => return f.write_str("the access token and the refresh token of one session"),
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

    /// Row 68: %x20-21 / %x23-5B / %x5D-7E, and something.
    #[test]
    fn challenge_text_is_printable_ascii_without_quotes_and_backslashes() {
        for byte in 0..=0xFF_u8 {
            let expected = (0x20..=0x7E).contains(&byte) && byte != b'"' && byte != b'\\';
            assert_eq!(is_challenge_text(&format!("a{}", char::from(byte))), expected, "{byte:#x}");
        }
        assert!(!is_challenge_text(""));
    }

    /// RFC 6749 section 3.3: %x21 / %x23-5B / %x5D-7E, and something.
    #[test]
    fn scope_token_is_challenge_text_without_spaces() {
        for byte in 0..=0xFF_u8 {
            let expected = (0x21..=0x7E).contains(&byte) && byte != b'"' && byte != b'\\';
            assert_eq!(is_scope_token(&format!("a{}", char::from(byte))), expected, "{byte:#x}");
        }
        assert!(!is_scope_token(""));
    }
}

#[cfg(test)]
#[cfg(feature = "macros")]
mod decisions {
    use super::*;

    #[derive(crate::SessionClaims, Clone)]
    struct User {
        #[claims(subject)]
        id: u64,
        #[claims(roles)]
        roles: Vec<String>,
        #[claims(scopes)]
        scopes: Vec<String>,
    }

    const HOLDS: Rule = Rule::Role("editor");
    const LACKS: Rule = Rule::Role("admin");

    fn user() -> User {
        User { id: 7, roles: vec!["editor".to_owned()], scopes: vec!["posts:write".to_owned()] }
    }

    fn of_user(rule: Rule) -> Decision {
        decide(&Access::Require(rule), Some(&user()), Checked::default())
    }

    #[test]
    fn nobody_signed_in_passes_only_where_nobody_has_to_be() {
        let anonymous = |access| decide::<User>(&access, None, Checked { live: true, both_tokens: true });
        assert_eq!(anonymous(Access::Public { reason: "probe" }), Decision::Granted);
        assert_eq!(anonymous(Access::Optional), Decision::Granted);
        assert_eq!(anonymous(Access::Authenticated), Decision::Unauthenticated);
        for rule in [HOLDS, LACKS, Rule::Any(&[]), Rule::All(&[]), Rule::Any(&[HOLDS])] {
            assert_eq!(anonymous(Access::Require(rule)), Decision::Unauthenticated, "{rule:?}");
        }
    }

    #[test]
    fn a_signed_in_user_passes_where_no_rule_is() {
        for access in [Access::Public { reason: "probe" }, Access::Optional, Access::Authenticated] {
            assert_eq!(decide(&access, Some(&user()), Checked::default()), Decision::Granted, "{access}");
        }
    }

    #[test]
    fn a_rule_grants_what_the_user_holds_and_nothing_else() {
        assert_eq!(of_user(HOLDS), Decision::Granted);
        assert_eq!(of_user(Rule::Scope("posts:write")), Decision::Granted);
        for lacking in [
            "admin",
            "Editor",
            "edit",
            "editors",
            "",
            "posts",
            "posts:write:all",
            "POSTS:WRITE",
            "posts:write editor",
        ] {
            assert_eq!(of_user(Rule::Role(lacking)), Decision::Forbidden, "{lacking}");
            assert_eq!(of_user(Rule::Scope(lacking)), Decision::Forbidden, "{lacking}");
        }
    }

    #[test]
    fn a_scope_is_no_role_and_a_role_no_scope() {
        assert_eq!(of_user(Rule::Role("posts:write")), Decision::Forbidden);
        assert_eq!(of_user(Rule::Scope("editor")), Decision::Forbidden);
    }

    #[test]
    fn any_wants_one_and_all_wants_every_one() {
        assert_eq!(of_user(Rule::Any(&[LACKS, HOLDS])), Decision::Granted);
        assert_eq!(of_user(Rule::Any(&[LACKS, LACKS])), Decision::Forbidden);
        assert_eq!(of_user(Rule::All(&[HOLDS, HOLDS])), Decision::Granted);
        assert_eq!(of_user(Rule::All(&[HOLDS, LACKS])), Decision::Forbidden);
        assert_eq!(of_user(Rule::All(&[LACKS, HOLDS])), Decision::Forbidden);
        assert_eq!(of_user(Rule::All(&[HOLDS, Rule::Any(&[LACKS, LACKS])])), Decision::Forbidden);
    }

    #[test]
    fn what_was_not_checked_does_not_hold() {
        let with = |rule, live, both_tokens| {
            decide(&Access::Require(rule), Some(&user()), Checked { live, both_tokens }) == Decision::Granted
        };
        for (live, both_tokens) in [(false, false), (false, true), (true, false), (true, true)] {
            assert_eq!(with(Rule::Live, live, both_tokens), live);
            assert_eq!(with(Rule::BothTokens, live, both_tokens), live && both_tokens);
            assert_eq!(with(Rule::All(&[HOLDS, Rule::Live]), live, both_tokens), live);
            assert!(!with(Rule::All(&[LACKS, Rule::Live]), live, both_tokens));
        }
    }

    #[test]
    fn a_rule_asks_for_what_it_mentions_at_any_depth() {
        let live = Access::Require(Rule::All(&[HOLDS, Rule::Any(&[LACKS, Rule::Live])]));
        assert!(live.asks_for_liveness() && !live.asks_for_both_tokens());
        let both = Access::Require(Rule::All(&[HOLDS, Rule::BothTokens]));
        assert!(both.asks_for_liveness() && both.asks_for_both_tokens());
        for access in [Access::Authenticated, Access::Optional, Access::Require(HOLDS)] {
            assert!(!access.asks_for_liveness() && !access.asks_for_both_tokens(), "{access}");
        }
    }

    #[test]
    fn an_empty_list_lets_nobody_in() {
        for rule in
            [Rule::Any(&[]), Rule::All(&[]), Rule::Any(&[Rule::All(&[])]), Rule::All(&[Rule::All(&[])])]
        {
            assert_eq!(of_user(rule), Decision::Forbidden, "{rule:?}");
        }
    }
}
