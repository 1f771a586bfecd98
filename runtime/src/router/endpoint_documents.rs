//! The documents of the endpoints.

use utoipa::ToSchema;
use utoipa::openapi::path::{HttpMethod, Operation, OperationBuilder, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::{ContentBuilder, ObjectBuilder, Ref, RefOr, Required, Schema, Type};

use super::endpoints::Endpoint;
use crate::access::{Access, Policy};
use crate::auth::TokenPair;
use crate::claims::role::RoleTable;
use crate::http::{
    LogoutPolicy, LogoutRequest, OwnSessionsPolicy, RefreshPolicy, RefreshRequest, SessionList,
};
use crate::openapi::{Document, declare, refusal};
use crate::rejection::ProblemDetails;

const JSON: &str = "application/json";

/// No endpoint asks for a role.
const NO_ROLES: &RoleTable = &RoleTable::NONE;

/// The document of an endpoint of `Auth::routes`.
pub(crate) fn document(endpoint: Endpoint, path: String, tags: Vec<String>, access: &Access) -> Document {
    let mut operation = operation(endpoint, endpoint.id(), "");
    operation.tags = Some(tags).filter(|tags| !tags.is_empty());
    declare(&mut operation, access, NO_ROLES);
    let mut schemas = Vec::new();
    endpoint_schemas(endpoint, &mut schemas);
    Document { path, methods: endpoint_methods(endpoint), operation, schemas }
}

/// The one method of an endpoint.
pub fn endpoint_methods(endpoint: Endpoint) -> Vec<HttpMethod> {
    vec![match endpoint {
        Endpoint::Refresh | Endpoint::Logout | Endpoint::LogoutAll => HttpMethod::Post,
        Endpoint::Sessions => HttpMethod::Get,
        Endpoint::RevokeSession | Endpoint::RevokeOthers => HttpMethod::Delete,
    }]
}

/// What a client sends, and every answer it can get. `docs` are the user's own words, if there are any.
pub fn endpoint_operation(endpoint: Endpoint, id: &str, docs: &str) -> Operation {
    let mut operation = operation(endpoint, id, docs);
    declare(&mut operation, &access(endpoint), NO_ROLES);
    operation
}

/// The schemas that the operation names.
pub fn endpoint_schemas(endpoint: Endpoint, schemas: &mut Vec<(String, RefOr<Schema>)>) {
    match endpoint {
        Endpoint::Refresh => {
            add::<RefreshRequest>(schemas);
            add::<TokenPair>(schemas);
        }
        Endpoint::Logout => add::<LogoutRequest>(schemas),
        Endpoint::Sessions => add::<SessionList>(schemas),
        Endpoint::LogoutAll | Endpoint::RevokeSession | Endpoint::RevokeOthers => {}
    }
    add::<ProblemDetails>(schemas);
}

fn access(endpoint: Endpoint) -> Access {
    match endpoint {
        Endpoint::Refresh => RefreshPolicy::ACCESS,
        Endpoint::Logout => LogoutPolicy::ACCESS,
        Endpoint::LogoutAll | Endpoint::Sessions | Endpoint::RevokeSession | Endpoint::RevokeOthers => {
            OwnSessionsPolicy::ACCESS
        }
    }
}

fn operation(endpoint: Endpoint, id: &str, docs: &str) -> Operation {
    let docs = if docs.is_empty() { words(endpoint) } else { docs };
    let (summary, description) = docs.split_once("\n\n").unwrap_or((docs, ""));
    let mut operation = OperationBuilder::new()
        .operation_id(Some(id))
        .summary(Some(summary))
        .description(Some(description).filter(|text| !text.is_empty()))
        .request_body(request(endpoint));
    if endpoint == Endpoint::RevokeSession {
        let text = ObjectBuilder::new().schema_type(Type::String);
        let id = ParameterBuilder::new()
            .name("id")
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .description(Some("The `id` of the session, as the list of sessions names it"))
            .schema(Some(text));
        operation = operation.parameter(id);
    }
    for (status, response) in responses(endpoint) {
        operation = operation.response(status, response);
    }
    operation.build()
}

/// Summary and description where the user writes none.
fn words(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::Refresh => "Exchanges a refresh token for the next pair of tokens",
        Endpoint::Logout => {
            "Ends the session of the tokens in the request\n\nThe access token may have expired. Where there is \
             nothing to end, the answer is the same."
        }
        Endpoint::LogoutAll => "Ends every session of the caller, this one too",
        Endpoint::Sessions => "Lists the sessions of the caller, the newest first",
        Endpoint::RevokeSession => "Ends one session of the caller",
        Endpoint::RevokeOthers => "Ends every session of the caller but this one",
    }
}

fn request(endpoint: Endpoint) -> Option<RequestBody> {
    let (schema, required) = match endpoint {
        Endpoint::Refresh => (RefreshRequest::name(), Required::True),
        Endpoint::Logout => (LogoutRequest::name(), Required::False),
        _ => return None,
    };
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(schema))).build();
    Some(RequestBodyBuilder::new().content(JSON, content).required(Some(required)).build())
}

/// Every answer but the refusals that follow from the access.
fn responses(endpoint: Endpoint) -> Vec<(&'static str, Response)> {
    let malformed = ("400", refusal("The request is malformed, or gives credentials more than once"));
    let not_json = ("415", refusal("The body is not JSON"));
    let unavailable = ("503", refusal("The session store does not answer; nothing was changed"));
    match endpoint {
        Endpoint::Refresh => vec![
            ("200", answer::<TokenPair>("The next pair; the refresh token of the request is used up")),
            ("400", refusal("The refresh token is not valid any more, or the request is malformed")),
            not_json,
            unavailable,
        ],
        Endpoint::Logout => vec![("204", nothing("Signed out")), malformed, not_json, unavailable],
        Endpoint::LogoutAll => vec![("204", nothing("Signed out everywhere")), malformed, unavailable],
        Endpoint::Sessions => vec![("200", answer::<SessionList>("The sessions")), malformed, unavailable],
        Endpoint::RevokeSession => vec![
            ("204", nothing("The session has ended")),
            malformed,
            ("404", refusal("The caller has no such session")),
            unavailable,
        ],
        Endpoint::RevokeOthers => {
            vec![("204", nothing("The other sessions have ended")), malformed, unavailable]
        }
    }
}

fn answer<T: ToSchema>(description: &str) -> Response {
    let schema = Ref::from_schema_name(T::name());
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new().description(description).content(JSON, content).build()
}

fn nothing(description: &str) -> Response {
    ResponseBuilder::new().description(description).build()
}

fn add<T: ToSchema>(schemas: &mut Vec<(String, RefOr<Schema>)>) {
    schemas.push((T::name().into_owned(), T::schema()));
    T::schemas(schemas);
}
