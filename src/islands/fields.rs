//! Where script runs, a card is typed into the payment gateway's frame inside our page instead of on the gateway's own page. The number
//! never comes near this code: the frame only says that it is done.

use leptos::prelude::*;

/// Tells the form's handler that this browser can show the frame.
#[island]
pub fn FieldsHere() -> impl IntoView {
    let (is_alive, set_alive) = signal(false);
    Effect::new(move |_| set_alive.set(true));
    view! { <input type="hidden" name="fields" value=move || if is_alive.get() { "1" } else { "" } /> }
}

/// Goes on to `next` once the frame says that this setup is finished. Only messages of the gateway's origin about this very setup count.
#[island]
pub fn FieldsDone(
    origin: String,
    /// The gateway's id of the setup.
    reference: String,
    next: String,
) -> impl IntoView {
    let handle = window_event_listener(leptos::ev::message, move |event| {
        if event.origin() == origin && event.data().as_string().as_deref() == Some(reference.as_str()) {
            let _ = window().location().set_href(&next);
        }
    });
    on_cleanup(move || handle.remove());
}
