//! The cryptography that jsonwebtoken uses: chosen once for the process, and found out without a panic.
//!
//! jsonwebtoken 11 panics at first use when it cannot choose a back end: none was compiled in, or both were, which another
//! crate's features can cause.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use jsonwebtoken::{DecodingKey, crypto};

use super::KeyError;

/// Installs the back end of this crate's features unless the process has one, and checks that there is one that works.
///
/// With the features `aws-lc-rs` and `rust-crypto` both on, aws-lc-rs is installed. A provider that the application
/// installed is never replaced. When there is none, jsonwebtoken's own panic is caught here, once; its message still goes to
/// the panic hook.
pub(crate) fn ensure_provider() -> Result<(), KeyError> {
    static READY: OnceLock<bool> = OnceLock::new();

    let ready = *READY.get_or_init(|| {
        install_default();
        let secret = DecodingKey::from_secret(&[0; 32]);
        without_panic(|| crypto::verify("", b"", &secret, jsonwebtoken::Algorithm::HS256)).is_ok()
    });
    if ready { Ok(()) } else { Err(KeyError::NoProvider) }
}

/// Runs something of jsonwebtoken that panics when the provider leaves it out, such as the functions on JWKs.
pub(super) fn without_panic<T>(work: impl FnOnce() -> T) -> Result<T, KeyError> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| KeyError::IncompleteProvider)
}

/// That one is installed already is the only failure, and then the application's stays.
fn install_default() {
    #[cfg(feature = "aws-lc-rs")]
    let _already_installed = crypto::aws_lc::DEFAULT_PROVIDER.install_default();
    #[cfg(all(feature = "rust-crypto", not(feature = "aws-lc-rs")))]
    let _already_installed = crypto::rust_crypto::DEFAULT_PROVIDER.install_default();
}
