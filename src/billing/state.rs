//! The states of a subscription and the table of what may follow what.
//!
//! What deliberately does not live here: scheduled changes (a plan for later is no state) and what an event costs
//! ([`crate::subscription`]).

use serde::{Deserialize, Serialize};

/// Where a subscription is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Agreed, to start later.
    Scheduled,
    Trialing,
    Active,
    PastDue,
    Paused,
    Cancelled,
}

/// What may happen to a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    StartTrial,
    Start,
    EndTrial,
    FailPayment,
    RecoverPayment,
    Change,
    Pause,
    Resume,
    Cancel,
    Reactivate,
}

/// Why an event is refused in a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum StateError {
    #[error("The subscription has not started yet.")]
    NotStarted,
    #[error("The subscription has started already.")]
    AlreadyStarted,
    #[error("The subscription is not in a trial.")]
    NoTrial,
    #[error("A trial cannot be paused, since nothing is charged for it yet.")]
    TrialCannotPause,
    #[error("The subscription is paused already.")]
    AlreadyPaused,
    #[error("The subscription is paused; resume it first.")]
    PausedFirstResume,
    #[error("The subscription is not paused.")]
    NotPaused,
    #[error("The subscription has ended.")]
    Ended,
    #[error("The subscription has not ended.")]
    NotEnded,
    #[error("No payment of the subscription is overdue.")]
    NothingOverdue,
    #[error("Nothing has been charged for the subscription yet.")]
    NothingCharged,
}

impl State {
    pub const ALL: [Self; 6] = [Self::Scheduled, Self::Trialing, Self::Active, Self::PastDue, Self::Paused, Self::Cancelled];

    /// Whether the customer may use what the subscription gives. Until dunning decides, a late payer may.
    pub fn is_entitled(self) -> bool {
        matches!(self, Self::Trialing | Self::Active | Self::PastDue)
    }

    /// The state after an event, or why the event is refused. Every pair is written out: a new state or event does not compile
    /// until somebody has decided.
    ///
    /// Undoing a cancellation that has not taken effect is no event here: the state has not changed yet.
    pub fn after(self, event: Event) -> Result<Self, StateError> {
        use Event::{Cancel, Change, EndTrial, FailPayment, Pause, Reactivate, RecoverPayment, Resume, Start, StartTrial};
        match (self, event) {
            (Self::Scheduled, Start) => Ok(Self::Active),
            (Self::Scheduled, StartTrial) => Ok(Self::Trialing),
            (Self::Scheduled, Change) => Ok(Self::Scheduled),
            (Self::Scheduled, Cancel) => Ok(Self::Cancelled),
            (Self::Scheduled, EndTrial | FailPayment | RecoverPayment | Pause | Resume | Reactivate) => Err(StateError::NotStarted),

            (Self::Trialing, EndTrial) => Ok(Self::Active),
            (Self::Trialing, Change) => Ok(Self::Trialing),
            (Self::Trialing, Cancel) => Ok(Self::Cancelled),
            (Self::Trialing, FailPayment | RecoverPayment) => Err(StateError::NothingCharged),
            (Self::Trialing, Pause) => Err(StateError::TrialCannotPause),

            (Self::Active, FailPayment) => Ok(Self::PastDue),
            (Self::Active, RecoverPayment) => Err(StateError::NothingOverdue),
            (Self::Active, Change) => Ok(Self::Active),
            (Self::Active, Pause) => Ok(Self::Paused),
            (Self::Active, Cancel) => Ok(Self::Cancelled),

            (Self::PastDue, FailPayment | Change) => Ok(Self::PastDue),
            (Self::PastDue, RecoverPayment) => Ok(Self::Active),
            (Self::PastDue, Pause) => Ok(Self::Paused),
            (Self::PastDue, Cancel) => Ok(Self::Cancelled),

            // A payment may fail or recover while the subscription rests; that wakes nothing.
            (Self::Paused, FailPayment | RecoverPayment) => Ok(Self::Paused),
            (Self::Paused, Resume) => Ok(Self::Active),
            (Self::Paused, Cancel) => Ok(Self::Cancelled),
            (Self::Paused, Change) => Err(StateError::PausedFirstResume),
            (Self::Paused, Pause) => Err(StateError::AlreadyPaused),

            (Self::Cancelled, FailPayment | RecoverPayment) => Ok(Self::Cancelled),
            (Self::Cancelled, Reactivate) => Ok(Self::Active),
            (Self::Cancelled, Start | StartTrial | EndTrial | Change | Pause | Resume | Cancel) => Err(StateError::Ended),

            (Self::Trialing | Self::Active | Self::PastDue | Self::Paused, Start | StartTrial) => Err(StateError::AlreadyStarted),
            (Self::Active | Self::PastDue | Self::Paused, EndTrial) => Err(StateError::NoTrial),
            (Self::Trialing | Self::Active | Self::PastDue, Resume) => Err(StateError::NotPaused),
            (Self::Trialing | Self::Active | Self::PastDue | Self::Paused, Reactivate) => Err(StateError::NotEnded),
        }
    }
}
