use countersign::AuthState;

#[derive(AuthState, Clone, Copy)]
union AppState {
    number: u64,
    small: u8,
}

fn main() {}
