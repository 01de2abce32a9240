//! `attnscope serve`

use crate::failure::{note, usage, warn};
use crate::output::print;
use crate::server::Server;
use crate::server::assets::Assets;
use crate::server::guard::Guard;
use crate::server::models::Offers;
use crate::server::token;
use crate::terminal::path_text;
use anyhow::{Context, Result};
use attnscope_protocol::Session;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, TcpListener, ToSocketAddrs};
use std::path::PathBuf;

const PORT: u16 = 7878;
/// How many ports after the default one are tried if it is taken.
const MORE_PORTS: u16 = 100;

/// Serve the page that explains attention, with the engine behind it
#[derive(Debug, clap::Args)]
pub struct ServeArgs {
    /// A model to offer (repeatable); without it, the known models that were pulled. The lesson model is always there
    #[arg(long, short, value_name = "MODEL")]
    pub model: Vec<String>,
    /// The port; 0 lets the system choose [default: 7878, or the next that is free]
    #[arg(long, allow_hyphen_values = true)]
    pub port: Option<u16>,
    /// The address to listen on
    #[arg(long, default_value = "127.0.0.1")]
    pub host: String,
    /// Do not open a browser
    #[arg(long)]
    pub no_open: bool,
    /// Let other machines ask, if they have the token. Nothing is encrypted on the way
    #[arg(long)]
    pub allow_remote: bool,
    /// What a browser must show once, as ?token=...; without it, --allow-remote makes one up. Who else is on this machine
    /// sees arguments: --token-file and the variable ATTNSCOPE_TOKEN keep it from them
    #[arg(long, value_name = "TOKEN")]
    pub token: Option<String>,
    /// A file with the token on its one line
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Serve the page's files from this folder, not those built in
    #[arg(long, value_name = "FOLDER")]
    pub assets: Option<PathBuf>,
}

/// Serves until it is told to stop.
pub fn run(args: &ServeArgs) -> Result<()> {
    let address = address(&args.host)?;
    let token = token(args, address)?;
    if let Some(folder) = args.assets.as_ref().filter(|folder| !folder.is_dir()) {
        return Err(usage(format!("--assets {}: there is no such folder", path_text(folder))));
    }
    let session = session(&args.model)?;
    let listener = listen(address, args.port)?;
    let port = listener.local_addr().context("cannot tell which port it is")?.port();
    let url = url(&args.host, address, port, token.as_deref());
    print(format!("{url}\n"))?;
    if !args.no_open && has_display() && open::that_detached(&url).is_err() {
        note("attnscope: no browser could be started; open the address above yourself");
    }
    let assets = args.assets.clone().map_or_else(Assets::own, Assets::Folder);
    let guard = Guard { port, address, host: args.host.clone(), token };
    Server { session, assets, guard }.run(listener)
}

/// Opens the models that the user named at once, so that a wrong name is an error now and not in the page.
fn session(models: &[String]) -> Result<Session<Offers>> {
    let session = Session::new(if models.is_empty() { Offers::pulled() } else { Offers::named(models)? });
    if !models.is_empty() {
        session.source().ids().try_for_each(|id| session.open(id).map(drop))?;
    }
    Ok(session)
}

fn address(host: &str) -> Result<IpAddr> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(ip) = bare.parse() {
        return Ok(ip);
    }
    let mut found =
        (host, 0).to_socket_addrs().with_context(|| format!("--host {host}: no address is known for it"))?;
    Ok(found.next().with_context(|| format!("--host {host}: no address is known for it"))?.ip())
}

/// The required token, if any: on loopback the given one, for other machines always one.
fn token(args: &ServeArgs, address: IpAddr) -> Result<Option<String>> {
    if !address.is_loopback() && !args.allow_remote {
        return Err(usage(format!(
            "--host {} can be reached from other machines: add --allow-remote if that is meant",
            args.host
        )));
    }
    // A value that is not valid text could not be a token: it is refused like any other wrong token.
    let variable = std::env::var_os(token::VARIABLE).map(|value| value.to_string_lossy().into_owned());
    let (token, others) = token::find(args.token.as_deref(), args.token_file.as_deref(), variable)?;
    if !others.is_empty() {
        warn(&format!("more than one token was given; not used: {}", others.join(", ")));
    }
    match token {
        None if args.allow_remote => Ok(Some(token::random()?)),
        token => Ok(token),
    }
}

/// The given port only; otherwise the default one or the next that is free.
fn listen(address: IpAddr, port: Option<u16>) -> Result<TcpListener> {
    let ports = port.map_or(PORT..=PORT + MORE_PORTS, |port| port..=port);
    for port in ports.clone() {
        match TcpListener::bind(SocketAddr::new(address, port)) {
            Err(error) if error.kind() == ErrorKind::AddrInUse && port < *ports.end() => {}
            Err(error) if error.kind() == ErrorKind::AddrInUse => break,
            bound => return bound.with_context(|| format!("cannot listen on {}", SocketAddr::new(address, port))),
        }
    }
    let ports = if port.is_some() { format!("port {} is", ports.end()) } else { format!("ports {ports:?} are") };
    anyhow::bail!("{ports} taken on {address}; choose another with --port, or --port 0 for any")
}

/// Where a browser of this machine finds the page.
fn url(host: &str, address: IpAddr, port: u16, token: Option<&str>) -> String {
    let host = match address {
        // An address for listening everywhere cannot be used in a URL.
        _ if address.is_unspecified() => "127.0.0.1".to_owned(),
        IpAddr::V6(ip) if host.contains(':') => format!("[{ip}]"),
        _ => host.to_owned(),
    };
    let token = token.map_or_else(String::new, |token| format!("?token={token}"));
    format!("http://{host}:{port}/{token}")
}

/// Without a screen, a browser in the terminal would only be in the way.
fn has_display() -> bool {
    let named = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(any(windows, target_os = "macos")) || named("DISPLAY") || named("WAYLAND_DISPLAY")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_printed_is_one_to_ask_at() {
        let shown = |host: &str, token| url(host, address(host).unwrap(), 80, token);
        assert_eq!(shown("127.0.0.1", None), "http://127.0.0.1:80/");
        assert_eq!(shown("::1", None), "http://[::1]:80/");
        assert_eq!(shown("[::1]", None), "http://[::1]:80/");
        assert_eq!(shown("0.0.0.0", Some("abc")), "http://127.0.0.1:80/?token=abc");
    }

    #[test]
    fn the_next_free_port_is_taken_unless_one_was_asked_for() {
        let loopback: IpAddr = "127.0.0.1".parse().unwrap();
        let first = listen(loopback, None).unwrap();
        let second = listen(loopback, None).unwrap();
        let port = first.local_addr().unwrap().port();
        assert!(second.local_addr().unwrap().port() > port);
        let error = listen(loopback, Some(port)).unwrap_err().to_string();
        assert!(error.contains(&format!("port {port} is taken")), "{error}");
    }
}
