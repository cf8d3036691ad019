//! Free ports on loopback that no two rehearsals share.

use std::fs::{File, TryLockError};
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
    folder::private(&locks)?;
    for _ in 0..TRIES {
        let number = FIRST + random::below(COUNT)?;
        let path = locks.join(number.to_string());
        let lock = File::create(&path).map_err(io("write", &path))?;
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
        assert!(
            numbers
                .iter()
                .all(|number| (FIRST..FIRST + COUNT).contains(number))
        );
        assert_eq!(ports[0].address(), format!("127.0.0.1:{}", ports[0].number));
    }
}
