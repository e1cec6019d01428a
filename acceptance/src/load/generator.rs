//! Sends requests when they are due. One that is answered late delays no other, and its wait counts from the
//! moment when it was due.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval};
use uuid::Uuid;

use super::mix::{Kind, kind};
use super::tally::{Done, LoadReport, Tally};
use crate::client::{Door, Http, HttpError, InvoiceApp};
use crate::failure::Failure;
use crate::wire::{Invoice, Page, Payment};

/// More than are unanswered when each takes two seconds. Beyond that requests fail unsent, so that a
/// deployment that hangs does not take this machine with it.
const UNANSWERED_AT_MOST: usize = 512;
/// How many of the last invoices are read again.
const REMEMBERED: usize = 200;

/// Requests on their way to invoice-app, until they are stopped.
pub(crate) struct Load {
    shared: Arc<Shared>,
    sending: JoinHandle<()>,
    began: Instant,
}

struct Shared {
    app: InvoiceApp,
    stopped: AtomicBool,
    tally: Mutex<Tally>,
    invoices: Mutex<Invoices>,
}

#[derive(Default)]
struct Invoices {
    unpaid: VecDeque<Uuid>,
    known: VecDeque<Uuid>,
}

impl Drop for Load {
    fn drop(&mut self) {
        self.sending.abort();
    }
}

impl Load {
    /// Begins to send `rate` requests a second to invoice-app at `url`.
    pub(crate) fn start(url: &str, rate: u32) -> Result<Self, HttpError> {
        let http = Http::keeping_connections()?;
        let shared = Arc::new(Shared {
            app: InvoiceApp(Door::new(&http, url, "invoice-app")),
            stopped: AtomicBool::new(false),
            tally: Mutex::default(),
            invoices: Mutex::default(),
        });
        let sending = tokio::spawn(send(Arc::clone(&shared), rate));
        Ok(Self {
            shared,
            sending,
            began: Instant::now(),
        })
    }

    /// What goes on from now on, for the words of a failure.
    pub(crate) fn phase(&self, name: &str) {
        name.clone_into(&mut locked(&self.shared.tally).phase);
    }

    /// Sends no more, waits for what is unanswered, and tells what became of all.
    pub(crate) async fn stop(mut self) -> Result<LoadReport, Failure> {
        self.shared.stopped.store(true, Ordering::Relaxed);
        let ended = (&mut self.sending).await;
        ended.map_err(|error| Failure::wrong(format!("the load generator failed: {error}")))?;
        let tally = std::mem::take(&mut *locked(&self.shared.tally));
        Ok(tally.report(self.began.elapsed()))
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn send(shared: Arc<Shared>, rate: u32) {
    let mut due = interval(Duration::from_secs(1) / rate.max(1));
    // What this machine was too busy to send is sent late, not left out.
    due.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut unanswered = JoinSet::new();
    for number in 0.. {
        let due = due.tick().await;
        if shared.stopped.load(Ordering::Relaxed) {
            break;
        }
        while unanswered.try_join_next().is_some() {}
        if unanswered.len() >= UNANSWERED_AT_MOST {
            let why = format!("not sent, for {UNANSWERED_AT_MOST} requests are unanswered");
            locked(&shared.tally).failed(&why, due.elapsed());
            continue;
        }
        unanswered.spawn(one(Arc::clone(&shared), kind(number), due));
    }
    while unanswered.join_next().await.is_some() {}
}

async fn one(shared: Arc<Shared>, kind: Kind, due: Instant) {
    let answered = shared.ask(kind).await;
    let mut tally = locked(&shared.tally);
    match answered {
        Ok(done) => tally.done(done, due.elapsed()),
        Err(error) => tally.failed(&error.to_string(), due.elapsed()),
    }
}

impl Shared {
    async fn ask(&self, kind: Kind) -> Result<Done, HttpError> {
        match (kind, self.choose(kind)) {
            (Kind::Create, _) => self.create().await,
            (Kind::Pay, Some(invoice)) => self.pay(invoice).await,
            (Kind::Invoice, Some(invoice)) => self.app.invoice(invoice).await.map(read),
            (Kind::Payments, Some(invoice)) => self.app.payments_of(invoice).await.map(read),
            (Kind::DropInList, _) => self.app.drop_in_invoices().await.map(read),
            // Nothing is there yet to be paid or read by itself.
            _ => {
                let page = self.app.0.get("/v1/invoices?limit=20").await?;
                page.expect(200)?.json::<Page<Invoice>>().map(read)
            }
        }
    }

    /// The invoice that the request is about: each is paid once, the last ones are read in turn.
    fn choose(&self, kind: Kind) -> Option<Uuid> {
        let mut invoices = locked(&self.invoices);
        match kind {
            Kind::Pay => invoices.unpaid.pop_front(),
            Kind::Invoice | Kind::Payments => {
                let known = invoices.known.pop_front()?;
                invoices.known.push_back(known);
                Some(known)
            }
            _ => None,
        }
    }

    async fn create(&self) -> Result<Done, HttpError> {
        let made = self.app.create("7.31", "EUR").await?;
        let mut invoices = locked(&self.invoices);
        invoices.unpaid.push_back(made.id);
        invoices.known.push_back(made.id);
        if invoices.known.len() > REMEMBERED {
            invoices.known.pop_front();
        }
        Ok(Done::Created)
    }

    async fn pay(&self, invoice: Uuid) -> Result<Done, HttpError> {
        let answer = self.app.pay(invoice).await?.expect_any(&[200, 202])?;
        let payment: Payment = answer.json()?;
        Ok(if payment.state == "succeeded" {
            Done::Paid
        } else {
            Done::Undecided
        })
    }
}

fn read<T>(_: T) -> Done {
    Done::Read
}

#[cfg(test)]
mod tests {
    use super::{Load, locked};
    use crate::failure::ensure;
    use crate::poll;
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::time::Duration;

    const PATIENCE: Duration = Duration::from_secs(20);

    /// Answers every request with this status and body.
    fn stand_in(status: &'static str, body: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                std::thread::spawn(move || {
                    let _ = stream.read(&mut [0; 4096]);
                    let length = body.len();
                    let head = format!(
                        "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
                    );
                    let _ = stream.write_all(format!("{head}{body}").as_bytes());
                });
            }
        });
        url
    }

    async fn half_a_second(url: &str) -> super::LoadReport {
        let load = Load::start(url, 100).unwrap();
        load.phase("trying");
        tokio::time::sleep(Duration::from_millis(500)).await;
        load.stop().await.unwrap()
    }

    #[tokio::test]
    async fn requests_are_sent_at_their_rate() {
        let load = Load::start(&stand_in("503 Service Unavailable", "{}"), 100).unwrap();
        // A busy machine comes late to all of it, never early.
        let count = || locked(&load.shared.tally).count();
        poll::until("51 requests", PATIENCE, async || {
            ensure(count() >= 51, || format!("{} ended", count()))
        })
        .await
        .unwrap();
        let took = load.began.elapsed();
        // The first is due at once.
        assert!(took >= Duration::from_millis(495), "{took:?}");
        let report = load.stop().await.unwrap();
        let due = report.took.as_millis() / 10 + 1;
        assert!(u128::from(report.requests) <= due, "{report:?}, {due} due");
    }

    #[tokio::test]
    async fn every_answer_that_is_not_the_wanted_one_is_a_failure() {
        let report = half_a_second(&stand_in("503 Service Unavailable", "{}")).await;
        assert_eq!(report.failed, report.requests);
        assert!(report.failures[0].starts_with("trying") && report.failures[0].contains("503"));
        let report = half_a_second(&stand_in("200 OK", r#"{"items":[],"next":null}"#)).await;
        assert!(report.failed > 0, "a list is no page, and 200 is not 201");
        assert!(
            report.failed < report.requests,
            "pages are as they should be"
        );
    }
}
