//! Keys planted in every place that a key may stand in, and in those where it
//! should not; then everything that the binary says, on every way it has.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use crate::{
    commands::{Scratch, oc_gateway},
    serving::Serving,
};

/// Port 9 is discard; nobody listens there on loopback.
const CONFIG: &str = r#"{
  // apiKey: "sk-planted0123456789"
  env: { vars: { MY_TOKEN: "sk-planted" }, OTHER: "sk-planted" },
  agents: { defaults: {
    model: { primary: "box/m", fallbacks: ["open/m", "named/m", "ref/m"] },
    params: { extra_body: { key: "sk-planted", note: "sk-planted" }, user: "sk-planted" },
    models: { "box/m": { alias: "Box" } },
  } },
  models: { mode: "replace", providers: {
    box: { baseUrl: "http://127.0.0.1:9/sk-planted/v1", apiKey: "sk-planted", api: "openai-completions",
      headers: { "X-Team": "sk-planted", Authorization: "Bearer sk-planted" }, params: { secret: "sk-planted" },
      models: [{ id: "m", name: "M", headers: { "X-Other": "sk-planted" } }] },
    open: { baseUrl: "http://127.0.0.1:9/v1", apiKey: "${PLANTED}", api: "openai-responses",
      request: { auth: { mode: "header", headerName: "X-Key", value: "sk-planted" } },
      models: [{ id: "m", name: "M" }] },
    named: { baseUrl: "http://127.0.0.1:9", apiKey: "PLANTED", api: "anthropic-messages",
      models: [{ id: "m", name: "M", contextWindow: 1000 }] },
    ref: { baseUrl: "http://u:sk-planted@127.0.0.1:9/v1?key=sk-planted", api: "openai-completions",
      apiKey: { source: "env", provider: "default", id: "PLANTED" }, models: [{ id: "m", name: "M" }] },
  } },
}
"#;

const SETTINGS: &str = r#"{
  clients: [{ name: "phone", key: "sk-planted", privacy: "local-only" }, { name: "desk", key: "sk-planted-two" }],
  modelAliases: { "small": "sk-planted" },
  store: { kind: "redis", url: "redis://:sk-planted@127.0.0.1" },
  telemetry: { otlp: "http://127.0.0.1:9/sk-planted" },
}
"#;

/// The same, wrong in each section.
fn broken() -> String {
    CONFIG
        .replace("baseUrl: \"http://127.0.0.1:9\"", "baseURL: \"sk-planted\"")
        .replace("mode: \"replace\"", "mode: \"sk-planted\"")
        .replace("primary: \"box/m\"", "primary: \"sk-planted\"")
        .replace("OTHER: \"sk-planted\"", "OTHER: [\"sk-planted\"]")
}

fn hold_nothing(what: &str, said: &str) {
    assert!(!said.is_empty(), "{what} says nothing");
    assert!(!said.contains("planted"), "{what}: {said}");
}

#[test]
fn nothing_that_the_binary_says_holds_a_key() {
    let (scratch, file) = Scratch::file("keys-in-outputs", CONFIG);
    std::fs::write(scratch.0.join("oc-gateway.json5"), SETTINGS).unwrap();
    std::fs::write(scratch.0.join(".env"), "PLANTED_TOKEN=sk-planted\n").unwrap();
    let commands: &[&[&str]] = &[
        &["check"],
        &["check", "--json"],
        &["check", "--verbose"],
        &["explain"],
        &["explain", "--json"],
        &["explain", "--client", "phone"],
        &["explain", "--json", "--client", "desk", "Box"],
        &["explain", "sk-planted"],
        &["explain", "--agent", "sk-planted"],
        &["explain", "--client", "sk-planted"],
        &["models"],
        &["models", "--json"],
        &["models", "--probe"],
        &["ask", "--model", "box/m", "Why?"],
        &["ask", "--json", "Why?"],
        &["schema", "config"],
        &["schema", "settings"],
    ];
    for config in [CONFIG.to_owned(), broken(), broken().replacen("env:", "env", 1)] {
        std::fs::write(&file, &config).unwrap();
        for command in commands {
            let mut all = command.to_vec();
            if command[0] != "schema" {
                all.extend(["--config", &file, "--log-level", "debug"]);
            }
            let mut asked = oc_gateway();
            let output = asked.env("PLANTED", "sk-planted").args(&all).output().unwrap();
            let said = [output.stdout, output.stderr].concat();
            let mut said = String::from_utf8(said).unwrap();
            // What was typed may be repeated.
            if command.contains(&"sk-planted") {
                said = said.replace("`sk-planted`", "");
            }
            hold_nothing(&command.join(" "), &said);
        }
    }
}

#[cfg(unix)]
#[test]
fn nothing_that_a_serving_gateway_says_holds_a_key() {
    let (scratch, file) = Scratch::file("keys-in-serving", CONFIG);
    std::fs::write(scratch.0.join("oc-gateway.json5"), SETTINGS).unwrap();
    for format in ["text", "json"] {
        std::fs::write(&file, CONFIG).unwrap();
        let mut serving = Serving::with(&file, |command| {
            command.env("PLANTED", "sk-planted");
            command.args(["--log-level", "debug", "--log-format", format]);
        });
        let mut said = serving.announced.clone();
        let answers = [
            ("GET", "/v1/models"),
            ("GET", "/api/status"),
            ("GET", "/metrics"),
            ("GET", "/"),
            ("POST", "/v1/responses"),
            ("POST", "/v1/chat/completions"),
            ("POST", "/v1/messages"),
        ];
        for (method, path) in answers {
            let body = r#"{"model":"default","input":"hi","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#;
            let address = &serving.address;
            let mut socket = TcpStream::connect(address).unwrap();
            write!(
                socket,
                "{method} {path} HTTP/1.0\r\nhost: {address}\r\nauthorization: Bearer sk-planted\r\n\
                 content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            )
            .unwrap();
            let mut answer = String::new();
            socket.read_to_string(&mut answer).unwrap();
            hold_nothing(path, &answer);
        }
        std::fs::write(&file, broken()).unwrap();
        said += &serving.until("the last good config stays");
        std::fs::write(&file, CONFIG.replace("contextWindow: 1000", "contextWindow: 1001"))
            .unwrap();
        said += &serving.until("config read again");
        serving.signal("-TERM");
        said += &serving.ended().1;
        hold_nothing(format, &said);
        assert!(!said.contains('\u{1b}'), "{said}");
    }
}
