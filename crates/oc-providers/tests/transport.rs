//! The transport over real sockets: every fault is told apart, and nothing is
//! connected to that the endpoint's class does not admit.

#![cfg(feature = "reqwest")]

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt as _;
use http::{HeaderMap, HeaderValue, header};
use oc_providers::{
    HttpRequest, Limits, Locality, Lookup, ReqwestTransport, Transport, TransportError,
    TransportErrorKind as Kind,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use url::Url;

/// A loopback server that runs `serve` on each connection and counts them.
struct Server {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Server {
    #[expect(clippy::disallowed_methods, reason = "aborted when the server is dropped")]
    async fn start<F, Fut>(serve: F) -> Self
    where
        F: Fn(TcpStream, usize) -> Fut + Send + 'static,
        Fut: Future<Output = io::Result<()>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("address");
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        let task = tokio::task::spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let number = counter.fetch_add(1, Ordering::SeqCst);
                open.spawn(serve(stream, number));
            }
        });
        Self { address, connections, task }
    }

    fn url(&self) -> String {
        format!("http://{}/v1/responses", self.address)
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Reads one request: its head, and the body that the tests send.
async fn read_request(stream: &mut TcpStream) -> io::Result<String> {
    let mut read = Vec::new();
    let mut piece = [0; 4096];
    while !read.ends_with(b"{}") {
        let count = stream.read(&mut piece).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        read.extend_from_slice(&piece[..count]);
    }
    Ok(String::from_utf8_lossy(&read).into_owned())
}

fn request(url: &str, locality: Locality, limits: Limits) -> HttpRequest {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    HttpRequest::new(Url::parse(url).expect("url"), headers, "{}".into(), locality, limits)
}

fn local(url: &str) -> HttpRequest {
    request(url, Locality::Loopback, Limits::untimed())
}

/// The whole body, or how it failed.
async fn fetch(
    transport: &ReqwestTransport,
    request: HttpRequest,
) -> Result<(u16, String), TransportError> {
    let mut response = transport.send(request).await?;
    let mut body = Vec::new();
    while let Some(piece) = response.body.next().await {
        body.extend_from_slice(&piece?);
    }
    Ok((response.status.as_u16(), String::from_utf8_lossy(&body).into_owned()))
}

async fn fault(transport: &ReqwestTransport, request: HttpRequest) -> Kind {
    fetch(transport, request).await.expect_err("a fault").kind()
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n";

#[tokio::test]
async fn an_answer_arrives_and_the_request_says_no_more_than_it_must() {
    let server = Server::start(|mut stream, _| async move {
        let head = read_request(&mut stream).await?.to_ascii_lowercase();
        let honest = !head.contains("accept-encoding") && !head.contains("referer");
        stream.write_all(if honest { OK } else { b"HTTP/1.1 500 E\r\n\r\n" }).await
    })
    .await;
    let answer = fetch(&ReqwestTransport::new(), local(&server.url())).await.expect("answers");
    assert_eq!(answer, (200, "hi".to_owned()));
}

#[tokio::test]
async fn a_closed_port_is_refused() {
    let free = TcpListener::bind("127.0.0.1:0").await.expect("port").local_addr().expect("port");
    let kind = fault(&ReqwestTransport::new(), local(&format!("http://{free}/"))).await;
    assert_eq!(kind, Kind::Refused);
}

#[tokio::test]
async fn a_reset_is_told_from_a_cut() {
    let reset = Server::start(|mut stream, _| async move {
        read_request(&mut stream).await?;
        stream.write_all(CHUNKED).await?;
        stream.set_zero_linger()
    })
    .await;
    let cut = Server::start(|mut stream, _| async move {
        read_request(&mut stream).await?;
        stream.write_all(CHUNKED).await?;
        stream.shutdown().await
    })
    .await;
    let short = Server::start(|mut stream, _| async move {
        read_request(&mut stream).await?;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi").await?;
        stream.shutdown().await
    })
    .await;
    let transport = ReqwestTransport::new();
    // The kernel may hand out the reset before the bytes that came first.
    assert_eq!(fault(&transport, local(&reset.url())).await, Kind::Reset);
    assert_eq!(fault(&transport, local(&cut.url())).await, Kind::Cut);
    assert_eq!(fault(&transport, local(&short.url())).await, Kind::Cut);
}

#[tokio::test]
async fn a_server_that_closes_without_an_answer_is_asked_twice_and_no_more() {
    let server = Server::start(|mut stream, _| async move {
        read_request(&mut stream).await?;
        stream.shutdown().await
    })
    .await;
    let kind = fault(&ReqwestTransport::new(), local(&server.url())).await;
    assert_eq!(kind, Kind::ClosedEarly);
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn a_kept_connection_that_the_server_gave_up_is_no_failure() {
    let server = Server::start(|mut stream, _| async move {
        read_request(&mut stream).await?;
        stream.write_all(OK).await?;
        // Takes the next request on the same connection and dies of it.
        let _ = read_request(&mut stream).await;
        stream.shutdown().await
    })
    .await;
    let transport = ReqwestTransport::new();
    for _ in 0..3 {
        let answer = fetch(&transport, local(&server.url())).await.expect("answers");
        assert_eq!(answer.1, "hi");
    }
}

#[tokio::test]
async fn what_is_not_http_is_told_so() {
    let server = Server::start(|mut stream, _| async move {
        read_request(&mut stream).await?;
        stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n\r\n").await
    })
    .await;
    assert_eq!(fault(&ReqwestTransport::new(), local(&server.url())).await, Kind::NotHttp);
}

#[tokio::test]
async fn plain_http_behind_an_https_url_is_a_tls_fault() {
    let server = Server::start(|mut stream, _| async move {
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await?;
        stream.shutdown().await
    })
    .await;
    let url = server.url().replace("http:", "https:");
    assert_eq!(fault(&ReqwestTransport::new(), local(&url)).await, Kind::Tls);
}

/// The limits are short, and each test waits for its own limit only: a paused
/// clock would run ahead of the sockets.
#[tokio::test]
async fn limits_end_a_silent_exchange() {
    let silent = Server::start(|mut stream, _| async move {
        read_request(&mut stream).await?;
        std::future::pending().await
    })
    .await;
    let after_the_head = Server::start(|mut stream, _| async move {
        read_request(&mut stream).await?;
        stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await?;
        std::future::pending().await
    })
    .await;
    let after_a_piece = Server::start(|mut stream, _| async move {
        read_request(&mut stream).await?;
        stream.write_all(CHUNKED).await?;
        std::future::pending().await
    })
    .await;
    let transport = ReqwestTransport::new();
    let short = Duration::from_millis(50);
    for (server, limits, kind) in [
        (&silent, Limits::untimed().with_first_byte(short), Kind::FirstByteTimeout),
        (&after_the_head, Limits::untimed().with_first_byte(short), Kind::FirstByteTimeout),
        (&after_a_piece, Limits::untimed().with_idle(short), Kind::IdleTimeout),
    ] {
        let request = request(&server.url(), Locality::Loopback, limits);
        assert_eq!(fault(&transport, request).await, kind);
    }
}

/// An error's status is worth more than the rest of its body: whoever waits
/// for the next candidate does not wait for it, even without any limit.
#[tokio::test]
async fn the_body_of_an_error_may_not_take_long() {
    let server = Server::start(|mut stream, _| async move {
        read_request(&mut stream).await?;
        stream.write_all(b"HTTP/1.1 500 E\r\ncontent-length: 99\r\n\r\n{\"error\":").await?;
        std::future::pending().await
    })
    .await;
    let transport = ReqwestTransport::new();
    let mut response = transport.send(local(&server.url())).await.expect("a head");
    response.body.next().await.expect("a piece").expect("good");
    tokio::time::pause();
    let end = response.body.next().await.expect("an end").expect_err("a fault");
    assert_eq!(end.kind(), Kind::IdleTimeout);
    assert!(response.body.next().await.is_none());
}

/// Names that lead where the test wants; counts how often it was asked.
#[derive(Debug, Default)]
struct Names {
    addresses: Vec<IpAddr>,
    silent: bool,
    asked: AtomicUsize,
}

#[async_trait]
impl Lookup for Names {
    async fn lookup(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.silent {
            std::future::pending::<()>().await;
        }
        if self.addresses.is_empty() {
            return Err(io::Error::other("no such name"));
        }
        Ok(self.addresses.clone())
    }
}

fn names(addresses: &[&str]) -> Arc<Names> {
    let addresses = addresses.iter().map(|ip| ip.parse().expect("address")).collect();
    Arc::new(Names { addresses, ..Names::default() })
}

fn with_names(names: &Arc<Names>) -> ReqwestTransport {
    ReqwestTransport::builder().lookup(Arc::clone(names) as Arc<dyn Lookup>).build()
}

#[tokio::test]
async fn a_name_that_leads_out_of_its_class_is_not_connected_to() {
    for (locality, addresses) in [
        (Locality::Loopback, &["192.168.1.7"][..]),
        (Locality::Loopback, &["203.0.113.9", "10.0.0.1"]),
        (Locality::Private, &["203.0.113.9"]),
        (Locality::Private, &["169.254.169.254"]),
        (Locality::Hosted, &["169.254.169.254", "fe80::1"]),
    ] {
        let names = names(addresses);
        let request = request("http://model.test:9/", locality, Limits::untimed());
        let kind = fault(&with_names(&names), request).await;
        assert_eq!(kind, Kind::AddressRefused, "{locality:?} {addresses:?}");
        assert_eq!(names.asked.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test]
async fn of_a_mixed_name_only_the_admitted_address_is_used() {
    let server = Server::start(|mut stream, _| async move {
        read_request(&mut stream).await?;
        stream.write_all(OK).await
    })
    .await;
    let names = names(&["203.0.113.9", "127.0.0.1"]);
    let url = format!("http://model.test:{}/", server.address.port());
    let answer = fetch(&with_names(&names), local(&url)).await.expect("answers");
    assert_eq!(answer.1, "hi");
}

#[tokio::test]
async fn literals_are_judged_although_no_resolver_sees_them() {
    let names = names(&["127.0.0.1"]);
    let transport = with_names(&names);
    for (locality, url) in [
        (Locality::Loopback, "http://192.168.1.7:9/"),
        (Locality::Loopback, "http://[::ffff:10.0.0.1]:9/"),
        (Locality::Private, "http://203.0.113.9/"),
        (Locality::Private, "http://3405803785/"),
        (Locality::Hosted, "http://169.254.169.254/latest/meta-data"),
        (Locality::Hosted, "http://[fd00:ec2::254]/"),
    ] {
        let kind = fault(&transport, request(url, locality, Limits::untimed())).await;
        assert_eq!(kind, Kind::AddressRefused, "{url}");
    }
    assert_eq!(names.asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_unknown_name_is_told_from_a_slow_one() {
    let kind = fault(&with_names(&names(&[])), local("http://model.test/")).await;
    assert_eq!(kind, Kind::Dns);
    let silent = Arc::new(Names { silent: true, ..Names::default() });
    let transport = ReqwestTransport::builder()
        .lookup(silent)
        .connect_timeout(Duration::from_millis(50))
        .build();
    let fault = transport.send(local("http://model.test/")).await.map(drop).unwrap_err();
    assert_eq!(fault.kind(), Kind::ConnectTimeout);
    assert_eq!(fault.to_string(), "no connection in time (connect 50ms)");
}

/// A connection of one class is never used by another, and a class asks the
/// resolver anew although another class is connected already.
#[tokio::test]
async fn classes_share_no_connection() {
    let server = Server::start(|mut stream, _| async move {
        loop {
            read_request(&mut stream).await?;
            stream.write_all(OK).await?;
        }
    })
    .await;
    let transport = ReqwestTransport::new();
    for locality in [Locality::Loopback, Locality::Private, Locality::Hosted] {
        for _ in 0..2 {
            let request = request(&server.url(), locality, Limits::untimed());
            fetch(&transport, request).await.expect("answers");
        }
    }
    assert_eq!(server.connections(), 3, "one each, kept within its class");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let target = Server::start(|mut stream, _| async move {
        read_request(&mut stream).await?;
        stream.write_all(OK).await
    })
    .await;
    let to = target.url();
    let server = Server::start(move |mut stream, _| {
        let answer = format!("HTTP/1.1 307 Moved\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n");
        async move {
            read_request(&mut stream).await?;
            stream.write_all(answer.as_bytes()).await
        }
    })
    .await;
    let answer = fetch(&ReqwestTransport::new(), local(&server.url())).await.expect("a head");
    assert_eq!(answer.0, 307);
    assert_eq!(target.connections(), 0);
}

/// The variables are read when a client is made, so the test that an answer
/// arrives runs once more in a process of its own, where they lead nowhere.
#[tokio::test]
async fn proxy_variables_are_not_heeded() {
    let nowhere = "http://127.0.0.1:9";
    let again = std::process::Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "an_answer_arrives_and_the_request_says_no_more_than_it_must"])
        .envs(["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"].map(|name| (name, nowhere)))
        .env_remove("no_proxy")
        .env_remove("NO_PROXY")
        .output()
        .expect("runs");
    let printed = String::from_utf8_lossy(&again.stdout);
    assert!(again.status.success() && printed.contains("1 passed"), "{printed}");
}

/// Dropping the body closes the connection: that is how a request is cancelled.
#[tokio::test]
async fn dropping_the_body_is_seen_by_the_server() {
    let (seen, closed) = tokio::sync::oneshot::channel();
    let seen = std::sync::Mutex::new(Some(seen));
    let server = Server::start(move |mut stream, _| {
        let seen = seen.lock().expect("lock").take();
        async move {
            read_request(&mut stream).await?;
            stream.write_all(CHUNKED).await?;
            let rest = stream.read(&mut [0; 16]).await;
            if let Some(seen) = seen {
                let _ = seen.send(matches!(rest, Ok(0) | Err(_)));
            }
            Ok(())
        }
    })
    .await;
    let mut response = ReqwestTransport::new().send(local(&server.url())).await.expect("a head");
    response.body.next().await.expect("a piece").expect("good");
    drop(response);
    assert!(closed.await.expect("the server saw it"));
}
