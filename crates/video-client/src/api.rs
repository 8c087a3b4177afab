//! Typed requests on top of the transport.

use std::sync::Arc;

use http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;
use video_core::model::{
    CallDetails, CreateDeviceRequest, DeviceList, Edge, EdgeList, GetOrCreateCallRequest,
    JoinCallRequest, JoinResponse, QueryCallsPage, QueryCallsRequest, SendCallEventRequest,
    UpdateCallRequest,
};
use video_core::{CallCid, ConnectionId, Json};
use video_transport::{ConnectError, ConnectErrorKind, RpcRequest, RpcResponse, RpcTransport};

use crate::error::Result;
use crate::logging::LogBridge;

/// What the service answered, and where it was told to watch.
#[derive(Debug)]
pub(crate) struct Answer<T> {
    pub(crate) body: T,
    pub(crate) watched_on: Option<ConnectionId>,
}

/// The operations of the service, and where they are logged.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    rpc: Arc<dyn RpcTransport>,
    log: LogBridge,
    /// Whether the client is shut down.
    over: CancellationToken,
}

impl Api {
    pub(crate) fn new(rpc: Arc<dyn RpcTransport>, log: LogBridge) -> Self {
        Self {
            rpc,
            log,
            over: CancellationToken::new(),
        }
    }

    /// Ends the requests under way, and refuses others.
    pub(crate) fn close(&self) {
        self.over.cancel();
    }

    pub(crate) fn log(&self) -> &LogBridge {
        &self.log
    }

    /// Protocol: `GetCall`.
    pub(crate) async fn get_call(
        &self,
        cid: &CallCid,
        members_limit: Option<u32>,
        watch: bool,
    ) -> Result<Answer<CallDetails>> {
        let mut request = of_call(Method::GET, cid, None)?.watch(watch);
        if let Some(limit) = members_limit {
            request = request.query("members_limit", limit.to_string());
        }
        self.call(request).await
    }

    /// Protocol: `GetOrCreateCall`. Executed twice it gets what it has created, but a ring or a
    /// notification would be repeated.
    pub(crate) async fn get_or_create_call(
        &self,
        cid: &CallCid,
        body: &GetOrCreateCallRequest,
        watch: bool,
    ) -> Result<Answer<CallDetails>> {
        let loud = body.ring == Some(true) || body.notify == Some(true);
        let request = of_call(Method::POST, cid, None)?
            .body(json(body)?)
            .watch(watch);
        self.call(if loud { request } else { request.idempotent() })
            .await
    }

    /// Protocol: `UpdateCall`.
    pub(crate) async fn update_call(
        &self,
        cid: &CallCid,
        body: &UpdateCallRequest,
    ) -> Result<Answer<CallDetails>> {
        let request = of_call(Method::PATCH, cid, None)?.body(json(body)?);
        self.call(request.idempotent()).await
    }

    /// Protocol: `JoinCall`. Executed twice it only gives credentials twice, unless it rings.
    pub(crate) async fn join_call(
        &self,
        cid: &CallCid,
        body: &JoinCallRequest,
        watch: bool,
    ) -> Result<Answer<JoinResponse>> {
        let loud = body.ring == Some(true) || body.notify == Some(true);
        let request = of_call(Method::POST, cid, Some("join"))?
            .body(json(body)?)
            .watch(watch);
        self.call(if loud { request } else { request.idempotent() })
            .await
    }

    /// Protocol: `EndCall`.
    pub(crate) async fn end_call(&self, cid: &CallCid) -> Result<()> {
        let request = of_call(Method::POST, cid, Some("mark_ended"))?;
        self.send(request.idempotent()).await?;
        Ok(())
    }

    /// Protocol: `SendCallEvent`.
    pub(crate) async fn send_event(&self, cid: &CallCid, custom: Json) -> Result<()> {
        let mut body = SendCallEventRequest::default();
        body.custom = custom;
        let request = of_call(Method::POST, cid, Some("event"))?.body(json(&body)?);
        self.send(request).await?;
        Ok(())
    }

    /// Protocol: `QueryCalls`, which watches what it finds if the body says so.
    pub(crate) async fn query_calls(
        &self,
        body: &QueryCallsRequest,
    ) -> Result<Answer<QueryCallsPage>> {
        let watch = body.watch == Some(true);
        let request = RpcRequest::new(Method::POST, &["calls"])
            .body(json(body)?)
            .idempotent();
        self.call(request.watch(watch)).await
    }

    /// Protocol: `CreateDevice`. Executed twice it replaces the device by itself.
    pub(crate) async fn create_device(&self, body: &CreateDeviceRequest) -> Result<()> {
        let request = RpcRequest::new(Method::POST, &["devices"]).body(json(body)?);
        self.send(request.idempotent()).await?;
        Ok(())
    }

    /// Protocol: `ListDevices`.
    pub(crate) async fn list_devices(&self) -> Result<DeviceList> {
        let request = RpcRequest::new(Method::GET, &["devices"]);
        Ok(self.call(request).await?.body)
    }

    /// Protocol: `DeleteDevice`.
    pub(crate) async fn delete_device(&self, id: &str) -> Result<()> {
        let request = RpcRequest::new(Method::DELETE, &["devices"]).query("id", id);
        self.send(request).await?;
        Ok(())
    }

    /// Protocol: `GetEdges`.
    pub(crate) async fn get_edges(&self) -> Result<Vec<Edge>> {
        let request = RpcRequest::new(Method::GET, &["edges"]);
        let list: EdgeList = self.call(request).await?.body;
        Ok(list.edges)
    }

    async fn send(&self, request: RpcRequest) -> Result<RpcResponse> {
        let call = self.log.wrap(self.rpc.call(request));
        tokio::select! {
            biased;
            () = self.over.cancelled() => {
                Err(ConnectError::new(ConnectErrorKind::Shutdown).into())
            }
            answer = call => Ok(answer?),
        }
    }

    async fn call<T: DeserializeOwned>(&self, request: RpcRequest) -> Result<Answer<T>> {
        let response = self.send(request).await?;
        Ok(Answer {
            body: response.decode()?,
            watched_on: response.watched_on,
        })
    }
}

fn of_call(method: Method, cid: &CallCid, operation: Option<&str>) -> Result<RpcRequest> {
    let (call_type, id) = cid.parts()?;
    let mut segments = vec!["call", &call_type, &id];
    segments.extend(operation);
    Ok(RpcRequest::new(method, &segments))
}

fn json(body: &impl Serialize) -> Result<Vec<u8>> {
    Ok(serde_json::to_vec(body)?)
}
