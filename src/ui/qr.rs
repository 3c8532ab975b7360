//! A QR code as a picture: one path of dark squares, on white whatever the page's colours are.

use std::fmt::Write as _;

use leptos::prelude::*;

use crate::platform::qr::{QUIET_ZONE, Squares};

/// The picture, and what it says to who cannot see it. `None`: the text is longer than a code can be.
pub fn qr(text: &str, label: String) -> Option<impl IntoView + use<>> {
    let squares = Squares::of(text)?;
    let mut d = String::new();
    for (x, y, length) in squares.dark() {
        let _ = write!(d, "M{} {}h{length}v1h-{length}z", x + QUIET_ZONE, y + QUIET_ZONE);
    }
    let view_box = format!("0 0 {0} {0}", squares.size() + 2 * QUIET_ZONE);
    Some(view! { <svg class="qr" viewBox=view_box role="img" aria-label=label shape-rendering="crispEdges"><path d=d /></svg> })
}
