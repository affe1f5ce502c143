//! Any bytes as an answer over the wire `openai-completions`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oc_providers::Api;

fuzz_target!(|input: &[u8]| oc_providers_fuzz::answer(Api::OpenaiCompletions, input));
