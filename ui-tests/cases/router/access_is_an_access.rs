use countersign::{Access, AuthRouter};

fn router(files: axum::Router) -> AuthRouter {
    AuthRouter::new().nest_service("/files", Access::Authenticated, files)
}

fn main() {}
