//! Objects that take other keys by a word in them, such as `mode` or `source`:
//! one table for each, which checking and the schema share.

use schemars::Schema;
use serde_json::{Value, json};

use crate::document::Path;
use crate::resolve::Context;

/// An object of several forms.
#[derive(Debug)]
pub(crate) struct Forms {
    /// The key whose word tells them apart.
    pub(crate) by: &'static str,
    pub(crate) forms: &'static [Form],
}

/// One of them. A word may have several; the first is the usual one.
#[derive(Debug)]
pub(crate) struct Form {
    pub(crate) word: &'static str,
    pub(crate) needs: &'static [&'static str],
    /// What it may hold besides.
    pub(crate) takes: &'static [&'static str],
}

/// `request.auth`.
pub(crate) const REQUEST_AUTH: Forms = Forms {
    by: "mode",
    forms: &[
        Form { word: "provider-default", needs: &[], takes: &[] },
        Form { word: "authorization-bearer", needs: &["token"], takes: &[] },
        Form { word: "header", needs: &["headerName", "value"], takes: &["prefix"] },
    ],
};

/// `request.proxy`.
pub(crate) const REQUEST_PROXY: Forms = Forms {
    by: "mode",
    forms: &[
        Form { word: "env-proxy", needs: &[], takes: &["tls"] },
        Form { word: "explicit-proxy", needs: &["url"], takes: &["tls"] },
    ],
};

/// `secrets.providers.<alias>`.
pub(crate) const SECRET_STORE: Forms = Forms {
    by: "source",
    forms: &[
        Form { word: "env", needs: &[], takes: &["allowlist"] },
        Form { word: "file", needs: &["path"], takes: &["mode", "timeoutMs", "maxBytes"] },
        Form {
            word: "exec",
            needs: &["command"],
            takes: &[
                "args",
                "timeoutMs",
                "noOutputTimeoutMs",
                "maxOutputBytes",
                "jsonOnly",
                "env",
                "passEnv",
                "trustedDirs",
            ],
        },
        Form { word: "exec", needs: &["pluginIntegration"], takes: &[] },
        Form { word: "store", needs: &[], takes: &[] },
    ],
};

/// `store` of the settings.
pub(crate) const RESPONSE_STORE: Forms = Forms {
    by: "kind",
    forms: &[
        Form { word: "memory", needs: &[], takes: &["path", "url"] },
        Form { word: "file", needs: &["path"], takes: &["url"] },
        Form { word: "redis", needs: &["url"], takes: &["path"] },
    ],
};

impl Forms {
    /// Reports what the object at `at` lacks, and what belongs to other forms.
    /// Keys of no form were told as unknown already.
    pub(crate) fn check(&self, at: &Path, context: &mut Context<'_, '_>) {
        let Some(object) = context.document.find(at) else {
            return;
        };
        let has = |key: &str| object.entries().iter().any(|entry| entry.key == key);
        let word = context.document.find(&at.key(self.by)).and_then(|node| node.text());
        let of_word = || self.forms.iter().filter(|form| word.is_some_and(|w| w.text == form.word));
        let whole = of_word().find(|form| form.needs.iter().all(|key| has(key)));
        let Some(form) = whole.or_else(|| of_word().next()) else {
            return;
        };
        let strange: Vec<String> = object
            .entries()
            .iter()
            .map(|entry| &entry.key)
            .filter(|key| self.knows(key) && *key != self.by && !form.holds(key))
            .cloned()
            .collect();
        for key in form.needs {
            if context.lacks(at, key) {
                context.error(at, format!("`{key}` is missing"), Some(format!("add `{key}`")));
            }
        }
        for key in strange {
            let held: Vec<&str> = form.needs.iter().chain(form.takes).copied().collect();
            let fix = match held.as_slice() {
                [] => format!("remove it: this {} takes nothing", self.by),
                held => format!("remove it; this {} takes {}", self.by, held.join(", ")),
            };
            let reason = format!("`{key}` belongs to another {}", self.by);
            context.error(&at.key(&key), reason, Some(fix));
        }
    }

    fn knows(&self, key: &str) -> bool {
        self.forms.iter().any(|form| form.holds(key))
    }

    /// Adds the same rules to the schema of the object.
    pub(crate) fn describe(&self, schema: &mut Schema) {
        let mut words: Vec<&str> = self.forms.iter().map(|form| form.word).collect();
        words.dedup();
        let rules: Vec<Value> = words.into_iter().map(|word| self.rule(word)).collect();
        schema.insert("allOf".to_owned(), Value::Array(rules));
    }

    fn rule(&self, word: &str) -> Value {
        let of_word = self.forms.iter().filter(|form| form.word == word);
        let mut ways: Vec<Value> = of_word.map(|form| form.rules(self.by)).collect();
        let then = match ways.len() {
            1 => ways.remove(0),
            _ => json!({ "anyOf": ways }),
        };
        let by = self.by;
        json!({ "if": { "properties": { by: { "const": word } }, "required": [by] }, "then": then })
    }
}

impl Form {
    fn holds(&self, key: &str) -> bool {
        self.needs.contains(&key) || self.takes.contains(&key)
    }

    fn rules(&self, by: &'static str) -> Value {
        let mut names: Vec<&str> = vec![by];
        names.extend(self.needs.iter().chain(self.takes));
        let mut rules = json!({ "propertyNames": { "enum": names } });
        if !self.needs.is_empty() {
            rules["required"] = json!(self.needs);
        }
        rules
    }
}

/// For `#[schemars(transform = …)]`.
pub(crate) fn request_auth(schema: &mut Schema) {
    REQUEST_AUTH.describe(schema);
}

/// For `#[schemars(transform = …)]`.
pub(crate) fn request_proxy(schema: &mut Schema) {
    REQUEST_PROXY.describe(schema);
}

/// For `#[schemars(transform = …)]`.
pub(crate) fn secret_store(schema: &mut Schema) {
    SECRET_STORE.describe(schema);
}

/// For `#[schemars(transform = …)]`.
pub(crate) fn response_store(schema: &mut Schema) {
    RESPONSE_STORE.describe(schema);
}
