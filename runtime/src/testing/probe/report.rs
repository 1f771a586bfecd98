//! What a probe has found out.

use std::fmt;

use super::cases::{Case, Expected, Refusal};
use super::request::Answer;
use crate::access::Access;
use crate::matrix::AccessRow;

/// The codes of refusals by a guard. A handler's own have others.
const OF_GUARDS: [&str; 6] = [
    "forbidden",
    "insufficient_scope",
    "insufficient_user_authentication",
    "invalid_token",
    "missing_credentials",
    "missing_refresh_token",
];

/// What [`AccessProbe::run`](super::AccessProbe::run) has found out; its `Display` is a table of the routes, and below it what is to be
/// said of them.
#[derive(Clone, Debug)]
#[must_use = "call `assert_no_gaps`"]
pub struct ProbeReport {
    pub(super) routes: Vec<ProbedRoute>,
}

#[derive(Clone, Debug)]
pub(super) struct ProbedRoute {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) access: Access,
    pub(super) requests: usize,
    pub(super) gaps: Vec<ProbeGap>,
    /// What checks decided, in words.
    pub(super) decided: Vec<String>,
    /// What could not be asked, and why.
    pub(super) not_probed: Vec<String>,
}

/// An answer that is not what the route declares.
#[derive(Clone, Debug)]
pub struct ProbeGap {
    method: String,
    path: String,
    request: String,
    expected: String,
    answer: String,
    kind: GapKind,
}

/// What kind of gap it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GapKind {
    /// Who should be refused is not.
    LetThrough,
    /// Who should pass is refused.
    Refused,
    /// Who should be refused is, but not as they should be.
    WrongRefusal,
    /// The body was asked for before the caller was refused.
    BodyFirst,
    /// The router has no such route: the matrix is wrong, or a parameter does not fit.
    NoSuchRoute,
    /// Not everything was asked that a proof takes. What the answer would have been is not known.
    NotProbed,
}

impl ProbeReport {
    /// Every answer that is not what its route declares.
    pub fn gaps(&self) -> impl Iterator<Item = &ProbeGap> {
        self.routes.iter().flat_map(|route| &route.gaps)
    }

    /// What was not asked, each with its reason.
    pub fn not_probed(&self) -> impl Iterator<Item = String> {
        self.told(|route| &route.not_probed)
    }

    /// What depends on checks of the application, and what they decided.
    pub fn decided_by_checks(&self) -> impl Iterator<Item = String> {
        self.told(|route| &route.decided)
    }

    /// How many requests were sent.
    pub fn requests(&self) -> usize {
        self.routes.iter().map(|route| route.requests).sum()
    }

    /// Fails the test when there is a gap, or when nothing was asked at all. A route of which not enough could be asked is a gap too,
    /// unless [`skip`](super::AccessProbe::skip) names it.
    ///
    /// # Panics
    ///
    /// Then, with the whole report.
    #[track_caller]
    pub fn assert_no_gaps(&self) {
        assert!(self.requests() > 0, "the probe has asked nothing\n\n{self}");
        let gaps = self.gaps().count();
        assert!(gaps == 0, "{}\n\n{self}", counted(gaps, "gap"));
    }

    fn told<'a>(&'a self, of: impl Fn(&'a ProbedRoute) -> &'a Vec<String>) -> impl Iterator<Item = String> {
        self.routes.iter().flat_map(move |route| {
            of(route).iter().map(|text| format!("{} {}: {text}", route.method, route.path))
        })
    }
}

impl ProbeGap {
    /// The method of the request.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The path of the route, with its placeholders.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The request, in words.
    pub fn request(&self) -> &str {
        &self.request
    }

    /// What the answer should have been.
    pub fn expected(&self) -> &str {
        &self.expected
    }

    /// What the answer was.
    pub fn answer(&self) -> &str {
        &self.answer
    }

    /// What kind of gap it is.
    pub fn kind(&self) -> GapKind {
        self.kind
    }

    pub(super) fn not_probed(row: &AccessRow, reason: &str) -> Self {
        Self {
            method: row.method().to_owned(),
            path: row.path().to_owned(),
            request: "not sent".to_owned(),
            expected: row.access().to_string(),
            answer: format!("none: {reason}"),
            kind: GapKind::NotProbed,
        }
    }

    pub(super) fn of(case: &Case, path: &str, with_body: bool, answer: &Answer, kind: GapKind) -> Self {
        let body = if with_body { ", with a body that is no JSON" } else { "" };
        Self {
            method: case.method.to_string(),
            path: path.to_owned(),
            request: format!("{}{body}", case.credentials),
            expected: case.expected.to_string(),
            answer: answer.to_string(),
            kind,
        }
    }
}

/// What a route may answer besides.
#[derive(Clone, Copy)]
pub(super) struct Exceptions<'a> {
    /// The handler's own statuses.
    pub(super) own: &'a [u16],
    /// Where a layer sends those who are not signed in.
    pub(super) login_page: Option<&'a str>,
}

/// Compares an answer with what it has to be.
pub(super) fn judge(case: &Case, answer: &Answer, exceptions: Exceptions<'_>) -> Option<GapKind> {
    let status = answer.status.map_or(0, |status| status.as_u16());
    let is_login_page = exceptions.login_page.is_some_and(|page| answer.redirects_to(page));
    let is_refusal = matches!(status, 401 | 403) && !exceptions.own.contains(&status);
    if answer.no_such_route && case.expected != Expected::NotServed {
        return Some(GapKind::NoSuchRoute);
    }
    let refused = |is_refused: bool| is_refused.then_some(GapKind::Refused);
    match &case.expected {
        Expected::Passed => refused(is_refusal || is_login_page || (status == 503 && answer.code.is_some())),
        Expected::Open => {
            refused(is_refusal && answer.code.as_deref().is_some_and(|code| OF_GUARDS.contains(&code)))
        }
        Expected::Decided(_) => {
            let is_stale = answer.code.as_deref() == Some("insufficient_user_authentication");
            refused((status == 401 && !is_stale) || is_login_page)
        }
        Expected::Refused(refusal) => judge_refusal(*refusal, case, answer, is_login_page),
        Expected::NotServed => {
            let is_served = answer.status.is_none_or(|status| status.is_success()) && !is_preflight(answer);
            is_served.then_some(GapKind::LetThrough)
        }
    }
}

fn judge_refusal(refusal: Refusal, case: &Case, answer: &Answer, is_login_page: bool) -> Option<GapKind> {
    let wanted = if refusal == Refusal::Forbidden { 403 } else { 401 };
    let status = answer.status.map_or(0, |status| status.as_u16());
    let is_wanted = status == wanted || (wanted == 401 && is_login_page);
    match status {
        _ if is_wanted && answer.read_body => Some(GapKind::BodyFirst),
        _ if is_wanted && (is_login_page || has_words(refusal, case, answer)) => None,
        401 | 403 => Some(GapKind::WrongRefusal),
        400..=499 if answer.read_body => Some(GapKind::BodyFirst),
        _ => Some(GapKind::LetThrough),
    }
}

/// Whether the refusal says what it has to: the code of a problem, and the challenge of every 401.
fn has_words(refusal: Refusal, case: &Case, answer: &Answer) -> bool {
    let without_code = matches!(refusal, Refusal::NoToken | Refusal::NoRefreshToken)
        // An answer to HEAD has no body, and this one no challenge.
        || (refusal == Refusal::Forbidden && case.method == http::Method::HEAD);
    let has_code = answer.code.as_deref().map_or(without_code, |code| refusal.codes().contains(&code));
    has_code && (refusal == Refusal::Forbidden || answer.challenge().is_some())
}

/// A CORS layer answers `OPTIONS` by itself, and says so.
fn is_preflight(answer: &Answer) -> bool {
    ["access-control-allow-methods", "access-control-allow-headers"]
        .iter()
        .any(|name| answer.headers.contains_key(*name))
}

impl fmt::Display for ProbeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |text: fn(&ProbedRoute) -> &str| {
            self.routes.iter().map(|route| text(route).chars().count()).max().unwrap_or(0)
        };
        let (method, path) = (width(|route| &route.method).max(6), width(|route| &route.path).max(4));
        writeln!(f, "{:method$}  {:path$}  {:>8}  {:9}  access", "method", "path", "requests", "result")?;
        for route in &self.routes {
            let (result, access) = (route.result(), route.access.to_string());
            writeln!(
                f,
                "{:method$}  {:path$}  {:>8}  {result:9}  {access}",
                route.method, route.path, route.requests
            )?;
        }
        for gap in self.gaps() {
            writeln!(f, "\ngap: {gap}")?;
        }
        let mut list = |title: &str, lines: Vec<String>| {
            let title = if lines.is_empty() { String::new() } else { format!("\n{title}:\n") };
            f.write_str(&title)?;
            lines.iter().try_for_each(|line| writeln!(f, "- {line}"))
        };
        list("decided by checks", self.decided_by_checks().collect())?;
        list("not probed", self.not_probed().collect())
    }
}

impl ProbedRoute {
    fn result(&self) -> String {
        match (self.gaps.len(), self.requests) {
            (0, 0) => "not asked".to_owned(),
            (0, _) => "no gaps".to_owned(),
            (gaps, _) => counted(gaps, "gap"),
        }
    }
}

fn counted(number: usize, word: &str) -> String {
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}

impl fmt::Display for ProbeGap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, path, request, expected, answer, kind } = self;
        let kind = match kind {
            GapKind::LetThrough => "lets through whom it should refuse",
            GapKind::Refused => "refuses whom it should let through",
            GapKind::WrongRefusal => "refuses in another way than it should",
            GapKind::BodyFirst => "reads the body before it refuses",
            GapKind::NoSuchRoute => "is not there",
            GapKind::NotProbed => "is not proven",
        };
        write!(
            f,
            "{method} {path} {kind}\n  request:  {request}\n  expected: {expected}\n  answer:   {answer}"
        )
    }
}
