//! Lost answers in [`Sessions`](crate::session::Sessions), with the rule of rotation stated a second time.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use super::CaseResult;
use super::sessions::{Exchange, Setting, WINDOW, is_reuse, is_unknown};
use super::watched::WatchedStore;
use crate::session::{Outcome, ReuseKind, Rotation, SessionError, SessionId, Successors, TokenHash};
use crate::store::SessionStore;

const SECOND: Duration = Duration::from_secs(1);

/// A refresh token by its descent: the first is `t`, its successor `t0`, and the one that displaces that `t1`.
pub(crate) type Name = String;

pub(crate) fn hash(name: &str) -> TokenHash {
    TokenHash::of(name)
}

pub(crate) fn successors(name: &str) -> Successors {
    Successors::new(hash(&format!("{name}0")), hash(&format!("{name}1")))
}

/// A presentation of a token, as the history expects it to be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A token that was never handed out before.
    New(Name),
    /// A token that was handed out before, or the presented one.
    Same(Name),
    /// None, and the session goes on.
    Refused,
    /// None, and the session has ended.
    Ended,
}

#[derive(Debug)]
struct HandedOut {
    name: Name,
    parent: Option<Name>,
    at: i64,
}

/// Everything that has happened to a session. The implementation keeps a record of constant size; this keeps all tokens that were handed
/// out and all that were presented, and looks through them at each question.
#[derive(Debug)]
pub(crate) struct History {
    window: i64,
    recovers: bool,
    /// The last part of a token's life in which it rotates, and that life; `None` if it always does.
    near: Option<(i64, i64)>,
    handed_out: Vec<HandedOut>,
    presented: Vec<Name>,
}

impl History {
    pub(crate) fn new(window: i64, recovers: bool, near: Option<(i64, i64)>, at: i64) -> Self {
        let first = HandedOut { name: "t".to_owned(), parent: None, at };
        Self { window, recovers, near, handed_out: vec![first], presented: Vec::new() }
    }

    fn newest(&self) -> Option<&HandedOut> {
        self.handed_out.last()
    }

    /// The newest token, the one that it followed, and every other that was ever handed out.
    pub(crate) fn tokens(&self) -> (Name, Option<Name>, Vec<Name>) {
        let (name, parent) = self
            .newest()
            .map_or_else(Default::default, |newest| (newest.name.clone(), newest.parent.clone()));
        let others = self.handed_out.iter().map(|handed| handed.name.clone());
        let others = others.filter(|other| *other != name && Some(other) != parent.as_ref()).collect();
        (name, parent, others)
    }

    fn hand_out(&mut self, name: Name, parent: &str, at: i64) -> Answer {
        self.handed_out.push(HandedOut { name: name.clone(), parent: Some(parent.to_owned()), at });
        Answer::New(name)
    }

    /// The user reauthenticates: the next token descends from none.
    #[cfg(test)]
    pub(crate) fn reauthenticate(&mut self, at: i64) -> Name {
        let name = format!("r{}.", self.handed_out.len());
        let (parent, ..) = self.tokens();
        self.hand_out(name.clone(), &parent, at);
        name
    }

    pub(crate) fn present(&mut self, name: &str, at: i64) -> Answer {
        let Some(newest) = self.newest() else { return Answer::Ended };
        let (newest_name, handed_out_at) = (newest.name.clone(), newest.at);
        let follows = newest.parent.as_deref() == Some(name);
        let was_presented = self.presented.contains(&newest_name);
        self.presented.push(name.to_owned());
        if newest_name == name {
            let is_due = self.near.is_none_or(|(within, life)| handed_out_at + life - at <= within);
            return match is_due {
                true => self.hand_out(format!("{name}0"), name, at),
                false => Answer::Same(newest_name),
            };
        }
        let descends = newest_name.starts_with(name);
        if follows && at - handed_out_at < self.window {
            return if descends { Answer::Same(newest_name) } else { Answer::Refused };
        }
        let children = self.handed_out.iter().filter(|handed| handed.parent.as_deref() == Some(name)).count();
        let is_lost = follows && descends && children == 1 && !was_presented;
        if is_lost && self.recovers && self.window > 0 {
            return self.hand_out(format!("{name}1"), name, at);
        }
        Answer::Ended
    }
}

impl Setting {
    fn recovering(store: impl SessionStore) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Self::new(store, Rotation::Always { window: WINDOW }.recover_lost_answers())
    }

    async fn open(&self) -> Result<SessionId, SessionError> {
        Ok(self.sessions.open("ann", hash("t"), crate::session::SessionMetadata::default()).await?.id)
    }

    async fn present(&self, id: &SessionId, name: &str) -> Exchange {
        let prepared = self.sessions.prepare(id, &hash(name), successors(name)).await?;
        self.commit(prepared).await
    }
}

fn is_answered(exchange: &Exchange, expected: Outcome, name: &str) -> bool {
    matches!(exchange, Ok((record, outcome)) if *outcome == expected && record.current == hash(name))
}

/// A late client goes on with a new successor. The unused one is displaced, and ends the session when it is presented.
pub async fn a_late_retry_displaces_a_successor_that_was_never_presented<S: SessionStore>(
    store: S,
) -> CaseResult {
    let it = Setting::recovering(store)?;
    let id = it.open().await?;
    assert!(is_answered(&it.present(&id, "t").await, Outcome::Rotated, "t0"));
    it.clock.advance(WINDOW);
    assert!(is_answered(&it.present(&id, "t").await, Outcome::Recovered, "t1"));
    it.clock.advance(WINDOW - SECOND);
    assert!(is_answered(&it.present(&id, "t").await, Outcome::Repeated, "t1"));
    assert!(is_answered(&it.present(&id, "t1").await, Outcome::Rotated, "t10"));
    assert!(is_reuse(&it.present(&id, "t0").await, ReuseKind::OlderAncestor));
    assert!(is_unknown(&it.present(&id, "t10").await));
    Ok(())
}

/// A second loss of the same answer is a reuse: it happens once for each rotation.
pub async fn a_lost_answer_is_made_up_for_once<S: SessionStore>(store: S) -> CaseResult {
    let it = Setting::recovering(store)?;
    let id = it.open().await?;
    it.present(&id, "t").await?;
    it.clock.advance(WINDOW);
    it.present(&id, "t").await?;
    it.clock.advance(WINDOW);
    assert!(is_reuse(&it.present(&id, "t").await, ReuseKind::LateRetry));
    assert!(is_unknown(&it.present(&id, "t1").await));
    Ok(())
}

/// Parallel late retries, all of which have read the record before the first one writes.
pub async fn parallel_late_retries_get_one_successor<S: SessionStore>(store: S) -> CaseResult {
    let store = Arc::new(WatchedStore::new(store));
    let it = Setting::recovering(Arc::clone(&store))?;
    let id = it.open().await?;
    it.present(&id, "t").await?;
    it.clock.advance(WINDOW);
    let first = hash("t");
    let prepared = join_all((0..50).map(|_| it.sessions.prepare(&id, &first, successors("t"))));
    let prepared = prepared.await.into_iter().collect::<Result<Vec<_>, _>>()?;
    let exchanges = join_all(prepared.into_iter().map(|prepared| it.commit(prepared))).await;
    let recovered = exchanges.iter().filter(|exchange| is_answered(exchange, Outcome::Recovered, "t1"));
    let repeated = exchanges.iter().filter(|exchange| is_answered(exchange, Outcome::Repeated, "t1"));
    assert_eq!((recovered.count(), repeated.count()), (1, 49));
    assert_eq!(store.writes(), 3, "the sign-in and two exchanges");
    Ok(())
}

/// With [`Rotation::NearExpiry`] a token that is kept has arrived, and only its first presentation writes.
pub async fn a_kept_token_is_not_displaced<S: SessionStore>(store: S) -> CaseResult {
    let store = Arc::new(WatchedStore::new(store));
    let near = Rotation::NearExpiry { within: SECOND * 100, window: WINDOW };
    let it = Setting::new(Arc::clone(&store), near.recover_lost_answers())?;
    let id = it.open().await?;
    it.clock.advance(SECOND * 900);
    assert!(is_answered(&it.present(&id, "t").await, Outcome::Rotated, "t0"));
    for _ in 0..3 {
        assert!(is_answered(&it.present(&id, "t0").await, Outcome::Kept, "t0"));
    }
    assert_eq!(store.writes(), 3, "the sign-in, the rotation and the first presentation");
    it.clock.advance(WINDOW);
    assert!(is_reuse(&it.present(&id, "t").await, ReuseKind::LateRetry));
    Ok(())
}

/// Every walk of four presentations, compared with the history: the newest token, the one before it or a displaced one, at once or
/// after the window.
pub async fn every_short_walk_of_presentations_is_answered_as_its_history_demands<S: SessionStore>(
    store: S,
) -> CaseResult {
    const MOVES: u32 = 6;
    let store = Arc::new(store);
    for walk in 0..MOVES.pow(4) {
        // Walks begin with a refresh by the first token; the others differ from these in nothing.
        if walk % MOVES != 0 {
            continue;
        }
        let it = Setting::recovering(Arc::clone(&store))?;
        let id = it.open().await?;
        let window = i64::try_from(WINDOW.as_secs())?;
        let mut history = History::new(window, true, None, 0);
        let mut now = 0;
        for step in 0..4 {
            let choice = walk / MOVES.pow(step) % MOVES;
            if choice >= 3 {
                now += window;
                it.clock.advance(WINDOW);
            }
            let (newest, parent, others) = history.tokens();
            let name = match choice % 3 {
                0 => newest,
                1 => parent.unwrap_or(newest),
                _ => others.last().cloned().unwrap_or(newest),
            };
            let exchange = it.present(&id, &name).await;
            let answered = match history.present(&name, now) {
                Answer::New(next) => {
                    is_answered(&exchange, Outcome::Rotated, &next)
                        || is_answered(&exchange, Outcome::Recovered, &next)
                }
                Answer::Same(next) => is_answered(&exchange, Outcome::Repeated, &next),
                Answer::Refused => matches!(exchange, Err(SessionError::Unrepeatable)),
                Answer::Ended => matches!(exchange, Err(SessionError::Reused(_))),
            };
            assert!(answered, "walk {walk}, step {step}, `{name}`: {exchange:?}");
            if exchange.is_err() {
                break;
            }
        }
        it.sessions.end(&id).await?;
        assert_eq!(it.sessions.list("ann").await?, []);
    }
    Ok(())
}
