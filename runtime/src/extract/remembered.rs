//! What was found out about a request, for those who ask again while it is answered.

use std::time::Duration;

use http::Extensions;

use crate::clock::Timestamp;

/// Longer than a request takes from one guard to the next. Whatever is older is found out again: a request can be kept, and sent on when
/// its token has expired and its session has ended.
const MOMENT: Duration = Duration::from_secs(5);

/// A finding in the extensions of a request. A copy holds nothing: handlers copy extensions with axum's `Parts`, and what they send
/// with these is a request of its own.
struct Remembered<T> {
    finding: Option<(T, Timestamp)>,
}

impl<T> Clone for Remembered<T> {
    fn clone(&self) -> Self {
        Self { finding: None }
    }
}

/// Keeps a finding, in the place of the one before.
pub(crate) fn remember<T: Send + Sync + 'static>(extensions: &mut Extensions, finding: T, now: Timestamp) {
    extensions.insert(Remembered { finding: Some((finding, now)) });
}

/// What was found out about this very request a moment ago.
pub(super) fn remembered<T: Send + Sync + 'static>(extensions: &Extensions, now: Timestamp) -> Option<&T> {
    let (finding, then) = extensions.get::<Remembered<T>>()?.finding.as_ref()?;
    is_recent(*then, now).then_some(finding)
}

/// As [`remembered`], for those who have just asked, whatever time that took.
pub(super) fn just_remembered<T: Send + Sync + 'static>(extensions: &Extensions) -> Option<&T> {
    extensions.get::<Remembered<T>>()?.finding.as_ref().map(|(finding, _)| finding)
}

/// Takes a finding away, for whoever asks again to find out.
pub(super) fn forget<T: Send + Sync + 'static>(extensions: &mut Extensions) {
    extensions.remove::<Remembered<T>>();
}

/// As [`remembered`], and takes it away.
pub(crate) fn take<T: Send + Sync + 'static>(extensions: &mut Extensions, now: Timestamp) -> Option<T> {
    let (finding, then) = extensions.remove::<Remembered<T>>()?.finding?;
    is_recent(then, now).then_some(finding)
}

fn is_recent(then: Timestamp, now: Timestamp) -> bool {
    now.since(then) <= MOMENT
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_unix(1_700_000_000) + Duration::from_secs(seconds)
    }

    #[test]
    fn a_finding_is_remembered_for_a_moment() {
        let mut extensions = Extensions::new();
        assert_eq!(remembered::<u8>(&extensions, at(0)), None);
        remember(&mut extensions, 7_u8, at(0));
        assert_eq!(remembered(&extensions, at(5)), Some(&7_u8));
        assert_eq!(remembered::<u8>(&extensions, at(6)), None);
        assert_eq!(remembered::<u16>(&extensions, at(0)), None);
        remember(&mut extensions, 8_u8, at(6));
        assert_eq!(remembered(&extensions, at(6)), Some(&8_u8));
    }

    #[test]
    fn a_copy_of_a_request_remembers_nothing() {
        let mut extensions = Extensions::new();
        remember(&mut extensions, 7_u8, at(0));
        assert_eq!(remembered::<u8>(&extensions.clone(), at(0)), None);
        assert_eq!(take::<u8>(&mut extensions.clone(), at(0)), None);
        assert_eq!(remembered(&extensions, at(0)), Some(&7_u8), "the request itself does");
    }

    #[test]
    fn what_is_forgotten_is_gone() {
        let mut extensions = Extensions::new();
        remember(&mut extensions, 7_u8, at(0));
        assert_eq!(just_remembered(&extensions), Some(&7_u8));
        forget::<u8>(&mut extensions);
        assert_eq!(just_remembered::<u8>(&extensions), None);
        assert_eq!(remembered::<u8>(&extensions, at(0)), None);
    }

    #[test]
    fn what_is_taken_is_gone() {
        let mut extensions = Extensions::new();
        remember(&mut extensions, 7_u8, at(0));
        assert_eq!(take(&mut extensions, at(5)), Some(7_u8));
        assert_eq!(take::<u8>(&mut extensions, at(5)), None);
        remember(&mut extensions, 7_u8, at(0));
        assert_eq!(take::<u8>(&mut extensions, at(6)), None, "it is too old");
    }
}
