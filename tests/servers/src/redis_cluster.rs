//! Redis Cluster.

use std::fmt::Write as _;
use std::process::Command;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::server::Server;
use crate::{give_up, programs};

const MASTERS: usize = 3;
/// How long the nodes may take to agree.
const PATIENCE: Duration = Duration::from_secs(60);

/// A Redis Cluster of three masters with a replica each, ended with this value or with the process.
#[derive(Debug)]
pub struct RedisCluster {
    nodes: Vec<Server>,
    /// The number of the node that is stopped.
    stopped: Mutex<Option<usize>>,
}

/// A line of `CLUSTER NODES`.
struct Node {
    id: String,
    port: u16,
    is_master: bool,
    master: Option<String>,
    slots: Vec<(u16, u16)>,
}

impl Node {
    fn has(&self, slot: u16) -> bool {
        self.slots.iter().any(|(first, last)| (*first..=*last).contains(&slot))
    }
}

impl RedisCluster {
    /// The cluster that the tests of this process share; started when it is first asked for.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<RedisCluster> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// A cluster of the caller's own, whose nodes can be stopped and whose slots can be moved.
    pub fn start() -> Self {
        let programs = programs::redis();
        let nodes: Vec<_> = thread::scope(|scope| {
            let starting: Vec<_> =
                (0..2 * MASTERS).map(|_| scope.spawn(|| Server::start("redis-cluster", &programs))).collect();
            starting.into_iter().filter_map(|node| node.join().ok()).collect()
        });
        let cluster = Self { nodes, stopped: Mutex::new(None) };
        let mut create = vec!["--cluster".to_owned(), "create".to_owned()];
        create.extend(cluster.nodes.iter().map(|node| format!("127.0.0.1:{}", node.port())));
        create.extend(["--cluster-replicas", "1", "--cluster-yes"].map(str::to_owned));
        cli(&create);
        cluster.wait_until_it_is_whole();
        cluster
    }

    /// Where its nodes are.
    pub fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(|node| format!("redis://127.0.0.1:{}", node.port())).collect()
    }

    /// The URLs of its nodes as one text, with commas.
    pub fn url(&self) -> String {
        self.urls().join(",")
    }

    /// Kills the master of this slot, as a crash would.
    pub fn kill_master_of(&self, slot: u16) {
        let port = self.master_of(slot).port;
        let Some(number) = self.nodes.iter().position(|node| node.port() == port) else {
            give_up(&format!("no node has port {port}"))
        };
        self.nodes[number].stop();
        *self.stopped.lock().unwrap_or_else(PoisonError::into_inner) = Some(number);
    }

    /// Waits until a replica has taken the place of the killed master of this slot.
    pub fn wait_for_another_master_of(&self, slot: u16) {
        let start = Instant::now();
        let stopped = *self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        let stopped = stopped.map(|number| self.nodes[number].port());
        let is_replaced = || {
            let nodes = self.known_nodes();
            nodes.iter().any(|node| node.has(slot) && Some(node.port) != stopped)
        };
        while !is_replaced() {
            if start.elapsed() > PATIENCE {
                give_up("no replica takes the place of a master");
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until every replica has received what its master has confirmed.
    pub fn wait_until_replicas_have_everything(&self) {
        for node in self.known_nodes().iter().filter(|node| !node.slots.is_empty()) {
            let port = node.port.to_string();
            // On the connection of one call: a write of its own slot is not needed, since the offset is that of the master.
            let reached = cli(&["-h", "127.0.0.1", "-p", &port, "WAIT", "1", "10000"]);
            if reached != "1" {
                give_up(&format!("a replica lags behind: {reached}"));
            }
        }
    }

    /// From now on, the replica of the master of this slot receives nothing from it.
    pub fn cut_off_replica_of_master_of(&self, slot: u16) {
        let master = self.master_of(slot);
        let nodes = self.known_nodes();
        let Some(replica) = nodes.iter().find(|node| node.master.as_ref() == Some(&master.id)) else {
            give_up("the master has no replica")
        };
        // A password that the master does not know.
        ask(replica.port, &["CONFIG", "SET", "masterauth", "wrong"]);
        ask(master.port, &["CLIENT", "KILL", "TYPE", "replica"]);
        let start = Instant::now();
        while !ask(replica.port, &["INFO", "replication"]).contains("master_link_status:down") {
            if start.elapsed() > PATIENCE {
                give_up("the replica is not cut off");
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Starts the node again that [`kill_master_of`](Self::kill_master_of) has killed, and waits until the cluster is whole.
    pub fn start_again(&self) {
        if let Some(number) = self.stopped.lock().unwrap_or_else(PoisonError::into_inner).take() {
            self.nodes[number].start_again();
        }
        self.wait_until_it_is_whole();
    }

    /// Moves this many slots of the master of `slot` to another master, with all their keys.
    pub fn move_slots_of_master_of(&self, slot: u16, count: u16) {
        let from = self.master_of(slot);
        let to = self.another_master(&from);
        let address = format!("127.0.0.1:{}", from.port);
        let count = count.to_string();
        cli(&[
            "--cluster",
            "reshard",
            &address,
            "--cluster-from",
            &from.id,
            "--cluster-to",
            &to.id,
            "--cluster-slots",
            &count,
            "--cluster-yes",
        ]);
    }

    /// Begins to move a slot to another master, for [`SlotMove`] to go on.
    pub fn begin_to_move(&self, slot: u16) -> SlotMove<'_> {
        let from = self.master_of(slot);
        let to = self.another_master(&from);
        let moving = SlotMove { cluster: self, slot, from, to };
        let slot = slot.to_string();
        ask(moving.to.port, &["CLUSTER", "SETSLOT", &slot, "IMPORTING", &moving.from.id]);
        ask(moving.from.port, &["CLUSTER", "SETSLOT", &slot, "MIGRATING", &moving.to.id]);
        moving
    }

    /// The slot of a key.
    pub fn slot_of(&self, key: &str) -> u16 {
        let slot = ask(self.any_port(), &["CLUSTER", "KEYSLOT", key]);
        slot.parse().unwrap_or_else(|_| give_up(&format!("no slot: {slot}")))
    }

    fn any_port(&self) -> u16 {
        let stopped = *self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        let running = self.nodes.iter().enumerate().find(|(number, _)| Some(*number) != stopped);
        running.map_or_else(|| give_up("no node runs"), |(_, node)| node.port())
    }

    fn known_nodes(&self) -> Vec<Node> {
        nodes(&ask(self.any_port(), &["CLUSTER", "NODES"]))
    }

    fn master_of(&self, slot: u16) -> Node {
        let master = self.known_nodes().into_iter().find(|node| node.has(slot));
        master.unwrap_or_else(|| give_up(&format!("slot {slot} has no master")))
    }

    fn another_master(&self, master: &Node) -> Node {
        let mut others = self.known_nodes().into_iter();
        let other = others.find(|node| node.is_master && !node.slots.is_empty() && node.id != master.id);
        other.unwrap_or_else(|| give_up("there is one master alone"))
    }

    /// Every node knows every slot and its replicas, and every replica has the data of its master.
    fn wait_until_it_is_whole(&self) {
        let start = Instant::now();
        while let Some(reason) = self.nodes.iter().find_map(|node| self.lacks(node.port())) {
            if start.elapsed() > PATIENCE {
                give_up(&format!("the nodes of a Redis Cluster do not agree: {reason}"));
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn lacks(&self, port: u16) -> Option<String> {
        let info = ask(port, &["CLUSTER", "INFO"]);
        let all = ask(port, &["CLUSTER", "NODES"]);
        let role = ask(port, &["INFO", "replication"]);
        let masters = nodes(&all).iter().filter(|node| !node.slots.is_empty()).count();
        let has_replica = role.contains("role:master") && role.contains("state=online")
            || role.contains("role:slave") && role.contains("master_link_status:up");
        let is_whole = info.contains("cluster_state:ok")
            && info.contains("cluster_slots_ok:16384")
            && nodes(&all).len() == self.nodes.len()
            && masters == MASTERS
            && !all.contains("fail")
            && !all.contains("handshake")
            && has_replica;
        (!is_whole).then(|| format!("{info}\n{all}\n{role}"))
    }
}

/// A slot between two masters.
pub struct SlotMove<'a> {
    cluster: &'a RedisCluster,
    slot: u16,
    from: Node,
    to: Node,
}

impl SlotMove<'_> {
    /// Moves a key that the slot has.
    pub fn take_along(&self, key: &str) {
        let port = self.to.port.to_string();
        let moved = ask(self.from.port, &["MIGRATE", "127.0.0.1", &port, key, "0", "5000"]);
        if moved != "OK" {
            give_up(&format!("{key} is not moved: {moved}"));
        }
    }

    /// Moves the other keys, and hands the slot over.
    pub fn finish(self) {
        let slot = self.slot.to_string();
        for key in ask(self.from.port, &["CLUSTER", "GETKEYSINSLOT", &slot, "100000"]).lines() {
            self.take_along(key);
        }
        for node in [self.to.port, self.from.port] {
            ask(node, &["CLUSTER", "SETSLOT", &slot, "NODE", &self.to.id]);
        }
        self.cluster.wait_until_it_is_whole();
    }
}

impl std::fmt::Debug for SlotMove<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SlotMove").field("slot", &self.slot).finish_non_exhaustive()
    }
}

/// `<id> <ip>:<port>@<port> <flags> <master> <ping> <pong> <epoch> <link> <slot or slots>...`
fn nodes(text: &str) -> Vec<Node> {
    let node = |line: &str| {
        let mut words = line.split_whitespace();
        let id = words.next()?.to_owned();
        let port = words.next()?.split_once('@')?.0.rsplit_once(':')?.1.parse().ok()?;
        let is_master = words.next()?.contains("master");
        let master = words.next().filter(|id| *id != "-").map(str::to_owned);
        let slots = words.skip(4).filter_map(|slots| {
            let (first, last) = slots.split_once('-').unwrap_or((slots, slots));
            Some((first.parse().ok()?, last.parse().ok()?))
        });
        Some(Node { id, port, is_master, master, slots: slots.collect() })
    };
    text.lines().filter_map(node).collect()
}

fn ask(port: u16, command: &[&str]) -> String {
    let port = port.to_string();
    let mut arguments = vec!["-h", "127.0.0.1", "-p", &port];
    arguments.extend(command);
    cli(&arguments)
}

/// What `redis-cli` says.
fn cli(arguments: &[impl AsRef<str>]) -> String {
    let arguments = arguments.iter().map(AsRef::as_ref);
    let said = Command::new(programs::redis_cli()).args(arguments).output();
    match said {
        Ok(said) if said.status.success() => String::from_utf8_lossy(&said.stdout).trim_end().to_owned(),
        Ok(said) => {
            let mut text = String::from_utf8_lossy(&said.stdout).into_owned();
            let _ = write!(text, "{}", String::from_utf8_lossy(&said.stderr));
            give_up(&format!("`redis-cli` fails: {text}"))
        }
        Err(error) => give_up(&format!("`redis-cli` does not start: {error}")),
    }
}
