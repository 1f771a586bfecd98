//! The blog on a loopback port.
//!
//! ```sh
//! cargo run -p blog      # prints how to sign in, and these lines; Scalar is at http://127.0.0.1:3000/scalar
//! curl http://127.0.0.1:3000/posts                                                                             # anybody
//! curl http://127.0.0.1:3000/posts --json '{"title":"a","text":"b"}' -H "Authorization: Bearer $ACCESS_TOKEN"  # alan: 201, rob: 403
//! curl http://127.0.0.1:3000/posts/1 -H "Authorization: Bearer $ACCESS_TOKEN"                                  # alan, eve: 200, rob: 404
//! curl http://127.0.0.1:3000/posts/1/publish -X POST -H "Authorization: Bearer $ACCESS_TOKEN"                  # eve: 200, alan: 403
//! curl http://127.0.0.1:3000/users/3 -X DELETE -H "Authorization: Bearer $ACCESS_TOKEN"                        # ada, in the first ten minutes: 204
//! ```

use std::error::Error;

use axum::Router;
use blog::accounts::Accounts;
use blog::posts::Posts;
use blog::{AppState, auth, router};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let accounts = Accounts::demo()?;
    let auth = auth(&accounts)?.build()?;
    let state = AppState { auth, accounts: accounts.clone(), posts: Posts::default() };
    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    print_instructions(&format!("http://{}", listener.local_addr()?), &accounts);
    axum::serve(listener, Router::from(router(state))).await?;
    Ok(())
}

#[expect(clippy::print_stdout, reason = "this is what the program says to the person who started it")]
fn print_instructions(url: &str, accounts: &Accounts) {
    println!("Sign in; the answer has an access_token:\n");
    for (name, password) in accounts.credentials() {
        println!("curl {url}/login --json '{{\"name\":\"{name}\",\"password\":\"{password}\"}}'");
    }
    println!("\nCopy it into the shell (ACCESS_TOKEN=...), then:\n");
    for line in include_str!("main.rs").lines().filter_map(|line| line.strip_prefix("//! curl ")) {
        println!("curl {}", line.replace("http://127.0.0.1:3000", url));
    }
    println!("\nlistening on {url}");
}
