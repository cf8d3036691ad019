//! Why a chart cannot be read.

use model::tree::ReadError;

use super::text::printable;
use crate::archive::{MAX_BYTES, MAX_FILE_BYTES, MAX_FILES};

/// Why a chart cannot be read: what is wrong and in which of its files. The chart's own texts in it are printable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChartError {
    /// Not a `.tgz`.
    #[error("it is no gzip archive")]
    NotGzip,
    /// A `.tgz` that ends too early or whose bytes make no sense.
    #[error("its archive is broken: {cause}")]
    Broken {
        /// What the decoder says.
        cause: String,
    },
    /// An archive without files, or a folder that is not there.
    #[error("it holds no files")]
    Empty,
    /// More than [`MAX_BYTES`] when unpacked.
    #[error("it has more than {MAX_BYTES} bytes when unpacked")]
    TooLarge,
    /// A file of more than [`MAX_FILE_BYTES`].
    #[error("its file `{path}` has {bytes} bytes, more than the {MAX_FILE_BYTES} that helm reads")]
    FileTooLarge {
        /// The file.
        path: String,
        /// Its size in bytes.
        bytes: u64,
    },
    /// More than [`MAX_FILES`].
    #[error("it holds more than {MAX_FILES} files")]
    TooManyFiles,
    /// Too many subcharts.
    #[error("it holds too many charts")]
    TooManyCharts,
    /// Subcharts in subcharts without an end.
    #[error("its subcharts lie too deep in each other")]
    TooDeep,
    /// The name of a file that helm refuses.
    #[error("it holds `{name}`, which helm refuses: {reason}")]
    Path {
        /// The name as the archive has it.
        name: String,
        /// Why.
        reason: &'static str,
    },
    /// Two files of one name where it matters which one counts.
    #[error("it holds `{path}` twice")]
    Twice {
        /// The file.
        path: String,
    },
    /// No `Chart.yaml`.
    #[error("it has no Chart.yaml")]
    NoChartYaml,
    /// A file whose text cannot be used.
    #[error("{path}:{line}: {message}")]
    Text {
        /// The file.
        path: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        message: String,
    },
    /// A subchart that cannot be read.
    #[error("in `charts/{name}`: {cause}")]
    Subchart {
        /// Name of its folder or archive.
        name: String,
        /// Why.
        cause: Box<Self>,
    },
    /// A file of the tree that cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl ChartError {
    pub(super) fn text(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self::Text {
            path: printable(path),
            line,
            message: printable(&message.into()),
        }
    }
}
