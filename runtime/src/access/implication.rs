//! What stands in a rule, for constants.

use super::Rule;
use crate::claims::same;

impl Rule {
    /// Whether `wanted` holds because this does, as its form shows: it is this rule, or stands under nothing but `All`.
    pub(crate) const fn has_conjunct(&self, wanted: &Self) -> bool {
        if self.is(wanted) {
            return true;
        }
        let Self::All(rules) = self else { return false };
        let mut index = 0;
        while index < rules.len() {
            if rules[index].has_conjunct(wanted) {
                return true;
            }
            index += 1;
        }
        false
    }

    /// Whether there is a check in it.
    pub(crate) const fn has_check(&self) -> bool {
        match self {
            Self::Check { .. } => true,
            Self::Not(rule) => rule.has_check(),
            Self::Any(rules) | Self::All(rules) => {
                let mut index = 0;
                while index < rules.len() && !rules[index].has_check() {
                    index += 1;
                }
                index < rules.len()
            }
            _ => false,
        }
    }

    /// `==`, in constants too.
    pub(crate) const fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Role(one), Self::Role(other)) | (Self::Scope(one), Self::Scope(other)) => {
                same(one.as_bytes(), other.as_bytes())
            }
            (Self::Fresh(one), Self::Fresh(other)) => one.as_nanos() == other.as_nanos(),
            (Self::Check { name, not_found }, Self::Check { name: other, not_found: hides }) => {
                same(name.as_bytes(), other.as_bytes()) && *not_found == *hides
            }
            (Self::Not(one), Self::Not(other)) => one.is(other),
            (Self::NotImpersonated, Self::NotImpersonated)
            | (Self::Live, Self::Live)
            | (Self::BothTokens, Self::BothTokens) => true,
            (Self::Any(one), Self::Any(other)) | (Self::All(one), Self::All(other)) => {
                let mut index = 0;
                while index < one.len() && index < other.len() && one[index].is(&other[index]) {
                    index += 1;
                }
                index == one.len() && index == other.len()
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const ATOMS: [Rule; 16] = [
        Rule::Role("a"),
        Rule::Role("ab"),
        Rule::Scope("a"),
        Rule::Fresh(Duration::from_secs(60)),
        Rule::Fresh(Duration::from_secs(61)),
        Rule::NotImpersonated,
        Rule::Check { name: "a", not_found: false },
        Rule::Check { name: "a", not_found: true },
        Rule::Check { name: "b", not_found: true },
        Rule::Not(&Rule::Role("a")),
        Rule::Not(&Rule::Scope("a")),
        Rule::Live,
        Rule::BothTokens,
        Rule::Any(&[]),
        Rule::All(&[]),
        Rule::All(&[Rule::Role("a"), Rule::Any(&[Rule::Role("b")])]),
    ];

    #[test]
    fn rules_are_compared_in_constants_as_everywhere() {
        for one in ATOMS {
            for other in ATOMS {
                assert_eq!(one.is(&other), one == other, "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn a_check_is_found_at_any_depth() {
        for rule in ATOMS {
            let expected = matches!(rule, Rule::Check { .. });
            assert_eq!(rule.has_check(), expected, "{rule:?}");
            let inside: &'static [Rule] = vec![Rule::Live, rule].leak();
            let outside: &'static [Rule] = vec![Rule::Any(inside), Rule::Live].leak();
            assert_eq!(Rule::All(outside).has_check(), expected, "{rule:?}");
            assert_eq!(Rule::Not(&outside[0]).has_check(), expected, "{rule:?}");
        }
    }

    #[test]
    fn what_a_rule_demands_in_any_case_is_a_conjunct_of_it() {
        const INNER: Rule = Rule::All(&[Rule::Role("b"), Rule::Scope("c")]);
        let rule =
            Rule::All(&[Rule::Role("a"), Rule::All(&[INNER, Rule::Live]), Rule::Any(&[Rule::Role("d")])]);
        for conjunct in
            [rule, Rule::Role("a"), INNER, Rule::Role("b"), Rule::Live, Rule::Any(&[Rule::Role("d")])]
        {
            assert!(rule.has_conjunct(&conjunct), "{conjunct}");
        }
        for other in [
            Rule::Role("d"),
            Rule::Scope("a"),
            Rule::BothTokens,
            Rule::All(&[Rule::Role("b")]),
            Rule::All(&[]),
        ] {
            assert!(!rule.has_conjunct(&other), "{other}");
        }
        let either = Rule::Any(&[Rule::Role("a"), Rule::Role("b")]);
        assert!(either.has_conjunct(&either) && !either.has_conjunct(&Rule::Role("a")));
    }
}
