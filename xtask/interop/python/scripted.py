"""Everything that `cargo xtask interop` runs: foreign clients and relays
against the gateway's binary, over scripted upstreams."""

import choices
import goldens
import helpers
import litellm_relay
import paths
import probe
import recorded
import request_types
from checks import main

main([recorded.suite, paths.suite, choices.suite, helpers.suite, goldens.suite, request_types.suite, probe.suite, litellm_relay.suite], arguments=("--node", "--litellm"))
