use countersign::Role;

#[derive(Role, Clone, Copy)]
union AnyRole {
    member: u8,
    admin: u16,
}

fn main() {}
