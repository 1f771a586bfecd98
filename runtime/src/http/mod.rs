//! Endpoints: wrappers around [`Auth`](crate::Auth), without decisions of their own.

mod refresh;
mod token;

pub use refresh::{RefreshAnswer, RefreshRequest, refresh_session};
