//! Secrets whose HMAC is set up once and not for every token, which saves an eighth of a verification with HS256.
//!
//! jsonwebtoken sets up keys in each call, and its own prepared form cannot be shared between threads. So this calls aws-lc-rs
//! directly, but only where this crate installed it. With any other provider, signatures go through jsonwebtoken.

#[cfg(feature = "aws-lc-rs")]
pub(super) use aws::PreparedSecret;
#[cfg(not(feature = "aws-lc-rs"))]
pub(super) use none::PreparedSecret;

#[cfg(feature = "aws-lc-rs")]
mod aws {
    use aws_lc_rs::hmac;

    use crate::base64url;
    use crate::token::Algorithm;
    use crate::token::provider::is_own_aws_lc;

    const LONGEST_TAG: usize = 64;

    #[derive(Clone)]
    pub(in crate::token) struct PreparedSecret(hmac::Key);

    impl PreparedSecret {
        pub(in crate::token) fn new(algorithm: Algorithm, secret: &[u8]) -> Option<Self> {
            let hash = match algorithm {
                Algorithm::Hs256 => hmac::HMAC_SHA256,
                Algorithm::Hs384 => hmac::HMAC_SHA384,
                Algorithm::Hs512 => hmac::HMAC_SHA512,
                _ => return None,
            };
            is_own_aws_lc().then(|| Self(hmac::Key::new(hash, secret)))
        }

        pub(in crate::token) fn verify(&self, message: &str, signature: &str) -> bool {
            let mut tag = [0; LONGEST_TAG];
            let tag = base64url::decode_into(signature, &mut tag);
            tag.is_some_and(|tag| hmac::verify(&self.0, message.as_bytes(), tag).is_ok())
        }
    }
}

#[cfg(not(feature = "aws-lc-rs"))]
mod none {
    use crate::token::Algorithm;

    /// Has no values.
    #[derive(Clone)]
    pub(in crate::token) enum PreparedSecret {}

    impl PreparedSecret {
        pub(in crate::token) fn new(_algorithm: Algorithm, _secret: &[u8]) -> Option<Self> {
            None
        }

        pub(in crate::token) fn verify(&self, _message: &str, _signature: &str) -> bool {
            match *self {}
        }
    }
}
