//! The API's description as it is served: made once, for the model of it takes far more memory.

use std::collections::HashMap;

use actix_web::{HttpResponse, web};
use utoipa::openapi::{OpenApi, PathItem};

/// The description as JSON, and the methods that each path takes.
#[derive(Debug, Clone)]
pub struct Description {
    json: web::Bytes,
    methods: HashMap<String, String>,
}

impl Description {
    /// What is served of `api`.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn of(api: &OpenApi) -> Result<Self, serde_json::Error> {
        let methods = api.paths.paths.iter();
        Ok(Self {
            json: serde_json::to_vec(api)?.into(),
            methods: methods
                .map(|(path, item)| (path.clone(), names(item)))
                .collect(),
        })
    }

    /// The methods of a route, as the header `Allow` lists them. What the description leaves out is
    /// the description itself and its documentation.
    pub(super) fn methods(&self, pattern: &str) -> &str {
        self.methods
            .get(pattern)
            .map_or("GET, HEAD", String::as_str)
    }
}

/// `GET /openapi.json`.
pub async fn serve(description: web::Data<Description>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .body(description.json.clone())
}

fn names(path: &PathItem) -> String {
    let operations = [
        ("GET, HEAD", path.get.is_some()),
        ("POST", path.post.is_some()),
        ("PUT", path.put.is_some()),
        ("DELETE", path.delete.is_some()),
    ];
    operations
        .into_iter()
        .filter(|(_, there)| *there)
        .map(|(method, _)| method)
        .collect::<Vec<_>>()
        .join(", ")
}
