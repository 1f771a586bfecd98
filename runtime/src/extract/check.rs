//! Checks: conditions that a function of the application decides.

use std::any::TypeId;
use std::fmt;
use std::marker::PhantomData;

use axum_core::extract::FromRequestParts;
use axum_core::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::request::Parts;

use super::path_fit::PathMisfit;
use crate::access::Rule;
use crate::auth::BoxError;

/// An async function that decides whether a request may pass. [`check`](macro@crate::check) implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a check",
    label = "not a check",
    note = "put `#[check]` above the async function `{Self}`"
)]
pub trait CheckRule: 'static {
    /// The check as a condition in a rule.
    const RULE: Rule;
}

/// A check whose arguments can be extracted with the router state `S`.
#[diagnostic::on_unimplemented(
    message = "the check `{Self}` cannot run with the router state `{S}`",
    label = "an argument of the check cannot be extracted with this state"
)]
pub trait Check<S>: CheckRule {
    /// Extracts the arguments from the request and calls the function.
    fn run(parts: &mut Parts, state: &S) -> impl Future<Output = Result<bool, CheckError>> + Send;

    /// Why the check cannot run where the path has parameters of these names; `None` where it may.
    fn path_misfit(_names: &[&str]) -> Option<PathMisfit> {
        None
    }
}

/// The reason why a check has no result. The request is refused.
#[derive(Debug)]
#[non_exhaustive]
pub enum CheckError {
    /// An argument could not be extracted.
    Argument {
        /// The status with which its extractor rejects the request.
        status: StatusCode,
        /// The text of that rejection, if the server is to blame and so has to know it.
        cause: Option<String>,
    },
    /// The function returned an error.
    Failed(BoxError),
}

impl fmt::Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument { status, .. } => {
                write!(f, "an argument of the check could not be extracted: {status}")
            }
            Self::Failed(_) => f.write_str("the check has failed"),
        }
    }
}

impl std::error::Error for CheckError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Argument { .. } => None,
            Self::Failed(cause) => Some(&**cause),
        }
    }
}

/// An argument that a check can take: any extractor that does not read the body.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a function under #[check]",
    label = "cannot be extracted from a request to this router",
    note = "a check runs before the body is read; it can take the claims of the router's `Auth<...>`, `Path<...>`, `Query<...>`, `State<...>` and headers"
)]
pub trait CheckArgument<S>: Sized {
    /// Extracts it.
    fn take(parts: &mut Parts, state: &S) -> impl Future<Output = Result<Self, CheckError>> + Send;
}

#[diagnostic::do_not_recommend]
impl<S: Sync, T: FromRequestParts<S>> CheckArgument<S> for T {
    async fn take(parts: &mut Parts, state: &S) -> Result<Self, CheckError> {
        let response = match T::from_request_parts(parts, state).await {
            Ok(taken) => return Ok(taken),
            Err(rejection) => rejection.into_response(),
        };
        Err(rejected(response).await)
    }
}

/// The text of a rejection that is longer than this, in bytes, is not logged.
const LONGEST_CAUSE: usize = 2048;

/// Reads the text of a rejection where the log needs it: axum's say what the application has to change.
async fn rejected(response: Response) -> CheckError {
    let status = response.status();
    let cause = if status.is_client_error() {
        None
    } else {
        let text = axum::body::to_bytes(response.into_body(), LONGEST_CAUSE).await;
        text.ok().map(|text| String::from_utf8_lossy(&text).into_owned())
    };
    CheckError::Argument { status, cause: cause.filter(|text| !text.is_empty()) }
}

/// The return type of a check: `bool`, or a `Result` of it if the check can fail.
#[diagnostic::on_unimplemented(
    message = "a function under #[check] cannot return `{Self}`",
    label = "neither `bool` nor `Result<bool, E>`",
    note = "return `true` to let the request pass, and an error where the check could not find out",
    note = "`E` must implement `std::error::Error`, `Send` and `Sync`"
)]
pub trait CheckAnswer {
    /// Whether the request may pass.
    fn answer(self) -> Result<bool, CheckError>;
}

#[diagnostic::do_not_recommend]
impl CheckAnswer for bool {
    fn answer(self) -> Result<bool, CheckError> {
        Ok(self)
    }
}

#[diagnostic::do_not_recommend]
impl<E: Into<BoxError>> CheckAnswer for Result<bool, E> {
    fn answer(self) -> Result<bool, CheckError> {
        self.map_err(|error| CheckError::Failed(error.into()))
    }
}

/// The checks of a rule, from left to right, as a nested tuple.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a list of checks that can run with the router state `{S}`",
    label = "not a list of checks",
    note = "in a policy written by hand, `type Checks` is `()` or a nested tuple such as `(First, (Second, ()))`"
)]
pub trait Checks<S> {
    /// The number of checks.
    const COUNT: usize;

    /// Runs the check of this number; `false` for a number without a check.
    fn run(
        number: usize,
        parts: &mut Parts,
        state: &S,
    ) -> impl Future<Output = Result<bool, CheckError>> + Send;

    /// Identifies the function of the check of this number, so that no function runs twice.
    fn function(number: usize) -> Option<TypeId>;

    /// Why one of the checks cannot run where the path has parameters of these names; `None` where all may.
    fn path_misfit(_names: &[&str]) -> Option<PathMisfit> {
        None
    }
}

impl<S: Sync> Checks<S> for () {
    const COUNT: usize = 0;

    fn function(_: usize) -> Option<TypeId> {
        None
    }

    async fn run(_: usize, _: &mut Parts, _: &S) -> Result<bool, CheckError> {
        Ok(false)
    }
}

impl<S: Sync, First: Checks<S>, Rest: Checks<S>> Checks<S> for (First, Rest) {
    const COUNT: usize = First::COUNT + Rest::COUNT;

    async fn run(number: usize, parts: &mut Parts, state: &S) -> Result<bool, CheckError> {
        match number.checked_sub(First::COUNT) {
            None => First::run(number, parts, state).await,
            Some(number) => Rest::run(number, parts, state).await,
        }
    }

    fn function(number: usize) -> Option<TypeId> {
        match number.checked_sub(First::COUNT) {
            None => First::function(number),
            Some(number) => Rest::function(number),
        }
    }

    fn path_misfit(names: &[&str]) -> Option<PathMisfit> {
        First::path_misfit(names).or_else(|| Rest::path_misfit(names))
    }
}

/// A single check in such a tuple.
pub struct OneCheck<K>(PhantomData<K>);

impl<S: Sync, K: Check<S>> Checks<S> for OneCheck<K> {
    const COUNT: usize = 1;

    async fn run(number: usize, parts: &mut Parts, state: &S) -> Result<bool, CheckError> {
        if number == 0 { K::run(parts, state).await } else { Ok(false) }
    }

    fn function(number: usize) -> Option<TypeId> {
        (number == 0).then(TypeId::of::<K>)
    }

    fn path_misfit(names: &[&str]) -> Option<PathMisfit> {
        let misfit = K::path_misfit(names)?;
        Some(match K::RULE {
            Rule::Check { name, .. } => misfit.of(name),
            _ => misfit,
        })
    }
}
