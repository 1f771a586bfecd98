//! The users of the application. A real one has a table here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use countersign::IssuerToken;

use crate::api::{Role, User};

/// The number of each user, by provider and the provider's name for them: two providers may use one name for two users.
#[derive(Clone, Default)]
pub(crate) struct Users(Arc<Mutex<HashMap<(String, String), u64>>>);

impl Users {
    /// The user of this token, who gets a number at the first visit.
    pub(crate) fn of(&self, token: &IssuerToken) -> User {
        let key = (token.issuer().to_owned(), token.subject().to_owned());
        let mut users = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let next = users.len() as u64 + 1;
        let id = *users.entry(key).or_insert(next);
        let scopes: Option<String> = token.claim("scope");
        User {
            id,
            roles: roles(token),
            scopes: scopes.iter().flat_map(|scopes| scopes.split(' ')).map(str::to_owned).collect(),
            known_as: format!("{} of {}", token.subject(), token.issuer_name()),
        }
    }
}

/// Only `acme` makes administrators, as it may be with the provider of one's own company.
fn roles(token: &IssuerToken) -> Vec<Role> {
    let theirs: Vec<String> = token.claim("roles").unwrap_or_default();
    let is_admin = token.issuer_name() == "acme" && theirs.iter().any(|role| role == "administrator");
    match (token.is_machine(), is_admin) {
        (true, _) => Vec::new(),
        (false, true) => vec![Role::Admin],
        (false, false) => vec![Role::Member],
    }
}
