//! A PostgreSQL server that crashes, and one without a free connection.

use std::sync::mpsc;
use std::thread;

use sqlx::{Connection as _, Executor as _, PgConnection};
use test_servers::{PgBouncer, Postgres};
use tokio::runtime::Builder;

use crate::outages::outage_under_load_costs_no_session;
use crate::server::{STRICT, Server, Store};

/// More users than the server has connections to its database.
const USERS: usize = 24;

/// Row 90.
#[test]
fn postgres_that_crashes_under_load_costs_no_session() {
    let postgres = Postgres::start();
    let url = postgres.database();
    outage_under_load_costs_no_session(url, || postgres.stop(), || postgres.start_again());
}

/// Row 90, with a pooler that stays between the server and its database.
#[test]
fn postgres_that_crashes_behind_a_pooler_costs_no_session() {
    let postgres = Postgres::start();
    let pooler = PgBouncer::in_front_of(&postgres);
    outage_under_load_costs_no_session(pooler.database(), || postgres.stop(), || postgres.start_again());
}

/// Row 90.
#[test]
fn pooler_that_crashes_under_load_costs_no_session() {
    let pooler = PgBouncer::in_front_of(Postgres::shared());
    outage_under_load_costs_no_session(pooler.database(), || pooler.stop(), || pooler.start_again());
}

/// Row 90.
#[test]
fn exhausted_pool_is_unavailable_and_consumes_nothing() {
    let url = Postgres::shared().database();
    refreshes_beside_a_lock_consume_nothing(&url, url.clone());
}

/// Rows 90 and 158.
#[test]
fn exhausted_pooler_is_unavailable_and_consumes_nothing() {
    let url = Postgres::shared().database();
    refreshes_beside_a_lock_consume_nothing(&url, PgBouncer::shared().url_of(&url));
}

/// While the test keeps every connection of the server busy, a refresh is a 503, and its token is still good.
fn refreshes_beside_a_lock_consume_nothing(url: &str, store: String) {
    let server = Server::start(&Store::at(store), STRICT);
    let users: Vec<_> = (0..USERS).map(|user| server.login(&format!("user {user}"))).collect();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let mut holder = runtime.block_on(PgConnection::connect(url)).unwrap();
    let mut execute = |sql| runtime.block_on(holder.execute(sql)).unwrap();
    execute("BEGIN; LOCK TABLE countersign_sessions IN ACCESS EXCLUSIVE MODE");

    let (sender, refused) = mpsc::channel();
    let answers: Vec<_> = thread::scope(|scope| {
        let clients: Vec<_> = users
            .iter()
            .map(|pair| {
                let refused = sender.clone();
                let server = &server;
                scope.spawn(move || {
                    let answer = server.refresh(&pair.refresh);
                    if answer.status == 503 {
                        refused.send(()).unwrap();
                    }
                    answer
                })
            })
            .collect();
        drop(sender);
        refused.recv().expect("a refresh gets no connection");
        execute("ROLLBACK");
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });

    for (pair, answer) in users.iter().zip(answers) {
        let next = match answer.status {
            503 => {
                answer.is_unavailable();
                server.refresh(&pair.refresh).pair()
            }
            _ => answer.pair(),
        };
        assert_eq!(server.sessions(&next), [1]);
    }
}
