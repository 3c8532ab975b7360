//! How many calls a key may make. Counted in memory, so each instance counts for itself: behind a balancer a key gets so many of each.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// Seconds that calls are counted over.
pub const WINDOW_S: i64 = 60;

#[derive(Clone)]
pub struct Limiter {
    /// Calls a key may make in a window.
    pub calls: u32,
    windows: Arc<Mutex<HashMap<String, Window>>>,
}

#[derive(Clone, Copy)]
struct Window {
    start_s: i64,
    calls: u32,
}

/// Where a key stands after a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub is_over: bool,
    pub remaining: u32,
    /// Seconds until the next window.
    pub resets_s: i64,
}

impl Limiter {
    pub fn new(calls: u32) -> Limiter {
        Limiter { calls, windows: Arc::default() }
    }

    /// Counts one call of a key that is known to be one: strangers leave nothing here.
    pub fn count(&self, key_id: &str, now_s: i64) -> Standing {
        let mut windows = self.windows.lock().expect("no holder of this lock can panic");
        let window = windows.entry(key_id.to_owned()).or_insert(Window { start_s: now_s, calls: 0 });
        if now_s >= window.start_s + WINDOW_S || now_s < window.start_s {
            *window = Window { start_s: now_s, calls: 0 };
        }
        window.calls = window.calls.saturating_add(1);
        Standing { is_over: window.calls > self.calls, remaining: self.calls.saturating_sub(window.calls), resets_s: window.start_s + WINDOW_S - now_s }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_its_calls_in_each_window_and_no_more() {
        let limiter = Limiter::new(50);
        for _ in 1..50 {
            limiter.count("key_1", 100);
        }
        assert_eq!(limiter.count("key_1", 130), Standing { is_over: false, remaining: 0, resets_s: 30 });
        assert!(limiter.count("key_1", 159).is_over);
        assert!(!limiter.count("key_2", 159).is_over);
        assert_eq!(limiter.count("key_1", 160), Standing { is_over: false, remaining: 49, resets_s: 60 });
    }
}
