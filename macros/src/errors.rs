//! Every mistake of one run, reported together.

use std::cell::{Cell, RefCell};
use std::fmt::{self, Display, Write as _};

use proc_macro2::Span;
use quote::ToTokens;

/// Collects mistakes; whoever opens it has to [`check`](Errors::check) it.
pub(crate) struct Errors {
    found: RefCell<Option<syn::Error>>,
    checked: Cell<bool>,
}

impl Errors {
    pub(crate) fn new() -> Self {
        Self { found: RefCell::new(None), checked: Cell::new(false) }
    }

    /// Reports a mistake, with the caret under `tokens`.
    pub(crate) fn push(&self, tokens: impl ToTokens, message: impl Into<Message>) {
        self.combine(syn::Error::new_spanned(tokens, message.into()));
    }

    /// Reports a mistake at a place that has no tokens of its own.
    pub(crate) fn push_at(&self, span: Span, message: impl Into<Message>) {
        self.combine(syn::Error::new(span, message.into()));
    }

    /// Reports what syn says.
    pub(crate) fn combine(&self, error: syn::Error) {
        let mut found = self.found.borrow_mut();
        match found.as_mut() {
            Some(errors) => errors.combine(error),
            None => *found = Some(error),
        }
    }

    /// The value, or `None` after its error was reported.
    pub(crate) fn take<T>(&self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.combine(error)).ok()
    }

    /// How many mistakes there are so far, so that whoever knows the reason of the next one can leave it out.
    pub(crate) fn count(&self) -> usize {
        self.found.borrow().as_ref().map_or(0, |error| error.clone().into_iter().count())
    }

    /// All mistakes as one error, whose `to_compile_error` is what the user sees.
    pub(crate) fn check(self) -> syn::Result<()> {
        self.checked.set(true);
        self.found.take().map_or(Ok(()), Err)
    }

    /// The model, unless there was a mistake; a model that is missing has to have a reason.
    pub(crate) fn finish<T>(self, model: Option<T>) -> syn::Result<T> {
        self.check()?;
        model.ok_or_else(|| syn::Error::new(Span::call_site(), "a mistake was found but not named"))
    }
}

impl Drop for Errors {
    fn drop(&mut self) {
        debug_assert!(self.checked.get() || std::thread::panicking(), "errors were not checked");
    }
}

/// One mistake in the house style: a lower-case sentence, then what to type, then why.
pub(crate) struct Message {
    text: String,
}

impl Message {
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self { text: sentence.into() }
    }

    /// What to type.
    pub(crate) fn help(self, help: impl Display) -> Self {
        self.line("help", &help)
    }

    /// A reason or a list, where the help does not say it all.
    pub(crate) fn note(self, note: impl Display) -> Self {
        self.line("note", &note)
    }

    fn line(mut self, label: &str, text: &dyn Display) -> Self {
        // Writing to a `String` cannot fail.
        let _ = write!(self.text, "\n{label}: {text}");
        self
    }
}

impl Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<&str> for Message {
    fn from(sentence: &str) -> Self {
        Self::new(sentence)
    }
}

impl From<String> for Message {
    fn from(sentence: String) -> Self {
        Self::new(sentence)
    }
}

/// Names as a note lists them: `` `a`, `b`, `c` ``.
pub(crate) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Tokens as a message shows them.
pub(crate) fn compact(tokens: &impl ToTokens) -> String {
    tokens.to_token_stream().to_string().split_whitespace().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_mistakes_come_in_the_order_of_reporting() {
        let errors = Errors::new();
        errors.push_at(Span::call_site(), "first");
        errors.push_at(Span::call_site(), Message::new("second").help("type this").note("because"));

        let error = errors.check().unwrap_err();

        let texts: Vec<_> = error.into_iter().map(|error| error.to_string()).collect();
        assert_eq!(texts, ["first", "second\nhelp: type this\nnote: because"]);
    }

    #[test]
    fn no_mistake_is_no_error() {
        assert!(Errors::new().check().is_ok());
    }

    #[test]
    #[should_panic = "errors were not checked"]
    #[cfg(debug_assertions)]
    fn forgetting_to_check_is_noticed() {
        drop(Errors::new());
    }
}
