//! Who asks the programs that scenarios are about: they run on this machine and lead to the cluster.

use std::path::{Path, PathBuf};

use anyhow::Context;
use live::{Access, AccessError, Answer, NotVerified, Programs, Proxy, Verb};
use rehearse::{Environment, Run};
use serde_json::Value as Json;
use tools::Toolbox;

use super::Verify;
use crate::dns_server::{DnsServers, Kubeconfig, Setup};

/// Does a job with them, where any are asked, and says what answered instead of what the pods run. A second Ctrl-C ends the
/// command at once.
pub(super) fn with<T>(
    args: &Verify,
    toolbox: &Toolbox,
    proxy: &Proxy,
    are_asked: bool,
    job: impl FnOnce(&dyn Access, Option<&dyn Programs>) -> anyhow::Result<T>,
) -> anyhow::Result<(T, Option<NotVerified>)> {
    if !are_asked {
        return Ok((job(proxy, None)?, None));
    }
    let own = std::env::current_exe().context("this program does not know its own file")?;
    let run = Run::start(&own)?;
    let access = Interruptible { proxy, run: &run };
    let servers = DnsServers::new(Setup {
        run: &run,
        kubeconfig: kubeconfig(args.kubeconfig.as_deref()).map(|file| Kubeconfig {
            file,
            context: args.context.clone(),
            environment: Environment::Users,
        }),
        access: &access,
        toolbox,
        bin_dirs: &args.bin_dir,
    });
    let done = job(&access, Some(&servers))?;
    Ok((done, servers.not_verified()))
}

/// A cluster that is asked no more when somebody wants the command to end.
struct Interruptible<'a> {
    proxy: &'a Proxy,
    run: &'a Run,
}

impl Access for Interruptible<'_> {
    fn ask(&self, verb: Verb, path: &str, body: Option<&Json>) -> Result<Answer, AccessError> {
        self.run.check().map_err(|error| AccessError::NoAnswer {
            what: verb.method().to_owned(),
            message: error.to_string(),
        })?;
        self.proxy.ask(verb, path, body)
    }
}

/// The one file that kubectl would read, for a program that takes no more than one.
fn kubeconfig(given: Option<&Path>) -> Result<PathBuf, String> {
    let named = std::env::var_os("KUBECONFIG").unwrap_or_default();
    let mut named = std::env::split_paths(&named).filter(|file| !file.as_os_str().is_empty());
    let file = match (given, named.next(), named.next()) {
        (Some(file), ..) => file.to_owned(),
        (None, Some(_), Some(_)) => {
            return Err("KUBECONFIG names several files; name the context's with `--kubeconfig`".to_owned());
        }
        (None, Some(file), None) => file,
        (None, None, _) => match std::env::var_os("HOME") {
            Some(home) => Path::new(&home).join(".kube/config"),
            None => return Err("there is no HOME; name the kubeconfig with `--kubeconfig`".to_owned()),
        },
    };
    std::path::absolute(&file).map_err(|error| format!("`{}`: {error}", file.display()))
}
