//! Who a request comes from, and whether it may come in.

use super::read::Read;
use crate::jwt::Refusal;
use crate::rest::Operation;
use crate::shared::Shared;
use crate::wire::error::{AUTH, ApiError, BAD_KEY};
use crate::world::{ANONYMOUS, Caller, World};

/// The kind of authentication of those who have no name.
const ANONYMOUS_KIND: &str = "anonymous";

/// Checks the key and, unless nobody needs one here, the token. The kind that the request
/// announces decides whose token it must be.
pub(super) fn admit(shared: &Shared, world: &World, read: &Read) -> Result<Caller, ApiError> {
    let config = &shared.config;
    if read.query.get("api_key") != Some(config.api_key.as_str()) {
        return Err(ApiError::new(BAD_KEY, "the API key is not valid"));
    }
    let anonymous = read.call.auth_type.as_deref() == Some(ANONYMOUS_KIND);
    let public = read.operation.as_ref().is_ok_and(Operation::is_public);
    if anonymous && (public || read.token.is_empty()) {
        return Ok(Caller::Anonymous(Vec::new()));
    }
    let checked = world.check_token(&read.token, &config.secret, shared.clock.unix());
    let claims = checked.map_err(refused)?;
    match (anonymous, claims.user == ANONYMOUS) {
        (false, false) => Ok(Caller::User(claims.user)),
        (true, true) => Ok(Caller::Anonymous(claims.call_cids)),
        (true, false) => Err(ApiError::new(
            AUTH,
            "an anonymous request with a user's token",
        )),
        (false, true) => Err(ApiError::new(AUTH, "a token for anonymous requests alone")),
    }
}

fn refused(refusal: Refusal) -> ApiError {
    let code = refusal.code();
    debug_assert!(code == AUTH || code >= 40);
    ApiError::new(code, refusal.message())
}
