//! One connection of the scripted upstream: read a request, do the steps.

use std::{io, sync::Arc};

use bytes::{Buf, BytesMut};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_util::sync::CancellationToken;

use super::{Received, Shared, Step};

/// More of a request than this is not read: the look-alike is no server.
const MAX_HEAD: usize = 64 * 1024;
const MAX_BODY: usize = 64 * 1024 * 1024;

/// Serves one connection until its script, its client or its life ends.
pub(super) async fn serve(mut socket: TcpStream, life: CancellationToken, shared: Arc<Shared>) {
    let mut open = Open::new(&shared);
    let played = tokio::select! {
        biased;
        () = life.cancelled() => Ok(Ending::Reset),
        played = play(&mut socket, &mut open) => played,
    };
    match played {
        // An error means that the client is gone: nobody is left to reset.
        Ok(Ending::Reset) => drop(socket.set_zero_linger()),
        Ok(Ending::Closed) => drop(socket.shutdown().await),
        Err(_) => {}
    }
    drop(socket);
}

/// How a connection is to be closed.
enum Ending {
    Reset,
    Closed,
}

async fn play(socket: &mut TcpStream, open: &mut Open<'_>) -> io::Result<Ending> {
    socket.set_nodelay(true)?;
    let request = read_request(socket).await?;
    for step in open.shared.answer_to(request) {
        match step {
            Step::Head { status, headers } => {
                let mut head = format!("HTTP/1.1 {status} Scripted\r\n");
                for (name, value) in headers {
                    head.push_str(&format!("{name}: {value}\r\n"));
                }
                head.push_str("transfer-encoding: chunked\r\nconnection: close\r\n\r\n");
                socket.write_all(head.as_bytes()).await?;
            }
            Step::Whole { status, content_type, body } => {
                let length = body.len();
                let head = format!(
                    "HTTP/1.1 {status} Scripted\r\ncontent-type: {content_type}\r\n\
                     content-length: {length}\r\nconnection: close\r\n\r\n"
                );
                socket.write_all(&[head.as_bytes(), &body].concat()).await?;
                return Ok(Ending::Closed);
            }
            Step::Send(bytes) => write_chunk(socket, &bytes).await?,
            Step::Wait(duration) => {
                tokio::select! {
                    () = tokio::time::sleep(duration) => {}
                    () = gone(socket) => return Err(io::ErrorKind::ConnectionReset.into()),
                }
            }
            Step::Hold => {
                open.hold();
                gone(socket).await;
                return Err(io::ErrorKind::ConnectionReset.into());
            }
            Step::Reset => return Ok(Ending::Reset),
            Step::Cut => return Ok(Ending::Closed),
            Step::End => break,
        }
    }
    socket.write_all(b"0\r\n\r\n").await?;
    Ok(Ending::Closed)
}

/// One chunk of a chunked body, in one write where the socket takes it.
async fn write_chunk(socket: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    // An empty chunk would be the end of the body.
    if bytes.is_empty() {
        return Ok(());
    }
    let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
    chunk.extend_from_slice(bytes);
    chunk.extend_from_slice(b"\r\n");
    socket.write_all(&chunk).await
}

/// Resolves when the client closed its side.
async fn gone(socket: &mut TcpStream) {
    let mut sink = [0; 1024];
    while matches!(socket.read(&mut sink).await, Ok(read) if read > 0) {}
}

async fn read_request(socket: &mut TcpStream) -> io::Result<Received> {
    let mut buffer = BytesMut::new();
    let head_end = loop {
        if let Some(at) = find(&buffer, b"\r\n\r\n") {
            break at;
        }
        if buffer.len() > MAX_HEAD || socket.read_buf(&mut buffer).await? == 0 {
            return Err(io::ErrorKind::InvalidData.into());
        }
    };
    let head = String::from_utf8_lossy(buffer.get(..head_end).unwrap_or_default()).into_owned();
    buffer.advance(head_end + 4);

    let mut lines = head.split("\r\n");
    let mut request = Received::default();
    let mut first = lines.next().unwrap_or_default().split(' ');
    request.method = first.next().unwrap_or_default().to_owned();
    request.path = first.next().unwrap_or_default().to_owned();
    for line in lines {
        if let Some((name, value)) = line.split_once(':') {
            request.headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    let length = request.header("content-length").and_then(|l| l.parse().ok()).unwrap_or(0_usize);
    if length > MAX_BODY {
        return Err(io::ErrorKind::InvalidData.into());
    }
    while buffer.len() < length {
        if socket.read_buf(&mut buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    request.body = buffer.split_to(length).freeze();
    Ok(request)
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

/// Counts the connection as open, and as holding, for exactly as long as it is.
struct Open<'a> {
    shared: &'a Shared,
    holding: bool,
}

impl<'a> Open<'a> {
    fn new(shared: &'a Shared) -> Self {
        shared.progress.send_modify(|p| {
            p.accepted += 1;
            p.open += 1;
        });
        Self { shared, holding: false }
    }

    fn hold(&mut self) {
        self.holding = true;
        self.shared.progress.send_modify(|p| p.holding += 1);
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.shared.progress.send_modify(|p| {
            p.open -= 1;
            p.holding -= usize::from(self.holding);
        });
    }
}
