//! The names that generated code uses. No logic, no promise of stability.

pub use crate::claims::{ScopeField, scopes, subject};
pub use crate::role::{RoleField, roles};
pub use serde;
