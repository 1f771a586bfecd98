//! The names of roles and scopes, wherever an attribute takes them.

use quote::ToTokens as _;
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

    /// What to write where the text has several names in it.
    fn several(self, what: What, text: &str) -> Option<String> {
        let word = what.word();
        let names: Vec<_> = text.split([' ', ',']).filter(|name| !name.is_empty()).collect();
        if names.len() < 2 || names.iter().any(|name| !name.chars().all(is_allowed)) {
            return None;
        }
        Some(match self {
            Self::RequireRole | Self::RequireScope => {
                let names: Vec<_> = names.iter().map(|name| format!("{name:?}")).collect();
                format!("list several {word}s with commas: #[require_{word}({})]", names.join(", "))
            }
            Self::Require | Self::RuleMacro => {
                let names: Vec<_> = names.iter().map(|name| format!("{word}({name:?})")).collect();
                format!("join several with `||` or `&&`: {}", names.join(" || "))
            }
        })
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
        let message = match place {
            Place::RequireRole | Place::RequireScope => {
                Message::new(format!("`{key}` stands in {written} without quotes"))
                    .help(format!("write {key}"))
            }
            Place::Require | Place::RuleMacro => Message::new(format!("`{key}` is no {word} in {written}"))
                .help(format!("write `{key}` in place of {word}(\"{key}\")")),
        };
        errors.push(&name, message);
        return None;
    }
    if let Some(refused) = text.chars().find(|c| !is_allowed(*c)) {
        let several = place.several(what, &text);
        let help = several.unwrap_or_else(|| format!("rename the {word}"));
        errors.push(
            &name,
            Message::new(format!("a {word} in {written} cannot hold {refused:?}"))
                .help(help)
                .note(format!("a {word} is made of visible ASCII characters without quotes and backslashes")),
        );
        return None;
    }
    Some(name)
}

/// The scope-token of RFC 6749 section 3.3, which every role has to be as well.
fn is_allowed(c: char) -> bool {
    matches!(c, '\x21' | '\x23'..='\x5B' | '\x5D'..='\x7E')
}

/// What to say of a name that stands without quotes; `written` shows it with them.
pub(crate) fn without_quotes(
    name: &Path,
    what: What,
    place: Place,
    written: impl FnOnce(&str) -> String,
) -> Message {
    let (word, name) = (what.word(), name.to_token_stream().to_string());
    Message::new(format!("the {word} `{name}` misses its quotes in {}", place.written()))
        .help(format!("write {}", written(&name)))
}

/// A role by its path, unless it is a word that misses its quotes: neither a variant nor a constant begins with a small letter.
pub(crate) fn path(path: Path) -> Result<Role, Path> {
    let is_word = path.get_ident().is_some_and(|word| word.to_string().starts_with(char::is_lowercase));
    if is_word { Err(path) } else { Ok(Role::Path(path)) }
}
