//! Requests through a whole router.

#[cfg(feature = "openapi")]
mod documented;
mod places;
#[cfg(feature = "openapi")]
mod utoipa_axum;
