//! Keys that sign elsewhere: in a KMS, an HSM or another process.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::header;
use super::{Key, TokenError};

type BoxError = Box<dyn Error + Send + Sync>;

/// Signs access tokens with a private key that this process does not have, such as one in a KMS.
///
/// An async function of the bytes to sign is one:
///
/// ```
/// use countersign::token::Key;
/// use countersign::{AuthBuilder, BoxError, SessionClaims};
///
/// # #[derive(SessionClaims, Clone)] struct User { #[claims(subject)] id: u64 }
/// # #[derive(Clone)] struct Kms;
/// # impl Kms { async fn sign(&self, _: &str, message: Vec<u8>) -> Result<Vec<u8>, BoxError> { Ok(message) } }
/// fn configure(builder: AuthBuilder<User>, kms: Kms, public: Key) -> AuthBuilder<User> {
///     builder.signer(public, move |message: Vec<u8>| {
///         let kms = kms.clone();
///         async move { kms.sign("access-tokens", message).await }
///     })
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` signs nothing",
    label = "not a signer",
    note = "pass `|message: Vec<u8>| async move {{ ... }}` with a `Result<Vec<u8>, BoxError>`, or implement `Signer`"
)]
pub trait Signer: Send + Sync + 'static {
    /// Signs the message, which the algorithm of the key hashes itself. Returns the signature in the form of RFC 7518 section 3: for ES256 and
    /// ES384 the two numbers behind each other, 64 or 96 bytes, and not the DER that many services give; for EdDSA 64 bytes; for RSA as
    /// long as the modulus.
    ///
    /// A user waits for it at every sign-in and refresh. It should give up after a few seconds.
    ///
    /// # Errors
    ///
    /// Whatever went wrong. The sign-in or refresh is then answered with 503, and has changed nothing.
    fn sign(&self, message: Vec<u8>) -> impl Future<Output = Result<Vec<u8>, BoxError>> + Send;
}

impl<F, Fut> Signer for F
where
    F: Fn(Vec<u8>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Vec<u8>, BoxError>> + Send,
{
    fn sign(&self, message: Vec<u8>) -> impl Future<Output = Result<Vec<u8>, BoxError>> + Send {
        self(message)
    }
}

/// [`Signer`] as a trait object.
trait ErasedSigner: Send + Sync {
    fn sign(&self, message: Vec<u8>) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, BoxError>> + Send + '_>>;
}

impl<T: Signer> ErasedSigner for T {
    fn sign(&self, message: Vec<u8>) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, BoxError>> + Send + '_>> {
        Box::pin(Signer::sign(self, message))
    }
}

/// A signer with the public half of its key.
pub(crate) struct SignerOf {
    key: Key,
    signer: Box<dyn ErasedSigner>,
}

impl SignerOf {
    pub(crate) fn new(key: Key, signer: impl Signer) -> Self {
        Self { key: key.without_signing(), signer: Box::new(signer) }
    }

    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    /// Signs a payload. Refuses a token that would be longer than the limit, before anything is signed.
    ///
    /// The signature is verified: a service that signs with another key, or gives DER, would otherwise be found out when every request of the
    /// user is refused.
    pub(super) async fn seal(&self, typ: &str, max_len: usize, payload: &[u8]) -> Result<String, TokenError> {
        let mut token = header::prepare(typ, &self.key);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(payload, &mut token);
        if token.len() + 1 + self.key.signature_chars() > max_len {
            return Err(TokenError::TooLong);
        }
        let signature = self.signer.sign(token.clone().into_bytes()).await.map_err(TokenError::Signer)?;
        let signature = URL_SAFE_NO_PAD.encode(signature);
        let wrong = |_| TokenError::Signer("the signature does not verify with the public key".into());
        self.key.verify(&token, &signature).map_err(wrong)?;
        token.push('.');
        token.push_str(&signature);
        Ok(token)
    }
}

impl fmt::Debug for SignerOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignerOf").field("key", &self.key).finish_non_exhaustive()
    }
}
