//! The questions that `routes!` asks of a handler, each as a trait of its own, so that each mistake has its own message.

use axum::extract::{FromRequest, FromRequestParts};
use axum::response::IntoResponse;
use axum::routing::{MethodFilter, MethodRouter, any};

use crate::access::{NamedRule, Policy};
use crate::auth::{AuthState, ProvidesClaims, Session};
use crate::claims::SessionClaims;
use crate::claims::role::{RoleSet, RoleTable};
use crate::diagnostics::roles::DeclaredBy;
use crate::extract::Guard;
use crate::extract::check::Checks;
use crate::extract::proof::Proof;

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
}

/// The first extractor of a handler without arguments.
#[derive(Debug)]
#[non_exhaustive]
pub struct NoExtractor;

impl Arguments for () {
    type First = NoExtractor;
}

impl<F: FnOnce() -> Fut, Fut: Future> Signature<()> for F {
    type Function = F;

    fn function(self) -> F {
        self
    }
}

/// A handler whose arguments can be extracted from a request with the state `S`, and whose answer is a response.
///
/// It is axum's `Handler`, but its error names the argument or answer that does not fit, while axum's says only that something does not.
/// `Via` tells whether the last argument takes the body, as axum's `M` does.
pub trait Served<Arguments, Via, S>: Clone {
    /// Adds the handler for a method.
    fn serve(self, routes: MethodRouter<S>, method: MethodFilter) -> MethodRouter<S>;

    /// The handler for every method.
    fn serve_any(self) -> MethodRouter<S>;
}

impl<F, Fut, S> Served<(), (), S> for F
where
    F: FnOnce() -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output: IntoResponse> + Send,
    S: Clone + Send + Sync + 'static,
{
    fn serve(self, routes: MethodRouter<S>, method: MethodFilter) -> MethodRouter<S> {
        routes.on(method, self)
    }

    fn serve_any(self) -> MethodRouter<S> {
        any(self)
    }
}

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
        }

        arguments!($($rest)*);
    };
}

arguments!(A B C D E F G H I J K L M N O P);

macro_rules! served {
    ([$($parts:ident)*]) => {};
    ([$($parts:ident)*] $last:ident $($rest:ident)*) => {
        impl<Function, Fut, State, Via, $($parts,)* $last> Served<($($parts,)* $last,), Via, State> for Function
        where
            Function: FnOnce($($parts,)* $last) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output: IntoResponse> + Send,
            State: Clone + Send + Sync + 'static,
            Via: 'static,
            $($parts: FromRequestParts<State> + Send + 'static,)*
            $last: FromRequest<State, Via> + Send + 'static,
        {
            fn serve(self, routes: MethodRouter<State>, method: MethodFilter) -> MethodRouter<State> {
                routes.on::<Self, (Via, $($parts,)* $last,)>(method, self)
            }

            fn serve_any(self) -> MethodRouter<State> {
                any::<Self, (Via, $($parts,)* $last,), State>(self)
            }
        }

        served!([$($parts)* $last] $($rest)*);
    };
}

served!([] A B C D E F G H I J K L M N O P);

/// The router state `S` provides what a first extractor demands.
///
/// No type has two of the impls below: with a choice, rustc would only report that none applies, and not which bound of the one fails.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no demand on a router state",
    label = "the first argument of this handler demands it",
    note = "write `type Demands = ();` where `DeclaresAccess` is implemented for that argument"
)]
pub trait ProvidedBy<S> {
    /// The roles of the users that the state signs in.
    const ROLES: RoleTable = RoleTable::NONE;
}

#[diagnostic::do_not_recommend]
impl<S> ProvidedBy<S> for () {}

/// The roles of the users that the state `S` signs in.
type RoleOf<S> = <<S as AuthState>::Claims as SessionClaims>::Role;

/// The types that messages show where a role does not exist.
type ListOf<S> = <RoleOf<S> as RoleSet>::Listed;

impl<S, P> ProvidedBy<S> for Guard<P>
where
    S: AuthState,
    P: Policy<Roles: DeclaredBy<RoleOf<S>, ListOf<S>>, Checks: Checks<S>>,
{
    const ROLES: RoleTable = RoleTable::of_claims::<S::Claims>();
}

impl<S, R> ProvidedBy<S> for Proof<R>
where
    S: AuthState,
    R: NamedRule<Roles: DeclaredBy<RoleOf<S>, ListOf<S>>, Checks: Checks<S>>,
{
    const ROLES: RoleTable = RoleTable::of_claims::<S::Claims>();
}

impl<S: ProvidesClaims<C>, C: SessionClaims> ProvidedBy<S> for Session<C> {
    const ROLES: RoleTable = RoleTable::of_claims::<C>();
}
