//! The API's description is part of the contract: every change of it is seen.

use std::path::Path;

use invoice_app::{PROGRAM, routes};

#[test]
fn the_description_is_the_one_that_is_checked_in() {
    let description =
        serde_json::to_string_pretty(&chassis::server::describe(&PROGRAM, routes)).unwrap() + "\n";
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(&file, &description).unwrap();
    }
    let checked_in = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        description == checked_in,
        "the API changed. If it was meant to: UPDATE_OPENAPI=1 cargo test --release -p invoice-app open_api"
    );
}

#[tokio::test]
async fn the_description_and_the_page_that_shows_it_are_served() {
    let app = crate::app::App::start().await;
    let (status, description) = app.get("/openapi.json").await;
    assert_eq!(status, 200);
    assert_eq!(description["info"]["title"], "invoice-app");
    assert!(description["paths"]["/v1/invoices/{id}/pay"]["post"].is_object());
    let page = app
        .http
        .get(format!("{}/docs/", app.url))
        .send()
        .await
        .unwrap();
    assert_eq!(page.status(), 200);
    assert!(
        page.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/html")
    );
}

#[test]
fn the_readme_names_every_route_and_variable() {
    let readme = include_str!("../../../README.md");
    let description = chassis::server::describe(&PROGRAM, routes);
    for path in description.paths.paths.keys() {
        assert!(readme.contains(&format!("{path}`")), "{path}");
    }
    for variable in <invoice_app::Config as chassis::config::Settings>::variables() {
        assert!(
            readme.contains(&format!("`{}`", variable.name())),
            "{}",
            variable.name()
        );
    }
}
