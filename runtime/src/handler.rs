//! What `routes!` asks of a handler, one question at a time, so that each mistake has its own answer.

use std::marker::PhantomData;

use crate::access::{Access, DeclaresAccess};
use crate::known::MetBy;
use crate::router::Routes;

/// An async function with these arguments.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler",
    label = "not an async function of at most 16 arguments",
    note = "`routes!` takes the names of handlers: `routes!(me, admin::members)`"
)]
pub trait Signature<Arguments> {}

/// The arguments of a handler, as a tuple.
pub trait Arguments {
    /// The first of them.
    type First;
}

/// Stands where a handler has no first extractor.
#[derive(Debug)]
#[non_exhaustive]
pub struct NoExtractor;

impl Arguments for () {
    type First = NoExtractor;
}

impl<F: FnOnce() -> Fut, Fut: Future> Signature<()> for F {}

macro_rules! arguments {
    () => {};
    ($first:ident $($rest:ident)*) => {
        impl<Function, Fut, $first, $($rest),*> Signature<($first, $($rest,)*)> for Function
        where
            Function: FnOnce($first, $($rest),*) -> Fut,
            Fut: Future,
        {
        }

        impl<$first, $($rest),*> Arguments for ($first, $($rest,)*) {
            type First = $first;
        }

        arguments!($($rest)*);
    };
}

arguments!(A B C D E F G H I J K L M N O P);

/// A handler whose arguments are known.
pub struct Captured<S, H, T> {
    pub(crate) routes: Routes<S>,
    pub(crate) handler: H,
    pub(crate) arguments: PhantomData<fn() -> T>,
}

impl<S, H, T> Captured<S, H, T> {
    /// Asks who may call the handler, and whether the router's state can tell.
    pub fn declared(self) -> Declared<S, H>
    where
        T: Arguments<First: DeclaresAccess<Demands: MetBy<S>>>,
    {
        Declared { routes: self.routes, handler: self.handler, access: <T::First as DeclaresAccess>::ACCESS }
    }
}

/// A handler that says who may call it.
pub struct Declared<S, H> {
    pub(crate) routes: Routes<S>,
    pub(crate) handler: H,
    pub(crate) access: Access,
}
