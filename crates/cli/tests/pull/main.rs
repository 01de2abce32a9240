//! `attnscope pull` against a Hub and a pip made for the tests: nothing here leaves this machine.

#[cfg(unix)]
mod command;
mod fixture;
#[cfg(unix)]
mod homes;
mod hostile;
mod hub;
mod mock_hub;
#[cfg(unix)]
mod proxy;
#[cfg(unix)]
mod pypi;
mod redirects;
mod transfer;
