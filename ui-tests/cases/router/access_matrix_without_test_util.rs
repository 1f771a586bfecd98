use countersign::{AuthRouter, assert_access_matrix};

fn is_committed(router: AuthRouter) {
    assert_access_matrix!(router.access_matrix(), "access.md");
}

fn main() {}
