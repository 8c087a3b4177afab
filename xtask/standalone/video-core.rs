//! Uses the vocabulary alone.

use video_core::{CallCid, InvalidId, UserId};

fn main() -> Result<(), InvalidId> {
    let user = UserId::new("john")?;
    let call = CallCid::of("default", "standup");
    let (call_type, id) = call.parts()?;
    println!("{user} looks at {id}, a call of type {call_type}");
    Ok(())
}
