//! The question to each argument of a handler: what it says in the document.
//!
//! Rust picks one of two traits by the type of the argument. So the question is a macro, at the place where the types are known.

use std::marker::PhantomData;

use utoipa::openapi::path::Operation;
use utoipa::openapi::{RefOr, Schema};

use super::handler::Arguments;
use crate::openapi::{ArgumentDocument, DocumentsArgument};

/// Asks an argument of the type `T` for its document, in a place where `T` is known.
///
/// `(&Argument::<T>::new()).describe(operation, schemas)` finds the method of [`Described`] if `T` implements [`DocumentsArgument`], and
/// otherwise the one of [`Undescribed`], which needs one reference more. Both traits have to be in scope.
#[derive(Debug)]
pub struct Argument<T>(PhantomData<fn() -> T>);

impl<T> Argument<T> {
    /// The question.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "generated code alone calls it")]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

/// The arguments of a handler, for `describe_arguments!`.
#[derive(Debug)]
pub struct ArgumentsOf<T>(PhantomData<fn() -> T>);

impl<T: Arguments> ArgumentsOf<T> {
    pub(crate) const fn new() -> Self {
        Self(PhantomData)
    }

    /// The first argument.
    pub fn first(&self) -> Argument<T::First> {
        Argument::new()
    }

    /// The arguments after the first one.
    pub fn rest(&self) -> ArgumentsOf<T::Rest> {
        ArgumentsOf(PhantomData)
    }
}

/// Asks each argument of a handler for its document. It is a macro, since every argument has to be asked where its type is known; a handler
/// has at most 16.
#[doc(hidden)]
#[macro_export]
macro_rules! __describe_arguments {
    ($arguments:expr, $operation:expr, $schemas:expr) => {
        $crate::__describe_arguments!(@ $arguments, $operation, $schemas, [a b c d e f g h i j k l m n o p])
    };
    (@ $arguments:expr, $operation:expr, $schemas:expr, []) => {};
    (@ $arguments:expr, $operation:expr, $schemas:expr, [$one:ident $($more:ident)*]) => {{
        use $crate::__private::{Described, Undescribed};

        // Each argument needs one of the two. An `allow` would not compile where `unused_imports` is forbidden.
        fn _both(_: impl Described, _: impl Undescribed) {}

        let arguments = $arguments;
        (&arguments.first()).describe($operation, $schemas);
        $crate::__describe_arguments!(@ arguments.rest(), $operation, $schemas, [$($more)*]);
    }};
}

/// An argument that describes itself.
pub trait Described {
    /// Adds the document of the argument.
    fn describe(&self, operation: &mut Operation, schemas: &mut Vec<(String, RefOr<Schema>)>);
}

impl<T: DocumentsArgument> Described for Argument<T> {
    fn describe(&self, operation: &mut Operation, schemas: &mut Vec<(String, RefOr<Schema>)>) {
        let mut argument = ArgumentDocument::default();
        T::document(&mut argument);
        argument.write(operation, schemas);
    }
}

/// An argument that says nothing.
pub trait Undescribed {
    /// Changes nothing.
    fn describe(&self, _: &mut Operation, _: &mut Vec<(String, RefOr<Schema>)>) {}
}

impl<T> Undescribed for &Argument<T> {}
