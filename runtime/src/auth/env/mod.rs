//! The configuration of an `Auth` from environment variables.

mod value;

#[cfg(test)]
#[cfg(all(feature = "macros", any(feature = "aws-lc-rs", feature = "rust-crypto")))]
mod tests;

use std::time::Duration;

pub(super) use self::value::is_url;
use self::value::{Mistake, bytes, count, list, seconds, text, url};
use super::builder::fits_access_ttl;
use super::{Auth, AuthBuilder, ConfigError};
use crate::access::is_challenge_text;
use crate::claims::SessionClaims;
use crate::session::{Lifetimes, PolicyError, Rotation, SessionPolicy};
use crate::token::{Algorithm, Key, KeyError, KeyRing, KeySet, SettingsError, TokenSettings};

const PREFIX: &str = "COUNTERSIGN_";

const ALGORITHMS: &str = "one of HS256, HS384, HS512, ES256, ES384, EdDSA, RS256 and PS256";

impl<C: SessionClaims> Auth<C> {
    /// Reads keys, issuer, audiences and times from environment variables. The program adds the store and the claims source.
    ///
    /// | variable | holds | required |
    /// |---|---|---|
    /// | `COUNTERSIGN_ISSUER` | the `iss` of tokens: a URL | yes |
    /// | `COUNTERSIGN_AUDIENCE` | the `aud` of tokens; several are separated by commas | yes |
    /// | `COUNTERSIGN_ACCESS_KEY` | a secret, or a private key as PEM | yes |
    /// | `COUNTERSIGN_ACCESS_ALGORITHM` | `HS256` (the default), `ES256`, `EdDSA`, … | no |
    /// | `COUNTERSIGN_REFRESH_KEY` | another secret, used with HS256 | yes |
    /// | `COUNTERSIGN_PREVIOUS_REFRESH_KEY` | the refresh key before that one, whose tokens are still accepted | no |
    /// | `COUNTERSIGN_CLIENT_ID` | the `client_id` of access tokens | no |
    /// | `COUNTERSIGN_REALM` | the realm of challenges | no |
    /// | `COUNTERSIGN_ACCESS_TTL` | the life of an access token in seconds | no |
    /// | `COUNTERSIGN_IDLE_TTL` | the life of an unused session in seconds | no |
    /// | `COUNTERSIGN_ABSOLUTE_TTL` | the longest life of a session in seconds | no |
    /// | `COUNTERSIGN_ROTATION_WINDOW` | the seconds in which a retry gets the same tokens | no |
    /// | `COUNTERSIGN_MAX_SESSIONS_PER_USER` | the greatest number of sessions of a user | no |
    /// | `COUNTERSIGN_TOUCH_INTERVAL` | the seconds between two updates of a session's last use | no |
    /// | `COUNTERSIGN_LEEWAY` | the tolerated difference of clocks in seconds | no |
    /// | `COUNTERSIGN_MAX_TOKEN_LEN` | the longest token in bytes | no |
    ///
    /// Blanks around a value do not count, and a variable with nothing else in it is not set. Line breaks in PEM may be written `\n`.
    ///
    /// # Errors
    ///
    /// Every problem of every variable at once, each by its name: see [`ConfigError::problems`]. No message holds a value.
    ///
    /// ```no_run
    /// # use countersign::{Auth, ConfigError, SessionClaims, store::MemoryStore};
    /// # #[derive(SessionClaims, Clone)] struct User { #[claims(subject)] id: u64 }
    /// # fn main() -> Result<(), ConfigError> {
    /// let auth: Auth<User> = Auth::from_env()?
    ///     .store(MemoryStore::new())
    ///     .claims_source(|id| async move { Ok(Some(User { id })) })
    ///     .build()?;
    /// # Ok(()) }
    /// ```
    pub fn from_env() -> Result<AuthBuilder<C>, ConfigError> {
        Self::from_env_with_prefix(PREFIX)
    }

    /// As [`from_env`](Self::from_env), for an `Auth` whose access keys are those of a ring: `COUNTERSIGN_ACCESS_KEY` and
    /// `COUNTERSIGN_ACCESS_ALGORITHM` are not read, and must not be set.
    ///
    /// # Errors
    ///
    /// As [`from_env`](Self::from_env).
    pub fn from_env_with_key_ring(ring: KeyRing) -> Result<AuthBuilder<C>, ConfigError> {
        from_variables_with(PREFIX, from_system, Some(ring))
    }

    /// As [`from_env`](Self::from_env), from variables that begin with `prefix` in place of `COUNTERSIGN_`.
    ///
    /// For a second `Auth` in one program, such as one for customers and one for staff, each with its own claims, keys and audience.
    ///
    /// # Errors
    ///
    /// As [`from_env`](Self::from_env).
    pub fn from_env_with_prefix(prefix: &str) -> Result<AuthBuilder<C>, ConfigError> {
        from_variables(prefix, from_system)
    }
}

fn from_system(name: &str) -> Option<Option<String>> {
    std::env::var_os(name).map(|value| value.into_string().ok())
}

/// `variable` returns `None` for a variable that is not set, and `Some(None)` for one that is not UTF-8.
fn from_variables<C: SessionClaims>(
    prefix: &str,
    variable: impl Fn(&str) -> Option<Option<String>>,
) -> Result<AuthBuilder<C>, ConfigError> {
    from_variables_with(prefix, variable, None)
}

/// With a ring in the place of the access key.
fn from_variables_with<C: SessionClaims>(
    prefix: &str,
    variable: impl Fn(&str) -> Option<Option<String>>,
    key_ring: Option<KeyRing>,
) -> Result<AuthBuilder<C>, ConfigError> {
    let mut variables = Variables { prefix, variable, set: Vec::new(), problems: Vec::new() };
    let mut builder = Auth::builder();

    let access_key = match &key_ring {
        None => access_key(&mut variables),
        Some(_) => {
            let names = ["ACCESS_KEY", "ACCESS_ALGORITHM"];
            let is_set = names.map(|name| variables.optional(name, |_| Ok(())).is_some());
            variables.refuse_if(is_set.contains(&true).then_some(ConfigError::KeyRing));
            None
        }
    };
    let refresh_keys = refresh_keys(&mut variables);
    if let (Some(access_key), Some(refresh_keys)) = (&access_key, &refresh_keys)
        && refresh_keys.has_key_material_of(access_key)
    {
        variables.refuse(ConfigError::SameKey);
    }
    builder = access_key.into_iter().fold(builder, AuthBuilder::access_key);
    builder = key_ring.into_iter().fold(builder, AuthBuilder::key_ring);
    builder = refresh_keys.into_iter().fold(builder, AuthBuilder::refresh_keys);

    let issuer = variables.required("ISSUER", url);
    builder = issuer.into_iter().fold(builder, AuthBuilder::issuer);
    let audiences = variables.required("AUDIENCE", list);
    builder = audiences.into_iter().flatten().fold(builder, AuthBuilder::audience);
    // A variable that is not set leaves the default of its setting.
    let client_id = variables.optional("CLIENT_ID", |value| text(value, "a name"));
    builder = client_id.into_iter().fold(builder, AuthBuilder::client_id);
    let realm = variables.optional("REALM", |value| text(value, "a name"));
    if realm.as_deref().is_some_and(|realm| !is_challenge_text(realm)) {
        variables.refuse(ConfigError::Realm);
    }
    builder = realm.into_iter().fold(builder, AuthBuilder::realm);
    builder = with_times(builder, &mut variables);

    let policy = SessionPolicy::default();
    let limit = variables.optional("MAX_SESSIONS_PER_USER", count);
    variables.refuse_if(limit.and_then(|limit| policy.max_per_user(limit).err()));
    builder = limit.into_iter().fold(builder, AuthBuilder::max_sessions_per_user);
    let interval = variables.optional("TOUCH_INTERVAL", seconds);
    variables.refuse_if(interval.and_then(|interval| policy.touch_interval(interval).err()));
    builder = interval.into_iter().fold(builder, AuthBuilder::touch_interval);
    let leeway = variables.optional("LEEWAY", seconds);
    let max_token_len = variables.optional("MAX_TOKEN_LEN", bytes);
    let mut settings = TokenSettings::new("https://api.example.com", "https://api.example.com");
    settings = leeway.into_iter().fold(settings, TokenSettings::leeway);
    settings = max_token_len.into_iter().fold(settings, TokenSettings::max_len);
    settings.problems().into_iter().for_each(|error| variables.refuse(error));
    builder = leeway.into_iter().fold(builder, AuthBuilder::leeway);
    builder = max_token_len.into_iter().fold(builder, AuthBuilder::max_token_len);

    ConfigError::unless_none(variables.problems)?;
    Ok(builder.with_variables(variables.set))
}

/// The lifetimes. Of two that contradict each other, both of them set, the shorter one is told.
fn with_times<C: SessionClaims, F: Fn(&str) -> Option<Option<String>>>(
    mut builder: AuthBuilder<C>,
    variables: &mut Variables<'_, F>,
) -> AuthBuilder<C> {
    let access_ttl = variables.optional("ACCESS_TTL", seconds);
    let (idle_ttl, absolute_ttl) =
        (variables.optional("IDLE_TTL", seconds), variables.optional("ABSOLUTE_TTL", seconds));
    let window = variables.optional("ROTATION_WINDOW", seconds);
    if let Some(access_ttl) = access_ttl
        && (!fits_access_ttl(access_ttl) || idle_ttl.is_some_and(|idle_ttl| access_ttl > idle_ttl))
    {
        variables.refuse(ConfigError::AccessTtl);
    }
    let second = Duration::from_secs(1);
    let lifetimes = match (idle_ttl, absolute_ttl) {
        (Some(idle_ttl), absolute_ttl) => Some(Lifetimes::new(idle_ttl, absolute_ttl.unwrap_or(idle_ttl))),
        (None, Some(absolute_ttl)) => Some(Lifetimes::new(second, absolute_ttl)),
        (None, None) => None,
    };
    let strict = Rotation::Always { window: Duration::ZERO };
    variables.refuse_if(lifetimes.and_then(|lifetimes| SessionPolicy::new(lifetimes, strict).err()));
    let rotation = window.map(|window| Rotation::Always { window });
    variables
        .refuse_if(rotation.and_then(|rotation| SessionPolicy::new(Lifetimes::default(), rotation).err()));
    if let (Some(window), Some(access_ttl)) = (window, access_ttl)
        && window >= access_ttl
        && fits_access_ttl(access_ttl)
    {
        variables.refuse(ConfigError::Window);
    }
    builder = access_ttl.into_iter().fold(builder, AuthBuilder::access_ttl);
    let defaults = Lifetimes::default();
    builder = builder.lifetimes(Lifetimes::new(
        idle_ttl.unwrap_or(defaults.idle_ttl),
        absolute_ttl.unwrap_or(defaults.absolute_ttl),
    ));
    rotation.into_iter().fold(builder, AuthBuilder::rotation)
}

fn access_key<F: Fn(&str) -> Option<Option<String>>>(variables: &mut Variables<'_, F>) -> Option<Key> {
    let mut algorithm = Some(Algorithm::Hs256);
    variables.optional("ACCESS_ALGORITHM", |value| {
        algorithm = value.parse().ok();
        let in_other_letters =
            value.to_ascii_uppercase().replace(['-', '_'], "").parse::<Algorithm>().is_ok();
        let found = in_other_letters.then_some("one of them in other letters");
        if algorithm.is_some() { Ok(()) } else { Err(Mistake { expected: ALGORITHMS, found }) }
    });
    variables.required("ACCESS_KEY", |value| {
        match algorithm {
            // Which kind of key is needed is not known.
            None => Ok(None),
            Some(algorithm) if !algorithm.is_symmetric() => {
                Ok(Some(Key::from_private_pem(algorithm, value)))
            }
            Some(_) if value.contains("-----BEGIN ") => Err(Mistake {
                expected: "a secret, because the algorithm is HS256, HS384 or HS512",
                found: Some("a PEM file: set the variable of the algorithm to that of the key, such as EdDSA or ES256"),
            }),
            Some(algorithm) => Ok(Some(secret(algorithm, value))),
        }
    })
    .flatten()
    .and_then(|key| variables.key("ACCESS_KEY", key))
}

fn refresh_keys<F: Fn(&str) -> Option<Option<String>>>(variables: &mut Variables<'_, F>) -> Option<KeySet> {
    let read = |value: &str| Ok(secret(Algorithm::Hs256, value));
    let current = variables.required("REFRESH_KEY", read).and_then(|key| variables.key("REFRESH_KEY", key));
    let name = "PREVIOUS_REFRESH_KEY";
    let previous = variables.optional(name, read).and_then(|key| variables.key(name, key));
    let keys = KeySet::new(current?).and_then(|keys| match previous {
        Some(previous) => keys.accept(previous),
        None => Ok(keys),
    });
    variables.key(name, keys)
}

/// A secret in a variable is text, so quotes around it are a mistake.
fn secret(algorithm: Algorithm, value: &str) -> Result<Key, KeyError> {
    match text(value, "") {
        Err(Mistake { found: Some(found), .. }) if found.starts_with("in quotes") => Err(KeyError::Quoted),
        _ => Key::from_secret(algorithm, value),
    }
}

struct Variables<'a, F> {
    prefix: &'a str,
    variable: F,
    /// Those that are set, without and with the prefix.
    set: Vec<(&'static str, String)>,
    problems: Vec<ConfigError>,
}

impl<F: Fn(&str) -> Option<Option<String>>> Variables<'_, F> {
    fn name(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// The value, without blanks around it. An empty one counts as not set.
    fn optional<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str) -> Result<T, Mistake>,
    ) -> Option<T> {
        let full = self.name(name);
        let value = (self.variable)(&full)?;
        let read = match value.as_deref().map(str::trim) {
            Some("") => return None,
            Some(value) => read(value),
            None => Err(Mistake { expected: "UTF-8 text", found: None }),
        };
        self.set.push((name, full.clone()));
        read.map_err(|Mistake { expected, found }| {
            self.problems.push(ConfigError::EnvInvalid { name: full, expected, found });
        })
        .ok()
    }

    fn required<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str) -> Result<T, Mistake>,
    ) -> Option<T> {
        let (set, value) = (self.set.len(), self.optional(name, read));
        if self.set.len() == set {
            self.problems.push(ConfigError::EnvMissing { name: self.name(name) });
        }
        value
    }

    fn key<T>(&mut self, name: &'static str, key: Result<T, KeyError>) -> Option<T> {
        key.map_err(|error| {
            self.problems.push(ConfigError::Env { name: self.name(name), error: Box::new(error.into()) });
        })
        .ok()
    }

    fn refuse(&mut self, error: impl Into<ConfigError>) {
        self.problems.push(error.into().of_variable(&self.set));
    }

    fn refuse_if(&mut self, error: Option<impl Into<ConfigError>>) {
        error.into_iter().for_each(|error| self.refuse(error));
    }
}

impl ConfigError {
    /// The error with the name of the variable to change, where the setting came from one.
    pub(super) fn of_variable(self, variables: &[(&'static str, String)]) -> Self {
        let candidates: &[&str] = match &self {
            Self::AccessTtl => &["ACCESS_TTL", "IDLE_TTL"],
            Self::Issuer | Self::Tokens(SettingsError::EmptyIssuer) => &["ISSUER"],
            Self::Realm => &["REALM"],
            Self::SameKey => &["REFRESH_KEY", "ACCESS_KEY"],
            Self::KeyRing => &["ACCESS_KEY", "ACCESS_ALGORITHM"],
            Self::Window => &["ROTATION_WINDOW", "ACCESS_TTL"],
            Self::Sessions(PolicyError::IdleTtlTooShort) => &["IDLE_TTL"],
            Self::Sessions(PolicyError::IdleTtlAboveAbsoluteTtl | PolicyError::AbsoluteTtlTooLong) => {
                &["ABSOLUTE_TTL", "IDLE_TTL"]
            }
            Self::Sessions(PolicyError::WindowTooLong) => &["ROTATION_WINDOW"],
            Self::Sessions(PolicyError::NoSessions) => &["MAX_SESSIONS_PER_USER"],
            Self::Sessions(PolicyError::TouchIntervalTooShort) => &["TOUCH_INTERVAL"],
            Self::Tokens(SettingsError::EmptyAudience) => &["AUDIENCE"],
            Self::Tokens(SettingsError::EmptyClientId) => &["CLIENT_ID"],
            Self::Tokens(SettingsError::LeewayTooLong) => &["LEEWAY"],
            Self::Tokens(SettingsError::LengthLimit | SettingsError::RefreshTokenTooLong) => {
                &["MAX_TOKEN_LEN"]
            }
            _ => &[],
        };
        let set =
            |name: &&str| variables.iter().find(|(known, _)| known == name).map(|(_, full)| full.clone());
        match candidates.iter().find_map(set) {
            Some(name) => Self::Env { name, error: Box::new(self) },
            None => self,
        }
    }
}
