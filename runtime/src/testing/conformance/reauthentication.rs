//! Sessions whose user reauthenticates.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use super::lives::Life;
use super::{CaseResult, START, full_record, insert, list, record};
use crate::clock::Timestamp;
use crate::session::{Outcome, ReuseKind, Rotation, SessionError, SessionRecord, TokenHash};
use crate::store::{Replaced, SessionStore};
use crate::testing::{Fault, FaultyStore};

const SECOND: Duration = Duration::from_secs(1);
const WINDOW: Duration = Duration::from_secs(30);

/// Both kinds of rotation, with the same window.
const ROTATIONS: [Rotation; 2] =
    [Rotation::Always { window: WINDOW }, Rotation::NearExpiry { within: WINDOW, window: WINDOW }];

impl Life {
    async fn reauthenticate(
        &self,
        session: &SessionRecord,
        fresh: &TokenHash,
    ) -> Result<SessionRecord, SessionError> {
        let prepared = self.sessions.reauthenticate(&session.id, fresh).await?;
        self.sessions.commit(prepared, |record, _| Ok(record.clone())).await
    }
}

/// `authenticated_at` is a field of its own, and may be before 1970 or long after the sign-in.
pub async fn authenticated_at_comes_back<S: SessionStore>(store: S) -> CaseResult {
    let mut record = record("ann")?;
    insert(&store, &mut record).await?;
    for seconds in [0, -1, START.unix() + 1, 253_402_300_799, START.unix()] {
        let expected = record.version;
        record.version += 1;
        record.authenticated_at = Timestamp::from_unix(seconds);
        assert_eq!(store.replace(record.clone(), expected).await?, Replaced::Yes);
        assert_eq!(store.load(&record.id).await?.as_ref(), Some(&record));
        assert_eq!(list(&store, "ann").await?, [record.clone()]);
    }
    let mut inserted = full_record("bob")?;
    assert_ne!(inserted.authenticated_at, inserted.created_at);
    insert(&store, &mut inserted).await?;
    assert_eq!(store.load(&inserted.id).await?, Some(inserted));
    Ok(())
}

/// Row 60. The new token is good, and its successors keep the time of the reauthentication.
pub async fn a_reauthentication_moves_the_sign_in_and_the_idle_end<S: SessionStore>(store: S) -> CaseResult {
    let it = Life::new(store, Rotation::default(), None)?;
    let first = it.sign_in("ann").await?;
    assert_eq!(first.authenticated_at, START);
    it.clock.advance(SECOND * 100);
    let now = START + SECOND * 100;
    let fresh = TokenHash::of("fresh");
    let proved = it.reauthenticate(&first, &fresh).await?;
    let expected = SessionRecord {
        current: fresh.clone(),
        previous: Some(first.current.clone()),
        rotated_at: now,
        authenticated_at: now,
        last_used_at: now,
        idle_expires_at: first.idle_expires_at + SECOND * 100,
        version: 1,
        ..first.clone()
    };
    assert_eq!(proved, expected);
    assert_eq!(it.sessions.live(&first.id).await?, Some(expected));
    it.clock.advance(SECOND * 100);
    let (next, outcome) = it.refresh(&first.id, &fresh).await?;
    assert_eq!((next.authenticated_at, outcome), (now, Outcome::Rotated));
    assert_eq!(it.refresh(&first.id, &fresh).await?, (next, Outcome::Repeated));
    Ok(())
}

/// A refresh that was under way is refused. The token of the reauthentication is not given out again.
pub async fn a_token_from_before_a_reauthentication_is_refused_and_the_session_goes_on<S: SessionStore>(
    store: S,
) -> CaseResult {
    let store = Arc::new(store);
    for rotation in ROTATIONS {
        let it = Life::new(Arc::clone(&store), rotation, None)?;
        let first = it.sign_in("ann").await?;
        let successor = TokenHash::of(first.current.as_bytes());
        let under_way = it.sessions.prepare(&first.id, &first.current, &successor).await?;
        let fresh = TokenHash::of("fresh");
        let proved = it.reauthenticate(&first, &fresh).await?;
        let refused: Result<(), SessionError> = it.sessions.commit(under_way, |_, _| Ok(())).await;
        assert!(matches!(refused, Err(SessionError::Unrepeatable)), "{refused:?}");
        it.clock.advance(WINDOW - SECOND);
        let refused = it.refresh(&first.id, &first.current).await;
        assert!(matches!(refused, Err(SessionError::Unrepeatable)), "{refused:?}");
        assert_eq!(it.sessions.live(&first.id).await?, Some(proved));
        assert!(it.refresh(&first.id, &fresh).await.is_ok());
    }
    Ok(())
}

/// Row 79. After the window, the token from before a reauthentication counts as a copy.
pub async fn a_token_from_before_a_reauthentication_ends_the_session_after_the_window<S: SessionStore>(
    store: S,
) -> CaseResult {
    let store = Arc::new(store);
    for rotation in ROTATIONS {
        let it = Life::new(Arc::clone(&store), rotation, None)?;
        let first = it.sign_in("ann").await?;
        it.reauthenticate(&first, &TokenHash::of("fresh")).await?;
        it.clock.advance(WINDOW);
        let reused = it.refresh(&first.id, &first.current).await;
        assert!(matches!(reused, Err(SessionError::Reused(ReuseKind::LateRetry))), "{reused:?}");
        assert_eq!(it.sessions.live(&first.id).await?, None);
    }
    Ok(())
}

/// Row 90. The old token stays good as long as nothing was written.
pub async fn a_reauthentication_that_fails_consumes_nothing<S: SessionStore>(store: S) -> CaseResult {
    let store = Arc::new(FaultyStore::new(store));
    let it = Life::new(Arc::clone(&store), Rotation::default(), None)?;
    let first = it.sign_in("ann").await?;
    let fresh = TokenHash::of("fresh");
    for fault in [Fault::Read, Fault::BeforeWrite] {
        store.inject(fault);
        assert!(matches!(it.reauthenticate(&first, &fresh).await, Err(SessionError::Store(_))));
        store.heal();
        assert_eq!(it.sessions.live(&first.id).await?.as_ref(), Some(&first));
    }
    let prepared = it.sessions.reauthenticate(&first.id, &fresh).await?;
    let refused = it.sessions.commit(prepared, |_, _| Err::<(), _>(SessionError::Contended)).await;
    assert!(refused.is_err());
    assert_eq!(it.refresh(&first.id, &first.current).await?.1, Outcome::Rotated);
    Ok(())
}

/// Row 97. A session that ends during a reauthentication stays ended.
pub async fn a_reauthentication_does_not_bring_back_an_ended_session<S: SessionStore>(
    store: S,
) -> CaseResult {
    let it = Life::new(store, Rotation::default(), None)?;
    let first = it.sign_in("ann").await?;
    let prepared = it.sessions.reauthenticate(&first.id, &TokenHash::of("fresh")).await?;
    it.sessions.end_all("ann", None).await?;
    let late: Result<(), SessionError> = it.sessions.commit(prepared, |_, _| Ok(())).await;
    assert!(matches!(late, Err(SessionError::Unknown)), "{late:?}");
    let again = it.reauthenticate(&first, &TokenHash::of("fresh")).await;
    assert!(matches!(again, Err(SessionError::Unknown)), "{again:?}");
    assert_eq!(it.sessions.list("ann").await?, []);

    let idle = it.sign_in("ann").await?;
    it.clock.set(idle.idle_expires_at);
    let expired = it.reauthenticate(&idle, &TokenHash::of("fresh")).await;
    assert!(matches!(expired, Err(SessionError::Expired)), "{expired:?}");
    Ok(())
}

/// Row 76. Concurrent reauthentications are written one after the other, and the token of the last is good.
pub async fn parallel_reauthentications_leave_one_good_token<S: SessionStore>(store: S) -> CaseResult {
    let it = Life::new(store, Rotation::default(), None)?;
    let first = it.sign_in("ann").await?;
    let tokens: Vec<_> = (0..5_u8).map(|number| TokenHash::of([number])).collect();
    let proved = join_all(tokens.iter().map(|token| it.reauthenticate(&first, token))).await;
    let mut versions: Vec<_> =
        proved.into_iter().collect::<Result<Vec<_>, _>>()?.iter().map(|record| record.version).collect();
    versions.sort_unstable();
    assert_eq!(versions, [1, 2, 3, 4, 5]);
    let left = it.sessions.live(&first.id).await?.ok_or("the session ended")?;
    assert!(tokens.contains(&left.current));
    assert_eq!(it.refresh(&first.id, &left.current).await?.1, Outcome::Rotated);
    Ok(())
}

/// Row 94. The claims were read before the access tokens were expired, so no token is made of them.
pub async fn access_tokens_that_expire_during_a_reauthentication_put_it_off<S: SessionStore>(
    store: S,
) -> CaseResult {
    let it = Life::new(store, Rotation::default(), None)?;
    let first = it.sign_in("ann").await?;
    let prepared = it.sessions.reauthenticate(&first.id, &TokenHash::of("fresh")).await?;
    it.sessions.expire_access_tokens("ann").await?;
    let late: Result<(), SessionError> = it.sessions.commit(prepared, |_, _| Ok(())).await;
    assert!(matches!(late, Err(SessionError::Contended)), "{late:?}");
    assert_eq!(it.refresh(&first.id, &first.current).await?.1, Outcome::Rotated);
    Ok(())
}
