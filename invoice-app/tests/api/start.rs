//! The program's first and last moments.

use std::process::{Command, Output};

fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_invoice-app"))
        .args(arguments)
        .env_clear()
        .envs(environment.iter().copied())
        .output()
        .unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn help_lists_every_variable() {
    let output = run(&["--help"], &[]);
    assert_eq!(output.status.code(), Some(0));
    let help = String::from_utf8(output.stdout).unwrap();
    for variable in <invoice_app::Config as chassis::config::Settings>::variables() {
        assert!(help.contains(&variable.name()), "{}", variable.name());
    }
    assert!(help.contains("PAYMENT_PROVIDER_URL"));
}

#[test]
fn a_missing_variable_is_named_and_the_exit_code_is_78() {
    let output = run(&[], &[]);
    assert_eq!(output.status.code(), Some(78));
    assert!(
        errors(&output).contains("PAYMENT_PROVIDER_URL is not set"),
        "{}",
        errors(&output)
    );
}

#[test]
fn a_wrong_variable_is_named_and_the_exit_code_is_78() {
    for (name, value) in [
        ("PAYMENT_PROVIDER_URL", "somewhere"),
        ("PAY_ALL_PARALLELISM", "many"),
        ("PAYMENT_TIMEOUT", "5"),
        ("PAY_ALL_DEADLINE", "30s"),
        ("STOP_PAUSE", "35s"),
        ("DATABASE_URL", "mysql://root:hunter2@db/x"),
        ("LOG_FILTER", "a=b=c"),
    ] {
        let output = run(
            &[],
            &[
                ("PAYMENT_PROVIDER_URL", "http://127.0.0.1:9"),
                ("LISTEN_ADDRESS", "127.0.0.1:0"),
                ("MANAGEMENT_ADDRESS", "127.0.0.1:0"),
                (name, value),
            ],
        );
        assert_eq!(
            output.status.code(),
            Some(78),
            "{name}: {}",
            errors(&output)
        );
        assert!(errors(&output).contains(name), "{}", errors(&output));
        assert!(!errors(&output).contains("hunter2"));
    }
}

#[test]
fn half_configured_tls_is_refused_with_a_sentence() {
    let start = |url: &str, variables: &[(&str, &str)]| {
        let always = [
            ("PAYMENT_PROVIDER_URL", url),
            ("LISTEN_ADDRESS", "127.0.0.1:0"),
            ("MANAGEMENT_ADDRESS", "127.0.0.1:0"),
        ];
        let output = run(&[], &[&always[..], variables].concat());
        assert_eq!(output.status.code(), Some(78), "{}", errors(&output));
        errors(&output)
    };
    let all = [
        ("PAYMENT_PROVIDER_CA", "/nowhere/ca.crt"),
        ("PAYMENT_PROVIDER_CLIENT_CERTIFICATE", "/nowhere/tls.crt"),
        ("PAYMENT_PROVIDER_CLIENT_KEY", "/nowhere/tls.key"),
    ];
    for (name, value) in all {
        let said = start("https://127.0.0.1:9", &[(name, value)]);
        assert!(said.contains("half configured"), "{said}");
        assert!(said.contains(&format!("but {name} is")), "{said}");
    }
    let said = start("https://127.0.0.1:9", &all);
    assert!(said.contains("/nowhere/tls.crt cannot be read"), "{said}");
    let said = start("http://127.0.0.1:9", &all);
    assert!(said.contains("nothing would be encrypted"), "{said}");
}
