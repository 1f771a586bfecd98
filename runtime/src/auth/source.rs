//! The application's source of claims, which every refresh reads.

use std::error::Error;
use std::pin::Pin;

use crate::claims::SessionClaims;

/// Any error of the application.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// The application's data about its users, which every refresh reads.
///
/// [`AuthBuilder::claims_source`](crate::AuthBuilder::claims_source) takes a closure. To use a type of your own, implement this for it and
/// pass it to [`AuthBuilder::claims_from`](crate::AuthBuilder::claims_from).
///
/// ```
/// use countersign::{BoxError, ClaimsSource, SessionClaims};
///
/// #[derive(SessionClaims, Clone)]
/// struct User {
///     #[claims(subject)]
///     id: u64,
/// }
///
/// struct Database;
///
/// impl ClaimsSource<User> for Database {
///     async fn claims_for(&self, id: u64) -> Result<Option<User>, BoxError> {
///         Ok((id == 7).then_some(User { id }))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a source of `{C}` claims",
    label = "not a `ClaimsSource<{C}>`",
    note = "implement `ClaimsSource<{C}>` for it, or pass a closure to `claims_source`"
)]
pub trait ClaimsSource<C: SessionClaims>: Send + Sync + 'static {
    /// The current claims of this user; `None` if the user is gone or disabled, which ends all sessions of the user.
    ///
    /// # Errors
    ///
    /// When the data cannot be read. The answer to the refresh is then 503, and the refresh token stays valid.
    fn claims_for(&self, subject: C::Subject) -> impl Future<Output = Result<Option<C>, BoxError>> + Send;
}

/// A closure as a source. It has a type of its own so that `claims_source` can take the bare closure, whose argument types rustc then
/// infers.
pub(super) struct FromFn<F>(pub(super) F);

impl<C, F, Fut> ClaimsSource<C> for FromFn<F>
where
    C: SessionClaims,
    F: Fn(C::Subject) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Option<C>, BoxError>> + Send,
{
    async fn claims_for(&self, subject: C::Subject) -> Result<Option<C>, BoxError> {
        self.0(subject).await
    }
}

type BoxedFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A [`ClaimsSource`] of any type, so that [`Auth`](crate::Auth) is generic over the claims alone.
pub(super) trait AnySource<C: SessionClaims>: Send + Sync {
    fn claims_for(&self, subject: C::Subject) -> BoxedFuture<'_, Result<Option<C>, BoxError>>;
}

impl<C: SessionClaims, T: ClaimsSource<C>> AnySource<C> for T {
    fn claims_for(&self, subject: C::Subject) -> BoxedFuture<'_, Result<Option<C>, BoxError>> {
        Box::pin(ClaimsSource::claims_for(self, subject))
    }
}
