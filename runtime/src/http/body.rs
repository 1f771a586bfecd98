//! The body of a request: JSON, or the form that OAuth prescribes (RFC 6749 appendix B).
//!
//! A member that an endpoint does not know is ignored, a parameter without a value counts as omitted, and one that is repeated is
//! refused (RFC 6749 section 3.2).

use std::collections::HashSet;
use std::fmt;

use axum::RequestExt as _;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum_core::body::Body;
use axum_core::extract::Request;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use mime::Mime;
use serde::Deserialize;
use serde::de::value::{Error, MapDeserializer};
use serde::de::{DeserializeOwned, Deserializer, Error as _, Visitor};

use crate::rejection::{AuthRejection, Denial, OAuthBody};

/// In bytes: more than a token of the largest configurable size needs.
const LARGEST: usize = 64 * 1024;

/// Parameters that extensions of OAuth allow more than once (RFC 8707 section 2, RFC 8693 section 2.1).
const REPEATABLE: [&str; 2] = ["resource", "audience"];

/// How a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Syntax {
    Json,
    Form,
}

impl Syntax {
    /// The one that `Content-Type` announces, whatever its parameters. `None` for any other media type, and without the header.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let announced = headers.get(CONTENT_TYPE)?.to_str().ok()?;
        // The grammar of parameters is wider than what the parser takes, and none of them matters here.
        let essence = announced.split_once(';').map_or(announced, |(essence, _)| essence);
        let announced: Mime = essence.trim().parse().ok()?;
        let is_application = announced.type_() == mime::APPLICATION;
        if is_application && announced.subtype() == mime::WWW_FORM_URLENCODED {
            return Some(Self::Form);
        }
        let is_json = announced.subtype() == mime::JSON || announced.suffix() == Some(mime::JSON);
        (is_application && is_json).then_some(Self::Json)
    }

    fn parse<T: DeserializeOwned>(self, body: &[u8]) -> Result<T, Denial> {
        match self {
            // A struct would also read an array.
            Self::Json if !body.trim_ascii_start().starts_with(b"{") => Err(Denial::InvalidRequest),
            Self::Json => serde_json::from_slice(body).map_err(|_| Denial::InvalidRequest),
            Self::Form => form(body).map_err(|_| Denial::InvalidRequest),
        }
    }
}

fn form<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    let given: Vec<_> = form_urlencoded::parse(body).filter(|(_, value)| !value.is_empty()).collect();
    let mut names = HashSet::new();
    for (name, _) in &given {
        if !names.insert(name) && !REPEATABLE.contains(&name.as_ref()) {
            return Err(Error::custom("a parameter is repeated"));
        }
    }
    T::deserialize(MapDeserializer::new(given.into_iter()))
}

/// Reads a whole body; a larger one than [`LARGEST`] is a malformed request.
pub(super) async fn read(body: Body) -> Result<Bytes, Denial> {
    let mut request = Request::new(body);
    DefaultBodyLimit::max(LARGEST).apply(&mut request);
    request.extract().await.map_err(|_| Denial::InvalidRequest)
}

/// Parses a body of the media type that the headers announce. `None` is an empty body without a media type, or with that of JSON,
/// which some clients announce for every request. Any other media type than those of [`Syntax`] is refused, with an empty body too.
pub(super) fn parse<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<Option<T>, Denial> {
    match Syntax::of(headers) {
        None if body.is_empty() && !headers.contains_key(CONTENT_TYPE) => Ok(None),
        None => Err(Denial::UnsupportedMediaType),
        Some(Syntax::Json) if body.is_empty() => Ok(None),
        Some(syntax) => syntax.parse(body).map(Some),
    }
}

/// A refusal as the client of this request reads it, by an endpoint that speaks OAuth.
pub(super) fn in_oauth(headers: &HeaderMap, refusal: impl Into<AuthRejection>) -> AuthRejection {
    refusal.into().in_oauth(match Syntax::of(headers) {
        Some(Syntax::Form) => OAuthBody::Json,
        Some(Syntax::Json) | None => OAuthBody::Problem,
    })
}

/// The value of a parameter; `null` is none.
#[derive(Default)]
pub(super) struct Text(pub(super) Option<String>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Text, E> {
        self.visit_string(text.to_owned())
    }

    fn visit_string<E: serde::de::Error>(self, text: String) -> Result<Text, E> {
        Ok(Text(Some(text)))
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Text, E> {
        Ok(Text(None))
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[derive(Deserialize, Debug, PartialEq)]
    struct Known {
        #[serde(default, rename = "token")]
        text: Text,
    }

    impl fmt::Debug for Text {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.fmt(f)
        }
    }

    impl PartialEq for Text {
        fn eq(&self, other: &Self) -> bool {
            self.0 == other.0
        }
    }

    fn announced(media_type: &'static [u8]) -> HeaderMap {
        HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_bytes(media_type).unwrap())])
    }

    /// RFC 9110 section 8.3.1: types and names of parameters in any letter case, optional white space around the semicolon.
    #[test]
    fn a_media_type_is_known_by_its_type_and_subtype_alone() {
        for (media_type, expected) in [
            (&b"application/x-www-form-urlencoded"[..], Some(Syntax::Form)),
            (b"application/x-www-form-urlencoded;charset=UTF-8", Some(Syntax::Form)),
            (b"application/x-www-form-urlencoded; charset=utf-8", Some(Syntax::Form)),
            (b"application/x-www-form-urlencoded ; Charset=\"UTF-8\"", Some(Syntax::Form)),
            (b"APPLICATION/X-WWW-Form-UrlEncoded", Some(Syntax::Form)),
            (b"application/x-www-form-urlencoded;", Some(Syntax::Form)),
            (b"application/x-www-form-urlencoded;; charset", Some(Syntax::Form)),
            (b"application/x-www-form-urlencoded charset=utf-8", None),
            (b"application/json, application/x-www-form-urlencoded", None),
            (b"application/json", Some(Syntax::Json)),
            (b"Application/JSON; charset=utf-8", Some(Syntax::Json)),
            (b"application/merge-patch+json", Some(Syntax::Json)),
            (b"application/x-www-form-urlencodedx", None),
            (b"application/json5", None),
            (b"text/json", None),
            (b"text/plain", None),
            (b"multipart/form-data; boundary=x", None),
            (b"application", None),
            (b"", None),
            (b"\xFF", None),
        ] {
            assert_eq!(Syntax::of(&announced(media_type)), expected, "{}", media_type.escape_ascii());
        }
        assert_eq!(Syntax::of(&HeaderMap::new()), None);
    }

    #[test]
    fn a_body_without_a_media_type_is_an_empty_one() {
        assert_eq!(parse::<Known>(&HeaderMap::new(), b""), Ok(None));
        assert_eq!(parse::<Known>(&HeaderMap::new(), b"token=x"), Err(Denial::UnsupportedMediaType));
        assert_eq!(parse::<Known>(&announced(b"application/json"), b""), Ok(None));
        assert_eq!(parse::<Known>(&announced(b"text/plain"), b""), Err(Denial::UnsupportedMediaType));
    }

    /// RFC 6749 section 3.2 and appendix B.
    #[test]
    fn the_parameters_of_a_form_are_decoded_and_each_counts_once() {
        let read = |body: &str| Syntax::Form.parse::<Known>(body.as_bytes()).map(|known| known.text.0);
        let found = |text: &str| Ok(Some(text.to_owned()));
        for (body, expected) in [
            ("token=a.b.c", found("a.b.c")),
            ("token=a%2Eb%2ec", found("a.b.c")),
            ("t%6Fken=a", found("a")),
            ("token=a+b%2Bc", found("a b+c")),
            ("&token=a&", found("a")),
            ("token=a=b", found("a=b")),
            ("token=%FF", found("\u{FFFD}")),
            ("", Ok(None)),
            ("token", Ok(None)),
            ("token=", Ok(None)),
            ("Token=a", Ok(None)),
            ("other=a&token=b&more=c", found("b")),
            ("token=&token=a", found("a")),
            ("token=a&token=", found("a")),
            ("other=&other=", Ok(None)),
            ("resource=a&resource=b&audience=c&audience=d&token=e", found("e")),
            ("token=a&token=a", Err(Denial::InvalidRequest)),
            ("token=a&t%6Fken=b", Err(Denial::InvalidRequest)),
            ("other=a&other=b&token=c", Err(Denial::InvalidRequest)),
        ] {
            assert_eq!(read(body), expected, "{body}");
        }
    }

    #[test]
    fn the_members_of_an_object_are_read_by_the_same_rules() {
        let read = |body: &str| Syntax::Json.parse::<Known>(body.as_bytes()).map(|known| known.text.0);
        let found = |text: &str| Ok(Some(text.to_owned()));
        for (body, expected) in [
            (r#"{"token":"a.b.c"}"#, found("a.b.c")),
            (r#" {"other":{"token":"x"},"token":"a","more":[1]} "#, found("a")),
            (r#"{"token":"\u0061"}"#, found("a")),
            ("{}", Ok(None)),
            (r#"{"token":""}"#, found("")),
            (r#"{"token":null}"#, Ok(None)),
            (r#"{"token":"a","token":"a"}"#, Err(Denial::InvalidRequest)),
            (r#"{"token":5}"#, Err(Denial::InvalidRequest)),
            (r#"{"token":["a"]}"#, Err(Denial::InvalidRequest)),
            (r#"{"token":"a"} x"#, Err(Denial::InvalidRequest)),
            (r#"{"token":"a""#, Err(Denial::InvalidRequest)),
            (r#"["a"]"#, Err(Denial::InvalidRequest)),
            ("null", Err(Denial::InvalidRequest)),
            ("token=a", Err(Denial::InvalidRequest)),
        ] {
            assert_eq!(read(body), expected, "{body}");
        }
    }
}
