//! The last step of every document: what follows from the guards and the `Auth`s, and names that nothing else has.

use std::collections::HashMap;

use http::Method;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::schema::OneOfBuilder;
use utoipa::openapi::{Components, Content, ContentBuilder, OpenApi, Ref, RefOr, Required, Response, Schema};
use utoipa::{PartialSchema as _, ToSchema};

use super::arguments::{add_parameter, text};
use super::declare::declare_with;
use super::marks::{Mark, Marks};
use super::private::{conceal, without_private};
use super::refusals::{self, PROBLEM, answer, describe_look_up, oauth_refusal, refusal};
use super::schemes::{self, Asker, Names, TokenPlaces};
use super::walk::{named_operations, operations};
use super::{add_schemas, names, operation_ids, parameters};
use crate::access::Access;
use crate::auth::TokenPair;
use crate::claims::role::RoleTable;
use crate::http::CookieTokens;
use crate::rejection::ProblemDetails;

const JSON: &str = "application/json";

/// An operation of a handler in the router, with the access that the server enforces.
pub(crate) struct Declared<'a> {
    /// The path as axum has it.
    pub(crate) path: &'a str,
    pub(crate) method: &'a Method,
    pub(crate) access: Access,
    pub(crate) roles: RoleTable,
    /// Where the `Auth` of the operation takes tokens, if that is known.
    pub(crate) token_places: Option<&'a TokenPlaces>,
}

/// Completes a document that holds the operations as utoipa made them.
///
/// Each declared operation gets its security, its refusals and what its arguments say. Everything that is there twice gets a name of its
/// own, and the application's names stay. `tables` has the roles of every route, documented or not; those that are private are in no document.
pub(crate) fn finish(openapi: &mut OpenApi, declared: &[Declared<'_>], tables: &[RoleTable]) {
    parameters::complete(&mut openapi.paths, openapi.components.as_ref());
    let marks = take_marks(openapi);
    let is_ours = |path: &str, method: &str| {
        marks.get(&(path.to_owned(), method.to_owned())).is_some_and(|marks| marks.endpoint.is_some())
    };
    operation_ids::make_unique(openapi, is_ours);
    let owners = Owners::of(declared);
    let names = schemes::add(openapi, &owners.askers);
    if owners.askers.iter().any(|asker| asker.places.is_some_and(TokenPlaces::has_cookies)) {
        add_schemas(openapi, schemas::<CookieTokens>());
    }
    let unmarked = Marks::default();
    for declared in declared {
        let path = parameters::template(declared.path);
        let method = declared.method.as_str().to_lowercase();
        let owner = owners.of_operation(declared);
        let components = openapi.components.as_ref();
        let Some(item) = openapi.paths.paths.get_mut(&*path) else { continue };
        let Some((_, operation)) = named_operations(item).find(|(name, _)| *name == method) else { continue };
        let marks = marks.get(&(path.into_owned(), method)).unwrap_or(&unmarked);
        match owner {
            Some(owner) => {
                let places = owners.askers[owner].places;
                complete(operation, declared, marks, places, &names[owner], components);
            }
            None => complete(operation, declared, marks, None, &Names::default(), components),
        }
    }
    // Those of the application alone, too.
    openapi.paths.paths.values_mut().flat_map(operations).for_each(refusals::describe_responses);
    add_schemas(openapi, schemas::<ProblemDetails>());
    give_problems_their_media_type(openapi);
    names::make_plain(openapi);
    let mut concealed: Vec<RoleTable> = Vec::new();
    for roles in tables {
        if !concealed.iter().any(|other| other.private == roles.private && other.names == roles.names) {
            conceal(openapi, roles);
            concealed.push(*roles);
        }
    }
}

/// The marks of every operation that has some, by its path and its method in lower case.
fn take_marks(openapi: &mut OpenApi) -> HashMap<(String, String), Marks> {
    let mut all = HashMap::new();
    for (path, item) in &mut openapi.paths.paths {
        for (method, operation) in named_operations(item) {
            let marks = Marks::take(operation);
            if marks != Marks::default() {
                all.insert((path.clone(), method.to_owned()), marks);
            }
        }
    }
    all
}

/// Every `Auth` of a document once.
struct Owners<'a> {
    askers: Vec<Asker<'a>>,
}

impl<'a> Owners<'a> {
    fn of(declared: &[Declared<'a>]) -> Self {
        let mut askers: Vec<Asker<'a>> = Vec::new();
        for places in declared.iter().filter_map(|declared| declared.token_places) {
            if !askers.iter().any(|known| known.places == Some(places)) {
                askers.push(Asker { places: Some(places), ..Asker::default() });
            }
        }
        // One `Auth` that is known is taken for that of every operation.
        let is_open = |declared: &Declared<'_>| matches!(declared.access, Access::Public { .. });
        let is_unknown = |declared: &Declared<'_>| declared.token_places.is_none() && !is_open(declared);
        if askers.is_empty() || askers.len() > 1 && declared.iter().any(is_unknown) {
            askers.push(Asker::default());
        }
        let mut owners = Self { askers };
        for declared in declared {
            if let Some(owner) = owners.of_operation(declared) {
                let asker = &mut owners.askers[owner];
                asker.asks_for_both |= declared.access.asks_for_both_tokens();
                asker.scopes.extend(declared.access.scopes());
            }
        }
        owners
    }

    /// `None` for a public operation of which is not known to which of several it belongs.
    fn of_operation(&self, declared: &Declared<'_>) -> Option<usize> {
        let known = self.askers.iter().position(|asker| asker.places == declared.token_places);
        known.or((self.askers.len() == 1).then_some(0))
    }
}

fn complete(
    operation: &mut Operation,
    declared: &Declared<'_>,
    marks: &Marks,
    places: Option<&TokenPlaces>,
    names: &Names,
    components: Option<&Components>,
) {
    let Declared { method, access, roles, .. } = declared;
    resolve_responses(operation, access, components);
    declare_with(operation, access, roles, names);
    if !roles.private.is_empty() {
        *operation = without_private(std::mem::take(operation), roles);
    }
    let is_guarded = !matches!(access, Access::Public { .. });
    let changes = !method.is_safe();
    if let Some(places) = places {
        if is_guarded && places.looks_up() {
            describe_look_up(operation);
        }
        let takes_cookie = matches!(marks.endpoint, Some(Mark::Refresh | Mark::Logout));
        if changes && places.has_cookies() && (marks.checks_sender || takes_cookie) {
            let words = "Where neither `Sec-Fetch-Site` nor `Origin` is sent, as by a client that is no browser: the `csrf_token` of the \
                         session, and any value where there is no session yet";
            add_parameter(operation, text("X-CSRF-Token", ParameterIn::Header, Required::False, words));
            answer(operation, "403", if takes_cookie { oauth_refusal } else { refusal }(OTHER_SITE));
        } else if changes && is_guarded && places.has_access_cookie() {
            answer(operation, "403", refusal(OTHER_SITE));
        }
        if places.has_cookies() && marks.endpoint == Some(Mark::Refresh) {
            describe_refresh(operation);
        }
    }
    marks.write_fallbacks(operation);
}

const OTHER_SITE: &str = "Another site may have sent the request";

/// Puts a response of the document in the place of a reference to it, where the guard gives the same status.
fn resolve_responses(operation: &mut Operation, access: &Access, components: Option<&Components>) {
    for (status, response) in &mut operation.responses.responses {
        let RefOr::Ref(reference) = &response else { continue };
        let name = reference.ref_location.strip_prefix("#/components/responses/");
        let target = name.and_then(|name| components?.responses.get(name));
        if let Some(target) = target
            && refusals::may_answer(access, status)
        {
            *response = target.clone();
        }
    }
}

/// A browser sends no body and gets cookies.
fn describe_refresh(operation: &mut Operation) {
    const TOKENS: &str = "The next tokens, the way the refresh token came: in the body, or in cookies";

    if let Some(RefOr::T(body)) = &mut operation.request_body {
        body.required = Some(Required::False);
        body.description = Some("Without a body, the refresh token is taken from its cookie".to_owned());
    }
    let Some(RefOr::T(response)) = operation.responses.responses.get_mut("200") else { return };
    TOKENS.clone_into(&mut response.description);
    for content in response.content.values_mut() {
        let either = [TokenPair::name(), CookieTokens::name()].map(Ref::from_schema_name);
        let schema = either.into_iter().fold(OneOfBuilder::new(), OneOfBuilder::item);
        *content = RefOr::T(ContentBuilder::new().schema(Some(schema)).build());
    }
}

fn schemas<T: ToSchema>() -> Vec<(String, RefOr<Schema>)> {
    let mut schemas = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut schemas);
    schemas
}

/// `body = ProblemDetails` says JSON, since utoipa reads the media type off the name of a Rust type.
fn give_problems_their_media_type(openapi: &mut OpenApi) {
    let reference: RefOr<Schema> = Ref::from_schema_name(ProblemDetails::name()).into();
    let inline = ProblemDetails::schema();
    let is_problem = |content: &RefOr<Content>| match content {
        RefOr::T(content) => content.schema.as_ref().is_some_and(|it| *it == reference || *it == inline),
        RefOr::Ref(_) => false,
    };
    let correct = |response: &mut RefOr<Response>| {
        let RefOr::T(response) = response else { return };
        if !response.content.get(JSON).is_some_and(is_problem) {
            return;
        }
        for (media_type, content) in std::mem::take(&mut response.content) {
            let media_type = if media_type == JSON { PROBLEM.to_owned() } else { media_type };
            response.content.entry(media_type).or_insert(content);
        }
    };
    for item in openapi.paths.paths.values_mut() {
        operations(item).flat_map(|operation| operation.responses.responses.values_mut()).for_each(correct);
    }
    if let Some(components) = &mut openapi.components {
        components.responses.values_mut().for_each(correct);
    }
}
