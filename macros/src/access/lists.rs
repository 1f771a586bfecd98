//! The names in `#[require_role(...)]` and `#[require_scope(...)]`.

use proc_macro2::{Span, TokenStream};
use syn::{Expr, ExprLit, Lit};

use super::flags;
use super::model::{Access, RoleRef};
use super::names::{self, NameKind, Source};
use super::parse::Arguments;
use super::rule::{Atom, Condition, Rule};
use crate::errors::{Errors, Message, Reported, compact};
use crate::keys::bare;

impl Arguments<'_> {
    /// Any of the names, and every condition that a flag adds.
    pub(super) fn names(self, kind: NameKind) -> Result<Access, Reported> {
        let flags = flags::conditions(self.entries, self.errors);
        if self.positional.is_empty() {
            return Err(self.missing(no_name(kind, &flags?)));
        }
        let names = self.errors.strict(|| {
            let mut names = Vec::<Atom>::new();
            for (_, argument) in self.positional {
                let Ok(name) = name(kind, argument, self.errors) else { continue };
                if names.iter().any(|other| other.is_same(&name)) {
                    self.errors.push(&name.tokens, twice(kind, &name));
                }
                names.push(name);
            }
            Ok(names)
        });
        let names = Rule::any(names?.into_iter().map(Rule::Atom));
        Ok(Access::Require(Rule::all([names].into_iter().chain(flags?.into_iter().map(Rule::Atom)))))
    }
}

fn twice(kind: NameKind, name: &Atom) -> Message {
    let shown = match &name.condition {
        Condition::Role(role) => role.word(),
        _ => name.text().trim_matches('"').to_owned(),
    };
    let written = Source::List(kind).written();
    Message::new(format!("the {} `{shown}` is listed twice in {written}", kind.word()))
        .help("keep one of the two")
}

fn no_name(kind: NameKind, flags: &[Atom]) -> Message {
    let (word, example) = (kind.word(), kind.example());
    let help = if flags.is_empty() {
        format!("write #[require_{word}(\"{example}\")], or #[authenticated] for any signed-in user")
    } else {
        let is_machine = |flag: &Atom| matches!(flag.condition, Condition::Machine);
        let callers = if flags.iter().any(is_machine) { "machine" } else { "signed-in user" };
        let flags = flags.iter().map(Atom::text).collect::<Vec<_>>().join(", ");
        format!(
            "write #[require_{word}(\"{example}\", {flags})], or #[authenticated({flags})] for any {callers}"
        )
    };
    Message::new(format!("#[require_{word}] names no {word}")).help(help)
}

fn name(kind: NameKind, argument: TokenStream, errors: &Errors) -> Result<Atom, Reported> {
    let (word, source) = (kind.word(), Source::List(kind));
    let written = source.written();
    if argument.is_empty() {
        let message = Message::new(format!("a {word} is missing between two commas in {written}"));
        return Err(errors.push_at(Span::call_site(), message.help("remove one of the two")));
    }
    let in_quotes = |word: &str| format!("{word:?}");
    let message = match (kind, syn::parse2(argument.clone()).map(bare)) {
        (_, Ok(Expr::Lit(ExprLit { lit: Lit::Str(name), attrs }))) if attrs.is_empty() => {
            let name = names::quoted(name, kind, source, errors)?;
            let condition = match kind {
                NameKind::Role => Condition::Role(RoleRef::Name(name)),
                NameKind::Scope => Condition::Scope(name),
            };
            return Ok(Atom { condition, tokens: argument });
        }
        (NameKind::Role, Ok(Expr::Path(path))) if names::is_plain(&path) => match names::path(path.path) {
            Ok(role) => return Ok(Atom { condition: Condition::Role(role), tokens: argument }),
            Err(word) => names::without_quotes(&word, kind, source, in_quotes),
        },
        (NameKind::Scope, Ok(Expr::Path(path))) if path.path.get_ident().is_some() => {
            names::without_quotes(&path.path, kind, source, in_quotes)
        }
        (_, Ok(Expr::Array(list))) => {
            let names = list.elems.iter().map(compact).collect::<Vec<_>>().join(", ");
            Message::new(format!("{word}s are listed without brackets in {written}"))
                .help(format!("write #[require_{word}({names})]"))
        }
        (NameKind::Role, _) => Message::new(format!("a role in {written} is a string or a path"))
            .help("write \"admin\" or Role::Admin"),
        (NameKind::Scope, _) => {
            Message::new(format!("a scope in {written} is a string")).help("write \"posts:write\"")
        }
    };
    Err(errors.push(&argument, message))
}
