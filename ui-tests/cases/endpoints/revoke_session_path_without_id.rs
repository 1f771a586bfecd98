use countersign::{Auth, SessionClaims, typed_revoke_session_handler};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

typed_revoke_session_handler!(sign_device_out, Auth<User>, path = "/me/devices");

fn main() {}
