//! Does the `Auth` behind a route have the issuers, or the sessions, that its rule needs? Asked while the application is put together, since the
//! issuers are not known before.

use super::nearest::nearest;
use crate::access::{AcceptedIssuers, Access, OWN_ISSUER};

/// Why an access is closed that needs sessions, and what to do. It goes on after a comma.
pub(crate) const WITHOUT_SESSIONS: &str = "and the `Auth` has no sessions of its own: it only trusts issuers, whose tokens belong to no session \
                                           of this server; give its builder keys, a store and a claims source beside `trust`, or leave that out";

/// What is wrong with the access where these issuers are accepted, as a predicate. It lets no caller in, or names an issuer that does not exist.
pub(crate) fn misfit(access: &Access, accepted: &AcceptedIssuers) -> Option<String> {
    let is_unknown = |name: &&str| *name != OWN_ISSUER && !accepted.names().any(|known| known == *name);
    if let Some(name) = access.issuers().find(is_unknown) {
        return Some(unknown(name, accepted));
    }
    let is_closed = !accepted.has_sessions()
        && access.can_be_met_from(OWN_ISSUER)
        && accepted.letting_in(access).next().is_none();
    is_closed.then(|| format!("demands {access}, {WITHOUT_SESSIONS}"))
}

fn unknown(name: &str, accepted: &AcceptedIssuers) -> String {
    let names: Vec<_> = accepted.names().collect();
    let cure = match nearest(name, &names) {
        Some(near) => format!("did you mean `{near}`?"),
        None if accepted.trusts_others() => format!("the issuers are `{}`", names.join("`, `")),
        None => format!(
            "it trusts no issuer; give its builder `.trust(Issuer::discover(\"https://...\").named(\"{name}\"))`"
        ),
    };
    format!("asks for the issuer `{name}`, which the `Auth` does not have: {cure}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Rule;

    fn misfit(rule: Rule, has_sessions: bool, trusted: &[&str]) -> String {
        let accepted =
            AcceptedIssuers::kept(has_sessions, trusted.iter().map(|name| (*name).to_owned()).collect());
        super::misfit(&Access::Require(rule), accepted).unwrap_or_default()
    }

    /// Row 174.
    #[test]
    fn an_issuer_that_does_not_exist_is_named_with_the_nearest() {
        let trusted = &["acme", "globex"];
        for rule in [
            Rule::Issuer("acmee"),
            Rule::Not(&Rule::Issuer("acmee")),
            Rule::Any(&[Rule::Role("a"), Rule::Issuer("acmee")]),
        ] {
            for has_sessions in [true, false] {
                let why = misfit(rule, has_sessions, trusted);
                assert!(
                    why.contains("the issuer `acmee`, ") && why.ends_with("did you mean `acme`?"),
                    "{why}"
                );
            }
        }
        assert!(
            misfit(Rule::Issuer("initech"), false, trusted).ends_with("the issuers are `acme`, `globex`")
        );
        assert!(misfit(Rule::Issuer("initech"), true, &[]).contains(".named(\"initech\")"));
        assert_eq!(misfit(Rule::Issuer("globex"), true, trusted), "");
    }

    /// Row 174.
    #[test]
    fn a_rule_that_only_sessions_meet_does_not_fit_where_there_are_none() {
        let closed = [
            Rule::Live,
            Rule::BothTokens,
            Rule::IN_PERSON,
            Rule::Issuer(OWN_ISSUER),
            Rule::All(&[Rule::Role("a"), Rule::Any(&[Rule::Live, Rule::BothTokens])]),
        ];
        for rule in closed {
            let why = misfit(rule, false, &["acme"]);
            assert!(why.starts_with("demands ") && why.contains(WITHOUT_SESSIONS), "{why}");
            assert_eq!(misfit(rule, true, &["acme"]), "", "{rule}");
        }
        for rule in [
            Rule::Role("a"),
            Rule::Any(&[Rule::Live, Rule::Role("a")]),
            Rule::Not(&Rule::Issuer(OWN_ISSUER)),
            Rule::Machine,
        ] {
            assert_eq!(misfit(rule, false, &["acme"]), "", "{rule}");
        }
        // What no caller meets anywhere is a matter of other checks, which let an openly empty rule pass.
        assert_eq!(misfit(Rule::Any(&[]), false, &["acme"]), "");
    }
}
