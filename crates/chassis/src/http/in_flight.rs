//! How many requests are being answered, so that stopping can wait for the last one.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::Bytes;
use tokio::sync::watch;

/// Counts the requests whose answers are not fully handed over yet.
#[derive(Debug, Clone)]
pub struct InFlight(watch::Sender<usize>);

impl Default for InFlight {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl InFlight {
    /// Counts one more, until the guard is dropped.
    pub(super) fn enter(&self) -> Guard {
        self.0.send_modify(|count| *count += 1);
        Guard(self.0.clone())
    }

    /// Waits until there has been none for as long as `quiet`.
    pub async fn none_for(&self, quiet: Duration) {
        let mut count = self.0.subscribe();
        loop {
            // Waiting fails only when the sender is gone, and this one is it.
            let _ = count.wait_for(|count| *count == 0).await;
            if tokio::time::timeout(quiet, count.changed()).await.is_err() {
                return;
            }
        }
    }
}

/// One request that is being answered.
#[derive(Debug)]
pub(super) struct Guard(watch::Sender<usize>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}

/// A body that counts as in flight until it has been sent or given up, and then runs `done`.
pub(super) struct TrackedBody<F: FnOnce() + Unpin> {
    body: BoxBody,
    done: Option<F>,
    _guard: Guard,
}

impl<F: FnOnce() + Unpin> TrackedBody<F> {
    pub(super) fn new(body: BoxBody, guard: Guard, done: F) -> Self {
        Self {
            body,
            done: Some(done),
            _guard: guard,
        }
    }
}

impl<F: FnOnce() + Unpin> Drop for TrackedBody<F> {
    fn drop(&mut self) {
        if let Some(done) = self.done.take() {
            done();
        }
    }
}

impl<F: FnOnce() + Unpin> MessageBody for TrackedBody<F> {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_next(context)
    }
}
