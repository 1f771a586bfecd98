//! Arguments of handlers that say what they take from a request and how they refuse one.

use std::fmt;

use http::StatusCode;
use utoipa::ToSchema;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::response::Response;
use utoipa::openapi::{ObjectBuilder, RefOr, Required, Schema, Type};

use super::marks::{Mark, Marks};
use super::refusals::{self, MALFORMED, refusal, retried};
use crate::access::{Access, NamedRule, Rule};
use crate::auth::{RefreshSession, Session};
use crate::claims::SessionClaims;
use crate::extract::proof::Proof;
use crate::http::{NEXT, Reauthentication, RefreshTokens, ReturnTo, SignIn};

/// An argument of a handler that says what it takes from a request and how it refuses one.
///
/// [`routes!`](crate::routes) asks every argument of a handler, and writes the answer into the operation of the handler. An argument
/// without this trait adds nothing. [`SignIn`], [`Reauthentication`], [`RefreshSession`] and [`Proof`] have it; implement it for an
/// extractor of your own.
///
/// The words of the handler come first: a parameter that `#[utoipa::path]` describes stays as it is, and of a status that it describes
/// both descriptions are shown.
///
/// ```
/// use axum::extract::FromRequestParts;
/// use axum::http::request::Parts;
/// use axum::http::StatusCode;
/// use countersign::{AuthRouter, DocumentsArgument, ArgumentDocument, ProblemDetails, public, routes};
///
/// /// The key under which a request may be repeated.
/// struct IdempotencyKey(String);
///
/// impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
///     type Rejection = ProblemDetails;
///
///     async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ProblemDetails> {
///         let key = parts.headers.get("idempotency-key").and_then(|key| key.to_str().ok());
///         let missing = || ProblemDetails::new(StatusCode::BAD_REQUEST, "no_key", "Send an Idempotency-Key.");
///         key.map(|key| Self(key.to_owned())).ok_or_else(missing)
///     }
/// }
///
/// impl DocumentsArgument for IdempotencyKey {
///     fn document(argument: &mut ArgumentDocument) {
///         argument
///             .required_header("Idempotency-Key", "The key under which the request may be repeated")
///             .refusal(StatusCode::BAD_REQUEST, "The request has no `Idempotency-Key`");
///     }
/// }
///
/// #[public(reason = "anyone may order")]
/// #[utoipa::path(post, path = "/orders", responses((status = 201)))]
/// async fn order(key: IdempotencyKey) {
///     println!("{}", key.0);
/// }
///
/// # fn router() -> AuthRouter {
/// AuthRouter::new().routes(routes!(order))
/// # }
/// ```
pub trait DocumentsArgument {
    /// Says what the argument takes and how it refuses.
    fn document(argument: &mut ArgumentDocument);
}

const WRONG_CREDENTIALS: &str = "The credentials are wrong";

/// The document of an argument, for [`DocumentsArgument`].
#[derive(Default)]
pub struct ArgumentDocument {
    parameters: Vec<Parameter>,
    responses: Vec<(StatusCode, Response)>,
    /// Answers to statuses that nothing else describes.
    fallbacks: Vec<(StatusCode, Response)>,
    schemas: Vec<(String, RefOr<Schema>)>,
    checks_sender: bool,
    endpoint: Option<Mark>,
}

impl ArgumentDocument {
    /// Adds a refusal whose body is a [`ProblemDetails`](crate::ProblemDetails).
    pub fn refusal(&mut self, status: StatusCode, description: &str) -> &mut Self {
        let refusal = refusal(description);
        let is_outage = status == StatusCode::SERVICE_UNAVAILABLE;
        self.response(status, if is_outage { retried(refusal) } else { refusal })
    }

    /// Adds an answer of any other kind. Schemas that it names are added with [`schema`](Self::schema).
    pub fn response(&mut self, status: StatusCode, response: impl Into<Response>) -> &mut Self {
        self.responses.push((status, response.into()));
        self
    }

    /// Adds a header that a request may have.
    pub fn header(&mut self, name: &str, description: &str) -> &mut Self {
        self.parameter(text(name, ParameterIn::Header, Required::False, description))
    }

    /// Adds a header that a request has to have.
    pub fn required_header(&mut self, name: &str, description: &str) -> &mut Self {
        self.parameter(text(name, ParameterIn::Header, Required::True, description))
    }

    /// Adds a cookie that a request may have.
    pub fn cookie(&mut self, name: &str, description: &str) -> &mut Self {
        self.parameter(text(name, ParameterIn::Cookie, Required::False, description))
    }

    /// Adds a parameter of any other kind.
    pub fn parameter(&mut self, parameter: impl Into<Parameter>) -> &mut Self {
        self.parameters.push(parameter.into());
        self
    }

    /// Adds a schema that an answer or a parameter names, with those that it names itself.
    pub fn schema<T: ToSchema>(&mut self) -> &mut Self {
        self.schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(&mut self.schemas);
        self
    }

    /// Adds the refusals of an access where nothing else describes them: the guard of the same operation says them in better words.
    fn access(&mut self, access: &Access) -> &mut Self {
        self.fallbacks.push((StatusCode::BAD_REQUEST, refusal(MALFORMED)));
        self.fallbacks.extend(refusals::without_names(access));
        self
    }

    /// Adds what `refused` answers, unless the handler describes a 401 itself.
    fn wrong_credentials(&mut self) -> &mut Self {
        self.fallbacks.push((StatusCode::UNAUTHORIZED, refusals::challenged(WRONG_CREDENTIALS)));
        self
    }

    /// Adds what follows from a check of the sender. It is due with cookies alone, so it waits until the `Auth` is known.
    fn checks_sender(&mut self) -> &mut Self {
        self.checks_sender = true;
        self
    }

    /// Writes the document into the operation of a handler.
    pub(crate) fn write(self, operation: &mut Operation, schemas: &mut Vec<(String, RefOr<Schema>)>) {
        for parameter in self.parameters {
            add_parameter(operation, parameter);
        }
        for (status, response) in self.responses {
            let status = status.as_str();
            let responses = &mut operation.responses.responses;
            // An attribute may have written it for its guard, which will write it again.
            if responses.get(status).is_some_and(|present| refusals::is_ours(status, present)) {
                responses.remove(status);
            }
            refusals::answer(operation, status, response);
        }
        let fallbacks = self.fallbacks.into_iter().map(|(status, it)| (status.as_u16(), it));
        let (checks_sender, endpoint) = (self.checks_sender, self.endpoint);
        Marks::change(operation, |marks| {
            marks.fallbacks.extend(fallbacks);
            marks.checks_sender |= checks_sender;
            marks.endpoint = endpoint.or(marks.endpoint);
        });
        schemas.extend(self.schemas);
    }
}

// utoipa's types are not `Debug` without its feature `debug`.
impl fmt::Debug for ArgumentDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let statuses: Vec<_> =
            self.responses.iter().chain(&self.fallbacks).map(|(status, _)| status).collect();
        let parameters: Vec<_> = self.parameters.iter().map(|parameter| &parameter.name).collect();
        f.debug_struct("ArgumentDocument")
            .field("parameters", &parameters)
            .field("statuses", &statuses)
            .finish_non_exhaustive()
    }
}

/// Adds a parameter unless the operation describes it already.
pub(super) fn add_parameter(operation: &mut Operation, parameter: Parameter) {
    let is_header = parameter.parameter_in == ParameterIn::Header;
    let is_same = |present: &RefOr<Parameter>| match present {
        RefOr::T(present) => {
            present.parameter_in == parameter.parameter_in
                && (present.name == parameter.name
                    || is_header && present.name.eq_ignore_ascii_case(&parameter.name))
        }
        RefOr::Ref(_) => false,
    };
    let parameters = operation.parameters.get_or_insert_default();
    if !parameters.iter().any(is_same) {
        parameters.push(RefOr::T(parameter));
    }
    if parameters.is_empty() {
        operation.parameters = None;
    }
}

pub(super) fn text(name: &str, place: ParameterIn, required: Required, description: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(required)
        .description(Some(description))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build()
}

impl DocumentsArgument for ReturnTo {
    fn document(argument: &mut ArgumentDocument) {
        let description = "The page to go to after the sign-in: a path of this site, with its query. Anything else is ignored";
        argument.parameter(text(NEXT, ParameterIn::Query, Required::False, description));
    }
}

impl<C: SessionClaims> DocumentsArgument for SignIn<C> {
    fn document(argument: &mut ArgumentDocument) {
        argument
            .refusal(StatusCode::BAD_REQUEST, "The request carries tokens twice, or in a malformed way")
            .refusal(
                StatusCode::SERVICE_UNAVAILABLE,
                "The session store does not answer; there is no new session",
            )
            .wrong_credentials()
            .checks_sender();
    }
}

impl<C: SessionClaims> DocumentsArgument for Reauthentication<C> {
    fn document(argument: &mut ArgumentDocument) {
        argument
            .access(&Access::Require(Rule::IN_PERSON))
            .response(StatusCode::UNAUTHORIZED, refusals::challenged(WRONG_CREDENTIALS))
            .checks_sender();
    }
}

impl<C: SessionClaims> DocumentsArgument for Session<C> {
    fn document(argument: &mut ArgumentDocument) {
        argument.access(&Access::Authenticated);
    }
}

impl<C: SessionClaims> DocumentsArgument for RefreshSession<C> {
    fn document(argument: &mut ArgumentDocument) {
        argument.access(&Access::Require(Rule::BothTokens));
    }
}

impl<R: NamedRule> DocumentsArgument for Proof<R> {
    fn document(argument: &mut ArgumentDocument) {
        argument.access(&Access::Require(R::RULE));
    }
}

/// The handler of `typed_refresh_handler!` is known by this argument. A mark in its own document would stay there in a router of utoipa-axum.
impl DocumentsArgument for RefreshTokens {
    fn document(argument: &mut ArgumentDocument) {
        argument.endpoint = Some(Mark::Refresh);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use utoipa::openapi::path::OperationBuilder;
    use utoipa::openapi::response::ResponseBuilder;

    use super::*;
    use crate::claims::role::RoleTable;
    use crate::openapi::declare;
    use crate::router::ArgumentsOf;

    #[derive(crate::SessionClaims, Clone)]
    struct User {
        #[claims(subject)]
        _id: u64,
    }

    /// As the code that `routes!` writes.
    macro_rules! describe {
        ($operation:ident, $($argument:ty),*) => {{
            let mut schemas = Vec::new();
            crate::__describe_arguments!(ArgumentsOf::<($($argument,)*)>::new(), &mut $operation, &mut schemas);
            schemas
        }};
    }

    #[derive(ToSchema)]
    struct Busy {
        _until: u64,
    }

    struct Own;

    impl DocumentsArgument for Own {
        fn document(argument: &mut ArgumentDocument) {
            argument
                .required_header("Idempotency-Key", "the key")
                .header("X-Trace", "the trace")
                .cookie("theme", "the theme")
                .refusal(StatusCode::CONFLICT, "The key was used before")
                .response(StatusCode::TOO_MANY_REQUESTS, ResponseBuilder::new().description("Later"))
                .schema::<Busy>();
        }
    }

    fn statuses(operation: &Operation) -> Vec<&str> {
        operation.responses.responses.keys().map(String::as_str).collect()
    }

    fn json_of(operation: &Operation) -> Value {
        serde_json::to_value(operation).unwrap()
    }

    #[test]
    fn an_argument_that_says_nothing_changes_nothing() {
        let mut operation = OperationBuilder::new().build();
        let schemas = describe!(operation, String, Option<Own>, axum::extract::State<User>);
        assert!(operation == OperationBuilder::new().build() && schemas.is_empty());
    }

    #[test]
    fn an_argument_of_the_application_describes_itself() {
        let mut operation = OperationBuilder::new().build();
        let schemas = describe!(operation, String, Own);
        let json = json_of(&operation);
        let parameters: Vec<_> = json["parameters"].as_array().unwrap().iter().collect();
        let named: Vec<_> =
            parameters.iter().map(|it| json!([it["name"], it["in"], it["required"]])).collect();
        assert_eq!(
            named,
            [
                json!(["Idempotency-Key", "header", true]),
                json!(["X-Trace", "header", false]),
                json!(["theme", "cookie", false])
            ]
        );
        assert_eq!(statuses(&operation), ["409", "429"]);
        assert_eq!(schemas[0].0, "Busy");
        assert!(!json.to_string().contains("x-countersign"));
    }

    #[test]
    fn the_words_of_the_handler_come_first_and_both_are_shown() {
        let own = ParameterBuilder::new().name("idempotency-key").parameter_in(ParameterIn::Header);
        let mut operation = OperationBuilder::new()
            .parameter(own.description(Some("mine")).build())
            .response("409", ResponseBuilder::new().description("Taken").build())
            .build();
        describe!(operation, Own, Own);
        let json = json_of(&operation);
        assert_eq!(json["parameters"].as_array().unwrap().len(), 3);
        assert_eq!(json["parameters"][0]["description"], "mine");
        assert_eq!(json["responses"]["409"]["description"], "Taken\n\nThe key was used before");
        assert!(json["responses"]["409"]["content"]["application/problem+json"].is_object());
    }

    #[test]
    fn a_sign_in_says_what_it_refuses() {
        let mine = ResponseBuilder::new().description("Wrong password").build();
        let mut operation = OperationBuilder::new().response("401", mine).build();
        describe!(operation, SignIn<User>);
        assert_eq!(statuses(&operation), ["400", "401", "503"]);
        let marks = Marks::take(&mut operation);
        assert!(marks.checks_sender && operation.extensions.is_none());
        marks.write_fallbacks(&mut operation);
        assert_eq!(json_of(&operation)["responses"]["401"], json!({ "description": "Wrong password" }));
        let mut bare = OperationBuilder::new().build();
        describe!(bare, SignIn<User>);
        Marks::take(&mut bare).write_fallbacks(&mut bare);
        assert_eq!(json_of(&bare)["responses"]["401"]["description"], "The credentials are wrong");
    }

    /// Where the argument declares the access, the guard's words are there and nothing is said twice.
    #[test]
    fn the_refusals_of_an_access_are_said_once() {
        let mut operation = OperationBuilder::new().build();
        describe!(operation, Reauthentication<User>, Session<User>, RefreshSession<User>);
        declare(&mut operation, &Access::Require(Rule::IN_PERSON), &RoleTable::NONE);
        let marks = Marks::take(&mut operation);
        marks.write_fallbacks(&mut operation);
        let responses = &json_of(&operation)["responses"];
        assert_eq!(statuses(&operation), ["400", "401", "403", "503"]);
        assert_eq!(
            responses["401"]["description"],
            "The credentials are wrong\n\nNo valid access token, or its session has ended"
        );
        let mut optional = OperationBuilder::new().build();
        describe!(optional, RefreshSession<User>);
        declare(&mut optional, &Access::Optional, &RoleTable::NONE);
        Marks::take(&mut optional).write_fallbacks(&mut optional);
        assert_eq!(statuses(&optional), ["400", "401", "503"], "an access of a later argument");
    }
}
