//! Access rules in words, for matrices, documents, refusals and messages.

use std::fmt::{self, Write as _};
use std::time::Duration;

use super::{Access, OWN_ISSUER, Rule};

pub(crate) const NOT_IMPERSONATED: &str = "no impersonation";
pub(crate) const LIVE: &str = "a session that has not ended";
pub(crate) const BOTH_TOKENS: &str = "the access token and the refresh token of one session";
pub(crate) const MACHINE: &str = "a token of a machine";
pub(crate) const FROM_HERE: &str = "a token from this server";
/// Before the name of another issuer.
pub(crate) const FROM: &str = "a token from ";
pub(crate) const NO_CALLER: &str = "no caller";

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
    /// Writes the rule in words; a group inside a group is in parentheses. `testing::matrix` reads the words back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Words { rule: self, reader: Reader::Developer }.fmt(f)
    }
}

/// A rule in words, for one kind of reader.
#[derive(Clone, Copy)]
struct Words<'a> {
    rule: &'a Rule,
    reader: Reader<'a>,
}

/// The reader of the words.
#[derive(Clone, Copy)]
enum Reader<'a> {
    /// Reads all of it.
    Developer,
    /// Reads "an internal role" in place of a private role, and no paths of the application's modules.
    Client { private: &'a [&'a str] },
}

impl Reader<'_> {
    fn may_not_read(self, role: &str) -> bool {
        matches!(self, Self::Client { private } if private.contains(&role))
    }
}

/// Follows a check whose refusal is 404.
pub(crate) const HIDES: &str = " else 404";

/// The function's own name, without the path to it.
pub(crate) fn function_of(check: &str) -> &str {
    check.rsplit("::").next().unwrap_or(check)
}

impl fmt::Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rules, word) = match self.rule {
            Rule::Role(name) if self.reader.may_not_read(name) => return f.write_str("an internal role"),
            Rule::Role(name) => return write!(f, "role {}", Quoted(name)),
            Rule::Scope(scope) => return write!(f, "scope {}", Quoted(scope)),
            Rule::Fresh(age) => return write!(f, "a sign-in at most {} old", Age(*age)),
            Rule::NotImpersonated => return f.write_str(NOT_IMPERSONATED),
            Rule::Check { name, not_found } => {
                return match self.reader {
                    Reader::Developer if *not_found => write!(f, "check {}{HIDES}", Quoted(name)),
                    Reader::Developer => write!(f, "check {}", Quoted(name)),
                    Reader::Client { .. } => write!(f, "check {}", Quoted(function_of(name))),
                };
            }
            // The parentheses carry meaning: `Not` of a role can hold, but `Not` of a group never does, not even of a group of one.
            Rule::Not(group @ (Rule::Any([_]) | Rule::All([_]))) => {
                return write!(f, "not ({})", Self { rule: group, ..*self });
            }
            Rule::Not(rule) => return write!(f, "not {}", Part(Self { rule, ..*self })),
            Rule::Live => return f.write_str(LIVE),
            Rule::BothTokens => return f.write_str(BOTH_TOKENS),
            Rule::Issuer(OWN_ISSUER) => return f.write_str(FROM_HERE),
            Rule::Issuer(name) => return write!(f, "{FROM}{}", Quoted(name)),
            Rule::Machine => return f.write_str(MACHINE),
            Rule::Any([]) | Rule::All([]) => return f.write_str(NO_CALLER),
            Rule::Any(rules) => (rules, " or "),
            Rule::All(rules) => (rules, " and "),
        };
        for (index, rule) in rules.iter().enumerate() {
            if index > 0 {
                f.write_str(word)?;
            }
            Part(Self { rule, ..*self }).fmt(f)?;
        }
        Ok(())
    }
}

impl Access {
    /// In words for clients; a private role reads "an internal role".
    #[cfg(feature = "openapi")]
    pub(crate) fn words(&self, private: &[&str]) -> String {
        match self {
            Self::Require(rule) => Words { rule, reader: Reader::Client { private } }.to_string(),
            Self::Public { .. } | Self::Optional | Self::Authenticated => self.to_string(),
        }
    }

    /// The words for a caller who is refused: those of the document, without checks that answer 404. `None` if no part is left.
    pub(crate) fn disclosed(&self, private: &[&str]) -> Option<String> {
        match self {
            Self::Require(rule) => rule.disclosed(private).map(|(words, _)| words),
            Self::Public { .. } | Self::Optional | Self::Authenticated => Some(self.to_string()),
        }
    }
}

impl Rule {
    /// The words, and whether they form a group of several parts.
    ///
    /// A private role reads "an internal role" and is not left out: the other parts would claim that less is enough. For the same reason, an
    /// alternative with a hidden check is left out as a whole. A hidden check that every caller has to pass is left out alone: a caller who
    /// meets the rest and fails the check is answered 404.
    fn disclosed(&self, private: &[&str]) -> Option<(String, bool)> {
        let is_hidden = |rule: &Self| rule.any(&Self::is_hidden_check);
        let (rules, word): (Vec<_>, _) = match self {
            Self::Any(rules) if !rules.is_empty() => {
                (rules.iter().filter(|rule| !is_hidden(rule)).collect(), " or ")
            }
            Self::All(rules) if !rules.is_empty() => (rules.iter().collect(), " and "),
            rule if is_hidden(rule) => return None,
            rule => {
                return Some((Words { rule, reader: Reader::Client { private } }.to_string(), false));
            }
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
struct Part<'a>(Words<'a>);

impl fmt::Display for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.rule {
            Rule::Any([_, _, ..]) | Rule::All([_, _, ..]) => write!(f, "({})", self.0),
            Rule::Any([only]) | Rule::All([only]) => Part(Words { rule: only, ..self.0 }).fmt(f),
            _ => self.0.fmt(f),
        }
    }
}

/// A name between backticks. Backticks and invisible characters in it are escaped, so that the words can be read back and fit on one
/// line.
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

/// Whether the character is invisible: line ends, controls, marks that change the direction of text, and letters and signs without a
/// shape (the fillers of Hangul, the empty pattern of Braille).
pub(crate) fn is_unseen(character: char) -> bool {
    let is_blank = matches!(character, '\u{115f}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}');
    is_blank || !matches!(character, '"' | '\'' | '\\') && character.escape_debug().len() > 1
}

struct Age(Duration);

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, unit) = in_largest_unit(self.0);
        write!(f, "{count}{unit}")
    }
}

/// A duration in the largest unit that divides it, as the attributes write it; in seconds otherwise.
pub(crate) const fn in_largest_unit(age: Duration) -> (u64, &'static str) {
    let units = [(86_400, "d"), (3_600, "h"), (60, "m")];
    let seconds = age.as_secs();
    let mut index = 0;
    while index < units.len() {
        let (unit, name) = units[index];
        if seconds > 0 && seconds.is_multiple_of(unit) {
            return (seconds / unit, name);
        }
        index += 1;
    }
    (seconds, "s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_reads_as_words() {
        let rule = Rule::All(&[Rule::Any(&[Rule::Role("a"), Rule::Role("b")]), Rule::Scope("c:d")]);
        assert_eq!(rule.to_string(), "(role `a` or role `b`) and scope `c:d`");
        assert_eq!(Rule::Any(&[]).to_string(), "no caller");
    }

    /// Rows 56, 69 and 147: no name of a private role, no hidden check, and never less than is enough.
    #[test]
    fn a_refused_caller_reads_all_that_is_missing_and_no_secret() {
        const SECRET: Rule = Rule::Role("secret");
        const HIDDEN: Rule = Rule::Check { name: "blog::hidden", not_found: true };
        const OWNS: Rule = Rule::Check { name: "blog::owns", not_found: false };
        const A: Rule = Rule::Role("a");
        const SCOPE: Rule = Rule::Scope("c:d");
        let rules: [(Rule, Option<&str>); 17] = [
            (SECRET, Some("an internal role")),
            (Rule::Not(&SECRET), Some("not an internal role")),
            (Rule::Not(&Rule::All(&[SECRET])), Some("not (an internal role)")),
            (Rule::All(&[OWNS, SECRET]), Some("check `owns` and an internal role")),
            (
                Rule::All(&[SECRET, SCOPE, Rule::Live]),
                Some("an internal role and scope `c:d` and a session that has not ended"),
            ),
            (Rule::Any(&[A, SECRET]), Some("role `a` or an internal role")),
            (
                Rule::Any(&[A, Rule::All(&[SECRET, SCOPE])]),
                Some("role `a` or (an internal role and scope `c:d`)"),
            ),
            (
                Rule::All(&[Rule::Any(&[A, SECRET]), SCOPE]),
                Some("(role `a` or an internal role) and scope `c:d`"),
            ),
            (HIDDEN, None),
            (Rule::Not(&HIDDEN), None),
            (Rule::All(&[HIDDEN, SECRET]), Some("an internal role")),
            (Rule::All(&[HIDDEN, A, SECRET]), Some("role `a` and an internal role")),
            (Rule::Any(&[HIDDEN, SECRET]), Some("an internal role")),
            (Rule::Any(&[Rule::All(&[HIDDEN, SECRET]), A]), Some("role `a`")),
            (Rule::Any(&[Rule::All(&[HIDDEN, A]), Rule::All(&[HIDDEN, SECRET])]), None),
            (
                Rule::All(&[Rule::Any(&[HIDDEN, Rule::All(&[A, SECRET])]), SCOPE]),
                Some("(role `a` and an internal role) and scope `c:d`"),
            ),
            (Rule::All(&[A, Rule::Any(&[])]), Some("role `a` and no caller")),
        ];
        for (rule, words) in rules {
            let access = Access::Require(rule);
            assert_eq!(access.disclosed(&["secret"]).as_deref(), words, "{rule}");
            // Without a hidden check, the document says the same.
            #[cfg(feature = "openapi")]
            if !rule.any(&Rule::is_hidden_check) {
                assert_eq!(access.words(&["secret"]), words.unwrap());
            }
        }
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
    fn a_name_ends_where_its_backticks_do() {
        let words = |name| Rule::Role(name).to_string();
        assert_eq!(words("on call"), "role `on call`");
        assert_eq!(words("a` or role `b"), r"role `a\u{60} or role \u{60}b`");
        assert_eq!(words(r"a\u{60}"), r"role `a\\u{60}`");
        assert_eq!(words("a\nb\u{202e}c\u{200b}"), r"role `a\u{a}b\u{202e}c\u{200b}`");
        assert_eq!(words("'Müller' \"1\""), "role `'Müller' \"1\"`");
        assert_eq!(words("admin\u{3164}\u{2800}"), r"role `admin\u{3164}\u{2800}`");
    }

    /// Functions of the same name are different checks, and so are different refusals. Clients read no module paths.
    #[test]
    fn a_check_is_told_by_its_path_and_its_answer() {
        const OWNS: Rule = Rule::Check { name: "blog::posts::owns", not_found: true };
        const MAY: Rule = Rule::Check { name: "blog::posts::may", not_found: false };
        let access = Access::Require(Rule::Any(&[OWNS, MAY]));
        assert_eq!(access.to_string(), "check `blog::posts::owns` else 404 or check `blog::posts::may`");
        assert_eq!(Access::Require(MAY).disclosed(&[]).unwrap(), "check `may`");
        #[cfg(feature = "openapi")]
        assert_eq!(access.words(&[]), "check `owns` or check `may`");
    }

    /// Row 147.
    #[cfg(feature = "openapi")]
    #[test]
    fn a_private_role_is_an_internal_role() {
        let rule = Rule::Any(&[Rule::Role("root"), Rule::Not(&Rule::Role("root")), Rule::Role("admin")]);
        assert_eq!(
            Access::Require(rule).words(&["root"]),
            "an internal role or not an internal role or role `admin`"
        );
    }

    #[test]
    fn every_part_of_a_rule_has_its_words() {
        let rule = Rule::All(&[
            Rule::Not(&Rule::Role("guest")),
            Rule::NotImpersonated,
            Rule::Check { name: "owns_post", not_found: true },
            Rule::Any(&[Rule::Issuer("acme"), Rule::Not(&Rule::Issuer("own")), Rule::Machine]),
        ]);
        assert_eq!(
            rule.to_string(),
            "not role `guest` and no impersonation and check `owns_post` else 404 and \
             (a token from `acme` or not a token from this server or a token of a machine)"
        );
    }
}
