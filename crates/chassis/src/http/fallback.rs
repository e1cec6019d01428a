//! What is answered where no route matches: 404, or 405 where another method would have.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use utoipa::openapi::{OpenApi, PathItem};

use crate::problem::{METHOD_NOT_ALLOWED, NOT_FOUND, Problem};

/// The default service of the public port. The API's description tells which methods there are,
/// for the `Allow` header that RFC 9110 asks for.
pub async fn fallback(request: HttpRequest, api: web::Data<OpenApi>) -> HttpResponse {
    let Some(pattern) = request.match_pattern() else {
        return Problem::new(
            NOT_FOUND,
            "No route has this path. GET /openapi.json lists all there are.",
        )
        .response();
    };
    // What the description leaves out is the description itself and its documentation.
    let methods = api
        .paths
        .paths
        .get(&pattern)
        .map_or_else(|| "GET".to_owned(), methods);
    Problem::new(METHOD_NOT_ALLOWED, format!("This path takes {methods}."))
        .header(header::ALLOW, methods)
        .response()
}

fn methods(path: &PathItem) -> String {
    let operations = [
        ("GET", path.get.is_some()),
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
