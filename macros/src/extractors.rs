//! What a type says about an argument or an answer by its name. The attribute sees no more than names.

use quote::ToTokens as _;
use syn::{GenericArgument, Path, PathArguments, Type, TypePath};

/// Extractors that read the body, and whether they are generic.
const BODIES: [(&str, bool); 9] = [
    ("Body", false),
    ("Bytes", false),
    ("Form", true),
    ("Json", true),
    ("Multipart", false),
    ("RawForm", false),
    ("Request", false),
    ("Request", true),
    ("String", false),
];

/// Types around an extractor that read what it reads.
const WRAPPERS: [&str; 4] = ["Option", "Result", "Valid", "WithRejection"];

/// The crates and modules that these are imported from. A type of another module may be anything.
const HOMES: [&str; 13] = [
    "alloc",
    "axum",
    "axum_core",
    "axum_extra",
    "body",
    "bytes",
    "extract",
    "http",
    "hyper",
    "multipart",
    "request",
    "std",
    "string",
];

/// The part of a type that reads the body, if one does.
pub(crate) fn body(ty: &Type) -> Option<&TypePath> {
    let Type::Path(path) = bare(ty) else { return None };
    let last = path.path.segments.last()?;
    if WRAPPERS.iter().any(|wrapper| last.ident == wrapper) {
        return body(first_argument(&path.path)?);
    }
    let is_generic = !last.arguments.is_none();
    let is_body = BODIES.iter().any(|(name, generic)| last.ident == name && *generic == is_generic);
    let is_at_home = path.path.segments.len() == 1
        || path
            .path
            .segments
            .iter()
            .rev()
            .nth(1)
            .is_some_and(|home| HOMES.iter().any(|name| home.ident == name));
    (is_body && is_at_home && path.qself.is_none()).then_some(path)
}

/// Whether a type can be no argument of a handler.
pub(crate) fn is_no_extractor(ty: &Type) -> bool {
    match bare(ty) {
        Type::Array(_)
        | Type::FnPtr(_)
        | Type::Infer(_)
        | Type::Never(_)
        | Type::Ptr(_)
        | Type::Slice(_)
        | Type::TraitObject(_) => true,
        Type::Path(path) => is_primitive(path) || is_named(path, "Vec"),
        _ => false,
    }
}

/// Whether no argument can have a type, whatever it is an argument of.
pub(crate) fn is_unsized(ty: &Type) -> bool {
    match bare(ty) {
        Type::Slice(_) | Type::TraitObject(_) => true,
        Type::Path(path) => path.path.is_ident("str"),
        _ => false,
    }
}

/// The part of an answer that is no response, if one is not.
pub(crate) fn no_response(ty: &Type) -> Option<&Type> {
    match bare(ty) {
        Type::Path(path) if is_named(path, "Result") => {
            arguments(&path.path).into_iter().find_map(no_response)
        }
        Type::Path(path) if is_named(path, "Vec") => {
            let is_bytes =
                first_argument(&path.path).is_some_and(|ty| ty.to_token_stream().to_string() == "u8");
            (!is_bytes).then_some(ty)
        }
        Type::Path(path) if is_named(path, "Box") => {
            matches!(first_argument(&path.path).map(bare)?, Type::TraitObject(_)).then_some(ty)
        }
        Type::Path(path) => (is_primitive(path) || is_named(path, "Option")).then_some(ty),
        Type::Tuple(tuple) => tuple.elems.last().and_then(no_response),
        Type::FnPtr(_) | Type::Infer(_) | Type::Never(_) | Type::Ptr(_) | Type::TraitObject(_) => Some(ty),
        _ => None,
    }
}

/// The parts of an argument: axum runs the parts of a tuple one after the other.
pub(crate) fn parts(ty: &Type) -> Vec<&Type> {
    match bare(ty) {
        Type::Tuple(tuple) => tuple.elems.iter().flat_map(parts).collect(),
        other => vec![other],
    }
}

/// A type without the invisible parentheses that `macro_rules!` puts around its fragments.
pub(crate) fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Group(inner) => bare(&inner.elem),
        Type::Paren(inner) => bare(&inner.elem),
        other => other,
    }
}

/// Whether the last word of a path is this name.
pub(crate) fn is_named(path: &TypePath, name: &str) -> bool {
    path.path.segments.last().is_some_and(|last| last.ident == name)
}

fn is_primitive(path: &TypePath) -> bool {
    const PRIMITIVES: [&str; 17] = [
        "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "str", "u8", "u16", "u32",
        "u64", "u128", "usize",
    ];
    path.path.get_ident().is_some_and(|ident| PRIMITIVES.iter().any(|name| ident == name))
}

/// The first type between the angle brackets of a path.
pub(crate) fn first_argument(path: &Path) -> Option<&Type> {
    arguments(path).into_iter().next()
}

/// The types between the angle brackets of a path.
fn arguments(path: &Path) -> Vec<&Type> {
    let Some(PathArguments::AngleBracketed(arguments)) = path.segments.last().map(|last| &last.arguments)
    else {
        return Vec::new();
    };
    let types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    types.collect()
}

#[cfg(test)]
mod tests {
    use syn::parse_str;

    use super::*;

    fn ty(text: &str) -> Type {
        parse_str(text).unwrap()
    }

    #[test]
    fn extractors_of_the_body_are_known_by_name() {
        for text in [
            "Json<Credentials>",
            "axum::Json<Vec<u8>>",
            "axum::extract::Json<u8>",
            "Form<Filter>",
            "String",
            "std::string::String",
            "Bytes",
            "axum::body::Bytes",
            "Body",
            "Multipart",
            "RawForm",
            "Request",
            "Request<Body>",
            "extract::Request",
            "Option<Json<u8>>",
            "Result<Json<u8>, JsonRejection>",
            "(Json<u8>)",
        ] {
            assert!(body(&ty(text)).is_some(), "{text}");
        }
        for text in [
            "Path<String>",
            "Query<Json<u8>>",
            "State<Bytes>",
            "Option<User>",
            "Result<User, String>",
            "forms::Form<u8>",
            "api::Request",
            "Form",
            "Json",
            "User",
            "Vec<String>",
            "&str",
        ] {
            assert!(body(&ty(text)).is_none(), "{text}");
        }
    }

    #[test]
    fn types_that_are_no_extractor_are_known() {
        for text in
            ["u64", "bool", "[u8]", "[u8; 4]", "dyn Send", "fn()", "*const u8", "_", "!", "Vec<u8>", "str"]
        {
            assert!(is_no_extractor(&ty(text)), "{text}");
        }
        for text in ["User", "Path<u64>", "Option<User>", "String", "T::Item", "(User, u8)", "&u8", "a::u64"]
        {
            assert!(!is_no_extractor(&ty(text)), "{text}");
        }
    }

    #[test]
    fn types_that_are_no_response_are_known() {
        for (text, part) in [
            ("u64", "u64"),
            ("bool", "bool"),
            ("Option<User>", "Option < User >"),
            ("Vec<User>", "Vec < User >"),
            ("Result<u64, AppError>", "u64"),
            ("Result<Json<u64>, Box<dyn Error>>", "Box < dyn Error >"),
            ("(StatusCode, u64)", "u64"),
        ] {
            assert_eq!(
                no_response(&ty(text)).map(|ty| ty.to_token_stream().to_string()).as_deref(),
                Some(part),
                "{text}"
            );
        }
        for text in [
            "()",
            "Json<u64>",
            "Vec<u8>",
            "String",
            "&'static str",
            "impl IntoResponse",
            "Result<Json<Option<User>>, AppError>",
            "(StatusCode, Json<u64>)",
            "Box<str>",
            "User",
        ] {
            assert!(no_response(&ty(text)).is_none(), "{text}");
        }
    }
}
