//! HEAD, which is answered like GET but for the body (RFC 9110, 9.3.2).

use actix_web::Error;
use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;

/// The middleware that lets routes for GET have requests for HEAD too. The server has read the method by
/// then, and leaves the body of the answer out by itself.
///
/// # Errors
/// Those of the route.
pub async fn head_as_get(
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    next.call(request).await
}
