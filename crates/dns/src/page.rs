//! One page over plain HTTP from a server on this machine: `/health`, `/ready`, `/metrics`.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::error::AskError;

/// The largest page that is read, in bytes.
const MAX_PAGE: u64 = 8 * 1024 * 1024;

/// The status and the body of a page. HTTP/1.0: the body ends with the connection.
///
/// # Errors
/// No answer within `patience` for connecting and for each read, or an answer that is not HTTP.
pub fn page(server: SocketAddr, path: &str, patience: Duration) -> Result<(u16, String), AskError> {
    let nonsense = |what: &str| AskError::Nonsense {
        server,
        what: what.to_owned(),
    };
    let is_path = path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_path {
        return Err(AskError::Name {
            name: path.to_owned(),
            why: "wanted a path that begins with `/`".to_owned(),
        });
    }
    let text = get(server, path, patience).map_err(|cause| AskError::Io { server, cause })?;
    let (head, body) = text
        .split_once("\r\n\r\n")
        .ok_or_else(|| nonsense("no HTTP answer"))?;
    let status = head.split_whitespace().nth(1).and_then(|word| word.parse().ok());
    let status = status
        .filter(|_| head.starts_with("HTTP/"))
        .ok_or_else(|| nonsense("no HTTP answer"))?;
    Ok((status, body.to_owned()))
}

fn get(server: SocketAddr, path: &str, patience: Duration) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&server, patience)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
    let mut bytes = Vec::new();
    stream.take(MAX_PAGE).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
