//! Agents: the models of `agents.list[]` and `agents.entries`, and what each says
//! of them on its own.
//!
//! As OpenClaw of September has it: an agent's `models` bring aliases and
//! `params` that hold for it alone, its `params` win over all others, and its
//! `modelPolicy` replaces that of the defaults.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::chain::{Chain, ExplicitModels, UnknownModel};
use crate::chosen::{Allowed, Chosen, Named, allowed_by, chosen};
use crate::config::Config;
use crate::document::Path;
use crate::explain::Explanation;
use crate::model::Model;
use crate::model_ref::ModelRef;
use crate::nearest::nearest_few;
use crate::params::{Params, params_at};
use crate::raw::{self, Raw};
use crate::resolve::{Context, Rows, assume, canonical_id, near_ref};

/// What an agent says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Agent {
    chosen: Chosen,
    /// By lower-case name.
    aliases: BTreeMap<String, ModelRef>,
    /// Patterns first, for what is said of one model counts more.
    models: Vec<(Whom, Params)>,
    params: Params,
    /// `None`: as the defaults have it. `Some(None)`: any model.
    allowed: Option<Option<Allowed>>,
}

/// Whom params are for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Whom {
    /// All models of a provider.
    Provider(String),
    Model(ModelRef),
}

/// Reads the agents.
pub(crate) fn agents(
    config: &mut Config,
    raw: &Raw,
    rows: &Rows<'_>,
    context: &mut Context<'_, '_>,
) -> BTreeMap<String, Agent> {
    let base = Path::of(["agents"]);
    let listed = raw.agents.list.iter().enumerate();
    let listed = listed.map(|(index, agent)| {
        let at = base.key("list").index(index);
        (agent.id.as_deref().unwrap_or_default(), at, agent)
    });
    let entries = raw.agents.entries.iter();
    let entries = entries.map(|(id, agent)| (id.as_str(), base.key("entries").key(id), agent));
    let mut agents: BTreeMap<String, Agent> = BTreeMap::new();
    for (id, at, row) in listed.chain(entries) {
        let id = id.trim().to_lowercase();
        if id.is_empty() {
            if context.lacks(&at, "id") {
                let fix = Some("add `id: \"main\"`".to_owned());
                context.error(&at, "`id` is missing: nobody could ask for this agent", fix);
            }
            continue;
        }
        let agent = agent(row, &at, config, raw, rows, context);
        if agents.insert(id.clone(), agent).is_some() {
            let fix = Some("keep one of the two".to_owned());
            context.warning(&at, format!("agent `{id}` is described twice; this one counts"), fix);
        }
    }
    agents
}

fn agent(
    row: &raw::Agent,
    at: &Path,
    config: &mut Config,
    raw: &Raw,
    rows: &Rows<'_>,
    context: &mut Context<'_, '_>,
) -> Agent {
    let mut agent =
        Agent { params: params_at(&row.params, &at.key("params"), context), ..Agent::default() };
    for (key, entry) in &row.models {
        let at = at.key("models").key(key);
        let params = params_at(&entry.params, &at.key("params"), context);
        if let Some(provider) = key.trim_end().strip_suffix("/*") {
            let provider = canonical_id(provider, context.catalog);
            agent.models.insert(0, (Whom::Provider(provider), params));
            continue;
        }
        let Some(model_ref) = config.read_ref(key) else {
            let fix = near_ref(config, key, context).unwrap_or("write `provider/model`".to_owned());
            context.warning(&at, format!("`{key}` names no model"), Some(fix));
            continue;
        };
        assume(config, raw, rows, &model_ref, &at, context);
        let alias = entry.alias.as_deref().map(str::trim).unwrap_or_default();
        if !alias.is_empty() {
            agent.aliases.insert(alias.to_lowercase(), model_ref.clone());
        }
        agent.models.push((Whom::Model(model_ref), params));
    }
    if let Some(choice) = &row.model {
        let choice = agent.dealiased(choice);
        agent.chosen = chosen(config, raw, rows, &choice, &at.key("model"), context);
        // A model of its own brings no fallbacks but its own.
        if agent.chosen.primary.is_some() && agent.chosen.fallbacks.is_none() {
            agent.chosen.fallbacks = Some(Vec::new());
        }
    }
    if let Some(policy) = &row.model_policy {
        let at = at.key("modelPolicy").key("allow");
        let names = policy.allow.iter().map(|name| agent.meant(name));
        let names: Vec<String> = names.collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        agent.allowed = Some(allowed_by(AGENT_RULE, &names, &at, config, context));
    }
    agent
}

/// The key that says what a request of an agent may name.
const AGENT_RULE: &str = "modelPolicy.allow of the agent";

impl Agent {
    /// `name`, or the ref that this agent's alias of that name stands for.
    fn meant(&self, name: &str) -> String {
        let alias = self.aliases.get(&name.trim().to_lowercase());
        alias.map_or_else(|| name.to_owned(), ToString::to_string)
    }

    fn dealiased(&self, choice: &raw::ModelChoice) -> raw::ModelChoice {
        let meant = |name: &String| self.meant(name);
        raw::ModelChoice {
            primary: choice.primary.as_ref().map(meant),
            fallbacks: choice.fallbacks.as_ref().map(|names| names.iter().map(meant).collect()),
        }
    }

    /// The model as this agent asks it.
    fn own(&self, model: &mut Arc<Model>) {
        let said = self.models.iter().filter(|(whom, _)| match whom {
            Whom::Provider(provider) => model.model_ref.provider() == provider,
            Whom::Model(model_ref) => model.model_ref == *model_ref,
        });
        let said = said.map(|(_, params)| params).chain([&self.params]);
        let said: Vec<&Params> = said.filter(|params| !params.values().is_empty()).collect();
        for params in said {
            Arc::make_mut(model).params.overlay(params);
        }
    }
}

impl Config {
    /// The chain of one agent of `agents.list` or `agents.entries`; its id in
    /// any case. An agent with a model of its own has no fallbacks but its own,
    /// and `fallbacks: []` switches the defaults' off; an agent that states
    /// neither has the chain of `default`. The candidates' `params` are those
    /// that hold for this agent.
    ///
    /// # Errors
    /// [`UnknownModel`] when there is no such agent, or no model for it.
    pub fn agent_chain(&self, agent: &str) -> Result<Chain, UnknownModel> {
        let own = self.agent(agent)?;
        let primary = own.chosen.primary.as_ref().or(self.chosen.primary.as_ref());
        let primary = primary.ok_or_else(|| UnknownModel::new(agent, Vec::new()))?;
        let explicit = self.primary() != Some(&primary.model_ref);
        Ok(self.chain_of_agent(own, agent, explicit, primary, self.fallbacks_of(own)))
    }

    /// The chain of a model that one agent asks for by name: `default`, an alias
    /// of the agent's or of everybody's, a ref or a bare id. What may be named is
    /// said by the agent's `modelPolicy`, where it has one, in place of the
    /// defaults'. Its own primary gets its fallbacks; another model gets them
    /// only where the settings say `fallback.explicitModels: "chain"`.
    ///
    /// # Errors
    /// [`UnknownModel`] when there is no such agent, no such model, or the policy
    /// does not allow it.
    pub fn agent_chain_for(&self, agent: &str, model: &str) -> Result<Chain, UnknownModel> {
        let own = self.agent(agent)?;
        if model.trim().eq_ignore_ascii_case("default") {
            return self.agent_chain(agent);
        }
        let first = self.resolve(&own.meant(model)).ok_or_else(|| self.unknown(model))?;
        let primary = own.chosen.primary.as_ref().or(self.chosen.primary.as_ref());
        let is_primary = primary.is_some_and(|primary| primary.model_ref == first.model_ref);
        let allowed = own.allowed.as_ref().unwrap_or(&self.allowed);
        if let (Some(allowed), false) = (allowed, is_primary)
            && !allowed.holds(&first.model_ref)
        {
            return Err(UnknownModel::not_allowed(model, allowed.rule));
        }
        let with_fallbacks = is_primary || self.explicit_models == ExplicitModels::Chain;
        let fallbacks = if with_fallbacks { self.fallbacks_of(own) } else { &[] };
        Ok(self.chain_of_agent(own, model, !is_primary, &first, fallbacks))
    }

    /// The ids of the agents, in lower case.
    pub fn agents(&self) -> impl Iterator<Item = &str> {
        self.agents.keys().map(String::as_str)
    }

    /// [`agent_chain_for`](Self::agent_chain_for), and where its values came from.
    ///
    /// # Errors
    /// As [`agent_chain_for`](Self::agent_chain_for).
    pub fn explain_agent(&self, agent: &str, model: &str) -> Result<Explanation, UnknownModel> {
        self.agent_chain_for(agent, model).map(Explanation::new)
    }

    fn agent(&self, id: &str) -> Result<&Agent, UnknownModel> {
        let unknown = || {
            let known = self.agents.keys().map(String::as_str);
            let ids = self.agents.keys().cloned().collect();
            UnknownModel::no_agent(id, nearest_few(id.trim(), known), ids)
        };
        self.agents.get(&id.trim().to_lowercase()).ok_or_else(unknown)
    }

    fn fallbacks_of<'a>(&'a self, agent: &'a Agent) -> &'a [Named] {
        agent.chosen.fallbacks.as_deref().unwrap_or(self.chosen.fallbacks())
    }

    fn chain_of_agent(
        &self,
        agent: &Agent,
        requested: &str,
        explicit: bool,
        first: &Named,
        fallbacks: &[Named],
    ) -> Chain {
        let mut chain = self.chain_of(requested, explicit, std::iter::once(first).chain(fallbacks));
        for model in chain.candidates.iter_mut().filter_map(|one| one.model.as_mut()) {
            agent.own(model);
        }
        chain
    }
}
