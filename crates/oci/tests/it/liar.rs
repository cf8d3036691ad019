//! A registry in process that answers whatever a test wants, lies included, and remembers who asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// One request as it came in; header names are in lower case.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// What comes back.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    manner: Manner,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Manner {
    Honest,
    /// The length in the header, whatever the body has.
    Length(usize),
    /// Nothing is ever sent.
    Silent,
    /// One byte at a time, with this pause.
    Slow(Duration),
    /// The body again and again.
    Endless,
}

impl Reply {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
            manner: Manner::Honest,
        }
    }

    pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::new(200, body)
    }

    pub(crate) fn missing() -> Self {
        Self::new(
            404,
            r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#,
        )
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn length(self, length: usize) -> Self {
        Self {
            manner: Manner::Length(length),
            ..self
        }
    }

    pub(crate) fn silent() -> Self {
        Self {
            manner: Manner::Silent,
            ..Self::ok("")
        }
    }

    pub(crate) fn slow(self, pause: Duration) -> Self {
        Self {
            manner: Manner::Slow(pause),
            ..self
        }
    }

    pub(crate) fn endless(self) -> Self {
        Self {
            manner: Manner::Endless,
            ..self
        }
    }
}

/// A running registry; it stops when dropped.
pub(crate) struct Liar {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    over: Arc<AtomicBool>,
}

impl Liar {
    pub(crate) fn start(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (requests, over) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (seen, stop, answer) = (Arc::clone(&requests), Arc::clone(&over), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let (seen, stop, answer) = (Arc::clone(&seen), Arc::clone(&stop), Arc::clone(&answer));
                thread::spawn(move || {
                    let Some(request) = read(&stream) else {
                        // As Go's server does when a TLS handshake comes in.
                        let _ = (&stream).write_all(b"HTTP/1.0 400 Bad Request\r\n\r\n");
                        return;
                    };
                    seen.lock().unwrap().push(request.clone());
                    let _ = write(stream, &request, &answer(&request), &stop);
                });
            }
        });
        Self {
            address,
            requests,
            over,
        }
    }

    /// Host and port.
    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// How many requests had this in their path.
    pub(crate) fn count(&self, part: &str) -> usize {
        self.requests()
            .iter()
            .filter(|request| request.path.contains(part))
            .count()
    }
}

impl Drop for Liar {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        Some(line.trim_end().to_owned())
    };
    let first = line()?;
    let mut words = first.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    while let Some((name, value)) = line()?.split_once(':') {
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut request = Request {
        method,
        path,
        headers,
        body: String::new(),
    };
    let length = request
        .header("content-length")
        .and_then(|length| length.parse().ok());
    reader
        .take(length.unwrap_or(0))
        .read_to_string(&mut request.body)
        .ok()?;
    Some(request)
}

fn write(mut stream: TcpStream, request: &Request, reply: &Reply, over: &AtomicBool) -> std::io::Result<()> {
    let pause = Duration::from_millis(20);
    if reply.manner == Manner::Silent {
        while !over.load(Ordering::SeqCst) {
            thread::sleep(pause);
        }
        return Ok(());
    }
    let mut head = format!("HTTP/1.1 {} Told\r\nConnection: close\r\n", reply.status);
    let mut push = |line: String| head.push_str(&line);
    match reply.manner {
        Manner::Length(length) => push(format!("Content-Length: {length}\r\n")),
        Manner::Endless => {}
        _ => push(format!("Content-Length: {}\r\n", reply.body.len())),
    }
    for (name, value) in &reply.headers {
        push(format!("{name}: {value}\r\n"));
    }
    stream.write_all(head.as_bytes())?;
    stream.write_all(b"\r\n")?;
    if request.method == "HEAD" {
        return Ok(());
    }
    match reply.manner {
        Manner::Slow(pause) => {
            for byte in &reply.body {
                if over.load(Ordering::SeqCst) {
                    break;
                }
                stream.write_all(&[*byte])?;
                thread::sleep(pause);
            }
        }
        Manner::Endless => {
            while !over.load(Ordering::SeqCst) {
                stream.write_all(&reply.body)?;
            }
        }
        _ => stream.write_all(&reply.body)?,
    }
    stream.flush()
}
