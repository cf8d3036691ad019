//! As much of HTTP/1.1 as a git client and a registry client need of a server: one request for each connection.

use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Bounds of a request, in bytes.
const MAX_HEAD: usize = 64 * 1024;
const MAX_BODY: usize = 16 * 1024 * 1024;
const MAX_HEADERS: usize = 64;
/// A client that is silent for longer has gone away.
const PATIENCE: Duration = Duration::from_secs(30);

/// A request.
#[derive(Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Without the query, as it was sent.
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// A header's value; names are lower-case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

impl Response {
    pub(crate) fn new(status: u16, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("Content-Type".to_owned(), media_type.to_owned())],
            body: body.into(),
        }
    }

    pub(crate) fn not_found() -> Self {
        Self::new(404, "text/plain", "not found\n")
    }

    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

/// Reads a request, has it answered and closes the connection.
pub(crate) fn serve(stream: &TcpStream, answer: impl FnOnce(&Request) -> Response) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(stream);
    let request = read(&mut reader, &mut &*stream)?;
    let response = answer(&request);
    let mut head = format!("HTTP/1.1 {} {}\r\n", response.status, reason(response.status));
    for (name, value) in &response.headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    let _ = write!(
        head,
        "Content-Length: {}\r\nConnection: close\r\n\r\n",
        response.body.len()
    );
    let mut out = stream;
    out.write_all(head.as_bytes())?;
    if request.method != "HEAD" {
        out.write_all(&response.body)?;
    }
    out.flush()
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        404 => "Not Found",
        _ => "Answer",
    }
}

fn read(reader: &mut impl BufRead, out: &mut impl Write) -> io::Result<Request> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let before = head.len();
        reader
            .by_ref()
            .take((MAX_HEAD - before) as u64)
            .read_until(b'\n', &mut head)?;
        if head.len() == before || head.len() >= MAX_HEAD {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    parsed
        .parse(&head)
        .map_err(|cause| io::Error::new(io::ErrorKind::InvalidData, cause))?;
    let target = parsed.path.unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut request = Request {
        method: parsed.method.unwrap_or_default().to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
    };
    for header in parsed.headers.iter() {
        let value = String::from_utf8_lossy(header.value).trim().to_owned();
        request.headers.push((header.name.to_lowercase(), value));
    }
    if request.header("expect").is_some() {
        out.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    request.body = body(&request, reader)?;
    Ok(request)
}

fn body(request: &Request, reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    if request
        .header("transfer-encoding")
        .is_some_and(|how| how.eq_ignore_ascii_case("chunked"))
    {
        loop {
            let size = line(reader)?;
            let digits = size.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(digits, 16)
                .map_err(|cause| io::Error::new(io::ErrorKind::InvalidData, cause))?;
            take(reader, size, &mut body)?;
            line(reader)?;
            if size == 0 {
                return Ok(body);
            }
        }
    }
    let length = request
        .header("content-length")
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    take(reader, length, &mut body)?;
    Ok(body)
}

fn line(reader: &mut impl BufRead) -> io::Result<String> {
    let mut line = Vec::new();
    reader.by_ref().take(1024).read_until(b'\n', &mut line)?;
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}

fn take(reader: &mut impl BufRead, size: usize, into: &mut Vec<u8>) -> io::Result<()> {
    let wanted = into.len().saturating_add(size);
    if wanted > MAX_BODY {
        return Err(io::ErrorKind::InvalidData.into());
    }
    reader.by_ref().take(size as u64).read_to_end(into)?;
    if into.len() < wanted {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> io::Result<Request> {
        read(&mut text.as_bytes(), &mut Vec::new())
    }

    #[test]
    fn reads_bodies_of_both_kinds() {
        let counted =
            parse("POST /a/b?c=d HTTP/1.1\r\nContent-Length: 3\r\nGit-Protocol: version=2\r\n\r\nabcd")
                .unwrap();
        assert_eq!((counted.path.as_str(), counted.query.as_str()), ("/a/b", "c=d"));
        assert_eq!(counted.header("git-protocol"), Some("version=2"));
        assert_eq!(counted.body, b"abc");
        let chunked = parse(
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n",
        )
        .unwrap();
        assert_eq!(chunked.body, b"abcde");
    }

    #[test]
    fn refuses_what_is_cut_off_or_too_large() {
        assert!(parse("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nabc").is_err());
        assert!(parse("POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\nabc").is_err());
        assert!(parse("GET / HTTP/1.1\r\n").is_err());
        assert!(parse(&format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "x".repeat(MAX_HEAD))).is_err());
    }
}
