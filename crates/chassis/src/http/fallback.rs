//! What is answered where no route matches: 404, or 405 where another method would have.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};

use super::description::Description;
use crate::problem::{METHOD_NOT_ALLOWED, NOT_FOUND, Problem};

/// The default service of the public port. The API's description tells which methods there are,
/// for the `Allow` header that RFC 9110 asks for.
pub async fn fallback(request: HttpRequest, description: web::Data<Description>) -> HttpResponse {
    let Some(pattern) = request.match_pattern() else {
        return Problem::new(
            NOT_FOUND,
            "No route has this path. GET /openapi.json lists all there are.",
        )
        .response();
    };
    let methods = description.methods(&pattern);
    Problem::new(METHOD_NOT_ALLOWED, format!("This path takes {methods}."))
        .header(header::ALLOW, methods)
        .response()
}
