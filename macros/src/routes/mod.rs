//! `routes!(me, admin::members)` and `fallback!(not_found)`.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Path;
use syn::ext::IdentExt as _;
use syn::parse::Parser as _;

use crate::errors::{Errors, Message, Reported};
use crate::keys::arguments;
use crate::krate::Krate;
use crate::span::located;

/// Expands the list of handlers, which comes behind the runtime's path.
pub(crate) fn routes(input: TokenStream) -> TokenStream {
    let (krate, list) = Krate::split_off(input);
    let private = krate.private();
    let errors = Errors::new();
    let handlers = handlers(list, &errors);
    match errors.finish(Ok(handlers)) {
        Ok(handlers) => {
            let routes = handlers.iter().map(route);
            quote!({
                let __routes = #private::Routes::new();
                #(#routes)*
                __routes
            })
        }
        Err(mistakes) => quote!({ #mistakes #private::Routes::new() }),
    }
}

/// Expands the one handler, which has no document.
pub(crate) fn fallback(input: TokenStream) -> TokenStream {
    let (krate, list) = Krate::split_off(input);
    let private = krate.private();
    let errors = Errors::new();
    let handler = one_handler(list, &errors);
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
        Err(mistakes) => quote!({ #mistakes #private::Fallback::mistaken() }),
    }
}

fn one_handler(list: TokenStream, errors: &Errors) -> Result<Path, Reported> {
    let mistake = |sentence| Message::new(sentence).help("write fallback!(not_found)");
    match arguments(list).as_slice() {
        [] => Err(errors.push_at(Span::call_site(), mistake("fallback!() names no handler"))),
        [argument] => Path::parse_mod_style
            .parse2(argument.clone())
            .map_err(|_| errors.push(argument, mistake("fallback!(...) takes the name of a handler"))),
        [_, second, ..] => Err(errors.push(second, mistake("fallback!(...) takes one handler"))),
    }
}

fn handlers(list: TokenStream, errors: &Errors) -> Vec<Path> {
    let mistake = |sentence| Message::new(sentence).help("write routes!(me, admin::members)");
    let arguments = arguments(list);
    if arguments.is_empty() {
        errors.push_at(Span::call_site(), mistake("routes!() names no handler"));
    }
    let handlers = arguments.into_iter().filter_map(|argument| {
        let handler = Path::parse_mod_style.parse2(argument.clone()).ok();
        if handler.is_none() {
            let note = "the method and the path of a handler are in #[utoipa::path(...)] above it";
            errors.push(argument, mistake("routes!(...) takes the names of handlers").note(note));
        }
        handler
    });
    handlers.collect()
}

/// Three questions, chained so that rustc answers one at a time: the arguments, the access, the document.
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
