//! The names that generated code uses. No logic, no promise of stability.

pub use crate::access::{Access, DeclaresAccess, Policy, Rule};
pub use crate::auth::{Auth, AuthHandle, AuthState, ProvidesClaims, TokenPair};
pub use crate::claims::{ScopeField, SessionClaims, SubjectField};
pub use crate::declared::{Declares, role_hash};
pub use crate::extract::{Guard, Public, claims_from_parts, optional_claims_from_parts};
pub use crate::fields::{RolesOf, ScopesOf, SubjectOf, Unfit, check_scopes};
pub use crate::http::{RefreshRequest, refresh_session};
pub use crate::rejection::AuthRejection;
pub use crate::role::{Role, RoleField, UnknownRole, deserialize_role, parse_role};
pub use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
pub use http::request::Parts;
pub use serde;
pub use std::string::String;
#[cfg(feature = "openapi")]
pub use utoipa;
