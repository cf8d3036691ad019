//! The HTTP clients of a run: TLS with ring, the system's certificate authorities and those of the user, proxies.

use std::cell::OnceCell;
use std::fs;
use std::io;
use std::path::PathBuf;

use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder, NoProxy, Proxy};
use thiserror::Error;

use crate::environment::Environment;
use crate::failure::Failure;

/// This machine is never asked through a proxy, which could not reach it.
const LOOPBACK: &str = "localhost,127.0.0.0/8,::1";

/// Why there is no client.
#[derive(Debug, Error)]
pub(crate) enum SetupError {
    /// A CA file cannot be read.
    #[error("CA file `{}` cannot be read: {kind}", path.display())]
    CaFile { path: PathBuf, kind: io::ErrorKind },
    /// A CA file without a usable certificate.
    #[error("CA file `{}` holds no usable PEM certificate", path.display())]
    Ca { path: PathBuf },
    /// A proxy that is no URL; its text may hold a password.
    #[error("the proxy in `{variable}` is no URL")]
    Proxy { variable: String },
    /// The HTTP client cannot be built.
    #[error("no HTTP client: {why}")]
    Client { why: String },
}

/// The clients of a run, with one pool of connections for each scheme.
///
/// The system's authorities take longer to read than most registries to answer, so they are read when the first `https` URL
/// is asked: registries on this machine speak plain HTTP.
pub(crate) struct Clients {
    plain: Option<Client>,
    tls: OnceCell<Result<Client, String>>,
    roots: Vec<Certificate>,
    /// A file with more of them.
    more: Option<PathBuf>,
    proxies: Vec<Proxy>,
}

impl Clients {
    /// Clients that trust the authorities of `ca_files` and `SSL_CERT_FILE`, too, and ask through the proxies of the
    /// environment.
    pub(crate) fn new(ca_files: &[PathBuf], environment: &Environment) -> Result<Self, SetupError> {
        // Fails only where the process has a provider already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut roots = Vec::new();
        for pem in authorities(ca_files)? {
            roots.push(Certificate::from_pem(&pem).map_err(failed)?);
        }
        let proxies = proxies(environment)?;
        // A proxy may itself be reached over TLS, also for plain HTTP.
        let plain = proxies.is_empty().then(|| builder().tls_certs_only([]).build());
        Ok(Self {
            plain: plain.transpose().map_err(failed)?,
            tls: OnceCell::new(),
            roots,
            more: environment.path("SSL_CERT_FILE"),
            proxies,
        })
    }

    /// The client for a URL of this scheme.
    pub(crate) fn of(&self, scheme: &str) -> Result<&Client, Failure> {
        match &self.plain {
            Some(plain) if scheme == "http" => Ok(plain),
            _ => {
                let tls = self
                    .tls
                    .get_or_init(|| self.tls().map_err(|error| error.to_string()));
                tls.as_ref().map_err(|why| Failure::unclear(why.clone()))
            }
        }
    }

    fn tls(&self) -> Result<Client, SetupError> {
        let mut roots = self.roots.clone();
        // Like other programs, this one goes on without a file that cannot be read; what needs it then is not trusted.
        let more = self
            .more
            .as_ref()
            .map(|file| authorities(std::slice::from_ref(file)));
        for pem in more.and_then(Result::ok).unwrap_or_default() {
            roots.extend(Certificate::from_pem(&pem).ok());
        }
        let mut builder = builder().tls_certs_merge(roots);
        for proxy in &self.proxies {
            builder = builder.proxy(proxy.clone());
        }
        builder.build().map_err(failed)
    }
}

fn builder() -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("xtask-oci/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .no_proxy()
}

#[expect(clippy::needless_pass_by_value, reason = "the error is mapped")]
fn failed(error: reqwest::Error) -> SetupError {
    SetupError::Client {
        why: error.to_string(),
    }
}

/// The proxies for TLS and for plain HTTP, with their exceptions.
fn proxies(environment: &Environment) -> Result<Vec<Proxy>, SetupError> {
    let except = environment
        .first(&["NO_PROXY", "no_proxy"])
        .map_or_else(|| LOOPBACK.to_owned(), |(_, hosts)| format!("{LOOPBACK},{hosts}"));
    let mut proxies = Vec::new();
    for secure in [true, false] {
        let names = if secure {
            ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
        } else {
            ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]
        };
        let Some((name, address)) = environment.first(&names) else {
            continue;
        };
        let made = if secure {
            Proxy::https(address)
        } else {
            Proxy::http(address)
        };
        let proxy = made.map_err(|_| SetupError::Proxy {
            variable: name.to_owned(),
        })?;
        proxies.push(proxy.no_proxy(NoProxy::from_string(&except)));
    }
    Ok(proxies)
}

/// The certificates of all files, one PEM block each.
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
