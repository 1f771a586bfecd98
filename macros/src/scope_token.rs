//! The characters of a role's or scope's name, and identifiers made of such names.

use proc_macro2::{Ident, Span};

/// The first character that is not allowed in a scope-token of RFC 6749 section 3.3. A role's name has to be one too: it
/// may travel in a challenge.
pub(crate) fn refused_character(name: &str) -> Option<char> {
    name.chars().find(|c| !matches!(c, '\x21' | '\x23'..='\x5B' | '\x5D'..='\x7E'))
}

/// The characters that names have in practice and identifiers have not, and the words for them.
const WORDS: [(char, &str); 6] =
    [('-', "_dash_"), (':', "_colon_"), ('.', "_dot_"), ('/', "_slash_"), ('*', "_star_"), ('+', "_plus_")];

/// The name with a word for each character that an identifier cannot hold, so that no two names look alike.
fn in_words(name: &str) -> String {
    let letters = name.chars().map(|letter| match WORDS.iter().find(|(character, _)| *character == letter) {
        Some((_, word)) => (*word).to_owned(),
        None if letter.is_ascii_alphanumeric() || letter == '_' => letter.to_string(),
        None => format!("_x{:02x}_", u32::from(letter)),
    });
    letters.collect()
}

/// An identifier for each name, as close to it as an identifier can be, and different from those in `taken`.
///
/// rustc prints these identifiers where a guard names a role that the router's roles lack. The guard's and the roles' are
/// made by this one function, so that the user reads the same word on both sides.
pub(crate) fn identifiers(
    names: impl IntoIterator<Item = impl AsRef<str>>,
    mut taken: Vec<String>,
) -> Vec<Ident> {
    let identifiers = names.into_iter().map(|name| {
        let mut word = in_words(name.as_ref());
        if word.starts_with(|c: char| c.is_ascii_digit()) {
            word.insert(0, '_');
        }
        while taken.contains(&word) || syn::parse_str::<Ident>(&word).is_err() {
            word.push('_');
        }
        taken.push(word.clone());
        Ident::new(&word, Span::call_site())
    });
    identifiers.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_scope_token() {
        for allowed in ["admin", "posts:write", "!", "#[]~", "ops:on-call"] {
            assert_eq!(refused_character(allowed), None, "{allowed}");
        }
        for (name, refused) in [("a b", ' '), ("a\"b", '"'), ("a\\b", '\\'), ("größe", 'ö'), ("\x7F", '\x7F')]
        {
            assert_eq!(refused_character(name), Some(refused), "{name}");
        }
    }

    #[test]
    fn identifiers_are_close_to_the_names_and_unique() {
        let names = ["member", "a:b", "a-b", "a_b", "type", "2nd", "*", "a~b", "User", "a_dash_b"];
        let found = identifiers(names, vec!["User".to_owned()]);
        assert_eq!(
            found,
            [
                "member",
                "a_colon_b",
                "a_dash_b",
                "a_b",
                "type_",
                "_2nd",
                "_star_",
                "a_x7e_b",
                "User_",
                "a_dash_b_"
            ]
        );
    }
}
