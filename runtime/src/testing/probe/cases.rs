//! The requests to one route, each with the answer that it has to get.

use std::fmt;
use std::time::Duration;

use http::Method;

use super::rules::{Holdings, ImpliedRoles, Origin, RuleOf, User, Verdict, add, checks};
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

/// Those that a token of another issuer can have.
const FLAWS_OF_ISSUERS: [Flaw; 7] = [
    Flaw::Tampered,
    Flaw::Expired,
    Flaw::NotYetValid,
    Flaw::WrongAudience,
    Flaw::WrongIssuer,
    Flaw::Unsigned,
    Flaw::OtherKey,
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
    /// Whose tokens the callers have.
    pub(super) origins: &'a [Origin],
}

impl Route<'_> {
    /// Every request.
    pub(super) fn cases(&self) -> Vec<Case> {
        let (anonymous, malformed) = match self.access {
            Access::Public { .. } => (Expected::Open, Expected::Open),
            Access::Optional => (Expected::Passed, Expected::Refused(Refusal::BadToken)),
            Access::Authenticated | Access::Require(_) => {
                (Expected::Refused(Refusal::NoToken), Expected::Refused(Refusal::BadToken))
            }
        };
        let mut cases =
            vec![self.case(Credentials::None, anonymous), self.case(Credentials::Malformed, malformed)];
        for origin in self.origins {
            cases.extend(self.cases_from(origin));
        }
        cases
    }

    /// Every request with a token of this origin.
    fn cases_from(&self, origin: &Origin) -> Vec<Case> {
        let template =
            User { holds: None, sign_in_age: Duration::ZERO, impersonated: false, origin: origin.clone() };
        let bad_tokens = || if is_machine(origin) { Vec::new() } else { self.bad_tokens(&template) };
        match self.access {
            Access::Public { .. } => vec![self.with_token(template, Expected::Open)],
            // A machine is a visitor there.
            Access::Optional => {
                let mut cases = bad_tokens();
                cases.push(self.with_token(template, Expected::Passed));
                cases
            }
            Access::Authenticated => {
                let expected =
                    if is_machine(origin) { Expected::Refused(Refusal::Forbidden) } else { Expected::Passed };
                let mut cases = bad_tokens();
                cases.push(self.with_token(template, expected.clone()));
                cases.extend(self.each_role(origin).map(|user| self.with_token(user, expected.clone())));
                cases
            }
            Access::Require(rule) => self.cases_of(rule, origin),
        }
    }

    fn cases_of(&self, rule: &Rule, origin: &Origin) -> Vec<Case> {
        let of = RuleOf { rule, roles: self.roles, names: self.names, origin };
        let mut border = of.border().unwrap_or_else(|| of.extremes());
        // Those who are refused in any case are tried with everything else that the rule demands.
        if border.is_empty() && *origin != Origin::Own {
            border = of.extremes();
        }
        let expressible = |user| if self.always_with_role { of.with_a_role(user) } else { vec![user] };
        let mut users = Vec::new();
        for user in border.into_iter().flat_map(expressible).chain(self.each_role(origin)) {
            add(&mut users, user);
        }
        let best = users.iter().min_by_key(|user| of.verdict(user) as u8);
        let best = best.cloned().unwrap_or_else(|| holder(&[], origin));

        let mut cases = if is_machine(origin) { Vec::new() } else { self.bad_tokens(&best) };
        if self.access.asks_for_both_tokens() && *origin == Origin::Own {
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
        let is_own = user.origin == Origin::Own;
        let flaws = if is_own { &FLAWS[..] } else { &FLAWS_OF_ISSUERS };
        let ended = is_own && (self.always_live || self.access.asks_for_liveness());
        let flaws = flaws.iter().copied().chain(ended.then_some(Flaw::SessionEnded));
        let refresh = self.refresh_token(&user.origin);
        let tokens = flaws.map(|flaw| Credentials::Token { user: user.clone(), flaw: Some(flaw), refresh });
        tokens.map(|credentials| self.case(credentials, Expected::Refused(Refusal::BadToken))).collect()
    }

    fn each_role<'o>(&'o self, origin: &'o Origin) -> impl Iterator<Item = User> + 'o {
        self.names.iter().map(|name| holder(&[*name], origin))
    }

    fn with_token(&self, user: User, expected: Expected) -> Case {
        let refresh = self.refresh_token(&user.origin);
        self.case(Credentials::Token { user, flaw: None, refresh }, expected)
    }

    fn refresh_token(&self, origin: &Origin) -> RefreshToken {
        let is_asked = self.access.asks_for_both_tokens() && *origin == Origin::Own;
        if is_asked { RefreshToken::Own } else { RefreshToken::None }
    }

    fn case(&self, credentials: Credentials, expected: Expected) -> Case {
        Case { method: self.method.clone(), credentials, expected }
    }
}

fn holder(roles: &[&'static str], origin: &Origin) -> User {
    let holds = Holdings { roles: roles.to_vec(), scopes: Vec::new() };
    User { holds: Some(holds), sign_in_age: Duration::ZERO, impersonated: false, origin: origin.clone() }
}

fn is_machine(origin: &Origin) -> bool {
    matches!(origin, Origin::Machine(_))
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
            f.write_str(words)?;
            return match &user.origin {
                Origin::Own => Ok(()),
                Origin::Issuer(name) | Origin::Machine(name) => write!(f, ", from `{name}`"),
            };
        }
        user.fmt(f)?;
        match refresh {
            RefreshToken::None => Ok(()),
            RefreshToken::Own => f.write_str(", with the refresh token"),
            RefreshToken::OtherSession => f.write_str(", with the refresh token of another session"),
        }
    }
}
