//! Pulls from a Hub and a pip made for the tests: nothing here leaves this machine.

mod fixture;
mod hostile;
mod hub;
mod mock_hub;
mod parts;
#[cfg(unix)]
mod pypi;
mod redirects;
mod transfer;
