//! One small `GET` in the clear: to model servers on loopback, and to a gateway
//! that runs.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// The longest answer that is read.
const LONGEST: u64 = 16 * 1024 * 1024;

/// The status and the body of `GET path` at `authority` (`host:port`).
///
/// # Errors
/// When nobody listens there, when no HTTP comes back, and when that takes
/// longer than `patience`.
pub(crate) async fn get(
    authority: &str,
    path: &str,
    key: Option<&str>,
    patience: Duration,
) -> io::Result<(u16, Vec<u8>)> {
    let asked = async {
        let mut socket = TcpStream::connect(authority).await?;
        let key = key.map(|key| format!("authorization: Bearer {key}\r\n")).unwrap_or_default();
        // HTTP/1.0: the body ends with the connection, never in chunks.
        let request = format!(
            "GET {path} HTTP/1.0\r\nhost: {authority}\r\naccept: application/json\r\n{key}\r\n"
        );
        socket.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        socket.take(LONGEST).read_to_end(&mut answer).await?;
        parse(&answer).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
    };
    timeout(patience, asked).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

fn parse(answer: &[u8]) -> Option<(u16, Vec<u8>)> {
    let at = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(answer.get(..at)?).ok()?;
    let status = head.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.trim_end().parse().ok()?;
    Some((status, answer.get(at + 4..)?.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read() {
        let parsed = parse(b"HTTP/1.1 404 Not Found\r\nserver: x\r\n\r\n{}").unwrap();
        assert_eq!(parsed, (404, b"{}".to_vec()));
        for nothing in [&b"SSH-2.0-OpenSSH_9.2\r\n\r\n"[..], b"", b"HTTP/1.1 200 OK\r\n"] {
            assert_eq!(parse(nothing), None);
        }
    }
}
