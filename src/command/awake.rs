//! Waiting without going to sleep at once. A story's database works on a thread of its own and answers in microseconds, some twenty thousand
//! times: less than it takes to put a thread to sleep and to wake it each time.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;

/// How often the processor is offered to others before this thread sleeps.
const OFFERS: usize = 5;

/// Who is called when the work can go on.
#[derive(Default)]
struct Call {
    came: AtomicBool,
    sleeper: AtomicWaker,
}

impl Wake for Call {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.came.store(true, Ordering::Release);
        self.sleeper.wake();
    }
}

impl Call {
    fn has_come(&self) -> bool {
        self.came.swap(false, Ordering::Acquire)
    }
}

/// What some work comes to that mostly waits for another thread, and for a moment only.
pub async fn awake<T>(work: impl Future<Output = T>) -> T {
    // It is asked again without a return to the runtime, which has tasks give way now and then by saying that they must wait.
    let mut work = pin!(tokio::task::unconstrained(work));
    let call = Arc::new(Call::default());
    let waker = Waker::from(call.clone());
    poll_fn(|sleeping| {
        loop {
            if let Poll::Ready(done) = work.as_mut().poll(&mut Context::from_waker(&waker)) {
                return Poll::Ready(done);
            }
            let came = (0..OFFERS).any(|_| {
                std::thread::yield_now();
                call.has_come()
            });
            if came {
                continue;
            }
            call.sleeper.register(sleeping.waker());
            if !call.has_come() {
                return Poll::Pending;
            }
            call.sleeper.take();
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::{mpsc, oneshot};

    use super::*;

    /// The work goes on wherever the call comes from: at once, from another thread, from a task of the same runtime, from a timer.
    #[tokio::test]
    async fn work_is_taken_up_again_however_it_waits() {
        let done = awake(async {
            let (ask, mut asked) = mpsc::unbounded_channel::<oneshot::Sender<u64>>();
            let answering = std::thread::spawn(move || {
                let mut count = 0;
                while let Some(answer) = asked.blocking_recv() {
                    count += 1;
                    answer.send(count).unwrap();
                }
            });
            let mut sum = 0;
            // More than a runtime's task may do before it gives way.
            for _ in 0..1000 {
                let (answer, answered) = oneshot::channel();
                ask.send(answer).unwrap();
                sum += answered.await.unwrap();
            }
            drop(ask);
            answering.join().unwrap();
            tokio::time::sleep(Duration::from_millis(2)).await;
            sum + tokio::spawn(async { 7 }).await.unwrap()
        });
        assert_eq!(done.await, 500_507);
    }
}
