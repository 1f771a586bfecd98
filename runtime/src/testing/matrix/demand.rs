//! Reads back what `access/words.rs` writes: the demand of a route.

use std::fmt;

use crate::access::OWN_ISSUER;

/// The demand of a route, as a committed file says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Demand {
    /// Open to anybody; the reason is kept as it is written.
    Public { reason: String },
    /// Open to anybody whose credentials, if any, are good.
    Optional,
    /// For any signed-in user.
    Authenticated,
    /// For signed-in users who satisfy this.
    Require(Tree),
}

/// A rule that owns its names. A group of one part is that part, except under `Not`; an empty group is `NoCaller`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tree {
    Role(String),
    Scope(String),
    Fresh(u64),
    NotImpersonated,
    Check(String),
    Not(Box<Self>),
    Live,
    BothTokens,
    /// The name that the application gave the issuer; that of this server is [`OWN_ISSUER`].
    Issuer(String),
    Machine,
    Any(Vec<Self>),
    All(Vec<Self>),
    NoCaller,
}

/// The words that were expected, and those that were found.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unreadable {
    expected: &'static str,
    found: String,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}, found `{}`", self.expected, self.found)
    }
}

impl Demand {
    pub(super) fn read(words: &str) -> Result<Self, Unreadable> {
        match words {
            "anyone, signed in or not" => Ok(Self::Optional),
            "any signed-in user" => Ok(Self::Authenticated),
            _ => match words.strip_prefix("public:") {
                Some(reason) => Ok(Self::Public { reason: reason.trim().to_owned() }),
                None => Tree::read(words).map(Self::Require),
            },
        }
    }
}

impl Tree {
    pub(super) fn read(words: &str) -> Result<Self, Unreadable> {
        let mut cursor = Cursor(words);
        let tree = cursor.group()?;
        if cursor.0.is_empty() { Ok(tree) } else { Err(cursor.instead_of("the end")) }
    }

    /// Whether any leaf of the tree is `wanted`.
    pub(super) fn mentions(&self, wanted: &impl Fn(&Self) -> bool) -> bool {
        match self {
            Self::Any(trees) | Self::All(trees) => trees.iter().any(|tree| tree.mentions(wanted)),
            Self::Not(tree) => tree.mentions(wanted),
            atom => wanted(atom),
        }
    }

    /// Whether a leaf that is not negated is about machines: every other rule refuses them.
    pub(super) fn considers_machines(&self) -> bool {
        match self {
            Self::Any(trees) | Self::All(trees) => trees.iter().any(Self::considers_machines),
            atom => *atom == Self::Machine,
        }
    }

    /// Every leaf of the tree.
    pub(super) fn atoms(&self) -> Vec<&Self> {
        match self {
            Self::Any(trees) | Self::All(trees) => trees.iter().flat_map(Self::atoms).collect(),
            Self::Not(tree) => tree.atoms(),
            atom => vec![atom],
        }
    }
}

/// The part of a text that has not been read yet.
pub(super) struct Cursor<'a>(pub(super) &'a str);

impl Cursor<'_> {
    fn group(&mut self) -> Result<Tree, Unreadable> {
        let first = self.part()?;
        let (word, group): (_, fn(Vec<Tree>) -> Tree) = if self.0.starts_with(" and ") {
            (" and ", Tree::All)
        } else if self.0.starts_with(" or ") {
            (" or ", Tree::Any)
        } else {
            return Ok(first);
        };
        let mut parts = vec![first];
        while self.take(word) {
            parts.push(self.part()?);
        }
        Ok(group(parts))
    }

    fn part(&mut self) -> Result<Tree, Unreadable> {
        if self.take("(") {
            let group = self.group()?;
            if !self.take(")") {
                return Err(self.instead_of("`)`"));
            }
            return Ok(match group {
                group @ (Tree::Any(_) | Tree::All(_)) => group,
                only => Tree::Any(vec![only]),
            });
        }
        if self.take("not ") {
            return Ok(Tree::Not(Box::new(self.part()?)));
        }
        self.atom()
    }

    fn atom(&mut self) -> Result<Tree, Unreadable> {
        let fixed = [
            ("no impersonation", Tree::NotImpersonated),
            ("no caller", Tree::NoCaller),
            ("a session that has not ended", Tree::Live),
            ("the access token and the refresh token of one session", Tree::BothTokens),
            ("a token of a machine", Tree::Machine),
            ("a token from this server", Tree::Issuer(OWN_ISSUER.to_owned())),
        ];
        for (words, atom) in fixed {
            if self.take(words) {
                return Ok(atom);
            }
        }
        if self.take("a token from ") {
            return self.name().map(Tree::Issuer);
        }
        if self.take("role ") {
            return self.name().map(Tree::Role);
        }
        if self.take("scope ") {
            return self.name().map(Tree::Scope);
        }
        if self.take("check ") {
            let name = self.name()?;
            // Refusals with 404 or 403 let the same callers pass.
            self.take(" else 404");
            return Ok(Tree::Check(name));
        }
        if self.take("a sign-in at most ") { self.age() } else { Err(self.instead_of("a condition")) }
    }

    fn age(&mut self) -> Result<Tree, Unreadable> {
        let age = self.0.split_once(" old").and_then(|(age, rest)| {
            let seconds =
                [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)].into_iter().find_map(|(unit, seconds)| {
                    age.strip_suffix(unit)?.parse::<u64>().ok()?.checked_mul(seconds)
                });
            Some((seconds?, rest))
        });
        let Some((seconds, rest)) = age else { return Err(self.instead_of("an age")) };
        self.0 = rest;
        Ok(Tree::Fresh(seconds))
    }

    /// A name between backticks.
    pub(super) fn name(&mut self) -> Result<String, Unreadable> {
        let quoted = self.0.strip_prefix('`').and_then(|rest| rest.split_once('`'));
        let Some((name, rest)) = quoted.and_then(|(name, rest)| Some((unescaped(name)?, rest))) else {
            return Err(self.instead_of("a name between backticks"));
        };
        self.0 = rest;
        Ok(name)
    }

    /// Reads these words if they come next. Returns whether they did.
    pub(super) fn take(&mut self, words: &str) -> bool {
        match self.0.strip_prefix(words) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    pub(super) fn instead_of(&self, expected: &'static str) -> Unreadable {
        Unreadable { expected, found: self.0.to_owned() }
    }
}

fn unescaped(name: &str) -> Option<String> {
    let mut characters = name.chars();
    let mut unescaped = String::with_capacity(name.len());
    while let Some(character) = characters.next() {
        if character != '\\' {
            unescaped.push(character);
            continue;
        }
        match characters.next()? {
            '\\' => unescaped.push('\\'),
            'u' => {
                let (number, rest) = characters.as_str().strip_prefix('{')?.split_once('}')?;
                unescaped.push(char::from_u32(u32::from_str_radix(number, 16).ok()?)?);
                characters = rest.chars();
            }
            _ => return None,
        }
    }
    Some(unescaped)
}
