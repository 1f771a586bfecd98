//! The names that generated code uses. No logic, no promise of stability.

pub use crate::claims::{MarkedFields, ScopeField, SessionClaims, scopes, subject};
pub use crate::declared::{Declares, role_hash};
pub use crate::role::{Role, RoleField, UnknownRole, deserialize_role, parse_role, roles};
pub use serde;
pub use std::string::String;
pub use std::vec::Vec;
#[cfg(feature = "openapi")]
pub use utoipa;
