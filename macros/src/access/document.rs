//! Completes the `#[utoipa::path(...)]` below an access attribute, so that the document says what the guard does.

use proc_macro2::{Delimiter, Group, Literal, TokenStream, TokenTree};
use quote::quote;
use syn::{Attribute, Meta, parse_quote};

use super::model::{Access, Declaration, Proof, Role};
use crate::errors::{Errors, Message};
use crate::keys::arguments;
use crate::krate::Private;

/// Completes the attribute if there is one; says whether there is.
pub(crate) fn complete(declaration: &Declaration, attrs: &mut Vec<Attribute>, errors: &Errors) -> bool {
    let Some(attr) = attrs.iter_mut().find(|attr| is_utoipa_path(attr)) else { return false };
    let Meta::List(list) = &mut attr.meta else { return true };
    let mut described = false;
    let mut answered = false;
    let mut completed = Vec::new();
    for argument in arguments(list.tokens.clone()) {
        let mut tokens = argument.clone().into_iter();
        let (Some(TokenTree::Ident(key)), value) = (tokens.next(), tokens.next()) else {
            completed.push(argument);
            continue;
        };
        match (key.to_string().as_str(), value) {
            ("security", _) => errors.push(key, contradiction(declaration)),
            ("responses", Some(TokenTree::Group(given))) => {
                answered = true;
                let all = with_refusals(&given, declaration);
                completed.push(quote!(#key #all));
                continue;
            }
            ("description", _) => described = true,
            _ => {}
        }
        completed.push(argument);
    }
    let refusals = refusals(declaration, &[]);
    if !answered && !refusals.is_empty() {
        completed.push(quote!(responses(#refusals)));
    }
    let security = security(declaration);
    completed.push(quote!(security(#security)));
    list.tokens = quote!(#(#completed),*);
    if let Access::Public(reason) = &declaration.access
        && !described
    {
        // utoipa takes the paragraphs after the first one as the description.
        let reason = format!(" Public: {}", reason.value());
        attrs.extend::<[Attribute; 2]>([parse_quote!(#[doc = ""]), parse_quote!(#[doc = #reason])]);
    }
    true
}

fn is_utoipa_path(attr: &Attribute) -> bool {
    let segments = &attr.path().segments;
    let mut last = segments.iter().rev();
    last.next().is_some_and(|segment| segment.ident == "path")
        && last.next().is_some_and(|segment| segment.ident == "utoipa")
}

fn contradiction(declaration: &Declaration) -> Message {
    let name = declaration.kind.name();
    Message::new(format!("#[{name}] writes `security(...)` into #[utoipa::path] itself"))
        .help("remove it here")
        .note("written by hand, it could contradict what the server enforces")
}

/// One alternative for each role, because any of them suffices; the refresh token is asked for in each.
fn security(declaration: &Declaration) -> TokenStream {
    let refresh_token =
        (declaration.access.proof() == Some(Proof::BothTokens)).then(|| quote!(, "refreshToken" = []));
    match &declaration.access {
        Access::Authenticated(_) => quote!(("bearer" = [] #refresh_token)),
        Access::Public(_) | Access::Mistaken => TokenStream::new(),
        Access::Roles(roles, _) => {
            let names = roles.iter().map(Role::name);
            quote!(#(("bearer" = [#names] #refresh_token)),*)
        }
    }
}

fn with_refusals(given: &Group, declaration: &Declaration) -> Group {
    let given_responses = arguments(given.stream());
    let refusals = arguments(refusals(declaration, &given_responses));
    let responses = given_responses.into_iter().chain(refusals);
    let mut all = Group::new(Delimiter::Parenthesis, quote!(#(#responses),*));
    all.set_span(given.span());
    all
}

/// The answers of the guard that are no success.
struct Refusal {
    status: u16,
    name: &'static str,
    description: &'static str,
    challenged: bool,
}

const FORBIDDEN: Refusal = Refusal {
    status: 403,
    name: "FORBIDDEN",
    description: "The signed-in user lacks the role",
    challenged: true,
};

const UNAVAILABLE: Refusal = Refusal {
    status: 503,
    name: "SERVICE_UNAVAILABLE",
    description: "The session store does not answer",
    challenged: false,
};

impl Refusal {
    fn unauthorized(proof: Proof) -> Self {
        let description = match proof {
            Proof::AccessToken => "No valid access token",
            Proof::Live => "No valid access token, or its session has ended",
            Proof::BothTokens => "No valid access and refresh token of one session, or the session has ended",
        };
        Self { status: 401, name: "UNAUTHORIZED", description, challenged: true }
    }

    fn is_in(&self, given: &[TokenStream]) -> bool {
        let status = self.status.to_string();
        given.iter().filter_map(status_of).any(|given| given.contains(&status) || given.contains(self.name))
    }

    fn response(&self, private: &Private) -> TokenStream {
        let status = Literal::u16_unsuffixed(self.status);
        let description = self.description;
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

/// The refusals of the guard, without those that the user describes.
fn refusals(declaration: &Declaration, given: &[TokenStream]) -> TokenStream {
    let private = declaration.krate.private();
    let Some(proof) = declaration.access.proof() else { return TokenStream::new() };
    let forbidden = (!declaration.access.roles().is_empty()).then_some(FORBIDDEN);
    let unavailable = (proof != Proof::AccessToken).then_some(UNAVAILABLE);
    let refusals = [Some(Refusal::unauthorized(proof)), forbidden, unavailable];
    let responses = refusals
        .into_iter()
        .flatten()
        .filter(|refusal| !refusal.is_in(given))
        .map(|refusal| refusal.response(&private));
    quote!(#(#responses),*)
}

/// What stands behind `status =` in a response, as text: a number, a name or a range.
fn status_of(response: &TokenStream) -> Option<String> {
    let Some(TokenTree::Group(response)) = response.clone().into_iter().next() else { return None };
    arguments(response.stream())
        .into_iter()
        .find(|argument| matches!(argument.clone().into_iter().next(), Some(TokenTree::Ident(key)) if key == "status"))
        .map(|status| status.to_string())
}
