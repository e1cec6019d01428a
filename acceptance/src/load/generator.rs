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
    async fn ask(&self, kind: Kind) -> Result<Done, Failure> {
        match (kind, self.choose(kind)) {
            (Kind::Create, _) => return Ok(self.create().await?),
            (Kind::Pay, Some(invoice)) => return self.pay(invoice).await,
            (Kind::Invoice, Some(invoice)) => drop(self.app.invoice(invoice).await?),
            (Kind::Payments, Some(invoice)) => drop(self.app.payments_of(invoice).await?),
            (Kind::DropInList, _) => drop(self.app.drop_in_invoices().await?),
            // Nothing is there yet to be paid or read by itself.
            _ => {
                let page = self.app.0.get("/v1/invoices?limit=20").await?;
                drop(page.expect(200)?.json::<Page<Invoice>>()?);
            }
        }
        Ok(Done::Read)
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

    /// Nothing that is paid here has an amount that should be declined.
    async fn pay(&self, invoice: Uuid) -> Result<Done, Failure> {
        let answer = self.app.pay(invoice).await?.expect_any(&[200, 202])?;
        let (asked, status) = (answer.asked.clone(), answer.status);
        let state = answer.json::<Payment>()?.state;
        match (status, state.as_str()) {
            (200, "succeeded") => Ok(Done::Paid),
            (202, _) => Ok(Done::Undecided),
            _ => Err(Failure::wrong(format!(
                "{asked}: {status}, the payment is {state}"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{LoadReport, none_failed};
    use super::{Load, locked};
    use crate::failure::ensure;
    use crate::poll;
    use std::io::{Read, Write};
    use std::net::{Shutdown, TcpListener};
    use std::time::Duration;

    const PATIENCE: Duration = Duration::from_secs(20);

    type Answer = (&'static str, &'static str);

    /// Answers every request with this status and body.
    fn stand_in(status: &'static str, body: &'static str) -> String {
        standing_in(move |_| (status, body))
    }

    /// Answers every request as its first line has it.
    fn standing_in(answer: impl Fn(&str) -> Answer + Copy + Send + 'static) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                std::thread::spawn(move || {
                    let mut request = [0; 4096];
                    let length = stream.read(&mut request).unwrap_or(0);
                    let request = String::from_utf8_lossy(&request[..length]);
                    let (status, body) = answer(request.lines().next().unwrap_or_default());
                    let length = body.len();
                    let head = format!(
                        "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
                    );
                    let _ = stream.write_all(format!("{head}{body}").as_bytes());
                    // What is closed with something unread is reset, and the answer may be lost.
                    let _ = stream.shutdown(Shutdown::Write);
                    let _ = std::io::copy(&mut stream, &mut std::io::sink());
                });
            }
        });
        url
    }

    const INVOICE: &str = r#"{"id":"018f2c5e-0000-7000-8000-000000000001","number":"1","amount":"7.31","currency":"EUR","state":"open"}"#;
    const SUCCEEDED: &str = r#"{"id":"018f2c5e-0000-7000-8000-000000000002","invoice_id":"018f2c5e-0000-7000-8000-000000000001","amount":"7.31","currency":"EUR","state":"succeeded","tries":1}"#;
    const DECLINED: &str = r#"{"id":"018f2c5e-0000-7000-8000-000000000002","invoice_id":"018f2c5e-0000-7000-8000-000000000001","amount":"7.31","currency":"EUR","state":"declined","tries":1}"#;
    const UNKNOWN: &str = r#"{"id":"018f2c5e-0000-7000-8000-000000000002","invoice_id":"018f2c5e-0000-7000-8000-000000000001","amount":"7.31","currency":"EUR","state":"unknown","tries":3}"#;

    /// Some rounds of requests to an invoice-app that answers all as it should, and payments so.
    async fn report_where_payments_are(
        paid: impl Fn() -> Answer + Copy + Send + 'static,
    ) -> LoadReport {
        let url = standing_in(move |line| match line.split(' ').collect::<Vec<_>>()[..] {
            ["POST", "/v1/invoices", _] => ("201 Created", INVOICE),
            ["POST", ..] => paid(),
            ["GET", "/invoices", _] => ("200 OK", "[]"),
            ["GET", path, _] if path.contains('?') => ("200 OK", r#"{"items":[],"next":null}"#),
            ["GET", path, _] if path.ends_with("/payments") => ("200 OK", r#"{"items":[]}"#),
            _ => ("200 OK", INVOICE),
        });
        let load = Load::start(&url, 100).unwrap();
        poll::until("three rounds", PATIENCE, async || {
            let ended = locked(&load.shared.tally).count();
            ensure(ended >= 60, || format!("{ended} ended"))
        })
        .await
        .unwrap();
        load.stop().await.unwrap()
    }

    async fn half_a_second(url: &str) -> LoadReport {
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
    async fn a_payment_that_is_put_off_or_declined_is_not_nothing_failed() {
        let paid = report_where_payments_are(|| ("200 OK", SUCCEEDED)).await;
        none_failed(&paid, 1).unwrap();

        let put_off = report_where_payments_are(|| ("202 Accepted", UNKNOWN)).await;
        assert_eq!(put_off.failed, 0, "{put_off:?}");
        assert!(put_off.undecided > 0, "{put_off:?}");
        let some_paid = LoadReport { paid: 1, ..put_off };
        let why = none_failed(&some_paid, 1).unwrap_err().to_string();
        assert!(why.contains("payment-provider was away"), "{why}");

        let declined = report_where_payments_are(|| ("200 OK", DECLINED)).await;
        assert!(declined.failed > 0, "{declined:?}");
        let why = none_failed(&declined, 1).unwrap_err().to_string();
        assert!(why.contains("the payment is declined"), "{why}");
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
