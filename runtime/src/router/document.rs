//! The OpenAPI document of a router.

use http::Method;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{OpenApi, PathItem, Paths};

use super::pages::Page;
use crate::claims::role::RoleTable;
use crate::matrix::{AccessRow, Methods};
use crate::openapi::transports::Scheme;
use crate::openapi::{self, Document};

/// A document, and what the routes say that has to be in it.
#[derive(Clone)]
pub(super) struct RouterDocument {
    pub(super) openapi: OpenApi,
    /// The operations of the routes alone. They are written over those of `openapi` after every change.
    computed: Paths,
    /// The places of tokens beside the `Authorization` header.
    pub(super) schemes: Vec<Scheme>,
    /// The pages that show the final document.
    pub(super) pages: Vec<Page>,
}

impl RouterDocument {
    pub(super) fn new(mut openapi: OpenApi) -> Self {
        openapi::complete(&mut openapi);
        Self { openapi, computed: Paths::new(), schemes: Vec::new(), pages: Vec::new() }
    }

    /// Adds the operations of a handler, if it is documented.
    pub(super) fn add(&mut self, document: Document) {
        let Document { path, methods, operation, schemas } = document;
        if let Some(operation) = operation {
            openapi::replace(&mut self.computed, path, PathItem::from_http_methods(methods, operation));
        }
        openapi::add_schemas(&mut self.openapi, schemas);
    }

    /// Writes the access that a row has now into its operation.
    pub(super) fn redeclare(&mut self, row: &AccessRow) {
        let item = self.computed.paths.get_mut(row.path());
        if let Some(operation) = item.and_then(|item| operation_of(item, row.methods())) {
            openapi::declare(operation, &row.declaration.access, &row.declaration.roles);
        }
    }

    /// Adds another document under a prefix.
    pub(super) fn nest(&mut self, prefix: &str, other: Self) {
        openapi::nest(&mut self.openapi, prefix, other.openapi);
        openapi::nest_paths(&mut self.computed, prefix, other.computed);
        self.schemes.extend(other.schemes);
        self.pages.extend(other.pages);
    }

    /// Adds another document.
    pub(super) fn merge(&mut self, other: Self) {
        self.openapi.merge(other.openapi);
        self.computed.merge(other.computed);
        self.schemes.extend(other.schemes);
        self.pages.extend(other.pages);
    }

    /// Writes what follows from the routes over what the document held for the same operations.
    pub(super) fn update(&mut self, rows: &[AccessRow]) {
        openapi::parameters::complete(&mut self.computed);
        for (path, item) in &self.computed.paths {
            openapi::replace(&mut self.openapi.paths, path.clone(), item.clone());
        }
        openapi::complete_schemes(&mut self.openapi, &self.computed);
        openapi::transports::describe(&mut self.openapi, &self.schemes);
        let mut concealed: Vec<RoleTable> = Vec::new();
        for roles in rows.iter().map(|row| row.declaration.roles) {
            if !concealed.iter().any(|other| other.private == roles.private && other.names == roles.names) {
                openapi::conceal(&mut self.openapi, &roles);
                concealed.push(roles);
            }
        }
    }

    /// Hands the pages the document, which is final now.
    pub(super) fn show(&self) {
        for page in &self.pages {
            page(&self.openapi);
        }
    }
}

fn operation_of<'a>(item: &'a mut PathItem, methods: &Methods) -> Option<&'a mut Operation> {
    let Methods::One(method) = methods else { return None };
    match *method {
        Method::GET => item.get.as_mut(),
        Method::PUT => item.put.as_mut(),
        Method::POST => item.post.as_mut(),
        Method::DELETE => item.delete.as_mut(),
        Method::OPTIONS => item.options.as_mut(),
        Method::HEAD => item.head.as_mut(),
        Method::PATCH => item.patch.as_mut(),
        _ => None,
    }
}
