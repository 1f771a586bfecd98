//! Tokens to the tree. Negations are moved to the conditions on the way.

use std::fmt::Display;

use proc_macro2::{Punct, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::{ParseStream, Parser as _};
use syn::{BinOp, Expr, ExprBinary, ExprLit, Lit, LitStr, UnOp};

use super::super::names::{Source, is_plain};
use super::model::Rule;
use super::{operators, sense};
use crate::errors::{Errors, Message, Reported};

const WHOLE: &str = "a rule is made of conditions such as role(\"admin\"), scope(\"posts:write\") and named rules, joined \
                     with `&&`, `||`, `!` and parentheses";

/// Reads a rule. It is one part; further parts, each behind its comma, are read for their mistakes.
pub(crate) fn rule(
    parts: Vec<(Option<Punct>, TokenStream)>,
    source: Source,
    errors: &Errors,
) -> Result<Rule, Reported> {
    let reader = Reader { source, errors };
    errors.strict(|| {
        for (comma, _) in parts.iter().skip(1) {
            let message = Message::new(format!("a rule in {} cannot contain a comma", source.written()));
            let help = "write `&&` if both sides have to hold, `||` if one of them is enough";
            errors.push(comma, message.help(help));
        }
        let parts = parts.into_iter().map(|(_, part)| part).filter(|part| !part.is_empty());
        let rules: Vec<_> = parts.map(|part| reader.read(part)).collect();
        let rule = Rule::all(rules.into_iter().collect::<Result<Vec<_>, _>>()?);
        sense::examine(&rule, source, errors);
        Ok(rule)
    })
}

pub(super) struct Reader<'a> {
    pub(super) source: Source,
    pub(super) errors: &'a Errors,
}

impl Reader<'_> {
    fn read(&self, tokens: TokenStream) -> Result<Rule, Reported> {
        let tokens = operators::in_symbols(tokens, self.source, self.errors);
        if let Some((operator, signs)) = last_operator(&tokens) {
            return self.no_condition("after", operator, signs);
        }
        let parser = |input: ParseStream<'_>| Ok((input.parse::<Expr>()?, input.parse::<TokenStream>()?));
        match parser.parse2(tokens) {
            Ok((expr, rest)) => {
                let rule = self.rule(expr, false);
                let Some(excess) = rest.into_iter().next() else { return rule };
                let message = self.message("an operator is missing here");
                self.refuse(excess, message.help("write `&&` or `||` in front of it"))
            }
            Err(error) => {
                let message = format!("the rule in {} cannot be read: {error}", self.source.written());
                Err(self.errors.push_at(error.span(), Message::new(message).help(WHOLE)))
            }
        }
    }

    /// `... in #[require(...)]`
    pub(super) fn message(&self, sentence: impl Display) -> Message {
        Message::new(format!("{sentence} in {}", self.source.written()))
    }

    /// Reports a mistake.
    pub(super) fn refuse<T>(&self, tokens: impl ToTokens, message: Message) -> Result<T, Reported> {
        Err(self.errors.push(tokens, message))
    }

    /// `negated`: whether an odd number of `!` is in front of the expression.
    fn rule(&self, expr: Expr, negated: bool) -> Result<Rule, Reported> {
        match expr {
            Expr::Paren(inner) if inner.attrs.is_empty() => self.rule(*inner.expr, negated),
            Expr::Group(inner) if inner.attrs.is_empty() => self.rule(*inner.expr, negated),
            Expr::Unary(unary) if matches!(unary.op, UnOp::Not(_)) && unary.attrs.is_empty() => {
                self.rule(*unary.expr, !negated)
            }
            Expr::Binary(binary) if binary.attrs.is_empty() => self.group(binary, negated),
            Expr::Call(call) if call.attrs.is_empty() => self.call(call, negated),
            Expr::Path(path) if is_plain(&path) => self.word(path.path, negated),
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => self.in_quotes(&text),
            Expr::Lit(ExprLit { lit: Lit::Bool(value), .. }) => {
                let help = if value.value {
                    "write #[authenticated] if any signed-in user may call the handler"
                } else {
                    "leave the handler out of the router if it should never be called"
                };
                self.refuse(&value, self.message(format!("`{}` is not a condition", value.value)).help(help))
            }
            // An operator without a left side is Rust for something else: `&x`, `&&x` and the closure `|| x`.
            Expr::Reference(reference) => {
                let operator = if matches!(&*reference.expr, Expr::Reference(_)) { "&&" } else { "&" };
                self.no_condition("before", operator, reference.and_token)
            }
            Expr::Closure(closure) => {
                let signs: TokenStream = closure.to_token_stream().into_iter().take(2).collect();
                self.no_condition("before", "||", signs)
            }
            other => self.refuse(other, self.message("this is not a condition").help(WHOLE)),
        }
    }

    fn group(&self, binary: ExprBinary, negated: bool) -> Result<Rule, Reported> {
        let all = match &binary.op {
            BinOp::And(_) => true,
            BinOp::Or(_) => false,
            BinOp::BitAnd(operator) => self.doubled(operator, "&"),
            BinOp::BitOr(operator) => self.doubled(operator, "|"),
            other => {
                let operator = other.to_token_stream();
                let help = match other {
                    BinOp::Eq(_) => "write role(\"admin\"), which asks whether the user has it",
                    _ => WHOLE,
                };
                let message = self.message(format!("`{operator}` cannot be used"));
                return self.refuse(operator, message.help(help));
            }
        };
        // Both sides are read before one can fail, so that every mistake is reported.
        let (left, right) = (self.rule(*binary.left, negated), self.rule(*binary.right, negated));
        let sides = [left?, right?];
        // De Morgan: a negated `&&` is an `||` of negations.
        Ok(if all != negated { Rule::all(sides) } else { Rule::any(sides) })
    }

    /// Reports `&` or `|`; the result is whether it is read as `&&`.
    fn doubled(&self, operator: impl ToTokens, sign: &str) -> bool {
        let message = self.message(format!("`{sign}` is not an operator"));
        self.errors.push(operator, message.help(format!("write `{sign}{sign}`")));
        sign == "&"
    }

    fn no_condition<T>(&self, side: &str, operator: &str, signs: impl ToTokens) -> Result<T, Reported> {
        let message = self.message(format!("there is no condition {side} `{operator}`"));
        self.refuse(signs, message.help("write a condition there, or remove the operator"))
    }

    fn in_quotes(&self, text: &LitStr) -> Result<Rule, Reported> {
        let (value, written) = (text.value(), self.source.written());
        let is_name = !value.is_empty() && !value.contains(['(', ' ', '&', '|', '!', '"']);
        let message = if is_name {
            Message::new(format!("{value:?} in {written} is neither a role nor a scope"))
                .help(format!("write role({value:?}) or scope({value:?})"))
        } else {
            Message::new(format!("the rule in {written} is a string"))
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
