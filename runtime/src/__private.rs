//! The names that generated code uses. No logic, no promise of stability.

pub use crate::claims::{ScopeField, SessionClaims, SubjectField};
pub use crate::declared::{Declares, role_hash};
pub use crate::fields::{RolesOf, ScopesOf, SubjectOf, Unfit, check_scopes};
pub use crate::role::{Role, RoleField, UnknownRole, deserialize_role, parse_role};
pub use serde;
pub use std::string::String;
#[cfg(feature = "openapi")]
pub use utoipa;
