//! Errors of the service.

use video_core::{ApiCode, ApiError, Classify, FailureClass};

use crate::fixture;

#[test]
fn every_error_has_its_code_its_status_and_its_class() {
    use FailureClass::{Permanent, Throttled, Unauthorized};
    for (body, code, status, class) in [
        (fixture!("error.input.json"), 4, 400, Permanent),
        (fixture!("error.not_allowed.json"), 17, 403, Permanent),
        (fixture!("error.not_found.json"), 16, 404, Permanent),
        (fixture!("error.rate_limited.json"), 9, 429, Throttled),
        (fixture!("error.token_expired.json"), 40, 401, Unauthorized),
        (fixture!("error.unrecoverable.json"), -1, 500, Permanent),
    ] {
        let error = ApiError::from_response(status, body.as_bytes());
        assert_eq!(error.code, Some(ApiCode::new(code)), "{body}");
        assert_eq!((error.status, error.class()), (status, class), "{body}");
        assert!(error.message.contains("(synthetic)"), "{body}");
        assert!(error.more_info.ends_with(&code.to_string()), "{body}");
        assert_eq!(error.unrecoverable, code == -1, "{body}");
    }
}

#[test]
fn an_error_of_the_input_names_the_fields() {
    let error = ApiError::from_response(400, fixture!("error.input.json").as_bytes());
    assert_eq!(error.exception_fields["location"], "missing (synthetic)");
}

#[test]
fn half_an_error_is_an_error_and_a_page_is_text() {
    let half = fixture!("tolerance/error.partial.json");
    let error = ApiError::from_response(401, half.as_bytes());
    assert_eq!(error.code, Some(ApiCode::AUTHENTICATION));
    assert_eq!(error.message, "proxy style body");
    let page = fixture!("tolerance/error.not_json.txt");
    let error = ApiError::from_response(502, page.as_bytes());
    assert_eq!((error.code, error.status), (None, 502));
    assert!(error.message.contains("502 Bad Gateway"));
}
