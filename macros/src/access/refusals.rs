//! The answers of a guard that are no success, as `#[utoipa::path]` describes them.

use proc_macro2::{Literal, TokenStream, TokenTree};
use quote::quote;

use super::model::{Access, Attribute, Declaration};
use super::rule::{Condition, Rule};
use crate::keys::arguments;
use crate::krate::Private;

/// The refusals of the guard, without those that the user describes.
///
/// Which of 403 and 404 a check answers, and what a named rule asks for, `AuthRouter` adds: it has the constant.
pub(crate) fn refusals(declaration: &Declaration, given: &[TokenStream]) -> TokenStream {
    let private = declaration.krate.private();
    let rule = match &declaration.access {
        Access::Public(_) | Access::Mistaken => return TokenStream::new(),
        Access::Authenticated => None,
        Access::Require(rule) => Some(rule),
    };
    let asked = Asked::of(rule);
    let responses = [Some(asked.unauthorized()), asked.forbidden(declaration.attribute), asked.unavailable()]
        .into_iter()
        .flatten()
        .filter(|refusal| !refusal.is_in(given))
        .map(|refusal| refusal.response(&private));
    quote!(#(#responses),*)
}

/// What a rule asks for, as far as the attribute sees it.
struct Asked {
    names: bool,
    impersonation: bool,
    freshness: bool,
    liveness: bool,
    both_tokens: bool,
    checks: bool,
}

impl Asked {
    fn of(rule: Option<&Rule>) -> Self {
        let asks = |wanted: fn(&Condition) -> bool| rule.is_some_and(|rule| rule.mentions(wanted));
        Self {
            names: asks(|atom| matches!(atom, Condition::Role(_) | Condition::Scope(_))),
            impersonation: asks(|atom| matches!(atom, Condition::NotImpersonated)),
            freshness: asks(|atom| matches!(atom, Condition::Fresh(_))),
            liveness: asks(|atom| matches!(atom, Condition::Live)),
            both_tokens: asks(|atom| matches!(atom, Condition::BothTokens)),
            checks: asks(|atom| matches!(atom, Condition::Check(_))),
        }
    }

    fn unauthorized(&self) -> Refusal {
        let credentials = if self.both_tokens {
            "No valid access and refresh token of one session, or the session has ended"
        } else if self.liveness {
            "No valid access token, or its session has ended"
        } else {
            "No valid access token"
        };
        let stale = if self.freshness { ", or the user signed in too long ago" } else { "" };
        Refusal {
            status: 401,
            name: "UNAUTHORIZED",
            description: format!("{credentials}{stale}"),
            challenged: true,
        }
    }

    /// Whoever is signed in can be refused with it.
    fn forbidden(&self, attribute: Attribute) -> Option<Refusal> {
        let lacking = match (self.names, attribute) {
            (false, _) => None,
            (true, Attribute::RequireRole) => Some("The signed-in user lacks the role"),
            (true, Attribute::RequireScope) => Some("The signed-in user lacks the scope"),
            (true, _) => Some("The signed-in user does not satisfy the rule"),
        };
        let impersonated = self.impersonation.then_some("Somebody acts for the signed-in user");
        let description = match (lacking, impersonated) {
            (Some(lacking), Some(_)) => format!("{lacking}, or somebody acts for them"),
            (lacking, impersonated) => lacking.or(impersonated)?.to_owned(),
        };
        Some(Refusal { status: 403, name: "FORBIDDEN", description, challenged: self.names })
    }

    fn unavailable(&self) -> Option<Refusal> {
        let description = match (self.liveness || self.both_tokens, self.checks) {
            (true, true) => "The session store does not answer, or a check has failed",
            (true, false) => "The session store does not answer",
            (false, true) => "A check has failed",
            (false, false) => return None,
        };
        let description = description.to_owned();
        Some(Refusal { status: 503, name: "SERVICE_UNAVAILABLE", description, challenged: false })
    }
}

struct Refusal {
    status: u16,
    name: &'static str,
    description: String,
    challenged: bool,
}

impl Refusal {
    fn is_in(&self, given: &[TokenStream]) -> bool {
        let status = self.status.to_string();
        given.iter().filter_map(status_of).any(|given| given.contains(&status) || given.contains(self.name))
    }

    fn response(&self, private: &Private) -> TokenStream {
        let status = Literal::u16_unsuffixed(self.status);
        let description = &self.description;
        let challenge = self.challenged.then(|| {
            quote!(headers((
                "WWW-Authenticate" = String,
                description = "The challenge of RFC 6750 section 3"
            )))
        });
        let challenge = challenge.into_iter();
        quote!((
            status = #status,
            description = #description,
            body = #private::ProblemDetails,
            content_type = "application/problem+json"
            #(, #challenge)*
        ))
    }
}

/// What stands behind `status =` in a response, as text: a number, a name or a range.
fn status_of(response: &TokenStream) -> Option<String> {
    let Some(TokenTree::Group(response)) = response.clone().into_iter().next() else { return None };
    arguments(response.stream())
        .into_iter()
        .find(|argument| matches!(argument.clone().into_iter().next(), Some(TokenTree::Ident(key)) if key == "status"))
        .map(|status| status.to_string())
}
