//! What the attribute sees in a signature that no handler has. axum reports it far from here, in the words of its traits.

use quote::ToTokens as _;
use syn::{FnArg, ReturnType, Signature, Type};

use super::model::Attribute;
use crate::errors::{Errors, Message, compact};
use crate::extractors::{bare, body, is_no_extractor, no_response, parts};
use crate::function::find;

/// Reports arguments that are no extractors, a body that is not read last, and an answer that is no response.
pub(super) fn examine(attribute: Attribute, signature: &Signature, errors: &Errors) {
    let types: Vec<_> = signature.inputs.iter().filter_map(typed).collect();
    let mut extractors: Vec<&Type> = types.iter().copied().flat_map(parts).collect();
    for ty in &extractors {
        examine_argument(attribute, ty, errors);
    }
    let last = extractors.pop();
    let early = extractors.into_iter().filter(|ty| body(ty).is_some());
    for ty in early {
        let shown = compact(ty);
        let message = Message::new(format!("`{shown}` reads the body and has to be the last argument"));
        let message = match last.filter(|last| body(last).is_some()) {
            Some(last) => message.help(format!("remove it, or `{}`: a body is read once", compact(last))),
            None => message.help("move it behind the other arguments"),
        };
        errors.push(ty, message);
    }
    if let ReturnType::Type(_, ty) = &signature.output
        && let Some(part) = no_response(ty)
    {
        let shown = compact(part);
        let message = Message::new(format!("`{shown}` is not a response"));
        errors.push(part, message.help(response(part, &shown)));
    }
}

/// The type of an argument that no `cfg` can take away.
fn typed(input: &FnArg) -> Option<&Type> {
    match input {
        FnArg::Typed(input) if !input.attrs.iter().any(|attr| attr.path().is_ident("cfg")) => Some(&input.ty),
        _ => None,
    }
}

fn examine_argument(attribute: Attribute, ty: &Type, errors: &Errors) {
    let name = attribute.name();
    if let Some(word) = find(ty.to_token_stream(), "Self") {
        let message = Message::new(format!("#[{name}] goes above a free function, which has no `Self`"));
        errors.push(word, message.help("write the type out"));
    } else if let Type::Reference(reference) = bare(ty) {
        let shown = compact(&reference.elem);
        let message = format!(
            "a handler under #[{name}] takes its arguments by value, and `{}` is borrowed",
            compact(ty)
        );
        let help = match &*reference.elem {
            Type::Path(path) if path.path.is_ident("str") => {
                "write an extractor, as in `Path(name): Path<String>`, or `String` for the body".to_owned()
            }
            _ => format!("write `{shown}`"),
        };
        errors.push(ty, Message::new(message).help(help));
    } else if is_no_extractor(ty) {
        let shown = compact(ty);
        let message = Message::new(format!("`{shown}` is not an extractor"));
        let help = match bare(ty) {
            Type::Path(_) if shown == "str" => {
                "write `Path(name): Path<String>`, or `String` for the body".to_owned()
            }
            Type::Path(_) => {
                format!(
                    "write where it comes from, as in `Path(id): Path<{shown}>`, `Query(...)` or `Json(...)`"
                )
            }
            _ => "write the type of an extractor, as in `user: User` or `Path(id): Path<u64>`".to_owned(),
        };
        errors.push(ty, message.help(help));
    }
}

fn response(part: &Type, shown: &str) -> String {
    match bare(part) {
        Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "Box") => {
            "return an error type of your own that implements `IntoResponse`".to_owned()
        }
        Type::Path(_) => format!("return `Json<{shown}>`"),
        _ => "name a type that implements `IntoResponse`, as in `Json<User>`".to_owned(),
    }
}
