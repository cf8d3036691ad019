//! A program that is no part of a control plane, started with a configuration out of a cluster, to be asked.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::child::{Child, Part};
use crate::error::{RehearseError, io};
use crate::ports::Port;
use crate::reaper;
use crate::run::Run;

/// A program that runs until it is dropped.
pub struct Guest<'r> {
    run: &'r Run,
    child: Child,
    /// Held so that no other run takes them.
    _ports: Vec<Port>,
}

/// How a guest is started: `PROGRAM --FLAG=FILE`, where FILE is a new file with the configuration.
#[derive(Debug)]
pub struct Invitation<'a> {
    /// Its log is kept under this name.
    pub name: &'static str,
    /// Its file.
    pub program: &'a Path,
    /// The flag that takes a configuration file.
    pub flag: &'a str,
    /// The text of that file.
    pub configuration: &'a str,
    /// What it is told of this machine.
    pub environment: Environment,
}

/// What a guest is told of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// Where programs are, and a home of its own.
    Bare,
    /// What the user's own programs are told: credential helpers of a kubeconfig need it.
    Users,
}

/// Free ports on loopback for a guest, each under the port that its configuration names.
pub struct Places {
    ports: Vec<Port>,
    /// The address for each port of the configuration.
    pub addresses: BTreeMap<u16, SocketAddr>,
}

impl Run {
    /// Free ports in the place of these.
    pub fn places(&self, wanted: impl IntoIterator<Item = u16>) -> Result<Places, RehearseError> {
        let mut places = Places {
            ports: Vec::new(),
            addresses: BTreeMap::new(),
        };
        for number in wanted {
            if let Entry::Vacant(place) = places.addresses.entry(number) {
                let port = self.port()?;
                place.insert(SocketAddr::from(([127, 0, 0, 1], port.number)));
                places.ports.push(port);
            }
        }
        Ok(places)
    }

    /// Starts a guest in a folder of its own; it ends with this run at the latest, however that ends.
    pub fn invite(&self, invitation: &Invitation<'_>, places: Places) -> Result<Guest<'_>, RehearseError> {
        let folder = self.make(&format!("guest-{}", invitation.name))?;
        let file: PathBuf = folder.join("configuration");
        std::fs::write(&file, invitation.configuration).map_err(io("write", &file))?;
        let mut part = Part::new(invitation.name, invitation.program).flag(invitation.flag, &file);
        if invitation.environment == Environment::Users {
            let variables = std::env::vars_os().filter(|(name, _)| *name != reaper::MARK);
            part = variables.fold(part, |part, (name, value)| part.variable(name, value));
        }
        Ok(Guest {
            run: self,
            child: self.start_child(&part)?,
            _ports: places.ports,
        })
    }
}

impl Guest<'_> {
    /// The error that says how it ended, where it has, with the end of its log.
    pub fn check(&self) -> Result<(), RehearseError> {
        self.child.check().map_err(|error| self.run.masked(error))
    }
}

impl Drop for Guest<'_> {
    fn drop(&mut self) {
        self.child.end();
    }
}
