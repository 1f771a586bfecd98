//! One run of a probe over its routes.

use std::sync::Arc;
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Method, Uri};
use serde_json::json;

use super::AccessProbe;
use super::cases::{Case, Credentials, Expected, RefreshToken, Route};
use super::report::{Exceptions, GapKind, ProbeGap, ProbeReport, ProbedRoute, declared_at, judge};
use super::request::{Answer, Target, Unanswered};
use super::rules::{self, Holdings, ImpliedRoles, Origin, User};
use super::subject::{self, Template};
use super::turn::{Turn, effect};
use crate::access::{Access, OWN_ISSUER};
use crate::auth::Liveness;
use crate::auth::X_REFRESH_TOKEN;
use crate::claims::SessionClaims;
use crate::claims::role::RoleSet as _;
use crate::matrix::{AccessRow, DeclaredWhere, Methods, RoutePlace};
use crate::testing::TokenForge;
use crate::testing::forge::{Flaw, MALFORMED, Mold};

/// The actor in tokens of impersonation, and a role that no rule names.
const PROBE: &str = "countersign-probe";

const TOO_MANY_CONDITIONS: &str = "its rule has too many conditions to try every combination; test it in another way, and \
    name the route in `AccessProbe::skip`";

const MASKED: &str = "other routes answer every path that would be requested; set its parameter, or name it in `AccessProbe::skip`";

const NO_URL: &str = "its path cannot be made a URL; set its parameters";

const UNLISTED: &str =
    "the router that it answers in does not list its routes; name the path of one with `AccessProbe::at`";

const NO_PATH: &str =
    "no route has a path that would be requested; name the path of one with `AccessProbe::at`";

const NO_CALLER: &str = "the claims type describes no caller whom it should let in, so none was sent; change the rule, or name it in \
    `AccessProbe::skip`";

const NO_ISSUER: &str =
    "only tokens of issuers are let in for which the probe has no key; name them with `AccessProbe::issuer`";

/// Why no request is sent to a route.
struct Unasked {
    reason: String,
    is_gap: bool,
}

impl From<&str> for Unasked {
    fn from(reason: &str) -> Self {
        Self { reason: reason.to_owned(), is_gap: false }
    }
}

/// A probe at work.
pub(super) struct Run<'a, C> {
    probe: &'a AccessProbe<C>,
    target: Target,
    template: Template<C>,
}

/// The methods that a row for every method is asked with, the first two that no other row has.
const EVERY: [Method; 6] =
    [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];

impl<'a, C: SessionClaims> Run<'a, C> {
    pub(super) fn of(probe: &'a AccessProbe<C>) -> Self {
        let (target, template) = (Target::new(probe.router.clone()), Template::new(probe.claims.clone()));
        Self { probe, target, template }
    }

    pub(super) async fn report(&self) -> ProbeReport {
        let mut routes = Vec::new();
        let mut requests = Vec::new();
        for (index, row) in self.probe.asked().enumerate() {
            let mut route = ProbedRoute::new(row);
            match self.plan(row).await {
                Ok((uri, cases)) => {
                    requests.extend(cases.into_iter().map(|case| (index, row, uri.clone(), case)));
                    route.is_asked = true;
                }
                Err(Unasked { reason, is_gap: true }) => {
                    route.report(ProbeGap::not_probed(row, &reason));
                }
                Err(Unasked { reason, is_gap: false }) => route.note(reason),
            }
            routes.push(route);
        }
        requests.sort_by_key(|(index, _, _, case)| (Turn::of(&case.method), *index, effect(case)));
        for (index, row, uri, case) in requests {
            self.ask(&mut routes[index], row, &uri, case).await;
        }
        for (route, row) in routes.iter_mut().zip(self.probe.asked()) {
            if let Access::Require(rule) = &row.declaration.access
                && route.is_asked
                && rules::has_too_many_conditions(rule)
            {
                route.report(ProbeGap::not_probed(row, TOO_MANY_CONDITIONS));
            }
            if is_guarded(row) && route.grants == Grants::None {
                route.report(ProbeGap::not_probed(row, NO_CALLER));
            }
            let is_let_in = |name| row.access().can_be_met_from(name);
            if is_guarded(row)
                && route.is_asked
                && route.grants == Grants::Unknown
                && self.issuers_without_key().any(is_let_in)
            {
                route.report(ProbeGap::not_probed(row, NO_ISSUER));
            }
        }
        ProbeReport { left_out: self.probe.rows.len() - routes.len(), routes }
    }

    /// Where to send requests, and which; or why none.
    async fn plan(&self, row: &AccessRow) -> Result<(Uri, Vec<Case>), Unasked> {
        if let Some(reason) = self.probe.reason_to_skip(row) {
            return Err(reason.into());
        }
        if row.declared() == DeclaredWhere::Nowhere && !is_guarded(row) {
            return Err("it was added without an access, so there is nothing to prove".into());
        }
        let unasked = |reason: &str| Unasked { reason: reason.to_owned(), is_gap: is_guarded(row) };
        let uri = self.uri_of(row).await.map_err(unasked)?;
        let (names, roles, origins) = (self.role_names(), ImpliedRoles::of::<C::Role>(), self.origins());
        let mut cases = Vec::new();
        for method in self.methods_of(row).ok_or_else(|| unasked("its method cannot be sent"))? {
            let route = Route {
                method,
                access: &row.declaration.access,
                roles: &roles,
                names: &names,
                always_with_role: self.template.claims(Some(&Holdings::default())).is_none(),
                always_live: self.probe.auth.liveness() == Liveness::Always,
                origins: &origins,
            };
            cases.extend(route.cases());
        }
        if is_guarded(row) {
            cases.extend(self.head(row, &cases));
            cases.extend(self.other_methods(row));
        }
        Ok((uri, cases))
    }

    /// The path to ask, with the query; or why there is none.
    async fn uri_of(&self, row: &AccessRow) -> Result<Uri, &'static str> {
        let paths = match (self.probe.path_set_for(row), row.place()) {
            (Some(path), _) => vec![path.to_owned()],
            (None, RoutePlace::Unlisted { .. }) => return Err(UNLISTED),
            _ if *row.methods() == Methods::Other && self.has(row, &Methods::Every) => return Err(UNLISTED),
            _ => subject::paths_of(row, &self.probe.rows, &self.probe.params),
        };
        // Where a fallback answers, there is no route, and need not be. A missing route of a handler is told from its answers.
        let needs_route =
            *row.methods() == Methods::Every && !matches!(row.place(), RoutePlace::Fallback { .. });
        let mut reason = MASKED;
        for path in paths {
            match self.uri(path) {
                None => reason = NO_URL,
                Some(uri) if !needs_route || self.target.has_path(&uri).await => return Ok(uri),
                Some(_) => reason = NO_PATH,
            }
        }
        Err(reason)
    }

    /// The methods to send: two to a row for every method, and to a row for other methods one that no route has.
    fn methods_of(&self, row: &AccessRow) -> Option<Vec<Method>> {
        match row.methods() {
            Methods::One(method) => Some(vec![method.clone()]),
            // The handler for other methods of such a place also answers what its router has no route for, and has an access of its own.
            Methods::Every if self.has(row, &Methods::Other) => Some(vec![Method::GET]),
            // Those that other rows of the place have would be answered there.
            Methods::Every => {
                let unknown = Method::from_bytes(b"PROBE").ok();
                let is_free = |method: &Method| !self.has(row, &Methods::One(method.clone()));
                Some(EVERY.into_iter().chain(unknown).filter(is_free).take(2).collect())
            }
            other @ Methods::Other => {
                Method::from_bytes(other.as_str().as_bytes()).ok().map(|method| vec![method])
            }
        }
    }

    /// Whether the place of this row has a row for these methods.
    fn has(&self, row: &AccessRow, methods: &Methods) -> bool {
        self.of_place(row).any(|other| other.methods() == methods)
    }

    fn of_place<'r>(&'r self, row: &'r AccessRow) -> impl Iterator<Item = &'r AccessRow> {
        self.probe.rows.iter().filter(|other| other.place() == row.place())
    }

    /// Row 53: `HEAD` is answered by the handler of `GET`.
    fn head(&self, row: &AccessRow, cases: &[Case]) -> Vec<Case> {
        let [get, head] = [Method::GET, Method::HEAD].map(Methods::One);
        if *row.methods() != get || self.has(row, &head) {
            return Vec::new();
        }
        let of_guard = cases.iter().filter(|case| !matches!(case.expected, Expected::Decided(_)));
        of_guard.map(|case| Case { method: Method::HEAD, ..case.clone() }).collect()
    }

    /// Row 53: a method that no route of the place has must not succeed. Tried once for each place, at its first guarded route.
    fn other_methods(&self, row: &AccessRow) -> Vec<Case> {
        let mut guarded =
            self.probe.asked().filter(|other| other.place() == row.place() && is_guarded(other));
        let first = guarded.find(|other| self.probe.reason_to_skip(other).is_none());
        if first.is_some_and(|first| first.methods() != row.methods()) {
            return Vec::new();
        }
        let are_open =
            self.of_place(row).any(|other| *other.methods() == Methods::Other && !is_guarded(other));
        let unknown = Method::from_bytes(b"PROBE").ok();
        [Method::OPTIONS, Method::TRACE]
            .into_iter()
            .chain(unknown)
            .filter(|method| !are_open || *method == Method::TRACE)
            .filter(|method| !self.has(row, &Methods::One(method.clone())))
            .map(|method| Case { method, credentials: Credentials::None, expected: Expected::NotServed })
            .collect()
    }

    /// Whose tokens the callers have.
    fn origins(&self) -> Vec<Origin> {
        let own = self.probe.auth.accepted_issuers().has_sessions().then_some(Origin::Own);
        let issuers = self.probe.issuers.iter().flat_map(|issuer| {
            let name: Arc<str> = issuer.name().into();
            [Origin::Issuer(Arc::clone(&name)), Origin::Machine(name)]
        });
        own.into_iter().chain(issuers).collect()
    }

    /// The trusted issuers whose tokens the probe cannot make.
    fn issuers_without_key(&self) -> impl Iterator<Item = &str> {
        let has_key = |name: &str| self.probe.issuers.iter().any(|issuer| issuer.name() == name);
        self.probe.auth.accepted_issuers().names().filter(move |name| *name != OWN_ISSUER && !has_key(name))
    }

    /// The roles to try: all of a closed set; of an open set those that any rule names, and one that no rule names.
    fn role_names(&self) -> Vec<&'static str> {
        match C::Role::NAMES {
            Some(names) => names.to_vec(),
            None => {
                let mut names = vec![PROBE];
                for row in &self.probe.rows {
                    if let Access::Require(rule) = &row.declaration.access {
                        rules::roles(rule, &mut names);
                    }
                }
                names
            }
        }
    }

    fn uri(&self, path: String) -> Option<Uri> {
        let mut uri = path;
        if !self.probe.query.is_empty() {
            let mut query = form_urlencoded::Serializer::new(String::new());
            uri = format!("{uri}?{}", query.extend_pairs(&self.probe.query).finish());
        }
        uri.parse().ok().filter(|uri: &Uri| uri.path().starts_with('/'))
    }

    async fn ask(&self, route: &mut ProbedRoute, row: &AccessRow, uri: &Uri, case: Case) {
        let own = self.probe.own_answers.iter();
        let own = own.filter(|(method, path, _)| method == row.method() && path == row.path());
        let own: Vec<_> = own.map(|(.., status)| *status).collect();
        let exceptions = Exceptions { own: &own, login_page: self.probe.login_page.as_deref() };
        let repeats = if case.expected.comes_before_the_body() { &[false, true][..] } else { &[false] };
        for &with_body in repeats {
            let answer = self.answer(&case, uri, with_body).await;
            route.grants.count(&case, answer.is_some());
            let Some(mut answer) = answer else {
                route.note(format!("the claims type cannot describe: {}", case.credentials));
                return;
            };
            route.requests += 1;
            match answer.unanswered {
                // At a path of the fallback there is no route, and need not be.
                Some(_) if *row.place() == RoutePlace::FALLBACK => answer.unanswered = None,
                // A router of axum need not have every method at the path.
                Some(Unanswered::Method) if *row.methods() == Methods::Every => answer.unanswered = None,
                _ => {}
            }
            let kind = judge(&case, &answer, exceptions);
            if let Some(restore) = &self.probe.restore
                && may_have_changed_data(&case, kind)
            {
                restore().await;
            }
            if let Some(kind) = kind {
                route.report(ProbeGap::of(&case, row, with_body, &answer, kind));
                return;
            }
            if let Expected::Decided(_) = case.expected {
                route.decided.push(format!("{}: {}: {answer}", case.credentials, case.expected));
            }
        }
    }

    /// The answer to a request; `None` when the claims cannot hold what the caller has to.
    async fn answer(&self, case: &Case, uri: &Uri, with_body: bool) -> Option<Answer> {
        let headers = match &case.credentials {
            Credentials::None => HeaderMap::new(),
            Credentials::Malformed => bearer(MALFORMED),
            Credentials::Token { user, flaw, refresh } => {
                let claims = self.template.claims(user.holds.as_ref());
                // A bad token is refused whatever it holds, so the template will do.
                let claims = claims.or_else(|| flaw.and_then(|_| self.template.claims(None)))?;
                if let Some(token) = self.token_of_issuer(user, &claims, *flaw) {
                    let headers = bearer(&token);
                    return Some(self.target.answer(&case.method, uri, &headers, with_body).await);
                }
                let forge = TokenForge::of(&self.probe.auth);
                let other = match refresh {
                    RefreshToken::OtherSession => Some(forge.pair(&claims, Mold::default()).await),
                    _ => None,
                };
                let mold = Mold {
                    signed_in_at: Some(self.probe.auth.now() - user.sign_in_age),
                    actor: user.impersonated.then_some(PROBE),
                    flaw: *flaw,
                };
                let pair = forge.pair(&claims, mold).await;
                let mut headers = bearer(&pair.access_token);
                if *refresh != RefreshToken::None {
                    let token = other.map_or(pair.refresh_token, |other| other.refresh_token);
                    headers.insert(X_REFRESH_TOKEN, header(&token));
                }
                headers
            }
        };
        Some(self.target.answer(&case.method, uri, &headers, with_body).await)
    }

    /// The token of a caller from another issuer; `None` for one of this server.
    fn token_of_issuer(&self, user: &User, claims: &C, flaw: Option<Flaw>) -> Option<String> {
        let (name, is_machine) = match &user.origin {
            Origin::Own => return None,
            Origin::Issuer(name) => (name, false),
            Origin::Machine(name) => (name, true),
        };
        let issuer = self.probe.issuers.iter().find(|issuer| issuer.name() == &**name)?;
        let now = self.probe.auth.now();
        let mut members = claims.serialize_wire(serde_json::value::Serializer).ok()?;
        members["iat"] = json!(now);
        members["exp"] = json!(now + Duration::from_secs(60));
        members["client_id"] = if is_machine { members["sub"].clone() } else { json!(PROBE) };
        if !is_machine {
            members["auth_time"] = json!(now - user.sign_in_age);
        }
        if user.impersonated {
            members["act"] = json!({ "sub": PROBE });
        }
        Some(issuer.flawed(members, flaw, now))
    }
}

fn bearer(token: &str) -> HeaderMap {
    HeaderMap::from_iter([(AUTHORIZATION, header(&format!("Bearer {token}")))])
}

fn header(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}

fn is_guarded(row: &AccessRow) -> bool {
    matches!(row.access(), Access::Authenticated | Access::Require(_))
}

/// Whether a request may have changed test data: its method is not safe, and no guard refused it as it should.
fn may_have_changed_data(case: &Case, kind: Option<GapKind>) -> bool {
    let is_refusal = matches!(case.expected, Expected::Refused(_) | Expected::NotServed);
    Turn::of(&case.method) != Turn::Reads && !(is_refusal && kind.is_none())
}

/// The callers of a route who should pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Grants {
    /// The rule has none that the probe could make up.
    #[default]
    Unknown,
    /// There are some, and the claims type cannot describe any.
    None,
    Sent,
}

impl Grants {
    fn count(&mut self, case: &Case, was_sent: bool) {
        match case.expected {
            Expected::Passed | Expected::Decided(_) if was_sent => *self = Self::Sent,
            Expected::Passed | Expected::Decided(_) if *self == Self::Unknown => *self = Self::None,
            _ => {}
        }
    }
}

impl ProbedRoute {
    fn new(row: &AccessRow) -> Self {
        Self {
            method: row.method().to_owned(),
            path: row.path().to_owned(),
            access: row.access(),
            declared_at: declared_at(row),
            is_asked: false,
            requests: 0,
            grants: Grants::default(),
            gaps: Vec::new(),
            decided: Vec::new(),
            not_probed: Vec::new(),
        }
    }

    /// Adds a note once, though `HEAD` repeats the requests of `GET`.
    fn note(&mut self, text: String) {
        if !self.not_probed.contains(&text) {
            self.not_probed.push(text);
        }
    }

    /// Adds a gap. A missing route is reported once.
    fn report(&mut self, gap: ProbeGap) {
        let is_missing = |gap: &ProbeGap| gap.kind() == GapKind::NoSuchRoute;
        if !is_missing(&gap) || !self.gaps.iter().any(is_missing) {
            self.gaps.push(gap);
        }
    }
}
