use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::*;

async fn ask(lookalike: &Lookalike) -> TcpStream {
    let mut socket = TcpStream::connect(lookalike.address()).await.unwrap();
    socket
        .write_all(b"POST /v1/x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}")
        .await
        .unwrap();
    socket
}

async fn rest(mut socket: TcpStream) -> io::Result<String> {
    let mut text = String::new();
    socket.read_to_string(&mut text).await?;
    Ok(text)
}

#[tokio::test]
async fn plays_its_script_and_notes_the_request() {
    let lookalike =
        Lookalike::start(|_| vec![Step::sse_head(), Step::send("data: 1\n\n")]).await.unwrap();
    let text = rest(ask(&lookalike).await).await.unwrap();
    assert!(text.starts_with("HTTP/1.1 200 "), "{text}");
    assert!(text.ends_with("9\r\ndata: 1\n\n\r\n0\r\n\r\n"), "{text}");
    let received = lookalike.received();
    assert_eq!((received[0].path.as_str(), &received[0].body[..]), ("/v1/x", &b"{}"[..]));
    lookalike.until(|p| p.open == 0).await;
}

#[tokio::test]
async fn a_cut_leaves_the_body_open_and_a_reset_is_an_error() {
    let lookalike =
        Lookalike::start(|_| vec![Step::sse_head(), Step::send("x"), Step::Cut]).await.unwrap();
    let text = rest(ask(&lookalike).await).await.unwrap();
    assert!(text.ends_with("1\r\nx\r\n"), "{text}");

    lookalike.rewrite(|_| vec![Step::sse_head(), Step::Reset]);
    let error = rest(ask(&lookalike).await).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn killed_it_resets_and_refuses_and_revived_it_answers() {
    let mut lookalike =
        Lookalike::start(|_| vec![Step::sse_head(), Step::send("x"), Step::Hold]).await.unwrap();
    let held = ask(&lookalike).await;
    lookalike.until(|p| p.holding == 1).await;
    lookalike.kill().await;
    assert_eq!(rest(held).await.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    let refused = TcpStream::connect(lookalike.address()).await.unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    assert_eq!(lookalike.progress().open, 0);

    lookalike.rewrite(|_| vec![Step::json(200, "{}")]);
    lookalike.revive().await.unwrap();
    assert!(rest(ask(&lookalike).await).await.unwrap().contains("{}"));
}

#[tokio::test]
async fn a_client_that_goes_away_is_noticed_while_holding() {
    let lookalike = Lookalike::start(|_| vec![Step::sse_head(), Step::Hold]).await.unwrap();
    let socket = ask(&lookalike).await;
    lookalike.until(|p| p.holding == 1).await;
    drop(socket);
    lookalike.until(|p| p.open == 0).await;
}
