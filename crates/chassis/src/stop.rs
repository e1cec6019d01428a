//! When to stop: softly at the first signal, at once at the second.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Two signals to stop. The first asks: finish what is begun. The second orders: end now.
#[derive(Debug, Clone, Default)]
pub struct StopSignals {
    /// Cancelled when the program should finish its work and stop.
    pub soft: CancellationToken,
    /// Cancelled when it should end at once.
    pub hard: CancellationToken,
}

impl StopSignals {
    /// SIGTERM and SIGINT: the first one is soft, the second hard.
    ///
    /// # Errors
    /// When the operating system refuses the signal handlers.
    pub fn of_process() -> std::io::Result<Self> {
        let signals = Self::default();
        let (mut terminate, mut interrupt) = (
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
        );
        let tokens = signals.clone();
        tokio::spawn(async move {
            for token in [tokens.soft, tokens.hard] {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                token.cancel();
            }
        });
        Ok(signals)
    }
}
