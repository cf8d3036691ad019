//! Reading a mapping through a raw form, so that what is wrong with its meaning is reported at its own line.

use std::fmt::{self, Display};
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};

/// Reads `Raw` and turns it into `T`. With serde's own `try_from` the error would carry the place of the parent.
pub fn read<'de, D, Raw, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    Raw: Deserialize<'de>,
    T: TryFrom<Raw>,
    T::Error: Display,
{
    deserializer.deserialize_map(Through(PhantomData::<(Raw, T)>))
}

struct Through<Raw, T>(PhantomData<(Raw, T)>);

impl<'de, Raw, T> Visitor<'de> for Through<Raw, T>
where
    Raw: Deserialize<'de>,
    T: TryFrom<Raw>,
    T::Error: Display,
{
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        let raw = Raw::deserialize(MapAccessDeserializer::new(map))?;
        T::try_from(raw).map_err(A::Error::custom)
    }
}
