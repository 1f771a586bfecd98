//! Lost answers while other operations run.

use super::*;
use crate::session::Successors;

fn after_loss(token: &TokenHash) -> TokenHash {
    TokenHash::of([token.as_bytes().as_slice(), b"after loss"].concat())
}

impl World {
    async fn exchange(&self, id: &SessionId, token: &TokenHash) -> Result<SessionRecord, SessionError> {
        let successors = Successors::new(child(token), after_loss(token));
        let prepared = self.sessions.prepare(id, token, successors).await?;
        self.store.wait().await;
        self.sessions.commit(prepared, |record, _| Ok(record.clone())).await
    }
}

fn with_a_lost_answer<F: Future<Output = ()>>(run: impl Fn(World, SessionRecord) -> F) {
    for seed in 0..400 {
        let world = World::new(seed, Rotation::default().recover_lost_answers(), seed.is_multiple_of(2));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let opened = world.open().await;
            world.exchange(&opened.id, &opened.current).await.unwrap();
            world.store.clock.advance(Duration::from_secs(60));
            run(world, opened).await;
        });
    }
}

/// The late client and the holder of the successor come at once. One of them is answered, and the other one ends the session.
#[test]
fn a_late_retry_and_its_successor_do_not_both_go_on() {
    with_a_lost_answer(|world, opened| async move {
        let tasks = [opened.current.clone(), child(&opened.current)].map(|token| {
            let (world, id) = (world.clone(), opened.id);
            tokio::spawn(async move { world.exchange(&id, &token).await })
        });
        let mut answered = 0;
        for task in tasks {
            match task.await.unwrap() {
                Ok(_) => answered += 1,
                Err(SessionError::Reused(_) | SessionError::Unknown) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
        assert_eq!(answered, 1);
        assert_eq!(world.sessions.live(&opened.id).await.unwrap(), None);
    });
}

/// A successor that is presented beside an access token has arrived: after that no late retry displaces it.
#[test]
fn a_successor_that_is_examined_is_displaced_or_confirmed() {
    with_a_lost_answer(|world, opened| async move {
        let (id, token) = (opened.id, opened.current.clone());
        let examined = tokio::spawn({
            let (world, id, successor) = (world.clone(), id, child(&token));
            async move {
                let successors = Successors::new(child(&successor), after_loss(&successor));
                world.sessions.examine(&id, &successor, successors).await
            }
        });
        let retried = world.exchange(&id, &token).await;
        match (examined.await.unwrap(), retried) {
            // First examined, then presented late.
            (Ok(record), Err(SessionError::Reused(_))) => assert!(!record.may_be_lost),
            // First displaced, then examined.
            (Err(SessionError::Reused(_)), Ok(record)) => assert_eq!(record.current, after_loss(&token)),
            (examined, retried) => panic!("{examined:?} {retried:?}"),
        }
        assert_eq!(world.sessions.live(&id).await.unwrap(), None);
    });
}
