//! The names that generated code uses. No logic, no promise of stability.

pub use crate::access::{Access, DeclaresAccess, Policy, Rule};
pub use crate::auth::{Auth, AuthHandle, AuthState, ProvidesClaims, TokenPair};
pub use crate::claims::{MarkedFields, ScopeField, SessionClaims, scopes, subject};
pub use crate::declared::{Declares, role_hash};
pub use crate::extract::{Guard, Public, claims_from_parts, optional_claims_from_parts};
pub use crate::http::{RefreshRequest, refresh_session};
pub use crate::rejection::AuthRejection;
pub use crate::role::{Role, RoleField, UnknownRole, deserialize_role, parse_role, roles};
pub use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
pub use http::request::Parts;
pub use serde;
pub use std::string::String;
pub use std::vec::Vec;
#[cfg(feature = "openapi")]
pub use utoipa;
