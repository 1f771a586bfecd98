//! A year of rotations (row 176): two servers with skewed clocks, and verifiers that keep the set for as long as the headers say.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use super::{DAY, GRACE, HOUR, MINUTE, SECOND, START, Server, kid_of, kids_in};
use crate::clock::Timestamp;
use crate::store::MemoryStore;
use crate::testing::TestClock;
use crate::token::tests::kit::{AUDIENCE, ISSUER, User};
use crate::token::{AccessTokens, KeySet, TokenError, TokenSettings};

const YEAR: Duration = Duration::from_secs(366 * 24 * 3600);
const TTL: Duration = Duration::from_secs(15 * 60);
const LEEWAY: Duration = MINUTE;
/// Each server's clock is wrong by so much, in opposite directions: together by the leeway.
const SKEW: i64 = 30;

fn skewed(now: Timestamp, seconds: i64) -> Timestamp {
    Timestamp::from_unix(now.unix() + seconds)
}

/// A service of others, which knows the keys from the set of one server alone.
struct Verifier {
    skew: i64,
    tokens: Option<AccessTokens>,
    kids: Vec<String>,
    keeps_until: Timestamp,
}

impl Verifier {
    fn new(skew: i64) -> Self {
        Self { skew, tokens: None, kids: Vec::new(), keeps_until: START }
    }

    /// Asks for the set if what it has is too old.
    fn look(&mut self, now: Timestamp, server: &Server) {
        if now < self.keeps_until {
            return;
        }
        let set = server.auth.published_keys();
        assert!((SECOND..=5 * MINUTE).contains(&set.max_age), "{:?}", set.max_age);
        let settings = TokenSettings::new(ISSUER, AUDIENCE).leeway(LEEWAY);
        self.tokens = Some(AccessTokens::new(KeySet::from_jwks(&set.json).unwrap(), settings).unwrap());
        self.kids = kids_in(&set.json);
        self.keeps_until = now + set.max_age;
    }

    fn verify(&self, token: &str, now: Timestamp) -> Result<(), TokenError> {
        let tokens = self.tokens.as_ref().unwrap();
        tokens.verify::<User>(token.as_bytes(), skewed(now, self.skew)).map(drop)
    }
}

/// A token that a server gave out, and its end by the clock of that server.
struct Issued {
    token: String,
    ends: Timestamp,
}

struct World {
    servers: [(Server, TestClock, i64); 2],
    verifiers: Vec<Verifier>,
    issued: VecDeque<Issued>,
    /// When each key was first seen in a published set, and when its first token was made.
    published: BTreeMap<String, Timestamp>,
    signed: BTreeMap<String, Timestamp>,
    last_signing: [String; 2],
    changes: usize,
    verified: usize,
}

impl World {
    async fn step(&mut self, now: Timestamp) {
        for (server, clock, skew) in &self.servers {
            clock.set(skewed(now, *skew));
            server.ring.tick().await.unwrap();
        }
        for verifier in &mut self.verifiers {
            // Each asks the server that it was not made by, where there are two.
            let server = &self.servers[usize::from(verifier.skew > 0)].0;
            verifier.look(now, server);
            for kid in &verifier.kids {
                self.published.entry(kid.clone()).or_insert(now);
            }
            // What the verifier still has, the server has not taken back.
            let published = server.published();
            assert!(
                verifier.kids.iter().all(|kid| published.contains(kid)),
                "{:?} {published:?}",
                verifier.kids
            );
        }
        for (place, (server, clock, skew)) in self.servers.iter().enumerate() {
            let token = server.token().await;
            let kid = kid_of(&token);
            if self.last_signing[place] != kid {
                self.last_signing[place].clone_from(&kid);
                self.changes += 1;
            }
            self.signed.entry(kid).or_insert(now);
            self.issued.push_back(Issued { token, ends: skewed(now, *skew) + TTL });
            // The document and the verifier of a server have the same keys at each moment.
            let document: BTreeSet<_> = server.published().into_iter().collect();
            let accepted: BTreeSet<_> = server.auth.access_tokens().kids().into_iter().collect();
            assert_eq!(document, accepted, "{}", crate::clock::Clock::now(clock).unix());
        }
        self.verify(now);
    }

    /// Verifies the tokens that are about to end and the newest ones, everywhere.
    fn verify(&mut self, now: Timestamp) {
        let over = now - Duration::from_secs(SKEW.unsigned_abs());
        while self.issued.front().is_some_and(|issued| over >= issued.ends + LEEWAY) {
            self.issued.pop_front();
        }
        let newest = self.issued.len().saturating_sub(2);
        let chosen = self.issued.iter().take(4).chain(self.issued.iter().skip(newest.max(4)));
        for Issued { token, ends } in chosen {
            let is_over = |skew| skewed(now, skew) >= *ends + LEEWAY;
            for (server, _, skew) in &self.servers {
                let verified = server.verify(token);
                assert!(verified.is_ok() || is_over(*skew), "{verified:?} at {}", now.unix());
            }
            for verifier in &self.verifiers {
                let verified = verifier.verify(token, now);
                assert!(
                    verified.is_ok() || is_over(verifier.skew),
                    "a verifier: {verified:?} at {}",
                    now.unix()
                );
            }
            self.verified += 1;
        }
    }
}

/// Small steps through each announcement, change and retirement, and large ones through the rest of the year.
fn next_step(now: Timestamp) -> Timestamp {
    let moments = (1..=5).flat_map(|number| {
        let signs = START + number * 90 * DAY;
        // After an announcement the verifiers look again within five minutes.
        [(signs - DAY, 7 * MINUTE), (signs, 3 * MINUTE), (signs + GRACE, 3 * MINUTE)]
    });
    let windows: Vec<_> = moments.map(|(moment, after)| (moment - 3 * MINUTE, moment + after)).collect();
    if windows.iter().any(|(from, until)| (*from..*until).contains(&now)) {
        return now + 13 * SECOND;
    }
    let next = windows.iter().map(|(from, _)| *from).filter(|from| *from > now).min();
    (now + 12 * HOUR).min(next.unwrap_or(now + YEAR))
}

/// Row 176.
#[tokio::test]
async fn a_year_of_rotations_refuses_no_valid_token() {
    let store = MemoryStore::new();
    let mut servers = Vec::new();
    for skew in [-SKEW, SKEW] {
        let clock = TestClock::at(START.unix() + skew);
        servers.push((Server::start(&store, &clock).await, clock, skew));
    }
    let Ok(servers) = <[_; 2]>::try_from(servers) else { panic!() };
    let mut world = World {
        servers,
        verifiers: [-SKEW, 0, SKEW].map(Verifier::new).into(),
        issued: VecDeque::new(),
        published: BTreeMap::new(),
        signed: BTreeMap::new(),
        last_signing: Default::default(),
        changes: 0,
        verified: 0,
    };
    let mut now = START;
    while now < START + YEAR {
        world.step(now).await;
        now = next_step(now);
    }
    assert_eq!(world.signed.len(), 5, "one key, and four rotations in 366 days");
    assert_eq!(world.changes, 10, "each server changes with each key once");
    assert!(world.verified > 1000, "{}", world.verified);
    for (kid, signed) in world.signed.iter().filter(|(_, signed)| **signed > START) {
        let announced = world.published[kid];
        let ahead = signed.since(announced);
        // As the verifiers saw it, which look every five minutes.
        assert!(ahead > DAY - 6 * MINUTE - 2 * MINUTE, "{kid} was published {ahead:?} before it signed");
    }
}
