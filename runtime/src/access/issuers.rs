//! Whose tokens an `Auth` accepts, and which of those can meet a rule.

use std::sync::{Mutex, PoisonError};

use super::{Access, OWN_ISSUER, Rule};

/// The issuers whose tokens an `Auth` accepts, by their names in rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedIssuers {
    has_sessions: bool,
    trusted: Vec<String>,
}

impl AcceptedIssuers {
    /// One that lives as long as the program, because declarations are copied freely. It leaks memory once for each list of names: equal
    /// ones are one.
    pub(crate) fn kept(has_sessions: bool, trusted: Vec<String>) -> &'static Self {
        static KNOWN: Mutex<Vec<&'static AcceptedIssuers>> = Mutex::new(Vec::new());

        let wanted = Self { has_sessions, trusted };
        let mut all = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all.iter().find(|known| ***known == wanted) {
            return known;
        }
        let kept: &'static Self = Box::leak(Box::new(wanted));
        all.push(kept);
        kept
    }

    /// Whether this server has sessions of its own.
    pub(crate) fn has_sessions(&self) -> bool {
        self.has_sessions
    }

    /// Whether tokens of other issuers are accepted.
    pub(crate) fn trusts_others(&self) -> bool {
        !self.trusted.is_empty()
    }

    /// All names, this server's first.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.has_sessions.then_some(OWN_ISSUER).into_iter().chain(self.trusted.iter().map(String::as_str))
    }

    /// The names of those whose tokens can be let in; none where no token is read.
    pub(crate) fn letting_in(&self, access: &Access) -> impl Iterator<Item = &str> {
        self.names().filter(|name| access.can_be_met_from(name))
    }
}

impl Access {
    /// Whether a token of this issuer may be let in. A public access reads no token.
    pub(crate) fn can_be_met_from(&self, issuer: &str) -> bool {
        match self {
            Self::Public { .. } => false,
            Self::Optional | Self::Authenticated => true,
            Self::Require(rule) => rule.can_be_met_from(issuer),
        }
    }
}

impl Rule {
    fn can_be_met_from(&self, issuer: &str) -> bool {
        match self {
            Self::Any(rules) => rules.iter().any(|rule| rule.can_be_met_from(issuer)),
            Self::All(rules) => !rules.is_empty() && rules.iter().all(|rule| rule.can_be_met_from(issuer)),
            condition => condition.may_hold_for(issuer),
        }
    }

    /// Whether this single condition may hold for some token of this issuer.
    pub(crate) fn may_hold_for(&self, issuer: &str) -> bool {
        let is_own = issuer == OWN_ISSUER;
        match self {
            Self::Live | Self::BothTokens => is_own,
            Self::Machine => !is_own,
            Self::Issuer(name) => *name == issuer,
            Self::Not(Self::Issuer(name)) => *name != issuer,
            Self::Not(denied) => matches!(denied, Self::Role(_) | Self::Scope(_)),
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_tells_whose_tokens_can_meet_it() {
        const ACME: Rule = Rule::Issuer("acme");
        const OWN: Rule = Rule::Issuer(OWN_ISSUER);
        const EDITOR: Rule = Rule::Role("editor");
        let both = AcceptedIssuers::kept(true, vec!["acme".to_owned(), "globex".to_owned()]);
        let table: [(Rule, &[&str]); 14] = [
            (EDITOR, &["own", "acme", "globex"]),
            (Rule::Not(&EDITOR), &["own", "acme", "globex"]),
            (Rule::Live, &["own"]),
            (Rule::BothTokens, &["own"]),
            (Rule::Machine, &["acme", "globex"]),
            (ACME, &["acme"]),
            (OWN, &["own"]),
            (Rule::Not(&ACME), &["own", "globex"]),
            (Rule::Not(&OWN), &["acme", "globex"]),
            (Rule::Not(&Rule::Live), &[]),
            (Rule::Any(&[Rule::Live, ACME]), &["own", "acme"]),
            (Rule::All(&[EDITOR, Rule::Any(&[ACME, Rule::Machine])]), &["acme", "globex"]),
            (Rule::All(&[Rule::Live, ACME]), &[]),
            (Rule::All(&[]), &[]),
        ];
        for (rule, expected) in table {
            let found: Vec<_> = both.letting_in(&Access::Require(rule)).collect();
            assert_eq!(found, expected, "{rule}");
        }
        assert_eq!(both.letting_in(&Access::Authenticated).count(), 3);
        assert_eq!(both.letting_in(&Access::Optional).count(), 3);
        assert_eq!(both.letting_in(&Access::Public { reason: "probe" }).count(), 0);
        let alone = AcceptedIssuers::kept(false, vec!["acme".to_owned()]);
        assert_eq!(alone.letting_in(&Access::Authenticated).collect::<Vec<_>>(), ["acme"]);
        assert!(std::ptr::eq(alone, AcceptedIssuers::kept(false, vec!["acme".to_owned()])));
    }
}
