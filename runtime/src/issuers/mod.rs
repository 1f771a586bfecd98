//! Other servers whose access tokens this application accepts.
//!
//! [`issuer`] configures one and [`profile`] says what the tokens of each product look like. [`trusted`] verifies a token: it finds the issuer
//! by `iss` and the key in [`keys`], [`token`] checks the registered claims, and [`mapping`] makes the application's claims from the others.
//! The keys come from [`discovery`] through the application's [`fetch`], and [`published`] reads the set.

mod address;
mod discovery;
mod failure;
mod fetch;
mod issuer;
mod keys;
mod mapping;
mod problem;
mod profile;
mod published;
mod refusal;
mod token;
mod trusted;

#[cfg(test)]
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod tests;

pub use fetch::{Fetch, FetchError, FetchRequest, Fetched};
pub use issuer::Issuer;
#[cfg(feature = "openapi")]
pub(crate) use issuer::SignInPage;
pub use problem::IssuerProblem;
pub use profile::Profile;
pub(crate) use refusal::Refusal;
pub use token::IssuerToken;
#[cfg(feature = "openapi")]
pub(crate) use trusted::IssuerFacts;
pub(crate) use trusted::{Accepted, Surroundings, TrustedIssuers};
