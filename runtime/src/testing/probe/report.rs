//! The findings of a probe.

use std::fmt;

use super::cases::{Case, Expected, Refusal};
use super::request::Answer;
use super::run::Grants;
use crate::access::Access;
use crate::matrix::AccessRow;

/// The codes of refusals by a guard. A handler's own refusals have other codes.
const OF_GUARDS: [&str; 6] = [
    "forbidden",
    "insufficient_scope",
    "insufficient_user_authentication",
    "invalid_token",
    "missing_credentials",
    "missing_refresh_token",
];

/// The findings of [`AccessProbe::run`](super::AccessProbe::run). Its `Display` is a table of the routes, with gaps and notes below it.
#[derive(Clone, Debug)]
#[must_use = "call `assert_no_gaps`"]
pub struct ProbeReport {
    pub(super) routes: Vec<ProbedRoute>,
    pub(super) left_out: usize,
}

#[derive(Clone, Debug)]
pub(super) struct ProbedRoute {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) access: Access,
    /// File and line.
    pub(super) declared_at: String,
    /// Whether there are requests for it.
    pub(super) is_asked: bool,
    pub(super) requests: usize,
    pub(super) grants: Grants,
    pub(super) gaps: Vec<ProbeGap>,
    /// The decisions of checks, in words.
    pub(super) decided: Vec<String>,
    /// The requests that could not be sent, and why.
    pub(super) not_probed: Vec<String>,
}

/// An answer that is not what the route declares.
#[derive(Clone, Debug)]
pub struct ProbeGap {
    method: String,
    path: String,
    declared_at: String,
    request: String,
    expected: String,
    answer: String,
    kind: GapKind,
}

/// The kinds of gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GapKind {
    /// A caller who should be refused is not.
    LetThrough,
    /// A caller who should pass is refused.
    Refused,
    /// A caller who should be refused is, but with another refusal than the right one.
    WrongRefusal,
    /// The body was read before the caller was refused.
    BodyFirst,
    /// The router has no such route: the matrix is wrong, or a parameter does not fit.
    NoSuchRoute,
    /// Not every request that a proof takes was sent, so nothing is known about the answers.
    NotProbed,
}

impl ProbeReport {
    /// Every answer that is not what its route declares.
    pub fn gaps(&self) -> impl Iterator<Item = &ProbeGap> {
        self.routes.iter().flat_map(|route| &route.gaps)
    }

    /// The requests that were not sent, each with its reason.
    pub fn not_probed(&self) -> impl Iterator<Item = String> {
        self.told(|route| &route.not_probed)
    }

    /// The requests that checks of the application decided, each with the decision.
    pub fn decided_by_checks(&self) -> impl Iterator<Item = String> {
        self.told(|route| &route.decided)
    }

    /// How many routes were not asked because the probe was narrowed, by [`only`](super::AccessProbe::only) or
    /// [`changed_since`](super::AccessProbe::changed_since). The report says nothing about them.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// How many requests were sent.
    pub fn requests(&self) -> usize {
        self.routes.iter().map(|route| route.requests).sum()
    }

    /// Fails the test when there is a gap, or when no request was sent at all. A route that could not be proven is a gap too, unless
    /// [`skip`](super::AccessProbe::skip) names it. Of a narrowed probe it says nothing about the routes that were left out.
    ///
    /// # Panics
    ///
    /// When the test fails, with the whole report.
    #[track_caller]
    pub fn assert_no_gaps(&self) {
        let nothing_to_ask = self.routes.is_empty() && self.left_out > 0;
        assert!(self.requests() > 0 || nothing_to_ask, "the probe has sent no request\n\n{self}");
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

    /// The file and the line that declare the access: of the handler's attribute, or where the route was added.
    pub fn declared_at(&self) -> &str {
        &self.declared_at
    }

    /// The request, in words.
    pub fn request(&self) -> &str {
        &self.request
    }

    /// The answer that was expected, in words.
    pub fn expected(&self) -> &str {
        &self.expected
    }

    /// The answer, in words.
    pub fn answer(&self) -> &str {
        &self.answer
    }

    /// The kind of gap.
    pub fn kind(&self) -> GapKind {
        self.kind
    }

    pub(super) fn not_probed(row: &AccessRow, reason: &str) -> Self {
        Self {
            method: row.method().to_owned(),
            path: row.path().to_owned(),
            declared_at: declared_at(row),
            request: "not sent".to_owned(),
            expected: row.access().to_string(),
            answer: format!("none: {reason}"),
            kind: GapKind::NotProbed,
        }
    }

    pub(super) fn of(case: &Case, row: &AccessRow, with_body: bool, answer: &Answer, kind: GapKind) -> Self {
        let body = if with_body { ", with a body that is no JSON" } else { "" };
        Self {
            method: case.method.to_string(),
            path: row.path().to_owned(),
            declared_at: declared_at(row),
            request: format!("{}{body}", case.credentials),
            expected: case.expected.to_string(),
            answer: answer.to_string(),
            kind,
        }
    }
}

/// The file and the line that declare the access of a row.
pub(super) fn declared_at(row: &AccessRow) -> String {
    let line = row.declaration.declared_at.unwrap_or(row.added_at);
    format!("{}:{}", line.file(), line.line())
}

/// Answers that are allowed beside the expected ones.
#[derive(Clone, Copy)]
pub(super) struct Exceptions<'a> {
    /// The handler's own statuses.
    pub(super) own: &'a [u16],
    /// The page to which a layer sends callers without a session.
    pub(super) login_page: Option<&'a str>,
}

/// Compares an answer with the expected one.
pub(super) fn judge(case: &Case, answer: &Answer, exceptions: Exceptions<'_>) -> Option<GapKind> {
    let status = answer.status.map_or(0, |status| status.as_u16());
    let is_login_page = exceptions.login_page.is_some_and(|page| answer.redirects_to(page));
    let is_refusal = matches!(status, 401 | 403) && !exceptions.own.contains(&status);
    if answer.unanswered.is_some() && case.expected != Expected::NotServed {
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
        _ if is_wanted && (is_login_page || is_complete(refusal, case, answer)) => None,
        401 | 403 => Some(GapKind::WrongRefusal),
        400..=499 if answer.read_body => Some(GapKind::BodyFirst),
        _ => Some(GapKind::LetThrough),
    }
}

/// Whether the refusal has a right code in its problem or challenge, and as a 401 a challenge.
fn is_complete(refusal: Refusal, case: &Case, answer: &Answer) -> bool {
    let without_code = matches!(refusal, Refusal::NoToken | Refusal::NoRefreshToken)
        // An answer to HEAD has no body, and a 403 may have no challenge.
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
        let at = width(|route| &route.declared_at).max(11);
        writeln!(
            f,
            "{:method$}  {:path$}  {:>8}  {:9}  {:at$}  access",
            "method", "path", "requests", "result", "declared at"
        )?;
        for route in &self.routes {
            let (result, access) = (route.result(), route.access.to_string());
            writeln!(
                f,
                "{:method$}  {:path$}  {:>8}  {result:9}  {:at$}  {access}",
                route.method, route.path, route.requests, route.declared_at
            )?;
        }
        if self.left_out > 0 {
            let asked = self.routes.len();
            writeln!(
                f,
                "\nnarrowed to {asked} of {}; nothing is known about the others",
                counted(asked + self.left_out, "route")
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
            (0, 0) => "unproven".to_owned(),
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
        let Self { method, path, declared_at, request, expected, answer, kind } = self;
        let kind = match kind {
            GapKind::LetThrough => "lets a caller through that it should refuse",
            GapKind::Refused => "refuses a caller that it should let through",
            GapKind::WrongRefusal => "refuses with another refusal than it should",
            GapKind::BodyFirst => "reads the body before it refuses",
            GapKind::NoSuchRoute => "is not there",
            GapKind::NotProbed => "is not proven",
        };
        write!(
            f,
            "{method} {path} {kind}\n  request:  {request}\n  expected: {expected}\n  answer:   {answer}\n  declared: {declared_at}"
        )
    }
}
