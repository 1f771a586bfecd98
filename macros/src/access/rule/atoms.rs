//! The conditions of a rule.

use quote::ToTokens as _;
use syn::ext::IdentExt as _;
use syn::{Expr, ExprCall, ExprLit, Lit, LitStr, Path};

use super::super::flags::{self, FLAGS};
use super::super::model::RoleRef;
use super::super::model::last_word;
use super::super::names::{self, NameKind, is_plain};
use super::model::{Atom, Condition, Rule};
use super::parse::Reader;
use super::time;
use crate::errors::{Message, Reported, compact};
use crate::keys::bare;
use crate::scope_token::refused_character;
use crate::suggest::nearest;

/// The conditions that take something in parentheses, each with an example.
const CALLS: [(&str, &str); 5] = [
    ("role", "role(\"admin\")"),
    ("scope", "scope(\"posts:write\")"),
    ("fresh", "fresh(\"10m\")"),
    ("issuer", "issuer(\"acme\")"),
    ("check", "check(owns_post)"),
];

fn example(name: &str) -> Option<&'static str> {
    CALLS.iter().find(|(call, _)| *call == name).map(|(_, example)| *example)
}

/// How the condition of this name is written, if there is one.
pub(crate) fn example_of(name: &str) -> Option<&'static str> {
    example(name).or_else(|| FLAGS.into_iter().find(|flag| *flag == name))
}

impl Reader<'_> {
    /// A condition with something in parentheses.
    pub(super) fn call(&self, call: ExprCall, negated: bool) -> Result<Rule, Reported> {
        let tokens = call.to_token_stream();
        let path = match bare(*call.func) {
            Expr::Path(path) if is_plain(&path) => path.path,
            other => {
                let message = self.message("this is not a condition");
                return self.refuse(other, message.help("write a condition such as role(\"admin\")"));
            }
        };
        let name = path.get_ident().map(|name| name.unraw().to_string()).unwrap_or_default();
        let Some(example) = example(&name) else {
            return self.refuse(&path, self.unknown_call(&path, call.args.is_empty()));
        };
        let mut arguments = call.args.into_iter().map(bare);
        let Some(argument) = arguments.next() else {
            let message = self.message(format!("`{name}` is empty"));
            return self.refuse(&path, message.help(format!("write {example}")));
        };
        if let Some(excess) = arguments.next() {
            let message = self.message(format!("`{name}` takes one argument"));
            let help = format!("write {name}(...) for each, joined with `||` or `&&`");
            return self.refuse(excess, message.help(help));
        }
        let condition = match name.as_str() {
            "role" => Condition::Role(self.role(argument)?),
            "scope" => Condition::Scope(self.scope(argument)?),
            "fresh" => Condition::Fresh(self.age(argument)?),
            "issuer" => Condition::Issuer(self.issuer(argument)?),
            _ => Condition::Check(self.function(argument)?),
        };
        self.condition(Atom { condition, tokens }, &path, negated)
    }

    /// A condition that is one word, or a named rule.
    pub(super) fn word(&self, path: Path, negated: bool) -> Result<Rule, Reported> {
        let name = path.get_ident().map(|word| word.unraw().to_string()).unwrap_or_default();
        let text = compact(&path);
        let message = if let Some(condition) = flags::condition(&name) {
            return self.condition(Atom { condition, tokens: path.to_token_stream() }, &path, negated);
        } else if name == "authenticated" {
            self.message("`authenticated` is not a condition")
                .help("leave it out; a user who satisfies a rule is signed in")
        } else if let Some(example) = example(&name) {
            self.message(format!("`{name}` needs parentheses")).help(format!("write {example}"))
        } else if let Some(near) = flags::nearest_flag(&name) {
            self.unknown(&name).help(format!("did you mean `{near}`?"))
        } else if is_variant(&path) {
            self.message(format!("`{text}` is not a condition")).help(format!("write role({text})"))
        } else if last_word(&path).starts_with(char::is_lowercase) {
            self.unknown(&text)
                .help(format!(
                    "write role(\"{text}\") for a role, check({text}) for a function under #[check], or the name of a rule"
                ))
                .note("rules that `rule!` defines are types, whose names begin with a capital letter")
        } else {
            let atom = Atom { tokens: path.to_token_stream(), condition: Condition::Named(path.clone()) };
            return self.condition(atom, &path, negated);
        };
        self.refuse(&path, message)
    }

    fn unknown(&self, name: &str) -> Message {
        self.message(format!("unknown condition `{name}`"))
    }

    fn unknown_call(&self, path: &Path, is_empty: bool) -> Message {
        let text = compact(path);
        let unknown = self.unknown(&text);
        match last_word(path).as_str() {
            "not" => unknown.help("write `!` in front of the role or scope"),
            "any" | "one_of" => unknown.help("join the conditions with `||`"),
            "all" | "all_of" => unknown.help("join the conditions with `&&`"),
            word if FLAGS.contains(&word) => {
                self.message(format!("`{word}` takes no argument")).help(format!("write `{word}`"))
            }
            word if word.starts_with(char::is_uppercase) && is_empty => {
                self.message("a named rule takes no parentheses").help(format!("write `{text}`"))
            }
            word => {
                let names = CALLS.iter().map(|(name, _)| *name).chain(FLAGS);
                match nearest(word, names).filter(|_| path.segments.len() == 1) {
                    Some(near) => unknown.help(format!("did you mean `{near}`?")),
                    None if word.starts_with(char::is_lowercase) => {
                        unknown.help(format!("write check({text}) for a function under #[check]"))
                    }
                    None => unknown,
                }
            }
        }
    }

    /// Puts a condition into the tree, unless there is a `!` in front of it that it cannot have.
    fn condition(&self, atom: Atom, name: &Path, negated: bool) -> Result<Rule, Reported> {
        if !negated {
            return Ok(Rule::Atom(atom));
        }
        let help = match &atom.condition {
            Condition::Role(_) | Condition::Scope(_) | Condition::Issuer(_) => return Ok(Rule::Not(atom)),
            Condition::Check(_) => "write a function that answers the opposite",
            Condition::Named(_) => "write the rule out here, or define another one with rule!",
            Condition::NotImpersonated => {
                "remove it together with its `!`; without it, others may act for the user"
            }
            Condition::Fresh(_) => "remove it together with its `!`; no rule can ask for an old sign-in",
            Condition::Live => {
                "remove it together with its `!`; no rule can ask for a session that has ended"
            }
            Condition::Machine => {
                "remove it together with its `!`; a rule that does not mention machines refuses them"
            }
            Condition::BothTokens => "remove it together with its `!`; no rule can ask for one token alone",
        };
        let message = self.message(format!("`{}` cannot be negated", compact(name)));
        self.refuse(
            name,
            message.help(help).note("only roles, scopes, issuers and groups of them can be negated"),
        )
    }

    fn role(&self, argument: Expr) -> Result<RoleRef, Reported> {
        match argument {
            Expr::Lit(ExprLit { lit: Lit::Str(name), .. }) => {
                names::quoted(name, NameKind::Role, self.source, self.errors).map(RoleRef::Name)
            }
            Expr::Path(path) if is_plain(&path) => names::path(path.path)
                .or_else(|path| self.refuse(&path, self.without_quotes(&path, NameKind::Role))),
            other => {
                let message = format!("a role in {} is a string or a path", self.source.written());
                self.refuse(other, Message::new(message).help("write role(\"admin\") or role(Role::Admin)"))
            }
        }
    }

    fn scope(&self, argument: Expr) -> Result<LitStr, Reported> {
        let message = match &argument {
            Expr::Lit(ExprLit { lit: Lit::Str(name), .. }) => {
                return names::quoted(name.clone(), NameKind::Scope, self.source, self.errors);
            }
            Expr::Path(path) if path.path.get_ident().is_some() => {
                self.without_quotes(&path.path, NameKind::Scope)
            }
            _ => Message::new(format!("a scope in {} is a string", self.source.written()))
                .help("write scope(\"posts:write\")"),
        };
        self.refuse(argument, message)
    }

    fn issuer(&self, argument: Expr) -> Result<LitStr, Reported> {
        let message = match &argument {
            Expr::Lit(ExprLit { lit: Lit::Str(name), .. }) => match name.value() {
                text if text.is_empty() => {
                    self.message("the name of an issuer is empty").help("name it, as in issuer(\"acme\")")
                }
                text => match refused_character(&text) {
                    None => return Ok(name.clone()),
                    Some(refused) => self
                        .message(format!("the name of an issuer cannot contain {refused:?}"))
                        .help("rename the issuer")
                        .note("a name is made of visible ASCII characters without quotes and backslashes"),
                },
            },
            Expr::Path(path) if path.path.get_ident().is_some() => {
                let name = compact(path);
                self.message(format!("the issuer `{name}` needs quotes"))
                    .help(format!("write issuer({name:?})"))
            }
            _ => self.message("the name of an issuer is a string").help("write issuer(\"acme\")"),
        };
        self.refuse(argument, message)
    }

    fn without_quotes(&self, name: &Path, kind: NameKind) -> Message {
        names::without_quotes(name, kind, self.source, |name| format!("{}({name:?})", kind.word()))
    }

    fn function(&self, argument: Expr) -> Result<Path, Reported> {
        let help = match &argument {
            Expr::Path(path) if last_word(&path.path).starts_with(char::is_uppercase) => {
                format!("write `{}` alone if it is a named rule", compact(path))
            }
            Expr::Path(path) if is_plain(path) => return Ok(path.path.clone()),
            Expr::Call(call) => format!("write check({})", compact(&call.func)),
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) if text.parse::<Path>().is_ok() => {
                format!("write check({})", text.value())
            }
            _ => "write check(owns_post) for `async fn owns_post` under #[check]".to_owned(),
        };
        self.refuse(argument, self.message("`check` takes the name of a function").help(help))
    }

    /// The seconds in `"10m"`.
    fn age(&self, argument: Expr) -> Result<u64, Reported> {
        let text = match &argument {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => text.value(),
            other => {
                let help = match other {
                    Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => time::in_quotes(number),
                    _ => "write fresh(\"10m\")".to_owned(),
                };
                return self.refuse(other, self.message("`fresh` takes a time in quotes").help(help));
            }
        };
        match time::seconds(&text) {
            Some(0) => {
                let written = self.source.written();
                let message = format!("fresh({text:?}) never holds in {written}: every sign-in is older");
                let help = "write a time above zero, as in fresh(\"10m\")";
                self.refuse(argument, Message::new(message).help(help))
            }
            Some(seconds) => Ok(seconds),
            None => {
                let help = format!("write fresh(\"{}\")", time::nearest_time(&text));
                let note = "a time is a whole number and `s`, `m`, `h` or `d`";
                self.refuse(argument, self.message(format!("{text:?} is not a time")).help(help).note(note))
            }
        }
    }
}

/// `Role::Admin`: a module, in which a named rule could be, begins with a small letter.
fn is_variant(path: &Path) -> bool {
    let mut last = path.segments.iter().rev().skip(1);
    last.next().is_some_and(|segment| segment.ident.to_string().starts_with(char::is_uppercase))
}
