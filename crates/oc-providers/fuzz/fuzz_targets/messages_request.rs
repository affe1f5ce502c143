//! Any bytes as a client's request to `/v1/messages`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oc_providers::wire::Dialect;

fuzz_target!(|input: &[u8]| oc_providers_fuzz::request(Dialect::Messages, input));
