//! Every mistake of one run, reported together.

use std::cell::{Cell, RefCell};
use std::fmt::{self, Display, Write as _};

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};

/// Collects mistakes. Its owner has to ask for them in the end, with [`finish`](Errors::finish) or
/// [`into_tokens`](Errors::into_tokens).
pub(crate) struct Errors {
    found: RefCell<Vec<syn::Error>>,
    checked: Cell<bool>,
}

/// Evidence that a mistake was reported. It takes the place of a value that a mistake made impossible, so that no value
/// is ever missing without a reason.
#[derive(Clone, Copy)]
pub(crate) struct Reported(());

impl Errors {
    pub(crate) fn new() -> Self {
        Self { found: RefCell::new(Vec::new()), checked: Cell::new(false) }
    }

    /// Reports a mistake, with the caret under `tokens`.
    pub(crate) fn push(&self, tokens: impl ToTokens, message: Message) -> Reported {
        self.report(syn::Error::new_spanned(tokens, message))
    }

    /// Reports a mistake at a place that has no tokens of its own.
    pub(crate) fn push_at(&self, span: Span, message: Message) -> Reported {
        self.report(syn::Error::new(span, message))
    }

    /// The value, or the report of syn's own error.
    pub(crate) fn take<T>(&self, result: syn::Result<T>) -> Result<T, Reported> {
        result.map_err(|error| self.report(error))
    }

    fn report(&self, error: syn::Error) -> Reported {
        self.found.borrow_mut().push(error);
        Reported(())
    }

    /// The value that `work` returns, unless it reports a mistake on the way.
    pub(crate) fn strict<T>(&self, work: impl FnOnce() -> Result<T, Reported>) -> Result<T, Reported> {
        let before = self.found.borrow().len();
        let value = work()?;
        if self.found.borrow().len() > before { Err(Reported(())) } else { Ok(value) }
    }

    /// All mistakes as `compile_error!`s; empty if there are none.
    pub(crate) fn into_tokens(self) -> TokenStream {
        self.checked.set(true);
        self.found.take().iter().map(syn::Error::to_compile_error).collect()
    }

    /// The model if there is no mistake at all; otherwise all mistakes as `compile_error!`s.
    pub(crate) fn finish<T>(self, model: Result<T, Reported>) -> Result<T, TokenStream> {
        let mistakes = self.into_tokens();
        model.ok().filter(|_| mistakes.is_empty()).ok_or(mistakes)
    }
}

/// A type in place of one that the mistakes made impossible to know. It holds the first of them: rustc reports equal errors at one place once,
/// and has no complaints about code that uses a type with an error in it.
pub(crate) fn unknown_type(mistakes: &TokenStream) -> TokenStream {
    let mut first = TokenStream::new();
    for token in mistakes.clone() {
        let is_last = matches!(token, TokenTree::Group(_));
        first.extend([token]);
        if is_last {
            break;
        }
    }
    quote!([(); #first])
}

impl Drop for Errors {
    fn drop(&mut self) {
        debug_assert!(self.checked.get() || std::thread::panicking(), "errors were not checked");
    }
}

/// One mistake in the house style: a lower-case sentence, then the text to type, then the reason.
pub(crate) struct Message {
    text: String,
}

impl Message {
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self { text: sentence.into() }
    }

    /// Adds the text to type.
    pub(crate) fn help(self, help: impl Display) -> Self {
        self.line("help", &help)
    }

    /// Adds a reason or a list, where the help is not enough.
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

/// Names as a note lists them: `` `a`, `b`, `c` ``.
pub(crate) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Tokens as a message shows them: without spaces, but for those between two words.
pub(crate) fn compact(tokens: &impl ToTokens) -> String {
    let text = tokens.to_token_stream().to_string();
    let mut shown = String::new();
    for part in text.split_whitespace() {
        let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
        if shown.ends_with(is_word) && part.starts_with(|first: char| is_word(first) || first == '\'') {
            shown.push(' ');
        }
        shown.push_str(part);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::compile_errors;

    #[test]
    fn all_mistakes_come_in_the_order_of_reporting() {
        let errors = Errors::new();
        errors.push_at(Span::call_site(), Message::new("first"));
        errors.push_at(Span::call_site(), Message::new("second").help("type this").note("because"));

        assert_eq!(compile_errors(errors.into_tokens()), ["first", "second\nhelp: type this\nnote: because"]);
    }

    #[test]
    fn a_model_is_finished_if_there_is_no_mistake() {
        assert!(Errors::new().finish(Ok(())).is_ok());
        let errors = Errors::new();
        errors.push_at(Span::call_site(), Message::new("found in a model that can still be used"));
        assert!(errors.finish(Ok(())).is_err());
    }

    #[test]
    fn strict_work_fails_with_every_mistake_in_it_and_with_no_other() {
        let errors = Errors::new();
        errors.push_at(Span::call_site(), Message::new("earlier"));
        assert!(errors.strict(|| Ok(())).is_ok());
        let failed = errors.strict(|| {
            errors.push_at(Span::call_site(), Message::new("inside"));
            Ok(())
        });
        assert!(failed.is_err());
        assert_eq!(compile_errors(errors.into_tokens()), ["earlier", "inside"]);
    }

    #[test]
    fn the_first_mistake_takes_the_place_of_a_type() {
        let errors = Errors::new();
        errors.push_at(Span::call_site(), Message::new("first"));
        errors.push_at(Span::call_site(), Message::new("second"));
        let unknown = unknown_type(&errors.into_tokens()).to_string();
        assert!(syn::parse_str::<syn::Type>(&unknown).is_ok(), "{unknown}");
        assert!(unknown.contains("first") && !unknown.contains("second"), "{unknown}");
    }

    #[test]
    #[should_panic = "errors were not checked"]
    #[cfg(debug_assertions)]
    fn forgetting_to_check_is_noticed() {
        drop(Errors::new());
    }
}
