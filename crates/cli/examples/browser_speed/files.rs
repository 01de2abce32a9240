//! A tiny server of files for the peer's page, as plain as can be: one thread, no headers that would allow threads.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};

/// Serves the files below `folder`, `model` as `/model.gguf` and an empty page as `/`; returns where. The server ends
/// with the process.
pub fn serve(folder: PathBuf, model: PathBuf) -> std::io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/", listener.local_addr()?);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A browser that went away is no reason to stop.
            let _ = answer(stream, &folder, &model);
        }
    });
    Ok(url)
}

fn answer(mut stream: TcpStream, folder: &Path, model: &Path) -> std::io::Result<()> {
    let mut lines = BufReader::new(&stream).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    // The rest of the request says nothing that is needed.
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let path = first.split(' ').nth(1).unwrap_or("/").trim_start_matches('/');
    let found = match path {
        "" => Ok(b"<!doctype html><title>peer</title>".to_vec()),
        "model.gguf" => std::fs::read(model),
        path if path.contains("..") => Err(std::io::ErrorKind::NotFound.into()),
        path => std::fs::read(folder.join(path)),
    };
    let kind = match Path::new(path).extension().and_then(|end| end.to_str()) {
        Some("js" | "mjs") => "text/javascript",
        Some("wasm") => "application/wasm",
        Some(_) => "application/octet-stream",
        None => "text/html",
    };
    let (status, body) = found.map_or(("404 Not Found", Vec::new()), |body| ("200 OK", body));
    let head = "Connection: close\r\nCache-Control: no-store";
    write!(stream, "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n{head}\r\n\r\n", body.len())?;
    stream.write_all(&body)
}
