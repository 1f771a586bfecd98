//! The document of an endpoint, made of its facts.

use std::borrow::Cow;

use utoipa::ToSchema;
use utoipa::openapi::path::{
    HttpMethod, Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::{Content, ContentBuilder, ObjectBuilder, Ref, RefOr, Required, Schema, Type};

use super::{Endpoint, ID};
use crate::auth::TokenPair;
use crate::http::{LogoutRequest, RefreshRequest, SessionList};
use crate::openapi::marks::Mark;
use crate::openapi::refusal;
use crate::rejection::ProblemDetails;

const JSON: &str = "application/json";

/// Schemas with their names, as utoipa collects them.
type Schemas = Vec<(String, RefOr<Schema>)>;

/// A type of a body: its name in the document, and how its schemas are added.
pub(super) struct Body {
    name: Cow<'static, str>,
    add: fn(&mut Schemas),
}

impl Body {
    pub(super) fn of<T: ToSchema>() -> Self {
        Self { name: T::name(), add: add::<T> }
    }

    fn content(&self) -> Content {
        ContentBuilder::new().schema(Some(Ref::from_schema_name(&*self.name))).build()
    }
}

fn add<T: ToSchema>(schemas: &mut Schemas) {
    schemas.push((T::name().into_owned(), T::schema()));
    T::schemas(schemas);
}

/// The description of an endpoint.
///
/// Its access is not here: that follows from the first argument of its handler, as for every other handler.
pub(super) struct Facts {
    /// The operation's name in the document.
    pub(super) id: &'static str,
    pub(super) mark: Mark,
    /// Summary and description, with a blank line between them.
    pub(super) docs: &'static str,
    request: Option<(Body, Required)>,
    /// Status, description and body of the answer.
    success: (&'static str, &'static str, Option<Body>),
    /// Status and description of refusals of its own. Those of every endpoint and those that follow from the access are added.
    refusals: &'static [(&'static str, &'static str)],
}

impl Endpoint {
    pub(super) fn facts(self) -> Facts {
        match self {
            Self::Refresh => Facts {
                id: "refresh",
                mark: Mark::Refresh,
                docs: "Exchanges a refresh token for the next pair of tokens",
                request: Some((Body::of::<RefreshRequest>(), Required::True)),
                success: (
                    "200",
                    "The next pair; the refresh token of the request is used up",
                    Some(Body::of::<TokenPair>()),
                ),
                refusals: &[("400", "The refresh token is not valid any more, or the request is malformed")],
            },
            Self::Logout => Facts {
                id: "logout",
                mark: Mark::Logout,
                docs: "Ends the session of the tokens in the request\n\n\
                       The access token may have expired. The answer is the same if there is nothing to end.",
                request: Some((Body::of::<LogoutRequest>(), Required::False)),
                success: ("204", "Signed out", None),
                refusals: &[],
            },
            Self::LogoutAll => Facts {
                id: "logout_all",
                mark: Mark::Other,
                docs: "Ends every session of the caller, this one too",
                request: None,
                success: ("204", "Signed out everywhere", None),
                refusals: &[],
            },
            Self::Sessions => Facts {
                id: "sessions",
                mark: Mark::Other,
                docs: "Lists the sessions of the caller, the newest first",
                request: None,
                success: ("200", "The sessions", Some(Body::of::<SessionList>())),
                refusals: &[],
            },
            Self::RevokeSession => Facts {
                id: "revoke_session",
                mark: Mark::Other,
                docs: "Ends one session of the caller",
                request: None,
                success: ("204", "The session has ended", None),
                refusals: &[("404", "The caller has no such session")],
            },
            Self::RevokeOthers => Facts {
                id: "revoke_others",
                mark: Mark::Other,
                docs: "Ends every session of the caller but this one",
                request: None,
                success: ("204", "The other sessions have ended", None),
                refusals: &[],
            },
        }
    }
}

impl Facts {
    /// The operation at this path, with this name and these words, without what follows from its access.
    pub(super) fn operation(&self, path: &str, id: &str, docs: &str) -> Operation {
        let (summary, description) = docs.split_once("\n\n").unwrap_or((docs, ""));
        let request = self.request.as_ref().map(|(body, required)| {
            RequestBodyBuilder::new().content(JSON, body.content()).required(Some(required.clone())).build()
        });
        let mut operation = OperationBuilder::new()
            .operation_id(Some(id))
            .summary(Some(summary))
            .description(Some(description).filter(|text| !text.is_empty()))
            .request_body(request);
        if path.contains(ID) {
            operation = operation.parameter(session_id());
        }
        for (status, response) in self.responses() {
            operation = operation.response(status, response);
        }
        operation.build()
    }

    /// Every answer but the refusals that follow from the access. Of two with one status, the later one counts.
    fn responses(&self) -> Vec<(&'static str, Response)> {
        let (status, description, body) = &self.success;
        let mut success = ResponseBuilder::new().description(*description);
        if let Some(body) = body {
            success = success.content(JSON, body.content());
        }
        let mut responses = vec![
            (*status, success.build()),
            ("503", refusal("The session store does not answer; nothing was changed")),
        ];
        // An endpoint without a body is guarded, and the guard says what is malformed.
        if self.request.is_some() {
            let malformed = refusal("The request is malformed, or gives credentials more than once");
            responses.extend([("400", malformed), ("415", refusal("The body is not JSON"))]);
        }
        responses.extend(self.refusals.iter().map(|(status, description)| (*status, refusal(description))));
        responses
    }

    /// The schemas that the operation names.
    pub(super) fn schemas(&self) -> Schemas {
        let mut schemas = Vec::new();
        let bodies = self.request.iter().map(|(body, _)| body).chain(&self.success.2);
        bodies.for_each(|body| (body.add)(&mut schemas));
        add::<ProblemDetails>(&mut schemas);
        schemas
    }
}

fn session_id() -> Parameter {
    let text = ObjectBuilder::new().schema_type(Type::String);
    ParameterBuilder::new()
        .name("id")
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some("The `id` of the session, as the list of sessions names it"))
        .schema(Some(text))
        .build()
}

/// Whether the operation takes and answers what [`refresh_document`] wrote, to the letter.
pub(in crate::router) fn is_refresh(operation: &Operation) -> bool {
    let own = refresh_document::operation("", "");
    operation.request_body == own.request_body && operation.responses == own.responses
}

/// The document of a handler that `typed_refresh_handler!` writes.
pub mod refresh_document {
    use super::{Endpoint, HttpMethod, Operation, Schemas};
    use crate::access::Policy as _;
    use crate::claims::role::RoleTable;
    use crate::http::RefreshPolicy;
    use crate::openapi::declare;

    pub use crate::router::endpoints::TAG;

    /// The path, unless the macro is given another.
    pub fn path() -> String {
        Endpoint::Refresh.path().to_owned()
    }

    /// `POST`.
    pub fn methods() -> Vec<HttpMethod> {
        vec![HttpMethod::Post]
    }

    /// The request and every answer. `docs` are the words of the handler's doc comments, and may be empty.
    pub fn operation(id: &str, docs: &str) -> Operation {
        let facts = Endpoint::Refresh.facts();
        let mut operation = facts.operation("", id, if docs.is_empty() { facts.docs } else { docs });
        declare(&mut operation, &RefreshPolicy::ACCESS, &RoleTable::NONE);
        operation
    }

    /// The schemas that the operation names.
    pub fn schemas(schemas: &mut Schemas) {
        schemas.extend(Endpoint::Refresh.facts().schemas());
    }
}
