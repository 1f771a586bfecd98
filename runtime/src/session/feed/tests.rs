use std::sync::Arc;
use std::time::Duration;

use super::{CAPACITY, KEPT_IN_LOG, MOST_SKEW, SAME};
use crate::clock::{Clock as _, Timestamp};
use crate::session::{
    Ending, Owner, Page, PartitionSalt, SessionError, SessionId, SessionMetadata, SessionPolicy,
    SessionRecord, Sessions, StoreError, TokenHash,
};
use crate::store::{MemoryStore, Replaced, SessionStore};
use crate::testing::conformance::{any_id, owner};
use crate::testing::{Fault, FaultyStore, TestClock};

const START: i64 = 1_700_000_000;
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// A server of a deployment, with a clock that may differ from the others'.
struct Server {
    sessions: Sessions,
    clock: TestClock,
    store: Arc<FaultyStore<MemoryStore>>,
}

#[derive(Clone, Debug)]
struct Token {
    session: SessionId,
    user: &'static str,
    at: Timestamp,
}

impl Server {
    fn on(store: &MemoryStore) -> Self {
        let clock = TestClock::at(START);
        let store = Arc::new(FaultyStore::new(store.clone()));
        let policy = SessionPolicy::default().max_per_user(3).unwrap();
        let sessions = Sessions::new(Arc::clone(&store), Arc::new(clock.clone()), policy);
        Self { sessions: sessions.with_tokens_of(15 * MINUTE), clock, store }
    }

    async fn sign_in(&self, user: &'static str) -> Result<Token, SessionError> {
        let first = TokenHash::of("first");
        let record = self.sessions.open(user, first, SessionMetadata::default()).await?;
        Ok(Token { session: record.id, user, at: record.created_at })
    }

    /// What the feed says, without a look-up.
    async fn hears(&self, token: &Token) -> bool {
        self.sessions.is_heard(&token.session, token.user, token.at).await.unwrap_or(false)
    }

    async fn lets_in(&self, token: &Token) -> Result<bool, SessionError> {
        self.sessions.is_heard_live(&token.session, token.user, token.at).await
    }

    async fn looks_up(&self, token: &Token) -> bool {
        self.sessions.is_live(&token.session, token.user, token.at).await.unwrap()
    }
}

fn advance(servers: &[Server], time: Duration) {
    servers.iter().for_each(|server| server.clock.advance(time));
}

/// Two servers that have listened for a second.
async fn two_servers() -> (MemoryStore, [Server; 2]) {
    let store = MemoryStore::default();
    let servers = [Server::on(&store), Server::on(&store)];
    let stranger = Token { session: any_id().unwrap(), user: "eve", at: Timestamp::from_unix(START) };
    for server in &servers {
        assert!(!server.lets_in(&stranger).await.unwrap());
    }
    advance(&servers, SECOND);
    (store, servers)
}

/// Row 163. Whatever ends a session on one server is refused on the other a second later, and on the first one at once.
#[tokio::test]
async fn every_way_to_end_a_session_is_heard() {
    for way in 0..8 {
        let (_store, servers) = two_servers().await;
        let here = &servers[0];
        let token = here.sign_in("ann").await.unwrap();
        let bystander = here.sign_in("bob").await.unwrap();
        for server in &servers {
            assert!(server.hears(&token).await && server.hears(&bystander).await, "way {way}");
        }
        let sessions = &here.sessions;
        let id = &token.session;
        match way {
            0 => assert!(sessions.end(id).await.unwrap()),
            1 => assert!(sessions.revoke("ann", id).await.unwrap()),
            2 => assert_eq!(sessions.end_all("ann", None).await.unwrap(), 1),
            3 => assert_eq!(sessions.end_all("ann", Some(&bystander.session)).await.unwrap(), 1),
            4 => assert_eq!(sessions.expire_access_tokens("ann").await.unwrap(), 1),
            5 => {
                let foreign = sessions.prepare(id, &TokenHash::of("foreign"), &TokenHash::of("next")).await;
                assert!(matches!(foreign, Err(SessionError::Reused(_))));
            }
            6 => {
                for _ in 0..3 {
                    here.sign_in("ann").await.unwrap();
                }
            }
            _ => {
                // The answer is lost, so its caller does not know; the sessions may have ended.
                here.store.inject(Fault::AfterWrite);
                assert!(sessions.end(id).await.is_err());
                here.store.heal();
            }
        }
        assert!(!here.lets_in(&token).await.unwrap(), "way {way}");
        advance(&servers, SECOND);
        for server in &servers {
            assert!(!server.lets_in(&token).await.unwrap(), "way {way}");
            assert!(server.hears(&bystander).await, "way {way}");
        }
    }
}

/// Row 163. A log that cannot be read is not believed: the store is asked, and if it fails too, the caller gets an error.
#[tokio::test]
async fn a_silent_feed_lets_no_one_in() {
    let (store, servers) = two_servers().await;
    let [here, there] = &servers;
    let [gone, kept] = [here.sign_in("ann").await.unwrap(), here.sign_in("ann").await.unwrap()];
    assert!(there.hears(&gone).await && there.hears(&kept).await);
    there.store.inject(Fault::Read);
    here.sessions.end(&gone.session).await.unwrap();
    for _ in 0..7 {
        advance(&servers, SECOND);
        for token in [&gone, &kept] {
            assert!(!there.hears(token).await);
            assert!(matches!(there.lets_in(token).await, Err(SessionError::Store(_))));
        }
    }
    there.store.heal();
    assert!(
        !there.lets_in(&gone).await.unwrap(),
        "the log is not tried again at once, and the store is asked"
    );
    advance(&servers, SECOND);
    assert!(there.hears(&kept).await, "it reads what it missed");
    drop(store);
}

/// An announcement that fails is reported, and the session has ended all the same.
#[tokio::test]
async fn an_end_that_could_not_be_announced_is_an_error_and_an_end() {
    let (store, [here, _]) = two_servers().await;
    let token = here.sign_in("ann").await.unwrap();
    let mute = Mute(store.clone());
    let sessions = Sessions::new(mute, Arc::new(here.clock.clone()), SessionPolicy::default());
    assert!(matches!(sessions.end(&token.session).await, Err(SessionError::Store(_))));
    assert_eq!(store.load(&token.session).await.unwrap(), None);
    assert!(matches!(sessions.end_all("ann", None).await, Err(SessionError::Store(_))));
}

/// A store whose log is full.
struct Mute(MemoryStore);

impl SessionStore for Mute {
    async fn salt(&self, proposed: PartitionSalt) -> Result<PartitionSalt, StoreError> {
        self.0.salt(proposed).await
    }

    async fn insert(&self, record: SessionRecord) -> Result<u64, StoreError> {
        self.0.insert(record).await
    }

    async fn load(&self, id: &SessionId) -> Result<Option<SessionRecord>, StoreError> {
        self.0.load(id).await
    }

    async fn replace(&self, record: SessionRecord, expected_version: u64) -> Result<Replaced, StoreError> {
        self.0.replace(record, expected_version).await
    }

    async fn remove(&self, id: &SessionId) -> Result<bool, StoreError> {
        self.0.remove(id).await
    }

    async fn remove_each(&self, ids: &[SessionId]) -> Result<Vec<SessionId>, StoreError> {
        self.0.remove_each(ids).await
    }

    async fn list(&self, owner: &Owner<'_>, page: Page) -> Result<Vec<SessionRecord>, StoreError> {
        self.0.list(owner, page).await
    }

    async fn remove_all(&self, owner: &Owner<'_>, except: Option<&SessionId>) -> Result<u64, StoreError> {
        self.0.remove_all(owner, except).await
    }

    async fn purge_expired(&self, now: Timestamp, at_most: u32) -> Result<u64, StoreError> {
        self.0.purge_expired(now, at_most).await
    }

    async fn announce(&self, _: &[Ending], _: Timestamp) -> Result<(), StoreError> {
        Err(StoreError::new("out of memory"))
    }
}

/// A token from before this server listened, or older than what it remembers, is asked of the store.
#[tokio::test]
async fn tokens_that_the_feed_cannot_know_are_looked_up() {
    let store = MemoryStore::default();
    let old = Server::on(&store);
    let token = old.sign_in("ann").await.unwrap();
    let new = Server::on(&store);
    assert!(new.lets_in(&token).await.unwrap());
    assert!(!new.hears(&token).await, "it was issued in the second in which the server began to listen");
    for server in [&old, &new] {
        server.clock.advance(SECOND);
    }
    let token = old.sign_in("ann").await.unwrap();
    assert!(new.hears(&token).await);
    new.clock.advance(15 * MINUTE);
    assert!(!new.hears(&token).await, "it is older than what the server remembers");
    assert!(new.lets_in(&token).await.unwrap());
}

/// With more endings than there is room for, old tokens are looked up, and no ending is forgotten for a token that still passes.
#[tokio::test]
async fn too_many_endings_make_old_tokens_unknown() {
    let (store, servers) = two_servers().await;
    let [here, there] = &servers;
    let token = here.sign_in("ann").await.unwrap();
    here.sessions.end(&token.session).await.unwrap();
    advance(&servers, SECOND);
    assert!(!there.hears(&token).await);
    let many: Vec<_> = (0..CAPACITY).map(|_| Ending::Session(any_id().unwrap())).collect();
    store.announce(&many, here.clock.now() + KEPT_IN_LOG).await.unwrap();
    advance(&servers, SECOND);
    assert!(!there.hears(&token).await);
    assert!(!there.sessions.feed.heard().endings.contains_key(&Ending::Session(token.session)));
    assert!(there.sessions.feed.heard().order.len() <= CAPACITY);
    for _ in 0..2 {
        advance(&servers, MOST_SKEW / 2 + MINUTE);
        assert!(!there.hears(&token).await && !there.lets_in(&token).await.unwrap());
    }
    let next = here.sign_in("ann").await.unwrap();
    assert!(there.hears(&next).await);
}

/// What is heard of a user concerns this user alone, and is forgotten when no token of that time can be good.
#[tokio::test]
async fn endings_are_forgotten_in_time() {
    let (_store, servers) = two_servers().await;
    let [here, there] = &servers;
    here.sessions.end_all("ann", None).await.unwrap();
    advance(&servers, SECOND);
    let token = here.sign_in("ann").await.unwrap();
    assert!(!there.hears(&token).await && there.lets_in(&token).await.unwrap());
    for _ in 0..11 {
        advance(&servers, 2 * MINUTE);
        let token = here.sign_in("ann").await.unwrap();
        let _heard = there.hears(&token).await;
    }
    let token = here.sign_in("ann").await.unwrap();
    assert!(there.hears(&token).await);
    assert_eq!(there.sessions.feed.heard().of_users, 0);
}

#[tokio::test]
async fn a_store_without_a_log_is_asked_each_time() {
    let store = Mute(MemoryStore::default());
    let clock = Arc::new(TestClock::at(START));
    let sessions = Sessions::new(store, clock, SessionPolicy::default());
    let ann = sessions.open("ann", TokenHash::of("first"), SessionMetadata::default()).await.unwrap();
    for _ in 0..2 {
        assert!(sessions.is_heard_live(&ann.id, "ann", ann.created_at).await.unwrap());
    }
    assert!(sessions.feed.is_missing());
    assert!(!sessions.is_heard(&ann.id, "ann", ann.created_at).await.unwrap());
}

/// A request that goes away while it reads the log does not keep the others from reading it, and those that wait for the same
/// reading share it.
#[tokio::test(start_paused = true)]
async fn a_reading_that_is_dropped_halfway_leaves_its_turn() {
    let (_store, servers) = two_servers().await;
    let [here, there] = &servers;
    let token = here.sign_in("ann").await.unwrap();
    there.store.inject(Fault::Silent);
    there.clock.advance(SECOND);
    let given_up = tokio::time::timeout(SECOND, there.lets_in(&token)).await;
    assert!(given_up.is_err());
    there.store.heal();
    there.clock.advance(SECOND);
    assert!(there.hears(&token).await);
}

/// An old token that is used to sign out again and again takes the room of one.
#[tokio::test]
async fn repeating_an_ending_fills_no_memory() {
    let (_store, servers) = two_servers().await;
    let [here, there] = &servers;
    let token = here.sign_in("ann").await.unwrap();
    for _ in 0..50 {
        here.sessions.end(&token.session).await.unwrap();
    }
    advance(&servers, SECOND);
    for server in &servers {
        assert!(!server.lets_in(&token).await.unwrap());
        assert_eq!(server.sessions.feed.heard().order.len(), 1);
    }
    advance(&servers, SAME);
    here.sessions.end(&token.session).await.unwrap();
    assert_eq!(here.sessions.feed.heard().order.len(), 2);
    assert!(!there.lets_in(&token).await.unwrap());
}

/// A clock that was set back must not hide a gap: the store is asked for tokens from before it.
#[tokio::test]
async fn a_clock_that_was_set_back_hides_no_gap() {
    let (store, servers) = two_servers().await;
    let [here, there] = &servers;
    let token = here.sign_in("ann").await.unwrap();
    assert!(there.hears(&token).await);
    // Half an hour back; then twenty quiet minutes, in which the session ends and its announcement is purged.
    there.clock.set(Timestamp::from_unix(START - 30 * 60));
    here.clock.advance(MINUTE);
    here.sessions.end(&token.session).await.unwrap();
    here.clock.advance(19 * MINUTE);
    there.clock.advance(20 * MINUTE);
    store.purge_expired(here.clock.now(), 1000).await.unwrap();
    assert!(!there.hears(&token).await && !there.lets_in(&token).await.unwrap());
    there.clock.advance(SECOND);
    assert!(!there.hears(&token).await && !there.lets_in(&token).await.unwrap());
}

/// A generator of the same numbers each time (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// Row 163. Long random histories of servers whose clocks differ and step, whose logs fail and have gaps, against look-ups: a session
/// that is heard of as live is live, or has ended in this very second.
#[tokio::test]
async fn what_is_heard_agrees_with_what_is_looked_up() {
    const USERS: [&str; 3] = ["ann", "bob", "cyd"];
    let mut heard_live = 0;
    for seed in 0..60 {
        let mut random = Random(seed);
        let store = MemoryStore::default();
        let truth = Server::on(&store);
        let servers = [Server::on(&store), Server::on(&store), Server::on(&store)];
        for server in &servers {
            server.clock.set(Timestamp::from_unix(START + random.below(240) as i64 - 120));
        }
        // Each with the second in which a look-up first said that it had ended.
        let mut tokens: Vec<(Token, Option<Timestamp>)> = Vec::new();
        for _ in 0..600 {
            let server = &servers[random.below(3) as usize];
            let user = USERS[random.below(3) as usize];
            // One of the last, since most others have ended.
            let picked = tokens.len().saturating_sub(1 + random.below(6) as usize);
            match random.below(36) {
                0..=3 => {
                    if let Ok(token) = server.sign_in(user).await {
                        tokens.push((token, None));
                    }
                }
                4 => {
                    if let Some((token, _)) = tokens.get(picked) {
                        let _ = server.sessions.end(&token.session).await;
                    }
                }
                5 if random.below(4) == 0 => drop(server.sessions.end_all(user, None).await),
                6 if random.below(3) == 0 => drop(server.sessions.expire_access_tokens(user).await),
                7 => {
                    // An access token that is issued now, by a refresh.
                    if let Some((Token { session, user, .. }, None)) = tokens.get(picked).cloned() {
                        tokens.push((Token { session, user, at: server.sessions.now() }, None));
                    }
                }
                8 => drop(server.sessions.purge_expired().await),
                9 => server.store.inject([Fault::Read, Fault::AfterWrite][random.below(2) as usize]),
                10 => server.store.heal(),
                11 if random.below(6) == 0 => {
                    server
                        .clock
                        .set(Timestamp::from_unix(truth.clock.now().unix() + random.below(240) as i64 - 120));
                }
                12..=14 => {
                    let time = match random.below(12) {
                        0 => 3 * MINUTE,
                        1 => 7 * MINUTE,
                        2 => 16 * MINUTE,
                        seconds => (seconds as u32 % 3) * SECOND,
                    };
                    advance(&servers, time);
                    truth.clock.advance(time);
                }
                _ => {
                    let Some((token, ended)) = tokens.get(picked) else { continue };
                    if server.hears(token).await {
                        let now = truth.clock.now();
                        let is_live = truth.looks_up(token).await;
                        let just_ended = ended.is_some_and(|ended| ended == now);
                        assert!(
                            is_live || just_ended,
                            "seed {seed}: {token:?} ended at {ended:?}, it is {now:?}"
                        );
                        heard_live += 1;
                    }
                }
            }
            let now = truth.clock.now();
            for (token, ended) in &mut tokens {
                if ended.is_none() && !truth.looks_up(token).await {
                    *ended = Some(now);
                }
            }
        }
    }
    assert!(heard_live > 1000, "only {heard_live} answers came from the feed");
}

/// The tag of one user is not the session of another, though both have the same length.
#[test]
fn sessions_and_users_are_told_apart() {
    let tag = *owner("ann").tag();
    assert_ne!(Ending::OfUser(tag), Ending::Session(SessionId::from_bytes(tag)));
}
