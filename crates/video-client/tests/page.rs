//! What the seed page promises, attacked at its seams: what is cancelled, comes twice, comes late
//! or does not end. In virtual time, against the embedded coordinator.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests measure virtual time, and their helpers fail them"
)]

#[path = "page/active.rs"]
mod active;
#[path = "page/diary.rs"]
mod diary;
#[path = "page/edges.rs"]
mod edges;
#[path = "page/ends.rs"]
mod ends;
#[path = "page/guest_answers.rs"]
mod guest_answers;
#[path = "page/guests.rs"]
mod guests;
#[path = "page/impostors.rs"]
mod impostors;
#[path = "page/lifecycle.rs"]
mod lifecycle;
#[path = "page/lifecycle_ends.rs"]
mod lifecycle_ends;
#[path = "page/location.rs"]
mod location;
#[path = "page/lost_answers.rs"]
mod lost_answers;
#[path = "page/new_guests.rs"]
mod new_guests;
#[path = "page/nobody.rs"]
mod nobody;
#[path = "page/own_user.rs"]
mod own_user;
#[path = "page/pushes.rs"]
mod pushes;
#[path = "page/storms.rs"]
mod storms;
#[path = "page/streams.rs"]
mod streams;
#[path = "it/support.rs"]
mod support;
