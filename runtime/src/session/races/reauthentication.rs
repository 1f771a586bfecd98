//! Reauthentication while other operations run.

use super::*;

impl World {
    /// Returns the new refresh token and an access token.
    async fn reauthenticate(&self, id: &SessionId) -> Result<(TokenHash, Access), SessionError> {
        let fresh = TokenHash::of(self.store.random().to_be_bytes());
        let prepared = self.sessions.reauthenticate(id, &fresh).await?;
        self.store.wait().await;
        let role = self.role.load(Ordering::SeqCst);
        self.store.wait().await;
        self.sessions
            .commit(prepared, |record, _| {
                Ok((fresh.clone(), Access { id: *id, role, issued_at: record.rotated_at }))
            })
            .await
    }

    /// Refreshes until it is refused, each time with the latest token.
    async fn refresh_on(&self, id: &SessionId, mut token: TokenHash) -> SessionError {
        loop {
            match self.refresh(id, &token).await {
                Ok((_, next, _)) => token = next,
                Err(SessionError::Contended) => {}
                Err(error) => return error,
            }
            self.store.wait().await;
        }
    }
}

/// Rows 60 and 76. A client refreshes while its user reauthenticates: the refresh under way is refused, and the session goes on.
#[test]
fn a_refresh_that_is_under_way_does_not_end_the_session() {
    in_many_orders(|world| async move {
        let record = world.open().await;
        let refreshes = tokio::spawn({
            let (world, record) = (world.clone(), record.clone());
            async move { world.refresh_on(&record.id, record.current).await }
        });
        for _ in 0..world.store.random() % 10 {
            tokio::task::yield_now().await;
        }
        let fresh = loop {
            match world.reauthenticate(&record.id).await {
                Ok((fresh, _)) => break fresh,
                Err(SessionError::Contended) => {}
                Err(error) => panic!("{error:?}"),
            }
        };
        let refused = refreshes.await.unwrap();
        assert!(matches!(refused, SessionError::Unrepeatable), "{refused:?}");
        let left = world.sessions.live(&record.id).await.unwrap().unwrap();
        assert_eq!((&left.current, left.created_at), (&fresh, record.created_at));
        assert!(left.authenticated_at <= left.last_used_at);
        let (_, _, access) = world.refresh(&record.id, &fresh).await.unwrap();
        assert!(world.is_live(&access).await);
    });
}

/// Row 97. A reauthentication under way does not bring an ended session back.
#[test]
fn a_reauthentication_does_not_revive_a_session_that_ends_meanwhile() {
    in_many_orders(|world| async move {
        let record = world.open().await;
        let tasks: Vec<_> = (0..3)
            .map(|_| {
                let (world, record) = (world.clone(), record.clone());
                tokio::spawn(async move { world.reauthenticate(&record.id).await })
            })
            .collect();
        for _ in 0..world.store.random() % 10 {
            tokio::task::yield_now().await;
        }
        world.sessions.end_all("ann", None).await.unwrap();
        let mut given = Vec::new();
        for task in tasks {
            match task.await.unwrap() {
                Ok((_, access)) => given.push(access),
                Err(SessionError::Unknown | SessionError::Contended) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
        assert_eq!(world.sessions.list("ann").await.unwrap(), []);
        for access in given {
            assert!(!world.is_live(&access).await);
        }
    });
}

/// Row 94. A reauthentication may have read the claims before they changed.
#[test]
fn no_access_token_of_a_reauthentication_with_old_claims_is_good_after_they_were_expired() {
    in_many_orders(|world| async move {
        let record = world.open().await;
        let tasks: Vec<_> = (0..3)
            .map(|_| {
                let (world, record) = (world.clone(), record.clone());
                tokio::spawn(async move { world.reauthenticate(&record.id).await })
            })
            .collect();
        for _ in 0..world.store.random() % 10 {
            tokio::task::yield_now().await;
        }
        world.role.store(1, Ordering::SeqCst);
        world.sessions.expire_access_tokens("ann").await.unwrap();
        for task in tasks {
            match task.await.unwrap() {
                Ok((_, access)) => {
                    assert!(access.role == 1 || !world.is_live(&access).await, "{access:?}");
                }
                Err(SessionError::Contended) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
        assert_eq!(world.sessions.list("ann").await.unwrap().len(), 1);
    });
}
