//! What went wrong, as RFC 9457 has it: `application/problem+json` with the code, the cause and the fix of the error
//! index.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use control::{Code, ErrorObject, ExitCode, index};
use serde_json::json;

/// An error with its HTTP status.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) error: ErrorObject,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: Code, why: impl Into<String>) -> Self {
        Self {
            status,
            error: ErrorObject::new(code, why),
        }
    }

    /// A request that cannot be.
    pub(crate) fn bad(status: StatusCode, why: impl Into<String>) -> Self {
        Self::new(status, Code::BAD_WEB_REQUEST, why)
    }
}

/// What the engine says.
impl From<ErrorObject> for Problem {
    fn from(error: ErrorObject) -> Self {
        let status = match error.code {
            Code::UNKNOWN_CALL
            | Code::UNKNOWN_ACCOUNT
            | Code::UNKNOWN_PLUGIN
            | Code::UNKNOWN_COMMAND => StatusCode::NOT_FOUND,
            Code::ENGINE_BUSY | Code::STOPPING => StatusCode::SERVICE_UNAVAILABLE,
            Code::WRONG_STATE => StatusCode::CONFLICT,
            Code::BAD_CONTROL_LINE => StatusCode::BAD_REQUEST,
            Code::NOT_PERMITTED => StatusCode::FORBIDDEN,
            code => match index::find(code).map(|entry| entry.exit) {
                Some(ExitCode::Usage) => StatusCode::BAD_REQUEST,
                _ => StatusCode::UNPROCESSABLE_ENTITY,
            },
        };
        Self { status, error }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response<Body> {
        let ErrorObject {
            code,
            title,
            detail,
            fix,
            sip_status,
            call,
        } = self.error;
        let mut problem = json!({
            "type": format!("urn:offhook:{code}"),
            "status": self.status.as_u16(),
            "code": code,
            "title": title,
            "detail": detail,
            "fix": fix,
        });
        if let Some(status) = sip_status {
            problem["sip_status"] = status.into();
        }
        if let Some(call) = call {
            problem["call"] = call.to_string().into();
        }
        let mut response = Response::new(Body::from(problem.to_string()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, kind);
        if self.status == StatusCode::UNAUTHORIZED {
            let how = HeaderValue::from_static("Bearer realm=\"offhook\"");
            headers.insert(header::WWW_AUTHENTICATE, how);
        }
        response
    }
}
