//! The names that generated code uses. No logic, no promise of stability.

pub use crate::access::{Access, DeclaresAccess, Policy, Rule};
pub use crate::auth::{Auth, AuthHandle, AuthState, ProvidesClaims};
pub use crate::claims::{ScopeField, scopes, subject};
pub use crate::extract::{Guard, Public, claims_from_parts, optional_claims_from_parts};
pub use crate::rejection::AuthRejection;
pub use crate::role::{RoleField, roles};
pub use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
pub use http::request::Parts;
pub use serde;
