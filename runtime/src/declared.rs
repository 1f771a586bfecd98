//! Roles that a type declares, as something that a bound can ask for.

/// A set of roles that has the role whose name hashes to `HASH`.
///
/// `#[derive(Role)]` implements it once for each variant; the open set, `String`, has every role.
pub trait Declares<const HASH: u64> {}

impl<const HASH: u64> Declares<HASH> for String {}

/// A role's name as a constant that types can carry: FNV-1a with 64 bits.
///
/// It keeps names apart at compile time only, where a collision is an error and never a permission.
#[must_use]
pub const fn role_hash(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let mut hash = 0xcbf2_9ce4_8422_2325;
    let mut index = 0;
    while index < bytes.len() {
        hash = (hash ^ bytes[index] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        index += 1;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv_1a() {
        assert_eq!(role_hash(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(role_hash("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(role_hash("foobar"), 0x8594_4171_f739_67e8);
    }
}
