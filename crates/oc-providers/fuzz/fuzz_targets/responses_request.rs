//! Any bytes as a client's request to `/v1/responses`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oc_providers::wire::Dialect;

fuzz_target!(|input: &[u8]| oc_providers_fuzz::request(Dialect::Responses, input));
