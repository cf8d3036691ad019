//! A program that is no part of the control plane, started on a rehearsal with a configuration out of it, to be asked.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::child::{Child, Part};
use crate::error::{RehearseError, io};
use crate::plane::Plane;
use crate::ports::Port;
use crate::run::Run;

/// A program that runs until it is dropped.
pub struct Guest<'r> {
    run: &'r Run,
    child: Child,
    /// Held so that no other rehearsal takes them.
    _ports: Vec<Port>,
}

/// Free ports on loopback for a guest, each under the port that its configuration names.
pub struct Places {
    ports: Vec<Port>,
    /// The address for each port of the configuration.
    pub addresses: BTreeMap<u16, SocketAddr>,
}

impl<'r> Plane<'r> {
    /// Free ports in the place of these.
    pub fn places(&self, wanted: impl IntoIterator<Item = u16>) -> Result<Places, RehearseError> {
        let mut places = Places {
            ports: Vec::new(),
            addresses: BTreeMap::new(),
        };
        for number in wanted {
            if let Entry::Vacant(place) = places.addresses.entry(number) {
                let port = self.run.port()?;
                place.insert(SocketAddr::from(([127, 0, 0, 1], port.number)));
                places.ports.push(port);
            }
        }
        Ok(places)
    }

    /// Starts `program --FLAG=FILE`, where FILE is a new file with this text in a folder of the guest's own. Nothing of this
    /// machine's environment but PATH is handed over. Its log is kept with those of the other parts, under its name.
    pub fn invite(
        &self,
        name: &'static str,
        program: &Path,
        flag: &str,
        configuration: &str,
        places: Places,
    ) -> Result<Guest<'r>, RehearseError> {
        let folder = self.run.make(&format!("guest-{name}"))?;
        let file: PathBuf = folder.join("configuration");
        std::fs::write(&file, configuration).map_err(io("write", &file))?;
        let part = Part::new(name, program).flag(flag, &file);
        Ok(Guest {
            run: self.run,
            child: self.run.invite(&part)?,
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
