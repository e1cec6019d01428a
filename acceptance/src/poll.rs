//! Waiting for something to become true, never longer than a deadline.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use crate::failure::Failure;

const INTERVAL: Duration = Duration::from_millis(150);

/// Asks again and again until the answer is `Ok`, and gives that answer. What stood against it last is part
/// of the failure when the deadline passes first.
pub(crate) async fn until<T>(
    what: &str,
    within: Duration,
    mut ask: impl AsyncFnMut() -> Result<T, Failure>,
) -> Result<T, Failure> {
    let deadline = Instant::now() + within;
    let mut last = String::from("no answer yet");
    loop {
        match timeout_at(deadline, ask()).await {
            Ok(Ok(seen)) => return Ok(seen),
            Ok(Err(failure)) => last = failure.to_string(),
            Err(_) => {}
        }
        if Instant::now() + INTERVAL >= deadline {
            return Err(Failure::NotSeen {
                what: what.to_owned(),
                after: within,
                last,
            });
        }
        sleep(INTERVAL).await;
    }
}

/// Bounds something that is asked once.
pub(crate) async fn within<T>(
    what: &str,
    limit: Duration,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    match tokio::time::timeout(limit, work).await {
        Ok(done) => done,
        Err(_) => Err(Failure::NotSeen {
            what: what.to_owned(),
            after: limit,
            last: String::from("no answer"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::{until, within};
    use crate::failure::{Failure, ensure};
    use std::time::Duration;

    #[tokio::test]
    async fn the_first_good_answer_ends_the_waiting() {
        let mut asked = 0;
        let seen = until("third time", Duration::from_secs(5), async || {
            asked += 1;
            ensure(asked == 3, || format!("asked {asked} times"))?;
            Ok(asked)
        });
        assert_eq!(seen.await.unwrap(), 3);
    }

    #[tokio::test]
    async fn a_passed_deadline_tells_what_was_seen_last() {
        let seen: Result<(), _> = until("never", Duration::from_millis(400), async || {
            Err(Failure::wrong("still shut"))
        })
        .await;
        assert!(seen.unwrap_err().to_string().contains("still shut"));
    }

    #[tokio::test]
    async fn a_question_that_hangs_does_not_outlast_the_deadline() {
        let hanging = until("silent", Duration::from_millis(300), async || {
            std::future::pending::<Result<(), Failure>>().await
        });
        assert!(hanging.await.is_err());
        assert!(
            within(
                "silent",
                Duration::from_millis(50),
                std::future::pending::<Result<(), _>>()
            )
            .await
            .is_err()
        );
    }
}
