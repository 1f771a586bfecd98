//! Conditions that an application decides with a function of its own.

use std::any::TypeId;
use std::fmt;
use std::marker::PhantomData;

use axum_core::extract::FromRequestParts;
use axum_core::response::IntoResponse as _;
use http::StatusCode;
use http::request::Parts;

use crate::access::Rule;
use crate::auth::BoxError;

/// An async function that says whether a request may pass; [`check`](macro@crate::check) makes it one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a check",
    label = "not a check",
    note = "put `#[check]` above the async function `{Self}`"
)]
pub trait CheckRule: 'static {
    /// The check as part of a rule.
    const RULE: Rule;
}

/// A check that the router state `S` has everything for.
#[diagnostic::on_unimplemented(
    message = "the check `{Self}` cannot run with the router state `{S}`",
    label = "an argument of the check cannot be had from this state"
)]
pub trait Check<S>: CheckRule {
    /// Takes the arguments from the request and asks the function.
    fn run(parts: &mut Parts, state: &S) -> impl Future<Output = Result<bool, CheckError>> + Send;
}

/// Why a check has no answer. The request does not pass.
#[derive(Debug)]
#[non_exhaustive]
pub enum CheckError {
    /// An argument could not be had from the request, which its extractor refuses with this status.
    Argument(StatusCode),
    /// The function has failed.
    Failed(BoxError),
}

impl fmt::Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument(status) => write!(f, "an argument of the check is refused with {status}"),
            Self::Failed(_) => f.write_str("the check has failed"),
        }
    }
}

impl std::error::Error for CheckError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Argument(_) => None,
            Self::Failed(cause) => Some(&**cause),
        }
    }
}

/// What a check can take: whatever an extractor takes without the body.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a function under #[check]",
    label = "cannot be taken from a request to this router",
    note = "a check runs before the body is read; it takes the claims of the router's `Auth<...>`, `Path<...>`, `Query<...>`, `State<...>`, headers"
)]
pub trait CheckArgument<S>: Sized {
    /// Takes it.
    fn take(parts: &mut Parts, state: &S) -> impl Future<Output = Result<Self, CheckError>> + Send;
}

#[diagnostic::do_not_recommend]
impl<S: Sync, T: FromRequestParts<S>> CheckArgument<S> for T {
    async fn take(parts: &mut Parts, state: &S) -> Result<Self, CheckError> {
        let taken = T::from_request_parts(parts, state).await;
        taken.map_err(|rejection| CheckError::Argument(rejection.into_response().status()))
    }
}

/// What a check can answer: `bool`, or a `Result` of it when it can fail.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an answer of a function under #[check]",
    label = "neither `bool` nor a `Result<bool, E>` with a fitting `E`",
    note = "answer `true` to let the request pass; an error is for what could not be found out",
    note = "`E` implements `std::error::Error`, and is `Send` and `Sync`"
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
pub trait Checks<S> {
    /// How many there are.
    const COUNT: usize;

    /// Asks the check of this number; a number that no check has is refused.
    fn run(
        number: usize,
        parts: &mut Parts,
        state: &S,
    ) -> impl Future<Output = Result<bool, CheckError>> + Send;

    /// Which function the check of this number is, so that none is asked twice.
    fn function(number: usize) -> Option<TypeId>;
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
}

/// One check in such a tuple.
pub struct One<K>(PhantomData<K>);

impl<S: Sync, K: Check<S>> Checks<S> for One<K> {
    const COUNT: usize = 1;

    async fn run(number: usize, parts: &mut Parts, state: &S) -> Result<bool, CheckError> {
        if number == 0 { K::run(parts, state).await } else { Ok(false) }
    }

    fn function(number: usize) -> Option<TypeId> {
        (number == 0).then(TypeId::of::<K>)
    }
}
