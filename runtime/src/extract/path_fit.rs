//! Whether a `Path<...>` fits the parameters of a route. The router asks while it is put together, since a check that does not fit refuses
//! every request.
//!
//! The type in the `Path` is deserialized as axum does it, from the names of the parameters and made-up values. Only mistakes that no value
//! could mend count: a wrong number of parameters, and names.

use std::fmt;
use std::marker::PhantomData;

use axum::extract::Path;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer as _, MapAccess, Visitor,
};
use serde::forward_to_deserialize_any;

/// Tells whether an argument fits a route with parameters of these names.
pub type PathFit = fn(&[&str]) -> Option<PathMisfit>;

/// Looks up how an argument of a check takes the path. The constant for `Path<...>` takes precedence over that of [`TakesNoPath`], which
/// every type has.
pub struct PathArgument<T: ?Sized>(PhantomData<T>);

/// The fallback of [`PathArgument`] for arguments that take something else from the request.
pub trait TakesNoPath {
    /// It fits every route.
    const FIT: PathFit = |_| None;
}

impl<T: ?Sized> TakesNoPath for PathArgument<T> {}

impl<T: DeserializeOwned> PathArgument<Path<T>> {
    /// As `T` deserializes.
    pub const FIT: PathFit = misfit::<T>;
}

impl<T: DeserializeOwned> PathArgument<Option<Path<T>>> {
    /// As `T` deserializes, but a route may have no parameters.
    pub const FIT: PathFit = |names| if names.is_empty() { None } else { misfit::<T>(names) };
}

/// The first argument that does not fit.
pub fn first_misfit(arguments: &[PathFit], names: &[&str]) -> Option<PathMisfit> {
    arguments.iter().find_map(|fit| fit(names))
}

/// Why a check refuses every request to a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathMisfit {
    /// The check, once it is known.
    check: &'static str,
    mistake: Mistake,
    /// The number of parameters that the route has.
    present: usize,
}

impl PathMisfit {
    /// The same for the check of this name.
    pub(super) fn of(self, check: &'static str) -> Self {
        Self { check, ..self }
    }

    /// Whether the parameters of a prefix, which come in addition, cannot mend it.
    pub(crate) fn is_final(&self) -> bool {
        match self.mistake {
            Mistake::Number(taken) => self.present > taken,
            Mistake::Missing(_) => false,
            Mistake::Surplus(_) | Mistake::Type => true,
        }
    }
}

impl fmt::Display for PathMisfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { check, mistake, present } = self;
        match mistake {
            Mistake::Number(taken) => write!(
                f,
                "the path has {}, and the check `{check}` takes {taken}; take all of them in the check, with a tuple `Path<(_, _)>` or with a \
                 struct that has their names",
                Counted(*present)
            ),
            Mistake::Missing(name) => write!(
                f,
                "the check `{check}` takes the path parameter `{name}`, which the path does not have; give both the same name"
            ),
            Mistake::Surplus(name) => write!(
                f,
                "the path has the parameter `{name}`, which the struct in the check `{check}` denies; add it there"
            ),
            Mistake::Type => write!(
                f,
                "axum cannot make the type in the `Path` of the check `{check}` from a path; take a value, a tuple or a struct with the names \
                 of the parameters"
            ),
        }
    }
}

/// A number of path parameters.
struct Counted(usize);

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("no parameters"),
            1 => f.write_str("1 parameter"),
            several => write!(f, "{several} parameters"),
        }
    }
}

/// What no value of a parameter could mend, or the end of a trial that says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Mistake {
    /// The type takes this number of parameters.
    Number(usize),
    /// The struct needs a parameter of this name.
    Missing(&'static str),
    /// The struct denies a parameter of this name.
    Surplus(String),
    /// axum has no way to this type, whatever the path is.
    Type,
}

/// Values to try: a type that refuses one may take another. None has to fit.
const VALUES: [&str; 5] = ["1", "a", "00000000-0000-0000-0000-000000000000", "2000-01-01", "127.0.0.1"];

fn misfit<T: DeserializeOwned>(names: &[&str]) -> Option<PathMisfit> {
    let mistake = VALUES.iter().find_map(|value| match T::deserialize(Parameters { names, value }) {
        // An application may raise this error by hand, for a parameter that is there.
        Err(Trial(Some(Mistake::Missing(name)))) if names.contains(&name) => None,
        Err(Trial(mistake)) => mistake,
        Ok(_) => None,
    })?;
    Some(PathMisfit { check: "", mistake, present: names.len() })
}

/// The end of a trial: a mistake, or nothing that would be certain.
#[derive(Debug)]
struct Trial(Option<Mistake>);

impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the values of a trial do not fit")
    }
}

impl std::error::Error for Trial {}

impl de::Error for Trial {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self(None)
    }

    fn missing_field(field: &'static str) -> Self {
        Self(Some(Mistake::Missing(field)))
    }

    fn unknown_field(field: &str, _: &'static [&'static str]) -> Self {
        Self(Some(Mistake::Surplus(field.to_owned())))
    }
}

/// axum's deserializer of a path, with made-up values.
struct Parameters<'a> {
    names: &'a [&'a str],
    value: &'static str,
}

impl Parameters<'_> {
    fn count<T>(&self, taken: usize) -> Result<T, Trial> {
        Err(Trial((self.names.len() != taken).then_some(Mistake::Number(taken))))
    }
}

macro_rules! single {
    ($($method:ident)*) => {
        $(
            fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Trial> {
                self.count(1)
            }
        )*
    };
}

macro_rules! unsupported {
    ($($method:ident)*) => {
        $(
            fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Trial> {
                Err(Trial(Some(Mistake::Type)))
            }
        )*
    };
}

impl<'de> Deserializer<'de> for Parameters<'_> {
    type Error = Trial;

    single! {
        deserialize_any deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128 deserialize_u8
        deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32 deserialize_f64 deserialize_char deserialize_str
        deserialize_string deserialize_byte_buf
    }

    unsupported! { deserialize_bytes deserialize_option deserialize_identifier deserialize_ignored_any }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trial> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Trial> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Trial> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Trial> {
        // A list takes any number of parameters.
        Err(Trial(None))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, _: V) -> Result<V::Value, Trial> {
        self.count(length)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        _: V,
    ) -> Result<V::Value, Trial> {
        self.count(length)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trial> {
        visitor.visit_map(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Trial> {
        visitor.visit_map(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Trial> {
        self.count(1)
    }
}

impl<'de> MapAccess<'de> for Parameters<'_> {
    type Error = Trial;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Trial> {
        let Some((name, rest)) = self.names.split_first() else { return Ok(None) };
        self.names = rest;
        seed.deserialize((*name).into_deserializer()).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Trial> {
        seed.deserialize(Value(self.value))
    }
}

/// A made-up value of a parameter.
struct Value(&'static str);

macro_rules! number {
    ($($method:ident)*) => {
        $(
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trial> {
                visitor.visit_u8(1)
            }
        )*
    };
}

impl<'de> Deserializer<'de> for Value {
    type Error = Trial;

    number! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
        deserialize_f32 deserialize_f64
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trial> {
        visitor.visit_str(self.0)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trial> {
        visitor.visit_bool(true)
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trial> {
        visitor.visit_i128(1)
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trial> {
        visitor.visit_u128(1)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trial> {
        visitor.visit_char('a')
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trial> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Trial> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trial> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct enum identifier
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[derive(serde::Deserialize)]
    #[expect(dead_code, reason = "only deserialized")]
    struct Comment {
        #[serde(alias = "post_id")]
        post: std::net::IpAddr,
        comment: String,
        page: Option<u64>,
    }

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only deserialized")]
    struct Strict {
        id: u64,
    }

    #[derive(serde::Deserialize)]
    struct Wrapped(#[expect(dead_code, reason = "only deserialized")] u64);

    #[derive(serde::Deserialize)]
    enum Kind {
        Post,
    }

    #[test]
    fn only_certain_mistakes_are_found() {
        assert!(matches!(Kind::Post, Kind::Post));
        let table: &[(PathFit, &[&str], Option<Mistake>)] = &[
            (misfit::<u64>, &["id"], None),
            (misfit::<u64>, &["id", "post"], Some(Mistake::Number(1))),
            (misfit::<u64>, &[], Some(Mistake::Number(1))),
            (misfit::<Wrapped>, &["id", "post"], Some(Mistake::Number(1))),
            (misfit::<String>, &[], Some(Mistake::Number(1))),
            (misfit::<Kind>, &["kind"], None),
            (misfit::<Kind>, &["kind", "id"], Some(Mistake::Number(1))),
            (misfit::<(u64, String)>, &["id", "post"], None),
            (misfit::<(u64, String)>, &["id"], Some(Mistake::Number(2))),
            (misfit::<[u8; 2]>, &["a", "b", "c"], Some(Mistake::Number(2))),
            (misfit::<Vec<String>>, &["a", "b", "c"], None),
            (misfit::<Vec<(String, u64)>>, &["a", "b", "c"], None),
            (misfit::<HashMap<String, u64>>, &[], None),
            (misfit::<()>, &["id"], None),
            (misfit::<Option<u64>>, &["id"], Some(Mistake::Type)),
            (misfit::<Comment>, &["post", "comment"], None),
            (misfit::<Comment>, &["other", "post_id", "comment"], None),
            (misfit::<Comment>, &["post", "comment_id"], Some(Mistake::Missing("comment"))),
            (misfit::<Strict>, &["id"], None),
            (misfit::<Strict>, &["id", "tenant"], Some(Mistake::Surplus("tenant".to_owned()))),
            (PathArgument::<Path<u64>>::FIT, &[], Some(Mistake::Number(1))),
            (PathArgument::<Option<Path<u64>>>::FIT, &[], None),
            (PathArgument::<Option<Path<u64>>>::FIT, &["a", "b"], Some(Mistake::Number(1))),
            (PathArgument::<u64>::FIT, &["a", "b"], None),
        ];
        for (number, (fit, names, mistake)) in table.iter().enumerate() {
            assert_eq!(fit(names).map(|misfit| misfit.mistake), *mistake, "row {number}: {names:?}");
        }
    }

    #[test]
    fn parameters_of_a_prefix_can_mend_what_is_missing() {
        let is_final = |fit: PathFit, names: &[&str]| fit(names).unwrap().is_final();
        assert!(is_final(misfit::<u64>, &["id", "post"]));
        assert!(!is_final(misfit::<u64>, &[]));
        assert!(!is_final(misfit::<(u64, u64)>, &["id"]));
        assert!(!is_final(misfit::<Comment>, &["post"]));
        assert!(is_final(misfit::<Strict>, &["id", "tenant"]));
        assert!(is_final(misfit::<Option<u64>>, &[]));
    }
}
