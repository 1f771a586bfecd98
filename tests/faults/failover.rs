//! A PostgreSQL primary that is lost while clients refresh, and its standby that takes over.

use std::collections::HashSet;
use std::sync::mpsc;
use std::thread;

use test_servers::Postgres;

use crate::client::Pair;
use crate::proxy::Proxy;
use crate::server::{IN_WINDOW, Server, Store};

const CLIENTS: usize = 12;
/// Each client signs out, and in again, after so many refreshes.
const REFRESHES: usize = 5;

/// A server on a primary whose standby has every transaction before it is confirmed, with a proxy between them.
struct Replicated {
    primary: Postgres,
    standby: Postgres,
    proxy: Proxy,
    server: Server,
}

impl Replicated {
    fn start() -> Self {
        let primary = Postgres::start();
        let database = primary.database();
        let standby = Postgres::standby_of(&primary);
        primary.wait_for_standby();
        let proxy = Proxy::to(primary.port());
        let url = database.replace(&primary.port().to_string(), &proxy.port().to_string());
        let server = Server::start(&Store::at(url), IN_WINDOW);
        Self { primary, standby, proxy, server }
    }
}

/// The session that a client has, and the tokens of those whose end was confirmed to it.
struct Client {
    held: Pair,
    ended: Vec<Pair>,
    /// A sign-in whose answer was lost may have opened a session whose tokens were given to no client.
    unanswered: usize,
}

/// Row 161.
#[test]
fn standby_that_takes_over_under_load_costs_no_session_and_undoes_no_sign_out() {
    let replicated = Replicated::start();
    let Replicated { primary, standby, proxy, server } = &replicated;
    keep_what_was_confirmed(server, || {
        primary.stop();
        standby.promote();
        proxy.switch(standby.port());
    });
}

/// Row 161, with a rolling restart: first the standby, then the primary.
#[test]
fn rolling_restart_under_load_costs_no_session_and_undoes_no_sign_out() {
    let replicated = Replicated::start();
    let Replicated { primary, standby, server, .. } = &replicated;
    keep_what_was_confirmed(server, || {
        standby.stop();
        standby.start_again();
        primary.stop();
        primary.start_again();
    });
}

/// Clients refresh, and sign out and in, while `fault` happens. Each of them ends with a session that goes on, and no session whose end was
/// confirmed is back.
fn keep_what_was_confirmed(server: &Server, fault: impl Fn()) {
    let (sender, answers) = mpsc::channel();
    let clients: Vec<Client> = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let answered = sender.clone();
                scope.spawn(move || use_until_the_receiver_is_gone(server, client, &answered))
            })
            .collect();
        drop(sender);
        wait_until_all_were_served(&answers);
        fault();
        wait_until_all_were_served(&answers);
        drop(answers);
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    for Client { held, ended, unanswered } in clients {
        let next = server.refresh_when_available(&held.refresh).pair();
        let sessions = server.sessions(&next).len();
        assert!((1..=1 + unanswered).contains(&sessions), "{sessions} sessions, {unanswered} unanswered");
        for pair in ended {
            server.refresh(&pair.refresh).is_invalid_grant();
        }
    }
}

fn use_until_the_receiver_is_gone(server: &Server, client: usize, served: &mpsc::Sender<usize>) -> Client {
    let user = format!("user {client}");
    let (held, attempts) = server.login_when_available(&user);
    let mut kept = Client { held, ended: Vec::new(), unanswered: attempts - 1 };
    loop {
        for _ in 0..REFRESHES {
            let answer = server.refresh(&kept.held.refresh);
            match answer.status {
                503 => answer.is_unavailable(),
                _ => {
                    kept.held = answer.pair();
                    if served.send(client).is_err() {
                        return kept;
                    }
                }
            }
        }
        // A sign-out without an answer may have taken effect, so the client repeats it.
        loop {
            match server.logout(&kept.held.refresh) {
                204 => break,
                status => assert_eq!(status, 503),
            }
        }
        let (next, attempts) = server.login_when_available(&user);
        kept.unanswered += attempts - 1;
        kept.ended.push(std::mem::replace(&mut kept.held, next));
    }
}

/// Counts from the moment of the call; earlier answers do not matter.
fn wait_until_all_were_served(served: &mpsc::Receiver<usize>) {
    while served.try_recv().is_ok() {}
    let mut clients = HashSet::new();
    while clients.len() < CLIENTS {
        clients.insert(served.recv().expect("a client was signed out"));
    }
}
