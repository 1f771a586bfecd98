//! The cryptography of jsonwebtoken, chosen once for the process and without a panic.
//!
//! jsonwebtoken 11 panics at first use when it cannot choose a back end: none is compiled in, or both are, which the features of
//! another crate can cause.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use jsonwebtoken::{DecodingKey, crypto};

use super::KeyError;

/// Installs the back end of this crate's features unless the process has one, and checks that it works.
///
/// With the features `aws-lc-rs` and `rust-crypto` both on, aws-lc-rs is installed. A provider of the application is never
/// replaced, and neither is the placeholder that jsonwebtoken keeps when it was used first and could not choose. Without any, jsonwebtoken
/// panics; the panic is caught here, once, but its message still goes to the panic hook.
pub(crate) fn ensure_provider() -> Result<(), KeyError> {
    match state() {
        State { is_ready: true, .. } => Ok(()),
        // There is one to install, and the process had made its choice before.
        _ if cfg!(any(feature = "aws-lc-rs", feature = "rust-crypto")) => Err(KeyError::ProviderTooLate),
        _ => Err(KeyError::NoProvider),
    }
}

/// Whether tokens are signed with aws-lc-rs because this crate installed it.
#[cfg(feature = "aws-lc-rs")]
pub(super) fn is_own_aws_lc() -> bool {
    state().is_own
}

struct State {
    is_ready: bool,
    #[cfg_attr(not(feature = "aws-lc-rs"), expect(dead_code, reason = "only aws-lc-rs is used directly"))]
    is_own: bool,
}

fn state() -> &'static State {
    static STATE: OnceLock<State> = OnceLock::new();

    STATE.get_or_init(|| {
        let is_own = install_default();
        let secret = DecodingKey::from_secret(&[0; 32]);
        let probe = || crypto::verify("", b"", &secret, jsonwebtoken::Algorithm::HS256);
        State { is_ready: without_panic(probe).is_ok(), is_own }
    })
}

/// Runs a function of jsonwebtoken that panics when the provider does not implement it, such as those on JWKs.
pub(super) fn without_panic<T>(work: impl FnOnce() -> T) -> Result<T, KeyError> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| KeyError::IncompleteProvider)
}

/// Returns whether a back end was installed. If the process has one already, that one stays.
fn install_default() -> bool {
    #[cfg(feature = "aws-lc-rs")]
    let installed = crypto::aws_lc::DEFAULT_PROVIDER.install_default().is_ok();
    #[cfg(all(feature = "rust-crypto", not(feature = "aws-lc-rs")))]
    let installed = crypto::rust_crypto::DEFAULT_PROVIDER.install_default().is_ok();
    #[cfg(not(any(feature = "aws-lc-rs", feature = "rust-crypto")))]
    let installed = false;
    installed
}
