//! The demo users. A real application has a table and a password hash here.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

use crate::{Role, User};

/// The users who can sign in; cheap to clone.
#[derive(Clone)]
pub(crate) struct Users(Arc<[Account]>);

struct Account {
    user: User,
    password: String,
}

impl Users {
    /// Ada is an administrator, Max is a member; their passwords are random at each start.
    pub(crate) fn demo() -> Result<Self, getrandom::Error> {
        let account = |id, name: &str, role| {
            Ok(Account {
                user: User { id, roles: vec![role], name: name.to_owned() },
                password: random_text(12)?,
            })
        };
        Ok(Self([account(1, "ada", Role::Admin)?, account(2, "max", Role::Member)?].into()))
    }

    /// The user with this name and password.
    pub(crate) fn authenticate(&self, name: &str, password: &str) -> Option<User> {
        let account = self.0.iter().find(|account| account.user.name == name)?;
        let same = account.password.as_bytes().ct_eq(password.as_bytes());
        bool::from(same).then(|| account.user.clone())
    }

    /// The user as they are now.
    pub(crate) fn find(&self, id: u64) -> Option<User> {
        self.all().find(|user| user.id == id)
    }

    /// Every user.
    pub(crate) fn all(&self) -> impl Iterator<Item = User> {
        self.0.iter().map(|account| account.user.clone())
    }

    /// Name and password of every demo user.
    pub(crate) fn credentials(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|account| (account.user.name.as_str(), account.password.as_str()))
    }
}

/// `bytes` random bytes as text.
pub(crate) fn random_text(bytes: usize) -> Result<String, getrandom::Error> {
    let mut random = vec![0; bytes];
    getrandom::fill(&mut random)?;
    Ok(URL_SAFE_NO_PAD.encode(random))
}
