use manifests::Document;
use serde_json::{Value, json};

use crate::support::rendered;
use crate::support::workload::{containers, deployments, environment};

/// Which variables of which app name which file of its Secret.
const FILES: [(&str, &[(&str, &str)]); 2] = [
    (
        "invoice-app",
        &[
            ("PAYMENT_PROVIDER_CLIENT_CERTIFICATE", "tls.crt"),
            ("PAYMENT_PROVIDER_CLIENT_KEY", "tls.key"),
            ("PAYMENT_PROVIDER_CA", "ca.crt"),
        ],
    ),
    (
        "payment-provider",
        &[
            ("TLS_CERTIFICATE", "tls.crt"),
            ("TLS_KEY", "tls.key"),
            ("TLS_CLIENT_CA", "ca.crt"),
        ],
    ),
];

#[test]
fn both_services_read_their_identity_from_the_secret_of_their_own_name_in_every_environment() {
    for deployment in deployments() {
        let secret = &deployment.list("/spec/template/spec/volumes")[0]["secret"];
        let name = format!("{}-tls", deployment.name());
        assert_eq!(secret["secretName"], name, "{deployment}");
        assert_eq!(secret["defaultMode"], 0o440, "{deployment}");
        let group = deployment.at("/spec/template/spec/securityContext/fsGroup");
        assert_eq!(group, Some(&json!(65532)), "{deployment}");
        let container = containers(deployment).next().unwrap();
        let mount = json!([{"name": "tls", "mountPath": "/etc/tls", "readOnly": true}]);
        assert_eq!(container["volumeMounts"], mount, "{deployment}");
        let (_, files) = FILES
            .iter()
            .find(|(app, _)| *app == deployment.name())
            .unwrap();
        for (variable, file) in *files {
            let path = format!("/etc/tls/{file}");
            assert_eq!(
                environment(container, variable),
                Some(path.as_str()),
                "{deployment}: {variable}"
            );
            assert!(
                mounted(secret).contains(&json!(file)),
                "{deployment}: {file}"
            );
        }
    }
}

#[test]
fn payment_provider_lets_in_invoice_app_alone_and_is_called_by_https() {
    for deployment in deployments() {
        let container = containers(deployment).next().unwrap();
        let (variable, value) = match deployment.name() {
            "invoice-app" => ("PAYMENT_PROVIDER_URL", "https://payment-provider.payments"),
            _ => ("TLS_ALLOWED_CLIENTS", "invoice-app.invoice.svc"),
        };
        assert_eq!(
            environment(container, variable),
            Some(value),
            "{deployment}"
        );
    }
}

/// deploy.sh makes what cert-manager makes elsewhere.
#[test]
fn where_there_is_cert_manager_it_makes_the_secret_that_is_mounted() {
    for (app, namespace) in [("invoice-app", "invoice"), ("payment-provider", "payments")] {
        assert!(certificates(app, "local").is_empty());
        for environment in ["dev", "staging", "production"] {
            let found = certificates(app, environment);
            let [certificate] = &found[..] else {
                panic!("{app}, {environment}: {found:?}")
            };
            assert_eq!(certificate.namespace(), Some(namespace));
            let spec = certificate.at("/spec").unwrap();
            assert_eq!(spec["secretName"], format!("{app}-tls"));
            assert_eq!(spec["issuerRef"]["name"], "invoice-platform-ca");
            let names = ["", ".svc", ".svc.cluster.local"]
                .map(|suffix| format!("{app}.{namespace}{suffix}"));
            assert_eq!(spec["dnsNames"], json!(names));
        }
    }
}

fn certificates(app: &str, environment: &str) -> Vec<&'static Document> {
    let documents = rendered::app(app, environment).iter();
    documents
        .filter(|document| document.kind() == "Certificate")
        .collect()
}

fn mounted(secret: &Value) -> Vec<Value> {
    let items = secret["items"].as_array().unwrap();
    items.iter().map(|item| item["key"].clone()).collect()
}
