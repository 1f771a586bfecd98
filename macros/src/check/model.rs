//! A function whose arguments and answer fit a check.

use quote::ToTokens as _;
use syn::{PatType, ReturnType, Type};

use crate::errors::{Errors, Message, Reported, compact};
use crate::extractors::{body, is_no_extractor, parts};
use crate::function::{Function, find};

/// A function that a rule can ask.
pub(super) struct Check {
    pub(super) function: Function,
    pub(super) answer: Type,
}

impl Check {
    pub(super) fn new(function: Function, errors: &Errors) -> Result<Self, Reported> {
        errors.strict(|| {
            for input in &function.inputs {
                examine(input, errors);
            }
            Ok(Self { answer: answer(&function, errors)?, function })
        })
    }
}

/// Reports an argument that cannot be taken from a request's head.
fn examine(input: &PatType, errors: &Errors) {
    let is_conditional =
        |attr: &&syn::Attribute| attr.path().is_ident("cfg") || attr.path().is_ident("cfg_attr");
    if let Some(attr) = input.attrs.iter().find(is_conditional) {
        let message = "an argument of a function under #[check] cannot depend on `cfg`";
        errors.push(attr, Message::new(message).help("put the `cfg` above a function of its own"));
        return;
    }
    for ty in parts(&input.ty) {
        if let Type::Reference(reference) = ty {
            let message = Message::new("a function under #[check] takes its arguments by value")
                .help("write an extractor without the `&`, as in `user: User` or `Path(id): Path<u64>`")
                .note("its arguments are taken from the request, like those of a handler");
            errors.push(reference.and_token, message);
        } else if let Some(name) = body(ty).and_then(|body| body.path.segments.last()).map(|last| &last.ident)
        {
            let message = format!("a function under #[check] cannot take the body, as `{name}` does");
            let message = Message::new(message)
                .help("take the claims, `Path<...>`, `Query<...>`, `State<...>` or headers")
                .note("a check decides before the body is read");
            errors.push(name, message);
        } else if is_no_extractor(ty) {
            let message = Message::new(format!("`{}` is not an extractor", compact(ty)));
            errors.push(
                ty,
                message.help("take the claims, `Path<...>`, `Query<...>`, `State<...>` or headers"),
            );
        }
    }
}

fn answer(function: &Function, errors: &Errors) -> Result<Type, Reported> {
    let Function { ident, output, .. } = function;
    let message = |sentence: &str| {
        Message::new(sentence)
            .help(format!("write `async fn {ident}(...) -> bool`, or `-> Result<bool, ...>` if it can fail"))
    };
    let ReturnType::Type(_, ty) = output else {
        let message = message("a function under #[check] has to return whether the request may pass");
        return Err(errors.push(ident, message));
    };
    if let Some(token) = find(ty.to_token_stream(), "impl") {
        let message = message("a function under #[check] has to name the type that it returns");
        return Err(errors.push(token, message));
    }
    Ok((**ty).clone())
}
