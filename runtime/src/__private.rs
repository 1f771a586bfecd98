//! The names that generated code uses. No logic, no promise of stability.

#[cfg(feature = "openapi")]
pub use crate::__describe_arguments as describe_arguments;
pub use crate::access::{
    AcceptedIssuers, Access, DeclaredAt, DeclaredWhere, DeclaresAccess, NamedRule, Policy, Rule,
    declared_here,
};
pub use crate::auth::{Auth, AuthHandle, AuthOfField, AuthState, ProvidesClaims, Session, auth_fits};
pub use crate::claims::fields::{
    Field, RoleOfField, RolesOf, ScopesOf, SubjectOf, SubjectOfField, Unfit, roles_fit, scopes_fit,
    subject_fits,
};
pub use crate::claims::role::{
    Implications, NamedBy, NoRole, RoleField, RolePath, RoleSet, RoleTable, SignatureRoles, UnknownRole,
    deserialize_role, parse_role, role_at, set_of,
};
pub use crate::claims::{ScopeField, SessionClaims};
pub use crate::diagnostics::arguments::{AccessOf, DeclaresNothing, check_covered, check_public};
pub use crate::diagnostics::roles::{
    CheckedInSignature, DeclaredBy, Declares, LeftForRouter, ListsRoles, NamesNoRoles, NamesRoles, RolesIn,
    any_closed, check_role, check_role_path, role_hash, role_path_hash,
};
pub use crate::diagnostics::rules::{check_access, check_rule};
pub use crate::extract::check::{Check, CheckAnswer, CheckArgument, CheckError, CheckRule, Checks, OneCheck};
pub use crate::extract::path_fit::{PathArgument, PathFit, PathMisfit, TakesNoPath, first_misfit};
pub use crate::extract::proof::Proof;
pub use crate::extract::{DenyAll, Guard, Public, claims_from_parts, optional_claims_from_parts};
pub use crate::http::{EndpointState, RefreshPolicy, RefreshTokens, TokenAnswer, refresh_session};
#[cfg(feature = "openapi")]
pub use crate::openapi::no_document::NoDocument;
#[cfg(feature = "openapi")]
pub use crate::openapi::refusals::refusal_words;
pub use crate::rejection::{AuthRejection, ProblemDetails};
#[cfg(feature = "openapi")]
pub use crate::router::endpoints::refresh_document;
#[cfg(feature = "openapi")]
pub use crate::router::{Argument, ArgumentsOf, Described, Documentable, Documented, Undescribed};
pub use crate::router::{Fallback, Routes};
pub use axum::extract::State;
pub use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
#[cfg(feature = "macros")]
pub use countersign_macros::{fallback, routes, rule, typed_refresh_handler};
pub use http::Method;
pub use http::request::Parts;
pub use serde;
pub use std::string::String;
pub use std::vec::Vec;
#[cfg(feature = "openapi")]
pub use utoipa;
