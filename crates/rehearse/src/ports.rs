//! Free ports on loopback that no two rehearsals share.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use crate::error::{RehearseError, io};
use crate::{folder, random};

/// The folder of the locks, in that of all rehearsals.
pub(crate) const FOLDER: &str = "ports";
/// Below the range that systems take for outgoing connections.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;
const TRIES: usize = 200;

/// A port that other rehearsals leave alone while this value lives.
#[derive(Debug)]
pub(crate) struct Port {
    pub(crate) number: u16,
    _lock: File,
}

/// A port that nobody listens on. A program that is no rehearsal may still take it: then the part that wanted it ends.
pub(crate) fn reserve(base: &Path) -> Result<Port, RehearseError> {
    let locks = base.join(FOLDER);
    for _ in 0..TRIES {
        folder::private(&locks)?;
        let number = FIRST + random::below(COUNT)?;
        let path = locks.join(number.to_string());
        let lock = match File::create(&path) {
            // The folder was tidied away in between.
            Err(cause) if cause.kind() == ErrorKind::NotFound => continue,
            lock => lock.map_err(io("write", &path))?,
        };
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => continue,
            Err(TryLockError::Error(cause)) => return Err(io("lock", path)(cause)),
        }
        if TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok() {
            return Ok(Port { number, _lock: lock });
        }
    }
    Err(RehearseError::NoPort { tried: TRIES })
}

/// Removes the locks that nobody holds, and their folder when it is empty.
///
/// Who has opened a lock and not yet taken it may then share a port's number with somebody else; one of the two cannot listen.
pub(crate) fn tidy(base: &Path) {
    let locks = base.join(FOLDER);
    let entries = fs::read_dir(&locks).into_iter().flatten().filter_map(Result::ok);
    for path in entries.map(|entry| entry.path()) {
        if File::open(&path).is_ok_and(|lock| lock.try_lock().is_ok()) {
            let _gone_already = fs::remove_file(&path);
        }
    }
    let _in_use = fs::remove_dir(locks);
}

impl Port {
    /// `127.0.0.1:PORT`.
    pub(crate) fn address(&self) -> String {
        format!("{}:{}", Ipv4Addr::LOCALHOST, self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_gets_a_port_twice() {
        let base = tempfile::tempdir().unwrap();
        let ports: Vec<Port> = (0..50).map(|_| reserve(base.path()).unwrap()).collect();
        let mut numbers: Vec<u16> = ports.iter().map(|port| port.number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 50);
        let range = FIRST..FIRST + COUNT;
        assert!(numbers.iter().all(|number| range.contains(number)));
        assert_eq!(ports[0].address(), format!("127.0.0.1:{}", ports[0].number));
    }

    #[test]
    fn locks_go_when_nobody_holds_them() {
        let base = tempfile::tempdir().unwrap();
        let count = |folder: &Path| fs::read_dir(folder).unwrap().count();
        let ports: Vec<Port> = (0..3).map(|_| reserve(base.path()).unwrap()).collect();
        tidy(base.path());
        assert_eq!(count(&base.path().join(FOLDER)), 3);
        drop(ports);
        tidy(base.path());
        assert_eq!(count(base.path()), 0);
    }
}
