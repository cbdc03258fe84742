//! What takes time, on a thread of its own.

use control::{Code, ErrorObject};
use std::future::Future;
use tokio::sync::oneshot;

/// Runs `work`, which is bounded by itself, on a thread called `name`; nobody waits for its end when the engine ends.
pub(crate) fn run<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> impl Future<Output = Result<T, ErrorObject>> + 'static {
    let (done, waits) = oneshot::channel();
    let thread = std::thread::Builder::new().name(name.to_owned());
    let started = thread.spawn(move || {
        // Who asked may be gone.
        let _ = done.send(work());
    });
    async move {
        let failed = |why: String| ErrorObject::new(Code::ENGINE_BUSY, why);
        started.map_err(|why| failed(format!("no thread can be started: {why}")))?;
        waits.await.map_err(|_| failed("it panicked".to_owned()))
    }
}
