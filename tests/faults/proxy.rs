//! An address that stays while the server behind it changes.

use std::io;
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// Passes connections on to a port of the loopback address, until the process ends.
pub(crate) struct Proxy {
    port: u16,
    state: Arc<Mutex<State>>,
}

struct State {
    target: u16,
    /// Both ends of every connection.
    open: Vec<TcpStream>,
}

impl Proxy {
    pub(crate) fn to(target: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State { target, open: Vec::new() }));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming() {
                // The client sees a connection that breaks where there is no server.
                let _ = pass_on(client.unwrap(), &shared);
            }
        });
        Self { port, state }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Breaks every connection. Those to come go to another port.
    pub(crate) fn switch(&self, target: u16) {
        let mut state = self.state.lock().unwrap();
        state.target = target;
        for end in state.open.drain(..) {
            let _ = end.shutdown(Shutdown::Both);
        }
    }
}

fn pass_on(client: TcpStream, state: &Mutex<State>) -> io::Result<()> {
    // Held while the connection is made, so that a switch finds it.
    let mut state = state.lock().unwrap();
    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, state.target))?;
    for (from, to) in [(&client, &server), (&server, &client)] {
        from.set_nodelay(true)?;
        let (mut from, mut to) = (from.try_clone()?, to.try_clone()?);
        thread::spawn(move || {
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Both);
            let _ = from.shutdown(Shutdown::Both);
        });
    }
    state.open.extend([client, server]);
    Ok(())
}
