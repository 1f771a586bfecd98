//! The names of roles and scopes, wherever an attribute takes them.

use syn::{LitStr, Path};

use super::model::Role;
use super::words::WORDS;
use crate::errors::{Errors, Message};

/// Where a name stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    RequireRole,
    RequireScope,
    Require,
    RuleMacro,
}

impl Place {
    pub(crate) fn written(self) -> &'static str {
        match self {
            Self::RequireRole => "#[require_role(...)]",
            Self::RequireScope => "#[require_scope(...)]",
            Self::Require => "#[require(...)]",
            Self::RuleMacro => "rule!",
        }
    }

    /// What to write where several names were meant.
    fn several(self, what: What) -> String {
        let name = what.word();
        let [one, other] = what.examples();
        match self {
            Self::RequireRole | Self::RequireScope => {
                format!("list several {name}s with commas: #[require_{name}(\"{one}\", \"{other}\")]")
            }
            Self::Require | Self::RuleMacro => {
                format!("join several with `||` or `&&`: {name}(\"{one}\") || {name}(\"{other}\")")
            }
        }
    }

    fn instead_of_nothing(self, what: What) -> String {
        let name = what.word();
        match self {
            Self::RequireRole | Self::RequireScope => {
                format!("name the {name}, or write #[authenticated] for any signed-in user")
            }
            Self::Require | Self::RuleMacro => {
                let [one, _] = what.examples();
                format!("name it, as in {name}(\"{one}\")")
            }
        }
    }
}

/// What is named.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Role,
    Scope,
}

impl What {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::Scope => "scope",
        }
    }

    /// Two names for messages.
    pub(crate) fn examples(self) -> [&'static str; 2] {
        match self {
            Self::Role => ["admin", "support"],
            Self::Scope => ["posts:write", "posts:admin"],
        }
    }
}

/// A name in quotes; `None` after a mistake.
pub(crate) fn quoted(name: LitStr, what: What, place: Place, errors: &Errors) -> Option<LitStr> {
    let (text, word, written) = (name.value(), what.word(), place.written());
    if text.is_empty() {
        let message = Message::new(format!("a {word} in {written} is empty"));
        errors.push(&name, message.help(place.instead_of_nothing(what)));
        return None;
    }
    // As a name it would look nothing up, and the attribute would read as if it did.
    if let Some(key) = WORDS.into_iter().find(|key| *key == text) {
        let [example, _] = what.examples();
        let message = match place {
            Place::RequireRole | Place::RequireScope => {
                Message::new(format!("`{key}` stands in {written} without quotes"))
                    .help(format!("write #[require_{word}(\"{example}\", {key})]"))
            }
            Place::Require | Place::RuleMacro => Message::new(format!("`{key}` is no {word} in {written}"))
                .help(format!("write `{key}` in place of {word}(\"{key}\")")),
        };
        errors.push(&name, message);
        return None;
    }
    // The scope-token of RFC 6749 section 3.3, which every role has to be as well.
    if let Some(refused) = text.chars().find(|c| !matches!(c, '\x21' | '\x23'..='\x5B' | '\x5D'..='\x7E')) {
        errors.push(
            &name,
            Message::new(format!("a {word} in {written} cannot hold {refused:?}"))
                .help(place.several(what))
                .note(format!("a {word} is made of visible ASCII characters without quotes and backslashes")),
        );
        return None;
    }
    Some(name)
}

/// A role by its path, unless it is a word that misses its quotes: neither a variant nor a constant begins with a small letter.
pub(crate) fn path(path: Path) -> Result<Role, Path> {
    let is_word = path.get_ident().is_some_and(|word| word.to_string().starts_with(char::is_lowercase));
    if is_word { Err(path) } else { Ok(Role::Path(path)) }
}
