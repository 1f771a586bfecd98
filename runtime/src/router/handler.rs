//! The questions that `routes!` asks of a handler, each as a trait of its own, so that each mistake has its own message.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::handler::Handler;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, any};

use crate::access::{AcceptedIssuers, NamedRule, Policy};
use crate::auth::{Auth, AuthState, ProvidesClaims, Session};
use crate::claims::SessionClaims;
use crate::claims::role::{RoleSet, RoleTable};
use crate::diagnostics::roles::DeclaredBy;
use crate::extract::check::Checks;
use crate::extract::path_fit::PathMisfit;
use crate::extract::proof::Proof;
use crate::extract::{AnswerNotes, Guard, forget_admission};
#[cfg(feature = "openapi")]
use crate::openapi::TokenPlaces;
use crate::rejection::Led;

/// An async function with these arguments.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler",
    label = "not an async function of at most 16 arguments",
    note = "a handler is an `async fn` with at most 16 arguments; `routes!` takes its name: `routes!(me, admin::members)`"
)]
pub trait Signature<Arguments> {
    /// The function itself. When `Self` is not a handler this type is unknown, so later questions raise no errors of their own.
    type Function;

    /// The function itself.
    fn function(self) -> Self::Function;
}

/// The arguments of a handler, as a tuple.
pub trait Arguments {
    /// The first of them.
    type First;

    /// The others.
    #[cfg(feature = "openapi")]
    type Rest;
}

/// The first extractor of a handler without arguments.
#[derive(Debug)]
#[non_exhaustive]
pub struct NoExtractor;

impl Arguments for () {
    type First = NoExtractor;
    #[cfg(feature = "openapi")]
    type Rest = ();
}

impl<F: FnOnce() -> Fut, Fut: Future> Signature<()> for F {
    type Function = F;

    fn function(self) -> F {
        self
    }
}

/// A router state with which a handler can be served: its arguments can be extracted from a request, and its answer is a response.
///
/// It is axum's `Handler`, but its error names the argument or answer that does not fit, while axum's says only that something does not.
/// `Via` tells whether the last argument takes the body, as axum's `M` does.
///
/// The state is `Self`, here and in [`Provides`], because rustc then waits until it knows the state. With the state as a parameter it
/// would take `State<Db>` in a handler for a hint that the state is `Db`.
pub trait Serves<Function, Arguments, Via>: Sized {
    /// Adds the handler for these methods.
    fn serve(
        routes: MethodRouter<Self>,
        methods: MethodFilter,
        handler: Noted<Function, Self>,
    ) -> MethodRouter<Self>;

    /// The handler for every method.
    fn serve_any(handler: Noted<Function, Self>) -> MethodRouter<Self>;
}

impl<S, F, Fut> Serves<F, (), ()> for S
where
    F: FnOnce() -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output: Answer> + Send,
    S: Clone + Send + Sync + 'static,
{
    fn serve(routes: MethodRouter<S>, methods: MethodFilter, handler: Noted<F, S>) -> MethodRouter<S> {
        routes.on::<Noted<F, S>, ((),)>(methods, handler)
    }

    fn serve_any(handler: Noted<F, S>) -> MethodRouter<S> {
        any::<Noted<F, S>, ((),), S>(handler)
    }
}

/// A handler whose answer is completed with what its extractors note.
///
/// It is no layer, since axum would box each request and answer once more for it.
pub struct Noted<Function, S> {
    handler: Function,
    may_leave_notes: fn(&S) -> bool,
    has_guard: bool,
}

impl<Function, S> Noted<Function, S> {
    /// `has_guard` says that an attribute decides about each request. Without one the first argument does, and must not take a machine because
    /// a layer around the handler did.
    pub(super) fn new(handler: Function, may_leave_notes: fn(&S) -> bool, has_guard: bool) -> Self {
        Self { handler, may_leave_notes, has_guard }
    }
}

impl<Function: Clone, S> Clone for Noted<Function, S> {
    fn clone(&self) -> Self {
        let Self { handler, may_leave_notes, has_guard } = self;
        Self { handler: handler.clone(), may_leave_notes: *may_leave_notes, has_guard: *has_guard }
    }
}

impl<Function, T, S> Handler<T, S> for Noted<Function, S>
where
    // axum boxes the futures of functions, so they are `Unpin`.
    Function: Handler<T, S, Future: Unpin>,
    S: 'static,
{
    type Future = NotedFuture<Function::Future>;

    fn call(self, mut request: Request, state: S) -> Self::Future {
        if !self.has_guard {
            forget_admission(request.extensions_mut());
        }
        let notes = (self.may_leave_notes)(&state).then(|| AnswerNotes::attach(request.extensions_mut()));
        NotedFuture { answer: self.handler.call(request, state), notes }
    }
}

/// The future of a [`Noted`] handler.
pub struct NotedFuture<F> {
    answer: F,
    notes: Option<AnswerNotes>,
}

impl<F: Future<Output = Response> + Unpin> Future for NotedFuture<F> {
    type Output = Response;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Response> {
        let mut answer = Led::land(ready!(Pin::new(&mut self.answer).poll(context)));
        if let Some(notes) = self.notes.take() {
            notes.complete(answer.headers_mut());
        }
        Poll::Ready(answer)
    }
}

/// An argument that can be extracted with the router state `S`, and leaves the body alone.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be extracted where the router state is `{S}`",
    label = "an argument of this handler is `{Self}`",
    note = "`State<...>` holds the router state itself, or a field of it once axum's `#[derive(FromRef)]` is on `{S}`",
    note = "claims derive `SessionClaims`; they and `Session<...>` belong to the `Auth<...>` in `{S}`",
    note = "`Proof<...>` names a rule that `rule!` defines",
    note = "`Json`, `Form` and whatever else reads the body has to be the last argument",
    note = "another extractor implements `FromRequestParts`"
)]
pub trait Extracted<S>: FromRequestParts<S> {}

#[diagnostic::do_not_recommend]
impl<S, A: FromRequestParts<S>> Extracted<S> for A {}

/// A last argument that can be extracted with the router state `S`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be extracted where the router state is `{S}`",
    label = "the last argument of this handler is `{Self}`",
    note = "`State<...>` holds the router state itself, or a field of it once axum's `#[derive(FromRef)]` is on `{S}`",
    note = "claims derive `SessionClaims`; they and `Session<...>` belong to the `Auth<...>` in `{S}`",
    note = "`Proof<...>` names a rule that `rule!` defines",
    note = "another extractor implements `FromRequestParts`, or `FromRequest` if it reads the body"
)]
pub trait ExtractedLast<S, Via>: FromRequest<S, Via> {}

#[diagnostic::do_not_recommend]
impl<S, A: FromRequest<S, Via>, Via> ExtractedLast<S, Via> for A {}

/// The answer of a handler.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a response",
    label = "the answer of this handler is `{Self}`",
    note = "return `Json(...)`, a `String`, a `StatusCode`, a tuple of these, or a type of yours that implements axum's `IntoResponse`",
    note = "of a `Result`, the error has to be a response too"
)]
pub trait Answer: IntoResponse {}

#[diagnostic::do_not_recommend]
impl<A: IntoResponse> Answer for A {}

macro_rules! arguments {
    () => {};
    ($first:ident $($rest:ident)*) => {
        impl<Function, Fut, $first, $($rest),*> Signature<($first, $($rest,)*)> for Function
        where
            Function: FnOnce($first, $($rest),*) -> Fut,
            Fut: Future,
        {
            type Function = Function;

            fn function(self) -> Function {
                self
            }
        }

        impl<$first, $($rest),*> Arguments for ($first, $($rest,)*) {
            type First = $first;
            #[cfg(feature = "openapi")]
            type Rest = ($($rest,)*);
        }

        arguments!($($rest)*);
    };
}

arguments!(A B C D E F G H I J K L M N O P);

macro_rules! serves {
    ([$($parts:ident)*]) => {};
    ([$($parts:ident)*] $last:ident $($rest:ident)*) => {
        impl<Function, Fut, State, Via, $($parts,)* $last> Serves<Function, ($($parts,)* $last,), Via> for State
        where
            Function: FnOnce($($parts,)* $last) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output: Answer> + Send,
            State: Clone + Send + Sync + 'static,
            Via: 'static,
            $($parts: Extracted<State> + Send + 'static,)*
            $last: ExtractedLast<State, Via> + Send + 'static,
        {
            fn serve(
                routes: MethodRouter<State>,
                methods: MethodFilter,
                handler: Noted<Function, State>,
            ) -> MethodRouter<State> {
                routes.on::<Noted<Function, State>, (Via, $($parts,)* $last,)>(methods, handler)
            }

            fn serve_any(handler: Noted<Function, State>) -> MethodRouter<State> {
                any::<Noted<Function, State>, (Via, $($parts,)* $last,), State>(handler)
            }
        }

        serves!([$($parts)* $last] $($rest)*);
    };
}

serves!([] A B C D E F G H I J K L M N O P);

/// A router state that provides what a first extractor demands.
///
/// No demand has two of the impls below: with a choice, rustc would only report that none applies, and not which bound of the one fails.
// rustc takes this message for `AuthState` and `ProvidesClaims` too, since they ask the same type.
#[diagnostic::on_unimplemented(
    message = "the router state `{Self}` carries no `Auth` for this handler",
    label = "its access needs the `Auth`, and its claims, of the router state",
    note = "the router's state is an `Auth<...>`, or a struct with `#[derive(AuthState)]` and `#[auth]` on its field of type `Auth<...>`",
    note = "`with_state(...)` comes after `routes(...)`; where it is missing or comes earlier, the state is `()`",
    note = "claims that the handler takes are those of that `Auth<...>`; a handler for other claims goes into a router with a state of its own"
)]
pub trait Provides<Demands> {
    /// The roles of the users that the state signs in.
    const ROLES: RoleTable = RoleTable::NONE;

    /// Where the `Auth` of the state takes tokens. `None` where the demands do not say that there is one.
    #[cfg(feature = "openapi")]
    fn token_places(&self) -> Option<TokenPlaces> {
        None
    }

    /// The issuers whose tokens the `Auth` of the state accepts. `None` where the demands do not say that there is one.
    fn accepted_issuers(&self) -> Option<&'static AcceptedIssuers> {
        None
    }

    /// Whether the handler's extractors may read a token that is not in `Authorization`. Where the demands do not say that there is an `Auth`,
    /// they may.
    fn may_leave_notes(&self) -> bool {
        true
    }

    /// Why a check of the access cannot run where the path has parameters of these names; `None` where all may.
    fn path_misfit(_names: &[&str]) -> Option<PathMisfit> {
        None
    }
}

impl<S> Provides<()> for S {}

/// The roles of the users that the state `S` signs in.
type RoleOf<S> = <<S as AuthState>::Claims as SessionClaims>::Role;

/// The types that messages show where a role does not exist.
type ListOf<S> = <RoleOf<S> as RoleSet>::Listed;

macro_rules! provides {
    ($demands:ty, $auth:expr, $claims:ty, $checks:ty, [$($parameters:tt)*], $($bounds:tt)*) => {
        impl<S, $($parameters)*> Provides<$demands> for S
        where
            $($bounds)*
        {
            const ROLES: RoleTable = RoleTable::of_claims::<$claims>();

            #[cfg(feature = "openapi")]
            fn token_places(&self) -> Option<TokenPlaces> {
                let auth: fn(&S) -> &Auth<$claims> = $auth;
                Some(TokenPlaces::of(auth(self)))
            }

            fn accepted_issuers(&self) -> Option<&'static AcceptedIssuers> {
                let auth: fn(&S) -> &Auth<$claims> = $auth;
                Some(auth(self).accepted_issuers())
            }

            fn may_leave_notes(&self) -> bool {
                let auth: fn(&S) -> &Auth<$claims> = $auth;
                !auth(self).transports().bearer_only()
            }

            fn path_misfit(names: &[&str]) -> Option<PathMisfit> {
                <$checks as Checks<S>>::path_misfit(names)
            }
        }
    };
}

provides!(
    Guard<P>, S::auth, S::Claims, P::Checks, [P],
    S: AuthState, P: Policy<Roles: DeclaredBy<RoleOf<S>, ListOf<S>>, Checks: Checks<S>>
);
provides!(
    Proof<R>, S::auth, S::Claims, R::Checks, [R],
    S: AuthState, R: NamedRule<Roles: DeclaredBy<RoleOf<S>, ListOf<S>>, Checks: Checks<S>>
);
provides!(Session<C>, S::provided, C, (), [C], S: ProvidesClaims<C>, C: SessionClaims);
