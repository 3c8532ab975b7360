//! The two times. Wall time is the world's: sessions, quotes, rate limits and signatures live by it. Billing time is the vendor's: a
//! sandbox may set it. Both are read once at the start of an action and passed on as values; nothing below a door asks again.

use std::sync::Mutex;

use chrono::{DateTime, TimeZone, Utc};

pub type Instant = DateTime<Utc>;

/// The moment an action happens at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    pub wall: Instant,
    pub billing: Instant,
}

impl Now {
    /// Unix milliseconds of wall time, as the columns keep it.
    pub fn wall_ms(&self) -> i64 {
        self.wall.timestamp_millis()
    }

    /// Unix milliseconds of billing time.
    pub fn billing_ms(&self) -> i64 {
        self.billing.timestamp_millis()
    }
}

/// Where wall time comes from.
pub enum Clock {
    System,
    /// Stands still until told: for tests.
    Set(Mutex<Instant>),
}

impl Clock {
    pub fn at(instant: Instant) -> Clock {
        Clock::Set(Mutex::new(instant))
    }

    pub fn wall(&self) -> Instant {
        match self {
            Clock::System => Utc::now(),
            Clock::Set(now) => *now.lock().expect("no holder of this lock can panic"),
        }
    }

    /// Moves a set clock. A system clock is not ours to move.
    pub fn set(&self, instant: Instant) {
        if let Clock::Set(now) = self {
            *now.lock().expect("no holder of this lock can panic") = instant;
        }
    }
}

/// The instant a column of unix milliseconds holds. Values outside chrono's range (a damaged row) become the nearest end.
pub fn from_ms(ms: i64) -> Instant {
    Utc.timestamp_millis_opt(ms).single().unwrap_or(if ms < 0 { DateTime::<Utc>::MIN_UTC } else { DateTime::<Utc>::MAX_UTC })
}
