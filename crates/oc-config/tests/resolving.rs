//! Names to chains, catalog to models, keys to sources.

use std::collections::BTreeMap;

use oc_config::{
    AuthMode, Config, ExplicitModels, Key, Listed, Loaded, Locality, ModelRef, Reading, Settings,
    UnusableReason, Usability,
};

fn parse(text: &str, vars: &[(&str, &str)]) -> Loaded<Config> {
    let env: BTreeMap<String, String> =
        vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    match Config::parse(text, "c.json5", &env) {
        Ok(loaded) => loaded,
        Err(error) => panic!("{:#?}", error.diagnostics()),
    }
}

fn refs(config: &Config, name: &str) -> Vec<String> {
    let chain = config.chain(name).expect(name);
    chain.candidates.iter().map(|c| c.model_ref.to_string()).collect()
}

const HYBRID: &str = include_str!("../../../examples/config/hybrid.json5");

fn local(row: &str) -> String {
    format!(
        "{{ models: {{ providers: {{ local: {{ baseUrl: 'http://127.0.0.1:8000/v1', \
         api: 'openai-responses', {row} }} }} }} }}"
    )
}

fn key_source(config: &Config, provider: &str) -> String {
    match &config.provider(provider).expect("a provider").key {
        Key::Ready { source, .. } => source.to_string(),
        Key::Missing { reason, fix } => format!("missing: {reason}; {fix}"),
        Key::NotNeeded => "not needed".to_owned(),
        other => format!("{other:?}"),
    }
}

#[test]
fn names_find_their_model_in_every_spelling() {
    let config = parse(HYBRID, &[]).value;
    let whole =
        ["anthropic/claude-sonnet-4-5", "lmstudio/minimax-m2.1-gs32", "anthropic/claude-opus-4-6"];
    for primary in [
        "default",
        "DEFAULT",
        "Sonnet",
        " sonnet ",
        "anthropic/claude-sonnet-4-5",
        "Anthropic/claude-sonnet-4-5",
        "claude-sonnet-4-5",
        "Claude-Sonnet-4-5",
    ] {
        assert_eq!(refs(&config, primary), whole, "{primary}");
        assert!(!config.chain(primary).expect("known").explicit, "{primary}");
    }
    for (name, want) in [
        ("minimax local", "lmstudio/minimax-m2.1-gs32"),
        ("MINIMAX-M2.1-GS32", "lmstudio/minimax-m2.1-gs32"),
        ("opus", "anthropic/claude-opus-4-6"),
        ("openai/gpt-5", "openai/gpt-5"),
    ] {
        assert_eq!(refs(&config, name), [want], "{name}: an explicit model is strict");
        assert!(config.chain(name).expect("known").explicit, "{name}");
    }
    let chained = config.chain_with("Opus", ExplicitModels::Chain).expect("known");
    let chained: Vec<_> = chained.candidates.iter().map(|c| c.model_ref.to_string()).collect();
    assert_eq!(chained, ["anthropic/claude-opus-4-6", "lmstudio/minimax-m2.1-gs32"]);
}

#[test]
fn unknown_names_are_told_the_nearest() {
    let config = parse(HYBRID, &[]).value;
    for (name, nearest) in [
        ("Sonet", "Sonnet"),
        ("anthropic/claude-opus-46", "anthropic/claude-opus-4-6"),
        ("minimax", "MiniMax Local"),
        ("lmstudio/minimax-m2.1", "lmstudio/minimax-m2.1-gs32"),
    ] {
        let error = config.chain(name).expect_err(name);
        assert_eq!(error.nearest.first().map(String::as_str), Some(nearest), "{name}");
    }
    let error = config.chain("zzz").expect_err("unknown");
    assert_eq!(error.to_string(), "unknown model `zzz`");
    assert!(config.chain("").is_err());
    assert!(config.chain(&"x".repeat(1_000_000)).is_err());
}

#[test]
fn doubles_are_dropped_and_unknown_refs_stay() {
    let text = "{ agents: { defaults: { model: { primary: 'local/a', fallbacks: [
      'local/a', 'local/b', 'nobody/x', 'LOCAL/a', 'local/c' ] } } }, models: { providers: { local: {
      baseUrl: 'http://127.0.0.1:1/v1', api: 'openai-responses',
      models: [{ id: 'a', name: 'A' }, { id: 'c', name: 'C' }] } } } }";
    let loaded = parse(text, &[]);
    let chain = loaded.value.chain("default").expect("a primary");
    let told: Vec<String> = chain
        .candidates
        .iter()
        .map(|c| match &c.usability {
            Usability::Unusable { reason, fix } => format!("{}: {reason} ({fix})", c.model_ref),
            _ => c.model_ref.to_string(),
        })
        .collect();
    assert_eq!(
        told,
        [
            "local/a",
            "local/b: provider `local` has no model `b` (did you mean `local/a`?)",
            "nobody/x: no provider `nobody` (add `models.providers.nobody`)",
            "local/c",
        ]
    );
    assert_eq!(loaded.diagnostics.len(), 2, "{:?}", loaded.diagnostics);
    assert!(matches!(
        &chain.candidates[1].usability,
        Usability::Unusable { reason: UnusableReason::UnknownModel { .. }, .. }
    ));
}

#[test]
fn replace_leaves_the_hosted_catalog_out() {
    let text = local("models: [{ id: 'm', name: 'M' }]");
    let merged = parse(&text, &[]).value;
    assert!(merged.models().any(|m| m.listed == Listed::Catalog));
    let text = text.replace("models: { providers", "models: { mode: 'replace', providers");
    let replaced = parse(&text, &[]).value;
    let all: Vec<_> = replaced.models().map(|m| m.model_ref.to_string()).collect();
    assert_eq!(all, ["local/m"]);
    assert_eq!(replaced.providers().count(), 1);
    assert!(replaced.chain("anthropic/claude-opus-4-6").is_err());
}

#[test]
fn a_row_wins_field_by_field_over_the_catalog() {
    let text = "{ models: { providers: { Anthropic: { baseUrl: 'http://127.0.0.1:9', headers: { 'X-A': 'p' },
      models: [{ id: 'claude-opus-4-6', name: 'Mine', maxTokens: 1000, cost: { input: 1 },
        headers: { 'x-a': 'm' } }] } } } }";
    let config = parse(text, &[]).value;
    let model =
        config.model(&ModelRef::parse("anthropic/claude-opus-4-6").expect("a ref")).expect("known");
    assert_eq!((model.name.as_str(), model.base_url.as_str()), ("Mine", "http://127.0.0.1:9"));
    assert_eq!((model.max_tokens, model.context_window), (Some(1000), Some(1_000_000)));
    let cost = model.cost.expect("known");
    assert_eq!((cost.input, cost.output), (1.0, 25.0));
    assert!(model.reasoning);
    assert_eq!(model.headers["x-a"].expose(), "m");
    let origins: Vec<_> = ["name", "maxTokens", "contextWindow", "baseUrl", "api"]
        .map(|field| model.origins[field].to_string())
        .into();
    assert_eq!(origins, ["c.json5:2", "c.json5:2", "catalog", "c.json5:1", "catalog"]);
    // The provider's other models are there, at the new address.
    let haiku = ModelRef::parse("anthropic/claude-haiku-4-5").expect("a ref");
    assert_eq!(config.model(&haiku).expect("kept").base_url, "http://127.0.0.1:9");
    // It is on loopback now: no key is needed.
    assert_eq!(key_source(&config, "ANTHROPIC"), "not needed");
}

#[test]
fn keys_come_from_where_the_config_says() {
    let vars =
        [("SET", "sk-planted"), ("ANTHROPIC_OAUTH_TOKEN", "sk-oat"), ("ANTHROPIC_API_KEY", "sk")];
    for (row, want) in [
        ("apiKey: 'lmstudio'", "config"),
        ("apiKey: 'SET'", "env:SET"),
        ("apiKey: 'NOT_SET'", "config"),
        (
            "apiKey: 'LM_API_TOKEN'",
            "missing: variable `LM_API_TOKEN` is not set; set LM_API_TOKEN in the environment",
        ),
        ("apiKey: '${SET}'", "env:SET via ${SET}"),
        ("apiKey: 'Bearer ${SET}'", "env:SET via ${SET}"),
        (
            "apiKey: '${NOT_SET}'",
            "missing: variable `NOT_SET` is not set; set NOT_SET in the environment",
        ),
        ("apiKey: { source: 'env', provider: 'default', id: 'SET' }", "env:SET via SecretRef"),
        (
            "apiKey: { source: 'file', provider: 'f', id: '/k' }",
            "missing: no `secrets.providers.f` with `source: \"file\"`; add it, with the `path` of the file",
        ),
        ("apiKey: ''", "not needed"),
        ("", "not needed"),
    ] {
        let row = format!("models: [{{ id: 'm', name: 'M' }}], {row}");
        assert_eq!(key_source(&parse(&local(&row), &vars).value, "local"), want, "{row}");
    }
    // The first variable that is set wins, and tokens are sent as such.
    let config = parse("{}", &vars).value;
    assert_eq!(key_source(&config, "anthropic"), "env:ANTHROPIC_OAUTH_TOKEN");
    assert_eq!(config.provider("anthropic").expect("known").auth, AuthMode::Token);
    // An empty variable is none.
    let config = parse("{}", &[("ANTHROPIC_OAUTH_TOKEN", ""), ("ANTHROPIC_API_KEY", "sk")]).value;
    assert_eq!(key_source(&config, "anthropic"), "env:ANTHROPIC_API_KEY");
    assert_eq!(config.provider("anthropic").expect("known").auth, AuthMode::ApiKey);
    // The config's own variables fill in, and never override.
    let text = "{ env: { vars: { OPENAI_API_KEY: 'sk-mine', ANTHROPIC_API_KEY: 'sk-other' } } }";
    let config = parse(text, &[("ANTHROPIC_API_KEY", "sk")]).value;
    let secret =
        |id: &str| config.provider(id).and_then(|p| p.secret()).map(|s| s.expose().to_owned());
    assert_eq!(secret("openai").as_deref(), Some("sk-mine"));
    assert_eq!(secret("anthropic").as_deref(), Some("sk"));
}

#[test]
fn a_variable_of_the_address_makes_only_its_provider_unusable() {
    let text = "{ agents: { defaults: { model: { primary: 'a/m', fallbacks: ['b/m'] } } },
      models: { providers: {
        a: { baseUrl: '${A_URL}/v1', api: 'openai-responses', models: [{ id: 'm', name: 'M' }] },
        b: { baseUrl: 'http://${B_HOST}:8000/v1', api: 'openai-responses', models: [{ id: 'm', name: 'M' }] } } } }";
    let loaded = parse(text, &[("B_HOST", "gpu-box")]);
    let chain = loaded.value.chain("default").expect("a primary");
    assert!(!chain.candidates[0].usability.is_usable());
    assert!(chain.candidates[1].usability.is_usable());
    let b = chain.candidates[1].model.as_ref().expect("known");
    assert_eq!((b.base_url.as_str(), b.locality), ("http://gpu-box:8000/v1", Locality::Private));
    let told = loaded.diagnostics[0].to_string();
    assert!(told.contains("models.providers.a.baseUrl: variable `A_URL` is not set"), "{told}");
}

#[test]
fn refs_to_what_we_do_not_list_are_assumed_where_that_is_honest() {
    let text = "{ agents: { defaults: { model: {
      primary: 'openrouter/moonshotai/kimi-k2', fallbacks: ['anthropic/claude-next', 'vllm/qwen'] } } } }";
    let loaded = parse(text, &[("OPENROUTER_API_KEY", "sk")]);
    let chain = loaded.value.chain("default").expect("a primary");
    let model = chain.candidates[0].model.as_ref().expect("assumed");
    assert_eq!(model.listed, Listed::Assumed);
    assert_eq!(model.base_url, "https://openrouter.ai/api/v1");
    assert_eq!(model.context_window, None);
    assert!(chain.candidates[0].usability.is_usable());
    assert!(!chain.candidates[1].usability.is_usable());
    assert!(chain.candidates[2].usability.is_usable());
    assert_eq!(loaded.diagnostics.len(), 3);
    // A client cannot make models up.
    assert!(loaded.value.chain("openrouter/what/ever").is_err());
}

#[test]
fn without_a_primary_the_only_configured_model_is_it() {
    let one = parse(&local("models: [{ id: 'm', name: 'M' }]"), &[]);
    assert_eq!(refs(&one.value, "default"), ["local/m"]);
    assert!(one.diagnostics.is_empty());
    let two = parse(&local("models: [{ id: 'm', name: 'M' }, { id: 'n', name: 'N' }]"), &[]);
    assert!(two.value.chain("default").is_err());
    assert_eq!(two.diagnostics.len(), 1);
}

#[test]
fn an_id_of_two_providers_says_too_little() {
    let text = "{ models: { providers: {
      a: { baseUrl: 'http://127.0.0.1:1/v1', api: 'openai-responses', models: [{ id: 'm', name: 'M' }] },
      b: { baseUrl: 'http://127.0.0.1:2/v1', api: 'openai-responses', models: [{ id: 'm', name: 'M' }, { id: 'M', name: 'M' }] } } } }";
    let config = parse(text, &[]).value;
    assert_eq!(config.chain("m").expect_err("ambiguous").nearest, ["a/m", "b/m"]);
    assert_eq!(refs(&config, "M"), ["b/M"], "exact case beats any case");
}

#[test]
fn aliases_keep_their_rules() {
    let text = "{ agents: { defaults: { model: 'openai/gpt-5', models: {
      'anthropic/claude-opus-4-6': {}, 'anthropic/claude-sonnet-4-5': { alias: '' },
      'openai/gpt-5': { alias: 'a/b' }, 'openai/gpt-5.1': { alias: 'Twice' }, 'openai/gpt-5.2': { alias: 'twice' },
      'openai/*': {} } } } }";
    let loaded = parse(text, &[]);
    let config = &loaded.value;
    assert_eq!(refs(config, "opus"), ["anthropic/claude-opus-4-6"], "the default alias");
    assert!(config.chain("sonnet").is_err(), "an empty alias switches the default one off");
    assert_eq!(refs(config, "A/B"), ["openai/gpt-5"], "an alias may hold a slash");
    assert_eq!(refs(config, "twice"), ["openai/gpt-5.2"], "the later one counts");
    assert_eq!(loaded.diagnostics.len(), 1, "{:?}", loaded.diagnostics);
}

#[test]
fn settings_name_models_and_declare_localities() {
    let text = "{ models: { providers: { litellm: { baseUrl: 'http://127.0.0.1:4000', models: [{ id: 'm', name: 'M' }] } } } }";
    let config = parse(text, &[]).value;
    assert_eq!(config.provider("litellm").expect("known").locality, Locality::Hosted);
    assert_eq!(key_source(&config, "litellm"), "not needed");
    let settings = "{ modelAliases: { 'Claude-3-Haiku': 'litellm/m', bad: 'no/where' },
      providers: { litellm: { locality: 'local', region: 'eu' }, nobody: { region: 'us' } },
      fallback: { explicitModels: 'chain' } }";
    let settings = Settings::parse(settings, "s.json5", &|_: &str| None).expect("valid").value;
    let loaded = config.with_settings(&settings);
    let provider = loaded.value.provider("litellm").expect("known");
    assert_eq!((provider.locality, provider.region.as_deref()), (Locality::Loopback, Some("eu")));
    assert_eq!(refs(&loaded.value, "claude-3-haiku"), ["litellm/m"]);
    let names: Vec<_> =
        loaded.value.client_names().map(|(name, known)| (name, known.to_string())).collect();
    assert_eq!(names, [("claude-3-haiku", "litellm/m".to_owned())]);
    let told: Vec<_> = loaded.diagnostics.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "s.json5:1:55: warning: modelAliases.bad: `no/where` names no known model (write a ref or an alias; `oc-gateway models` lists them)",
            "s.json5:2:66: warning: providers.nobody: no provider `nobody` (use the id it has in `models.providers`)",
        ]
    );
}

/// Which wire format a server is asked in does not tell where its models are.
#[test]
fn models_of_ollamas_cloud_are_hosted_behind_every_api_until_declared() {
    let declared = "{ providers: { ID: { locality: 'local' } } }";
    for api in ["ollama", "openai-completions", "openai-responses", "anthropic-messages"] {
        for id in ["ollama", "box"] {
            for host in ["127.0.0.1:11434", "192.168.1.5:11434"] {
                let text = format!(
                    "{{ models: {{ providers: {{ {id}: {{ baseUrl: 'http://{host}', api: '{api}', \
                     models: [{{ id: 'x:cloud', name: 'X' }}, {{ id: 'y:120b-cloud', name: 'Y', \
                     baseUrl: 'http://{host}/v1' }}, {{ id: 'z:8b', name: 'Z' }}] }} }} }} }}"
                );
                let config = parse(&text, &[]).value;
                let local = |config: &Config| -> Vec<bool> {
                    let of_it = config.models().filter(|model| model.model_ref.provider() == id);
                    of_it.map(|model| model.locality.is_local()).collect()
                };
                assert_eq!(local(&config), [false, false, true], "{api} {id} {host}");
                let settings = declared.replace("ID", id);
                let settings = Settings::parse(&settings, "s.json5", &|_: &str| None);
                let config = config.with_settings(&settings.expect("valid").value).value;
                assert_eq!(local(&config), [true, true, true], "{api} {id} {host}");
            }
        }
    }
}

/// A key that was pasted where its name belongs is told of, and not told.
#[test]
fn secret_refs_are_held_to_their_patterns_without_being_printed() {
    let long = format!("SKPLANT{}", "A".repeat(128));
    let wrong = [
        ("env", "default", "sk-PLANTkey0123456789"),
        ("env", "default", "lower_plant"),
        ("env", "default", long.as_str()),
        ("env", "Sk-PLANT", "NAME"),
        ("store", "default", "sk-PLANTkey0123456789"),
        ("file", "f", "plant/relative"),
        ("exec", "sk-PLANT.key", "a/b"),
    ];
    for (source, provider, id) in wrong {
        let key = format!("{{ source: '{source}', provider: '{provider}', id: '{id}' }}");
        let models = "models: [{ id: 'm', name: 'M' }]";
        for row in [format!("apiKey: {key}"), format!("headers: {{ 'x-key': {key} }}")] {
            let text = local(&format!("{row}, {models}"));
            let error = Config::parse(&text, "c", &|_: &str| None).expect_err("refused");
            let told = format!("{error} {error:?} {:?}", error.diagnostics());
            assert!(told.contains("SecretRef") || told.contains("no alias"), "{told}");
            assert!(!told.to_lowercase().contains("plant"), "{told}");
        }
    }
}

/// A relay is told, unless the settings say where it is.
#[test]
fn a_relay_is_told_until_it_is_declared() {
    let text = "{ models: { providers: { litellm: { models: [{ id: 'm', name: 'M' }] } } } }";
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let path = folder.join("relay.json5");
    std::fs::write(&path, text).expect("a writable folder");
    let env = |_: &str| None;
    let relay = |reading: &Reading<'_>| {
        let loaded = reading.config(&path).expect("valid");
        loaded.diagnostics.iter().any(|warning| warning.reason.contains("relay"))
    };
    assert!(relay(&Reading::new(&env)));
    let declared = "{ providers: { litellm: { locality: 'hosted' } } }";
    let declared = Settings::parse(declared, "s", &env).expect("valid").value;
    assert!(!relay(&Reading::new(&env).settings(&declared)));
}

#[test]
fn secrets_are_in_nothing_that_prints() {
    let text = "{ env: { vars: { V: 'sk-planted-var-1', W: 'sk-planted-ü' } },
      // apiKey: 'sk-planted-comment-0123456789'
      agents: { defaults: { model: 'local/m' } },
      models: { providers: { local: { baseUrl: 'http://127.0.0.1:1/v1', api: 'openai-responses',
      apiKey: 'sk-planted-key', headers: { 'X-Key': 'sk-planted-header' },
      models: [{ id: 'm', name: 'M', headers: { b: '${V}' }, maxTokens: 9, contextWindow: 8 }] } } } }";
    let loaded = parse(text, &[]);
    let config = &loaded.value;
    let explanation = config.explain("default").expect("known");
    let printed = format!(
        "{loaded:?} {config:?} {:?} {:?} {explanation} {explanation:?} {}",
        config.providers().collect::<Vec<_>>(),
        config.models().collect::<Vec<_>>(),
        loaded.diagnostics[0],
    );
    assert!(!printed.contains("sk-planted"), "{printed}");
    // Columns and bytes of what is shown are those of the file.
    let masked = &loaded.masked_source;
    assert_eq!(masked.len(), text.len());
    assert_eq!(masked.chars().count(), text.chars().count());
    assert_eq!(
        config.provider("local").and_then(|p| p.secret()).map(|s| s.expose()),
        Some("sk-planted-key")
    );
}

/// A break report: it was said to be unknown.
#[test]
fn a_bare_id_of_several_providers_is_ambiguous() {
    let one = "{ baseUrl: 'http://127.0.0.1:1', api: 'openai-responses', \
               models: [{ id: 'm', name: 'M' }] }";
    let text = format!("{{ models: {{ providers: {{ a: {one}, b: {one} }} }} }}");
    let unknown = parse(&text, &[]).value.chain("m").expect_err("whose?");
    assert!(unknown.ambiguous);
    assert_eq!(unknown.to_string(), "several providers have a model `m`: write a/m or b/m");
}

/// A break report: " " counted as set, and a line end made a key unusable.
#[test]
fn white_space_is_no_key_and_no_part_of_one() {
    let text = "{ models: { providers: { anthropic: { models: [] } } } }";
    let key = |value: &str| {
        let loaded = parse(text, &[("ANTHROPIC_API_KEY", value)]);
        let provider = loaded.value.provider("anthropic").expect("in the catalog");
        provider.secret().map(|secret| secret.expose().to_owned())
    };
    assert_eq!(key(" \n"), None);
    assert_eq!(key("sk-1\n").as_deref(), Some("sk-1"));
}

/// A break report: `${bad` was taken as the key without a word.
#[test]
fn half_a_variable_is_warned_of() {
    let loaded = parse(&local("apiKey: '${bad', models: [{ id: 'm', name: 'M' }]"), &[]);
    let told: Vec<_> = loaded.diagnostics.iter().filter(|d| d.path.ends_with("apiKey")).collect();
    assert_eq!(told.len(), 1, "{:?}", loaded.diagnostics);
    assert!(!told[0].to_string().contains("bad"), "{}", told[0]);
}

/// A break report: the name was told without its place.
#[test]
fn an_unknown_model_of_a_client_is_an_error_at_its_place() {
    let config = parse(&local("models: [{ id: 'm', name: 'M' }]"), &[]).value;
    let text = "{\n  clients: [{ name: 'a', key: 'k', models: ['m', 'nope'] }] }";
    let settings = Settings::parse(text, "s.json5", &|_: &str| None).expect("valid").value;
    let told = config.with_settings(&settings).diagnostics;
    let told: Vec<_> = told.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        ["s.json5:2:50: error: clients[0].models[1]: unknown model `nope` \
          (write an alias, a ref or `default`)"]
    );
}

/// A break report: `$NAME` and bare names were sent as they stand, in silence.
#[test]
fn header_values_follow_the_rules_of_keys() {
    let text = "{ models: { providers: { p: { baseUrl: 'https://p.example', api: 'openai-completions',
      headers: { A: '$TEAM', B: 'TEAM', C: 'plain', D: '$${TEAM}', E: 'x ${TEAM}', F: 'NOT_SET', G: '',
        H: { source: 'env', provider: 'default', id: 'TEAM' } },
      models: [{ id: 'm', name: 'M', headers: { C: '$TEAM' } }] } } } }";
    let env = |name: &str| (name == "TEAM").then(|| "red\n".to_owned());
    let loaded = Config::parse(text, "c.json5", &env).expect("valid");
    let told: Vec<String> = loaded.diagnostics.iter().map(ToString::to_string).collect();
    assert!(told.iter().all(|told| !told.contains("header")), "{told:?}");
    let model = loaded.value.models().find(|m| m.model_ref.to_string() == "p/m").expect("listed");
    let sent: Vec<(&str, &str)> =
        model.headers.iter().map(|(name, value)| (name.as_str(), value.expose())).collect();
    assert_eq!(
        sent,
        [
            ("a", "red"),
            ("b", "red"),
            ("c", "red"),
            ("d", "${TEAM}"),
            ("e", "x red"),
            ("f", "NOT_SET"),
            ("g", ""),
            ("h", "red"),
        ]
    );
}
