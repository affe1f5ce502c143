//! Tools carried to hosts that do not know them, or refuse their names, and their calls
//! brought back.
//!
//! | a client's | at the host | its call comes back as |
//! |---|---|---|
//! | `custom` tool (free text, perhaps after a grammar) | a function with one text, `input`; the grammar becomes words | `custom_tool_call` |
//! | function in a `namespace` | a function `namespace__name` | `function_call` with its `namespace` |
//! | function whose name is too long for the host's wire, or has more than letters, digits, `_` and `-` | a function of a name like it | a call of its own name |
//!
//! Earlier calls and results of both are carried along. Agents send them without
//! being asked to: Codex declares its tools so. OpenAI's Responses host knows
//! both, its Chat host custom tools outside of namespaces.
//!
//! No two tools share a name at the host: one that is taken gets a number. The
//! names of functions are theirs alone, those that were only called, too.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use oc_responses_stream::{
    CallId, Delta, ExtraDelta, FunctionCall, Item, OtherItem, Slot, ToolCallStart, WholeItem,
};
use serde_json::{Map, Value, json};

use super::openai_responses;
use super::tool_ids::{IdForm, ToolIds};
use crate::endpoint::{Api, Endpoint};
use crate::loss::Loss;
use crate::request::{FunctionTool, Request, Tool, ToolChoice};

/// The type of a custom tool's call.
pub(super) const CUSTOM_CALL: &str = "custom_tool_call";
/// The longest name of a function that all wires take.
const LONGEST: usize = 64;
/// The longest that the Messages wire takes.
const LONGEST_OF_MESSAGES: usize = 128;

/// `request` as a host sees it that knows only functions.
#[derive(Debug)]
pub(super) struct AsFunctions<'a> {
    pub(super) request: Cow<'a, Request>,
    pub(super) carried: Carried,
    pub(super) losses: Vec<Loss>,
}

/// The names under which tools were carried, and what they are.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Carried(BTreeMap<String, Original>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Original {
    namespace: Option<String>,
    name: String,
    is_custom: bool,
}

/// Carries the tools of `request`, unless `endpoint` knows them itself.
pub(super) fn as_functions<'a>(request: &'a Request, endpoint: &Endpoint) -> AsFunctions<'a> {
    let compat = endpoint.compat_flags();
    let its_own = endpoint.api() == Api::OpenaiResponses && compat.hosted_tools;
    let theirs = request.wire == Some(Api::AnthropicMessages);
    let knows_all = its_own || theirs;
    let knows_custom = endpoint.api() == Api::OpenaiCompletions && compat.vendor_fields;
    let longest = match endpoint.api() {
        Api::AnthropicMessages => LONGEST_OF_MESSAGES,
        _ => LONGEST,
    };
    let has_refused = functions(request).any(|name| is_refused(name, longest));
    if !has_refused && (knows_all || !is_needed(request, knows_custom)) {
        let (carried, losses) = (Carried::default(), Vec::new());
        return AsFunctions { request: Cow::Borrowed(request), carried, losses };
    }
    let mut carrying = Carrying {
        knows_all,
        knows_custom,
        longest,
        names: Names::beside_the_functions_of(request),
        called: HashSet::new(),
        losses: Vec::new(),
    };
    let mut request = request.clone();
    for tool in std::mem::take(&mut request.tools) {
        carrying.tool(tool, None, &mut request.tools);
    }
    for item in &mut request.input {
        carrying.item(item);
    }
    if let Some(choice) = &mut request.tool_choice {
        carrying.choice(choice);
    }
    let Carrying { names, losses, .. } = carrying;
    AsFunctions { request: Cow::Owned(request), carried: names.carried, losses }
}

fn is_needed(request: &Request, knows_custom: bool) -> bool {
    let tool = |tool: &Tool| match tool {
        Tool::Other(whole) => match word(whole, "type") {
            "custom" => !knows_custom,
            kind => kind == "namespace",
        },
        Tool::Function(_) => false,
    };
    let item = |item: &Item| match item {
        Item::Other(other) if is_custom_step(other.item_type()) => {
            !knows_custom || other.json.contains_key("namespace")
        }
        Item::FunctionCall(call) => call.extra.contains_key("namespace"),
        _ => false,
    };
    request.tools.iter().any(tool) || request.input.iter().any(item)
}

/// Whether an item of this type is a custom tool's call, or its result.
pub(super) fn is_custom_step(item_type: &str) -> bool {
    matches!(item_type, CUSTOM_CALL | "custom_tool_call_output")
}

/// A request on its way to functions.
struct Carrying {
    /// The host knows all that is no function, or will be given none of it.
    knows_all: bool,
    /// The host knows custom tools, outside of namespaces.
    knows_custom: bool,
    /// The longest name of a function that it takes.
    longest: usize,
    names: Names,
    /// The ids of the custom calls that were carried.
    called: HashSet<String>,
    losses: Vec<Loss>,
}

impl Carrying {
    fn tool(&mut self, tool: Tool, namespace: Option<&str>, tools: &mut Vec<Tool>) {
        match tool {
            Tool::Function(mut function) => {
                if namespace.is_some() || self.refuses(&function.name) {
                    function.name = self.names.of(namespace, &function.name, false);
                }
                tools.push(Tool::Function(function));
            }
            Tool::Other(whole) if self.knows_all => tools.push(Tool::Other(whole)),
            Tool::Other(whole) => match word(&whole, "type") {
                "custom" if self.knows_custom && namespace.is_none() => {
                    tools.push(Tool::Other(whole));
                }
                "custom" => tools.extend(self.custom(&whole, namespace)),
                "namespace" if namespace.is_none() => {
                    let name = word(&whole, "name");
                    let nested = whole.get("tools").and_then(Value::as_array);
                    for tool in nested.into_iter().flatten() {
                        match openai_responses::decode_tool(tool) {
                            Some(tool) => self.tool(tool, Some(name), tools),
                            None => self.losses.push(Loss::Tool("namespace".to_owned())),
                        }
                    }
                }
                _ => tools.push(Tool::Other(whole)),
            },
        }
    }

    /// Whether the host takes no function of this name.
    fn refuses(&self, name: &str) -> bool {
        is_refused(name, self.longest)
    }

    fn custom(&mut self, whole: &Map<String, Value>, namespace: Option<&str>) -> Option<Tool> {
        let name = whole.get("name")?.as_str()?;
        let schema = json!({
            "type": "object",
            "properties": {"input": {"type": "string"}},
            "required": ["input"],
            "additionalProperties": false,
        });
        let mut function = FunctionTool::new(self.names.of(namespace, name, true), Some(schema));
        let mut words = vec![word(whole, "description").to_owned()];
        let format = whole.get("format").and_then(Value::as_object);
        match format.filter(|format| word(format, "type") == "grammar") {
            Some(grammar) => {
                self.losses.push(Loss::ToolFormat(name.to_owned()));
                words.push(format!(
                    "`input` must follow this {} grammar:\n{}",
                    word(grammar, "syntax"),
                    word(grammar, "definition")
                ));
            }
            None => words.push("`input` is free text.".to_owned()),
        }
        words.retain(|text| !text.is_empty());
        function.description = Some(words.join("\n\n"));
        Some(Tool::Function(function))
    }

    fn item(&mut self, item: &mut Item) {
        match item {
            Item::FunctionCall(call)
                if !call.extra.contains_key("namespace") && self.refuses(&call.name) =>
            {
                call.name = self.names.of(None, &call.name, false);
            }
            _ if self.knows_all => {}
            Item::FunctionCall(call) => {
                if let Some(Value::String(namespace)) = call.extra.shift_remove("namespace") {
                    call.name = self.names.of(Some(&namespace), &call.name, false);
                }
            }
            Item::Other(other) if is_custom_step(other.item_type()) => {
                if let Some(step) = self.step(&other.json) {
                    *item = step;
                }
            }
            _ => {}
        }
    }

    /// A custom tool's call, or its result, as a function's.
    fn step(&mut self, json: &Map<String, Value>) -> Option<Item> {
        let call_id = json.get("call_id")?.as_str().filter(|id| !id.is_empty())?;
        if word(json, "type") == CUSTOM_CALL {
            let namespace = json.get("namespace").and_then(Value::as_str);
            if self.knows_custom && namespace.is_none() {
                return None;
            }
            self.called.insert(call_id.to_owned());
            let name = self.names.of(namespace, json.get("name")?.as_str()?, true);
            let arguments = json!({"input": word(json, "input")}).to_string();
            return Some(Item::FunctionCall(FunctionCall::new(call_id, name, arguments)));
        }
        if self.knows_custom && !self.called.contains(call_id) {
            return None;
        }
        let mut result = json.clone();
        result.insert("type".into(), "function_call_output".into());
        openai_responses::decode_item(&Value::Object(result))
    }

    fn choice(&mut self, choice: &mut ToolChoice) {
        match choice {
            ToolChoice::Function(name) if self.refuses(name) => {
                *name = self.names.of(None, name, false);
            }
            ToolChoice::Allowed { names, .. } if self.knows_all || self.knows_custom => {
                for name in names.iter_mut().filter(|name| is_refused(name, self.longest)) {
                    if self.names.functions.contains(name) {
                        *name = self.names.of(None, name, false);
                    }
                }
            }
            _ if self.knows_all || self.knows_custom => {}
            ToolChoice::Other(Value::Object(fields)) if word(fields, "type") == "custom" => {
                let name = word(fields, "name").to_owned();
                if !name.is_empty() {
                    *choice = ToolChoice::Function(self.names.of(None, &name, true));
                }
            }
            // Of what type each is was not kept: a custom tool is one that no
            // function is called like.
            ToolChoice::Allowed { names, .. } => {
                for name in names {
                    if let Some(carried) = self.names.of_custom(name) {
                        *name = carried.to_owned();
                    } else if is_refused(name, self.longest) {
                        *name = self.names.of(None, name, false);
                    }
                }
            }
            _ => {}
        }
    }
}

/// The names of tools at the host, no two the same.
struct Names {
    functions: HashSet<String>,
    free: ToolIds,
    given: HashMap<Original, String>,
    /// What they are, for the way back.
    carried: Carried,
}

impl Names {
    /// None of them a function's.
    fn beside_the_functions_of(request: &Request) -> Self {
        let functions: HashSet<String> = functions(request).map(str::to_owned).collect();
        let mut free = ToolIds::new(IdForm::UpTo { longest: LONGEST, allows: is_of_name });
        functions.iter().for_each(|name| free.take(name));
        Self { functions, free, given: HashMap::new(), carried: Carried::default() }
    }

    /// The name of this tool, the same each time.
    fn of(&mut self, namespace: Option<&str>, name: &str, is_custom: bool) -> String {
        let namespace = namespace.map(str::to_owned);
        let original = Original { namespace, name: name.to_owned(), is_custom };
        if let Some(given) = self.given.get(&original) {
            return given.clone();
        }
        let given = self.free.next(&flat(original.namespace.as_deref(), name));
        self.carried.0.insert(given.clone(), original.clone());
        self.given.insert(original, given.clone());
        given
    }

    /// The name that the custom tool `name` was given, unless `name` is a
    /// function's.
    fn of_custom(&self, name: &str) -> Option<&str> {
        if self.functions.contains(name) {
            return None;
        }
        let custom = Original { namespace: None, name: name.to_owned(), is_custom: true };
        self.given.get(&custom).map(String::as_str)
    }
}

/// The functions outside of namespaces, declared or called.
fn functions(request: &Request) -> impl Iterator<Item = &str> {
    let declared = request.tools.iter().filter_map(|tool| match tool {
        Tool::Function(function) => Some(function.name.as_str()),
        Tool::Other(_) => None,
    });
    declared.chain(request.input.iter().filter_map(|item| match item {
        Item::FunctionCall(call) if !call.extra.contains_key("namespace") => {
            Some(call.name.as_str())
        }
        _ => None,
    }))
}

/// Whether hosts of a wire whose names have so many characters refuse this one.
fn is_refused(name: &str, longest: usize) -> bool {
    name.len() > longest || !name.chars().all(is_of_name)
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

/// `namespace__name` in letters, digits, `_` and `-`; what is too long ends in
/// a number of its own.
fn flat(namespace: Option<&str>, name: &str) -> String {
    let whole = namespace.map_or(name.to_owned(), |namespace| format!("{namespace}__{name}"));
    let allowed = |c: char| if is_of_name(c) { c } else { '_' };
    let flat: String = whole.chars().map(allowed).collect();
    if flat.len() <= LONGEST {
        return flat;
    }
    let mut hasher = DefaultHasher::new();
    whole.hash(&mut hasher);
    let suffix = format!("_{:08x}", hasher.finish() as u32);
    flat.chars().take(LONGEST - suffix.len()).collect::<String>() + &suffix
}

/// Brings the calls of carried tools back into the client's form.
///
/// Pure: push a delta, take what comes of it. Takes calls that are whole.
#[derive(Debug)]
pub(crate) struct BringBack {
    carried: Carried,
    /// A custom tool's call, whose text is in its arguments.
    open: Option<(ToolCallStart, Original, String)>,
    /// Items that were given out whole: their end was said with them.
    ended: BTreeSet<Slot>,
    ready: VecDeque<Delta>,
}

impl BringBack {
    /// For an answer to a request whose tools were carried so.
    pub(crate) fn new(carried: Carried) -> Self {
        Self { carried, open: None, ended: BTreeSet::new(), ready: VecDeque::new() }
    }

    pub(crate) fn push(&mut self, delta: Delta) {
        let is_open = |slot| self.open.as_ref().is_some_and(|(start, ..)| start.slot == slot);
        match delta {
            Delta::ToolCallStart(mut start) => match self.carried.0.get(&start.name) {
                None => self.ready.push_back(Delta::ToolCallStart(start)),
                Some(original) if original.is_custom => {
                    self.open = Some((start, original.clone(), String::new()));
                }
                Some(original) => {
                    let slot = start.slot;
                    start.name.clone_from(&original.name);
                    self.ready.push_back(Delta::ToolCallStart(start));
                    if let Some(namespace) = &original.namespace {
                        let field = ("namespace".to_owned(), namespace.clone().into());
                        let extra = ExtraDelta::new(slot, Map::from_iter([field]));
                        self.ready.push_back(Delta::Extra(extra));
                    }
                }
            },
            Delta::ToolCallArguments(piece) if is_open(piece.slot) => {
                if let Some((_, _, arguments)) = &mut self.open {
                    arguments.push_str(&piece.text);
                }
            }
            Delta::ToolCallEnd(end) if is_open(end.slot) => {
                if let Some((start, original, arguments)) = self.open.take() {
                    self.ended.insert(start.slot);
                    let item = original.call(&start.call_id, &arguments);
                    self.ready.push_back(Delta::Item(WholeItem::new(start.slot, item)));
                }
            }
            // Fields of a call that the host made of a tool which it does not know.
            Delta::Extra(extra) if is_open(extra.slot) => {}
            Delta::ItemEnd(end) if self.ended.contains(&end.slot) => {}
            other => self.ready.push_back(other),
        }
    }

    pub(crate) fn next(&mut self) -> Option<Delta> {
        self.ready.pop_front()
    }
}

impl Original {
    /// A call of a custom tool, as the client knows it. Kept whole: the canonical
    /// call has no free text.
    fn call(&self, call_id: &CallId, arguments: &str) -> Item {
        let mut json = Map::new();
        json.insert("type".into(), CUSTOM_CALL.into());
        json.insert("call_id".into(), call_id.as_str().into());
        json.insert("name".into(), self.name.clone().into());
        if let Some(namespace) = &self.namespace {
            json.insert("namespace".into(), namespace.clone().into());
        }
        json.insert("input".into(), input_of(arguments).into());
        json.insert("status".into(), "completed".into());
        Item::Other(OtherItem::new(json))
    }
}

/// The free text in a call's arguments: what was asked for, else the only text
/// there is, else the arguments as they are.
fn input_of(arguments: &str) -> String {
    let fields: Map<String, Value> = serde_json::from_str(arguments).unwrap_or_default();
    let only = || match fields.values().collect::<Vec<_>>().as_slice() {
        [Value::String(text)] => Some(text.clone()),
        _ => None,
    };
    match fields.get("input") {
        Some(Value::String(text)) => text.clone(),
        _ => only().unwrap_or_else(|| arguments.to_owned()),
    }
}

fn word<'a>(json: &'a Map<String, Value>, key: &str) -> &'a str {
    json.get(key).and_then(Value::as_str).unwrap_or_default()
}
