use std::error::Error as _;
use std::time::Duration;

use super::*;
use crate::session::{Lifetimes, Rotation, SessionMetadata};
use crate::store::{MemoryStore, StoreError};
use crate::testing::{Fault, FaultyStore, TestClock};

const START: i64 = 1_700_000_000;

fn child(token: &TokenHash) -> TokenHash {
    TokenHash::of(token.as_bytes())
}

fn sessions(store: impl SessionStore, window: u64) -> (Sessions, TestClock) {
    let clock = TestClock::at(START);
    let rotation = Rotation::Always { window: Duration::from_secs(window) };
    let policy = SessionPolicy::new(Lifetimes::default(), rotation).unwrap();
    (Sessions::new(store, Arc::new(clock.clone()), policy), clock)
}

async fn refresh(
    sessions: &Sessions,
    id: &SessionId,
    token: &TokenHash,
) -> Result<SessionRecord, SessionError> {
    let prepared = sessions.prepare(id, token, &child(token)).await?;
    sessions.commit(prepared, |record, _| Ok(record.clone())).await
}

async fn hundred_tasks(window: u64) -> (Vec<Result<SessionRecord, SessionError>>, Option<SessionRecord>) {
    let (sessions, _) = sessions(MemoryStore::default(), window);
    let sessions = Arc::new(sessions);
    let token = TokenHash::of("first");
    let id = sessions.open("ann", token.clone(), SessionMetadata::default()).await.unwrap().id;
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let (sessions, id, token) = (Arc::clone(&sessions), id, token.clone());
            tokio::spawn(async move { refresh(&sessions, &id, &token).await })
        })
        .collect();
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap());
    }
    (results, sessions.live(&id).await.unwrap())
}

/// Row 76.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn without_a_window_one_of_a_hundred_tasks_refreshes() {
    let (results, left) = hundred_tasks(0).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert_eq!(left, None);
}

/// Row 77.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn in_the_window_a_hundred_tasks_get_one_successor() {
    let (results, left) = hundred_tasks(30).await;
    let left = left.unwrap();
    assert_eq!(left.version, 1);
    assert!(results.into_iter().all(|result| result.unwrap() == left));
}

/// Row 99. An identifier is never taken from outside.
#[tokio::test]
async fn every_sign_in_gets_an_identifier_of_its_own() {
    let (sessions, _) = sessions(MemoryStore::default(), 30);
    let token = TokenHash::of("first");
    let first = sessions.open("ann", token.clone(), SessionMetadata::default()).await.unwrap();
    let second = sessions.open("ann", token, SessionMetadata::default()).await.unwrap();
    assert_ne!(first.id, second.id);
}

#[tokio::test]
async fn a_session_starts_with_the_whole_of_its_lifetimes() {
    let (sessions, _) = sessions(MemoryStore::default(), 30);
    let record = sessions.open("ann", TokenHash::of("first"), SessionMetadata::default()).await.unwrap();
    let day = 24 * 60 * 60;
    assert_eq!(record.idle_expires_at.unix(), START + 30 * day);
    assert_eq!(record.absolute_expires_at.unix(), START + 90 * day);
}

/// Row 90. A reuse whose session could not be ended is not reported as ended.
#[tokio::test]
async fn a_reuse_is_detected_again_when_the_session_could_not_be_removed() {
    let store = Arc::new(FaultyStore::new(MemoryStore::default()));
    let (sessions, _) = sessions(Arc::clone(&store), 0);
    let token = TokenHash::of("first");
    let id = sessions.open("ann", token.clone(), SessionMetadata::default()).await.unwrap().id;
    refresh(&sessions, &id, &token).await.unwrap();
    store.inject(Fault::BeforeWrite);
    let failed = refresh(&sessions, &id, &token).await;
    assert!(matches!(failed, Err(SessionError::NotEnded { kind: ReuseKind::LateRetry, .. })));
    store.heal();
    let again = refresh(&sessions, &id, &token).await;
    assert!(matches!(again, Err(SessionError::Reused(ReuseKind::LateRetry))));
    assert_eq!(sessions.live(&id).await.unwrap(), None);
}

/// Row 90.
#[tokio::test]
async fn endless_conflicts_end_and_hand_out_nothing() {
    let store = Arc::new(FaultyStore::new(MemoryStore::default()));
    let (sessions, _) = sessions(Arc::clone(&store), 30);
    store.inject(Fault::Conflict);
    let token = TokenHash::of("first");
    let id = sessions.open("ann", token.clone(), SessionMetadata::default()).await.unwrap().id;
    let mut minted = 0;
    let prepared = sessions.prepare(&id, &token, &child(&token)).await.unwrap();
    let result: Result<(), SessionError> = sessions
        .commit(prepared, |_, _| {
            minted += 1;
            Ok(())
        })
        .await;
    assert!(matches!(result, Err(SessionError::Contended)));
    assert_eq!(minted, COMMIT_ATTEMPTS);
}

#[test]
fn no_error_tells_its_cause() {
    let secret = "password=hunter2";
    let not_ended = SessionError::NotEnded { kind: ReuseKind::LateRetry, cause: StoreError::new(secret) };
    for error in
        [SessionError::Store(StoreError::new(secret)), not_ended, SessionError::Randomness(secret.into())]
    {
        assert!(!error.to_string().contains(secret));
        let cause = error.source().unwrap();
        assert_eq!(cause.source().unwrap_or(cause).to_string(), secret);
    }
}
