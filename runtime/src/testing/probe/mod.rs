//! Requests that prove, for every route, that it enforces what it declares.

mod cases;
mod narrowed;
mod report;
mod request;
mod rules;
mod run;
mod subject;
mod turn;

use std::fmt;
use std::pin::Pin;

use axum::Router;
use http::StatusCode;

use self::run::Run;
use crate::access::OWN_ISSUER;
use crate::auth::Auth;
use crate::claims::SessionClaims;
use crate::matrix::AccessRow;
use crate::router::AuthRouter;
use crate::testing::TestIssuer;

pub use report::{GapKind, ProbeGap, ProbeReport};

/// Sends requests to every route of a router, and compares the answers with what the route declares.
///
/// For each route of the [access matrix](AuthRouter::access_matrix) it presents no token and every kind of bad token. For a rule it also
/// presents each role alone, every smallest set of conditions that suffices, the same set with every other role in place of a demanded
/// one, and every neighbour that lacks one condition: a role, a scope, a fresh sign-in, a user who is not impersonated, a live session, the
/// refresh token. With [`issuer`](Self::issuer) it comes with tokens of trusted issuers too. Where claims hold exactly one role, holders of another role take the place of a user without roles. Users that the claims
/// type cannot describe are [reported](ProbeReport::not_probed).
///
/// A caller who does not suffice has to get the right 401 or 403, and gets it a second time with a body that is no JSON and must not be
/// read. A caller who suffices must get neither; any other answer is the handler's business, 404 and 500 included. `HEAD` is sent where
/// `GET` is, and `OPTIONS`, `TRACE` and an unknown method must not succeed on a guarded path.
///
/// **It runs handlers**, as users who may call them, without a body and with made-up path parameters: give it a router over test
/// data. Each request with a token opens a session of its own. Requests run in process, one after the other: those with safe methods
/// first, then `POST`, `PUT`, `PATCH` and others, and `DELETE` last; at each route the callers who are refused come before those who pass.
/// [`restore`](Self::restore) puts test data back that a request has changed.
///
/// Of a place with many paths (a prefix, a fallback) one path is requested that no other row of the matrix answers, and of a prefix one that
/// has a route. A row for every method is asked with `GET` and with `POST`. [`at`](Self::at) sets the path of a row,
/// [`param`](Self::param) the value of a placeholder.
///
/// A guarded route that cannot be asked is a gap, with the reason: no path of its router is known, other routes answer its path, its
/// path cannot be made a URL, or the claims type cannot describe a user whom it lets in.
///
/// A `#[check]` of the application depends on data that the probe does not know. Where only checks are left to decide, the answer is
/// [recorded](ProbeReport::decided_by_checks). It is no gap, unless it is a 401. The application proves its checks with tests over its own
/// data.
///
/// For a rule with more than twelve conditions, the probe only tries a user who meets all of them, a user who meets none, and each role
/// alone, beside bad tokens. That proves nothing about users who meet some, so it [is a gap](GapKind::NotProbed) until [`skip`](Self::skip)
/// names the route.
///
/// The probe cannot see a handler that runs and answers as a guard would, the behaviour of a service below its prefix, and paths that are
/// in no matrix.
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
    issuers: Vec<TestIssuer>,
    params: Vec<(String, String)>,
    query: Vec<(String, String)>,
    skipped: Vec<(String, String, String)>,
    own_answers: Vec<(String, String, u16)>,
    paths: Vec<(String, String, String)>,
    login_page: Option<String>,
    restore: Option<Restore>,
    /// For each row, whether it is asked; `None` asks all.
    narrowed_to: Option<Vec<bool>>,
}

/// The application's hook between two requests.
type Restore = Box<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

impl<C: SessionClaims> AccessProbe<C> {
    /// Takes a router that has its state, and the `Auth` that its guards use.
    pub fn new(router: AuthRouter, auth: &Auth<C>) -> Self {
        Self {
            rows: router.access_matrix().rows().to_vec(),
            router: router.into(),
            auth: auth.clone(),
            claims: None,
            issuers: Vec::new(),
            params: Vec::new(),
            query: Vec::new(),
            skipped: Vec::new(),
            own_answers: Vec::new(),
            paths: Vec::new(),
            login_page: None,
            restore: None,
            narrowed_to: None,
        }
    }

    /// The user who sends the requests; roles and scopes are replaced as rules demand. The default is a user with the subject `1`. A claims
    /// type with more required fields needs this call.
    pub fn claims(mut self, template: C) -> Self {
        self.claims = Some(template);
        self
    }

    /// Callers also come with tokens of this issuer, which the `Auth` trusts as [`TestIssuer::issuer`] configures it: as users with the roles
    /// and scopes that rules demand, and as machines. A route whose rule demands another issuer has to refuse them, and one whose rule does not
    /// mention machines has to refuse those.
    ///
    /// An `Auth` without sessions of its own is probed with these tokens alone.
    ///
    /// ```
    /// # use countersign::{AuthRouter, Auth, SessionClaims, authenticated, require, routes};
    /// # use countersign::testing::{AccessProbe, TestIssuer};
    /// # #[derive(SessionClaims, Clone)] struct User { #[claims(subject)] id: String }
    /// # #[authenticated] #[utoipa::path(get, path = "/me")] async fn me() {}
    /// #[require(machine)]
    /// #[utoipa::path(post, path = "/sync")]
    /// async fn sync() {}
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let acme = TestIssuer::new("acme");
    /// let auth = Auth::<User>::builder().trust(acme.issuer()).build().unwrap();
    /// let router = AuthRouter::new().routes(routes!(me, sync)).with_state(auth.clone());
    ///
    /// AccessProbe::new(router, &auth).issuer(&acme).run().await.assert_no_gaps();
    /// # });
    /// ```
    ///
    /// # Panics
    ///
    /// When the `Auth` trusts no issuer of this name.
    #[track_caller]
    pub fn issuer(mut self, issuer: &TestIssuer) -> Self {
        let (accepted, name) = (self.auth.accepted_issuers(), issuer.name());
        let is_trusted = name != OWN_ISSUER && accepted.names().any(|known| known == name);
        assert!(is_trusted, "`AccessProbe::issuer` names `{name}`, which the `Auth` does not trust");
        self.issuers.push(issuer.clone());
        self
    }

    /// The value of a placeholder in paths, encoded as in a URL. The default is `1`, and for `{*rest}` a path that no other row answers.
    pub fn param(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.params.push((name.into(), value.into()));
        self
    }

    /// A query parameter for every request.
    pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// The path at which this route is asked, encoded as in a URL: `at("*", "/app/{*path}", "/app/reports/1")`.
    ///
    /// A nested router of axum does not list its routes, so the probe tries a few paths below the prefix, and the prefix itself. Where none
    /// of them has a route, this call names one.
    ///
    /// # Panics
    ///
    /// When there is no such route, and when `requested` does not begin with a slash.
    #[track_caller]
    pub fn at(mut self, method: &str, path: &str, requested: impl Into<String>) -> Self {
        let requested = requested.into();
        self.assert_known("at", method, path);
        assert!(
            requested.starts_with('/'),
            "`AccessProbe::at` takes a path with a slash in front, not `{requested}`"
        );
        self.paths.push((method.to_owned(), path.to_owned(), requested));
        self
    }

    /// Awaits `restore` after each request that may have changed test data: every request with another method than `GET`, `HEAD`,
    /// `OPTIONS` and `TRACE`, unless it was refused as it should be.
    ///
    /// So a handler that deletes a row finds it again for the next caller:
    ///
    /// ```
    /// # use countersign::{AuthRouter, SessionClaims};
    /// # use countersign::testing::{AccessProbe, TestAuth};
    /// # #[derive(SessionClaims, Clone)] struct User { #[claims(subject)] id: u64 }
    /// # #[derive(Clone)] struct Database;
    /// # impl Database { async fn insert_fixtures(&self) {} }
    /// fn probe(router: AuthRouter, auth: &TestAuth<User>, database: Database) -> AccessProbe<User> {
    ///     AccessProbe::new(router, auth).restore(move || {
    ///         let database = database.clone();
    ///         async move { database.insert_fixtures().await }
    ///     })
    /// }
    /// ```
    pub fn restore<F, Fut>(mut self, restore: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.restore = Some(Box::new(move || Box::pin(restore())));
        self
    }

    /// Asks only the routes with these paths, written as in the matrix.
    ///
    /// The report says how many routes were left out: about those it knows nothing, and they are no gaps. A second call, also to
    /// [`changed_since`](Self::changed_since), narrows the probe further.
    ///
    /// # Panics
    ///
    /// When a path is that of no route, and when there are no paths.
    #[track_caller]
    pub fn only<P: AsRef<str>>(self, paths: impl IntoIterator<Item = P>) -> Self {
        let paths: Vec<P> = paths.into_iter().collect();
        assert!(!paths.is_empty(), "`AccessProbe::only` needs a path");
        for path in paths.iter().map(AsRef::as_ref) {
            let is_known = self.rows.iter().any(|row| row.path() == path);
            assert!(
                is_known,
                "`AccessProbe::only` names `{path}`, which is the path of no route of the router"
            );
        }
        self.narrowed(|row| paths.iter().any(|path| path.as_ref() == row.path()))
    }

    /// Asks only the routes whose line in the [access matrix](AuthRouter::access_matrix) is not in `committed`, an earlier matrix in Markdown.
    ///
    /// That is for quick feedback while an access is being changed. **A line does not change when its route stops to enforce it**, for
    /// example because a layer was lost, so a pipeline runs the whole probe. Where no line has changed, no request is sent, and
    /// [`assert_no_gaps`](ProbeReport::assert_no_gaps) passes; the report says that it was narrowed.
    pub fn changed_since(self, committed: &str) -> Self {
        let lines = narrowed::lines(committed);
        self.narrowed(|row| !lines.contains(narrowed::line(row).as_str()))
    }

    fn narrowed(mut self, is_asked: impl Fn(&AccessRow) -> bool) -> Self {
        let before = self.narrowed_to.take();
        let was_asked = |index: usize| before.as_ref().is_none_or(|asked| asked[index]);
        let asked = self.rows.iter().enumerate().map(|(index, row)| was_asked(index) && is_asked(row));
        self.narrowed_to = Some(asked.collect());
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

    /// Says that the handler of this route itself may answer with this status, 401 or 403, so that it is not taken for a refusal of the guard.
    /// A public route does not need this for problems with codes of its own, such as `invalid_credentials`.
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

    /// Says that a [layer](crate::AuthLayer::redirect) sends callers without a session to this page. A redirect to it counts as a 401.
    pub fn login_page(mut self, target: impl Into<String>) -> Self {
        self.login_page = Some(target.into());
        self
    }

    /// The routes to ask.
    fn asked(&self) -> impl Iterator<Item = &AccessRow> {
        let is_asked = |index: usize| self.narrowed_to.as_ref().is_none_or(|asked| asked[index]);
        self.rows.iter().enumerate().filter(move |(index, _)| is_asked(*index)).map(|(_, row)| row)
    }

    /// The path that [`at`](Self::at) sets for a row; the last call counts.
    fn path_set_for(&self, row: &AccessRow) -> Option<&str> {
        let mut set = self.paths.iter().rev();
        let set = set.find(|(method, path, _)| method == row.method() && path == row.path());
        set.map(|(.., requested)| requested.as_str())
    }

    fn reason_to_skip(&self, row: &AccessRow) -> Option<&str> {
        let skipped =
            self.skipped.iter().find(|(method, path, _)| method == row.method() && path == row.path());
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
    /// When no session can be opened, and when the claims need more than a subject and [`claims`](Self::claims) was not called.
    pub async fn run(self) -> ProbeReport {
        Run::of(&self).report().await
    }
}

impl<C> fmt::Debug for AccessProbe<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessProbe").field("rows", &self.rows).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[cfg(all(feature = "macros", any(feature = "aws-lc-rs", feature = "rust-crypto")))]
mod tests;
