//! To and from utoipa-axum: the document of a router, and whole routers of utoipa-axum in an [`AuthRouter`].

use std::panic::Location;

use axum::Router;
use http::Method;
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::Operation;
use utoipa_axum::router::OpenApiRouter;

use super::document::{OperationFacts, RouterDocument};
use super::endpoints::is_refresh;
use super::guard::both;
use super::listing::Listing;
use super::services::{Gate, ServiceAccess};
use super::trace::NoTrace;
use super::{AuthRouter, served};
use crate::access::{Access, DeclaredWhere, Rule};
use crate::auth::Auth;
use crate::claims::SessionClaims;
use crate::claims::role::RoleTable;
use crate::layer::{all_of, any_of};
use crate::matrix::{AccessRow, Declaration, Methods, RoutePlace, nested};
use crate::openapi::marks::{Mark, Marks};
use crate::openapi::{self, TokenPlaces};

impl<S: Clone + Send + Sync + 'static> AuthRouter<S> {
    /// A router without routes that writes into a document of yours: its title, servers, tags and components stay.
    ///
    /// The operations of [`routes`](Self::routes) replace those of your document for the same path and method: they follow from what the
    /// server enforces. Your schemas and security schemes stay; where one has a name that this crate would use for something else, the name
    /// of this crate gives way (`CountersignTokenPair`, `countersignBearer`).
    #[must_use]
    pub fn with_openapi(openapi: OpenApi) -> Self {
        Self {
            router: OpenApiRouter::with_openapi(openapi),
            listing: Listing::default(),
            document: RouterDocument::default(),
        }
    }

    /// Says how this `Auth` takes tokens beside the `Authorization` header, for operations of which that is not known: the access cookie,
    /// the named header, the query, and that a browser refreshes without a body. It also says that
    /// [`Liveness::Always`](crate::Liveness::Always) asks the store, which may not answer.
    ///
    /// A router that gets its state knows this of itself, and the endpoints of [`Auth::routes`](crate::Auth::routes) bring it along. This is
    /// for a document that is taken before [`with_state`](Self::with_state).
    #[must_use]
    pub fn describe<C: SessionClaims>(mut self, auth: &Auth<C>) -> Self {
        self.document.describe(TokenPlaces::of(auth));
        self
    }

    /// Adds the routes of a router of utoipa-axum under a prefix, with their document, for those who have this access.
    ///
    /// Each operation of its document has its row in the [access matrix](Self::access_matrix), its `security`, and its questions from the
    /// probe. One more row, whose path ends in `{*path}`, is for routes that the document does not have. In all other respects this is
    /// [`nest_router`](Self::nest_router): the access is asked before every handler, its fallback included, and handlers need not declare
    /// anything. A handler that does is asked too: the roles of its `security` are in its row.
    ///
    /// ```
    /// use countersign::{Auth, AuthRouter, SessionClaims};
    /// use utoipa_axum::router::OpenApiRouter;
    /// # #[derive(SessionClaims, Clone)] struct User { #[claims(subject)] id: u64 }
    ///
    /// /// All orders
    /// #[utoipa::path(get, path = "/orders", responses((status = 200)))]
    /// async fn orders() {}
    ///
    /// fn router(auth: Auth<User>) -> AuthRouter {
    ///     let legacy = OpenApiRouter::new().routes(utoipa_axum::routes!(orders));
    ///     AuthRouter::new().nest_openapi("/legacy", auth.layer(), legacy).with_state(auth)
    /// }
    /// ```
    ///
    /// # Panics
    ///
    /// As [`nest_router`](Self::nest_router) does.
    #[must_use]
    #[track_caller]
    pub fn nest_openapi<A: ServiceAccess>(
        mut self,
        prefix: &str,
        access: A,
        mut router: OpenApiRouter<S>,
    ) -> Self {
        let added_at = Location::caller();
        let rest = [RoutePlace::Prefix(prefix.to_owned())];
        let gate = Gate::of(access, &rest);
        // A TRACE is not passed on.
        for item in router.get_openapi_mut().paths.paths.values_mut() {
            openapi::retain(item, |method| *method != Method::TRACE);
        }
        let mut document = RouterDocument::default();
        for (path, item) in &router.get_openapi().paths.paths {
            for (method, operation) in openapi::operations(item) {
                let place = RoutePlace::Path(nested(prefix, path));
                let row = documented_row(&gate.declaration, method.clone(), place, operation, added_at);
                self.listing.add(row);
                document.add_operation(path, method, OperationFacts::under(gate.token_places.clone()));
            }
        }
        let [rest] = rest;
        self.listing.add_router(AccessRow::new(Methods::Every, rest, gate.declaration, added_at));
        self.listing.has_nested_router = true;
        let mut inner = served::map(router, |router| router.layer(gate.layer).layer(NoTrace::Service));
        // utoipa-axum keeps no types, so that a handler of `typed_refresh_handler!` is known by its document alone.
        let items = inner.get_openapi_mut().paths.paths.values_mut();
        for operation in items.flat_map(openapi::operations_mut).filter(|operation| is_refresh(operation)) {
            Marks::leave(operation, Mark::Refresh);
        }
        document.move_below(prefix, inner.get_openapi_mut(), &self.document);
        self.document.merge(document);
        self.router = served::nest(self.router, prefix, inner);
        self
    }

    /// The document so far.
    pub fn openapi(&self) -> &OpenApi {
        self.document.of(self.router.get_openapi(), &self.listing.rows)
    }

    /// The document, without the router.
    #[must_use]
    pub fn into_openapi(self) -> OpenApi {
        self.document.finish(self.router.into_openapi(), &self.listing.rows)
    }

    /// The router for `axum::serve`, and the document. The pages of [`openapi_json`](Self::openapi_json) and `scalar` show that document.
    ///
    /// # Panics
    ///
    /// When a check takes a path parameter that its route does not have.
    pub fn split_for_parts(self) -> (Router<S>, OpenApi) {
        self.listing.checked_paths.demand_all();
        self.into_parts()
    }

    fn into_parts(self) -> (Router<S>, OpenApi) {
        let (router, openapi) = self.router.split_for_parts();
        let openapi = self.document.finish(openapi, &self.listing.rows);
        self.document.show(&openapi);
        (router, openapi)
    }

    /// The router as one of utoipa-axum, with the document, for an application that merges or nests it there.
    ///
    /// It is finished: what is done with it from there on is neither in the access matrix nor in the document that its own pages show, and the
    /// security schemes of another such router that have the same names are taken for the same.
    pub fn into_openapi_router(self) -> OpenApiRouter<S> {
        let (router, openapi) = self.into_parts();
        let mut router = OpenApiRouter::from(router);
        *router.get_openapi_mut() = openapi;
        router
    }

    /// An operation that the application wrote by hand for this row, which gets the access of the row.
    pub(super) fn described_by_hand(&mut self, row: AccessRow) -> AccessRow {
        let Methods::One(wanted) = row.methods() else { return row };
        let item = self.router.get_openapi().paths.paths.get(row.path());
        if !item.is_some_and(|item| openapi::operations(item).any(|(method, _)| method == *wanted)) {
            return row;
        }
        self.document.add_operation(row.path(), wanted.clone(), OperationFacts::under(None));
        row.documented()
    }

    /// Hands the pages the document.
    pub(super) fn show(&self) {
        if !self.document.pages.is_empty() {
            self.document.show(self.openapi());
        }
    }
}

/// The row of an operation behind a gate. The roles that its document demands are its own part of the rule.
fn documented_row(
    gate: &Declaration,
    method: Method,
    place: RoutePlace,
    operation: &Operation,
    added_at: &'static Location<'static>,
) -> AccessRow {
    let methods = Methods::One(method);
    let (Some(own), Access::Optional | Access::Authenticated | Access::Require(_)) =
        (roles_of(operation, &gate.roles), gate.access)
    else {
        return AccessRow::new(methods, place, *gate, added_at).documented();
    };
    let declaration = Declaration {
        issuers: gate.issuers,
        ..Declaration::new(Access::Require(own), DeclaredWhere::Document, gate.roles)
    };
    let mut row = AccessRow::new(methods, place, declaration, added_at).documented();
    let together = match gate.access {
        Access::Require(outer) => both(outer, own),
        _ => own,
    };
    row.guarded(*gate, Access::Require(together));
    row
}

/// The rule of an operation whose `security` names roles of a closed set, and nothing else. Scopes, and conditions that a document does
/// not have, cannot be told.
fn roles_of(operation: &Operation, roles: &RoleTable) -> Option<Rule> {
    let known = roles.names?;
    let alternatives = operation.security.as_ref()?.iter().map(|requirement| {
        let names = openapi::names_of(requirement)?;
        let found =
            names.iter().map(|name| known.iter().find(|known| *known == name).map(|name| Rule::Role(name)));
        let found: Vec<_> = found.collect::<Option<_>>()?;
        match found.as_slice() {
            [] => None,
            [role] => Some(*role),
            _ => Some(all_of(found)),
        }
    });
    let alternatives: Vec<_> = alternatives.collect::<Option<_>>()?;
    (!alternatives.is_empty()).then(|| any_of(alternatives))
}
