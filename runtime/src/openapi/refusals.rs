//! The refusals of a guard, as responses of an operation.

use http::StatusCode;
use utoipa::ToSchema as _;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::OneOfBuilder;
use utoipa::openapi::{Content, ContentBuilder, ObjectBuilder, Ref, RefOr, Schema, Type};

use crate::access::{Access, Rule};
use crate::claims::role::RoleTable;
use crate::rejection::{OAuthError, ProblemDetails};

/// The media type of every refusal (RFC 9457).
pub(super) const PROBLEM: &str = "application/problem+json";

/// The description of a 400 of a guard, whatever the access.
pub(crate) const MALFORMED: &str = "The request gives credentials twice, or in a malformed way";

/// How the description of a 403 begins.
const FORBIDDEN: &str = "The signed-in user may not: requires ";

const NOT_FOUND: &str = "There is no such thing, or the signed-in user may not know of it";
pub(crate) const STORE: &str = "The session store does not answer";
const CHECK: &str = "A check has failed";
const STORE_OR_CHECK: &str = "The session store does not answer, or a check has failed";

/// The words of a refusal, for the responses that an attribute adds to `#[utoipa::path]`.
pub mod refusal_words {
    use super::{CHECK, Lack, MALFORMED, STORE, STORE_OR_CHECK, Tokens, mentions, no_token, not_allowed};
    use crate::access::{Access, Rule};

    /// The description of a 400. It is the same for every access that looks at credentials.
    pub fn malformed(_: &Access) -> &'static str {
        MALFORMED
    }

    /// The description of a 401.
    pub fn unauthorized(access: &Access) -> String {
        no_token(Tokens::of(access), access.asks_for_freshness())
    }

    /// The description of a 403 without names: an attribute does not know which roles are private.
    pub fn forbidden(access: &Access) -> String {
        not_allowed(Lack::of(access), mentions(access, |atom| matches!(atom, Rule::NotImpersonated)))
    }

    /// The description of a 503.
    pub fn unavailable(access: &Access) -> &'static str {
        match (access.asks_for_liveness(), access.check(0).is_some()) {
            (true, true) => STORE_OR_CHECK,
            (true, false) => STORE,
            (false, _) => CHECK,
        }
    }
}

/// Adds every refusal of the guard. Where the operation describes the same status itself, it then shows both.
pub(super) fn describe(operation: &mut Operation, access: &Access, roles: &RoleTable) {
    remove_ours(operation);
    add_refusals(operation, access, roles);
    describe_responses(operation);
}

fn add_refusals(operation: &mut Operation, access: &Access, roles: &RoleTable) {
    if let Access::Public { .. } = access {
        return;
    }
    answer(operation, "400", challenged(MALFORMED));
    answer(operation, "401", challenged(&refusal_words::unauthorized(access)));
    if let Access::Require(rule) = access {
        if asks_who(rule) {
            answer(operation, "403", forbidden(access, rule, roles));
        }
        if rule.any(&|atom| matches!(atom, Rule::Check { not_found: true, .. })) {
            answer(operation, "404", refusal(NOT_FOUND));
        }
    }
    if access.asks_for_liveness() || access.check(0).is_some() {
        answer(operation, "503", retried(refusal(refusal_words::unavailable(access))));
    }
}

/// Whether a guard with this access may answer with this status, in some configuration.
pub(super) fn may_answer(access: &Access, status: &str) -> bool {
    match (access, status) {
        (Access::Public { .. }, _) => false,
        (Access::Require(rule), "404") => {
            rule.any(&|atom| matches!(atom, Rule::Check { not_found: true, .. }))
        }
        (_, status) => ["400", "401", "403", "503"].contains(&status),
    }
}

/// The refusals of an access without the names of roles, for an argument, which does not know which roles are private.
pub(super) fn without_names(access: &Access) -> Vec<(StatusCode, Response)> {
    let mut refusals = vec![(StatusCode::UNAUTHORIZED, challenged(&refusal_words::unauthorized(access)))];
    let Access::Require(rule) = access else { return refusals };
    if asks_who(rule) {
        refusals.push((StatusCode::FORBIDDEN, refusal(&refusal_words::forbidden(access))));
    }
    if rule.any(&|atom| matches!(atom, Rule::Check { not_found: true, .. })) {
        refusals.push((StatusCode::NOT_FOUND, refusal(NOT_FOUND)));
    }
    if access.asks_for_liveness() || access.check(0).is_some() {
        let unavailable = retried(refusal(refusal_words::unavailable(access)));
        refusals.push((StatusCode::SERVICE_UNAVAILABLE, unavailable));
    }
    refusals
}

/// Adds that the store looks up every session, unless the guard of the operation has said so already.
pub(super) fn describe_look_up(operation: &mut Operation) {
    let checked = operation.responses.responses.get_mut("503").is_some_and(|response| match response {
        RefOr::T(present) => {
            replace_paragraph(present, |said| (said == CHECK).then_some(STORE_OR_CHECK.into()))
        }
        RefOr::Ref(_) => false,
    });
    let says_so = |response: &RefOr<Response>| matches!(response, RefOr::T(present) if paragraphs(present).any(|said| said == STORE_OR_CHECK));
    if !checked && !operation.responses.responses.get("503").is_some_and(says_so) {
        answer(operation, "503", retried(refusal(STORE)));
    }
    if let Some(RefOr::T(present)) = operation.responses.responses.get_mut("401") {
        replace_paragraph(present, |said| {
            let stale = [false, true].into_iter().find(|stale| said == no_token(Tokens::Access, *stale))?;
            Some(no_token(Tokens::Live, stale))
        });
    }
}

/// Takes out what this module has written, for whatever access.
fn remove_ours(operation: &mut Operation) {
    operation.responses.responses.retain(|status, response| !is_ours(status, response));
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response {
            let theirs: Vec<_> = paragraphs(response).filter(|said| !is_said_by_us(status, said)).collect();
            let theirs = theirs.join(BREAK);
            response.description = theirs;
        }
    }
}

/// Whether this module has written the response, and the application nothing: a problem in one of its descriptions.
pub(super) fn is_ours(status: &str, response: &RefOr<Response>) -> bool {
    let RefOr::T(response) = response else { return false };
    is_problem(response) && paragraphs(response).all(|said| is_said_by_us(status, said))
}

fn is_said_by_us(status: &str, said: &str) -> bool {
    let either = [false, true];
    match status {
        "400" => said == MALFORMED,
        "401" => {
            Tokens::ALL.iter().any(|tokens| either.iter().any(|stale| said == no_token(*tokens, *stale)))
        }
        "403" => {
            said.starts_with(FORBIDDEN)
                || Lack::ALL.iter().any(|lack| either.iter().any(|acted| said == not_allowed(*lack, *acted)))
        }
        "404" => said == NOT_FOUND,
        "503" => [STORE, CHECK, STORE_OR_CHECK].contains(&said),
        _ => false,
    }
}

/// Between what the application says about a status and what a guard says about it.
const BREAK: &str = "\n\n";

fn paragraphs(response: &Response) -> impl Iterator<Item = &str> {
    response.description.split(BREAK)
}

/// Returns whether there was such a paragraph.
fn replace_paragraph(response: &mut Response, replace: impl Fn(&str) -> Option<String>) -> bool {
    let mut found = false;
    let replaced: Vec<_> = paragraphs(response)
        .map(|said| replace(said).inspect(|_| found = true).unwrap_or_else(|| said.to_owned()))
        .collect();
    response.description = replaced.join(BREAK);
    found
}

/// A response has to have a description (OpenAPI 3.1.0 section 4.8.17); the phrase of its status is better than none.
pub(super) fn describe_responses(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        let phrase = status.parse::<StatusCode>().ok().and_then(|status| status.canonical_reason());
        if let (RefOr::T(response), Some(phrase)) = (response, phrase)
            && response.description.is_empty()
        {
            phrase.clone_into(&mut response.description);
        }
    }
}

/// Adds an answer. Where the operation describes the same status already, it then shows both: the words of both, the bodies of both by
/// their media types, and the headers of both.
pub(super) fn answer(operation: &mut Operation, status: &str, response: Response) {
    match operation.responses.responses.get_mut(status) {
        Some(RefOr::T(present)) => merge(present, response),
        // A reference that leads nowhere in this document: there is nothing to put beside it.
        Some(RefOr::Ref(_)) => {}
        None => {
            operation.responses.responses.insert(status.to_owned(), RefOr::T(response));
        }
    }
}

fn merge(present: &mut Response, other: Response) {
    for said in other.description.split(BREAK) {
        if present.description.is_empty() {
            said.clone_into(&mut present.description);
        } else if !paragraphs(present).any(|present| says(present, said)) {
            present.description.push_str(BREAK);
            present.description.push_str(said);
        }
    }
    for (name, header) in other.headers {
        if !present.headers.keys().any(|present| present.eq_ignore_ascii_case(&name)) {
            present.headers.insert(name, header);
        }
    }
    for (media_type, content) in other.content {
        match (present.content.get_mut(&media_type), content) {
            (None, content) => {
                present.content.insert(media_type, content);
            }
            (Some(RefOr::T(present)), RefOr::T(content)) => {
                present.schema = either(present.schema.take(), content.schema);
            }
            (Some(_), _) => {}
        }
    }
}

/// Whether a paragraph has these words, alone or with more behind a semicolon.
fn says(present: &str, words: &str) -> bool {
    present.strip_prefix(words).is_some_and(|more| more.is_empty() || more.starts_with("; "))
}

/// A body of either schema.
fn either(one: Option<RefOr<Schema>>, other: Option<RefOr<Schema>>) -> Option<RefOr<Schema>> {
    match (one, other) {
        (Some(one), Some(other)) if one == other => Some(one),
        (Some(RefOr::T(Schema::OneOf(mut some))), Some(other)) if some.discriminator.is_none() => {
            if !some.items.contains(&other) {
                some.items.push(other);
            }
            Some(RefOr::T(Schema::OneOf(some)))
        }
        (Some(one), Some(other)) => Some(OneOfBuilder::new().item(one).item(other).into()),
        (one, other) => one.or(other),
    }
}

/// Whether a signed-in user can get a 403. A session that has ended, a missing token and a sign-in that is too old give a 401, and a
/// hidden check gives a 404.
fn asks_who(rule: &Rule) -> bool {
    match rule {
        Rule::Live | Rule::BothTokens | Rule::Fresh(_) | Rule::Check { not_found: true, .. } => false,
        Rule::Any([]) | Rule::All([]) => true,
        Rule::Any(rules) | Rule::All(rules) => rules.iter().any(asks_who),
        _ => true,
    }
}

fn forbidden(access: &Access, rule: &Rule, roles: &RoleTable) -> Response {
    let description = format!("{FORBIDDEN}{}", access.words(roles.private));
    if asks_for_names(rule) { challenged(&description) } else { refusal(&description) }
}

/// Whether a role, a scope or another kind of token can be missing, which a challenge is about. Checks and impersonation have no challenge.
fn asks_for_names(rule: &Rule) -> bool {
    match rule {
        Rule::Role(_)
        | Rule::Scope(_)
        | Rule::Issuer(_)
        | Rule::Machine
        | Rule::Not(_)
        | Rule::Any([])
        | Rule::All([]) => true,
        Rule::Any(rules) | Rule::All(rules) => rules.iter().any(asks_for_names),
        _ => false,
    }
}

/// The credentials that an operation looks at.
#[derive(Clone, Copy)]
enum Tokens {
    Access,
    Live,
    Both,
}

impl Tokens {
    const ALL: [Self; 3] = [Self::Access, Self::Live, Self::Both];

    fn of(access: &Access) -> Self {
        match (access.asks_for_both_tokens(), access.asks_for_liveness()) {
            (true, _) => Self::Both,
            (false, true) => Self::Live,
            (false, false) => Self::Access,
        }
    }
}

/// The reason why a signed-in user is refused, as far as an attribute knows it.
#[derive(Clone, Copy)]
enum Lack {
    Nothing,
    Role,
    Scope,
    Rule,
}

impl Lack {
    const ALL: [Self; 4] = [Self::Nothing, Self::Role, Self::Scope, Self::Rule];

    fn of(access: &Access) -> Self {
        let roles = mentions(access, |atom| matches!(atom, Rule::Role(_)));
        let scopes = mentions(access, |atom| matches!(atom, Rule::Scope(_)));
        let others =
            mentions(access, |atom| matches!(atom, Rule::Check { .. } | Rule::Issuer(_) | Rule::Machine));
        match (roles, scopes, others) {
            (false, false, false) => Self::Nothing,
            (true, false, false) => Self::Role,
            (false, true, false) => Self::Scope,
            _ => Self::Rule,
        }
    }
}

fn mentions(access: &Access, wanted: fn(&Rule) -> bool) -> bool {
    matches!(access, Access::Require(rule) if rule.any(&wanted))
}

/// The description of a 403 that an attribute writes; `impersonated` where impersonation alone can be the reason.
fn not_allowed(lack: Lack, impersonated: bool) -> String {
    let lacks = match lack {
        Lack::Nothing => return "The signed-in user is impersonated".to_owned(),
        Lack::Role => "lacks the role",
        Lack::Scope => "lacks the scope",
        Lack::Rule => "does not satisfy the rule",
    };
    format!("The signed-in user {lacks}{}", if impersonated { ", or is impersonated" } else { "" })
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

/// A refusal with the challenge of RFC 6750 section 3.
pub(super) fn challenged(description: &str) -> Response {
    let mut response = refusal(description);
    let text: RefOr<Schema> = ObjectBuilder::new().schema_type(Type::String).into();
    let header =
        HeaderBuilder::new().schema(Some(text)).description(Some("The challenge of RFC 6750 section 3"));
    response.headers.insert("WWW-Authenticate".to_owned(), RefOr::T(header.build()));
    response
}

/// Whether one of the bodies is a problem of this crate, under whatever media type.
pub(super) fn has_problem(response: &Response) -> bool {
    let problem: RefOr<Schema> = Ref::from_schema_name(ProblemDetails::name()).into();
    let is_it = |body: &RefOr<_>| matches!(body, RefOr::T(body) if is_of(body, &problem));
    response.content.values().any(is_it)
}

fn is_of(content: &Content, schema: &RefOr<Schema>) -> bool {
    content.schema.as_ref() == Some(schema)
}

fn is_problem(response: &Response) -> bool {
    let problem: RefOr<Schema> = Ref::from_schema_name(ProblemDetails::name()).into();
    let only = if response.content.len() == 1 { response.content.get(PROBLEM) } else { None };
    matches!(only, Some(RefOr::T(content)) if content.schema.as_ref() == Some(&problem))
}

/// A refusal by an endpoint that speaks OAuth: its body has two media types, by that of the request.
pub(crate) fn oauth_refusal(description: &str) -> Response {
    let mut response = refusal(description);
    let error = ContentBuilder::new().schema(Some(Ref::from_schema_name(OAuthError::name()))).build();
    response.content.insert("application/json".to_owned(), RefOr::T(error));
    response
}

/// With the header that says when to ask again, as every 503 of this crate has it (RFC 9110 section 10.2.3).
pub(crate) fn retried(mut response: Response) -> Response {
    let seconds: RefOr<Schema> = ObjectBuilder::new().schema_type(Type::Integer).into();
    let header =
        HeaderBuilder::new().schema(Some(seconds)).description(Some("When to ask again, in seconds"));
    response.headers.insert("Retry-After".to_owned(), RefOr::T(header.build()));
    response
}

/// A refusal with a problem body.
pub(crate) fn refusal(description: &str) -> Response {
    let problem = Ref::from_schema_name(ProblemDetails::name());
    ResponseBuilder::new()
        .description(description)
        .content(PROBLEM, ContentBuilder::new().schema(Some(problem)).build())
        .build()
}
