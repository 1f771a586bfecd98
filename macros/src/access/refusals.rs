//! The answers of a guard that are no success, as `#[utoipa::path]` describes them.

use proc_macro2::{Ident, Literal, Span, TokenStream, TokenTree};
use quote::quote;

use super::model::{Access, Declaration};
use super::rule::Condition;
use crate::keys::arguments;
use crate::krate::Private;

/// The refusals of the guard, without those that the user describes. Their words are the runtime's, which writes them for the policy
/// `marker`.
///
/// The attribute does not see into named rules, and does not know which of 403 and 404 a check answers. `AuthRouter` adds these, since
/// it has the constant.
pub(crate) fn refusals(declaration: &Declaration, marker: &Ident, given: &[TokenStream]) -> TokenStream {
    let private = declaration.krate.private();
    let rule = match &declaration.access {
        Access::Public(_) | Access::Mistaken => return TokenStream::new(),
        Access::Authenticated => None,
        Access::Require(rule) => Some(rule),
    };
    let mentions = |wanted: fn(&Condition) -> bool| rule.is_some_and(|rule| rule.mentions(wanted));
    let names = mentions(|it| {
        matches!(it, Condition::Role(_) | Condition::Scope(_) | Condition::Issuer(_) | Condition::Machine)
    });
    let impersonation = mentions(|it| matches!(it, Condition::NotImpersonated));
    let look_up = mentions(|it| matches!(it, Condition::Live | Condition::BothTokens | Condition::Check(_)));
    let responses = [
        (MALFORMED, true, true),
        (UNAUTHORIZED, true, true),
        (FORBIDDEN, names || impersonation, names),
        (UNAVAILABLE, look_up, false),
    ]
    .into_iter()
    .filter(|(refusal, is_possible, _)| *is_possible && !refusal.is_in(given))
    .map(|(refusal, _, is_challenged)| refusal.response(&private, marker, is_challenged));
    quote!(#(#responses),*)
}

struct Refusal {
    status: u16,
    name: &'static str,
    /// The function of the runtime that says it in words.
    words: &'static str,
}

const MALFORMED: Refusal = Refusal { status: 400, name: "BAD_REQUEST", words: "malformed" };
const UNAUTHORIZED: Refusal = Refusal { status: 401, name: "UNAUTHORIZED", words: "unauthorized" };
const FORBIDDEN: Refusal = Refusal { status: 403, name: "FORBIDDEN", words: "forbidden" };
const UNAVAILABLE: Refusal = Refusal { status: 503, name: "SERVICE_UNAVAILABLE", words: "unavailable" };

impl Refusal {
    fn is_in(&self, given: &[TokenStream]) -> bool {
        let status = self.status.to_string();
        given.iter().filter_map(status_of).any(|given| given.contains(&status) || given.contains(self.name))
    }

    fn response(&self, private: &Private, marker: &Ident, is_challenged: bool) -> TokenStream {
        let status = Literal::u16_unsuffixed(self.status);
        let words = Ident::new(self.words, Span::call_site());
        let challenge = is_challenged.then(|| {
            quote!(headers((
                "WWW-Authenticate" = String,
                description = "The challenge of RFC 6750 section 3"
            )))
        });
        let challenge = challenge.into_iter();
        quote!((
            status = #status,
            description = #private::refusal_words::#words(&<#marker as #private::Policy>::ACCESS),
            body = #private::ProblemDetails,
            content_type = "application/problem+json"
            #(, #challenge)*
        ))
    }
}

/// The value of `status =` in a response, as text: a number, a name or a range.
fn status_of(response: &TokenStream) -> Option<String> {
    let Some(TokenTree::Group(response)) = response.clone().into_iter().next() else { return None };
    arguments(response.stream())
        .into_iter()
        .find(|argument| matches!(argument.clone().into_iter().next(), Some(TokenTree::Ident(key)) if key == "status"))
        .map(|status| status.to_string())
}
