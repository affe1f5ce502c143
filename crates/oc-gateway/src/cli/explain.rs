//! `oc-gateway explain`: what a request would get, and what the last one got.

use std::{
    io::{self, Write},
    net::SocketAddr,
    time::Duration,
};

use anyhow::Context as _;
use oc_config::{Origin, Settings, UnusableReason, Usability};
use oc_gateway::{Rules, State};
use serde_json::{Value, json};

use super::{
    configs::{Files, Reading},
    exit, http,
};

/// A gateway on this machine answers within this.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    files: Files,
    /// An alias, a provider/model ref, or a bare model id.
    #[arg(value_name = "REF", default_value = "default")]
    model: String,
    /// As this agent asks: with its own models, aliases, params and policy.
    #[arg(long, value_name = "ID", conflicts_with = "last")]
    agent: Option<String>,
    /// As this client of the settings asks: under its own privacy, region and models.
    #[arg(long, value_name = "NAME", conflicts_with = "last")]
    client: Option<String>,
    /// What happened to the last request of the gateway that listens where the
    /// settings say.
    #[arg(long, conflicts_with = "model")]
    last: bool,
    /// Where that gateway listens, if it was started with `serve --listen`.
    #[arg(long, value_name = "ADDR:PORT", requires = "last")]
    listen: Option<SocketAddr>,
    /// As JSON: the chain with `{ref, usable, reason, fix, values, headers, params}` of
    /// each candidate, the `files` that were read and the `client`, or the ledger.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: &Arguments, out: &mut impl Write) -> anyhow::Result<u8> {
    let mut reading = Reading::or_found(&arguments.files).await;
    let state = reading.assemble();
    let (Some(state), false) = (state, reading.has_errors()) else {
        reading.show(&mut anstream::stderr().lock())?;
        return Ok(exit::CONFIG);
    };
    if arguments.last {
        return last(state.settings(), arguments, out).await;
    }
    let bound = match arguments.client.as_deref().map(|name| Bound::of(name, &state)) {
        None => None,
        Some(Some(bound)) => Some(bound),
        Some(None) => {
            let name = arguments.client.as_deref().unwrap_or_default();
            writeln!(anstream::stderr().lock(), "error: {}", no_client(name, state.settings()))?;
            return Ok(exit::FAILED);
        }
    };
    let explained = match &arguments.agent {
        Some(agent) => state.config().explain_agent(agent, &arguments.model),
        None => state.config().explain(&arguments.model),
    };
    let explained = explained.map(|mut explained| {
        shut_out(&state, bound.as_ref(), &mut explained.chain);
        explained
    });
    match explained {
        Err(unknown) => {
            writeln!(anstream::stderr().lock(), "error: {unknown}")?;
            return Ok(exit::FAILED);
        }
        Ok(explained) if arguments.json => {
            let mut json = serde_json::to_value(&explained)?;
            let sources = reading.sources.iter();
            json["notUsed"] = reading.unused.clone().into();
            json["files"] = sources.map(|(what, source)| (*what, source.as_str())).collect();
            if let Some(bound) = &bound {
                json["client"] = bound.as_json();
            }
            writeln!(out, "{json:#}")?;
        }
        Ok(explained) => {
            for (what, source) in &reading.sources {
                writeln!(out, "{what}: {source}")?;
            }
            if let Some(bound) = &bound {
                bound.show(out)?;
            } else if !state.settings().clients.is_empty() {
                let names = names(state.settings());
                writeln!(out, "clients: {names}; `--client NAME` explains what one of them gets")?;
            }
            write!(out, "{explained}")?;
            unspoken(&state, &explained.chain, out)?;
            reading.show_unused(out)?;
        }
    }
    Ok(exit::OK)
}

/// A client of the settings, and the rules it is bound by.
struct Bound<'a> {
    name: &'a str,
    /// Its place in `clients`.
    index: usize,
    rules: &'a Rules,
    origin: Option<Origin>,
}

impl<'a> Bound<'a> {
    fn of(name: &str, state: &'a State) -> Option<Self> {
        let mut clients = state.settings().clients.iter().enumerate();
        let (index, client) = clients.find(|(_, client)| client.name == name)?;
        let rules = state.rules_of(&client.name)?;
        let origin = state.settings().origin(&["clients", &index.to_string()]);
        Some(Self { name: &client.name, index, rules, origin })
    }

    fn show(&self, out: &mut impl Write) -> io::Result<()> {
        write!(out, "client: {}", self.name)?;
        if let Some(origin) = &self.origin {
            write!(out, "  [{origin}]")?;
        }
        let Rules { local_only, regions, final_only, models, .. } = self.rules;
        let mut limits = Vec::new();
        if *local_only {
            limits.push("local-only".to_owned());
        }
        if !regions.is_empty() {
            limits.push(format!("region {}", regions.join(" and ")));
        }
        if *final_only {
            limits.push("final output".to_owned());
        }
        if let Some(models) = models {
            limits.push(format!("only {}", models.join(", ")));
        }
        match limits.as_slice() {
            [] => writeln!(out, ": no limits but those of everybody"),
            limits => writeln!(out, ": {}", limits.join("; ")),
        }
    }

    fn as_json(&self) -> Value {
        let Rules { local_only, regions, final_only, models, .. } = self.rules;
        json!({
            "name": self.name,
            "origin": self.origin.as_ref().map(ToString::to_string),
            "privacy": local_only.then_some("local-only"),
            "regions": regions,
            "output": if *final_only { "final" } else { "full" },
            "models": models,
        })
    }
}

fn no_client(name: &str, settings: &Settings) -> String {
    match settings.clients.as_slice() {
        [] => format!(
            "no client `{name}`; the settings describe none: \
             add `clients: [{{ name, key }}]`, or leave out `--client`"
        ),
        _ => format!("no client `{name}`; the settings describe {}", names(settings)),
    }
}

fn names(settings: &Settings) -> String {
    let names: Vec<&str> = settings.clients.iter().map(|client| client.name.as_str()).collect();
    names.join(", ")
}

/// What the config has nothing against, and the settings keep prompts from.
fn shut_out(state: &State, bound: Option<&Bound<'_>>, chain: &mut oc_config::Chain) {
    for one in chain.candidates.iter_mut().filter(|one| one.usability.is_usable()) {
        let everybodys = state.shut_out(&one.model_ref);
        let detail = match bound {
            Some(bound) => state.shut_out_by(&one.model_ref, bound.rules),
            None => everybodys.clone(),
        };
        let Some(detail) = detail else { continue };
        let fix = match bound.filter(|_| everybodys.is_none()) {
            Some(Bound { index, .. }) => format!(
                "loosen `clients[{index}]` of the settings, \
                 or declare the provider's `locality` or `region`"
            ),
            None => "loosen `privacy` or `region` in the settings, \
                     or declare the provider's `locality` or `region`"
                .to_owned(),
        };
        one.usability = Usability::Unusable { reason: UnusableReason::Policy { detail }, fix };
    }
}

/// What the config has nothing against, and this version cannot ask.
fn unspoken(state: &State, chain: &oc_config::Chain, out: &mut impl Write) -> io::Result<()> {
    for one in chain.candidates.iter().filter(|one| one.usability.is_usable()) {
        if let Some((reason, fix)) = state.obstacle(&one.model_ref) {
            writeln!(out, "  not asked: {}: {reason}; {fix}", one.model_ref)?;
        }
    }
    Ok(())
}

async fn last(
    settings: &Settings,
    arguments: &Arguments,
    out: &mut impl Write,
) -> anyhow::Result<u8> {
    let address = arguments.listen.unwrap_or(settings.listen).to_string();
    let key = settings.clients.first().map(|client| client.key.expose());
    let (status, body) =
        http::get(&address, "/api/status", key, PATIENCE).await.with_context(|| {
            format!("no gateway answers at {address}; `--listen` says where another one listens")
        })?;
    anyhow::ensure!(status == 200, "the gateway at {address} answers {status}");
    let status: Value = serde_json::from_slice(&body).context("that is no status")?;
    match status["recent"].as_array().and_then(|recent| recent.last()) {
        None => writeln!(out, "no request yet")?,
        Some(record) if arguments.json => writeln!(out, "{record:#}")?,
        Some(record) => write!(out, "{}", told(record))?,
    }
    Ok(exit::OK)
}

/// A record as a few lines for people.
fn told(record: &Value) -> String {
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let mut text = format!(
        "{}  model {}  {}\n",
        word(&record["request_id"]),
        word(&record["model"]),
        word(&record["ending"]).replace('_', " "),
    );
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let ms = |value: &Value| value.as_u64().map_or("-".to_owned(), |ms| format!("{ms} ms"));
    for (n, attempt) in list(&record["ledger"]["attempts"]).iter().enumerate() {
        text += &format!("  {}. {}  {}", n + 1, word(&attempt["name"]), word(&attempt["outcome"]));
        let problem = &attempt["problem"];
        if problem.is_object() {
            text += &format!(": {}", word(&problem["reason"]));
            if let Some(status) = problem["status"].as_u64() {
                text += &format!(" {status}");
            }
            if let Some(message) = problem["message"].as_str() {
                text += &format!(" ({message})");
            }
        }
        text += &format!(
            "  began {}, first text {}, ended {}",
            ms(&attempt["started_ms"]),
            ms(&attempt["first_text_ms"]),
            ms(&attempt["ended_ms"]),
        );
        text += &used(&attempt["usage"]);
        text.push('\n');
    }
    for skipped in list(&record["ledger"]["skipped"]) {
        text += &format!("  passed over: {}: {}", word(&skipped["name"]), word(&skipped["text"]));
        match skipped["fix"].as_str() {
            Some(fix) if !fix.is_empty() => text += &format!("; {fix}\n"),
            _ => text.push('\n'),
        }
    }
    text
}

/// Tokens and cost of an attempt, as far as they are known.
fn used(usage: &Value) -> String {
    let tokens = |field: &str| usage[field].as_u64();
    let mut text = String::new();
    if let (Some(input), Some(output)) = (tokens("input_tokens"), tokens("output_tokens")) {
        text += &format!(", {input} tokens in, {output} out");
    }
    if let Some(micros) = tokens("cost_micros") {
        text += &format!(", ${}.{:06}", micros / 1_000_000, micros % 1_000_000);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_for_people() {
        let record = json!({
            "request_id": "req_1", "model": "default", "ending": "answered",
            "ledger": {
                "attempts": [
                    { "name": "lmstudio/m", "outcome": "failed", "started_ms": 0, "ended_ms": 3,
                      "problem": { "reason": "rate_limit", "status": 429 } },
                    { "name": "anthropic/c", "outcome": "answered", "started_ms": 3,
                      "first_text_ms": 40, "ended_ms": 90,
                      "usage": { "input_tokens": 1200, "output_tokens": 34, "cost_micros": 1002700 } },
                ],
                "skipped": [{ "name": "openai/g", "text": "no API key", "fix": "set OPENAI_API_KEY" }],
            },
        });
        assert_eq!(
            told(&record),
            "req_1  model default  answered\n  \
               1. lmstudio/m  failed: rate_limit 429  began 0 ms, first text -, ended 3 ms\n  \
               2. anthropic/c  answered  began 3 ms, first text 40 ms, ended 90 ms, \
               1200 tokens in, 34 out, $1.002700\n  \
               passed over: openai/g: no API key; set OPENAI_API_KEY\n"
        );
        assert_eq!(told(&json!(5)), "-  model -  -\n");
    }
}
