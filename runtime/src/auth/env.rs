//! The configuration of an `Auth` from environment variables.

use std::time::Duration;

use super::{Auth, AuthBuilder, ConfigError};
use crate::claims::SessionClaims;
use crate::session::{Lifetimes, Rotation};
use crate::token::{Algorithm, Key};

const PREFIX: &str = "COUNTERSIGN_";

impl<C: SessionClaims> Auth<C> {
    /// Reads keys, issuer, audiences and times from environment variables. The program adds the store and the claims source.
    ///
    /// | variable | holds | required |
    /// |---|---|---|
    /// | `COUNTERSIGN_ISSUER` | the `iss` of tokens | yes |
    /// | `COUNTERSIGN_AUDIENCE` | the `aud` of tokens; several are separated by commas | yes |
    /// | `COUNTERSIGN_ACCESS_KEY` | a secret, or a private key as PEM | yes |
    /// | `COUNTERSIGN_ACCESS_ALGORITHM` | `HS256` (the default), `ES256`, `EdDSA`, … | no |
    /// | `COUNTERSIGN_REFRESH_KEY` | another secret, used with HS256 | yes |
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
    /// # Errors
    ///
    /// [`ConfigError::EnvMissing`] and [`ConfigError::EnvInvalid`] name the variable; no message holds its value.
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

    /// As [`from_env`](Self::from_env), from variables that begin with `prefix` in place of `COUNTERSIGN_`.
    ///
    /// For a second `Auth` in one program, such as one for customers and one for staff, each with its own claims, keys and audience.
    ///
    /// # Errors
    ///
    /// As [`from_env`](Self::from_env).
    pub fn from_env_with_prefix(prefix: &str) -> Result<AuthBuilder<C>, ConfigError> {
        from_variables(prefix, |name| std::env::var_os(name).map(|value| value.into_string().ok()))
    }
}

/// `variable` returns `None` for a variable that is not set, and `Some(None)` for one that is not UTF-8.
fn from_variables<C: SessionClaims>(
    prefix: &str,
    variable: impl Fn(&str) -> Option<Option<String>>,
) -> Result<AuthBuilder<C>, ConfigError> {
    let variables = Variables { prefix, variable };
    let algorithm =
        variables.parsed("ACCESS_ALGORITHM", "the name of an algorithm, such as HS256 or EdDSA")?;
    let access_key = variables.required("ACCESS_KEY")?;
    let refresh_key = variables.required("REFRESH_KEY")?;
    let algorithm = algorithm.unwrap_or(Algorithm::Hs256);
    let access_key = if algorithm.is_symmetric() {
        Key::from_secret(algorithm, access_key)?
    } else {
        Key::from_private_pem(algorithm, access_key)?
    };
    let mut builder = Auth::builder()
        .access_key(access_key)
        .refresh_key(Key::from_secret(Algorithm::Hs256, refresh_key)?)
        .issuer(variables.required("ISSUER")?);
    let audiences = variables.required("AUDIENCE")?;
    let audiences = audiences.split(',').map(str::trim).filter(|name| !name.is_empty());
    builder = audiences.fold(builder, AuthBuilder::audience);
    // A variable that is not set leaves the default of its setting.
    builder = variables.optional("CLIENT_ID")?.into_iter().fold(builder, AuthBuilder::client_id);
    builder = variables.optional("REALM")?.into_iter().fold(builder, AuthBuilder::realm);
    builder = variables.seconds("ACCESS_TTL")?.into_iter().fold(builder, AuthBuilder::access_ttl);
    let defaults = Lifetimes::default();
    builder = builder.lifetimes(Lifetimes::new(
        variables.seconds("IDLE_TTL")?.unwrap_or(defaults.idle_ttl),
        variables.seconds("ABSOLUTE_TTL")?.unwrap_or(defaults.absolute_ttl),
    ));
    let rotation = variables.seconds("ROTATION_WINDOW")?.map(|window| Rotation::Always { window });
    builder = rotation.into_iter().fold(builder, AuthBuilder::rotation);
    let limit = variables.parsed("MAX_SESSIONS_PER_USER", "a whole number")?;
    builder = limit.into_iter().fold(builder, AuthBuilder::max_sessions_per_user);
    builder = variables.seconds("TOUCH_INTERVAL")?.into_iter().fold(builder, AuthBuilder::touch_interval);
    builder = variables.seconds("LEEWAY")?.into_iter().fold(builder, AuthBuilder::leeway);
    let bytes = variables.parsed("MAX_TOKEN_LEN", "a number of bytes")?;
    builder = bytes.into_iter().fold(builder, AuthBuilder::max_token_len);
    Ok(builder)
}

struct Variables<'a, F> {
    prefix: &'a str,
    variable: F,
}

impl<F: Fn(&str) -> Option<Option<String>>> Variables<'_, F> {
    fn name(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// The value. An empty one counts as not set.
    fn optional(&self, name: &str) -> Result<Option<String>, ConfigError> {
        let name = self.name(name);
        match (self.variable)(&name) {
            None => Ok(None),
            Some(Some(value)) => Ok(Some(value).filter(|value| !value.is_empty())),
            Some(None) => Err(ConfigError::EnvInvalid { name, expected: "UTF-8 text" }),
        }
    }

    fn required(&self, name: &str) -> Result<String, ConfigError> {
        self.optional(name)?.ok_or_else(|| ConfigError::EnvMissing { name: self.name(name) })
    }

    fn parsed<T: std::str::FromStr>(
        &self,
        name: &str,
        expected: &'static str,
    ) -> Result<Option<T>, ConfigError> {
        let Some(value) = self.optional(name)? else { return Ok(None) };
        match value.parse() {
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(ConfigError::EnvInvalid { name: self.name(name), expected }),
        }
    }

    fn seconds(&self, name: &str) -> Result<Option<Duration>, ConfigError> {
        Ok(self.parsed(name, "a whole number of seconds")?.map(Duration::from_secs))
    }
}

#[cfg(test)]
#[cfg(all(feature = "macros", any(feature = "aws-lc-rs", feature = "rust-crypto")))]
mod tests {
    use std::collections::HashMap;

    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;
    use crate::SessionClaims;
    use crate::session::SessionMetadata;
    use crate::store::MemoryStore;

    #[derive(SessionClaims, Clone, Debug)]
    struct User {
        #[claims(subject)]
        id: u64,
    }

    const ACCESS: &str = "c2p9RkV6bTN4UHE3dUx5V0FhTm9oYjVKZ1RrWnY4RHM";
    const REFRESH: &str = "WmQ0eEJ0N2tRbjJwTGM5dkhmM2FTd1lqR3I2VW1Fb0k";

    fn read(changes: &[(&str, &str)]) -> Result<AuthBuilder<User>, ConfigError> {
        let mut variables = HashMap::from([
            ("COUNTERSIGN_ISSUER", "https://issuer.test"),
            ("COUNTERSIGN_AUDIENCE", "https://api.test, https://files.test"),
            ("COUNTERSIGN_ACCESS_KEY", ACCESS),
            ("COUNTERSIGN_REFRESH_KEY", REFRESH),
        ]);
        variables.extend(changes.iter().copied());
        from_variables(PREFIX, |name| variables.get(name).map(|value| Some((*value).to_owned())))
    }

    fn build(changes: &[(&str, &str)]) -> Result<Auth<User>, ConfigError> {
        read(changes)?
            .store(MemoryStore::new())
            .claims_source(|id| async move { Ok(Some(User { id })) })
            .build()
    }

    #[test]
    fn four_variables_are_enough() {
        assert!(build(&[]).is_ok());
    }

    #[test]
    fn missing_variable_is_named() {
        for name in ["ISSUER", "AUDIENCE", "ACCESS_KEY", "REFRESH_KEY"].map(|name| format!("{PREFIX}{name}"))
        {
            match read(&[(&name, "")]) {
                Err(ConfigError::EnvMissing { name: missing }) => assert_eq!(missing, name),
                other => panic!("{name}: {other:?}"),
            }
        }
    }

    #[test]
    fn unreadable_value_names_its_variable_and_not_itself() {
        for name in [
            "ACCESS_TTL",
            "IDLE_TTL",
            "ABSOLUTE_TTL",
            "ROTATION_WINDOW",
            "MAX_SESSIONS_PER_USER",
            "TOUCH_INTERVAL",
            "LEEWAY",
            "MAX_TOKEN_LEN",
        ] {
            let name = format!("{PREFIX}{name}");
            let error = read(&[(&name, "15m")]).unwrap_err().to_string();
            assert!(error.contains(&name) && !error.contains("15m"), "{error}");
        }
        let not_text = from_variables::<User>(PREFIX, |_| Some(None));
        assert!(matches!(not_text, Err(ConfigError::EnvInvalid { .. })));
    }

    /// Rows 10 and 13.
    #[test]
    fn algorithm_is_read_by_its_exact_name() {
        assert!(
            build(&[("COUNTERSIGN_ACCESS_ALGORITHM", "HS384")]).is_err(),
            "the secret is too short for it"
        );
        for name in ["none", "hs256", "RS257", "HS256 "] {
            let result = read(&[("COUNTERSIGN_ACCESS_ALGORITHM", name)]);
            assert!(matches!(result, Err(ConfigError::EnvInvalid { .. })), "{name}");
        }
    }

    /// Rows 19 and 20.
    #[test]
    fn weak_secrets_are_refused() {
        assert!(build(&[("COUNTERSIGN_REFRESH_KEY", "short")]).is_err());
        assert!(build(&[("COUNTERSIGN_REFRESH_KEY", "your-256-bit-secret-your-256-bit-secret")]).is_err());
        assert!(matches!(build(&[("COUNTERSIGN_REFRESH_KEY", ACCESS)]), Err(ConfigError::SameKey)));
    }

    #[test]
    fn another_prefix_reads_other_variables() {
        let result = from_variables::<User>("STAFF_", |name| {
            assert!(name.starts_with("STAFF_"), "{name}");
            None
        });
        assert!(matches!(result, Err(ConfigError::EnvMissing { name }) if name == "STAFF_ACCESS_KEY"));
    }

    #[test]
    fn times_reach_the_checks() {
        assert!(build(&[("COUNTERSIGN_ACCESS_TTL", "600"), ("COUNTERSIGN_ROTATION_WINDOW", "300")]).is_ok());
        assert!(matches!(build(&[("COUNTERSIGN_ACCESS_TTL", "0")]), Err(ConfigError::AccessTtl)));
        assert!(matches!(build(&[("COUNTERSIGN_ACCESS_TTL", "20")]), Err(ConfigError::Window)));
        assert!(matches!(build(&[("COUNTERSIGN_LEEWAY", "301")]), Err(ConfigError::Tokens(_))));
        assert!(build(&[("COUNTERSIGN_IDLE_TTL", "900"), ("COUNTERSIGN_ABSOLUTE_TTL", "800")]).is_err());
    }

    /// The payloads of the access and the refresh token of a sign-in.
    async fn payloads(changes: &[(&str, &str)]) -> [serde_json::Value; 2] {
        let pair = build(changes).unwrap().login(&User { id: 7 }, SessionMetadata::default()).await.unwrap();
        [pair.access_token, pair.refresh_token].map(|token| {
            let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
            serde_json::from_slice(&payload).unwrap()
        })
    }

    #[tokio::test]
    async fn values_reach_the_tokens() {
        let [access, refresh] = payloads(&[
            ("COUNTERSIGN_AUDIENCE", " https://api.test ,, https://files.test,"),
            ("COUNTERSIGN_CLIENT_ID", "web"),
            ("COUNTERSIGN_ACCESS_TTL", "600"),
            ("COUNTERSIGN_IDLE_TTL", "1000"),
        ])
        .await;
        let audiences = serde_json::json!(["https://api.test", "https://files.test"]);
        assert_eq!((&access["aud"], &refresh["aud"]), (&audiences, &audiences));
        assert_eq!(access["iss"], "https://issuer.test");
        assert_eq!(access["client_id"], "web");
        let life = |payload: &serde_json::Value| {
            payload["exp"].as_i64().zip(payload["iat"].as_i64()).map(|(end, start)| end - start)
        };
        assert_eq!((life(&access), life(&refresh)), (Some(600), Some(1000)));
    }

    #[test]
    fn values_reach_the_settings() {
        let auth = build(&[("COUNTERSIGN_REALM", "members")]).unwrap();
        assert_eq!(&**auth.realm(), "members");
        assert!(matches!(build(&[("COUNTERSIGN_ROTATION_WINDOW", "900")]), Err(ConfigError::Window)));
        assert!(matches!(build(&[("COUNTERSIGN_ROTATION_WINDOW", "301")]), Err(ConfigError::Sessions(_))));
        assert!(matches!(build(&[("COUNTERSIGN_TOUCH_INTERVAL", "0")]), Err(ConfigError::Sessions(_))));
        assert!(matches!(
            build(&[("COUNTERSIGN_MAX_SESSIONS_PER_USER", "0")]),
            Err(ConfigError::Sessions(_))
        ));
        assert!(matches!(build(&[("COUNTERSIGN_MAX_TOKEN_LEN", "1")]), Err(ConfigError::Tokens(_))));
        assert!(build(&[("COUNTERSIGN_IDLE_TTL", "899")]).is_err(), "shorter than an access token");
    }

    /// Separators alone are no audience.
    #[test]
    fn audiences_have_names() {
        let result = build(&[("COUNTERSIGN_AUDIENCE", " , ")]);
        assert!(matches!(result, Err(ConfigError::Missing { setting: "audience" })), "{result:?}");
    }

    /// `.env.example` names the variables that are read.
    #[test]
    fn example_file_names_every_variable() {
        let example = include_str!("../../../.env.example");
        let asked = std::cell::RefCell::new(Vec::new());
        let _ = from_variables::<User>(PREFIX, |name| {
            asked.borrow_mut().push(name.to_owned());
            let value = match name.trim_start_matches(PREFIX) {
                "ISSUER" | "AUDIENCE" => Some("x".to_owned()),
                "ACCESS_KEY" => Some(ACCESS.to_owned()),
                "REFRESH_KEY" => Some(REFRESH.to_owned()),
                _ => return None,
            };
            Some(value)
        });
        assert_eq!(asked.borrow().len(), 15);
        for name in asked.into_inner() {
            assert!(example.contains(&format!("{name}=")), "{name}");
        }
    }
}
