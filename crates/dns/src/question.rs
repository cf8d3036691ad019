//! One question to a DNS server: over UDP, over TCP where the answer does not fit or UDP is silent.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::str::FromStr;
use std::time::Duration;

use hickory_proto::op::{Message, MessageType, Query};
use hickory_proto::rr::{Name, RecordType};

use crate::error::AskError;

/// The largest message, in bytes.
const MAX_MESSAGE: usize = 65_535;

/// What a server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// `NOERROR`, `NXDOMAIN`, `SERVFAIL`, ...
    pub code: String,
    /// The data of the records of the type that was asked for, in the order of the alphabet: `10.96.0.1`.
    pub records: Vec<String>,
}

/// Asks for the records of a type (`A`, `AAAA`, `SRV`, `PTR`, ...) of a name that is taken as absolute.
///
/// # Errors
/// A name or type that does not exist, no answer within `patience` (of UDP and of TCP each), or an answer that is none.
pub fn ask(server: SocketAddr, name: &str, kind: &str, patience: Duration) -> Result<Answer, AskError> {
    let mut absolute = Name::from_ascii(name).map_err(|error| AskError::Name {
        name: name.to_owned(),
        why: error.to_string(),
    })?;
    absolute.set_fqdn(true);
    let kind = RecordType::from_str(&kind.to_uppercase()).map_err(|_| AskError::Kind {
        kind: kind.to_owned(),
    })?;
    let mut question = Message::query();
    question.metadata.recursion_desired = true;
    question.add_query(Query::query(absolute, kind));
    let bytes = question.to_vec().map_err(|error| AskError::Name {
        name: name.to_owned(),
        why: error.to_string(),
    })?;
    let failed = |cause| AskError::Io { server, cause };
    let answer = match over_udp(server, &bytes, patience).map_err(failed) {
        Ok(answer) => read(server, &question, &answer)?,
        // Where only TCP leads to the server, as through a forwarded port.
        Err(_) => read(
            server,
            &question,
            &over_tcp(server, &bytes, patience).map_err(failed)?,
        )?,
    };
    let answer = if answer.metadata.truncation {
        read(
            server,
            &question,
            &over_tcp(server, &bytes, patience).map_err(failed)?,
        )?
    } else {
        answer
    };
    let mut records: Vec<String> = answer
        .answers
        .iter()
        .filter(|record| record.record_type() == kind)
        .map(|record| record.data.to_string())
        .collect();
    records.sort();
    Ok(Answer {
        code: code(&answer),
        records,
    })
}

/// The codes under the names that `dig` prints (RFC 1035, RFC 6895).
fn code(answer: &Message) -> String {
    match u16::from(answer.metadata.response_code) {
        0 => "NOERROR".to_owned(),
        1 => "FORMERR".to_owned(),
        2 => "SERVFAIL".to_owned(),
        3 => "NXDOMAIN".to_owned(),
        4 => "NOTIMP".to_owned(),
        5 => "REFUSED".to_owned(),
        other => format!("RCODE{other}"),
    }
}

fn read(server: SocketAddr, question: &Message, bytes: &[u8]) -> Result<Message, AskError> {
    let nonsense = |what: String| AskError::Nonsense { server, what };
    let answer = Message::from_vec(bytes).map_err(|error| nonsense(format!("no DNS message: {error}")))?;
    let is_ours = answer.metadata.id == question.metadata.id
        && answer.metadata.message_type == MessageType::Response
        && answer.queries == question.queries;
    if is_ours {
        Ok(answer)
    } else {
        Err(nonsense("the answer to another question".to_owned()))
    }
}

fn over_udp(server: SocketAddr, question: &[u8], patience: Duration) -> io::Result<Vec<u8>> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    // The system drops what others send.
    socket.connect(server)?;
    socket.set_read_timeout(Some(patience))?;
    socket.send(question)?;
    let mut buffer = vec![0; MAX_MESSAGE];
    let length = socket.recv(&mut buffer)?;
    buffer.truncate(length);
    Ok(buffer)
}

/// Two bytes of length, then the message (RFC 1035, section 4.2.2).
fn over_tcp(server: SocketAddr, question: &[u8], patience: Duration) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&server, patience)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    let length = u16::try_from(question.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let mut message = length.to_be_bytes().to_vec();
    message.extend(question);
    stream.write_all(&message)?;
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut buffer = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut buffer)?;
    Ok(buffer)
}
