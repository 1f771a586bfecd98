//! The document of an endpoint, made of its facts.

use std::borrow::Cow;

use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::path::{
    HttpMethod, Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::{Content, ContentBuilder, ObjectBuilder, Ref, RefOr, Required, Schema, Type};

use super::{Endpoint, ID};
use crate::auth::{Introspection, TokenPair};
use crate::http::{IntrospectionRequest, LogoutRequest, RefreshRequest, SessionList};
use crate::openapi::marks::Mark;
use crate::openapi::{oauth_refusal, refusal, retried};
use crate::rejection::{OAuthError, ProblemDetails};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

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
    request: Option<RequestBody>,
    /// Whether the query may say where a page begins.
    is_paged: bool,
    /// Status, description and body of the answer.
    success: (&'static str, &'static str, Option<Body>),
    /// Status and description of another answer, without a body.
    other_success: Option<(&'static str, &'static str)>,
    /// Status and description of refusals of its own. Those of every endpoint and those that follow from the access are added.
    refusals: &'static [(&'static str, &'static str)],
}

/// The body that an endpoint takes, as JSON or as a form.
struct RequestBody {
    body: Body,
    required: Required,
    /// The parameters of an OAuth client.
    example: fn() -> Value,
}

impl Endpoint {
    pub(super) fn facts(self) -> Facts {
        match self {
            Self::Refresh => Facts {
                id: "refresh",
                mark: Mark::Refresh,
                docs: "Exchanges a refresh token for the next pair of tokens",
                request: Some(RequestBody {
                    body: Body::of::<RefreshRequest>(),
                    required: Required::True,
                    example: || json!({ "grant_type": "refresh_token", "refresh_token": "(refresh token)" }),
                }),
                is_paged: false,
                success: (
                    "200",
                    "The next pair; the refresh token of the request is used up",
                    Some(Body::of::<TokenPair>()),
                ),
                other_success: None,
                refusals: &[(
                    "400",
                    "The refresh token is not valid any more, another grant is asked for, or the request is malformed",
                )],
            },
            Self::Logout => Facts {
                id: "logout",
                mark: Mark::Logout,
                docs: "Ends the session of the tokens in the request\n\n\
                       The access token may have expired. The answer is the same if there is nothing to end.\n\n\
                       It is the revocation endpoint of OAuth clients too (RFC 7009): with `token` in the body, its session ends, \
                       cookies and headers are not looked at, and the answer is 200 for every token.",
                request: Some(RequestBody {
                    body: Body::of::<LogoutRequest>(),
                    required: Required::False,
                    example: || json!({ "token": "(token)", "token_type_hint": "refresh_token" }),
                }),
                is_paged: false,
                success: ("204", "Signed out", None),
                other_success: Some((
                    "200",
                    "The session of the `token` in the body has ended, if there was one",
                )),
                refusals: &[],
            },
            Self::LogoutAll => Facts {
                id: "logout_all",
                mark: Mark::Other,
                docs: "Ends every session of the caller, this one too",
                request: None,
                is_paged: false,
                success: ("204", "Signed out everywhere", None),
                other_success: None,
                refusals: &[],
            },
            Self::Sessions => Facts {
                id: "sessions",
                mark: Mark::Other,
                docs: "Lists the sessions of the caller, the newest first\n\n\
                       A page has 100 at most. If there are more, `next` is what to send as `after` for the next page.",
                request: None,
                is_paged: true,
                success: ("200", "The sessions", Some(Body::of::<SessionList>())),
                other_success: None,
                refusals: &[],
            },
            Self::RevokeSession => Facts {
                id: "revoke_session",
                mark: Mark::Other,
                docs: "Ends one session of the caller",
                request: None,
                is_paged: false,
                success: ("204", "The session has ended", None),
                other_success: None,
                refusals: &[("404", "The caller has no such session")],
            },
            Self::RevokeOthers => Facts {
                id: "revoke_others",
                mark: Mark::Other,
                docs: "Ends every session of the caller but this one",
                request: None,
                is_paged: false,
                success: ("204", "The other sessions have ended", None),
                other_success: None,
                refusals: &[],
            },
            Self::Introspection => Facts {
                id: "introspect",
                mark: Mark::Other,
                docs: "Tells whether a token is active\n\n\
                       For services that are given tokens (RFC 7662). The answer to a token that is not active says nothing else about it.",
                request: Some(RequestBody {
                    body: Body::of::<IntrospectionRequest>(),
                    required: Required::True,
                    example: || json!({ "token": "(token)", "token_type_hint": "access_token" }),
                }),
                is_paged: false,
                success: ("200", "The state of the token", Some(Body::of::<Introspection>())),
                other_success: None,
                refusals: &[],
            },
        }
    }
}

impl Facts {
    /// The operation at this path, with this name and these words, without what follows from its access.
    pub(super) fn operation(&self, path: &str, id: &str, docs: &str) -> Operation {
        let (summary, description) = docs.split_once("\n\n").unwrap_or((docs, ""));
        let request = self.request.as_ref().map(|RequestBody { body, required, example }| {
            let builder = RequestBodyBuilder::new().content(JSON, body.content());
            let mut form = body.content();
            form.example = Some(example());
            builder.content(FORM, form).required(Some(required.clone())).build()
        });
        let mut operation = OperationBuilder::new()
            .operation_id(Some(id))
            .summary(Some(summary))
            .description(Some(description).filter(|text| !text.is_empty()))
            .request_body(request);
        if path.contains(ID) {
            operation = operation.parameter(session_id());
        }
        if self.is_paged {
            operation = operation.parameter(after());
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
        let mut responses = vec![(*status, success.build())];
        let unavailable = "The session store does not answer; nothing was changed";
        // An endpoint without a body is guarded, and the guard says what is malformed. The others speak OAuth.
        let refused = if self.request.is_some() {
            let malformed = "The request is malformed, or gives credentials more than once";
            responses.extend([
                ("400", oauth_refusal(malformed)),
                ("415", oauth_refusal("The body is neither JSON nor a form")),
                ("503", retried(oauth_refusal(unavailable))),
            ]);
            oauth_refusal
        } else {
            responses.push(("503", retried(refusal(unavailable))));
            refusal
        };
        if let Some((status, description)) = self.other_success {
            responses.push((status, ResponseBuilder::new().description(description).build()));
        }
        responses.extend(self.refusals.iter().map(|(status, description)| (*status, refused(description))));
        responses
    }

    /// The schemas that the operation names.
    pub(super) fn schemas(&self) -> Schemas {
        let mut schemas = Vec::new();
        let bodies = self.request.iter().map(|request| &request.body).chain(&self.success.2);
        bodies.for_each(|body| (body.add)(&mut schemas));
        if self.request.is_some() {
            add::<OAuthError>(&mut schemas);
        }
        add::<ProblemDetails>(&mut schemas);
        schemas
    }
}

fn after() -> Parameter {
    let text = ObjectBuilder::new().schema_type(Type::String);
    ParameterBuilder::new()
        .name("after")
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some("The `next` of the page before; without it, the first page"))
        .schema(Some(text))
        .build()
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
