//! The tasks of one engine: they end with it, not with the thread that they run on.

use base::Duration;
use std::cell::RefCell;
use std::future::Future;
use tokio::task::{JoinHandle, spawn_local};

/// How long one task may take to end. Unit: time. Tasks only wait for sockets, so they end at once.
const PATIENCE: Duration = Duration::from_millis(250);

/// Everything that was spawned for one engine. Bound: what spawns is bounded itself (clients, lookups).
#[derive(Debug, Default)]
pub(crate) struct Tasks(RefCell<Vec<JoinHandle<()>>>);

impl Tasks {
    /// Runs `task` on this thread until it or the engine ends.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        let mut all = self.0.borrow_mut();
        all.retain(|task| !task.is_finished());
        all.push(spawn_local(task));
    }

    /// Ends all of them, and waits until whatever they held is free.
    pub(crate) async fn end(&self) {
        let all = self.0.take();
        for task in &all {
            task.abort();
        }
        for task in all {
            // What does not end is held up by nobody but itself.
            let _ = tokio::time::timeout(PATIENCE, task).await;
        }
    }
}
