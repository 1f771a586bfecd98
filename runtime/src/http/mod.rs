//! Endpoints: wrappers around [`Auth`](crate::Auth), without decisions of their own.

mod refresh;
mod token;

pub use refresh::{RefreshRequest, refresh_session};
