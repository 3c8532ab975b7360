//! Reads a chart out: the value under the pointer, and under the arrow keys. The drawing and its words come from the server; this only
//! says which bar is meant.

use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::{Element, Event, KeyboardEvent, PointerEvent};

/// Wraps a drawn chart. Once alive it can be focused and moved through like a slider whose values are the bars' readings.
#[island]
pub fn ChartReader(
    /// What the keys move through: "Each day, with arrow keys".
    label: String,
    children: Children,
) -> impl IntoView {
    let frame = NodeRef::<leptos::html::Div>::new();
    let (is_alive, set_alive) = signal(false);
    let (at, set_at) = signal(None::<u32>);
    let (reading, set_reading) = signal(String::new());
    let (count, set_count) = signal(0_u32);

    let bar = move |n: u32| -> Option<Element> { frame.get_untracked()?.query_selector_all(".day").ok()?.get(n)?.dyn_into().ok() };
    let show = move |next: Option<u32>| {
        if let Some(old) = at.get_untracked().and_then(bar) {
            let _ = old.remove_attribute("data-on");
        }
        if let Some(new) = next.and_then(bar) {
            let _ = new.set_attribute("data-on", "");
            let text = new.query_selector(".read").ok().flatten().and_then(|text| text.text_content());
            set_reading.set(text.unwrap_or_default());
        }
        set_at.set(next);
    };
    // Where reading begins: today, or the first bar.
    let begin = move || -> u32 { (0..count.get_untracked()).find(|n| bar(*n).is_some_and(|bar| bar.matches(".today").unwrap_or(false))).unwrap_or(0) };

    Effect::new(move |_| {
        if let Some(frame) = frame.get() {
            set_count.set(frame.query_selector_all(".day").map_or(0, |days| days.length()));
            set_alive.set(true);
        }
    });
    let on_key = move |event: KeyboardEvent| {
        let last = count.get_untracked().saturating_sub(1);
        let here = at.get_untracked().unwrap_or_else(begin);
        let next = match event.key().as_str() {
            "ArrowRight" | "ArrowUp" => (here + 1).min(last),
            "ArrowLeft" | "ArrowDown" => here.saturating_sub(1),
            "PageUp" => (here + 7).min(last),
            "PageDown" => here.saturating_sub(7),
            "Home" => 0,
            "End" => last,
            "Escape" => return show(None),
            _ => return,
        };
        event.prevent_default();
        show(Some(next));
    };
    let on_pointer = move |event: PointerEvent| {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let Some(under) = target.and_then(|target| target.closest(".day").ok().flatten()) else { return };
        if under.has_attribute("data-on") {
            return;
        }
        show((0..count.get_untracked()).find(|n| bar(*n).is_some_and(|bar| bar.is_same_node(Some(&under)))));
    };
    let on_focus = move |_: Event| {
        if at.get_untracked().is_none() {
            show(Some(begin()));
        }
    };
    view! {
        <div
            node_ref=frame class="reader" class:reading=move || at.get().is_some()
            role=move || is_alive.get().then_some("slider") tabindex=move || is_alive.get().then_some("0") aria-label=move || is_alive.get().then(|| label.clone())
            aria-valuemin=move || is_alive.get().then_some("1") aria-valuemax=move || is_alive.get().then(|| count.get())
            aria-valuenow=move || is_alive.get().then(|| at.get().unwrap_or(0) + 1) aria-valuetext=move || is_alive.get().then(|| reading.get())
            on:keydown=on_key on:pointermove=on_pointer on:pointerdown=on_pointer on:pointerleave=move |_| show(None) on:focus=move |event| on_focus(event.into()) on:blur=move |_| show(None)
        >
            {children()}
        </div>
    }
}
