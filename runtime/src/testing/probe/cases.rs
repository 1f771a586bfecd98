//! The requests to one route, each with the answer that it has to get.

use std::fmt;
use std::time::Duration;

use http::Method;

use super::rules::{Holdings, ImpliedRoles, RuleOf, User, Verdict, add, checks};
use crate::access::{Access, Rule};
use crate::testing::forge::Flaw;

/// One request.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) method: Method,
    pub(super) credentials: Credentials,
    pub(super) expected: Expected,
}

/// The credentials of a request.
#[derive(Clone, Debug)]
pub(super) enum Credentials {
    None,
    Malformed,
    Token { user: User, flaw: Option<Flaw>, refresh: RefreshToken },
}

/// The refresh token beside the access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RefreshToken {
    None,
    Own,
    OtherSession,
}

/// The answer that a request has to get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// Anything but a 401 or 403.
    Passed,
    /// Anything but a refusal by a guard: a public handler may refuse its caller for reasons of its own.
    Open,
    /// The answer that these checks decide.
    Decided(Vec<&'static str>),
    Refused(Refusal),
    /// Anything but a success.
    NotServed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    NoToken,
    BadToken,
    NoRefreshToken,
    Stale,
    Forbidden,
}

const FLAWS: [Flaw; 8] = [
    Flaw::Tampered,
    Flaw::Expired,
    Flaw::NotYetValid,
    Flaw::WrongAudience,
    Flaw::WrongIssuer,
    Flaw::Unsigned,
    Flaw::OtherKey,
    Flaw::RefreshAsAccess,
];

/// A route, as far as its requests depend on it.
pub(super) struct Route<'a> {
    pub(super) method: Method,
    pub(super) access: &'a Access,
    pub(super) roles: &'a ImpliedRoles,
    /// The roles to try, each alone and each in place of another.
    pub(super) names: &'a [&'static str],
    /// Whether the claims type cannot describe a user without roles.
    pub(super) always_with_role: bool,
    /// Whether every route asks the store whether the session has ended.
    pub(super) always_live: bool,
}

impl Route<'_> {
    /// Every request.
    pub(super) fn cases(&self) -> Vec<Case> {
        let template = User { holds: None, sign_in_age: Duration::ZERO, impersonated: false };
        match self.access {
            Access::Public { .. } => vec![
                self.case(Credentials::None, Expected::Open),
                self.case(Credentials::Malformed, Expected::Open),
                self.with_token(template, Expected::Open),
            ],
            Access::Optional => {
                let mut cases = vec![self.case(Credentials::None, Expected::Passed)];
                cases.extend(self.bad_tokens(&template));
                cases.push(self.with_token(template, Expected::Passed));
                cases
            }
            Access::Authenticated => {
                let mut cases = vec![self.case(Credentials::None, Expected::Refused(Refusal::NoToken))];
                cases.extend(self.bad_tokens(&template));
                cases.push(self.with_token(template, Expected::Passed));
                cases.extend(self.each_role().map(|user| self.with_token(user, Expected::Passed)));
                cases
            }
            Access::Require(rule) => self.cases_of(rule),
        }
    }

    fn cases_of(&self, rule: &Rule) -> Vec<Case> {
        let of = RuleOf { rule, roles: self.roles, names: self.names };
        let border = of.border().unwrap_or_else(|| of.extremes());
        let expressible = |user| if self.always_with_role { of.with_a_role(user) } else { vec![user] };
        let mut users = Vec::new();
        for user in border.into_iter().flat_map(expressible).chain(self.each_role()) {
            add(&mut users, user);
        }
        let best = users.iter().min_by_key(|user| of.verdict(user) as u8);
        let best = best.cloned().unwrap_or_else(|| holder(&[]));

        let mut cases = vec![self.case(Credentials::None, Expected::Refused(Refusal::NoToken))];
        cases.extend(self.bad_tokens(&best));
        if self.access.asks_for_both_tokens() {
            for (refresh, refusal) in [
                (RefreshToken::None, Refusal::NoRefreshToken),
                (RefreshToken::OtherSession, Refusal::BadToken),
            ] {
                let credentials = Credentials::Token { user: best.clone(), flaw: None, refresh };
                cases.push(self.case(credentials, Expected::Refused(refusal)));
            }
        }
        cases.extend(users.into_iter().map(|user| {
            let expected = match of.verdict(&user) {
                Verdict::Passes => Expected::Passed,
                Verdict::Depends => Expected::Decided(checks(rule)),
                Verdict::Stale => Expected::Refused(Refusal::Stale),
                Verdict::Fails => Expected::Refused(Refusal::Forbidden),
            };
            self.with_token(user, expected)
        }));
        cases
    }

    /// Rows 31 to 39: only the token is to blame for the refusal.
    fn bad_tokens(&self, user: &User) -> Vec<Case> {
        let ended = self.always_live || self.access.asks_for_liveness();
        let flaws = FLAWS.into_iter().chain(ended.then_some(Flaw::SessionEnded));
        let refresh = self.refresh_token();
        let tokens = flaws.map(|flaw| Credentials::Token { user: user.clone(), flaw: Some(flaw), refresh });
        std::iter::once(Credentials::Malformed)
            .chain(tokens)
            .map(|credentials| self.case(credentials, Expected::Refused(Refusal::BadToken)))
            .collect()
    }

    fn each_role(&self) -> impl Iterator<Item = User> {
        self.names.iter().map(|name| holder(&[*name]))
    }

    fn with_token(&self, user: User, expected: Expected) -> Case {
        self.case(Credentials::Token { user, flaw: None, refresh: self.refresh_token() }, expected)
    }

    fn refresh_token(&self) -> RefreshToken {
        if self.access.asks_for_both_tokens() { RefreshToken::Own } else { RefreshToken::None }
    }

    fn case(&self, credentials: Credentials, expected: Expected) -> Case {
        Case { method: self.method.clone(), credentials, expected }
    }
}

fn holder(roles: &[&'static str]) -> User {
    let holds = Holdings { roles: roles.to_vec(), scopes: Vec::new() };
    User { holds: Some(holds), sign_in_age: Duration::ZERO, impersonated: false }
}

impl Expected {
    /// Whether the request is repeated with a body that must not be read, since the refusal comes first (row 52).
    pub(super) fn comes_before_the_body(&self) -> bool {
        matches!(self, Self::Refused(_))
    }
}

impl Refusal {
    /// The codes that the challenge and the problem may have. A challenge to missing credentials has no `error` (RFC 6750 section 3.1).
    pub(super) fn codes(self) -> &'static [&'static str] {
        match self {
            Self::NoToken => &["missing_credentials"],
            Self::BadToken => &["invalid_token"],
            Self::NoRefreshToken => &["missing_refresh_token"],
            Self::Stale => &["insufficient_user_authentication"],
            Self::Forbidden => &["insufficient_scope", "forbidden"],
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => f.write_str("neither 401 nor 403"),
            Self::Open => f.write_str("no refusal by a guard"),
            Self::Decided(names) => write!(f, "what the check `{}` decides", names.join("`, `")),
            Self::Refused(Refusal::Forbidden) => f.write_str("403"),
            Self::Refused(refusal) => write!(f, "401 {}", refusal.codes().join(" or ")),
            Self::NotServed => f.write_str("no success"),
        }
    }
}

impl fmt::Display for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (user, flaw, refresh) = match self {
            Self::None => return f.write_str("no token"),
            Self::Malformed => return f.write_str("malformed token"),
            Self::Token { user, flaw, refresh } => (user, flaw, refresh),
        };
        if let Some(flaw) = flaw {
            let words = match flaw {
                Flaw::Expired => "expired token",
                Flaw::NotYetValid => "token that is not valid yet",
                Flaw::Tampered => "tampered token",
                Flaw::WrongAudience => "token for another audience",
                Flaw::WrongIssuer => "token of another issuer",
                Flaw::Unsigned => "unsigned token (alg none)",
                Flaw::OtherKey => "token signed with another key",
                Flaw::RefreshAsAccess => "refresh token as access token",
                Flaw::SessionEnded => "token of an ended session",
            };
            return f.write_str(words);
        }
        user.fmt(f)?;
        match refresh {
            RefreshToken::None => Ok(()),
            RefreshToken::Own => f.write_str(", with the refresh token"),
            RefreshToken::OtherSession => f.write_str(", with the refresh token of another session"),
        }
    }
}
