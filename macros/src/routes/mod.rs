//! `routes!(me, admin::members)` and `fallback!(not_found)`.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{format_ident, quote, quote_spanned};
use syn::Path;
use syn::ext::IdentExt as _;
use syn::parse::Parser as _;

use crate::errors::{Errors, Message};
use crate::keys::arguments;
use crate::krate::Krate;
use crate::span::located;

/// Expands the list; the runtime's `macro_rules!` put its own path, one token, and a comma in front of it.
pub(crate) fn routes(input: TokenStream) -> TokenStream {
    let mut tokens = input.into_iter();
    let krate = runtime(tokens.next());
    let list: TokenStream = tokens.skip(1).collect();
    let private = krate.private();
    let errors = Errors::new();
    let handlers = handlers(list, &errors);
    if let Err(error) = errors.check() {
        let error = error.to_compile_error();
        return quote!({ #error #private::Routes::new() });
    }
    let routes = handlers.iter().map(route);
    quote!({
        let __routes = #private::Routes::new();
        #(#routes)*
        __routes
    })
}

/// Expands the one handler, which has no document.
pub(crate) fn fallback(input: TokenStream) -> TokenStream {
    let mut tokens = input.into_iter();
    let private = runtime(tokens.next()).private();
    let errors = Errors::new();
    let handler = one_handler(tokens.skip(1).collect(), &errors);
    match errors.finish(handler) {
        Ok(handler) => {
            let caret = handler.segments.last().map_or_else(Span::call_site, |last| last.ident.span());
            let fallback = quote_spanned! {located(caret)=>
                __routes.capture(#handler).declared().without_path::<_>()
            };
            quote!({
                let __routes = #private::Routes::new();
                #fallback
            })
        }
        Err(error) => {
            let error = error.to_compile_error();
            quote!({ #error #private::Fallback::mistaken() })
        }
    }
}

fn one_handler(list: TokenStream, errors: &Errors) -> Option<Path> {
    let mistake = |sentence| Message::new(sentence).help("write fallback!(not_found)");
    let arguments = arguments(list);
    match arguments.as_slice() {
        [] => errors.push_at(Span::call_site(), mistake("fallback!() names no handler")),
        [argument] => {
            let handler = Path::parse_mod_style.parse2(argument.clone()).ok();
            if handler.is_none() {
                errors.push(argument, mistake("fallback!(...) takes the name of a handler"));
            }
            return handler;
        }
        [_, second, ..] => errors.push(second, mistake("fallback!(...) takes one handler")),
    }
    None
}

/// The path that `$crate` stands for.
pub(crate) fn runtime(token: Option<TokenTree>) -> Krate {
    Krate::new(match token {
        Some(TokenTree::Ident(ident)) => Some(Path::from(ident)),
        _ => None,
    })
}

fn handlers(list: TokenStream, errors: &Errors) -> Vec<Path> {
    let arguments = arguments(list);
    if arguments.is_empty() {
        errors.push_at(
            Span::call_site(),
            Message::new("routes!() names no handler").help("write routes!(me, admin::members)"),
        );
    }
    arguments
        .into_iter()
        .filter_map(|argument| {
            let handler = Path::parse_mod_style.parse2(argument.clone()).ok();
            if handler.is_none() {
                errors.push(
                    argument,
                    Message::new("routes!(...) takes the names of handlers")
                        .help("write routes!(me, admin::members)")
                        .note("the method and the path of a handler stand in #[utoipa::path(...)] above it"),
                );
            }
            handler
        })
        .collect()
}

/// Three questions, of which rustc answers one at a time: the arguments, the access, the document.
fn route(handler: &Path) -> TokenStream {
    let mut document = handler.clone();
    let mut caret = Span::call_site();
    if let Some(last) = document.segments.last_mut() {
        caret = last.ident.span();
        last.ident = format_ident!("__path_{}", last.ident.unraw(), span = caret);
    }
    quote_spanned! {located(caret)=>
        let __routes = __routes.capture(#handler).declared().documented::<#document, _>();
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::testing::{assert_hygienic, pretty};

    #[test]
    fn handlers_expand_to_one_question_after_another() {
        let expanded = routes(quote!(countersign, me, admin::r#type));
        expect![[r#"
            fn main() {
                {
                    let __routes = countersign::__private::Routes::new();
                    let __routes = __routes.capture(me).declared().documented::<__path_me, _>();
                    let __routes = __routes
                        .capture(admin::r#type)
                        .declared()
                        .documented::<admin::__path_type, _>();
                    __routes
                }
            }
        "#]]
        .assert_eq(&pretty(quote!(fn main() { #expanded })));
    }

    #[test]
    fn anything_but_names_is_refused() {
        for (input, mistakes) in
            [(quote!(other,), 1), (quote!(other, me(), 5), 2), (quote!(other, me, admin::<T>), 1)]
        {
            let expanded = routes(input).to_string();
            assert_eq!(expanded.matches("compile_error").count(), mistakes, "{expanded}");
        }
    }

    #[test]
    fn a_fallback_expands_to_one_question_after_another() {
        let expanded = fallback(quote!(countersign, pages::r#fn));
        expect![[r#"
            fn main() {
                {
                    let __routes = countersign::__private::Routes::new();
                    __routes.capture(pages::r#fn).declared().without_path::<_>()
                }
            }
        "#]]
        .assert_eq(&pretty(quote!(fn main() { #expanded })));
    }

    #[test]
    fn anything_but_one_name_is_no_fallback() {
        for input in
            [quote!(other,), quote!(other, not_found()), quote!(other, one, two), quote!(other, "one")]
        {
            let expanded = fallback(input).to_string();
            assert_eq!(expanded.matches("compile_error").count(), 1, "{expanded}");
        }
    }

    #[test]
    fn the_expansion_names_nothing_but_the_runtime() {
        assert_hygienic(routes(quote!(other, me, admin::members)));
        assert_hygienic(fallback(quote!(other, admin::not_found)));
    }
}
