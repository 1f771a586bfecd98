mod lost_answers;

use proptest::prelude::*;

use super::*;
use crate::testing::conformance::any_id;

const START: i64 = 1_700_000_000;

fn at(offset: i64) -> Timestamp {
    Timestamp::from_unix(START + offset)
}

fn child(token: &TokenHash) -> TokenHash {
    TokenHash::of(token.as_bytes())
}

fn policy(rotation: Rotation) -> SessionPolicy {
    SessionPolicy::new(Lifetimes::new(Duration::from_secs(1000), Duration::from_secs(2500)), rotation)
        .unwrap()
}

fn fresh() -> SessionRecord {
    SessionRecord::new(any_id().unwrap(), "ann", TokenHash::of("first"), at(0), at(1000), at(2500))
}

fn rotated(record: &SessionRecord, now: Timestamp, policy: &SessionPolicy) -> SessionRecord {
    match present(record, &record.current, child(&record.current), now, policy) {
        Transition::Rotate(next) => *next,
        other => panic!("{other:?}"),
    }
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let seconds = Duration::from_secs;
    let check =
        |idle, absolute, rotation| SessionPolicy::new(Lifetimes::new(idle, absolute), rotation).map(|_| ());
    let always = |window| Rotation::Always { window };
    let near = |within, window| Rotation::NearExpiry { within, window };
    let cases = [
        (check(seconds(0), seconds(10), always(seconds(30))), Err(PolicyError::IdleTtlTooShort)),
        (
            check(Duration::from_millis(999), seconds(10), always(seconds(30))),
            Err(PolicyError::IdleTtlTooShort),
        ),
        (check(seconds(11), seconds(10), always(seconds(30))), Err(PolicyError::IdleTtlAboveAbsoluteTtl)),
        (check(seconds(10), seconds(10), always(seconds(301))), Err(PolicyError::WindowTooLong)),
        (
            check(seconds(10), seconds(10), always(Duration::from_millis(300_001))),
            Err(PolicyError::WindowTooLong),
        ),
        (check(seconds(10), seconds(10), near(seconds(5), seconds(301))), Err(PolicyError::WindowTooLong)),
        (check(seconds(10), seconds(10), near(seconds(0), seconds(30))), Err(PolicyError::NeverRotates)),
        (check(seconds(10), seconds(10), always(seconds(300))), Ok(())),
        (check(seconds(10), seconds(10), always(seconds(0))), Ok(())),
        (check(seconds(10), seconds(10), near(seconds(1), seconds(0))), Ok(())),
    ];
    for (number, (found, expected)) in cases.into_iter().enumerate() {
        assert_eq!(found, expected, "case {number}");
    }
    assert!(SessionPolicy::new(Lifetimes::default(), Rotation::default()).is_ok());
}

/// Row 79. Although time is counted in seconds, the window never lasts longer than configured.
#[test]
fn the_window_is_open_until_its_last_second_and_not_longer() {
    for (window, last) in [(0, None), (1, Some(0)), (30, Some(29)), (300, Some(299))] {
        let policy = policy(Rotation::Always { window: Duration::from_secs(window) });
        let record = fresh();
        let next = rotated(&record, at(10), &policy);
        let retry = |offset: i64| present(&next, &record.current, &next.current, at(10 + offset), &policy);
        if let Some(last) = last {
            assert_eq!(retry(last), Transition::Repeat);
        }
        assert_eq!(
            retry(last.map_or(0, |last| last + 1)),
            Transition::Reuse(ReuseKind::LateRetry),
            "window {window}"
        );
    }
}

/// Row 76. Less than a second is no window.
#[test]
fn a_part_of_a_second_is_no_window() {
    let policy = policy(Rotation::Always { window: Duration::from_millis(999) });
    let record = fresh();
    let next = rotated(&record, at(0), &policy);
    assert_eq!(
        present(&next, &record.current, &next.current, at(0), &policy),
        Transition::Reuse(ReuseKind::LateRetry)
    );
}

/// Row 84. The record's own times count even in a process whose clock never showed a later time.
#[test]
fn a_rotation_before_the_last_one_is_dated_with_the_last_one() {
    let policy = policy(Rotation::default());
    let record = rotated(&fresh(), at(100), &policy);
    let next = rotated(&record, at(-500), &policy);
    assert_eq!((next.rotated_at, next.last_used_at, next.idle_expires_at), (at(100), at(100), at(1100)));
}

/// Row 84. An instance whose clock is far behind, or was set back before a restart, does not reopen a window.
#[test]
fn a_clock_far_behind_repeats_nothing() {
    let policy = policy(Rotation::default());
    let record = fresh();
    let next = rotated(&record, at(600), &policy);
    let retry = |offset: i64| present(&next, &record.current, &next.current, at(600 + offset), &policy);
    assert_eq!(retry(-60), Transition::Repeat);
    assert_eq!(retry(-61), Transition::Unrepeatable);
}

fn reauthenticated(record: &SessionRecord, now: Timestamp, policy: &SessionPolicy) -> SessionRecord {
    match reauthenticate(record, &TokenHash::of("fresh"), now, policy) {
        Transition::Rotate(next) => *next,
        other => panic!("{other:?}"),
    }
}

/// Row 60.
#[test]
fn a_reauthentication_moves_the_sign_in_and_not_the_absolute_end() {
    let policy = policy(Rotation::default());
    let record = rotated(&fresh(), at(100), &policy);
    let next = reauthenticated(&record, at(300), &policy);
    let expected = SessionRecord {
        current: TokenHash::of("fresh"),
        previous: Some(record.current.clone()),
        rotated_at: at(300),
        authenticated_at: at(300),
        last_used_at: at(300),
        idle_expires_at: at(1300),
        version: 2,
        ..record
    };
    assert_eq!(next, expected);
    assert_eq!(reauthenticated(&expected, at(1200), &policy).idle_expires_at, at(2200));
    assert_eq!(rotated(&next, at(400), &policy).authenticated_at, at(300), "a refresh does not authenticate");
}

/// Rows 79 and 80.
#[test]
fn the_token_before_a_reauthentication_is_unrepeatable_in_the_window_and_a_reuse_after_it() {
    let window = Duration::from_secs(30);
    for rotation in [Rotation::Always { window }, Rotation::NearExpiry { within: window, window }] {
        let policy = policy(rotation);
        let record = fresh();
        let next = reauthenticated(&record, at(10), &policy);
        let retry =
            |offset: i64| present(&next, &record.current, child(&record.current), at(10 + offset), &policy);
        assert_eq!(retry(0), Transition::Unrepeatable);
        assert_eq!(retry(29), Transition::Unrepeatable);
        assert_eq!(retry(30), Transition::Reuse(ReuseKind::LateRetry));
        let twice = reauthenticated(&next, at(11), &policy);
        let ancestor = present(&twice, &record.current, child(&record.current), at(11), &policy);
        assert_eq!(ancestor, Transition::Reuse(ReuseKind::OlderAncestor));
    }
    let strict = policy(Rotation::Always { window: Duration::ZERO });
    let record = fresh();
    let next = reauthenticated(&record, at(10), &strict);
    let retry = present(&next, &record.current, child(&record.current), at(10), &strict);
    assert_eq!(retry, Transition::Reuse(ReuseKind::LateRetry));
}

/// Rows 84 to 86.
#[test]
fn a_reauthentication_neither_revives_a_session_nor_turns_the_clock_back() {
    let policy = policy(Rotation::default());
    let record = rotated(&fresh(), at(100), &policy);
    assert_eq!(reauthenticate(&record, &TokenHash::of("fresh"), at(1100), &policy), Transition::Expired);
    let next = reauthenticated(&record, at(-500), &policy);
    assert_eq!((next.authenticated_at, next.rotated_at, next.idle_expires_at), (at(100), at(100), at(1100)));
}

#[test]
fn an_expired_session_is_expired_whatever_is_presented() {
    let policy = policy(Rotation::default());
    let record = fresh();
    let next = rotated(&record, at(999), &policy);
    for token in [&next.current, &record.current, &TokenHash::of("foreign")] {
        assert_eq!(present(&next, token, child(token), at(1999), &policy), Transition::Expired);
    }
}

#[test]
fn times_at_the_end_of_the_scale_do_not_overflow() {
    let lifetimes = Lifetimes::new(Duration::MAX, Duration::MAX);
    assert_eq!(SessionPolicy::new(lifetimes, Rotation::default()), Err(PolicyError::AbsoluteTtlTooLong));
    let policy = SessionPolicy { lifetimes, ..SessionPolicy::default() };
    let mut record = fresh();
    record.absolute_expires_at = Timestamp::from_unix(i64::MAX);
    record.version = u64::MAX;
    let next = rotated(&record, at(0), &policy);
    assert_eq!(next.idle_expires_at, Timestamp::from_unix(i64::MAX));
}

proptest! {
    /// Rows 79 to 81, 84, 85. Tokens of any generation, in any order, with a clock that may step back.
    #[test]
    fn a_session_keeps_its_promises(
        window in 0..=300_u64,
        presentations in prop::collection::vec((0..4_usize, -400..900_i64), 1..40),
    ) {
        let policy = policy(Rotation::Always { window: Duration::from_secs(window) });
        let mut record = fresh();
        let mut family = vec![TokenHash::of("foreign"), record.current.clone()];
        let mut clock = 0;
        let mut latest = 0;
        for (generations_back, step) in presentations {
            clock += step;
            let presented = family[family.len().saturating_sub(1 + generations_back)].clone();
            let elapsed = (START + clock - record.rotated_at.unix()).max(0);
            let expired = record.is_expired(at(clock));
            match present(&record, &presented, child(&presented), at(clock), &policy) {
                Transition::Rotate(next) => {
                    prop_assert!(generations_back == 0 && !expired);
                    prop_assert_eq!(&next.current, &child(&record.current));
                    prop_assert_eq!(next.previous.as_ref(), Some(&record.current));
                    prop_assert_eq!(next.version, record.version + 1);
                    prop_assert_eq!(next.absolute_expires_at, record.absolute_expires_at);
                    prop_assert!(next.idle_expires_at >= record.idle_expires_at);
                    prop_assert!(next.idle_expires_at <= next.absolute_expires_at);
                    latest = latest.max(clock);
                    prop_assert_eq!(next.rotated_at, at(latest));
                    family.push(next.current.clone());
                    record = *next;
                }
                Transition::Repeat => {
                    prop_assert!(generations_back == 1 && !expired);
                    prop_assert!(elapsed.unsigned_abs() < window);
                    prop_assert!(START + clock >= record.rotated_at.unix() - 60);
                }
                Transition::Reuse(ReuseKind::LateRetry) => {
                    prop_assert!(generations_back == 1 && !expired);
                    prop_assert!(elapsed.unsigned_abs() >= window);
                    break;
                }
                Transition::Reuse(ReuseKind::OlderAncestor) => {
                    prop_assert!(generations_back > 0 && !expired);
                    break;
                }
                Transition::Expired => prop_assert!(expired),
                Transition::Unrepeatable => {
                    prop_assert!(generations_back == 1 && !expired);
                    prop_assert!(START + clock < record.rotated_at.unix() - 60);
                }
                Transition::Keep | Transition::Confirm(_) => prop_assert!(false, "every token rotates"),
                Transition::Recover(_) => prop_assert!(false, "nothing is made up for unless that is on"),
            }
        }
    }
}
