//! The endpoints of the runtime, and in what their macros differ.

use crate::keys::{CRATE, Form, Key, Table};

/// One endpoint. The names are those of the runtime's `__private`.
pub(crate) struct Kind {
    /// The macro, its keys and how they are written.
    pub(super) table: Table,
    /// How the macro is used, for those who left something out.
    pub(super) usage: &'static str,
    /// The variant of the runtime's `Endpoint`.
    pub(super) variant: &'static str,
    /// The path unless the user says another.
    pub(super) path: &'static str,
    /// What the path has to have in it, so that the handler finds its parameter.
    pub(super) parameter: Option<&'static str>,
    /// The extractor that holds the access, with its policy.
    pub(super) guard: &'static str,
    pub(super) policy: &'static str,
    /// Whether the function wants to know whose request it is.
    pub(super) caller: bool,
    /// The last argument, if there is one.
    pub(super) request: Option<&'static str>,
    /// The function that does the work, and its answer.
    pub(super) function: &'static str,
    pub(super) answer: &'static str,
}

/// The keys of one macro, with its name and a path as examples.
macro_rules! table {
    ($attribute:literal, $path:literal) => {
        Table {
            name: $attribute,
            form: Form::Macro,
            keys: &[
                Key { name: "path", usage: concat!("path = \"/auth", $path, "\"") },
                Key { name: "tag", usage: "tag = \"auth\"" },
                CRATE,
            ],
            misplaced: &[],
        }
    };
}

pub(crate) static REFRESH: Kind = Kind {
    table: table!("typed_refresh_handler!", "/refresh"),
    usage: "typed_refresh_handler!(refresh, AppState)",
    variant: "Refresh",
    path: "/refresh",
    parameter: None,
    guard: "Public",
    policy: "RefreshPolicy",
    caller: false,
    request: Some("RefreshRequest"),
    function: "refresh_session",
    answer: "RefreshAnswer",
};

pub(crate) static LOGOUT: Kind = Kind {
    table: table!("typed_logout_handler!", "/logout"),
    usage: "typed_logout_handler!(logout, AppState)",
    variant: "Logout",
    path: "/logout",
    parameter: None,
    guard: "Public",
    policy: "LogoutPolicy",
    caller: false,
    request: Some("LogoutTokens"),
    function: "logout_session",
    answer: "SignedOut",
};

pub(crate) static LOGOUT_ALL: Kind = Kind {
    table: table!("typed_logout_all_handler!", "/logout-all"),
    usage: "typed_logout_all_handler!(logout_all, AppState)",
    variant: "LogoutAll",
    path: "/logout-all",
    parameter: None,
    guard: "Guard",
    policy: "OwnSessionsPolicy",
    caller: true,
    request: None,
    function: "logout_all_sessions",
    answer: "SignedOut",
};

pub(crate) static SESSIONS: Kind = Kind {
    table: table!("typed_sessions_handler!", "/sessions"),
    usage: "typed_sessions_handler!(sessions, AppState)",
    variant: "Sessions",
    path: "/sessions",
    parameter: None,
    guard: "Guard",
    policy: "OwnSessionsPolicy",
    caller: true,
    request: None,
    function: "list_sessions",
    answer: "SessionList",
};

pub(crate) static REVOKE_SESSION: Kind = Kind {
    table: table!("typed_revoke_session_handler!", "/sessions/{id}"),
    usage: "typed_revoke_session_handler!(revoke_session, AppState)",
    variant: "RevokeSession",
    path: "/sessions/{id}",
    parameter: Some("{id}"),
    guard: "Guard",
    policy: "OwnSessionsPolicy",
    caller: true,
    request: Some("SessionPath"),
    function: "revoke_session",
    answer: "Revoked",
};

pub(crate) static REVOKE_OTHERS: Kind = Kind {
    table: table!("typed_revoke_others_handler!", "/sessions"),
    usage: "typed_revoke_others_handler!(revoke_others, AppState)",
    variant: "RevokeOthers",
    path: "/sessions",
    parameter: None,
    guard: "Guard",
    policy: "OwnSessionsPolicy",
    caller: true,
    request: None,
    function: "revoke_other_sessions",
    answer: "Revoked",
};
