use std::cell::Cell;

mod provider;

#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod actor;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod algorithms;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod claims;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod format;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod key_choice;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod key_files;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod keys;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
pub(super) mod kit;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod public_keys;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod refresh;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod registered;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod sealed;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod weak_keys;

thread_local! {
    static VERIFICATIONS: Cell<usize> = const { Cell::new(0) };
}

/// The number of signatures that this thread has verified.
pub(crate) fn verifications_of_this_thread() -> usize {
    VERIFICATIONS.get()
}

pub(super) fn count_verification() {
    VERIFICATIONS.set(VERIFICATIONS.get() + 1);
}
