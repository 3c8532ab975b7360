//! Who you are, for every door: sign-in, second factor, sessions, step-up, links that work once.
//!
//! | file | holds |
//! |---|---|
//! | [`member`] | [`Member`]: the customers' door obtains it from the session, and it cannot be had otherwise |
//! | [`session`] | sessions, their tokens, the list a person sees; [`cookies`] carry the tokens |
//! | [`sign_in`] | password, then code: the steps, and what lies between them |
//! | [`step_up`] | a fresh second factor before what costs money |
//! | [`factor`] | checking a code, whichever kind: [`totp`] or [`recovery`] |
//! | [`password`] | rules, hashing, blocklist |
//! | [`throttle`] | delays after failures, keyed so that strangers cannot lock anybody out |
//! | [`people`] | identities, invitations, resets: the actions; [`enrolment`]: those on the second factor |
//! | [`link`] | links that work once |
//! | [`purge`] | what has run out is removed |
//! | [`preferences`] | name, language and time zone a person chose |
//!
//! No page and no word of a page lives here. Every statement is scoped to a vendor.

pub mod cookies;
pub mod enrolment;
pub mod factor;
pub mod link;
pub mod member;
pub mod password;
pub mod people;
pub mod preferences;
pub mod purge;
pub mod recovery;
pub mod session;
pub mod sign_in;
pub mod step_up;
pub mod throttle;
pub mod totp;

pub use enrolment::enrol_totp;
pub use member::{Member, Membership};
pub use people::{Invitation, Invited, accept_invitation, invite};
