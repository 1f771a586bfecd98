//! The contract of a place for the keys of a ring.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
#[cfg(not(target_family = "wasm"))]
use std::time::Duration;

use crate::session::store::StoreError;

/// The keys of a ring as a store keeps them: one text, whose private keys are encrypted.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredKeys {
    /// Counts the changes, from 1.
    pub version: u64,
    /// What [`KeyStore::replace_keys`] was given.
    pub document: Vec<u8>,
}

impl StoredKeys {
    /// Takes a document and its version.
    pub fn new(version: u64, document: Vec<u8>) -> Self {
        Self { version, document }
    }
}

impl fmt::Debug for StoredKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredKeys").field("version", &self.version).finish_non_exhaustive()
    }
}

/// A place for the keys of a [`KeyRing`](super::KeyRing): one document of a few kilobytes, which all servers of an application share.
///
/// `MemoryStore`, `SqliteStore`, `PostgresStore`, `RedisStore` and `FileKeyStore` in [`store`](crate::store) are such places. For one of your
/// own, two promises count: [`replace_keys`](Self::replace_keys) compares and writes in one step, and a read sees every write that has
/// succeeded before it.
///
/// ```
/// use std::sync::Mutex;
/// use countersign::store::StoreError;
/// use countersign::token::{KeyStore, StoredKeys};
///
/// struct Own(Mutex<Option<StoredKeys>>);
///
/// impl KeyStore for Own {
///     async fn load_keys(&self) -> Result<Option<StoredKeys>, StoreError> {
///         Ok(self.0.lock().unwrap().clone())
///     }
///
///     async fn replace_keys(&self, document: &[u8], expected_version: u64) -> Result<bool, StoreError> {
///         let mut kept = self.0.lock().unwrap();
///         let is_expected = kept.as_ref().map_or(0, |keys| keys.version) == expected_version;
///         if is_expected {
///             *kept = Some(StoredKeys::new(expected_version + 1, document.to_vec()));
///         }
///         Ok(is_expected)
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` keeps no keys",
    label = "not a store of keys",
    note = "use `FileKeyStore`, `MemoryStore`, or with the feature of that name `SqliteStore`, `PostgresStore` or `RedisStore`"
)]
pub trait KeyStore: Send + Sync + 'static {
    /// Returns the document; `None` if none was ever written.
    ///
    /// # Errors
    ///
    /// When the store fails.
    fn load_keys(&self) -> impl Future<Output = Result<Option<StoredKeys>, StoreError>> + Send;

    /// Writes the document if the version of the present one is `expected_version`, where 0 means that there is none. The new version is
    /// one more. Returns whether it wrote.
    ///
    /// # Errors
    ///
    /// When the store fails. The write may have happened.
    fn replace_keys(
        &self,
        document: &[u8],
        expected_version: u64,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
}

impl<T: KeyStore + ?Sized> KeyStore for Arc<T> {
    async fn load_keys(&self) -> Result<Option<StoredKeys>, StoreError> {
        (**self).load_keys().await
    }

    async fn replace_keys(&self, document: &[u8], expected_version: u64) -> Result<bool, StoreError> {
        (**self).replace_keys(document, expected_version).await
    }
}

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// How long a store may take. Stores of one's own may have no patience of their own, and one that hangs would keep the ring from the end of a
/// key.
#[cfg(not(target_family = "wasm"))]
const PATIENCE: Duration = Duration::from_secs(5);

/// Outside of a runtime of tokio, and in WebAssembly, there is no timer.
async fn in_time<T>(answer: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    #[cfg(not(target_family = "wasm"))]
    if tokio::runtime::Handle::try_current().is_ok() {
        let late =
            |_| Err(StoreError::unreachable("the store of the keys gave no answer within five seconds"));
        return tokio::time::timeout(PATIENCE, answer).await.unwrap_or_else(late);
    }
    answer.await
}

/// [`KeyStore`] as a trait object, whose answers come in time.
pub(super) trait ErasedKeyStore: Send + Sync {
    fn load(&self) -> Answer<'_, Option<StoredKeys>>;
    fn replace<'a>(&'a self, document: &'a [u8], expected_version: u64) -> Answer<'a, bool>;
}

impl<T: KeyStore> ErasedKeyStore for T {
    fn load(&self) -> Answer<'_, Option<StoredKeys>> {
        Box::pin(in_time(self.load_keys()))
    }

    fn replace<'a>(&'a self, document: &'a [u8], expected_version: u64) -> Answer<'a, bool> {
        Box::pin(in_time(self.replace_keys(document, expected_version)))
    }
}
