//! Guards without a request, for tests that call a handler as a function.

use crate::extract::proof::Proof;
use crate::extract::{Guard, Public};

/// Makes the hidden first argument of a handler with an access attribute, as if the caller had been let in. It also makes a [`Proof`],
/// for functions that demand one.
///
/// With it, a test calls a handler directly, without router, request and token. It exists under `test-util` only; without that feature,
/// only a request makes a guard. See [`testing`](crate::testing) for how to keep the feature out of the binary that you ship.
///
/// ```
/// use axum::extract::State;
/// use countersign::testing::granted;
/// use countersign::{SessionClaims, require_role};
///
/// #[derive(SessionClaims, Clone)]
/// struct User {
///     #[claims(subject)]
///     id: u64,
///     #[claims(roles)]
///     roles: Vec<String>,
/// }
///
/// #[require_role("admin")]
/// async fn members(State(greeting): State<&'static str>, user: User) -> String {
///     format!("{greeting} {}", user.id)
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let user = User { id: 7, roles: Vec::new() };
/// assert_eq!(members(granted(), State("hello"), user).await, "hello 7");
/// # });
/// ```
#[must_use = "pass it to the handler as its first argument"]
pub fn granted<G: Granted>() -> G {
    G::granted()
}

/// The types that [`granted`] makes: the first argument that an access attribute adds, and a [`Proof`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the argument that an access attribute adds",
    label = "not a guard",
    note = "pass `granted()` as the first argument of a handler under `#[require_role(\"...\")]`, `#[authenticated]` or `#[public(...)]`"
)]
pub trait Granted: sealed::Sealed {}

impl<P> Granted for Guard<P> {}
impl<P> Granted for Public<P> {}
impl<R> Granted for Proof<R> {}

mod sealed {
    use crate::extract::proof::Proof;
    use crate::extract::{Guard, Public};

    /// Keeps applications from implementing [`Granted`](super::Granted).
    pub trait Sealed {
        fn granted() -> Self;
    }

    impl<P> Sealed for Guard<P> {
        fn granted() -> Self {
            Self::granted()
        }
    }

    impl<P> Sealed for Public<P> {
        fn granted() -> Self {
            Self::granted()
        }
    }

    impl<R> Sealed for Proof<R> {
        fn granted() -> Self {
            Self::granted()
        }
    }
}
