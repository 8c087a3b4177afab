//! The reading half of a socket, on a task of its own.

use fastwebsockets::{Frame, OpCode, WebSocketError, WebSocketRead};
use tokio::io::AsyncRead;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// The longest message that is read.
const MAX_MESSAGE: usize = 1 << 20;

/// How many messages may wait for the socket's driver.
const QUEUE: usize = 64;

/// What a client sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Incoming {
    /// A whole message, text or binary.
    Message(Vec<u8>),
    Ping(Vec<u8>),
    Close(Option<u16>),
    /// The client broke the protocol; the socket is to be closed with this code.
    Broken(u16),
}

/// Reads frames elsewhere, because a half-read frame must not be forgotten.
pub(super) struct Reader {
    incoming: mpsc::Receiver<Incoming>,
    task: JoinSet<()>,
}

impl Reader {
    pub(super) fn spawn<R>(mut frames: WebSocketRead<R>) -> Self
    where
        R: AsyncRead + Send + Unpin + 'static,
    {
        frames.set_auto_close(false);
        frames.set_auto_pong(false);
        frames.set_max_message_size(MAX_MESSAGE);
        let (sender, incoming) = mpsc::channel(QUEUE);
        let mut task = JoinSet::new();
        task.spawn(read_all(frames, sender));
        Self { incoming, task }
    }

    /// The next thing that the client sent; none once the connection has ended. Cancel safe.
    pub(super) async fn next(&mut self) -> Option<Incoming> {
        if let Some(incoming) = self.incoming.recv().await {
            return Some(incoming);
        }
        // A panic over there is one over here.
        if let Some(Err(error)) = self.task.join_next().await
            && let Ok(panic) = error.try_into_panic()
        {
            std::panic::resume_unwind(panic)
        }
        None
    }
}

async fn read_all<R: AsyncRead + Unpin>(
    mut frames: WebSocketRead<R>,
    sender: mpsc::Sender<Incoming>,
) {
    let mut assembler = Assembler::default();
    // Never called: pongs and closing frames are the driver's business.
    let mut nothing = |_: Frame<'_>| std::future::ready(Ok::<_, std::convert::Infallible>(()));
    loop {
        let incoming = match frames.read_frame(&mut nothing).await {
            Ok(frame) => assembler.take(frame.fin, frame.opcode, &frame.payload),
            Err(WebSocketError::UnexpectedEOF | WebSocketError::IoError(_)) => return,
            Err(WebSocketError::FrameTooLarge) => Some(Incoming::Broken(1009)),
            Err(WebSocketError::InvalidUTF8) => Some(Incoming::Broken(1007)),
            Err(_) => Some(Incoming::Broken(1002)),
        };
        let Some(incoming) = incoming else { continue };
        let broken = matches!(incoming, Incoming::Broken(_));
        if sender.send(incoming).await.is_err() || broken {
            return;
        }
    }
}

/// Puts messages together from their fragments.
#[derive(Default)]
struct Assembler {
    begun: Option<Vec<u8>>,
}

impl Assembler {
    fn take(&mut self, fin: bool, opcode: OpCode, payload: &[u8]) -> Option<Incoming> {
        let mut message = match (opcode, self.begun.take()) {
            (OpCode::Text | OpCode::Binary, None) => Vec::new(),
            (OpCode::Continuation, Some(begun)) => begun,
            (OpCode::Text | OpCode::Binary, Some(_)) | (OpCode::Continuation, None) => {
                return Some(Incoming::Broken(1002));
            }
            (control, begun) => {
                self.begun = begun;
                return match control {
                    OpCode::Ping => Some(Incoming::Ping(payload.to_vec())),
                    OpCode::Close => Some(close(payload)),
                    _ => None,
                };
            }
        };
        if message.len() + payload.len() > MAX_MESSAGE {
            return Some(Incoming::Broken(1009));
        }
        message.extend_from_slice(payload);
        if fin {
            return Some(Incoming::Message(message));
        }
        self.begun = Some(message);
        None
    }
}

fn close(payload: &[u8]) -> Incoming {
    match payload {
        [] => Incoming::Close(None),
        [high, low, reason @ ..] if std::str::from_utf8(reason).is_ok() => {
            Incoming::Close(Some(u16::from_be_bytes([*high, *low])))
        }
        _ => Incoming::Broken(1002),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_comes_together_around_a_ping() {
        let mut assembler = Assembler::default();
        assert_eq!(assembler.take(false, OpCode::Text, b"he"), None);
        let ping = assembler.take(true, OpCode::Ping, b"p");
        assert_eq!(ping, Some(Incoming::Ping(b"p".to_vec())));
        let whole = assembler.take(true, OpCode::Continuation, b"llo");
        assert_eq!(whole, Some(Incoming::Message(b"hello".to_vec())));
    }

    #[test]
    fn fragments_out_of_order_break_the_protocol() {
        let broken = Some(Incoming::Broken(1002));
        let mut assembler = Assembler::default();
        assert_eq!(assembler.take(true, OpCode::Continuation, b""), broken);
        assembler.take(false, OpCode::Text, b"");
        assert_eq!(assembler.take(true, OpCode::Text, b""), broken);
    }

    #[test]
    fn endless_fragments_are_too_much() {
        let mut assembler = Assembler::default();
        let half = vec![0; MAX_MESSAGE / 2];
        assert_eq!(assembler.take(false, OpCode::Binary, &half), None);
        assert_eq!(assembler.take(false, OpCode::Continuation, &half), None);
        assert_eq!(
            assembler.take(true, OpCode::Continuation, b"x"),
            Some(Incoming::Broken(1009))
        );
    }

    #[test]
    fn a_close_frame_has_no_code_or_a_whole_one() {
        assert_eq!(close(b""), Incoming::Close(None));
        assert_eq!(close(&[3, 232, b'x']), Incoming::Close(Some(1000)));
        assert_eq!(close(&[3]), Incoming::Broken(1002));
    }
}
