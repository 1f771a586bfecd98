//! The OpenAPI document of a router: what its handlers say about themselves, and what their access adds in the end.
//!
//! utoipa-axum collects the operations and schemas as utoipa makes them. [`finish`](RouterDocument::finish) writes the access of each
//! row into its operation, once, when the document is asked for.

use std::any::Any;
use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use http::Method;
use utoipa::openapi::path::{HttpMethod, Operation};
use utoipa::openapi::{OpenApi, RefOr, Schema};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use super::handler::Provides;
use super::pages::Page;
use crate::matrix::{AccessRow, Declaration, nested};
use crate::openapi::{self, Declared, TokenPlaces};

/// The part of the OpenAPI document that describes one handler.
pub struct Document {
    pub(super) path: String,
    pub(super) methods: Vec<HttpMethod>,
    pub(super) operation: Operation,
    pub(super) schemas: Vec<(String, RefOr<Schema>)>,
}

/// A handler that `#[utoipa::path]` or a macro such as `typed_refresh_handler!` documents.
#[diagnostic::on_unimplemented(
    message = "this handler has no path",
    label = "#[utoipa::path] is missing",
    note = "put `#[utoipa::path(get, path = \"/...\")]` below the access attribute",
    note = "or name method and path here, for a handler that is in no document: `routes!(GET \"/...\" => handler)`",
    note = "if it is there, it comes from another version of utoipa: this crate needs utoipa 6"
)]
pub trait Documented {
    #[doc(hidden)]
    fn document() -> Document;
}

#[diagnostic::do_not_recommend]
impl<D> Documented for D
where
    D: utoipa::Path + for<'t> utoipa::__dev::Tags<'t> + utoipa::__dev::SchemaReferences,
{
    fn document() -> Document {
        let mut schemas = Vec::new();
        D::schemas(&mut schemas);
        let mut operation = D::operation();
        let tags = D::tags();
        if !tags.is_empty() {
            operation.tags.get_or_insert_default().extend(tags.into_iter().map(str::to_owned));
        }
        Document { path: D::path(), methods: D::methods(), operation, schemas }
    }
}

/// Gives every type a constant that says that it is documented. The type that an access attribute makes for a handler without a document
/// has an associated constant of the same name, which takes precedence.
pub trait Documentable {
    /// Whether `#[utoipa::path]` was where the access attribute could not see it.
    const UNDOCUMENTED: bool = false;
}

impl<T> Documentable for T {}

/// What the document of an operation needs to know beside its row.
#[derive(Clone)]
pub(super) struct OperationFacts {
    auth: AuthOf,
}

/// The `Auth` that verifies the tokens of a route.
#[derive(Clone)]
enum AuthOf {
    /// The one in the router's state, which is not known yet.
    State(fn(&dyn Any) -> Option<TokenPlaces>),
    Known(Option<TokenPlaces>),
}

impl OperationFacts {
    /// The facts of a handler with this demand on the state.
    pub(super) fn of<S: Provides<Demands> + 'static, Demands>() -> Self {
        Self { auth: AuthOf::State(|state| state.downcast_ref::<S>().and_then(S::token_places)) }
    }

    /// The facts of an operation under this `Auth`.
    pub(super) fn under(places: Option<TokenPlaces>) -> Self {
        Self { auth: AuthOf::Known(places) }
    }

    fn token_places(&self) -> Option<&TokenPlaces> {
        match &self.auth {
            AuthOf::Known(places) => places.as_ref(),
            AuthOf::State(_) => None,
        }
    }
}

/// The parts of a router's document that utoipa-axum does not keep.
#[derive(Clone, Default)]
pub(super) struct RouterDocument {
    operations: Vec<Place>,
    /// The places of tokens for operations whose `Auth` no state has told.
    described: Option<TokenPlaces>,
    /// The document, from the moment when it is first asked for. Each change takes it away.
    finished: OnceLock<OpenApi>,
    /// The pages that show the final document.
    pub(super) pages: Vec<Page>,
}

/// An operation of a handler in the router.
#[derive(Clone)]
struct Place {
    path: String,
    method: Method,
    facts: OperationFacts,
}

impl RouterDocument {
    /// Adds the operations of a handler to the router and its document, in the place of those that the application wrote there.
    pub(super) fn add<S>(
        &mut self,
        mut router: OpenApiRouter<S>,
        (schemas, paths, service): UtoipaMethodRouter<S>,
        facts: &OperationFacts,
    ) -> OpenApiRouter<S>
    where
        S: Clone + Send + Sync + 'static,
    {
        for (path, item) in &paths.paths {
            for (method, _) in openapi::operations(item) {
                openapi::remove(router.get_openapi_mut(), path, &method);
                self.add_operation(path, method, facts.clone());
            }
        }
        router.routes((schemas, paths, service))
    }

    /// Takes away the document that was made before.
    pub(super) fn changed(&mut self) {
        self.finished.take();
    }

    /// Sets the places of tokens for operations whose `Auth` no state has told.
    pub(super) fn describe(&mut self, places: TokenPlaces) {
        self.changed();
        self.described = Some(places);
    }

    /// Adds an operation that is in the document already.
    pub(super) fn add_operation(&mut self, path: &str, method: Method, facts: OperationFacts) {
        self.changed();
        self.operations.push(Place { path: path.to_owned(), method, facts });
    }

    /// Moves the operations and pages below a prefix. What the application wrote by hand into `openapi`, which moves with them, gives way to the
    /// operations of the router around.
    pub(super) fn move_below(&mut self, prefix: &str, openapi: &mut OpenApi, around: &Self) {
        for operation in &mut self.operations {
            operation.path = nested(prefix, &operation.path);
        }
        for page in &mut self.pages {
            page.move_below(prefix);
        }
        let taken: HashSet<_> = around.operations.iter().map(|place| (&*place.path, &place.method)).collect();
        for (path, item) in &mut openapi.paths.paths {
            let path = nested(prefix, path);
            openapi::retain(item, |method| !taken.contains(&(&*path, method)));
        }
    }

    /// Removes the operations of this router from another document, in which the application wrote them.
    pub(super) fn make_room(&self, other: &mut OpenApi) {
        for Place { path, method, .. } in &self.operations {
            openapi::remove(other, path, method);
        }
    }

    /// Adds another document.
    pub(super) fn merge(&mut self, other: Self) {
        self.changed();
        self.operations.extend(other.operations);
        self.described = self.described.take().or(other.described);
        self.pages.extend(other.pages);
    }

    /// Tells the operations the state of the router, which knows where tokens are taken from.
    ///
    /// An operation that demands nothing of the state, such as a public one, belongs to the `Auth` of the others if they have one alone.
    pub(super) fn set_state<S: 'static>(&mut self, state: &S) {
        self.changed();
        let mut places = Vec::new();
        let mut unknown = Vec::new();
        for Place { facts: OperationFacts { auth }, .. } in &mut self.operations {
            let AuthOf::State(ask) = auth else { continue };
            *auth = AuthOf::Known(ask(state));
            match auth {
                AuthOf::Known(Some(known)) if !places.contains(known) => places.push(known.clone()),
                AuthOf::Known(known @ None) => unknown.push(known),
                _ => {}
            }
        }
        if let [only] = places.as_slice() {
            unknown.into_iter().for_each(|place| *place = Some(only.clone()));
        }
    }

    /// The document, made of what utoipa-axum has collected, with the access of each row in its operation.
    pub(super) fn of(&self, collected: &OpenApi, rows: &[AccessRow]) -> &OpenApi {
        self.finished.get_or_init(|| self.finish(collected.clone(), rows))
    }

    /// As [`of`](Self::of), from the router that is taken apart.
    pub(super) fn finish(&self, mut openapi: OpenApi, rows: &[AccessRow]) -> OpenApi {
        let tables: Vec<_> = rows.iter().map(|row| row.declaration.roles).collect();
        let rows = rows.iter().map(|row| ((row.path(), row.method()), row.declaration));
        let rows: HashMap<_, _> = rows.collect();
        let declared = self.operations.iter().filter_map(|Place { path, method, facts }| {
            let Declaration { access, roles, .. } = *rows.get(&(path.as_str(), method.as_str()))?;
            let token_places = facts.token_places().or(self.described.as_ref());
            Some(Declared { path, method, access, roles, token_places })
        });
        openapi::finish(&mut openapi, &declared.collect::<Vec<_>>(), &tables);
        openapi
    }

    /// Hands the pages the document, which is final now.
    pub(super) fn show(&self, openapi: &OpenApi) {
        for page in &self.pages {
            page.show(openapi);
        }
    }
}

/// The method of a document, for HTTP.
pub(super) fn method_of(method: &HttpMethod) -> Method {
    match method {
        HttpMethod::Get => Method::GET,
        HttpMethod::Put => Method::PUT,
        HttpMethod::Post => Method::POST,
        HttpMethod::Delete => Method::DELETE,
        HttpMethod::Options => Method::OPTIONS,
        HttpMethod::Head => Method::HEAD,
        HttpMethod::Patch => Method::PATCH,
        HttpMethod::Trace => Method::TRACE,
    }
}

/// The method of an endpoint, for a document.
pub(super) fn http_method(method: &Method) -> HttpMethod {
    match *method {
        Method::POST => HttpMethod::Post,
        Method::DELETE => HttpMethod::Delete,
        _ => HttpMethod::Get,
    }
}
