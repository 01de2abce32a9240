//! `attnscope pull` against a Hub and a pip made for the tests: nothing here leaves this machine.

#[cfg(unix)]
mod command;
mod fixture;
mod hub;
mod mock_hub;
#[cfg(unix)]
mod pypi;
