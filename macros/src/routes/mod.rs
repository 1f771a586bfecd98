//! `routes!(me, GET "/login" => login_form)` and `fallback!(not_found)`.

mod parse;

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Path;
use syn::ext::IdentExt as _;

use self::parse::{Methods, Place, Route, handlers, one_handler};
use crate::errors::Errors;
use crate::krate::{Krate, Private};
use crate::span::located;

/// Expands the list of handlers, which comes behind the runtime's path.
pub(crate) fn routes(input: TokenStream) -> TokenStream {
    let (krate, list) = Krate::split_off(input);
    let private = krate.private();
    let errors = Errors::new();
    let handlers = handlers(list, &errors);
    match errors.finish(Ok(handlers)) {
        Ok(handlers) => {
            let routes = handlers.iter().map(|handler| route(handler, &private));
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
            let fallback = quote_spanned! {located(caret(&handler))=>
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

/// The name of a handler, without the modules before it.
fn caret(handler: &Path) -> Span {
    handler.segments.last().map_or_else(Span::call_site, |last| last.ident.span())
}

/// Three questions, chained so that rustc answers one at a time: the arguments, the access, the document or the place.
fn route(Route { handler, place }: &Route, private: &Private) -> TokenStream {
    let caret = caret(handler);
    match place {
        None => {
            let mut document = handler.clone();
            if let Some(last) = document.segments.last_mut() {
                last.ident = format_ident!("__path_{}", last.ident.unraw(), span = caret);
            }
            quote_spanned! {located(caret)=>
                let __handler = __routes.capture(#handler).declared();
                let __arguments = __handler.arguments();
                let __routes = __handler.documented::<#document, _>(|__operation, __schemas| {
                    #private::describe_arguments!(__arguments, __operation, __schemas)
                });
            }
        }
        Some(Place { methods: Methods::Any, path }) => quote_spanned! {located(caret)=>
            let __routes = __routes.capture(#handler).declared().at_any::<_>(#path);
        },
        Some(Place { methods: Methods::These(methods), path }) => {
            let methods = methods.iter().map(|method| quote!(#private::Method::#method));
            let methods = quote!(&[#(#methods),*]);
            quote_spanned! {located(caret)=>
                let __routes = __routes.capture(#handler).declared().at::<_>(#path, #methods);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::testing::{assert_hygienic, captured, pretty};

    #[test]
    fn handlers_expand_to_one_question_after_another() {
        let expanded = routes(quote!(countersign, me, admin::r#type));
        expect![[r#"
            fn main() {
                {
                    let __routes = countersign::__private::Routes::new();
                    let __handler = __routes.capture(me).declared();
                    let __arguments = __handler.arguments();
                    let __routes = __handler
                        .documented::<
                            __path_me,
                            _,
                        >(|__operation, __schemas| {
                            countersign::__private::describe_arguments!(
                                __arguments, __operation, __schemas
                            )
                        });
                    let __handler = __routes.capture(admin::r#type).declared();
                    let __arguments = __handler.arguments();
                    let __routes = __handler
                        .documented::<
                            admin::__path_type,
                            _,
                        >(|__operation, __schemas| {
                            countersign::__private::describe_arguments!(
                                __arguments, __operation, __schemas
                            )
                        });
                    __routes
                }
            }
        "#]]
        .assert_eq(&pretty(quote!(fn main() { #expanded })));
    }

    #[test]
    fn a_handler_without_a_document_has_its_place_in_the_list() {
        let list = quote!(countersign, GET "/login" => login_form, GET | CONNECT "/ws" => ws::socket, ANY "/echo" => echo);
        let expanded = routes(list);
        expect![[r#"
            fn main() {
                {
                    let __routes = countersign::__private::Routes::new();
                    let __routes = __routes
                        .capture(login_form)
                        .declared()
                        .at::<_>("/login", &[countersign::__private::Method::GET]);
                    let __routes = __routes
                        .capture(ws::socket)
                        .declared()
                        .at::<
                            _,
                        >(
                            "/ws",
                            &[
                                countersign::__private::Method::GET,
                                countersign::__private::Method::CONNECT,
                            ],
                        );
                    let __routes = __routes.capture(echo).declared().at_any::<_>("/echo");
                    __routes
                }
            }
        "#]]
        .assert_eq(&pretty(quote!(fn main() { #expanded })));
    }

    /// As `$path:literal` and `$handler:path` give them.
    #[test]
    fn a_place_may_come_from_fragments() {
        let (path, handler) = (captured(quote!("/login")), captured(quote!(pages::login)));
        let expanded = routes(quote!(countersign, GET #path => #handler)).to_string();
        assert_eq!(expanded, routes(quote!(countersign, GET "/login" => pages::login)).to_string());
    }

    #[test]
    fn a_place_with_a_mistake_says_what_to_write() {
        for (list, first_line) in [
            (quote!("/login" => login), "routes!(...) names no method for this path"),
            (quote!(get "/login" => login), "routes!(...) knows no method `get`\nhelp: write GET"),
            (quote!(GTE "/login" => login), "routes!(...) knows no method `GTE`\nhelp: write GET"),
            (quote!(TRACE "/login" => login), "routes!(...) serves no TRACE"),
            (quote!("/login" => login, me), "routes!(...) names no method for this path"),
            (quote!(GET POST "/login" => login), "routes!(...) takes methods in front of a path"),
            (quote!(GET | GET "/login" => login), "routes!(...) has `GET` twice for this path"),
            (quote!(GET | ANY "/login" => login), "routes!(...) takes `ANY` alone"),
            (quote!(ANY | GET "/login" => login), "routes!(...) takes `ANY` alone"),
            (
                quote!(GET "login" => login),
                "routes!(...) takes a path that starts with a slash\nhelp: write \"/login\"",
            ),
            (
                quote!(GET "" => login),
                "routes!(...) takes a path that starts with a slash\nhelp: write \"/\"",
            ),
            (
                quote!(GET "/a/:id" => login),
                "routes!(...) takes parameters of a path in braces\nhelp: write {id}",
            ),
            (
                quote!(GET "/a/*rest" => login),
                "routes!(...) takes parameters of a path in braces\nhelp: write {*rest}",
            ),
            (quote!(GET 5 => login), "routes!(...) takes the path as a string"),
            (quote!(GET "/login" login), "routes!(...) takes `=>` and a handler behind the path"),
            (quote!(GET "/login" = login), "routes!(...) takes `=>` and a handler behind the path"),
            (quote!(GET "/login"), "routes!(...) takes `=>` and a handler behind the path"),
            (quote!(GET "/login" =>), "routes!(...) takes the name of a handler behind `=>`"),
            (quote!(GET "/login" => login()), "routes!(...) takes the name of a handler behind `=>`"),
        ] {
            let expanded = routes(quote!(countersign, #list)).to_string();
            assert_eq!(expanded.matches("compile_error").count(), 1, "{expanded}");
            assert!(expanded.contains(format!("{first_line:?}").trim_matches('"')), "{list}: {expanded}");
        }
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
        assert_hygienic(routes(quote!(other, me, admin::members, POST "/login" => login)));
        assert_hygienic(fallback(quote!(other, admin::not_found)));
    }
}
