//! A stand-in for the resolvers outside: it knows the names that it is told, and can be told to fail or to be slow.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use hickory_proto::op::{Message, MessageType, ResponseCode};
use hickory_proto::rr::rdata::A;
use hickory_proto::rr::{Name, RData, Record, RecordType};

/// The address of every name that the stand-in knows, which nobody else has (RFC 5737).
pub const OUTSIDE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 53);

/// How often the thread looks whether it should end.
const TICK: Duration = Duration::from_millis(100);
/// Questions that are answered late at the same time.
const MAX_LATE: usize = 64;

/// How the stand-in answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Behaviour {
    /// At once.
    #[default]
    Answers,
    /// With SERVFAIL.
    Fails,
    /// After this time.
    Late(Duration),
}

/// A server on loopback that ends when it is dropped.
#[derive(Debug)]
pub struct Upstream {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    late: AtomicUsize,
    behaviour: Mutex<Behaviour>,
    /// How often each known name was asked for.
    known: Mutex<BTreeMap<Name, usize>>,
}

impl Upstream {
    /// Listens on a free port.
    ///
    /// # Errors
    /// What the operating system says to the socket or the thread.
    pub fn start() -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_read_timeout(Some(TICK))?;
        let address = socket.local_addr()?;
        let shared = Arc::<Shared>::default();
        let own = Arc::clone(&shared);
        let socket = Arc::new(socket);
        let thread = thread::Builder::new().spawn(move || serve(&socket, &own))?;
        Ok(Self {
            address,
            shared,
            thread: Some(thread),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Knows a name from now on; what is no name it cannot be asked for.
    pub fn know(&self, name: &str) {
        if let Some(name) = absolute(name) {
            lock(&self.shared.known).entry(name).or_default();
        }
    }

    /// How often it was asked for a name that it knows.
    pub fn asked(&self, name: &str) -> usize {
        let name = absolute(name);
        name.and_then(|name| lock(&self.shared.known).get(&name).copied())
            .unwrap_or(0)
    }

    /// Answers otherwise from now on.
    pub fn behave(&self, behaviour: Behaviour) {
        *lock(&self.shared.behaviour) = behaviour;
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn absolute(name: &str) -> Option<Name> {
    let mut name = Name::from_ascii(name).ok()?.to_lowercase();
    name.set_fqdn(true);
    Some(name)
}

fn serve(socket: &Arc<UdpSocket>, shared: &Arc<Shared>) {
    let mut buffer = [0; 4096];
    while !shared.stop.load(Ordering::Relaxed) {
        let Ok((length, from)) = socket.recv_from(&mut buffer) else {
            continue;
        };
        let behaviour = *lock(&shared.behaviour);
        let question = buffer
            .get(..length)
            .and_then(|bytes| Message::from_vec(bytes).ok());
        let Some(answer) = question.and_then(|question| answer(question, behaviour, &shared.known)) else {
            continue;
        };
        let Behaviour::Late(time) = behaviour else {
            let _lost = socket.send_to(&answer, from);
            continue;
        };
        if shared.late.fetch_add(1, Ordering::Relaxed) < MAX_LATE {
            let (socket, shared) = (Arc::clone(socket), Arc::clone(shared));
            thread::spawn(move || {
                thread::sleep(time);
                let _lost = socket.send_to(&answer, from);
                shared.late.fetch_sub(1, Ordering::Relaxed);
            });
        } else {
            shared.late.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

fn answer(question: Message, behaviour: Behaviour, known: &Mutex<BTreeMap<Name, usize>>) -> Option<Vec<u8>> {
    if question.metadata.message_type != MessageType::Query {
        return None;
    }
    let query = question.queries.first()?.clone();
    let is_known = lock(known)
        .get_mut(&query.name().to_lowercase())
        .map(|asked| *asked += 1)
        .is_some();
    let mut answer = question.into_response();
    answer.metadata.recursion_available = true;
    if behaviour == Behaviour::Fails {
        answer.metadata.response_code = ResponseCode::ServFail;
    } else if !is_known {
        answer.metadata.response_code = ResponseCode::NXDomain;
    } else if query.query_type() == RecordType::A {
        let data = RData::A(A(OUTSIDE));
        // Not to be kept: each question shall come here.
        answer.add_answer(Record::from_rdata(query.name().clone(), 0, data));
    }
    answer.to_vec().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::AskError;
    use crate::question::ask;

    const PATIENCE: Duration = Duration::from_secs(10);

    #[test]
    fn knows_what_it_was_told_and_counts_the_questions_for_it() {
        let upstream = Upstream::start().unwrap();
        upstream.know("A.outside.test");
        let found = ask(upstream.address(), "a.outside.test", "A", PATIENCE).unwrap();
        assert_eq!(
            (found.code.as_str(), found.records),
            ("NOERROR", vec!["192.0.2.53".to_owned()])
        );
        let other = ask(upstream.address(), "example.org", "A", PATIENCE).unwrap();
        assert_eq!((other.code.as_str(), other.records), ("NXDOMAIN", Vec::new()));
        assert_eq!(
            (upstream.asked("a.outside.test."), upstream.asked("example.org")),
            (1, 0)
        );
    }

    #[test]
    fn fails_and_is_late_when_told_to() {
        let upstream = Upstream::start().unwrap();
        upstream.know("a.outside.test");
        upstream.behave(Behaviour::Fails);
        assert_eq!(
            ask(upstream.address(), "a.outside.test", "A", PATIENCE)
                .unwrap()
                .code,
            "SERVFAIL"
        );
        upstream.behave(Behaviour::Late(Duration::from_millis(300)));
        let start = std::time::Instant::now();
        assert_eq!(
            ask(upstream.address(), "a.outside.test", "A", PATIENCE)
                .unwrap()
                .code,
            "NOERROR"
        );
        assert!(start.elapsed() >= Duration::from_millis(300));
    }

    #[test]
    fn a_name_or_type_that_does_not_exist_is_said_before_anybody_is_asked() {
        let nobody = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
        let said = |name: &str, kind: &str| ask(nobody, name, kind, PATIENCE).unwrap_err().to_string();
        assert!(said("a..b", "A").starts_with("`a..b` cannot be asked for: "));
        assert_eq!(said("a.b", "AX"), "`AX` is no record type");
    }

    #[test]
    fn nobody_there_is_an_error_of_the_network() {
        let upstream = Upstream::start().unwrap();
        let address = upstream.address();
        drop(upstream);
        let error = ask(address, "a.b", "A", Duration::from_millis(200)).unwrap_err();
        assert!(matches!(error, AskError::Io { .. }), "{error}");
    }
}
