use countersign::require;

#[require(check(c0) && check(c1) && check(c2) && check(c3) && check(c4) && check(c5) && check(c6) && check(c7) && check(c8) && check(c9) && check(c10) && check(c11) && check(c12) && check(c13) && check(c14) && check(c15) && check(c16) && check(c17) && check(c18) && check(c19) && check(c20) && check(c21) && check(c22) && check(c23) && check(c24) && check(c25) && check(c26) && check(c27) && check(c28) && check(c29) && check(c30) && check(c31) && check(c32) && check(c33) && check(c34) && check(c35) && check(c36) && check(c37) && check(c38) && check(c39) && check(c40) && check(c41) && check(c42) && check(c43) && check(c44) && check(c45) && check(c46) && check(c47) && check(c48) && check(c49) && check(c50) && check(c51) && check(c52) && check(c53) && check(c54) && check(c55) && check(c56) && check(c57) && check(c58) && check(c59) && check(c60) && check(c61) && check(c62) && check(c63) && check(c64))]
async fn write() -> &'static str {
    "written"
}

fn main() {}
