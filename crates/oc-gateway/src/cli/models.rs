//! `oc-gateway models`: the merged catalog, and what is behind it right now.

use std::{collections::BTreeMap, io::Write, time::Duration};

use futures::future::join_all;
use oc_config::Model;
use oc_gateway::State;
use serde_json::{Value, json};

use super::{
    configs::{Files, Reading},
    exit, found, http,
};

/// A model server that lists its models answers within this.
const PATIENCE: Duration = Duration::from_secs(3);

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    files: Files,
    /// One JSON array, each model as `GET /v1/models` shows it, with `usable`,
    /// `reason`, `fix` and, with --probe, `live`.
    #[arg(long)]
    json: bool,
    /// Ask the local servers whether they list the model. Exit 1 when one that
    /// could be asked does not. Hosted providers are not asked.
    #[arg(long)]
    probe: bool,
}

/// What a probe found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Live {
    Listed,
    NotListed,
    Unreachable,
    /// Hosted, or not plain HTTP.
    NotAsked,
}

impl Live {
    fn as_str(self) -> &'static str {
        match self {
            Self::Listed => "listed",
            Self::NotListed => "not listed",
            Self::Unreachable => "unreachable",
            Self::NotAsked => "not asked",
        }
    }
}

pub(crate) async fn run(arguments: &Arguments, out: &mut impl Write) -> anyhow::Result<u8> {
    let mut reading = Reading::or_found(&arguments.files).await;
    let state = reading.assemble();
    let (Some(state), false) = (state, reading.has_errors()) else {
        reading.show(&mut anstream::stderr().lock())?;
        return Ok(exit::CONFIG);
    };
    reading.show_unused(&mut anstream::stderr().lock())?;
    let lists = if arguments.probe { probe(&state).await } else { BTreeMap::new() };
    let mut rows = Vec::new();
    let mut missing = false;
    for model in state.config().models() {
        let obstacle = state.obstacle(&model.model_ref);
        let live = arguments.probe.then(|| live(&lists, model));
        missing |= obstacle.is_none() && matches!(live, Some(Live::NotListed | Live::Unreachable));
        rows.push((model, obstacle, live));
    }
    if arguments.json {
        let rows: Vec<Value> = rows
            .into_iter()
            .map(|(model, obstacle, live)| as_json(&state, model, obstacle, live))
            .collect();
        writeln!(out, "{:#}", Value::Array(rows))?;
    } else {
        let width = rows.iter().map(|(model, ..)| model.model_ref.to_string().len()).max();
        for (model, obstacle, live) in rows {
            let name = model.model_ref.to_string();
            write!(out, "{name:<width$}  {}", model.locality, width = width.unwrap_or(0))?;
            if let Some(window) = model.context_window {
                write!(out, "  {window} tokens")?;
            }
            if let Some(live) = live {
                write!(out, "  {}", live.as_str())?;
            }
            match obstacle {
                Some((reason, fix)) => writeln!(out, "  not usable: {reason}; {fix}")?,
                None => writeln!(out)?,
            }
        }
    }
    Ok(if missing { exit::FAILED } else { exit::OK })
}

fn as_json(
    state: &State,
    model: &Model,
    obstacle: Option<(String, String)>,
    live: Option<Live>,
) -> Value {
    let mut shown = state.described(model);
    let (reason, fix) = obstacle.unzip();
    if let Some(fields) = shown.as_object_mut() {
        fields.insert("usable".into(), json!(reason.is_none()));
        fields.insert("reason".into(), json!(reason));
        fields.insert("fix".into(), json!(fix));
        if let Some(live) = live {
            fields.insert("live".into(), json!(live.as_str()));
        }
    }
    shown
}

/// The model lists of the local servers, by base URL.
async fn probe(state: &State) -> BTreeMap<String, Option<Vec<String>>> {
    let mut servers = BTreeMap::new();
    for model in state.config().models() {
        if let Some((authority, path)) = plain_local(model) {
            let key = state.config().provider(model.model_ref.provider());
            let key = key.and_then(|provider| provider.secret()).map(|key| key.expose().to_owned());
            servers.insert(model.base_url.clone(), (authority, path, key));
        }
    }
    let asked = servers.into_iter().map(|(base_url, (authority, path, key))| async move {
        let answer = http::get(&authority, &path, key.as_deref(), PATIENCE).await;
        let ids = answer.ok().and_then(|(status, body)| found::ids_in(status, &body));
        (base_url, ids)
    });
    join_all(asked).await.into_iter().collect()
}

fn live(lists: &BTreeMap<String, Option<Vec<String>>>, model: &Model) -> Live {
    match lists.get(&model.base_url) {
        None => Live::NotAsked,
        Some(None) => Live::Unreachable,
        Some(Some(ids)) if ids.iter().any(|id| id == model.model_ref.model()) => Live::Listed,
        Some(Some(_)) => Live::NotListed,
    }
}

/// Where a local server that speaks plain HTTP lists its models.
fn plain_local(model: &Model) -> Option<(String, String)> {
    if model.locality == oc_config::Locality::Hosted {
        return None;
    }
    let url = url::Url::parse(&model.base_url).ok().filter(|url| url.scheme() == "http")?;
    let authority = format!("{}:{}", url.host_str()?, url.port_or_known_default()?);
    let base = url.path().trim_end_matches('/').trim_end_matches("/v1");
    Some((authority, format!("{base}/v1/models")))
}
