//! Tokens to the tree. Negations are moved to the conditions on the way.

use proc_macro2::{Punct, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::{ParseStream, Parser as _};
use syn::{BinOp, Expr, ExprBinary, ExprLit, Lit, LitStr, UnOp};

use super::super::names::Place;
use super::model::Rule;
use super::{operators, sense};
use crate::errors::{Errors, Message};

const WHOLE: &str = "a rule is made of conditions such as role(\"admin\"), scope(\"posts:write\") and named rules, joined \
                     with `&&`, `||`, `!` and parentheses";

/// Splits at the commas; each part has the comma in front of it.
pub(crate) fn split(tokens: TokenStream) -> Vec<(Option<Punct>, TokenStream)> {
    let mut parts = vec![(None, TokenStream::new())];
    for token in tokens {
        match (token, parts.last_mut()) {
            (TokenTree::Punct(comma), _) if comma.as_char() == ',' => {
                parts.push((Some(comma), TokenStream::new()));
            }
            (token, Some((_, last))) => last.extend([token]),
            (_, None) => {}
        }
    }
    if parts.last().is_some_and(|(_, last)| last.is_empty()) {
        parts.pop();
    }
    parts
}

/// Reads a rule that stands between commas; `None` after a mistake.
pub(crate) fn rule(parts: Vec<(Option<Punct>, TokenStream)>, place: Place, errors: &Errors) -> Option<Rule> {
    let before = errors.count();
    let reader = Reader { place, errors };
    for (comma, _) in parts.iter().skip(1) {
        errors.push(
            comma,
            Message::new(format!("a comma stands in the rule of {}", place.written()))
                .help("write `&&` if both sides have to hold, `||` if one of them is enough"),
        );
    }
    let mut rules = Vec::new();
    for (_, part) in parts.into_iter().filter(|(_, part)| !part.is_empty()) {
        rules.push(reader.read(part));
    }
    let rule = Rule::all(rules.into_iter().collect::<Option<Vec<_>>>()?);
    sense::check(&rule, place, errors);
    (errors.count() == before).then_some(rule)
}

pub(super) struct Reader<'a> {
    pub(super) place: Place,
    pub(super) errors: &'a Errors,
}

impl Reader<'_> {
    fn read(&self, tokens: TokenStream) -> Option<Rule> {
        let tokens = operators::in_symbols(tokens, self.place, self.errors);
        if let Some((operator, signs)) = last_operator(&tokens) {
            self.nothing("after", operator, signs);
            return None;
        }
        let parser = |input: ParseStream<'_>| Ok((input.parse::<Expr>()?, input.parse::<TokenStream>()?));
        match parser.parse2(tokens) {
            Ok((expr, rest)) => {
                let rule = self.rule(expr, false);
                let Some(excess) = rest.into_iter().next() else { return rule };
                let message = format!("an operator is missing here in {}", self.place.written());
                self.refuse(excess, Message::new(message).help("write `&&` or `||` in front of it"))
            }
            Err(error) => {
                let message = format!("the rule in {} cannot be read: {error}", self.place.written());
                self.errors.push_at(error.span(), Message::new(message).help(WHOLE));
                None
            }
        }
    }

    /// Reports a mistake.
    pub(super) fn refuse<T>(&self, tokens: impl ToTokens, message: Message) -> Option<T> {
        self.errors.push(tokens, message);
        None
    }

    /// `negated`: it stands behind an odd number of `!`.
    fn rule(&self, expr: Expr, negated: bool) -> Option<Rule> {
        match expr {
            Expr::Paren(inner) if inner.attrs.is_empty() => self.rule(*inner.expr, negated),
            Expr::Group(inner) if inner.attrs.is_empty() => self.rule(*inner.expr, negated),
            Expr::Unary(unary) if matches!(unary.op, UnOp::Not(_)) && unary.attrs.is_empty() => {
                self.rule(*unary.expr, !negated)
            }
            Expr::Binary(binary) if binary.attrs.is_empty() => self.group(binary, negated),
            Expr::Call(call) if call.attrs.is_empty() => self.call(call, negated),
            Expr::Path(path) if path.attrs.is_empty() && path.qself.is_none() => {
                self.word(path.path, negated)
            }
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => self.in_quotes(&text),
            Expr::Lit(ExprLit { lit: Lit::Bool(value), .. }) => {
                let message = format!("`{}` is no condition in {}", value.value, self.place.written());
                let help = if value.value {
                    "write #[authenticated] if any signed-in user may call the handler"
                } else {
                    "leave the handler out of the router if nobody may call it"
                };
                self.refuse(value, Message::new(message).help(help))
            }
            Expr::Reference(reference) => {
                let operator = if matches!(&*reference.expr, Expr::Reference(_)) { "&&" } else { "&" };
                self.nothing("before", operator, reference.and_token);
                None
            }
            Expr::Closure(closure) => {
                self.nothing(
                    "before",
                    "||",
                    closure.to_token_stream().into_iter().take(2).collect::<TokenStream>(),
                );
                None
            }
            other => {
                let message = format!("this is no condition in {}", self.place.written());
                self.refuse(other, Message::new(message).help(WHOLE))
            }
        }
    }

    fn group(&self, binary: ExprBinary, negated: bool) -> Option<Rule> {
        let all = match &binary.op {
            BinOp::And(_) => true,
            BinOp::Or(_) => false,
            BinOp::BitAnd(operator) => self.doubled(operator, "&"),
            BinOp::BitOr(operator) => self.doubled(operator, "|"),
            other => {
                let operator = other.to_token_stream();
                let message = format!("`{operator}` cannot stand in {}", self.place.written());
                let help = match other {
                    BinOp::Eq(_) => "write role(\"admin\"), which asks whether the user has it",
                    _ => WHOLE,
                };
                return self.refuse(operator, Message::new(message).help(help));
            }
        };
        // Both are looked at, so that every mistake is reported.
        let (left, right) = (self.rule(*binary.left, negated), self.rule(*binary.right, negated));
        let sides = [left?, right?];
        // De Morgan.
        Some(if all != negated { Rule::all(sides) } else { Rule::any(sides) })
    }

    fn doubled(&self, operator: impl ToTokens, sign: &str) -> bool {
        let message = format!("`{sign}` is no operator in {}", self.place.written());
        self.errors.push(operator, Message::new(message).help(format!("write `{sign}{sign}`")));
        sign == "&"
    }

    fn nothing(&self, side: &str, operator: &str, signs: impl ToTokens) {
        let message = format!("nothing stands {side} `{operator}` in {}", self.place.written());
        self.errors.push(signs, Message::new(message).help("write a condition there, or remove it"));
    }

    fn in_quotes(&self, text: &LitStr) -> Option<Rule> {
        let value = text.value();
        let is_name = !value.is_empty() && !value.contains(['(', ' ', '&', '|', '!', '"']);
        let message = if is_name {
            Message::new(format!("{value:?} in {} is neither a role nor a scope", self.place.written()))
                .help(format!("write role({value:?}) or scope({value:?})"))
        } else {
            Message::new(format!("the rule in {} is a string", self.place.written()))
                .help("write it without quotes, as in role(\"admin\") && scope(\"posts:write\")")
        };
        self.refuse(text, message)
    }
}

/// The operator at the end, if there is one.
fn last_operator(tokens: &TokenStream) -> Option<(&'static str, TokenStream)> {
    let mut last = tokens.clone().into_iter().collect::<Vec<_>>().into_iter().rev();
    let Some(TokenTree::Punct(sign)) = last.next() else { return None };
    let before = last
        .next()
        .filter(|before| matches!(before, TokenTree::Punct(before) if before.as_char() == sign.as_char()));
    let operator = match (sign.as_char(), &before) {
        ('&', Some(_)) => "&&",
        ('|', Some(_)) => "||",
        ('&', None) => "&",
        ('|', None) => "|",
        ('!', _) => "!",
        _ => return None,
    };
    Some((operator, before.into_iter().chain([sign.into()]).collect()))
}
