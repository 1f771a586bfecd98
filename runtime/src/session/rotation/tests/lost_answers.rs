//! Lost answers: the rule against a history that keeps everything, and holders who take turns.

use proptest::prelude::*;

use crate::session::rotation::*;
use crate::testing::conformance::any_id;
use crate::testing::conformance::lost_answers::{Answer, History, Name, hash, successors};

const START: i64 = 1_700_000_000;
const WINDOW: i64 = 30;
const IDLE: i64 = 1_000;

fn at(offset: i64) -> Timestamp {
    Timestamp::from_unix(START + offset)
}

fn seconds(seconds: i64) -> Duration {
    Duration::from_secs(seconds.unsigned_abs())
}

fn policy(rotation: Rotation) -> SessionPolicy {
    SessionPolicy::new(Lifetimes::new(seconds(IDLE), seconds(1_000_000)), rotation).unwrap()
}

fn fresh() -> SessionRecord {
    let id = any_id().unwrap();
    SessionRecord::new(id, "ann", hash("t"), at(0), at(IDLE), at(1_000_000))
}

fn always() -> SessionPolicy {
    policy(Rotation::Always { window: seconds(WINDOW) }.recover_lost_answers())
}

/// The next record and the name of the token that is handed out; `None` once the session has ended.
fn answered(
    record: &SessionRecord,
    name: &str,
    now: i64,
    policy: &SessionPolicy,
) -> Option<(SessionRecord, Name)> {
    let next = match present(record, &hash(name), successors(name), at(now), policy) {
        Transition::Rotate(next) | Transition::Recover(next) | Transition::Confirm(next) => *next,
        Transition::Repeat | Transition::Keep => record.clone(),
        Transition::Reuse(_) | Transition::Expired => return None,
        Transition::Unrepeatable => panic!("no user reauthenticates"),
    };
    let candidates = [name.to_owned(), format!("{name}0"), format!("{name}1")];
    let name = candidates.into_iter().find(|candidate| next.current == hash(candidate)).unwrap();
    Some((next, name))
}

proptest! {
    /// Tokens of any generation, displaced ones too, and reauthentications, in any order.
    #[test]
    fn the_rule_answers_as_the_whole_history_demands(
        window in prop_oneof![Just(0), Just(1), Just(WINDOW)],
        recovers in any::<bool>(),
        within in prop_oneof![Just(None), Just(Some(100)), Just(Some(2_000))],
        steps in prop::collection::vec((0..5_usize, prop_oneof![Just(0), Just(1), Just(WINDOW), Just(300)]), 1..30),
    ) {
        let rotation = match within {
            None => Rotation::Always { window: seconds(window) },
            Some(within) => Rotation::NearExpiry { within: seconds(within), window: seconds(window) },
        };
        let policy = policy(if recovers { rotation.recover_lost_answers() } else { rotation });
        let mut history = History::new(window, recovers, within.map(|within| (within, IDLE)), 0);
        let mut record = fresh();
        let mut now = 0;
        for (choice, wait) in steps {
            now += wait;
            if record.is_expired(at(now)) {
                break;
            }
            let (newest, parent, others) = history.tokens();
            let name = match choice {
                0 => newest,
                1 | 2 => parent.unwrap_or(newest),
                3 => others.last().cloned().unwrap_or(newest),
                _ => {
                    let name = history.reauthenticate(now);
                    let Transition::Rotate(next) = reauthenticate(&record, &hash(&name), at(now), &policy) else {
                        panic!("the session is live");
                    };
                    record = *next;
                    continue;
                }
            };
            let transition = present(&record, &hash(&name), successors(&name), at(now), &policy);
            let expected = history.present(&name, now);
            match (transition, expected) {
                (Transition::Rotate(next), Answer::New(token)) if token.ends_with('0') => {
                    prop_assert_eq!(&next.current, &hash(&token));
                    record = *next;
                }
                (Transition::Recover(next), Answer::New(token)) if token.ends_with('1') => {
                    prop_assert!(recovers && window > 0);
                    prop_assert_eq!(&next.current, &hash(&token));
                    prop_assert_eq!(next.version, record.version + 1);
                    record = *next;
                }
                (Transition::Repeat, Answer::Same(token)) => prop_assert_eq!(&record.current, &hash(&token)),
                (Transition::Keep, Answer::Same(token)) => prop_assert_eq!(token, name),
                (Transition::Confirm(next), Answer::Same(token)) => {
                    prop_assert_eq!(token, name);
                    prop_assert!(!next.may_be_lost && next.current == record.current);
                    record = *next;
                }
                (Transition::Unrepeatable, Answer::Refused) => {}
                (Transition::Reuse(_), Answer::Ended) => return Ok(()),
                (transition, expected) => prop_assert!(false, "{name}: {transition:?}, not {expected:?}"),
            }
        }
    }
}

/// Two parties hold the same token and take turns, each time after the window. Whichever of the tokens that it holds each of them
/// presents, one of the first four turns after the copy ends the session.
///
/// With the same successor handed out again, they would go on for ever: both would hold every token.
#[test]
fn two_holders_who_take_turns_are_detected_whatever_they_present() {
    const TURNS: u32 = 5;
    let policy = always();
    let mut detected = 0;
    for strategy in 0..2_u32.pow(TURNS) {
        let mut record = fresh();
        let mut held = [vec!["t".to_owned()], vec!["t".to_owned()]];
        let mut now = 0;
        for turn in 0..TURNS {
            now += WINDOW;
            let holder = &mut held[turn as usize % 2];
            // The latest token that this one holds, or the one before it.
            let back = (strategy >> turn & 1) as usize;
            let name = holder[holder.len().saturating_sub(1 + back)].clone();
            match answered(&record, &name, now, &policy) {
                Some((next, token)) => {
                    record = next;
                    holder.push(token);
                }
                None => {
                    detected += 1;
                    break;
                }
            }
        }
    }
    assert_eq!(detected, 2_u32.pow(TURNS));
}

/// One holder who always goes on with the latest token is never refused, however often an answer is lost, as long as no two answers to
/// one token are.
#[test]
fn one_holder_who_loses_every_other_answer_goes_on() {
    let policy = always();
    let (mut record, mut held, mut now) = (fresh(), "t".to_owned(), 0);
    for turn in 0..100 {
        now += WINDOW + turn;
        let (next, token) = answered(&record, &held, now, &policy).unwrap();
        record = next;
        if turn % 2 == 1 {
            held = token;
        }
    }
    assert!(record.version == 100);
}

/// A change of the setting: off, the next late retry is a reuse again; on, it holds for rotations from then on.
#[test]
fn the_setting_can_change_while_sessions_live() {
    let (on, off) = (always(), policy(Rotation::Always { window: seconds(WINDOW) }));
    for (first, second, is_recovered) in [(&on, &on, true), (&on, &off, false), (&off, &on, false)] {
        let (rotated, _) = answered(&fresh(), "t", 0, first).unwrap();
        assert_eq!(answered(&rotated, "t", WINDOW, second).is_some(), is_recovered);
    }
}

/// Without a window nothing is made up for, and less than a second is none.
#[test]
fn the_strict_mode_stays_strict() {
    for window in [Duration::ZERO, Duration::from_millis(999)] {
        let policy = policy(Rotation::Always { window }.recover_lost_answers());
        let (rotated, _) = answered(&fresh(), "t", 0, &policy).unwrap();
        assert!(!rotated.may_be_lost);
        for late in [0, 1, WINDOW] {
            assert_eq!(answered(&rotated, "t", late, &policy), None);
        }
    }
}
