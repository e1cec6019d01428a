//! What was answered is kept.

use crate::process::{Process, database_in};

#[test]
fn a_kill_right_after_the_answer_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..5 {
        let id = format!("0198c0de-0000-7000-8000-00000000000{round}");
        let body = format!(r#"{{"id":"{id}","amount":"12.15","currency":"EUR"}}"#);
        let process = Process::on(&database_in(&folder));
        let (status, first) = process.request("POST", "/v1/payments", "", &body);
        process.kill();
        assert_eq!(status, 201, "{first}");

        let process = Process::on(&database_in(&folder));
        let read = process.request("GET", &format!("/v1/payments/{id}"), "", "");
        assert_eq!(read, (200, first.clone()));
        let again = process.request("POST", "/v1/payments", "", &body);
        assert_eq!(again, (200, first));
    }
}
