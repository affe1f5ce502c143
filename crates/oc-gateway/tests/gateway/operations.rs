//! What whoever operates it sees: status, metrics, resets, and a config that
//! changes while it runs.

use std::{path::PathBuf, sync::Arc, time::Duration};

use futures::StreamExt as _;
use oc_config::{Config, Discovered, ServerKind, Settings};
use oc_gateway::{
    Live, State,
    lookalike::{Lookalike, Step, responses::Writer},
    reload::{self, Fresh},
};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    sync::Notify,
    task::JoinSet,
    time::timeout,
};
use tower::ServiceExt as _;

use crate::{
    commands::run,
    support::{Gateway, hosted, local, local_first, question},
};

/// A primary whose box is down, and a fallback that answers. Port 9 is discard;
/// nobody listens there on loopback, and nobody is given it by chance.
async fn with_a_dead_primary(settings: &str) -> (Gateway, Lookalike) {
    let hosted = hosted().await;
    let hosted_at = format!("http://{}", hosted.address());
    let gateway = Gateway::start(&local_first("http://127.0.0.1:9/v1", &hosted_at), settings).await;
    (gateway, hosted)
}

#[tokio::test]
async fn the_status_shows_breakers_and_the_last_ledgers() {
    let (gateway, _hosted) = with_a_dead_primary("{}").await;
    assert_eq!(gateway.ask(&question(true)).await.status, 200);
    let status = gateway.get("/api/status").await.json();
    assert_eq!(status["ready"], true, "{status}");
    assert_eq!(status["chain"][0]["ref"], "lmstudio/local-model");
    assert_eq!(status["chain"][0]["usable"], true);
    let breaker = &status["breakers"][0];
    assert_eq!((&breaker["state"], &breaker["reason"]), (&json!("open"), &json!("refused")));
    assert!(breaker["remaining_ms"].as_u64().is_some_and(|ms| ms > 20_000), "{breaker}");
    let record = &status["recent"][0];
    assert_eq!(record["ending"], "answered");
    assert_eq!(record["ledger"]["attempts"][0]["problem"]["reason"], "refused");
    assert!(!status.to_string().contains("planted"));

    let reset = gateway.request("POST", "/api/cooldowns/reset", &[], Some(b"")).await;
    assert_eq!((reset.status, reset.json()), (200, json!({ "reset": 1 })));
    assert_eq!(gateway.get("/api/status").await.json()["breakers"], json!([]));
    assert_eq!(gateway.get("/api/cooldowns/reset").await.status, 405);
}

#[tokio::test]
async fn metrics_count_requests_attempts_and_fallbacks() {
    let (gateway, _hosted) = with_a_dead_primary("{}").await;
    gateway.ask(&question(true)).await;
    gateway.get("/v1/nothing").await;
    let scraped = gateway.get("/metrics").await;
    assert!(scraped.header("content-type").unwrap().contains("text"));
    let text = String::from_utf8(scraped.body).unwrap();
    for line in [
        r#"oc_gateway_requests_total{endpoint="/v1/responses",status="200"} 1"#,
        r#"oc_gateway_requests_total{endpoint="other",status="404"} 1"#,
        r#"oc_gateway_attempts_total{provider="lmstudio",model="local-model",outcome="failed",reason="refused"} 1"#,
        r#"oc_gateway_attempts_total{provider="anthropic",model="claude-sonnet-4-5",outcome="answered",reason=""} 1"#,
        r#"oc_gateway_fallbacks_total{from="lmstudio/local-model",to="anthropic/claude-sonnet-4-5",reason="refused"} 1"#,
        "oc_gateway_ttft_seconds_count 1",
        "oc_gateway_streams_open 0",
    ] {
        assert!(text.lines().any(|got| got == line), "{line} is missing in:\n{text}");
    }
    assert!(text.contains("oc_gateway_tokens_total{kind=\"output\"} "), "{text}");
    assert!(text.contains("oc_gateway_cost_usd_total "), "{text}");
    assert!(!text.contains("_total_total"));
}

/// Reasoning that led to no answer is paid all the same.
#[tokio::test]
async fn what_a_failed_attempt_used_is_in_the_ledger_and_counted() {
    let mut writer = Writer::new("local-model");
    let end = json!({ "type": "response.completed", "response": { "id": "resp_1",
        "status": "completed", "output": [],
        "usage": { "input_tokens": 1_000, "output_tokens": 70, "total_tokens": 1_070 } } });
    let script = vec![
        Step::sse_head(),
        Step::send(writer.opening()),
        Step::send(writer.reasoning("Hm.")),
        Step::send(format!("data: {end}\n\n")),
    ];
    let local = Lookalike::start(move |_| script.clone()).await.unwrap();
    let hosted = hosted().await;
    let config = local_first(&local.base_url(), &format!("http://{}", hosted.address()))
        .replace("maxTokens: 8192", "maxTokens: 8192, cost: { input: 2, output: 10 }");
    let gateway = Gateway::start(&config, "{}").await;
    for stream in [true, false] {
        let answer = gateway.ask(&question(stream)).await;
        assert_eq!(answer.header("x-oc-fallback-reason"), Some("reasoning_only"));
        let ledger = gateway.state.records().pop().unwrap().ledger;
        let usage = ledger.attempts[0].usage.unwrap();
        assert_eq!((usage.input_tokens, usage.output_tokens), (Some(1_000), Some(70)));
        // 1,000 × $2 and 70 × $10 for a million.
        assert_eq!(usage.cost, Some(2_700));
        assert!(ledger.attempts[1].usage.is_some() && ledger.usage().cost > Some(2_700));
        gateway.state.reset_cooldowns();
    }
}

#[tokio::test]
async fn an_open_stream_is_counted_until_it_ends() {
    let mut writer = Writer::new("local-model");
    let script = vec![
        Step::sse_head(),
        Step::send(writer.opening()),
        Step::send(writer.text("Half")),
        Step::Hold,
    ];
    let local = Lookalike::start(move |_| script.clone()).await.unwrap();
    let gateway = Gateway::over(&local, &hosted().await).await;
    let body = question(true).to_string();
    let held = gateway.open("POST", "/v1/responses", &[], Some(body.as_bytes())).await;
    local.until(|p| p.holding == 1).await;
    while gateway.get("/api/status").await.json()["streams_open"] != 1 {}
    drop(held);
    while gateway.get("/api/status").await.json()["streams_open"] != 0 {}
}

#[tokio::test]
async fn operating_needs_a_clients_key_where_there_are_clients() {
    let settings = r#"{ clients: [{ name: "agent", key: "sk-client-planted" }] }"#;
    let (gateway, _hosted) = with_a_dead_primary(settings).await;
    for (method, path) in
        [("GET", "/api/status"), ("GET", "/metrics"), ("POST", "/api/cooldowns/reset")]
    {
        assert_eq!(gateway.request(method, path, &[], None).await.status, 401, "{path}");
        let key = [("authorization", "Bearer sk-client-planted")];
        assert_eq!(gateway.request(method, path, &key, None).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn explain_last_asks_the_gateway_that_runs() {
    let (gateway, _hosted) = with_a_dead_primary("{}").await;
    let file = File::new("explain-last", r#"{ models: { mode: "merge" } }"#);
    let settings = file.0.with_file_name("oc-gateway.json5");
    std::fs::write(settings, format!("{{ listen: \"{}\" }}", gateway.address)).unwrap();
    let explain = |json: bool| {
        let config = file.0.display().to_string();
        let typed = ["explain", "--last", "--config", &config, "--json"].map(str::to_owned);
        tokio::task::spawn_blocking(move || {
            let typed: Vec<&str> = typed.iter().map(String::as_str).collect();
            run(if json { &typed } else { &typed[..4] })
        })
    };
    assert_eq!(explain(false).await.unwrap().1, "no request yet\n");
    gateway.ask(&question(true)).await;
    let (code, out, err) = explain(false).await.unwrap();
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("1. lmstudio/local-model  failed: refused"), "{out}");
    assert!(out.contains("2. anthropic/claude-sonnet-4-5  answered"), "{out}");
    let (_, out, _) = explain(true).await.unwrap();
    let record: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(record["ledger"]["attempts"][0]["problem"]["reason"], "refused");
    gateway.stop().await;
    let (code, _, err) = explain(false).await.unwrap();
    assert_eq!(code, Some(1));
    assert!(err.contains("no gateway answers at"), "{err}");
}

/// A config file in a folder of its own; the folder goes with it.
struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        drop(std::fs::remove_dir_all(&folder));
        std::fs::create_dir_all(&folder).unwrap();
        let file = Self(folder.join("openclaw.json"));
        std::fs::write(&file.0, text).unwrap();
        file
    }

    /// As an editor saves: another file takes its place.
    fn save(&self, text: &str) {
        let new = self.0.with_extension("new");
        std::fs::write(&new, text).unwrap();
        std::fs::rename(new, &self.0).unwrap();
    }

    fn read(&self) -> Result<Fresh, String> {
        let loaded = Config::load(&self.0, &|_: &str| None).map_err(|e| e.to_string())?;
        Ok(Fresh::new(loaded.value, Settings::default(), loaded.watch))
    }
}

impl Drop for File {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(self.0.parent().unwrap()));
    }
}

/// Waits until the gateway's state is so.
async fn until(live: &Live, so: impl Fn(&State) -> bool) {
    let waiting = async {
        while !so(&live.state()) {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(30), waiting).await.expect("the change came into force");
}

fn primary(state: &State) -> String {
    state.config().primary().map(ToString::to_string).unwrap_or_default()
}

#[tokio::test]
async fn an_edit_comes_into_force_and_a_broken_one_does_not() {
    let (local, hosted) = (local("", "ok").await, hosted().await);
    let hosted_at = format!("http://{}", hosted.address());
    let text = local_first(&local.base_url(), &hosted_at);
    let swapped = text.replace(
        r#"primary: "lmstudio/local-model", fallbacks: ["anthropic/claude-sonnet-4-5"]"#,
        r#"primary: "anthropic/claude-sonnet-4-5""#,
    );
    assert_ne!(text, swapped);
    let file = File::new("reload", &text);
    let first = file.read().unwrap();
    let live = Live::from(State::assemble(first.config, first.settings).unwrap());
    let reads = std::cell::Cell::new(0);
    let read = async || {
        reads.set(reads.get() + 1);
        file.read()
    };
    let editing = async {
        until(&live, |state| primary(state) == "lmstudio/local-model").await;
        file.save("{ models: { mode: ");
        let broken = async {
            while reads.get() == 0 {
                tokio::task::yield_now().await
            }
        };
        timeout(Duration::from_secs(30), broken).await.expect("the broken file was read");
        assert_eq!(primary(&live.state()), "lmstudio/local-model");

        file.save(&swapped);
        until(&live, |state| primary(state) == "anthropic/claude-sonnet-4-5").await;

        // Off: the change to it is the last one that is followed.
        file.save(&swapped.replacen('{', r#"{ gateway: { reload: { mode: "off" } },"#, 1));
    };
    let following = reload::follow(&live, reload::Seen::now(first.watch), read);
    let (followed, ()) = tokio::join!(following, editing);
    followed.unwrap();
    assert_eq!(live.state().config().reload_mode(), oc_config::ReloadMode::Off);
    assert_eq!(reads.get(), 3);
}

/// Without a config the servers that were found serve; one that is written later
/// is taken, and not even its folder has to be there before.
#[tokio::test]
async fn a_config_that_is_written_later_comes_into_force() {
    let file = File::new("written-later", "");
    let folder = file.0.parent().unwrap().join("state/deeper");
    let path = folder.join("openclaw.json");
    let found = [Discovered::new(ServerKind::Ollama, 11434, vec!["found".into()])];
    let first = Config::from_discovered(&found, &|_: &str| None).unwrap().value;
    let live = Live::from(State::assemble(first, Settings::default()).unwrap());
    let later = File(path.clone());
    let writing = async {
        until(&live, |state| primary(state) == "ollama/found").await;
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("other"), "not it").unwrap();
        let text = r#"{ models: { providers: { box: { baseUrl: "http://127.0.0.1:9/v1",
            api: "openai-responses", models: [{ id: "written" }] } } } }"#;
        later.save(text);
        until(&live, |state| primary(state) == "box/written").await;
        // What it depends on is followed from then on.
        later.save(&text.replacen('{', r#"{ gateway: { reload: { mode: "off" } },"#, 1));
    };
    let seen = reload::Seen::now(vec!["/nonexistent/openclaw.json".into(), path]);
    let following = reload::follow(&live, seen, async || later.read());
    let (followed, ()) = tokio::join!(following, writing);
    followed.unwrap();
}

#[tokio::test]
async fn a_stream_outlives_the_config_it_began_under() {
    let (gateway, _hosted) = with_a_dead_primary("{}").await;
    gateway.ask(&question(true)).await;
    let live = Live::from(gateway.state.clone());
    let other = r#"{ models: { providers: { local: { baseUrl: "http://127.0.0.1:9/v1",
        apiKey: "x", api: "openai-responses", models: [{ id: "m", name: "M" }] } } } }"#;
    let other = Config::parse(other, "openclaw.json", &|_: &str| None).unwrap().value;
    let settings = r#"{ listen: "127.0.0.1:1", deadlines: { connect: 1 } }"#;
    let settings = Settings::parse(settings, "s", &|_: &str| None).unwrap().value;
    assert_eq!(live.replace(other, settings).unwrap(), ["listen", "deadlines.connect"]);
    // What was learnt stays; a state that was taken before stays as it was.
    assert_eq!(live.state().records().len(), 1);
    assert_eq!(primary(&gateway.state), "lmstudio/local-model");
    assert_eq!(primary(&live.state()), "local/m");
}

/// An upstream that says half, waits to be told, and says the rest.
async fn says_half_and_waits(go_on: Arc<Notify>, serving: &mut JoinSet<()>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    serving.spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut asked = [0; 4096];
        assert!(socket.read(&mut asked).await.unwrap() > 0);
        let mut writer = Writer::new("local-model");
        let head =
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
        socket.write_all(head.as_bytes()).await.unwrap();
        socket.write_all(writer.opening().as_ref()).await.unwrap();
        socket.write_all(writer.text("Half").as_ref()).await.unwrap();
        go_on.notified().await;
        socket.write_all(writer.text(" and the rest").as_ref()).await.unwrap();
        socket.write_all(writer.completed().as_ref()).await.unwrap();
    });
    format!("http://{address}/v1")
}

#[tokio::test]
async fn an_answer_that_is_open_while_the_config_changes_is_told_to_its_end() {
    let (go_on, mut serving) = (Arc::new(Notify::new()), JoinSet::new());
    let upstream = says_half_and_waits(Arc::clone(&go_on), &mut serving).await;
    let config = |text: &str| Config::parse(text, "openclaw.json", &|_: &str| None).unwrap().value;
    let before = config(&local_first(&upstream, "http://127.0.0.1:9"));
    let live = Live::from(State::assemble(before, Settings::default()).unwrap());
    let request = http::Request::post("/v1/responses")
        .header("host", "127.0.0.1:4141")
        .header("content-type", "application/json")
        .body(axum::body::Body::from(question(true).to_string()))
        .unwrap();
    let answer = oc_gateway::app(live.clone()).oneshot(request).await.unwrap();
    let mut body = answer.into_body().into_data_stream();
    let mut told = String::new();
    while !told.contains("Half") {
        told += std::str::from_utf8(&body.next().await.unwrap().unwrap()).unwrap();
    }

    let after = r#"{ models: { mode: "replace", providers: { other: { baseUrl: "http://127.0.0.1:9/v1",
        apiKey: "x", api: "openai-responses", models: [{ id: "m", name: "M" }] } } } }"#;
    live.replace(config(after), Settings::default()).unwrap();
    assert_eq!(primary(&live.state()), "other/m");
    go_on.notify_one();
    while let Some(piece) = body.next().await {
        told += std::str::from_utf8(&piece.unwrap()).unwrap();
    }
    assert!(told.contains(" and the rest") && told.contains("response.completed"), "{told}");
    assert!(told.contains("lmstudio/local-model"), "who answered is told: {told}");
}

/// Saves a file as an editor does, and waits until what it says is in force.
async fn saved(live: &Live, path: &std::path::Path, text: &str, wanted: &str) {
    let new = path.with_extension("new");
    std::fs::write(&new, text).unwrap();
    std::fs::rename(new, path).unwrap();
    until(live, |state| primary(state) == wanted).await;
}

/// The config includes one file in its folder and one below it, and takes a
/// variable from `.env`; a change of each comes into force.
#[tokio::test]
async fn what_the_config_is_made_of_is_followed_too() {
    let file = File::new(
        "reload-parts",
        r#"{ agents: { $include: "./agents.json5" }, models: { $include: "./parts/models.json5" } }"#,
    );
    let folder = file.0.parent().unwrap().to_owned();
    std::fs::create_dir_all(folder.join("parts")).unwrap();
    let models = |id: &str| {
        format!(
            r#"{{ mode: "replace", providers: {{ box: {{ baseUrl: "http://127.0.0.1:9/v1", api: "openai-responses",
            models: [{{ id: "a", name: "A" }}, {{ id: "{id}", name: "B" }}] }} }} }}"#
        )
    };
    let agents = |model: &str| format!(r#"{{ defaults: {{ model: "{model}" }} }}"#);
    std::fs::write(folder.join("agents.json5"), agents("box/a")).unwrap();
    std::fs::write(folder.join("parts/models.json5"), models("b")).unwrap();
    let first = file.read().unwrap();
    let live = Live::from(State::assemble(first.config, first.settings).unwrap());
    let editing = async {
        until(&live, |state| primary(state) == "box/a").await;
        saved(&live, &folder.join("agents.json5"), &agents("box/${NAME}"), "box/a").await;
        // Without the variable that was no config; with it, it is one.
        saved(&live, &folder.join(".env"), "NAME=b", "box/b").await;
        saved(&live, &folder.join("agents.json5"), &agents("c"), "box/b").await;
        saved(&live, &folder.join("parts/models.json5"), &models("c"), "box/c").await;
        file.save(r#"{ gateway: { reload: { mode: "off" } } }"#);
    };
    let following = reload::follow(&live, reload::Seen::now(first.watch), async || file.read());
    let (followed, ()) = tokio::join!(following, editing);
    followed.unwrap();
}
