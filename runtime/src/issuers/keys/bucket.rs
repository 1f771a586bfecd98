//! How often unknown keys may be asked for.

/// The milliseconds after which one more fetch is allowed.
const EVERY: i64 = 30_000;
const SIZE: i64 = 3;

/// A bucket of three fetches with one more every 30 seconds. It remembers no key ids, so those of an attacker fill no memory.
///
/// It is the generic cell rate algorithm: one number is the whole state.
#[derive(Default)]
pub(super) struct Bucket {
    /// When the bucket is full again, in milliseconds of [`Clock::uptime`](crate::Clock::uptime).
    full_at: i64,
}

impl Bucket {
    /// Takes one fetch. Returns whether there was one.
    pub(super) fn take(&mut self, uptime: i64) -> bool {
        let missing = self.full_at.saturating_sub(uptime);
        // More is missing than can be: the clock was set back.
        if missing <= 0 || missing > SIZE * EVERY {
            self.full_at = uptime.saturating_add(EVERY);
            true
        } else if missing <= (SIZE - 1) * EVERY {
            self.full_at = self.full_at.saturating_add(EVERY);
            true
        } else {
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn there_are_three_at_once_and_then_one_every_30_seconds() {
        let mut bucket = Bucket::default();
        let taken = |bucket: &mut Bucket, at: i64| (0..10).filter(|_| bucket.take(at)).count();
        assert_eq!(taken(&mut bucket, 1_000), 3);
        assert_eq!(taken(&mut bucket, 30_999), 0);
        assert_eq!(taken(&mut bucket, 31_000), 1);
        assert_eq!(taken(&mut bucket, 91_000), 2);
        assert_eq!(taken(&mut bucket, 10_000_000), 3);
    }

    #[test]
    fn a_clock_that_was_set_back_locks_no_kid_out() {
        let mut bucket = Bucket::default();
        assert!((0..3).all(|_| bucket.take(10_000_000)));
        assert!(bucket.take(1_000));
    }

    proptest! {
        /// Counted a second way: whole fetches that drip in and overflow at three.
        #[test]
        fn the_bucket_holds_what_has_dripped_into_it(steps in proptest::collection::vec(0..40_000_i64, 1..200)) {
            let mut bucket = Bucket::default();
            let (mut now, mut drips) = (0, 3 * EVERY);
            for step in steps {
                now += step;
                drips = (drips + step).min(3 * EVERY);
                let is_allowed = drips >= EVERY;
                drips -= if is_allowed { EVERY } else { 0 };
                prop_assert_eq!(bucket.take(now), is_allowed);
            }
        }
    }
}
