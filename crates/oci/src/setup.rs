//! The HTTP clients of a run: TLS with ring, the system's certificate authorities and those of the user.

use std::fs;
use std::io;
use std::path::PathBuf;

use oci_distribution::Client;
use oci_distribution::client::{Certificate, CertificateEncoding, ClientConfig, ClientProtocol};
use thiserror::Error;

/// One client for what this crate does itself, and oci-client's own.
pub(crate) struct Clients {
    pub(crate) http: reqwest::Client,
    /// oci-client chooses the scheme per client, so there is one for TLS and one for plain HTTP.
    pub(crate) tls: Client,
    pub(crate) plain: Client,
}

/// Why there is no client.
#[derive(Debug, Error)]
pub(crate) enum SetupError {
    /// A CA file cannot be read.
    #[error("CA file `{}` cannot be read: {kind}", path.display())]
    CaFile { path: PathBuf, kind: io::ErrorKind },
    /// A CA file without a usable certificate.
    #[error("CA file `{}` holds no usable PEM certificate", path.display())]
    Ca { path: PathBuf },
    /// The HTTP client cannot be built.
    #[error("no HTTP client: {why}")]
    Client { why: String },
}

impl Clients {
    /// Clients that trust the authorities of `ca_files`, too.
    pub(crate) fn new(ca_files: &[PathBuf]) -> Result<Self, SetupError> {
        // Fails only where the process has a provider already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let authorities = authorities(ca_files)?;
        let failed = |why: String| SetupError::Client { why };
        let mut roots = Vec::new();
        for pem in &authorities {
            roots.push(reqwest::Certificate::from_pem(pem).map_err(|error| failed(error.to_string()))?);
        }
        let http = reqwest::Client::builder()
            .user_agent(concat!("xtask-oci/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .tls_certs_merge(roots)
            .build()
            .map_err(|error| failed(error.to_string()))?;
        // `Client::new` would fall back to defaults silently.
        let client = |protocol| {
            let certificate = |pem: &Vec<u8>| Certificate {
                encoding: CertificateEncoding::Pem,
                data: pem.clone(),
            };
            let extra_root_certificates = authorities.iter().map(certificate).collect();
            let config = ClientConfig {
                protocol,
                extra_root_certificates,
                ..ClientConfig::default()
            };
            Client::try_from(config).map_err(|error| failed(error.to_string()))
        };
        Ok(Self {
            http,
            tls: client(ClientProtocol::Https)?,
            plain: client(ClientProtocol::Http)?,
        })
    }
}

/// The certificates of all files, one PEM block each, since oci-client reads only the first of a bundle.
fn authorities(files: &[PathBuf]) -> Result<Vec<Vec<u8>>, SetupError> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    const END: &str = "-----END CERTIFICATE-----";
    let mut all = Vec::new();
    for path in files {
        let text = fs::read_to_string(path).map_err(|error| SetupError::CaFile {
            path: path.clone(),
            kind: error.kind(),
        })?;
        let known = all.len();
        for block in text.split(BEGIN).skip(1) {
            let Some((base64, _)) = block.split_once(END) else {
                return Err(SetupError::Ca { path: path.clone() });
            };
            all.push(format!("{BEGIN}{base64}{END}\n").into_bytes());
        }
        if all.len() == known {
            return Err(SetupError::Ca { path: path.clone() });
        }
    }
    Ok(all)
}
