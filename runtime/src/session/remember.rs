//! The choice, at a sign-in, how long the session lives and whether its cookies outlive the browser.

use super::Lifetimes;

/// How long one session lives, and whether its cookies outlive the browser: for the box "remember me" of a sign-in form.
///
/// It is the choice of one sign-in, is kept with the session over every refresh and reauthentication, and changes no other session.
/// By default a session has the [lifetimes](crate::AuthBuilder::lifetimes) of its [`Auth`](crate::Auth), and its cookies end with
/// their tokens.
///
/// ```
/// use std::time::Duration;
/// use countersign::session::{Lifetimes, Remember};
///
/// const DAY: Duration = Duration::from_secs(24 * 60 * 60);
///
/// # fn choose(remember_me: bool) -> Remember {
/// match remember_me {
///     true => Remember::as_configured(),
///     // At a shared computer: gone with the browser, and after a day at the latest.
///     false => Remember::until_browser_closes().lifetimes(Lifetimes::new(DAY, DAY)),
/// }
/// # }
/// # assert_eq!(choose(true), true.into());
/// # assert_ne!(choose(false), false.into());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use = "pass it to a sign-in"]
pub struct Remember {
    lifetimes: Option<Lifetimes>,
    until_browser_closes: bool,
}

impl Remember {
    /// The lifetimes of the [`Auth`](crate::Auth), and cookies that end with their tokens.
    pub const fn as_configured() -> Self {
        Self { lifetimes: None, until_browser_closes: false }
    }

    /// Cookies that end with the browser: they have neither `Max-Age` nor `Expires`. The session itself lives as configured.
    ///
    /// Browsers that reopen the windows of the last time keep such cookies too, and a client that holds its tokens elsewhere is no
    /// browser. So give the session short [lifetimes](Self::lifetimes) as well.
    pub const fn until_browser_closes() -> Self {
        Self { lifetimes: None, until_browser_closes: true }
    }

    /// Lifetimes of this session alone, shorter or longer than those of the [`Auth`](crate::Auth).
    ///
    /// No sign-in fails for them. An absolute lifetime is at least a second and at most ten years, an idle lifetime at least a second
    /// and at most the absolute one; others are brought into these limits. Parts of a second are cut off. If the session lives
    /// shorter than an access token, its access tokens end with it.
    pub const fn lifetimes(self, lifetimes: Lifetimes) -> Self {
        Self { lifetimes: Some(lifetimes), ..self }
    }

    /// The lifetimes of this session, within the limits; `None` if they are those of the [`Auth`](crate::Auth).
    pub(super) fn own_lifetimes(self) -> Option<Lifetimes> {
        self.lifetimes.map(Lifetimes::within_limits)
    }

    pub(super) fn ends_with_browser(self) -> bool {
        self.until_browser_closes
    }
}

/// Lifetimes of this session alone, as [`Remember::lifetimes`].
impl From<Lifetimes> for Remember {
    fn from(lifetimes: Lifetimes) -> Self {
        Self::as_configured().lifetimes(lifetimes)
    }
}

/// `true` is [`Remember::as_configured`], `false` is [`Remember::until_browser_closes`].
impl From<bool> for Remember {
    fn from(remember_me: bool) -> Self {
        if remember_me { Self::as_configured() } else { Self::until_browser_closes() }
    }
}
