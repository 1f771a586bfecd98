//! Requests through a whole router.

#[cfg(feature = "openapi")]
mod documented;
// Without cryptography there is no `Auth`.
#[cfg(all(feature = "macros", any(feature = "aws-lc-rs", feature = "rust-crypto")))]
mod places;
#[cfg(feature = "openapi")]
mod utoipa_axum;
