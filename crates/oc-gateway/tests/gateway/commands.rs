//! The binary: what it prints and how it exits.

use std::{
    io::Read as _,
    path::PathBuf,
    process::{Command, Output},
};

use serde_json::Value;

use crate::serving::Serving;

pub(crate) fn oc_gateway() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oc-gateway"));
    // Nothing of the machine's own configuration or keys may matter.
    command.env_clear().env("NO_COLOR", "1").env("HOME", "/nonexistent");
    command
}

pub(crate) fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = oc_gateway().args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

fn example(name: &str) -> String {
    format!("{}/../../examples/config/{name}.json5", env!("CARGO_MANIFEST_DIR"))
}

/// A config file in a folder of its own.
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn file(name: &str, text: &str) -> (Self, String) {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("openclaw.json");
        std::fs::write(&file, text).unwrap();
        let file = file.display().to_string();
        (Self(folder), file)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

const BROKEN: &str = r#"{
  agents: { defaults: { model: { primry: "lmstudio/m" } } },
  models: { mode: "merg", providers: { lmstudio: {
    baseUrl: "http://127.0.0.1:1234/v1", apiKey: "sk-planted-secret", api: "openai-response",
    models: [ { id: "m", name: "M", contextWindow: "large" } ],
  } } },
}
"#;

#[test]
fn the_demo_shows_all_three_acts() {
    let (code, out, err) = run(&["demo"]);
    assert_eq!(code, Some(0), "{out}{err}");
    assert_eq!(out.matches('✓').count(), 3, "{out}");
    assert!(out.contains("The ledger"), "{out}");
    assert!(!out.contains('\u{1b}'), "colour off a terminal");
}

#[test]
fn the_demo_fails_without_its_fallback() {
    let (code, out, err) = run(&["demo", "--without-fallback"]);
    assert_eq!(code, Some(1), "{out}{err}");
    assert!(out.contains("✗ HTTP 502: All models failed ("), "{out}");
}

#[test]
fn check_shows_every_problem_at_once_and_exits_78() {
    let (_scratch, file) = Scratch::file("check-broken", BROKEN);
    let (code, out, _) = run(&["check", "--config", &file]);
    assert_eq!(code, Some(78), "{out}");
    for word in ["primry", "merg", "openai-response", "contextWindow"] {
        assert!(out.contains(word), "{word} is missing in:\n{out}");
    }
    assert!(out.contains(&format!("{file}:2:")), "{out}");
    assert!(!out.contains("planted"), "{out}");

    let (code, out, _) = run(&["check", "--json", "--config", &file]);
    assert_eq!(code, Some(78));
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["ok"], false);
    let problems = json["files"][0]["problems"].as_array().unwrap();
    assert!(problems.len() >= 4, "{out}");
    assert!(problems.iter().all(|p| p["line"].is_u64() && p["column"].is_u64()), "{out}");
    assert!(!out.contains("planted"));
}

#[test]
fn the_examples_pass() {
    for name in ["recommended", "hybrid", "local-first", "any-proxy"] {
        let (code, out, err) = run(&["check", "--config", &example(name)]);
        assert_eq!(code, Some(0), "{name}: {out}{err}");
        assert!(out.contains(": ok"), "{out}");
    }
    let (_, out, _) = run(&["check", "--config", &example("hybrid")]);
    assert!(out.contains("ANTHROPIC_API_KEY"), "{out}");
}

/// A break report: everything was in order, and nobody could answer.
#[test]
fn check_says_when_nobody_can_answer() {
    let text = r#"{ agents: { defaults: { model: "anthropic/claude-opus-4-6" } } }"#;
    let (_scratch, file) = Scratch::file("check-nobody", text);
    let (code, out, _) = run(&["check", "--config", &file]);
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("no candidate of the default chain can be used"), "{out}");
    assert_eq!(run(&["check", "--strict", "--config", &file]).0, Some(1));
}

/// A break report: only what followed a `?` was covered.
#[test]
fn check_covers_the_fragment_of_a_base_url() {
    let text = BROKEN.replace("1234/v1", "1234/v1#sk-planted-fragment");
    let (_scratch, file) = Scratch::file("check-fragment", &text);
    let (_, out, _) = run(&["check", "--config", &file]);
    assert!(out.contains("fragment"), "{out}");
    assert!(!out.contains("planted"), "{out}");
}

#[test]
fn problems_are_drawn_into_the_file_they_stand_in() {
    let (scratch, file) =
        Scratch::file("check-included", r#"{ models: { $include: "./m.json5" } }"#);
    std::fs::write(scratch.0.join("m.json5"), "{\n  mode: \"merg\" }").unwrap();
    let (code, out, _) = run(&["check", "--config", &file]);
    assert_eq!(code, Some(78), "{out}");
    assert!(out.contains("m.json5:2:") && out.contains(r#"mode: "merg""#), "{out}");
}

/// A setting that does nothing yet is never passed over in silence.
#[test]
fn check_says_which_settings_are_not_built() {
    let config = std::fs::read_to_string(example("any-proxy")).unwrap();
    let (scratch, file) = Scratch::file("settings-unbuilt", &config);
    let settings = scratch.0.join("oc-gateway.json5");
    let check = |text: &str| {
        std::fs::write(&settings, text).unwrap();
        let (code, out, _) = run(&["check", "--json", "--config", &file]);
        (code, serde_json::from_str::<Value>(&out).unwrap())
    };
    let (code, json) = check("{}");
    assert_eq!((code, json["files"].to_string().contains("not built")), (Some(0), false));
    for (text, key) in [
        (r#"{ fallback: { afterCommit: "continue" } }"#, "fallback.afterCommit"),
        (r#"{ fallback: { coldStart: "race" } }"#, "fallback.coldStart"),
        (r#"{ fallback: { hedge: { after: "p95" } } }"#, "fallback.hedge"),
        (r#"{ store: { kind: "file", path: "/x" } }"#, "store.kind"),
        (r#"{ store: { kind: "redis", url: "redis://sk-planted@x" } }"#, "store.kind"),
        (r#"{ telemetry: { otlp: "http://127.0.0.1:4318" } }"#, "telemetry.otlp"),
        (r#"{ telemetry: { captureContent: true } }"#, "telemetry.captureContent"),
    ] {
        let (code, json) = check(text);
        let told = json["files"].to_string();
        let problem = &json["files"][1]["problems"][0];
        assert_eq!(problem["path"], key, "{text}: {told}");
        assert!(problem["reason"].as_str().unwrap().starts_with("not built yet: "), "{told}");
        assert!(problem["column"].as_u64() > Some(1) && problem["fix"].is_string(), "{told}");
        assert!(code == Some(0) && !told.contains("planted"), "{text}: {told}");
    }
    for (limit, path) in
        [("tools: []", "clients[0].tools"), ("budget: { costUsd: 1 }", "clients[0].budget")]
    {
        let (code, json) = check(&format!("{{ clients: [{{ name: 'a', key: 'k', {limit} }}] }}"));
        assert_eq!((code, &json["ok"]), (Some(78), &Value::Bool(false)), "{limit}: {json}");
        let problems = json["files"][1]["problems"].as_array().unwrap();
        let problem = problems.iter().find(|one| one["severity"] == "error").unwrap();
        assert_eq!(problem["path"], path, "{json}");
        assert!(problem["line"] == 1 && problem["fix"].is_string(), "{json}");
    }
}

/// Break reports: the settings' problems had no line, no picture and no fix, and
/// their file was said to be in order twice.
#[test]
fn problems_of_the_settings_are_drawn_into_them() {
    let config = std::fs::read_to_string(example("any-proxy")).unwrap();
    let with_own = config.replacen('{', "{\n  ocGateway: { region: \"eu\" },", 1);
    let (scratch, file) = Scratch::file("settings-drawn", &with_own);
    let settings = scratch.0.join("oc-gateway.json5");
    let text = r#"{
  modelAliases: {
    "": "local/my-local-model",
    "local/my-local-model": "local/my-local-model",
    "claude-haiku-4-5": "local/my-lokal-model",
    "Small": "local/my-local-model", "small": "local/my-local-model",
    "chained": "small",
    "default": "local/my-local-model",
  },
  providers: { locale: { locality: "local" }, local: { models: { gone: {} } } },
  fallback: { hedge: { after: "p95" } },
}
"#;
    std::fs::write(&settings, text).unwrap();
    let (code, out, _) = run(&["check", "--config", &file]);
    assert_eq!(code, Some(0), "{out}");
    assert_eq!(out.matches("oc-gateway.json5: ok").count(), 1, "{out}");
    let folder = format!("{}/", scratch.0.display());
    insta::assert_snapshot!("problems_of_settings", out.replace(&folder, ""));
}

/// What `explain` says of the only candidate's key, in a folder with this `.env`.
fn key_by(name: &str, config: &str, beside: &[(&str, &str)], here: &str) -> String {
    let (scratch, file) = Scratch::file(name, config);
    for (path, text) in beside {
        let path = scratch.0.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let here_folder = scratch.0.join("here");
    std::fs::create_dir_all(&here_folder).unwrap();
    std::fs::write(here_folder.join(".env"), here).unwrap();
    let explained =
        oc_gateway().current_dir(here_folder).args(["explain", "--config", &file]).output();
    let explained = String::from_utf8(explained.unwrap().stdout).unwrap();
    assert!(!explained.contains("planted"), "{explained}");
    let key = explained.lines().find_map(|line| line.trim().strip_prefix("apiKey: "));
    key.unwrap_or(&explained).to_owned()
}

/// The `.env` of the folder one stands in counts, above that of the state
/// folder, but gives no provider a key.
#[test]
fn the_working_folders_env_is_read_and_gives_no_keys() {
    let config = r#"{ agents: { defaults: { model: "p/m" } }, models: { providers: { p: {
        baseUrl: "https://p.example/v1", api: "openai-responses", apiKey: "${MINE}",
        models: [{ id: "m", name: "M" }] } } } }"#;
    let key = key_by("env-here", config, &[], "MINE=sk-planted");
    assert!(key.starts_with("env:MINE via ${MINE}"), "{key}");
    let hosted = r#"{ agents: { defaults: { model: "openai/gpt-5" } } }"#;
    let key = key_by("env-no-key", hosted, &[], "OPENAI_API_KEY=sk-planted");
    assert!(key.starts_with("none"), "{key}");
    let state = [(".env", "OPENAI_API_KEY=sk-planted")];
    let key = key_by("env-state", hosted, &state, "OPENAI_API_KEY=other");
    assert!(key.starts_with("env:OPENAI_API_KEY"), "{key}");
}

/// `ref@profile` is asked with the key of that profile.
#[test]
fn a_profile_named_behind_an_at_gives_its_key() {
    let profiles = r#"{ "profiles": { "openai:work": { "type": "api_key", "provider": "openai", "key": "sk-planted" } } }"#;
    let stored = [("agents/main/agent/auth-profiles.json", profiles)];
    let config = r#"{ agents: { defaults: { model: "openai/gpt-5@openai:work" } } }"#;
    let key = key_by("profile", config, &stored, "");
    assert!(key.starts_with("profile:openai:work"), "{key}");
}

#[test]
fn check_verbose_names_what_is_not_read() {
    let text = std::fs::read_to_string(example("any-proxy")).unwrap();
    let text = text.replacen('{', "{\n  channels: {},", 1);
    let (_scratch, file) = Scratch::file("check-passed-over", &text);
    let (_, out, _) = run(&["check", "--verbose", "--config", &file]);
    assert!(out.contains("OpenClaw's own, not read: channels (line "), "{out}");
}

#[test]
fn a_broken_config_starts_nothing() {
    let (_scratch, file) = Scratch::file("serve-broken", BROKEN);
    let (code, out, err) = run(&["serve", "--config", &file, "--listen", "127.0.0.1:0"]);
    assert_eq!(code, Some(78), "{out}{err}");
    assert!(err.contains("primry") && err.contains("merg"), "{err}");
    assert!(!out.contains("listening"), "{out}");
}

#[test]
fn a_missing_config_is_78() {
    for arguments in [
        &["serve", "--config", "/nonexistent/openclaw.json"][..],
        &["check", "--config", "/nonexistent/openclaw.json"],
        &["ask", "--config", "/nonexistent/openclaw.json", "hello"],
    ] {
        let (code, out, err) = run(arguments);
        assert_eq!(code, Some(78), "{arguments:?}: {out}{err}");
        let told = out + &err;
        let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains("there is no such file"), "{arguments:?}: {told}");
        assert!(told.contains("correct the path"), "{arguments:?}: {told}");
    }
}

/// What cannot be read is a problem like any other, for programs too.
#[test]
fn a_file_that_cannot_be_read_is_a_problem_with_place_and_fix() {
    let (_scratch, folder) = Scratch::file("check-unreadable", "");
    std::fs::write(&folder, b"{\n  // \xff\n}").unwrap();
    let at = |file: &str, settings: &[&str]| {
        let (code, out, err) = run(&[&["check", "--json", "--config", file], settings].concat());
        assert_eq!(code, Some(78), "{out}{err}");
        let told: serde_json::Value = serde_json::from_str(&out).unwrap();
        let files = told["files"].as_array().unwrap().clone();
        let problem = files.iter().flat_map(|file| file["problems"].as_array().unwrap()).next();
        let problem = problem.unwrap_or_else(|| panic!("{told}"));
        assert!(problem["fix"].is_string() && problem["severity"] == "error", "{told}");
        assert!(files.iter().all(|file| file["refusal"].is_null()), "{told}");
        (problem["line"].as_u64(), problem["column"].as_u64(), problem["reason"].to_string())
    };
    let (line, column, reason) = at(&folder, &[]);
    assert_eq!((line, column), (Some(2), Some(6)));
    assert!(reason.contains("not UTF-8 at byte 7"), "{reason}");
    for (file, why) in [("/nonexistent/c.json", "no such file"), ("/tmp", "a folder")] {
        let (line, column, reason) = at(file, &[]);
        assert_eq!((line, column), (Some(1), Some(1)), "{reason}");
        assert!(reason.contains(why), "{reason}");
        let config = example("recommended");
        assert!(at(&config, &["--settings", file]).2.contains(why), "settings {file}");
    }
    // And drawn for people.
    let (_, out, err) = run(&["check", "--config", &folder]);
    assert!(out.contains("not UTF-8") && out.contains("save it as UTF-8"), "{out}{err}");
}

/// Without a config the local servers make the chain; where there are none, what
/// would be done and how to begin is told.
#[test]
fn without_a_config_check_says_how_to_begin() {
    for arguments in [&["check"][..], &["explain"], &["models"]] {
        let (code, out, err) = run(arguments);
        let told = out + &err;
        match code {
            // Something listens on one of the usual ports of this machine.
            Some(0) => assert!(!told.contains("no config was found"), "{arguments:?}: {told}"),
            code => {
                assert_eq!(code, Some(78), "{arguments:?}: {told}");
                for said in
                    ["LM Studio (port 1234)", "Ollama (11434)", "--config", "make the chain"]
                {
                    assert!(told.contains(said), "{arguments:?}: {said}: {told}");
                }
            }
        }
    }
}

#[test]
fn listening_wider_than_loopback_without_clients_is_78() {
    let config = example("recommended");
    let (code, out, err) = run(&["serve", "--config", &config, "--listen", "0.0.0.0:0"]);
    assert_eq!(code, Some(78), "{out}{err}");
    assert!(err.contains("clients"), "{err}");
}

#[test]
fn usage_errors_exit_2() {
    assert_eq!(run(&["serv"]).0, Some(2));
    assert_eq!(run(&["ask"]).0, Some(2));
    assert_eq!(run(&["serve", "--listen", "somewhere"]).0, Some(2));
}

#[test]
fn ask_fails_with_the_whole_story() {
    let (_scratch, file) = Scratch::file(
        "ask-refused",
        // Port 9 is discard; nobody listens there on loopback.
        &std::fs::read_to_string(example("any-proxy")).unwrap().replace(":8000/", ":9/"),
    );
    let (code, _, err) = run(&["ask", "--config", &file, "Why?"]);
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("All models failed (") && err.contains("(refused)"), "{err}");
}

/// What the settings keep prompts from is no usable candidate.
#[test]
fn explain_tells_whom_privacy_and_region_shut_out() {
    let config = r#"{ models: { mode: "replace", providers: {
        here: { baseUrl: "http://127.0.0.1:9/v1", api: "openai-completions",
                models: [{ id: "m", name: "M" }, { id: "x:cloud", name: "X" }] } } },
        agents: { defaults: { model: { primary: "here/x:cloud", fallbacks: ["here/m"] } } } }"#;
    let (scratch, file) = Scratch::file("shut-out", config);
    let settings = scratch.0.join("oc-gateway.json5");
    std::fs::write(&settings, "{ privacy: \"local-only\" }").unwrap();
    let (code, out, err) = run(&["explain", "--config", &file]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("shut out by the settings: hosted, and the request is local"), "{out}");
    assert!(out.contains("hosted: its tag is one of Ollama's cloud"), "{out}");
    assert_eq!(out.matches(": usable\n").count(), 1, "{out}");

    std::fs::write(
        &settings,
        "{ region: \"us\",\n  providers: { here: { locality: \"local\" } } }",
    )
    .unwrap();
    let (_, out, _) = run(&["explain", "--json", "--config", &file]);
    let json: Value = serde_json::from_str(&out).unwrap();
    let first = &json["candidates"][0];
    assert_eq!(first["usable"], false, "{out}");
    assert!(first["reason"].as_str().unwrap().contains("its region is not known"), "{out}");
    assert_eq!(first["localityReason"], "declared `local` in the settings", "{out}");
    let origin = first["values"]["locality"]["origin"].as_str().unwrap();
    assert!(origin.ends_with("oc-gateway.json5:2"), "{out}");
}

/// A break report: what a client's own privacy, region and models leave of a chain
/// could not be seen.
#[test]
fn explain_tells_what_a_client_would_get() {
    let config = r#"{ models: { mode: "replace", providers: {
        here: { baseUrl: "http://127.0.0.1:9/v1", api: "openai-completions",
                models: [{ id: "m", name: "M" }, { id: "x:cloud", name: "X" }] } } },
        agents: { defaults: { model: { primary: "here/x:cloud", fallbacks: ["here/m"] } } } }"#;
    let (scratch, file) = Scratch::file("explain-client", config);
    let settings = scratch.0.join("oc-gateway.json5");
    let text = "{ clients: [\n  { name: 'phone', key: 'sk-planted-a', privacy: 'local-only', output: 'final' },
  { name: 'desk', key: 'sk-planted-b', models: ['here/x:cloud'] }, { name: 'all', key: 'sk-planted-c' } ] }";
    std::fs::write(&settings, text).unwrap();
    let mut told = String::new();
    for arguments in [&[][..], &["--client", "phone"], &["--client", "desk"], &["--client", "all"]]
    {
        let all = [&["explain", "--config", &file][..], arguments].concat();
        let (code, out, err) = run(&all);
        assert_eq!(code, Some(0), "{err}");
        assert!(!out.contains("planted"), "{out}");
        told += &format!("# explain {}\n{out}", arguments.join(" "));
    }
    let folder = format!("{}/", scratch.0.display());
    insta::assert_snapshot!("explained_for_clients", told.replace(&folder, ""));

    let (_, out, _) = run(&["explain", "--json", "--client", "phone", "--config", &file]);
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["client"]["privacy"], "local-only", "{out}");
    assert!(json["client"]["origin"].as_str().unwrap().ends_with("oc-gateway.json5:2"), "{out}");
    assert_eq!(json["candidates"][0]["usable"], false, "{out}");
    assert!(json["candidates"][0]["fix"].as_str().unwrap().contains("`clients[0]`"), "{out}");

    let (code, _, err) = run(&["explain", "--client", "phoen", "--config", &file]);
    assert_eq!(code, Some(1), "{err}");
    assert_eq!(err, "error: no client `phoen`; the settings describe phone, desk, all\n");
    let (code, _, err) = run(&["explain", "--agent", "nobody", "--config", &file]);
    assert_eq!(code, Some(1), "{err}");
    assert!(err.starts_with("error: no agent `nobody`; "), "{err}");
}

#[test]
fn explain_tells_the_chain_and_where_it_comes_from() {
    let file = example("hybrid");
    let (code, out, err) = run(&["explain", "--config", &file]);
    assert_eq!(code, Some(0), "{err}");
    for word in ["1. anthropic/claude-sonnet-4-5", "ANTHROPIC_API_KEY", "hybrid.json5:", "catalog"]
    {
        assert!(out.contains(word), "{word} is missing in:\n{out}");
    }
    // Which file, and on whose word.
    let mut lines = out.lines();
    assert_eq!(lines.next(), Some(format!("config: {file} (named on the command line)").as_str()));
    assert_eq!(lines.next(), Some("settings: none: every default holds"));
    let named = oc_gateway().env("OPENCLAW_CONFIG_PATH", &file).arg("explain").output().unwrap();
    let named = String::from_utf8(named.stdout).unwrap();
    let wanted = format!("config: {file} (named by $OPENCLAW_CONFIG_PATH)\n");
    assert!(named.starts_with(&wanted), "{named}");

    let (code, out, _) = run(&["explain", "minimax local", "--json", "--config", &file]);
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &json["candidates"][0]["usable"]), (Some(0), &Value::Bool(true)), "{out}");
    assert!(json["files"]["config"].as_str().unwrap().contains("hybrid.json5"), "{out}");
    let (code, _, err) = run(&["explain", "Sonet", "--config", &file]);
    assert_eq!(code, Some(1));
    assert!(err.contains("Sonnet"), "{err}");
    // A name is for the chain, not for the last request.
    let (code, _, err) = run(&["explain", "--last", "extra", "--config", &file]);
    assert_eq!(code, Some(2), "{err}");
}

#[test]
fn models_lists_what_is_usable_and_probes_what_is_local() {
    let (_scratch, file) = Scratch::file(
        "models-probe",
        &std::fs::read_to_string(example("hybrid")).unwrap().replace(":1234/", ":9/"),
    );
    let (code, out, err) = run(&["models", "--config", &file]);
    assert_eq!(code, Some(0), "{err}");
    assert!(
        out.contains("lmstudio/minimax-m2.1-gs32") && out.contains("ANTHROPIC_API_KEY"),
        "{out}"
    );
    let (code, out, _) = run(&["models", "--json", "--probe", "--config", &file]);
    assert_eq!(code, Some(1), "nobody listens at port 9: {out}");
    let rows: Vec<Value> = serde_json::from_str(&out).unwrap();
    let row = |id: &str| rows.iter().find(|row| row["id"] == id).unwrap();
    assert_eq!(row("lmstudio/minimax-m2.1-gs32")["live"], "unreachable");
    assert_eq!(row("lmstudio/minimax-m2.1-gs32")["usable"], true);
    assert_eq!(row("anthropic/claude-opus-4-6")["live"], "not asked");
    assert_eq!(row("anthropic/claude-opus-4-6")["usable"], false);
}

#[test]
fn schemas_and_completions_are_printed() {
    for (of, key) in [("config", "models"), ("settings", "deadlines")] {
        let (code, out, _) = run(&["schema", of]);
        let schema: Value = serde_json::from_str(&out).unwrap();
        assert_eq!((code, schema["properties"][key].is_null()), (Some(0), false), "{of}");
    }
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let (code, out, _) = run(&["completions", shell]);
        assert_eq!(code, Some(0));
        assert!(out.contains("explain"), "{shell}");
    }
    assert_eq!(run(&["completions", "cmd"]).0, Some(2));
}

#[cfg(unix)]
#[test]
fn serve_announces_itself_and_drains_on_sigterm() {
    let serving = Serving::start(&example("hybrid"));
    let seen = &serving.announced;
    assert!(seen.contains("listening on http://127.0.0.1:"), "{seen}");
    assert!(seen.contains("1. anthropic/claude-sonnet-4-5"), "{seen}");
    assert!(seen.contains("ANTHROPIC_API_KEY"), "{seen}");
    assert!(!seen.trim_end().ends_with(":0"), "{seen}");
    serving.signal("-TERM");
    assert_eq!(serving.ended().0, Some(0));
}

/// Asked once, open answers may finish; asked again, whether by the same signal
/// or by the other, they are cut, and the exit code says so.
#[cfg(unix)]
#[test]
fn a_second_ctrl_c_cuts_open_answers() {
    use std::io::Write as _;
    for signals in [["-INT", "-INT"], ["-TERM", "-INT"]] {
        // An upstream that takes the question and never answers.
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let config = format!(
            r#"{{ agents: {{ defaults: {{ model: {{ primary: "local/m" }} }} }},
              models: {{ providers: {{ local: {{ baseUrl: "http://{}/v1", apiKey: "x",
                api: "openai-responses", models: [{{ id: "m", name: "M" }}] }} }} }} }}"#,
            silent.local_addr().unwrap()
        );
        let (_scratch, file) = Scratch::file(&format!("stop-twice{}", signals[0]), &config);
        let mut serving = Serving::start(&file);
        let address = &serving.address;
        let mut client = std::net::TcpStream::connect(address).unwrap();
        let body = r#"{"model":"default","input":"hi"}"#;
        write!(
            client,
            "POST /v1/responses HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        // The question has arrived upstream: the answer is open.
        let (mut asked, _) = silent.accept().unwrap();
        assert!(asked.read(&mut [0; 16]).unwrap() > 0);

        serving.signal(signals[0]);
        serving.until("ask again to cut them");
        assert!(serving.is_running(), "the answer may finish");
        serving.signal(signals[1]);
        serving.until("open answers are cut");
        assert_eq!(serving.ended().0, Some(1));
        let mut answer = Vec::new();
        drop(client.read_to_end(&mut answer));
        assert!(!String::from_utf8_lossy(&answer).contains("200 OK"));
    }
}

/// What the gateway at `address` lists under `/v1/models`.
#[cfg(unix)]
fn models_at(address: &str) -> String {
    use std::io::Write as _;
    let mut socket = std::net::TcpStream::connect(address).unwrap();
    write!(socket, "GET /v1/models HTTP/1.0\r\nhost: {address}\r\n\r\n").unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer
}

#[cfg(unix)]
#[test]
fn serve_follows_its_config() {
    let before = std::fs::read_to_string(example("any-proxy")).unwrap();
    let (_scratch, file) = Scratch::file("serve-reload", &before);
    let mut serving = Serving::start(&file);
    let address = serving.address.clone();
    assert!(models_at(&address).contains("local/my-local-model"));

    // Each write is followed by the line that tells what became of it.
    std::fs::write(&file, BROKEN).unwrap();
    let said = serving.until("the last good config stays");
    assert!(!said.contains("planted"), "{said}");
    // A break report: the log is a file, and held the colours of a terminal.
    assert!(!said.contains('\u{1b}') && !said.contains("x1b"), "{said}");
    assert!(models_at(&address).contains("local/my-local-model"));
    std::fs::write(&file, before.replace("my-local-model", "another-model")).unwrap();
    serving.until("config read again");
    let models = models_at(&address);
    assert!(models.contains("local/another-model") && !models.contains("my-local"), "{models}");

    serving.signal("-TERM");
    assert_eq!(serving.ended().0, Some(0));
}
