//! The names of roles and scopes, wherever a macro takes them.

use quote::ToTokens as _;
use syn::{ExprPath, LitStr, Path};

use super::flags::FLAGS;
use super::model::RoleRef;
use crate::errors::{Errors, Message, Reported};
use crate::scope_token::refused_character;

/// The macro whose input is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// `#[require_role(...)]` or `#[require_scope(...)]`
    List(NameKind),
    Require,
    RuleMacro,
}

impl Source {
    pub(crate) fn written(self) -> &'static str {
        match self {
            Self::List(NameKind::Role) => "#[require_role(...)]",
            Self::List(NameKind::Scope) => "#[require_scope(...)]",
            Self::Require => "#[require(...)]",
            Self::RuleMacro => "rule!",
        }
    }

    /// The help where one text holds several names.
    fn several(self, kind: NameKind, text: &str) -> Option<String> {
        let word = kind.word();
        let names: Vec<_> = text.split([' ', ',']).filter(|name| !name.is_empty()).collect();
        if names.len() < 2 || names.iter().any(|name| refused_character(name).is_some()) {
            return None;
        }
        Some(if matches!(self, Self::List(_)) {
            let names: Vec<_> = names.iter().map(|name| format!("{name:?}")).collect();
            format!("list several {word}s with commas: #[require_{word}({})]", names.join(", "))
        } else {
            let names: Vec<_> = names.iter().map(|name| format!("{word}({name:?})")).collect();
            format!("join several with `||` or `&&`: {}", names.join(" || "))
        })
    }
}

/// Whether a name is a role's or a scope's.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum NameKind {
    Role,
    Scope,
}

impl NameKind {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::Scope => "scope",
        }
    }

    /// A name for messages.
    pub(crate) fn example(self) -> &'static str {
        match self {
            Self::Role => "admin",
            Self::Scope => "posts:write",
        }
    }
}

/// A name in quotes.
pub(crate) fn quoted(
    name: LitStr,
    kind: NameKind,
    source: Source,
    errors: &Errors,
) -> Result<LitStr, Reported> {
    let (text, word, written) = (name.value(), kind.word(), source.written());
    let is_list = matches!(source, Source::List(_));
    let message = if text.is_empty() {
        Message::new(format!("a {word} in {written} is empty")).help(if is_list {
            format!("name the {word}, or write #[authenticated] for any signed-in user")
        } else {
            format!("name it, as in {word}(\"{}\")", kind.example())
        })
    } else if FLAGS.contains(&text.as_str()) {
        // In quotes a flag would be a name and check nothing, while the attribute reads as if it did.
        if is_list {
            Message::new(format!("`{text}` is written without quotes in {written}"))
                .help(format!("write {text}"))
        } else {
            Message::new(format!("`{text}` is not a {word} in {written}"))
                .help(format!("write `{text}` in place of {word}(\"{text}\")"))
        }
    } else if let Some(refused) = refused_character(&text) {
        let help = source.several(kind, &text).unwrap_or_else(|| format!("rename the {word}"));
        Message::new(format!("a {word} in {written} cannot contain {refused:?}"))
            .help(help)
            .note(format!("a {word} is made of visible ASCII characters without quotes and backslashes"))
    } else {
        return Ok(name);
    };
    Err(errors.push(&name, message))
}

/// The message for a name without quotes. `written` shows it with them.
pub(crate) fn without_quotes(
    name: &Path,
    kind: NameKind,
    source: Source,
    written: impl FnOnce(&str) -> String,
) -> Message {
    let (word, name) = (kind.word(), name.to_token_stream().to_string());
    Message::new(format!("the {word} `{name}` needs quotes in {}", source.written()))
        .help(format!("write {}", written(&name)))
}

/// A role by its path, unless it is a word that lacks its quotes: neither a variant nor a constant begins with a small
/// letter.
pub(crate) fn path(path: Path) -> Result<RoleRef, Path> {
    let is_word = path.get_ident().is_some_and(|word| word.to_string().starts_with(char::is_lowercase));
    if is_word { Err(path) } else { Ok(RoleRef::Path(path)) }
}

/// A path without `<T as Trait>::` and without attributes.
pub(crate) fn is_plain(path: &ExprPath) -> bool {
    path.qself.is_none() && path.attrs.is_empty()
}
