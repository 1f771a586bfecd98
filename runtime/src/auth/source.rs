//! Where fresh claims come from at each refresh.

use std::error::Error;
use std::pin::Pin;

use crate::claims::SessionClaims;

/// Any error of the application.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// The application's own data about its users, asked at every refresh.
///
/// A closure is one:
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
/// fn source() -> impl ClaimsSource<User> {
///     |id: u64| async move {
///         let user = (id == 7).then_some(User { id });
///         Ok::<_, BoxError>(user)
///     }
/// }
/// # let _ = source();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a source of `{C}` claims",
    label = "not a `ClaimsSource<{C}>`",
    note = "pass a closure `|id: <the type of the subject>| async move {{ Ok::<Option<{C}>, BoxError>(...) }}`, or implement `ClaimsSource<{C}>`"
)]
pub trait ClaimsSource<C: SessionClaims>: Send + Sync + 'static {
    /// The claims of this user as they are now; `None` when the user is gone or disabled, which ends the session.
    ///
    /// # Errors
    ///
    /// When the data cannot be read. The refresh is then answered 503 and consumes nothing.
    fn claims_for(&self, subject: C::Subject) -> impl Future<Output = Result<Option<C>, BoxError>> + Send;
}

#[diagnostic::do_not_recommend]
impl<C, F, Fut, E> ClaimsSource<C> for F
where
    C: SessionClaims,
    F: Fn(C::Subject) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Option<C>, E>> + Send,
    E: Into<BoxError>,
{
    async fn claims_for(&self, subject: C::Subject) -> Result<Option<C>, BoxError> {
        self(subject).await.map_err(Into::into)
    }
}

type BoxedFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// [`ClaimsSource`] with its type erased, so that [`Auth`](crate::Auth) is generic in the claims alone.
pub(super) trait AnySource<C: SessionClaims>: Send + Sync {
    fn claims_for(&self, subject: C::Subject) -> BoxedFuture<'_, Result<Option<C>, BoxError>>;
}

impl<C: SessionClaims, T: ClaimsSource<C>> AnySource<C> for T {
    fn claims_for(&self, subject: C::Subject) -> BoxedFuture<'_, Result<Option<C>, BoxError>> {
        Box::pin(ClaimsSource::claims_for(self, subject))
    }
}
