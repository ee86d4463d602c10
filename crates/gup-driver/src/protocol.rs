//! What the driver and its workers say to each other over pipes: length-prefixed postcard.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::limits;

/// Something a worker is to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Request {
    /// Answered with [`Reply::Ready`]. Headers whose functions come once from the PCH unit are named here.
    Hello {
        root: PathBuf,
        known_headers: BTreeSet<String>,
    },
    Unit(Parse),
    /// The same, of a file that will be asked for again with other content: the worker keeps it parsed.
    Live {
        parse: Parse,
        /// A directory for files that the worker needs as long as it lives.
        scratch: PathBuf,
    },
    /// Writes a PCH of `header`.
    Pch {
        parse: Parse,
        header: String,
        out: PathBuf,
    },
    /// The inline functions of the headers that `header` includes.
    Headers {
        parse: Parse,
        header: String,
        beside: PathBuf,
    },
}

/// How a file is read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Parse {
    /// Relative to the tree.
    pub(crate) file: String,
    pub(crate) args: Vec<String>,
    pub(crate) directory: PathBuf,
    pub(crate) overlay: Vec<(PathBuf, Vec<u8>)>,
    pub(crate) pch: Option<PathBuf>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Reply {
    /// libclang is loaded; its version.
    Ready(String),
    Extracted(Box<Extracted>),
    /// The files that the PCH was made from.
    Built(Vec<String>),
    Failed(String),
}

/// What a unit gave: the front end's result as plain data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Extracted {
    /// A [`gup_ir::packed::Packed`], encoded: who only keeps it need not build it.
    #[serde(with = "serde_bytes")]
    pub(crate) unit: Vec<u8>,
    /// Every file that was read, relative to the tree or absolute.
    pub(crate) inputs: Vec<String>,
    pub(crate) facts: Facts,
}

/// How well a unit was understood.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Facts {
    /// The compiler's errors.
    pub(crate) errors: Vec<String>,
    /// Number of statements not understood, by reason.
    pub(crate) opaque: BTreeMap<String, u32>,
    pub(crate) statements: u32,
    pub(crate) functions: u32,
    /// See [`gup_frontend::Extraction::left_out`].
    pub(crate) left_out: Vec<(u32, u32)>,
}

pub(crate) fn send(out: &mut impl Write, message: &impl Serialize) -> std::io::Result<()> {
    let bytes = postcard::to_stdvec(message).map_err(std::io::Error::other)?;
    let length = u32::try_from(bytes.len()).map_err(std::io::Error::other)?;
    out.write_all(&length.to_le_bytes())?;
    out.write_all(&bytes)?;
    out.flush()
}

pub(crate) fn receive<T: DeserializeOwned>(from: &mut impl Read) -> std::io::Result<T> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length);
    if length > limits::MESSAGE_BYTES {
        return Err(std::io::Error::other("message too long"));
    }
    let mut bytes = vec![0; length as usize];
    from.read_exact(&mut bytes)?;
    postcard::from_bytes(&bytes).map_err(std::io::Error::other)
}
