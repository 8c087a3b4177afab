//! Requests that need no credentials: for the location hint, and to an edge.

use std::future::pending;

use bytes::Bytes;
use http::header::{ACCESS_CONTROL_EXPOSE_HEADERS, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Request, StatusCode};
use hyper::body::Incoming;

use super::http::{Answer, Cut, authority, planned, with_status};
use super::late::late;
use crate::fault::{Fault, FaultPlace};
use crate::journal::{Entry, Probe};
use crate::rest::{Probed, Query};
use crate::shared::Shared;

/// The point of presence that a request came in at.
const POP: HeaderName = HeaderName::from_static("x-amz-cf-pop");

pub(super) async fn answer(
    shared: &Shared,
    probed: Probed,
    request: Request<Incoming>,
) -> Result<Answer, Cut> {
    let mut probe = read(shared, &request);
    let fault = match &probed {
        Probed::Hint => shared.fault(FaultPlace::Hint, &probe.method, ""),
        Probed::Edge(id) => shared.fault(FaultPlace::Edge, &probe.method, id),
    };
    let mut answer = match &probed {
        Probed::Hint => hint(shared),
        Probed::Edge(_) => empty(),
    };
    let entry = |probe: &Probe| match &probed {
        Probed::Hint => Entry::Hint(Box::new(probe.clone())),
        Probed::Edge(id) => Entry::LatencyTest {
            edge: id.clone(),
            probe: Box::new(probe.clone()),
        },
    };
    match fault {
        Some(Fault::Delay(span)) => late(shared, span, entry(&probe)).await,
        Some(Fault::Stall) => {
            shared.journal.write(entry(&probe));
            return pending().await;
        }
        Some(Fault::Drop) => {
            shared.journal.write(entry(&probe));
            return Err(Cut);
        }
        Some(Fault::Status {
            status,
            body,
            retry_after,
        }) => answer = planned(status, body, retry_after),
        _ => {}
    }
    probe.status = Some(answer.status().as_u16());
    shared.journal.write(entry(&probe));
    Ok(answer)
}

fn read(shared: &Shared, request: &Request<Incoming>) -> Probe {
    let redact = |text: &str| shared.redactor.text(text);
    let mut headers: Vec<_> = request
        .headers()
        .keys()
        .map(|n| redact(n.as_str()))
        .collect();
    headers.sort();
    Probe {
        method: request.method().to_string(),
        host: authority(request).map(|host| redact(host.as_str())),
        path: redact(request.uri().path()),
        query: Query::parse(request.uri().query())
            .names()
            .map(redact)
            .collect(),
        headers,
        status: None,
    }
}

fn hint(shared: &Shared) -> Answer {
    let mut answer = empty();
    if let Some(pop) = &shared.config.pop {
        let headers = answer.headers_mut();
        headers.insert(POP, pop.clone());
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from(POP));
    }
    answer
}

fn empty() -> Answer {
    let mut answer = with_status(StatusCode::OK, Bytes::new());
    answer.headers_mut().remove(CONTENT_TYPE);
    answer
}
