//! nginx as a shared cache.

use std::path::Path;

use crate::programs;
use crate::server::Server;

/// An nginx that stores the answers of another server, ended with this value or with the process.
#[derive(Debug)]
pub struct Nginx(Server);

impl Nginx {
    /// A cache in front of the server at this port of the loopback address. It keeps a 200 for ten minutes unless the answer says otherwise,
    /// as nginx's own example does, and says in `X-Cache` whether an answer came out of it.
    pub fn caching(upstream: u16) -> Self {
        let configure = move |folder: &Path, port: u16| {
            let config = CONFIG.replace("{folder}", &folder.display().to_string());
            config.replace("{port}", &port.to_string()).replace("{upstream}", &upstream.to_string())
        };
        Self(Server::start_with("nginx", &programs::nginx(), &configure))
    }

    /// The port on the loopback address.
    pub fn port(&self) -> u16 {
        self.0.port()
    }
}

/// A single process, which ends without leaving workers behind.
const CONFIG: &str = "\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr notice;
events { worker_connections 64; }
http {
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/temp;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    proxy_cache_path {folder}/cache keys_zone=answers:1m;
    server {
        listen 127.0.0.1:{port};
        location / {
            proxy_pass http://127.0.0.1:{upstream};
            proxy_set_header Host $host;
            proxy_cache answers;
            proxy_cache_valid 200 404 10m;
            add_header X-Cache $upstream_cache_status always;
        }
    }
}
";
