//! The conditions of a rule.

use quote::ToTokens;
use syn::ext::IdentExt as _;
use syn::{Expr, ExprCall, ExprLit, Ident, Lit, LitInt, LitStr, Path};

use super::super::model::Role;
use super::super::names::{self, What};
use super::super::words::WORDS;
use super::model::{Atom, Kind, Rule};
use super::parse::Reader;
use crate::errors::{Message, compact};
use crate::keys::bare;
use crate::suggest::nearest;

/// What takes something in parentheses, with an example.
const CALLS: [(&str, &str); 4] = [
    ("role", "role(\"admin\")"),
    ("scope", "scope(\"posts:write\")"),
    ("fresh", "fresh(\"10m\")"),
    ("check", "check(owns_post)"),
];

fn names() -> impl Iterator<Item = &'static str> {
    CALLS.iter().map(|(name, _)| *name).chain(WORDS)
}

fn example(name: &str) -> Option<&'static str> {
    CALLS.iter().find(|(call, _)| *call == name).map(|(_, example)| *example)
}

/// How the condition of this name is written, if there is one.
pub(crate) fn example_of(name: &str) -> Option<&'static str> {
    example(name).or_else(|| WORDS.into_iter().find(|word| *word == name))
}

impl Reader<'_> {
    /// A condition with something in parentheses.
    pub(super) fn call(&self, call: ExprCall, negated: bool) -> Option<Rule> {
        let tokens = call.to_token_stream();
        let path = match bare(*call.func) {
            Expr::Path(path) if path.qself.is_none() && path.attrs.is_empty() => path.path,
            other => {
                let message = format!("this is no condition in {}", self.place.written());
                return self.refuse(other, Message::new(message).help("write role(\"admin\") or its like"));
            }
        };
        let Some((name, example)) =
            path.get_ident().and_then(|ident| Some((ident, example(&ident.unraw().to_string())?)))
        else {
            return self.unknown_call(&path, &call.args);
        };
        let mut arguments = call.args.into_iter().map(bare);
        let Some(argument) = arguments.next() else {
            return self.refuse(
                name,
                Message::new(format!("`{name}` is empty in {}", self.place.written()))
                    .help(format!("write {example}")),
            );
        };
        if let Some(excess) = arguments.next() {
            let message = format!("`{name}` takes one argument in {}", self.place.written());
            let help = format!("write {name}(...) for each, joined with `||` or `&&`");
            return self.refuse(excess, Message::new(message).help(help));
        }
        let kind = match name.unraw().to_string().as_str() {
            "role" => Kind::Role(self.role(argument)?),
            "scope" => Kind::Scope(self.scope(argument)?),
            "fresh" => Kind::Fresh(self.age(argument)?),
            _ => Kind::Check(self.function(argument)?),
        };
        self.condition(Atom { kind, tokens }, name, negated)
    }

    /// A condition that stands alone, or a named rule.
    pub(super) fn word(&self, path: Path, negated: bool) -> Option<Rule> {
        let kind = match path.get_ident() {
            Some(word) => match self.single(word) {
                Ok(Some(kind)) => kind,
                Ok(None) => Kind::Named(path.clone()),
                Err(message) => return self.refuse(word, message),
            },
            None => Kind::Named(path.clone()),
        };
        let last = path.segments.last()?;
        if is_variant(&path) {
            let text = compact(&path);
            let message = format!("`{text}` is no condition in {}", self.place.written());
            return self.refuse(&path, Message::new(message).help(format!("write role({text})")));
        }
        if matches!(kind, Kind::Named(_)) && last.ident.to_string().starts_with(char::is_lowercase) {
            return self.refuse(&path, self.no_named_rule(&path));
        }
        let ident = last.ident.clone();
        self.condition(Atom { kind, tokens: path.to_token_stream() }, &ident, negated)
    }

    /// What one word says; nothing if it is no condition of its own.
    fn single(&self, word: &Ident) -> Result<Option<Kind>, Message> {
        let text = word.unraw().to_string();
        let kind = match text.as_str() {
            "live" => Kind::Live,
            "both_tokens" => Kind::BothTokens,
            "deny_impersonated" => Kind::NotImpersonated,
            "authenticated" => {
                let message = format!("`authenticated` is no condition in {}", self.place.written());
                return Err(Message::new(message).help("leave it out: who satisfies a rule is signed in"));
            }
            text => {
                if let Some(example) = example(text) {
                    let message = format!("`{text}` misses its parentheses in {}", self.place.written());
                    return Err(Message::new(message).help(format!("write {example}")));
                }
                return match nearest(text, WORDS).filter(|_| text.starts_with(char::is_lowercase)) {
                    Some(near) => {
                        Err(Message::new(self.unknown(text)).help(format!("did you mean `{near}`?")))
                    }
                    None => Ok(None),
                };
            }
        };
        Ok(Some(kind))
    }

    fn unknown(&self, name: &str) -> String {
        format!("unknown condition `{name}` in {}", self.place.written())
    }

    fn no_named_rule(&self, path: &Path) -> Message {
        let text = compact(path);
        Message::new(self.unknown(&text))
            .help(format!(
                "write role(\"{text}\") for a role, check({text}) for a function under #[check], or the name of a rule"
            ))
            .note("rules that `rule!` defines are types, whose names begin with a capital letter")
    }

    fn unknown_call(
        &self,
        path: &Path,
        arguments: &syn::punctuated::Punctuated<Expr, syn::Token![,]>,
    ) -> Option<Rule> {
        let text = compact(path);
        let last = path.segments.last()?.ident.to_string();
        let unknown = Message::new(self.unknown(&text));
        let message = match last.as_str() {
            "not" => unknown.help("write `!` in front of the role or scope"),
            "any" | "one_of" => unknown.help("join the conditions with `||`"),
            "all" | "all_of" => unknown.help("join the conditions with `&&`"),
            word if WORDS.contains(&word) => {
                Message::new(format!("`{word}` takes no argument in {}", self.place.written()))
                    .help(format!("write `{word}`"))
            }
            word if word.starts_with(char::is_uppercase) && arguments.is_empty() => {
                Message::new(format!("a named rule takes no parentheses in {}", self.place.written()))
                    .help(format!("write `{text}`"))
            }
            word => match nearest(word, names()).filter(|_| path.segments.len() == 1) {
                Some(near) => unknown.help(format!("did you mean `{near}`?")),
                None if word.starts_with(char::is_lowercase) => {
                    unknown.help(format!("write check({text}) for a function under #[check]"))
                }
                None => unknown,
            },
        };
        self.refuse(path, message)
    }

    /// Puts a condition into the tree, if it can stand behind the `!` that may be there.
    fn condition(&self, atom: Atom, name: &Ident, negated: bool) -> Option<Rule> {
        if !negated {
            return Some(Rule::Atom(atom));
        }
        let help = match &atom.kind {
            Kind::Role(_) | Kind::Scope(_) => return Some(Rule::Not(atom)),
            Kind::Check(_) => "write a function that answers the opposite",
            Kind::Named(_) => "write the rule out here, or define another one with rule!",
            Kind::NotImpersonated => {
                "remove it together with its `!`; without it others may act for the user"
            }
            Kind::Fresh(_) => "remove it together with its `!`; no rule can ask for an old sign-in",
            Kind::Live => "remove it together with its `!`; no rule can ask for a session that has ended",
            Kind::BothTokens => "remove it together with its `!`; no rule can ask for one token alone",
        };
        let message = format!("`{name}` cannot stand behind `!` in {}", self.place.written());
        let note = "only roles, scopes and groups of them can stand behind `!`";
        self.refuse(name, Message::new(message).help(help).note(note))
    }

    fn role(&self, argument: Expr) -> Option<Role> {
        let written = self.place.written();
        let path = match argument {
            Expr::Lit(ExprLit { lit: Lit::Str(name), .. }) => {
                return names::quoted(name, What::Role, self.place, self.errors).map(Role::Name);
            }
            Expr::Path(path) if path.qself.is_none() && path.attrs.is_empty() => path.path,
            other => {
                let message = Message::new(format!("a role in {written} is a string or a path"));
                return self.refuse(other, message.help("write role(\"admin\") or role(Role::Admin)"));
            }
        };
        names::path(path).map_or_else(|path| self.refuse(&path, self.without_quotes(&path, What::Role)), Some)
    }

    fn scope(&self, argument: Expr) -> Option<LitStr> {
        let written = self.place.written();
        if let Expr::Lit(ExprLit { lit: Lit::Str(name), .. }) = argument {
            return names::quoted(name, What::Scope, self.place, self.errors);
        }
        let message = match &argument {
            Expr::Path(path) if path.path.get_ident().is_some() => {
                self.without_quotes(&path.path, What::Scope)
            }
            _ => {
                Message::new(format!("a scope in {written} is a string")).help("write scope(\"posts:write\")")
            }
        };
        self.refuse(argument, message)
    }

    fn without_quotes(&self, name: &Path, what: What) -> Message {
        names::without_quotes(name, what, self.place, |name| format!("{}({name:?})", what.word()))
    }

    fn function(&self, argument: Expr) -> Option<Path> {
        let help = match &argument {
            Expr::Path(path) if is_type(&path.path) => {
                format!("write `{}` alone if it is a named rule", compact(path))
            }
            Expr::Path(path) if path.qself.is_none() && path.attrs.is_empty() => {
                return Some(path.path.clone());
            }
            Expr::Call(call) => format!("write check({})", compact(&call.func)),
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) if text.parse::<Path>().is_ok() => {
                format!("write check({})", text.value())
            }
            _ => "write check(owns_post) for `async fn owns_post` under #[check]".to_owned(),
        };
        let message = format!("`check` takes the name of a function in {}", self.place.written());
        self.refuse(argument, Message::new(message).help(help))
    }

    /// The seconds in `"10m"`.
    fn age(&self, argument: Expr) -> Option<u64> {
        let written = self.place.written();
        let text = match &argument {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => text.value(),
            Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => {
                let message = Message::new(format!("`fresh` takes a time in quotes in {written}"));
                return self.refuse(&argument, message.help(in_quotes(number)));
            }
            _ => {
                let message = Message::new(format!("`fresh` takes a time in quotes in {written}"));
                return self.refuse(argument, message.help("write fresh(\"10m\")"));
            }
        };
        match seconds(&text) {
            Some(0) => {
                let message = format!("fresh({text:?}) never holds in {written}: every sign-in is older");
                let help = "write a time above zero, as in fresh(\"10m\")";
                self.refuse(argument, Message::new(message).help(help))
            }
            Some(seconds) => Some(seconds),
            None => {
                let message = Message::new(format!("{text:?} is no time in {written}"));
                let help = near_time(&text).unwrap_or_else(|| "10m".to_owned());
                let note = "a time is a whole number and `s`, `m`, `h` or `d`";
                self.refuse(argument, message.help(format!("write fresh(\"{help}\")")).note(note))
            }
        }
    }
}

/// What to write for a number that stands without quotes.
fn in_quotes(number: &LitInt) -> String {
    let digits = number.base10_digits();
    match number.suffix() {
        unit @ ("s" | "m" | "h" | "d") => format!("write fresh(\"{digits}{unit}\")"),
        _ => format!(
            "write fresh(\"{digits}m\") for minutes; `s`, `h` and `d` stand for seconds, hours and days"
        ),
    }
}

fn unit(sign: char) -> Option<u64> {
    Some(match sign {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    })
}

fn seconds(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(['s', 'm', 'h', 'd']);
    let mut signs = text.get(digits.len()..)?.chars();
    let (Some(sign), None) = (signs.next(), signs.next()) else { return None };
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // More would be an age that no clock measures.
    digits.parse::<u32>().ok().and_then(|number| u64::from(number).checked_mul(unit(sign)?))
}

/// `10m` for `10 minutes`.
fn near_time(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    let rest = text.get(digits.len()..)?.trim_start();
    let sign = rest.chars().next().filter(|sign| unit(*sign).is_some());
    let corrected = format!("{digits}{}", sign.unwrap_or('m'));
    seconds(&corrected).filter(|seconds| *seconds > 0 && (sign.is_some() || rest.is_empty()))?;
    Some(corrected)
}

/// `Role::Admin`: a module, in which a named rule could be, begins with a small letter.
fn is_variant(path: &Path) -> bool {
    let mut last = path.segments.iter().rev().skip(1);
    last.next().is_some_and(|segment| segment.ident.to_string().starts_with(char::is_uppercase))
}

/// By its name, which is what the reader goes by too.
fn is_type(path: &Path) -> bool {
    path.segments.last().is_some_and(|last| last.ident.to_string().starts_with(char::is_uppercase))
}
