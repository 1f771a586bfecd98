//! Access in words.

use std::fmt::{self, Write as _};
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
    /// Writes the rule in words; a group inside a group stands in parentheses. `testing::matrix` reads them back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rules, word) = match self {
            Self::Role(name) => return write!(f, "role {}", Quoted(name)),
            Self::Scope(scope) => return write!(f, "scope {}", Quoted(scope)),
            Self::Fresh(age) => return write!(f, "a sign-in at most {} old", Age(*age)),
            Self::NotImpersonated => return f.write_str("nobody acting for the user"),
            Self::Check { name, .. } => return write!(f, "check {}", Quoted(name)),
            // It is not the same: of a group, even of one, `Not` never holds.
            Self::Not(group @ (Self::Any([_]) | Self::All([_]))) => return write!(f, "not ({group})"),
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

/// A name between backticks. What would end it, and what cannot be seen, is written as a number, so that words can be read back and
/// fit on one line.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('`')?;
        for character in self.0.chars() {
            match character {
                '\\' => f.write_str("\\\\")?,
                '`' => write!(f, "{}", character.escape_unicode())?,
                _ if is_unseen(character) => write!(f, "{}", character.escape_unicode())?,
                _ => f.write_char(character)?,
            }
        }
        f.write_char('`')
    }
}

/// Whether a reader would not see that the character is there: line ends, controls, what turns the direction of text.
pub(crate) fn is_unseen(character: char) -> bool {
    !matches!(character, '"' | '\'' | '\\') && character.escape_debug().len() > 1
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
    fn an_age_is_written_in_the_largest_unit_that_fits() {
        let words = |seconds| Rule::Fresh(Duration::from_secs(seconds)).to_string();
        assert_eq!(words(600), "a sign-in at most 10m old");
        assert_eq!(words(7_200), "a sign-in at most 2h old");
        assert_eq!(words(86_400), "a sign-in at most 1d old");
        assert_eq!(words(90), "a sign-in at most 90s old");
        assert_eq!(words(0), "a sign-in at most 0s old");
    }

    #[test]
    fn a_name_ends_where_its_backticks_do() {
        let words = |name| Rule::Role(name).to_string();
        assert_eq!(words("on call"), "role `on call`");
        assert_eq!(words("a` or role `b"), r"role `a\u{60} or role \u{60}b`");
        assert_eq!(words(r"a\u{60}"), r"role `a\\u{60}`");
        assert_eq!(words("a\nb\u{202e}c\u{200b}"), r"role `a\u{a}b\u{202e}c\u{200b}`");
        assert_eq!(words("'Müller' \"1\""), "role `'Müller' \"1\"`");
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
