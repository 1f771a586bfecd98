//! The path from a router's state to the application's [`Auth`].

use std::sync::Arc;

use crate::auth::Auth;
use crate::claims::SessionClaims;
use crate::claims::fields::Field;

/// A router's state that holds the application's [`Auth`].
///
/// `Auth<C>` is such a state itself. `#[derive(AuthState)]` with `#[auth]` on a field makes a struct of the application one.
#[diagnostic::on_unimplemented(
    message = "the router state `{Self}` carries no `Auth`",
    label = "this state has to carry it",
    note = "the router's state is an `Auth<...>`, or a struct with `#[derive(AuthState)]` and `#[auth]` on its field of type `Auth<...>`",
    note = "`with_state(...)` gives the router its state, after `routes(...)`; where it is missing or comes earlier, the state is `()`"
)]
pub trait AuthState: Send + Sync {
    /// The application's claims.
    type Claims: SessionClaims;

    /// The handle that verifies tokens.
    fn auth(&self) -> &Auth<Self::Claims>;
}

impl<C: SessionClaims> AuthState for Auth<C> {
    type Claims = C;

    fn auth(&self) -> &Self {
        self
    }
}

/// A shared state: `Arc<AppState>` carries what `AppState` carries.
#[diagnostic::do_not_recommend]
impl<S: AuthState> AuthState for Arc<S> {
    type Claims = S::Claims;

    fn auth(&self) -> &Auth<S::Claims> {
        (**self).auth()
    }
}

/// A state whose claims are `C`, which an extractor of `C` requires of the router.
#[diagnostic::on_unimplemented(
    message = "the router state `{Self}` carries no `Auth<{C}>`",
    label = "this state signs in other claims, or none",
    note = "take the claims of the state's `Auth<...>` as the argument",
    note = "a state signs in one kind of claims: handlers for `{C}` go into a router of their own with an `Auth<{C}>`, which can be nested or merged"
)]
pub trait ProvidesClaims<C>: Send + Sync {
    #[doc(hidden)]
    fn provided(&self) -> &Auth<C>;
}

#[diagnostic::do_not_recommend]
impl<S: AuthState<Claims: Same<C>>, C> ProvidesClaims<C> for S {
    fn provided(&self) -> &Auth<C> {
        S::Claims::same(self.auth())
    }
}

/// Claims that are `C`. With `AuthState<Claims = C>` in its place, rustc would report a type mismatch for other claims; this bound makes
/// it report [`ProvidesClaims`], which has a message.
pub trait Same<C>: Sized {
    #[doc(hidden)]
    fn same(auth: &Auth<Self>) -> &Auth<C>;
}

impl<C> Same<C> for C {
    fn same(auth: &Auth<C>) -> &Auth<C> {
        auth
    }
}

/// The type of a field marked `#[auth]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an `Auth<...>`",
    label = "#[auth] marks a field of another type",
    note = "`#[auth]` marks a field of type `Auth<...>` itself, without an `Option` or another type around it"
)]
pub trait AuthHandle {
    /// The claims of the handle.
    type Claims: SessionClaims;

    #[doc(hidden)]
    fn handle(&self) -> &Auth<Self::Claims>;
}

/// Does not compile if the type of the field marked `#[auth]` does not fit; see [`Field`].
#[must_use]
pub const fn auth_fits<F: AuthHandle>() -> bool {
    true
}

/// What the state's impl needs of the field marked `#[auth]`.
pub trait AuthOfField {
    /// The type of the field.
    type Field;

    /// The claims of the handle.
    type Claims: SessionClaims;

    #[doc(hidden)]
    fn handle(field: &Self::Field) -> &Auth<Self::Claims>;
}

impl<F: AuthHandle> AuthOfField for Field<true, F> {
    type Field = F;
    type Claims = F::Claims;

    fn handle(field: &F) -> &Auth<F::Claims> {
        field.handle()
    }
}

impl<C: SessionClaims> AuthHandle for Auth<C> {
    type Claims = C;

    fn handle(&self) -> &Self {
        self
    }
}
