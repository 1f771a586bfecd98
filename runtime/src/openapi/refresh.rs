//! The document of `typed_refresh_handler!`.

use utoipa::ToSchema;
use utoipa::openapi::path::{HttpMethod, Operation, OperationBuilder};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Required, Schema};

use super::refusal;
use crate::auth::TokenPair;
use crate::http::RefreshRequest;
use crate::rejection::ProblemDetails;

const JSON: &str = "application/json";

/// Refreshing changes the session.
pub fn refresh_methods() -> Vec<HttpMethod> {
    vec![HttpMethod::Post]
}

/// What a client sends, and every answer it can get.
pub fn refresh_operation(id: &str, summary: &str, description: &str) -> Operation {
    let body = RequestBodyBuilder::new()
        .content(
            JSON,
            ContentBuilder::new().schema(Some(Ref::from_schema_name(RefreshRequest::name()))).build(),
        )
        .required(Some(Required::True))
        .build();
    let pair = ResponseBuilder::new()
        .description("The next pair; the refresh token of the request is used up")
        .content(JSON, ContentBuilder::new().schema(Some(Ref::from_schema_name(TokenPair::name()))).build());
    OperationBuilder::new()
        .operation_id(Some(id))
        .summary(Some(summary))
        .description(Some(description).filter(|text| !text.is_empty()))
        .request_body(Some(body))
        .response("200", pair)
        .response("400", refusal("The refresh token is not valid any more, or the request is malformed"))
        .response("415", refusal("The body is not JSON"))
        .response("503", refusal("The session store does not answer; nothing was changed"))
        .build()
}

/// The schemas that the operation names.
pub fn refresh_schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
    add::<RefreshRequest>(schemas);
    add::<TokenPair>(schemas);
    add::<ProblemDetails>(schemas);
}

fn add<T: ToSchema>(schemas: &mut Vec<(String, RefOr<Schema>)>) {
    schemas.push((T::name().into_owned(), T::schema()));
    T::schemas(schemas);
}
