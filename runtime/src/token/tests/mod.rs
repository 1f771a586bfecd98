use std::cell::Cell;

thread_local! {
    static VERIFICATIONS: Cell<usize> = const { Cell::new(0) };
}

pub(super) fn count_verification() {
    VERIFICATIONS.set(VERIFICATIONS.get() + 1);
}
