//! Users and their passwords (HTTP Basic, RFC 7617), kept as bcrypt hashes.
//!
//! A hash takes tens of milliseconds on purpose. It is made in another thread, one at a time, so that nobody can keep
//! the machine busy by guessing; what was right once is remembered, so that scrapes are not slow.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bcrypt::HashParts;
use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use ring::hmac;
use ring::rand::SystemRandom;
use serde_saphyr::Spanned;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::read::{Wrong, wrong};

/// Each step doubles the work; this one takes some seconds already.
const HIGHEST_COST: u32 = 16;

/// Passwords that are remembered; the format cuts them off, so that there may be several for a user.
const MOST_REMEMBERED: usize = 128;

/// What a request that names a user and a password may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is answered.
    Admitted,
    /// It is refused.
    Refused,
    /// Too many want to be checked.
    Busy,
}

/// Who may ask.
#[derive(Debug)]
pub struct Users {
    hashes: HashMap<String, String>,
    /// For users that do not exist, so that it takes as long to refuse them.
    costliest: String,
    /// Of what was right: tags that nobody can make without the key, so that comparing them tells nothing.
    right: Mutex<HashSet<Vec<u8>>>,
    key: hmac::Key,
    turn: Arc<Semaphore>,
}

impl Users {
    /// Checks names and hashes.
    pub fn new(raw: &BTreeMap<String, Spanned<String>>) -> Result<Self, Wrong> {
        let mut costliest = (0, String::new());
        let mut hashes = HashMap::new();
        for (user, hash) in raw {
            if user.contains(':') {
                return wrong(hash, format!("basic_auth_users: the name {user:?} cannot have a colon"));
            }
            let cost = match HashParts::from_str(&hash.value) {
                Ok(parts) if parts.get_cost() <= HIGHEST_COST => parts.get_cost(),
                Ok(_) => {
                    let reason = format!("basic_auth_users: the cost of the hash of {user:?} is above {HIGHEST_COST}");
                    return wrong(hash, reason);
                }
                // the value may be a password that somebody forgot to hash
                Err(_) => {
                    let reason = format!(
                        "basic_auth_users: what {user:?} has is no bcrypt hash; make one with htpasswd -nBC 10 {user}"
                    );
                    return wrong(hash, reason);
                }
            };
            costliest = costliest.max((cost, hash.value.clone()));
            hashes.insert(user.clone(), hash.value.clone());
        }
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new());
        let key = key.map_err(|_| (serde_saphyr::Location::UNKNOWN, "the system has no random numbers".to_owned()))?;
        let turn = Arc::new(Semaphore::new(1));
        Ok(Self { hashes, costliest: costliest.1, right: Mutex::default(), key, turn })
    }

    /// Whether a request with these headers is answered; `patience` is how long it may wait for its turn.
    pub async fn admit(&self, headers: &HeaderMap, patience: Duration) -> Verdict {
        let Some((user, password)) = credentials(headers) else { return Verdict::Refused };
        let tag = self.tag(&user, &password);
        if self.is_right(&tag) {
            return Verdict::Admitted;
        }
        let turn = Arc::clone(&self.turn).acquire_owned();
        let Ok(Ok(turn)) = timeout(patience, turn).await else { return Verdict::Busy };
        if self.is_right(&tag) {
            return Verdict::Admitted; // somebody else has waited for the same
        }
        let known = self.hashes.get(&user);
        let hash = known.unwrap_or(&self.costliest).clone();
        let verify = tokio::task::spawn_blocking(move || {
            let _turn = turn; // until it is done, whether the client still waits or not
            bcrypt::verify(password, &hash)
        });
        if !matches!(verify.await, Ok(Ok(true))) || known.is_none() {
            return Verdict::Refused;
        }
        let mut right = self.right.lock().unwrap_or_else(PoisonError::into_inner);
        if right.len() >= MOST_REMEMBERED {
            right.clear();
        }
        right.insert(tag);
        Verdict::Admitted
    }

    fn is_right(&self, tag: &[u8]) -> bool {
        self.right.lock().unwrap_or_else(PoisonError::into_inner).contains(tag)
    }

    fn tag(&self, user: &str, password: &[u8]) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(user.as_bytes());
        context.update(b":"); // no name has one
        context.update(password);
        context.sign().as_ref().to_vec()
    }
}

/// The user and the password of a request.
fn credentials(headers: &HeaderMap) -> Option<(String, Vec<u8>)> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, encoded) = value.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = STANDARD.decode(encoded.trim()).ok()?;
    let colon = pair.iter().position(|byte| *byte == b':')?;
    Some((String::from_utf8(pair[..colon].to_vec()).ok()?, pair[colon + 1..].to_vec()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (AUTHORIZATION, value.parse().unwrap())).collect()
    }

    #[test]
    fn credentials_are_read_as_the_standard_has_them() {
        let of = |value: &str| credentials(&headers(&[value]));
        let aladdin = Some(("Aladdin".to_owned(), b"open sesame".to_vec()));
        assert_eq!(of("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), aladdin);
        assert_eq!(of("bAsIc QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), aladdin);
        assert_eq!(of(&format!("Basic {}", STANDARD.encode("a:b:c"))), Some(("a".to_owned(), b"b:c".to_vec())));
        assert_eq!(of(&format!("Basic {}", STANDARD.encode(":"))), Some((String::new(), Vec::new())));
        for bad in ["Basic", "Basic ", "Basic !", "Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Basic bm9jb2xvbg=="] {
            assert_eq!(of(bad), None, "{bad}");
        }
        assert_eq!(credentials(&HeaderMap::new()), None);
        assert_eq!(credentials(&headers(&["Basic YTpi", "Basic YTpi"])), None);
    }
}
