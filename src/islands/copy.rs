//! A button that copies a text, and says that it did.

use leptos::prelude::*;

/// Hidden until it is alive: without script there is nothing to press.
#[island]
pub fn CopyButton(
    /// What is copied.
    text: String,
    label: String,
    /// Shown for two seconds afterwards.
    done: String,
) -> impl IntoView {
    let (is_alive, set_alive) = signal(false);
    let (is_done, set_done) = signal(false);
    Effect::new(move |_| set_alive.set(true));
    let copy = move |_| {
        let _ = window().navigator().clipboard().write_text(&text);
        set_done.set(true);
        set_timeout(move || set_done.set(false), std::time::Duration::from_secs(2));
    };
    view! {
        <button type="button" class="btn plain small" hidden=move || !is_alive.get() on:click=copy aria-live="polite">
            {move || if is_done.get() { done.clone() } else { label.clone() }}
        </button>
    }
}
