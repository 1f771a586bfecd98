//! The answers of a guard that are no success.

use http::StatusCode;
use utoipa::ToSchema as _;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::{ContentBuilder, ObjectBuilder, Ref, RefOr, Schema, Type};

use crate::access::{Access, Rule};
use crate::claims::role::Roles;
use crate::rejection::ProblemDetails;

/// The media type of every refusal (RFC 9457).
const PROBLEM: &str = "application/problem+json";

/// How the description of a 403 begins.
const FORBIDDEN: &str = "The signed-in user may not: requires ";

/// What attributes write, which know less than the router.
const FORBIDDEN_BY_ATTRIBUTE: [&str; 7] = [
    "The signed-in user lacks the role",
    "The signed-in user lacks the role, or somebody acts for them",
    "The signed-in user lacks the scope",
    "The signed-in user lacks the scope, or somebody acts for them",
    "The signed-in user does not satisfy the rule",
    "The signed-in user does not satisfy the rule, or somebody acts for them",
    "Somebody acts for the signed-in user",
];

const NOT_FOUND: &str = "There is no such thing, or the signed-in user may not know of it";
const STORE: &str = "The session store does not answer";
const CHECK: &str = "A check has failed";
const STORE_OR_CHECK: &str = "The session store does not answer, or a check has failed";

/// Writes every refusal of the guard that the operation does not describe in words of its own.
pub(super) fn describe(operation: &mut Operation, access: &Access, roles: &Roles) {
    operation.responses.responses.retain(|status, response| !is_ours(status, response));
    describe_responses(operation);
    if let Access::Public { .. } = access {
        return;
    }
    answer(operation, "401", || unauthorized(access));
    if let Access::Require(rule) = access {
        if asks_who(rule) {
            answer(operation, "403", || forbidden(access, rule, roles));
        }
        if rule.any(&|atom| matches!(atom, Rule::Check { not_found: true, .. })) {
            answer(operation, "404", || refusal(NOT_FOUND));
        }
    }
    if let Some(unavailable) = unavailable(access) {
        answer(operation, "503", || refusal(unavailable));
    }
}

/// Says that the store is asked about every session. A guard that asks something itself has said so.
pub(super) fn describe_look_up(operation: &mut Operation) {
    let check = operation.responses.responses.get_mut("503");
    match check {
        Some(RefOr::T(present)) if present.description == CHECK => {
            STORE_OR_CHECK.clone_into(&mut present.description);
        }
        _ => answer(operation, "503", || refusal(STORE)),
    }
    if let Some(RefOr::T(present)) = operation.responses.responses.get_mut("401") {
        for stale in [false, true] {
            if present.description == no_token(Tokens::Access, stale) {
                present.description = no_token(Tokens::Live, stale);
                break;
            }
        }
    }
}

/// Whether this module or an attribute has written the response: a problem in one of these words.
fn is_ours(status: &str, response: &RefOr<Response>) -> bool {
    let RefOr::T(response) = response else { return false };
    if !is_problem(response) {
        return false;
    }
    let said = response.description.as_str();
    match status {
        "401" => Tokens::ALL
            .into_iter()
            .any(|tokens| [false, true].into_iter().any(|stale| said == no_token(tokens, stale))),
        "403" => FORBIDDEN_BY_ATTRIBUTE.contains(&said) || said.starts_with(FORBIDDEN),
        "404" => said == NOT_FOUND,
        "503" => [STORE, CHECK, STORE_OR_CHECK].contains(&said),
        _ => false,
    }
}

/// A response has to have a description (OpenAPI 3.1.0 section 4.8.17); the phrase of its status is better than none.
fn describe_responses(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        let phrase = status.parse::<StatusCode>().ok().and_then(|status| status.canonical_reason());
        if let (RefOr::T(response), Some(phrase)) = (response, phrase)
            && response.description.is_empty()
        {
            phrase.clone_into(&mut response.description);
        }
    }
}

pub(super) fn answer(operation: &mut Operation, status: &str, response: impl FnOnce() -> Response) {
    operation.responses.responses.entry(status.to_owned()).or_insert_with(|| RefOr::T(response()));
}

/// Whether a signed-in user can be refused with 403: a session that has ended, a missing token and a sign-in that is too old are a
/// 401, and a hidden check is a 404.
fn asks_who(rule: &Rule) -> bool {
    match rule {
        Rule::Live | Rule::BothTokens | Rule::Fresh(_) | Rule::Check { not_found: true, .. } => false,
        Rule::Any([]) | Rule::All([]) => true,
        Rule::Any(rules) | Rule::All(rules) => rules.iter().any(asks_who),
        _ => true,
    }
}

fn forbidden(access: &Access, rule: &Rule, roles: &Roles) -> Response {
    let description = format!("{FORBIDDEN}{}", access.words(roles.private));
    if asks_for_names(rule) { challenged(&description) } else { refusal(&description) }
}

/// Whether the user can lack something that a challenge is about: not where checks and impersonation alone decide.
fn asks_for_names(rule: &Rule) -> bool {
    match rule {
        Rule::Role(_) | Rule::Scope(_) | Rule::Not(_) | Rule::Any([]) | Rule::All([]) => true,
        Rule::Any(rules) | Rule::All(rules) => rules.iter().any(asks_for_names),
        _ => false,
    }
}

/// What credentials an operation looks at.
#[derive(Clone, Copy)]
enum Tokens {
    Access,
    Live,
    Both,
}

impl Tokens {
    const ALL: [Self; 3] = [Self::Access, Self::Live, Self::Both];
}

fn unauthorized(access: &Access) -> Response {
    let tokens = if access.asks_for_both_tokens() {
        Tokens::Both
    } else if access.asks_for_liveness() {
        Tokens::Live
    } else {
        Tokens::Access
    };
    challenged(&no_token(tokens, access.asks_for_freshness()))
}

/// The description of a 401; `stale` where the sign-in can be too old.
fn no_token(tokens: Tokens, stale: bool) -> String {
    let mut said = match tokens {
        Tokens::Access => "No valid access token",
        Tokens::Live => "No valid access token, or its session has ended",
        Tokens::Both => "No valid access and refresh token of one session, or the session has ended",
    }
    .to_owned();
    if stale {
        said.push_str(", or the user signed in too long ago");
    }
    said
}

fn unavailable(access: &Access) -> Option<&'static str> {
    let checks =
        matches!(access, Access::Require(rule) if rule.any(&|atom| matches!(atom, Rule::Check { .. })));
    match (access.asks_for_liveness(), checks) {
        (true, true) => Some(STORE_OR_CHECK),
        (true, false) => Some(STORE),
        (false, true) => Some(CHECK),
        (false, false) => None,
    }
}

/// A refusal with the challenge of RFC 6750 section 3.
fn challenged(description: &str) -> Response {
    let mut response = refusal(description);
    let text: RefOr<Schema> = ObjectBuilder::new().schema_type(Type::String).into();
    let header =
        HeaderBuilder::new().schema(Some(text)).description(Some("The challenge of RFC 6750 section 3"));
    response.headers.insert("WWW-Authenticate".to_owned(), RefOr::T(header.build()));
    response
}

fn is_problem(response: &Response) -> bool {
    let problem: RefOr<Schema> = Ref::from_schema_name(ProblemDetails::name()).into();
    let only = if response.content.len() == 1 { response.content.get(PROBLEM) } else { None };
    matches!(only, Some(RefOr::T(content)) if content.schema.as_ref() == Some(&problem))
}

/// A refusal with a problem body.
pub(crate) fn refusal(description: &str) -> Response {
    let problem = Ref::from_schema_name(ProblemDetails::name());
    ResponseBuilder::new()
        .description(description)
        .content(PROBLEM, ContentBuilder::new().schema(Some(problem)).build())
        .build()
}
