//! A client that believes only its socket.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// Sends a `POST` and leaves the answer to be read.
pub(crate) async fn open(to: SocketAddr, path: &str, body: &Value) -> TcpStream {
    let body = body.to_string();
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: {to}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut socket = TcpStream::connect(to).await.expect("the gateway listens");
    socket.write_all(request.as_bytes()).await.expect("the gateway reads");
    socket
}

/// A whole answer, or what came of it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Whether the body ended as HTTP wants it.
    pub(crate) is_whole: bool,
}

impl Answer {
    /// A whole one.
    pub(crate) fn new(status: u16, content_type: &str, body: Vec<u8>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self { status, headers, body, is_whole: true }
    }

    /// Reads to the end of the connection.
    pub(crate) async fn read(mut socket: TcpStream) -> Self {
        let mut raw = Vec::new();
        let ended = socket.read_to_end(&mut raw).await.is_ok();
        let nothing = Self { status: 0, headers: Vec::new(), body: Vec::new(), is_whole: false };
        let Some(split) = raw.windows(4).position(|four| four == b"\r\n\r\n") else {
            return nothing;
        };
        let head = String::from_utf8_lossy(&raw[..split]).into_owned();
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let mut answer = Self { status: status.unwrap_or(0), headers, ..nothing };
        let rest = &raw[split + 4..];
        let (body, is_whole) = match answer.header("transfer-encoding") {
            Some("chunked") => dechunk(rest),
            _ => {
                let length = answer.header("content-length").and_then(|l| l.parse().ok());
                (rest.to_vec(), length == Some(rest.len()))
            }
        };
        (answer.body, answer.is_whole) = (body, is_whole && ended);
        answer
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Result<Value, String> {
        serde_json::from_slice(&self.body).map_err(|fault| format!("not JSON: {fault}"))
    }
}

/// The body, and whether its last chunk came.
fn dechunk(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|two| two == b"\r\n");
        let size = line.and_then(|at| std::str::from_utf8(&rest[..at]).ok());
        let size = size.and_then(|hex| usize::from_str_radix(hex.trim(), 16).ok());
        let (Some(line), Some(size)) = (line, size) else { return (body, false) };
        if size == 0 {
            return (body, true);
        }
        let Some(chunk) = rest.get(line + 2..line + 2 + size) else { return (body, false) };
        body.extend_from_slice(chunk);
        rest = rest.get(line + 4 + size..).unwrap_or_default();
    }
}
