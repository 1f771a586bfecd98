//! PgBouncer between the store and its server, with three connections for any number of clients.

use std::collections::{BTreeSet, HashMap, HashSet};

use test_servers::PgBouncer;
use tokio::task::JoinSet;

use super::*;
use crate::session::Place;
use crate::store::MemoryStore;

async fn pooled_store() -> PostgresStore {
    let store = PostgresStore::connect(&PgBouncer::shared().database()).await.unwrap();
    assert!(store.begin.is_some(), "the pooler is recognised");
    store
}

crate::testing::store_conformance!(conformance, pooled_store());

async fn single(url: &str) -> PgPool {
    PgPoolOptions::new().max_connections(1).connect(url).await.unwrap()
}

#[tokio::test]
async fn a_pooler_is_recognised_and_a_server_is_taken_for_none() {
    let direct = Server::shared().database();
    let pooled = PgBouncer::shared().url_of(&direct);
    for (url, is_pooled) in [(&direct, false), (&pooled, true)] {
        let connected = PostgresStore::connect(url).await.unwrap();
        let with_pool = PostgresStore::with_pool(single(url).await).await.unwrap();
        for store in [connected, with_pool] {
            assert_eq!(store.begin.is_some(), is_pooled, "{url}");
        }
    }
}

/// A pooler that gives its connections out in turn, and one whose connections are busy.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_pooler_is_recognised_whatever_connections_it_gives() {
    let pooler = PgBouncer::in_front_of(Server::shared());
    let url = pooler.database();
    // All three connections are open, so that there are some to be given out in turn.
    let mut clients = Vec::new();
    for _ in 0..3 {
        let mut client = PgConnection::connect(&url).await.unwrap();
        client.execute("BEGIN").await.unwrap();
        clients.push(client);
    }
    for client in &mut clients {
        client.execute("COMMIT").await.unwrap();
    }
    for in_turn in ["0", "1"] {
        let set = format!("SET server_round_robin = {in_turn}");
        let mut console = PgConnection::connect(&url_of_console(&pooler)).await.unwrap();
        console.execute(AssertSqlSafe(set)).await.unwrap();
        for is_busy in [false, true] {
            let mut others = JoinSet::new();
            for _ in 0..if is_busy { 8 } else { 0 } {
                let mut other = PgConnection::connect(&url).await.unwrap();
                others.spawn(async move {
                    loop {
                        other.execute("SELECT 1").await.unwrap();
                    }
                });
            }
            for _ in 0..10 {
                let store = PostgresStore::connect(&url).await.unwrap();
                assert!(store.begin.is_some(), "in turn: {in_turn}, busy: {is_busy}");
            }
            others.shutdown().await;
        }
    }
}

fn url_of_console(pooler: &PgBouncer<'_>) -> String {
    format!("postgres://postgres@127.0.0.1:{}/pgbouncer", pooler.port())
}

/// What was chosen for a pooler that is not recognised.
#[tokio::test]
async fn a_store_works_as_behind_a_pooler_when_it_is_told_so() {
    let url = Server::shared().database();
    let connected = PostgresStore::connect(&url).await.unwrap();
    let with_pool = PostgresStore::with_pool(PgPool::connect(&url).await.unwrap()).await.unwrap();
    for store in [connected, with_pool, pooled_store().await] {
        let store = store.behind_pooler();
        assert!(store.begin.is_some());
        let sessions = sessions(&store);
        let (id, first) = sign_in(&sessions).await;
        refresh(&sessions, &id, &first).await.unwrap();
        sessions.end_all("ann", None).await.unwrap();
        let left =
            "SELECT current_setting('statement_timeout') || ' ' || count(*) FROM pg_prepared_statements";
        let mut connection = store.pool.acquire().await.unwrap();
        let left: String = connection.fetch_one(left).await.unwrap().try_get(0).unwrap();
        assert_eq!(left, "0 0");
    }
}

/// A connection to a standby is refused, by a pooler in front of it too.
#[tokio::test]
async fn a_standby_is_refused_until_it_is_promoted() {
    let primary = Server::start();
    PostgresStore::connect(&primary.url()).await.unwrap();
    let standby = Server::standby_of(&primary);
    let pooler = PgBouncer::in_front_of(&standby);
    let urls = [standby.url(), pooler.url_of(&standby.url())];
    for url in &urls {
        let error = PostgresStore::connect(url).await.unwrap_err();
        assert!(error.source().unwrap().to_string().contains("standby"), "{error:?}");
    }
    standby.promote();
    for url in &urls {
        sign_in(&sessions(&PostgresStore::connect(url).await.unwrap())).await;
    }
}

/// Row 90. While others keep every connection of the pooler, an operation is an error, and it has no effect later.
#[tokio::test]
async fn a_pooler_without_a_free_connection_is_an_error_and_consumes_nothing() {
    let url = PgBouncer::shared().database();
    let store = PostgresStore::connect_with_patience(&url, Duration::from_secs(1)).await.unwrap();
    let (id, first) = sign_in(&sessions(&store)).await;
    let mut holders = Vec::new();
    for _ in 0..3 {
        let mut holder = PgConnection::connect(&url).await.unwrap();
        holder.execute("BEGIN").await.unwrap();
        holders.push(holder);
    }
    let error = store.remove(&id).await.unwrap_err();
    assert!(error.is_unreachable(), "{error:?}");
    drop(holders);
    let sessions = sessions(&store);
    let (record, outcome) = refresh(&sessions, &id, &first).await.unwrap();
    assert_eq!((record.version, outcome), (1, Outcome::Rotated));
}

const CLIENTS: u64 = 8;
const STEPS: u32 = 60;
const START: Timestamp = Timestamp::from_unix(1_700_000_000);
const END: Timestamp = Timestamp::from_unix(1_800_000_000);

/// Row 158. Eight clients use every operation at once on the three connections of the pooler. The results are those of a store in
/// memory that each client has for itself, and nothing stays set on any connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_client_of_a_pooler_gets_the_result_of_another() {
    let url = PgBouncer::shared().database();
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        let store = PostgresStore::connect(&url).await.unwrap();
        clients.spawn(async move { Client::new(number, store).await.run().await });
    }
    let done = clients.join_all().await;

    let store = PostgresStore::connect(&url).await.unwrap();
    let salts: HashSet<_> = done.iter().map(|done| done.salt).collect();
    assert_eq!(salts.len(), 1);
    assert_eq!(done.iter().map(|done| done.claims).sum::<usize>(), 1);
    let announced: HashSet<_> = done.iter().flat_map(|done| done.announced.clone()).collect();
    let heard = store.endings(None).await.unwrap().unwrap().endings;
    assert_eq!(heard.len(), announced.len());
    assert_eq!(heard.into_iter().collect::<HashSet<_>>(), announced);
    let left: u64 = done.iter().map(|done| done.left).sum();
    let mut purged = 0;
    while let step @ 1.. = store.purge_expired(END, 7).await.unwrap() {
        purged += step;
    }
    assert_eq!(purged, left);
    nothing_is_left_on_any_connection(&url).await;
}

async fn nothing_is_left_on_any_connection(url: &str) {
    let mut processes = HashSet::new();
    let mut clients = Vec::new();
    for _ in 0..3 {
        let mut client = PgConnection::connect(url).await.unwrap();
        client.execute("BEGIN").await.unwrap();
        let process: i32 = client.fetch_one("SELECT pg_backend_pid()").await.unwrap().try_get(0).unwrap();
        processes.insert(process);
        for (question, expected) in [
            ("SELECT current_setting('statement_timeout')", "0"),
            ("SELECT count(*)::text FROM pg_prepared_statements", "0"),
            // Other tests make the tables of their own databases meanwhile.
            (
                "SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory'
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
                "0",
            ),
            // What the pooler itself sets for each client, out of the client's first message.
            (
                "SELECT coalesce(string_agg(name, ' '), '') FROM pg_settings WHERE source = 'session'
                 AND lower(name) NOT IN ('application_name', 'client_encoding', 'datestyle', 'timezone')",
                "",
            ),
        ] {
            let answer: String = client.fetch_one(question).await.unwrap().try_get(0).unwrap();
            assert_eq!(answer, expected, "{question}");
        }
        clients.push(client);
    }
    assert_eq!(processes.len(), 3, "every connection of the pooler was asked");
}

/// A client of the pooler, with a store in memory that gets the same operations.
struct Client {
    store: PostgresStore,
    memory: MemoryStore,
    users: [String; 3],
    salt: PartitionSalt,
    records: Vec<SessionRecord>,
    /// The place that each record has in the other store.
    in_memory: HashMap<SessionId, Place>,
    announced: Vec<Ending>,
    random: u64,
}

struct Done {
    salt: [u8; 16],
    claims: usize,
    announced: Vec<Ending>,
    left: u64,
}

impl Client {
    async fn new(number: u64, store: PostgresStore) -> Self {
        let salt = store.salt(PartitionSalt::generate().unwrap()).await.unwrap();
        let users = [0, 1, 2].map(|user| format!("user {user} of client {number}"));
        let random = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) + 1;
        let memory = MemoryStore::new();
        let (records, in_memory, announced) = (Vec::new(), HashMap::new(), Vec::new());
        Self { store, memory, users, salt, records, in_memory, announced, random }
    }

    /// Chooses by a generator of Knuth's, the same in every run.
    fn choose(&mut self, below: usize) -> usize {
        self.random =
            self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) as usize % below
    }

    async fn run(mut self) -> Done {
        for _ in 0..STEPS {
            self.step().await;
        }
        let mut left = 0;
        for user in &self.users {
            let owner = Owner::new(&self.salt, user);
            let listed = self.store.list(&owner, Page::first(1000)).await.unwrap();
            left += listed.len() as u64;
            assert_eq!(self.seen(listed), self.memory.list(&owner, Page::first(1000)).await.unwrap());
        }
        let claims = usize::from(self.store.claim_purge(START, END).await.unwrap());
        Done { salt: *self.salt.as_bytes(), claims, announced: self.announced, left }
    }

    /// The records with the sequences that they have in memory, where no other client takes any.
    fn seen(&self, records: impl IntoIterator<Item = SessionRecord>) -> Vec<SessionRecord> {
        let in_memory = |record: SessionRecord| {
            let place = self.in_memory.get(&record.id).copied();
            SessionRecord { sequence: place.map_or(0, |place| place.sequence), ..record }
        };
        records.into_iter().map(in_memory).collect()
    }

    /// Any record that was ever inserted, or one that never was.
    fn any_record(&mut self) -> SessionRecord {
        match self.records.len() {
            0 => self.new_record(),
            count => {
                let chosen = self.choose(count);
                self.records[chosen].clone()
            }
        }
    }

    fn new_record(&mut self) -> SessionRecord {
        let user = self.choose(self.users.len());
        let user = self.users[user].clone();
        let id = SessionId::generate(Owner::new(&self.salt, &user).partition()).unwrap();
        let token = TokenHash::of(id.as_bytes());
        SessionRecord::new(id, user, token, START, END, END)
    }

    async fn step(&mut self) {
        let kind = self.choose(10);
        let mut record = if kind < 3 { self.new_record() } else { self.any_record() };
        let user = record.user_id.clone();
        let owner = Owner::new(&self.salt, &user);
        let (store, memory) = (self.store.clone(), self.memory.clone());
        match kind {
            0..=2 => {
                let sequence = memory.insert(record.clone()).await.unwrap();
                self.in_memory.insert(record.id, Place { sequence, id: record.id });
                record.sequence = store.insert(record.clone()).await.unwrap();
                self.records.push(record);
            }
            3 => {
                let loaded = store.load(&record.id).await.unwrap();
                let expected = memory.load(&record.id).await.unwrap();
                assert_eq!(self.seen(loaded), expected.into_iter().collect::<Vec<_>>());
            }
            4 | 5 => {
                // Half of them expect a version that the record has had, or never had.
                let expected = memory.load(&record.id).await.unwrap().map_or(0, |stored| stored.version);
                let expected = expected + self.choose(2) as u64;
                record.version = expected + 1;
                record.current = TokenHash::of(expected.to_be_bytes());
                record.previous = Some(TokenHash::of("before"));
                let written = store.replace(record.clone(), expected).await.unwrap();
                for record in self.seen([record]) {
                    assert_eq!(written, memory.replace(record, expected).await.unwrap());
                }
            }
            6 => {
                let removed = store.remove(&record.id).await.unwrap();
                assert_eq!(removed, memory.remove(&record.id).await.unwrap());
            }
            7 => {
                let of_user = self.records.iter().filter(|record| record.user_id == user);
                let ids: Vec<_> = of_user.map(|record| record.id).take(3).collect();
                let removed: BTreeSet<_> = store.remove_each(&ids).await.unwrap().into_iter().collect();
                assert_eq!(removed, memory.remove_each(&ids).await.unwrap().into_iter().collect());
            }
            8 => {
                let listed =
                    store.list(&owner, Page { after: Some(record.place()), limit: 2 }).await.unwrap();
                let after = self.in_memory.get(&record.id).copied().unwrap_or(record.place());
                let expected = memory.list(&owner, Page { after: Some(after), limit: 2 }).await.unwrap();
                assert_eq!(self.seen(listed), expected);
                assert_eq!(store.purge_expired(START, 5).await.unwrap(), 0);
            }
            _ => {
                let ending = Ending::Session(SessionId::generate(owner.partition()).unwrap());
                store.announce(&[ending], END).await.unwrap();
                self.announced.push(ending);
                let heard = store.endings(None).await.unwrap().unwrap().endings;
                assert!(self.announced.iter().all(|announced| heard.contains(announced)));
                let removed = store.remove_all(&owner, Some(&record.id)).await.unwrap();
                assert_eq!(removed, memory.remove_all(&owner, Some(&record.id)).await.unwrap());
            }
        }
    }
}
