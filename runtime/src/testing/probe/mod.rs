//! Requests that prove, for every route, that it enforces what it declares.

mod cases;
mod report;
mod request;
mod rules;
mod subject;

use std::fmt;

use axum::Router;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};

use self::cases::{Case, Credentials, Expected, RefreshToken, Route};
use self::report::{Exceptions, ProbedRoute, judge};
use self::request::{Answer, Target};
use self::rules::Hierarchy;
use self::subject::Template;
use super::TokenForge;
use super::forge::{MALFORMED, Mold};
use crate::access::Access;
use crate::auth::{Auth, Liveness};
use crate::claims::SessionClaims;
use crate::http::X_REFRESH_TOKEN;
use crate::matrix::AccessRow;
use crate::role::RoleSet as _;
use crate::router::AuthRouter;

pub use report::{GapKind, ProbeGap, ProbeReport};

/// Who acts for the user in tokens of impersonation.
const ACTOR: &str = "countersign-probe";

/// Sends requests to every route of a router, and compares the answers with what the route declares.
///
/// For each route of the [access matrix](AuthRouter::access_matrix) it presents no token and every kind of bad token; for a rule also
/// each role alone, every smallest set of conditions that suffices, the same with each role above a demanded one, and every
/// neighbour that lacks one of them: a role, a scope, a fresh sign-in, nobody acting for the user, a live session, the refresh token.
/// Who does not suffice has to get the right 401 or 403, and gets it a second time with a body that is no JSON and must not be
/// read. Who suffices must get neither; any other answer is the handler's business, 404 and 500 included. `HEAD` goes where `GET` goes,
/// and `OPTIONS`, `TRACE` and an unknown method find no success on a guarded path.
///
/// **It runs handlers**, as users who may call them, without a body and with made-up path parameters: give it a router over test
/// data. Each request with a token opens a session of its own. Requests run in process, one after the other.
///
/// A [`check`](macro@crate::check) of the application depends on data that the probe does not know. Where only checks are left to decide,
/// the answer is [recorded](ProbeReport::decided_by_checks) and is no gap, unless it is a 401. Tests of the application with its own
/// data prove its checks.
///
/// What it cannot see: a handler that runs and answers as a guard would, what a service does below the prefix that it is mounted
/// at, and paths that are in no matrix.
///
/// ```
/// use countersign::testing::{AccessProbe, TestAuth};
/// use countersign::{AuthRouter, Role, SessionClaims, authenticated, require_role, routes};
///
/// #[derive(Role, Clone, Copy)]
/// enum Role {
///     Member,
///     #[role(implies(Member))]
///     Admin,
/// }
///
/// #[derive(SessionClaims, Clone)]
/// struct User {
///     #[claims(subject)]
///     id: u64,
///     #[claims(roles)]
///     roles: Vec<Role>,
/// }
///
/// #[authenticated]
/// #[utoipa::path(get, path = "/me")]
/// async fn me(user: User) -> String {
///     user.id.to_string()
/// }
///
/// #[require_role("member")]
/// #[utoipa::path(get, path = "/members/{id}")]
/// async fn member() {}
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let auth = TestAuth::new();
/// let router = AuthRouter::new().routes(routes!(me, member)).with_state(auth.clone());
///
/// let probe = AccessProbe::new(router, &auth).claims(User { id: 7, roles: Vec::new() }).param("id", "8");
/// probe.run().await.assert_no_gaps();
/// # });
/// ```
#[must_use = "call `run`"]
pub struct AccessProbe<C> {
    router: Router,
    rows: Vec<AccessRow>,
    auth: Auth<C>,
    claims: Option<C>,
    params: Vec<(String, String)>,
    query: Vec<(String, String)>,
    skipped: Vec<(String, String, String)>,
    own_answers: Vec<(String, String, u16)>,
    login_page: Option<String>,
}

impl<C: SessionClaims> AccessProbe<C> {
    /// Takes a router that has its state, and the `Auth` that its guards ask.
    pub fn new(router: AuthRouter, auth: &Auth<C>) -> Self {
        Self {
            rows: router.access_matrix().rows().to_vec(),
            router: router.into(),
            auth: auth.clone(),
            claims: None,
            params: Vec::new(),
            query: Vec::new(),
            skipped: Vec::new(),
            own_answers: Vec::new(),
            login_page: None,
        }
    }

    /// The user on whose behalf requests are sent; roles and scopes are replaced as rules demand. Without it, the subject is `1`, and
    /// claims that need more than that have to be given.
    pub fn claims(mut self, template: C) -> Self {
        self.claims = Some(template);
        self
    }

    /// The value of a placeholder in paths, as it stands in a URL: `1` unless set.
    pub fn param(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.params.push((name.into(), value.into()));
        self
    }

    /// A query parameter for every request.
    pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// Leaves a route out; the report says so, and why.
    ///
    /// # Panics
    ///
    /// When there is no such route, and when the reason is empty.
    #[track_caller]
    pub fn skip(mut self, method: &str, path: &str, reason: &str) -> Self {
        assert!(!reason.trim().is_empty(), "`AccessProbe::skip` needs a reason");
        self.assert_known("skip", method, path);
        self.skipped.push((method.to_owned(), path.to_owned(), reason.to_owned()));
        self
    }

    /// The handler of this route answers with this status, 401 or 403, by itself, and so it is no refusal by the guard. A public route
    /// needs none of this for problems with codes of its own, such as `invalid_credentials`.
    ///
    /// # Panics
    ///
    /// When there is no such route.
    #[track_caller]
    pub fn answers(mut self, method: &str, path: &str, status: StatusCode) -> Self {
        self.assert_known("answers", method, path);
        self.own_answers.push((method.to_owned(), path.to_owned(), status.as_u16()));
        self
    }

    /// A [layer](crate::AuthLayer::redirect) sends those who are not signed in to this page; that counts as a 401.
    pub fn login_page(mut self, target: impl Into<String>) -> Self {
        self.login_page = Some(target.into());
        self
    }

    fn reason_to_skip(&self, row: &AccessRow) -> Option<&str> {
        let skipped =
            self.skipped.iter().find(|(method, path, _)| *method == row.method && *path == row.path);
        skipped.map(|(.., reason)| reason.as_str())
    }

    #[track_caller]
    fn assert_known(&self, call: &str, method: &str, path: &str) {
        let is_known = self.rows.iter().any(|row| row.method() == method && row.path() == path);
        assert!(is_known, "`AccessProbe::{call}` names `{method} {path}`, which is no route of the router");
    }

    /// Sends the requests.
    ///
    /// # Panics
    ///
    /// When no session can be opened, and when claims are needed that nobody gave.
    pub async fn run(self) -> ProbeReport {
        let template = Template::new(self.claims.clone());
        let run = Run { target: Target::new(self.router.clone()), template, probe: &self };
        let mut routes = Vec::new();
        for row in &self.rows {
            let mut route = ProbedRoute::new(row);
            match run.plan(row) {
                Ok((uri, cases)) => {
                    for case in cases {
                        run.ask(&mut route, row, &uri, case).await;
                    }
                }
                Err(reason) => route.not_probed.push(reason),
            }
            routes.push(route);
        }
        ProbeReport { routes }
    }
}

struct Run<'a, C> {
    probe: &'a AccessProbe<C>,
    target: Target,
    template: Template<C>,
}

impl<C: SessionClaims> Run<'_, C> {
    /// Where to ask, and what; or why not.
    fn plan(&self, row: &AccessRow) -> Result<(Uri, Vec<Case>), String> {
        if let Some(reason) = self.probe.reason_to_skip(row) {
            return Err(reason.to_owned());
        }
        let uri = self.uri(row.path()).ok_or("its path cannot be made a URL; set its parameters")?;
        let names = self.role_names();
        let route = Route {
            method: method_of(row).ok_or("its method cannot be sent")?,
            access: &row.access,
            roles: &Hierarchy::of::<C::Role>(),
            names: &names,
            always_live: self.probe.auth.liveness() == Liveness::Always,
        };
        let mut cases = route.cases()?;
        if is_guarded(row) {
            cases.extend(self.head(row, &cases));
            cases.extend(self.other_methods(row));
        }
        Ok((uri, cases))
    }

    /// Row 53: `HEAD` is answered by the handler of `GET`.
    fn head(&self, row: &AccessRow, cases: &[Case]) -> Vec<Case> {
        let has_own = self.probe.rows.iter().any(|other| other.path == row.path && other.method == "HEAD");
        if row.method != "GET" || has_own {
            return Vec::new();
        }
        let of_guard = cases.iter().filter(|case| !matches!(case.expected, Expected::Decided(_)));
        of_guard.map(|case| Case { method: Method::HEAD, ..case.clone() }).collect()
    }

    /// Row 53: what no route of the path names is served to nobody. The first guarded route of the path asks for it.
    fn other_methods(&self, row: &AccessRow) -> Vec<Case> {
        let of_path: Vec<_> = self.probe.rows.iter().filter(|other| other.path == row.path).collect();
        let asking =
            of_path.iter().find(|other| is_guarded(other) && self.probe.reason_to_skip(other).is_none());
        if asking.is_some_and(|asking| asking.method != row.method) {
            return Vec::new();
        }
        let unknown = Method::from_bytes(b"PROBE").ok();
        [Method::OPTIONS, Method::TRACE]
            .into_iter()
            .chain(unknown)
            .filter(|method| of_path.iter().all(|other| other.method != method.as_str()))
            .map(|method| Case { method, credentials: Credentials::None, expected: Expected::NotServed })
            .collect()
    }

    /// The roles to try: all of a closed set; of an open one those that any rule names, and one that none does.
    fn role_names(&self) -> Vec<&'static str> {
        match C::Role::NAMES {
            Some(names) => names.to_vec(),
            None => {
                let mut names = vec![ACTOR];
                for row in &self.probe.rows {
                    if let Access::Require(rule) = &row.access {
                        rules::roles(rule, &mut names);
                    }
                }
                names
            }
        }
    }

    fn uri(&self, path: &str) -> Option<Uri> {
        let mut uri = subject::filled(path, &self.probe.params);
        if !self.probe.query.is_empty() {
            let mut query = form_urlencoded::Serializer::new(String::new());
            uri = format!("{uri}?{}", query.extend_pairs(&self.probe.query).finish());
        }
        uri.parse().ok().filter(|uri: &Uri| uri.path().starts_with('/'))
    }

    async fn ask(&self, route: &mut ProbedRoute, row: &AccessRow, uri: &Uri, case: Case) {
        let own = self.probe.own_answers.iter();
        let own = own.filter(|(method, path, _)| *method == row.method && *path == row.path);
        let own: Vec<_> = own.map(|(.., status)| *status).collect();
        let exceptions = Exceptions {
            own: &own,
            login_page: self.probe.login_page.as_deref(),
            is_prefix: row.method() == "*",
        };
        let repeats = if case.expected.comes_before_the_body() { &[false, true][..] } else { &[false] };
        for &with_body in repeats {
            let Some(answer) = self.answer(&case, uri, with_body).await else {
                if case.expected == Expected::Passed {
                    route.not_probed.push(format!("no claims of this application are: {}", case.credentials));
                }
                return;
            };
            route.requests += 1;
            if let Some(kind) = judge(&case, &answer, exceptions) {
                route.report(ProbeGap::of(&case, row.path(), with_body, &answer, kind));
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
            Credentials::Token { caller, flaw, refresh } => {
                let claims = self.template.claims(caller.holds.as_ref());
                // Claims that cannot hold what the rule asks for are good enough for a token that is bad.
                let claims = claims.or_else(|| flaw.and_then(|_| self.template.claims(None)))?;
                let forge = TokenForge::of(&self.probe.auth);
                let other = match refresh {
                    RefreshToken::OtherSession => Some(forge.pair(&claims, Mold::default()).await),
                    _ => None,
                };
                let mold = Mold {
                    signed_in_at: Some(self.probe.auth.now() - caller.sign_in_age),
                    actor: caller.impersonated.then_some(ACTOR),
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
}

fn bearer(token: &str) -> HeaderMap {
    HeaderMap::from_iter([(AUTHORIZATION, header(&format!("Bearer {token}")))])
}

fn header(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}

fn is_guarded(row: &AccessRow) -> bool {
    matches!(row.access, Access::Authenticated | Access::Require(_))
}

/// Of a route for every method, `GET`.
fn method_of(row: &AccessRow) -> Option<Method> {
    if row.method() == "*" { Some(Method::GET) } else { Method::from_bytes(row.method().as_bytes()).ok() }
}

impl ProbedRoute {
    fn new(row: &AccessRow) -> Self {
        Self {
            method: row.method().to_owned(),
            path: row.path().to_owned(),
            access: row.access(),
            requests: 0,
            gaps: Vec::new(),
            decided: Vec::new(),
            not_probed: Vec::new(),
        }
    }

    /// That a route is not there is said once.
    fn report(&mut self, gap: ProbeGap) {
        let is_missing = |gap: &ProbeGap| gap.kind() == GapKind::NoSuchRoute;
        if !is_missing(&gap) || !self.gaps.iter().any(is_missing) {
            self.gaps.push(gap);
        }
    }
}

impl<C> fmt::Debug for AccessProbe<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessProbe").field("rows", &self.rows).finish_non_exhaustive()
    }
}
