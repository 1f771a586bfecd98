//! Refuses routes that the `Auth` behind them can never let anyone into: they need sessions where there are none, or an issuer that does not
//! exist. Each would refuse every request.

use std::any::{Any, type_name};

use crate::access::AcceptedIssuers;
use crate::auth::RefreshSession;
use crate::diagnostics::issuers::{WITHOUT_SESSIONS, misfit};
use crate::http::{Reauthentication, RefreshTokens, SignIn};
use crate::matrix::{AccessRow, IssuersOf};

/// The argument among these, a tuple, that is of no use without sessions of this server.
///
/// The names of the types tell: a trait cannot, because a handler's arguments are types of every kind. An argument that hides in a type of the
/// application is found by its answer to the first request.
pub(super) fn session_argument<Arguments>() -> Option<&'static str> {
    let arguments = type_name::<Arguments>();
    let arguments_of_sessions = [
        ("SignIn", type_name::<SignIn<()>>()),
        ("Reauthentication", type_name::<Reauthentication<()>>()),
        ("RefreshSession", type_name::<RefreshSession<()>>()),
        ("RefreshTokens", type_name::<RefreshTokens>()),
    ];
    let is_among = |name: &str| arguments.contains(name.strip_suffix("<()>").unwrap_or(name));
    arguments_of_sessions.into_iter().find_map(|(short, name)| is_among(name).then_some(short))
}

/// Tells the rows the state of their router.
///
/// A handler that demands nothing of the state, such as a public one that signs users in, belongs to the `Auth` of the others if they have one
/// alone.
///
/// # Panics
///
/// When the `Auth` in the state cannot serve a row.
#[track_caller]
pub(super) fn set_state<'a, S: 'static>(rows: impl Iterator<Item = &'a mut AccessRow>, state: &S) {
    let state: &dyn Any = state;
    let (mut accepted, mut unknown) = (Vec::new(), Vec::new());
    for row in rows {
        let IssuersOf::State(ask) = row.declaration.issuers else { continue };
        match ask(state) {
            Some(found) => {
                row.declaration.issuers = IssuersOf::Known(found);
                demand(row);
                if !accepted.contains(&found) {
                    accepted.push(found);
                }
            }
            None => unknown.push(row),
        }
    }
    for row in unknown {
        row.declaration.issuers = match accepted.as_slice() {
            [only] => IssuersOf::Known(only),
            _ => IssuersOf::Unknown,
        };
        demand(row);
    }
}

/// # Panics
///
/// When the `Auth` of the row is known and cannot serve it.
#[track_caller]
#[expect(clippy::panic, reason = "runs while the application is put together")]
pub(super) fn demand(row: &AccessRow) {
    let IssuersOf::Known(accepted) = row.declaration.issuers else { return };
    if let Some(why) = misfit_of(row, accepted) {
        let (method, path, added_at) = (row.method(), row.path(), row.added_at);
        panic!("`AuthRouter` cannot serve {method} `{path}`, added at {added_at}: it {why}")
    }
}

fn misfit_of(row: &AccessRow, accepted: &AcceptedIssuers) -> Option<String> {
    match row.declaration.session_argument {
        Some(argument) if !accepted.has_sessions() => Some(format!("takes `{argument}`, {WITHOUT_SESSIONS}")),
        _ => misfit(&row.own_access(), accepted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_that_need_sessions_are_found_by_their_types() {
        let table = [
            (session_argument::<()>(), ""),
            (session_argument::<(String, Vec<u8>)>(), ""),
            (session_argument::<(String, SignIn<u8>, Vec<u8>)>(), "SignIn"),
            (session_argument::<(Option<SignIn<u8>>,)>(), "SignIn"),
            (session_argument::<(RefreshSession<u8>,)>(), "RefreshSession"),
            (session_argument::<(RefreshTokens,)>(), "RefreshTokens"),
        ];
        for (found, expected) in table {
            assert_eq!(found.unwrap_or_default(), expected);
        }
    }
}
