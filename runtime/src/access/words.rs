//! Access in words.

use std::fmt;
use std::time::Duration;

use super::{Access, Rule};

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
            Self::Fresh(age) => return write!(f, "a sign-in at most {} old", Age(*age)),
            Self::NotImpersonated => return f.write_str("nobody acting for the user"),
            Self::Check { name, .. } => return write!(f, "check `{name}`"),
            Self::Not(rule) => return write!(f, "not {}", Part(rule)),
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
            Part(rule).fmt(f)?;
        }
        Ok(())
    }
}

impl Access {
    /// As much of it as strangers may read: neither these roles nor checks that hide what they are about. Nothing, if nothing is left.
    pub(crate) fn disclosed(&self, private: &[&str]) -> Option<String> {
        match self {
            Self::Require(rule) => rule.disclosed(private).map(|(words, _)| words),
            Self::Public { .. } | Self::Optional | Self::Authenticated => Some(self.to_string()),
        }
    }
}

impl Rule {
    /// The words, and whether they are those of a group of several. An alternative is told as a whole or not at all, since a part of it
    /// would not do.
    fn disclosed(&self, private: &[&str]) -> Option<(String, bool)> {
        let is_secret = |rule: &Self| {
            rule.any(&|atom| match atom {
                Self::Role(name) => private.contains(name),
                atom => atom.is_hidden_check(),
            })
        };
        let (rules, word): (Vec<_>, _) = match self {
            Self::Any(rules) if !rules.is_empty() => {
                (rules.iter().filter(|rule| !is_secret(rule)).collect(), " or ")
            }
            Self::All(rules) if !rules.is_empty() => (rules.iter().collect(), " and "),
            rule if is_secret(rule) => return None,
            rule => return Some((rule.to_string(), false)),
        };
        let mut parts: Vec<_> = rules.into_iter().filter_map(|rule| rule.disclosed(private)).collect();
        if parts.len() < 2 {
            return parts.pop();
        }
        let parts: Vec<_> = parts
            .into_iter()
            .map(|(words, group)| if group { format!("({words})") } else { words })
            .collect();
        Some((parts.join(word), true))
    }
}

/// A rule inside another.
struct Part<'a>(&'a Rule);

impl fmt::Display for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Rule::Any([_, _, ..]) | Rule::All([_, _, ..]) => write!(f, "({})", self.0),
            Rule::Any([only]) | Rule::All([only]) => Part(only).fmt(f),
            rule => rule.fmt(f),
        }
    }
}

/// A time in the largest unit that it is whole in, as the attributes write it.
struct Age(Duration);

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let units = [(86_400, "d"), (3_600, "h"), (60, "m")];
        match units.into_iter().find(|(unit, _)| seconds > 0 && seconds.is_multiple_of(*unit)) {
            Some((unit, name)) => write!(f, "{}{name}", seconds / unit),
            None => write!(f, "{seconds}s"),
        }
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

    #[test]
    fn what_is_private_is_left_out_and_the_rest_reads_as_it_does() {
        let rule = Rule::All(&[
            Rule::Any(&[Rule::Role("a"), Rule::All(&[Rule::Role("b"), Rule::Scope("c:d")])]),
            Rule::Check { name: "open", not_found: false },
            Rule::Any(&[]),
        ]);
        let disclosed = |rule, private: &[&str]| Access::Require(rule).disclosed(private);
        assert_eq!(disclosed(rule, &[]).unwrap(), rule.to_string());
        assert_eq!(
            disclosed(rule, &["b"]).unwrap(),
            "role `a` and check `open` and nobody",
            "the scope alone would not do"
        );
        assert_eq!(
            disclosed(rule, &["a"]).unwrap(),
            "(role `b` and scope `c:d`) and check `open` and nobody"
        );
        const HIDDEN: Rule = Rule::Check { name: "hidden", not_found: true };
        assert_eq!(disclosed(HIDDEN, &[]), None);
        assert_eq!(disclosed(Rule::Not(&Rule::All(&[Rule::Role("a")])), &["a"]), None);
        assert_eq!(disclosed(Rule::Any(&[Rule::Role("a"), HIDDEN]), &["a"]), None);
        assert_eq!(Access::Authenticated.disclosed(&[]).unwrap(), "any signed-in user");
    }

    #[test]
    fn an_age_is_written_in_the_largest_unit_that_fits() {
        let words = |seconds| Rule::Fresh(Duration::from_secs(seconds)).to_string();
        assert_eq!(words(600), "a sign-in at most 10m old");
        assert_eq!(words(7_200), "a sign-in at most 2h old");
        assert_eq!(words(86_400), "a sign-in at most 1d old");
        assert_eq!(words(90), "a sign-in at most 90s old");
        assert_eq!(words(0), "a sign-in at most 0s old");
    }

    #[test]
    fn every_part_of_a_rule_has_its_words() {
        let rule = Rule::All(&[
            Rule::Not(&Rule::Role("guest")),
            Rule::NotImpersonated,
            Rule::Check { name: "owns_post", not_found: true },
        ]);
        assert_eq!(rule.to_string(), "not role `guest` and nobody acting for the user and check `owns_post`");
    }
}
