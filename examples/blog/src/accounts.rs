//! The demo users. A real application has a table and a password hash here.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use subtle::ConstantTimeEq as _;
use utoipa::ToSchema;

use crate::access::{Role, User};

/// The body of a sign-in.
#[derive(Deserialize, ToSchema)]
pub struct Credentials {
    /// The user's name.
    pub name: String,
    /// The password that the program printed.
    pub password: String,
}

/// The body of a reauthentication.
#[derive(Deserialize, ToSchema)]
pub struct Password {
    /// The password that the program printed.
    pub password: String,
}

/// The users who can sign in; cheap to clone.
#[derive(Clone)]
pub struct Accounts(Arc<[(User, String)]>);

impl Accounts {
    /// One user for each role, with passwords that are random at each start.
    ///
    /// # Errors
    ///
    /// When the system has no random bytes to give.
    pub fn demo() -> Result<Self, getrandom::Error> {
        let account = |id, name: &str, role, scopes: &[&str]| {
            let mut password = [0; 12];
            getrandom::fill(&mut password)?;
            let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
            let user = User { id, roles: vec![role], scopes, name: name.to_owned() };
            Ok((user, URL_SAFE_NO_PAD.encode(password)))
        };
        Ok(Self(Arc::new([
            account(1, "ada", Role::Admin, &[])?,
            account(2, "eve", Role::Editor, &["posts:write"])?,
            account(3, "alan", Role::Author, &["posts:write"])?,
            account(4, "rob", Role::Reader, &[])?,
        ])))
    }

    /// The user with this name and password.
    pub fn authenticate(&self, name: &str, password: &str) -> Option<User> {
        let (user, expected) = self.0.iter().find(|(user, _)| user.name == name)?;
        bool::from(expected.as_bytes().ct_eq(password.as_bytes())).then(|| user.clone())
    }

    /// The user with this number, as they are now.
    pub fn find(&self, id: u64) -> Option<User> {
        self.0.iter().map(|(user, _)| user).find(|user| user.id == id).cloned()
    }

    /// Name and password of every demo user.
    pub fn credentials(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(user, password)| (user.name.as_str(), password.as_str()))
    }
}
