//! `attnscope pull` against a Hub made for the tests: nothing here leaves this machine.
#![cfg(unix)]

mod command;
mod homes;
#[path = "../../../hub/tests/pull/mock_hub.rs"]
#[expect(dead_code, reason = "the library's tests use the rest of it")]
mod mock_hub;
mod proxy;
