//! Tokens: running numbers, checks and expiry on request.

use video_core::UserId;

use super::World;
use crate::jwt::{self, Claims, Refusal};

/// From when on a user's tokens count again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Revocation {
    /// Tokens of this coordinator with a lower number are worthless.
    serial: u64,
    /// Other tokens are worthless unless they were issued after this second.
    at: i64,
}

impl World {
    pub(crate) fn next_token(&mut self) -> u64 {
        self.tokens_issued += 1;
        self.tokens_issued
    }

    /// Makes all tokens worthless that the user has so far.
    pub(crate) fn expire_tokens(&mut self, user: &UserId, now: i64) {
        let revocation = Revocation {
            serial: self.tokens_issued,
            at: now,
        };
        self.revocations.insert(user.clone(), revocation);
    }

    /// Says what a token says, if it is good now.
    pub(crate) fn check_token(
        &self,
        token: &str,
        secret: &str,
        now: i64,
    ) -> Result<Claims, Refusal> {
        let claims = jwt::verify(token, secret.as_bytes(), now)?;
        if self.is_revoked(&claims) {
            return Err(Refusal::Expired);
        }
        Ok(claims)
    }

    fn is_revoked(&self, claims: &Claims) -> bool {
        let Some(revocation) = self.revocations.get(&claims.user) else {
            return false;
        };
        #[expect(clippy::cast_precision_loss, reason = "seconds are far below 2^53")]
        let at = revocation.at as f64;
        match claims.serial {
            Some(serial) => serial <= revocation.serial,
            None => claims.issued_at.is_none_or(|issued| issued <= at),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::token::TokenSpec;

    fn john() -> UserId {
        UserId::new("john").unwrap()
    }

    #[test]
    fn expiry_on_request_spares_later_tokens_of_the_same_second() {
        let mut world = World::new(0);
        let issue = |world: &mut World| TokenSpec::user("john").sign("s", 10, world.next_token());
        let old = issue(&mut world);
        world.expire_tokens(&john(), 10);
        let new = issue(&mut world);
        assert_eq!(world.check_token(&old, "s", 10), Err(Refusal::Expired));
        assert_eq!(world.check_token(&new, "s", 10).unwrap().user, "john");
    }

    #[test]
    fn foreign_tokens_are_judged_by_their_time_of_issue() {
        let mut world = World::new(0);
        world.expire_tokens(&john(), 10);
        let foreign = |issued: Option<i64>| {
            let mut claims = Map::new();
            claims.insert("user_id".to_owned(), "john".into());
            if let Some(issued) = issued {
                claims.insert("iat".to_owned(), issued.into());
            }
            jwt::sign(&claims, b"s")
        };
        let check = |issued| world.check_token(&foreign(issued), "s", 20);
        assert_eq!(check(None), Err(Refusal::Expired));
        assert_eq!(check(Some(10)), Err(Refusal::Expired));
        assert_eq!(check(Some(11)).unwrap().user, "john");
    }

    #[test]
    fn expiry_of_one_user_is_not_that_of_another() {
        let mut world = World::new(0);
        let token = TokenSpec::user("jane").sign("s", 10, world.next_token());
        world.expire_tokens(&john(), 10);
        assert!(world.check_token(&token, "s", 10).is_ok());
    }
}
