//! Two server processes whose clocks disagree.

use crate::server::{IN_WINDOW, Server, Store, on_every_store};

const TEN_MINUTES: i32 = 600;

on_every_store! {
    used_token_is_not_revived_by_a_clock_that_is_behind
}

/// Row 84: a used token stays used for a server that believes it is earlier, and the session goes on where clocks are right.
fn used_token_is_not_revived_by_a_clock_that_is_behind(store: &Store) {
    let server = Server::start(store, IN_WINDOW);
    let first = server.login("ann");
    let second = server.refresh(&first.refresh).pair();
    let third = server.refresh(&second.refresh).pair();

    let behind = Server::start_with_clock(store, IN_WINDOW, -TEN_MINUTES);
    behind.refresh(&second.refresh).is_invalid_grant();
    behind.refresh(&first.refresh).is_invalid_grant();
    server.refresh(&third.refresh).pair();
}
