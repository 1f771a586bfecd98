//! Results that later extractors of the same request reuse: the verified session, the examined refresh token, the decided rule.
//!
//! Extensions outlive a request: handlers get a copy of them with axum's `Parts`, may keep it, and may send requests made of it after the
//! token has expired and the session has ended. So a result is valid in the original extensions only, and only for a moment. A copy is
//! made with `Clone`, which is where it loses the result.

use std::time::Duration;

use http::Extensions;

use crate::clock::Timestamp;

/// The age after which a result is found anew. It is longer than the way from one guard to the next.
const MOMENT: Duration = Duration::from_secs(5);

/// A result in the extensions of a request; `None` in every copy of them.
struct Remembered<T> {
    result: Option<(T, Timestamp)>,
}

impl<T> Clone for Remembered<T> {
    fn clone(&self) -> Self {
        Self { result: None }
    }
}

/// Stores a result of this type, in place of an earlier one.
pub(crate) fn remember<T: Send + Sync + 'static>(extensions: &mut Extensions, result: T, now: Timestamp) {
    extensions.insert(Remembered { result: Some((result, now)) });
}

/// The result for this very request, unless it is older than a moment.
pub(super) fn remembered<T: Send + Sync + 'static>(extensions: &Extensions, now: Timestamp) -> Option<&T> {
    let (result, then) = extensions.get::<Remembered<T>>()?.result.as_ref()?;
    is_recent(*then, now).then_some(result)
}

/// See [`remembered`]; for callers whose own call has just stored the result, however long that took.
pub(super) fn just_remembered<T: Send + Sync + 'static>(extensions: &Extensions) -> Option<&T> {
    extensions.get::<Remembered<T>>()?.result.as_ref().map(|(result, _)| result)
}

/// Removes a result, so that it is found anew.
pub(super) fn forget<T: Send + Sync + 'static>(extensions: &mut Extensions) {
    extensions.remove::<Remembered<T>>();
}

/// See [`remembered`]; removes the result.
pub(crate) fn take<T: Send + Sync + 'static>(extensions: &mut Extensions, now: Timestamp) -> Option<T> {
    let (result, then) = extensions.remove::<Remembered<T>>()?.result?;
    is_recent(then, now).then_some(result)
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
    fn a_result_is_remembered_for_a_moment() {
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
