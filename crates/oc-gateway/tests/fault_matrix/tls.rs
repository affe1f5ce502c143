//! Upstreams that a client reaches by TLS, or thinks it does.
//!
//! The certificates were made once, with `openssl`: an authority, and three
//! that it signed for 100 years (one of them ended in 2021, one is for another
//! name); the self-signed one nobody vouches for. The key guards nothing.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    sync::Arc,
    thread,
    time::Duration,
};

use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};

use crate::faults::Certificate;

/// The authority that the test's process is told to trust.
pub(crate) fn authority() -> PathBuf {
    file("authority.pem")
}

/// Listens with this certificate; to a client that accepts it, `answer` is sent
/// as an event stream.
pub(crate) fn start(certificate: Certificate, answer: Vec<u8>) -> SocketAddr {
    let config = Arc::new(config(certificate));
    listen(move |socket| {
        let connection = ServerConnection::new(Arc::clone(&config)).expect("a sound config");
        let mut stream = StreamOwned::new(connection, socket);
        // A client that refuses the certificate ends the handshake here.
        let Ok(true) = stream.read(&mut [0; 16 * 1024]).map(|read| read > 0) else { return };
        let head =
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
        let sent = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&answer));
        stream.conn.send_close_notify();
        drop(sent.and_then(|()| stream.flush()));
    })
}

/// Answers a handshake as a plain HTTP server does.
pub(crate) fn start_plain() -> SocketAddr {
    listen(|mut socket| {
        drop(socket.read(&mut [0; 1024]));
        drop(socket.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"));
    })
}

/// Serves one connection after the other, until the process ends.
fn listen(serve: impl Fn(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        while let Ok((socket, _)) = listener.accept() {
            drop(socket.set_read_timeout(Some(Duration::from_secs(10))));
            serve(socket);
        }
    });
    address
}

fn config(certificate: Certificate) -> ServerConfig {
    let certificate = match certificate {
        Certificate::Good => "good.pem",
        Certificate::Expired => "expired.pem",
        Certificate::WrongName => "wrong-name.pem",
        Certificate::SelfSigned => "self-signed.pem",
    };
    let certificate = CertificateDer::from_pem_file(file(certificate)).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(file("key.pem")).expect("a key");
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions that the provider has")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a key that fits")
}

fn file(name: &str) -> PathBuf {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fault_matrix/certificates");
    PathBuf::from(folder).join(name)
}
