//! Whether an item is in an `impl` or a `trait`. No token of the item tells, so the file is read up to it.

use std::fs;
use std::iter::Peekable;
use std::str::CharIndices;

use proc_macro2::Span;

/// Where an item is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In a module or a body.
    Free,
    /// In the block of this keyword, `impl` or `trait`.
    Within(&'static str),
    /// The file cannot be read, or there is none.
    Unknown,
}

/// Where the item is that has a token at `span`.
pub(crate) fn of(span: Span) -> Place {
    before(span).map_or(Place::Unknown, |text| around(&text))
}

/// Whether the type of this name is declared in the file of `span` with the derive of this name above it.
pub(crate) fn derives(span: Span, ty: &str, derive: &str) -> bool {
    let file = proc_macro::is_available().then(|| span.unwrap().local_file()).flatten();
    file.and_then(|file| fs::read_to_string(file).ok()).is_some_and(|text| is_derived(&text, ty, derive))
}

fn is_derived(text: &str, ty: &str, derive: &str) -> bool {
    let is_word_end = |rest: &str| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_');
    let declaration = format!("struct {ty}");
    text.match_indices(&declaration).filter(|(at, _)| is_word_end(&text[at + declaration.len()..])).any(
        |(at, _)| {
            let attributes = text[..at].rsplit([';', '}']).next().unwrap_or_default();
            attributes
                .match_indices(derive)
                .any(|(start, _)| is_word_end(&attributes[start + derive.len()..]))
        },
    )
}

/// The text of the file in front of `span`. It is not read for the first column, where no item of a block begins.
fn before(span: Span) -> Option<String> {
    if !proc_macro::is_available() {
        return None;
    }
    let span = span.unwrap();
    if span.column() <= 1 {
        return Some(String::new());
    }
    let text = fs::read_to_string(span.local_file()?).ok()?;
    let mut lines = text.split_inclusive('\n');
    let mut before: String = lines.by_ref().take(span.line().checked_sub(1)?).collect();
    before.extend(lines.next()?.chars().take(span.column().checked_sub(1)?));
    Some(before)
}

/// The first word of an item in front of a bracket, as far as it matters.
#[derive(Clone, Copy)]
enum Head {
    None,
    Block(&'static str),
    Other,
}

/// The block around the end of `text`.
fn around(text: &str) -> Place {
    let mut reader = Reader { text, rest: text.char_indices().peekable() };
    // The heads of the open brackets, and of the item that is being read.
    let mut open: Vec<(char, Head)> = Vec::new();
    let mut head = Head::None;
    while let Some((start, sign)) = reader.rest.next() {
        match sign {
            '(' | '[' | '{' => {
                open.push((sign, head));
                head = Head::None;
            }
            ')' | ']' => head = open.pop().map_or(Head::None, |(_, head)| head),
            '}' => {
                open.pop();
                head = Head::None;
            }
            ';' => head = Head::None,
            '/' => reader.comment(),
            '"' => reader.string(),
            '\'' => reader.character(),
            _ if sign.is_alphanumeric() || sign == '_' => head = head.then(reader.word(start)),
            _ => {}
        }
    }
    match open.last() {
        Some(('{', Head::Block(block))) => Place::Within(block),
        _ => Place::Free,
    }
}

impl Head {
    fn then(self, word: &str) -> Self {
        match (self, word) {
            (Self::None, "impl") => Self::Block("impl"),
            (Self::None, "trait") => Self::Block("trait"),
            (Self::None, "pub" | "unsafe" | "default" | "auto") => Self::None,
            (Self::None, _) => Self::Other,
            (known, _) => known,
        }
    }
}

/// Reads the parts of a text that may contain brackets which are none.
struct Reader<'a> {
    text: &'a str,
    rest: Peekable<CharIndices<'a>>,
}

impl<'a> Reader<'a> {
    fn skip_if(&mut self, sign: char) -> bool {
        self.rest.next_if(|(_, next)| *next == sign).is_some()
    }

    /// Behind `/`.
    fn comment(&mut self) {
        if self.skip_if('/') {
            self.rest.by_ref().find(|(_, sign)| *sign == '\n');
        } else if self.skip_if('*') {
            let mut depth = 1;
            while depth > 0
                && let Some((_, sign)) = self.rest.next()
            {
                match sign {
                    '*' if self.skip_if('/') => depth -= 1,
                    '/' if self.skip_if('*') => depth += 1,
                    _ => {}
                }
            }
        }
    }

    /// Behind `"`.
    fn string(&mut self) {
        while let Some((_, sign)) = self.rest.next() {
            match sign {
                '"' => return,
                '\\' => drop(self.rest.next()),
                _ => {}
            }
        }
    }

    /// Behind `'`, which starts a character or a lifetime.
    fn character(&mut self) {
        let Some((_, first)) = self.rest.next() else { return };
        if first == '\\' {
            self.rest.next();
            self.rest.by_ref().find(|(_, sign)| *sign == '\'');
        } else {
            self.skip_if('\'');
        }
    }

    /// The word that starts at `start`, where its first letter was. A raw string is read whole.
    fn word(&mut self, start: usize) -> &'a str {
        while self.rest.next_if(|(_, next)| next.is_alphanumeric() || *next == '_').is_some() {}
        let end = self.rest.peek().map_or(self.text.len(), |(end, _)| *end);
        let word = self.text.get(start..end).unwrap_or_default();
        if matches!(word, "r" | "br" | "cr") {
            self.raw_string(end);
        }
        word
    }

    fn raw_string(&mut self, start: usize) {
        let rest = self.text.get(start..).unwrap_or_default();
        let marks = rest.bytes().take_while(|byte| *byte == b'#').count();
        let Some(content) = rest.get(marks..).and_then(|rest| rest.strip_prefix('"')) else { return };
        let end = format!("\"{}", "#".repeat(marks));
        let length = content.find(&end).map_or(content.len(), |found| found + end.len());
        let end = start + marks + 1 + length;
        while self.rest.next_if(|(at, _)| *at < end).is_some() {}
    }
}

#[cfg(test)]
mod tests {
    use super::{Place, around, is_derived};

    #[test]
    fn a_derive_above_a_type_is_found() {
        let text = "use a; #[derive(Role)] enum Role {} #[derive(SessionClaims, Clone)]\n#[serde(x)]\npub struct User {\n} struct Username;";
        assert!(is_derived(text, "User", "SessionClaims"));
        assert!(!is_derived(text, "Username", "SessionClaims"));
        assert!(!is_derived(text, "User", "Session"));
        assert!(!is_derived(text, "Use", "SessionClaims"));
        assert!(!is_derived(text, "AppState", "SessionClaims"));
    }

    #[test]
    fn the_innermost_block_counts() {
        for (text, block) in [
            ("", None),
            ("mod a { ", None),
            ("impl Api { ", Some("impl")),
            (
                "impl<T: Into<[u8; 4]>> Trait<(T,)> for Api<T> where T: Send {\n    #[doc = \"x\"]\n    pub ",
                Some("impl"),
            ),
            ("unsafe impl Send for Api { fn a() {} #[cfg(x)] async ", Some("impl")),
            ("#[derive(Clone)]\npub(crate) struct Api { a: u8 }\n\nimpl Api {\n    ", Some("impl")),
            ("pub(crate) unsafe trait Api: Send { async ", Some("trait")),
            ("impl Api { fn a() { ", None),
            ("impl Api { fn a() { mod b { impl C { ", Some("impl")),
            ("impl Api { fn a() {} } ", None),
            ("impl Api { const A: u8 = 1; ", Some("impl")),
            ("impl Api { } fn a() -> impl Send { ", None),
            ("fn a(b: impl Send) { ", None),
            ("macro_rules! a { () => { impl Api { ", Some("impl")),
            ("a! { ", None),
            ("const _: () = { ", None),
            ("impl Api { a!( ", None),
        ] {
            let expected = block.map_or(Place::Free, Place::Within);
            assert_eq!(around(text), expected, "{text}");
        }
    }

    /// Brackets and quotes in comments, strings, characters and lifetimes are none.
    #[test]
    fn text_that_is_no_code_does_not_count() {
        for text in [
            "// impl Api {\n",
            "/* impl Api { /* { */ { */ ",
            "const A: &str = \"impl { \\\" {\"; ",
            "const A: &str = r#\"impl {\" {\"#; ",
            "const A: &[u8] = br\"{\\\"; ",
            "const A: char = '{'; ",
            "const A: char = '\\''; ",
            "const A: char = '\\u{7b}'; ",
            "const A: char = '\"'; ",
            "fn a<'a>(b: &'a str) {} ",
            "static r#impl: u8 = 1; ",
        ] {
            assert_eq!(around(text), Place::Free, "{text}");
            let inside = format!("{text}impl Api {{ ");
            assert_eq!(around(&inside), Place::Within("impl"), "{inside}");
        }
    }
}
