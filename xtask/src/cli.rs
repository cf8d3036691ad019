//! The arguments of every command. Doc comments are the help texts.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use report::{ColorChoice, Engine, FailOn, OutputSpec};

/// A Flux GitOps repository that proves itself.
///
/// Exit codes: 0 clean, 1 findings, 2 the job could not be done.
#[derive(Debug, Parser)]
#[command(name = "xtask", bin_name = "cargo xtask", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Validate(Validate),
    Build(Build),
    Generate(Generate),
    Preflight(Preflight),
    Scenarios(Scenarios),
    Release(Release),
    Rehearse(crate::rehearse::Rehearse),
    Verify(crate::verify::Verify),
    Doctor(Doctor),
    Test(Test),
    New(New),
    Schemas(Schemas),
    Completions(Completions),
}

/// Which repository and how to speak.
#[derive(Debug, Clone, Args)]
pub(crate) struct Common {
    /// Root of the repository to look at [default: the git repository around the current folder]
    #[arg(short, long, visible_alias = "repo", value_name = "DIR", global = true)]
    pub(crate) path: Option<PathBuf>,
    /// Cluster to look at, or NAME=FOLDER to say where one starts; repeatable
    #[arg(long, value_name = "NAME[=FOLDER]")]
    pub(crate) cluster: Vec<String>,
    /// Behave as this version of Flux: postBuild substitution is strict from 2.9 on
    #[arg(long, value_name = "X.Y", env = "XTASK_FLUX_VERSION")]
    pub(crate) flux_version: Option<String>,
    /// Version of Kubernetes that the clusters run
    #[arg(long, value_name = "X.Y", env = "XTASK_KUBERNETES_VERSION")]
    pub(crate) kubernetes_version: Option<String>,
    /// Say less: no summary when all is well
    #[arg(short, long, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say more: every subject that was not checked, and timings
    #[arg(short, long)]
    pub(crate) verbose: bool,
    /// When to color: auto, always or never
    #[arg(long, value_name = "WHEN", default_value_t)]
    pub(crate) color: ColorChoice,
}

/// Check the whole repository offline: render every cluster, substitute, validate, cross-check.
///
/// Everything is done in process; no tool, no network and no cluster is needed. What cannot be checked is listed as
/// not checked, never counted as passed.
///
/// Examples:
///   cargo xtask validate
///   cargo xtask validate --path ../other-repo --cluster prod=clusters/production
///   cargo xtask validate -o text -o sarif=target/report.sarif
///   cargo xtask validate --engine both
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Validate {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Format: text, concise, json, sarif, junit, github or markdown; FORMAT=FILE writes a file; repeatable
    #[arg(short, long, value_name = "FORMAT[=FILE]")]
    pub(crate) output: Vec<OutputSpec>,
    /// What renders: inproc, tools (the real kustomize, flux, kubeconform), or both and compare
    #[arg(long, default_value = "inproc")]
    pub(crate) engine: Engine,
    /// More schemas for kubeconform (--engine tools and both): its templates, folders or `default`; repeatable
    #[arg(long, value_name = "LOCATION")]
    pub(crate) schema_location: Vec<String>,
    /// Mildest level that makes the exit code 1: error, warning or note
    #[arg(long, value_name = "LEVEL", default_value_t)]
    pub(crate) fail_on: FailOn,
}

/// Print what kustomize or Flux would build.
///
/// Examples:
///   cargo xtask build kubernetes/infrastructure/networking/coredns
///   cargo xtask build --cluster infra
///   cargo xtask build --cluster infra --kustomization flux-system/coredns
///   cargo xtask build --cluster infra --stage installed
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Build {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Folder to build as `kustomize build` does
    #[arg(value_name = "DIR", required_unless_present = "cluster")]
    pub(crate) dir: Option<String>,
    /// Only this flux::Kustomization of the cluster: NAME or NAMESPACE/NAME
    #[arg(long, value_name = "NAME", requires = "cluster")]
    pub(crate) kustomization: Option<String>,
    /// Objects before substitution: written, after it: built, or what the charts install (needs helm and the charts): installed
    #[arg(long, value_name = "STAGE", default_value = "built", value_parser = ["written", "built", "installed"])]
    pub(crate) stage: String,
}

/// Write the manifests of this repository from their typed specs.
///
/// Files that were edited by hand, and files that were not generated, are kept unless --force is given.
///
/// Examples:
///   cargo xtask generate
///   cargo xtask generate --check
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Generate {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Only compare: print the differences and exit with 1 when there are any
    #[arg(long)]
    pub(crate) check: bool,
    /// Overwrite hand edits and files that were not generated
    #[arg(long, conflicts_with = "check")]
    pub(crate) force: bool,
}

/// Ask the registries whether every chart is there: there, not there, cannot tell.
///
/// Looks at every OCIRepository that holds a chart and every HelmRelease of every cluster, after
/// substitution, and verifies the signatures that `spec.verify` demands. Beside a lock file it
/// finds tags that moved to another digest; --update-lock writes that file. With a URL it shows
/// one chart, like `helm show chart`.
///
/// Exit codes:
///   0  nothing is wrong; what nobody could tell is listed and does not count
///   1  a chart is not there, its tag moved, or its signature is refused; with --require-network
///      or CI=true also when a registry gave no answer
///   2  the job could not be done: wrong arguments, no cluster, a damaged lock file
///
/// Examples:
///   cargo xtask preflight
///   cargo xtask preflight --mirror ghcr.io=127.0.0.1:5000 --ca-file ca.pem
///   cargo xtask preflight --fetch --images
///   cargo xtask preflight --update-lock
///   cargo xtask preflight --offline
///   cargo xtask preflight -o text -o sarif=target/preflight.sarif
///   cargo xtask preflight oci://ghcr.io/coredns/charts/coredns --version 1.38.0
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that somebody types")]
pub(crate) struct Preflight {
    #[command(flatten)]
    pub(crate) common: Common,
    /// One chart instead of the repository's
    #[arg(value_name = "oci://HOST/PATH")]
    pub(crate) url: Option<String>,
    #[command(flatten)]
    pub(crate) one: OneChart,
    #[command(flatten)]
    pub(crate) registries: Registries,
    #[command(flatten)]
    pub(crate) lock: Locking,
    /// Download the charts into the cache, where --offline finds them
    #[arg(long, conflicts_with = "offline")]
    pub(crate) fetch: bool,
    /// Ask for the images of pods, too: those that builds apply, and that charts at hand install
    #[arg(long, conflicts_with = "url")]
    pub(crate) images: bool,
    /// Ask nobody: the lock file and the cache alone answer
    #[arg(long)]
    pub(crate) offline: bool,
    /// Exit with 1 when a registry gave no answer; on where CI=true
    #[arg(long)]
    pub(crate) require_network: bool,
    /// Format: text, concise, json, sarif, junit, github or markdown; FORMAT=FILE writes a file; repeatable
    #[arg(short, long, value_name = "FORMAT[=FILE]")]
    pub(crate) output: Vec<OutputSpec>,
}

/// The lock file of charts.
#[derive(Debug, Args)]
pub(crate) struct Locking {
    /// Lock file, relative to the current folder [default: that of the settings]
    #[arg(long = "lock", value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Write what was found to the lock file; what was not found keeps its entry
    #[arg(long = "update-lock", conflicts_with_all = ["offline", "url"])]
    pub(crate) update: bool,
}

/// What is asked of the one chart.
#[derive(Debug, Default, Args)]
pub(crate) struct OneChart {
    /// Version or range of that chart [default: the highest version that is no pre-release]
    #[arg(long, requires = "url", value_name = "RANGE")]
    pub(crate) version: Option<String>,
    /// Allow plain HTTP for that chart
    #[arg(long, requires = "url")]
    pub(crate) plain_http: bool,
    /// Public key of cosign that must have signed that chart; repeatable, any of them counts
    #[arg(long, requires = "url", value_name = "FILE")]
    pub(crate) key: Vec<PathBuf>,
}

/// How registries are asked.
#[derive(Debug, Args)]
pub(crate) struct Registries {
    /// Ask another registry for one's charts: HOST=HOST[/PREFIX]; repeatable; comes before those of the settings
    #[arg(long, value_name = "HOST=HOST")]
    pub(crate) mirror: Vec<String>,
    /// File with registry credentials in docker's format
    #[arg(long, value_name = "FILE")]
    pub(crate) registry_config: Option<PathBuf>,
    /// Start no credential helper that a credential file names
    #[arg(long)]
    pub(crate) no_credential_helpers: bool,
    /// PEM file with further certificate authorities; repeatable
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Vec<PathBuf>,
    /// Time for all registries together, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub(crate) timeout: u64,
}

/// Run the QA test designs of docs/qa against the built repository.
///
/// Where kubeconform is on PATH, it judges the builds with the bundled schemas. What cannot be
/// looked at is deferred. Without a filter each story's gate is decided: docs/reference/gate.md.
///
/// Exit code 1: a scenario fails that no waiver lets through, a gate is FAIL or (--check-gate)
/// stale, or (--mutate) a mutation survives.
///
/// Examples:
///   cargo xtask scenarios
///   cargo xtask scenarios --priority P0 --risk TECH-001 --cluster infra
///   cargo xtask scenarios --preflight --mirror ghcr.io=127.0.0.1:5000 --write-gate
///   cargo xtask scenarios --check-gate -o markdown=target/summary.md
///   cargo xtask scenarios --mutate --story 04
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Scenarios {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Only this story: its number or its folder's name
    #[arg(long)]
    pub(crate) story: Option<String>,
    /// Only these priorities: P0, P1, ...; repeatable
    #[arg(long, value_name = "PRIORITY")]
    pub(crate) priority: Vec<scenarios::Priority>,
    /// Only scenarios that cover these risks: an id or its beginning, TECH-001; repeatable
    #[arg(long, value_name = "ID")]
    pub(crate) risk: Vec<String>,
    /// Ask the registries for what the scenarios want to know of them; without it that is deferred
    #[arg(long)]
    pub(crate) preflight: bool,
    #[command(flatten)]
    pub(crate) registries: Registries,
    /// Apply every mutation to a copy of the tree in memory: fail when one does not turn its scenario red
    #[arg(long, conflicts_with_all = ["preflight", "write_gate", "check_gate"])]
    pub(crate) mutate: bool,
    /// Write docs/qa/gates/STORY.yaml: the gate with its evidence
    #[arg(long, conflicts_with_all = FILTERS, conflicts_with = "check_gate")]
    pub(crate) write_gate: bool,
    /// Fail when docs/qa/gates/STORY.yaml is not what --write-gate would write
    #[arg(long, conflicts_with_all = FILTERS)]
    pub(crate) check_gate: bool,
    /// Format: text, json, junit or markdown; FORMAT=FILE writes a file; repeatable
    #[arg(short, long, value_name = "FORMAT[=FILE]")]
    pub(crate) output: Vec<OutputSpec>,
}

/// What makes a run partial: no gate is decided by a part.
const FILTERS: [&str; 3] = ["priority", "risk", "cluster"];

/// Go through a story's Definition of Done, with evidence. Nothing is pushed.
///
/// Runs validate, generate --check, scenarios, the gate, preflight and a look at git in process,
/// and prints the checklist of docs/qa/STORY/story.yaml: done, not done (why), deferred (until
/// when), not part of it. Exit code 1 when an item is not done.
///
/// Examples:
///   cargo xtask release --story 04
///   cargo xtask release --story 04 --offline -o markdown
///   cargo xtask release --story 04 --write
///   cargo xtask release prepare --base main --story 04
///   cargo xtask release verify docs/releases/04-dns-coredns-base.md
#[derive(Debug, Args)]
#[command(
    verbatim_doc_comment,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true
)]
pub(crate) struct Release {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The story: its number or its folder's name
    #[arg(long, required = true)]
    pub(crate) story: Option<String>,
    /// Write docs/releases/STORY.md: the checklist with its evidence; refused while an item is not done
    #[arg(long)]
    pub(crate) write: bool,
    /// Ask no registry: what needs one is deferred
    #[arg(long)]
    pub(crate) offline: bool,
    /// A registry that cannot be asked makes its items not done; on where CI=true
    #[arg(long)]
    pub(crate) require_network: bool,
    #[command(flatten)]
    pub(crate) registries: Registries,
    /// Format: text, json or markdown; FORMAT=FILE writes a file; repeatable
    #[arg(short, long, value_name = "FORMAT[=FILE]")]
    pub(crate) output: Vec<OutputSpec>,
    #[command(subcommand)]
    pub(crate) what: Option<ReleaseWhat>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ReleaseWhat {
    /// Draft a commit message and a changelog entry from what changes in the rendered objects
    Prepare(Prepare),
    /// Check an evidence file, a release page or a gate file, against the tree
    Verify(Verify),
}

/// How the draft is made.
#[derive(Debug, Args)]
pub(crate) struct Prepare {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The revision that the work tree is compared with
    #[arg(long, value_name = "REV", default_value = "HEAD")]
    pub(crate) base: String,
    /// The story that the change belongs to
    #[arg(long)]
    pub(crate) story: Option<String>,
    /// Format: text or json
    #[arg(short, long, value_name = "FORMAT", default_value = "text", value_parser = ["text", "json"])]
    pub(crate) output: String,
}

/// Which evidence is checked.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) common: Common,
    /// docs/releases/STORY.md or docs/qa/gates/STORY.yaml
    pub(crate) file: PathBuf,
}

/// Show which real tools are here, their versions, and how to get the others.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) programs: ProgramPlaces,
}

/// Where the programs of rehearsals are looked for: given folders, PATH, then what was fetched.
#[derive(Debug, Args)]
pub(crate) struct ProgramPlaces {
    /// Folder with the programs of rehearsals; comes before PATH; repeatable
    #[arg(long, value_name = "DIR", env = "XTASK_BIN_DIR")]
    pub(crate) bin_dir: Vec<PathBuf>,
    /// File that pins other versions of these programs: docs/reference/rehearse.md
    #[arg(long, value_name = "FILE", env = "XTASK_PROGRAMS")]
    pub(crate) programs: Option<PathBuf>,
}

/// Run all tests with cargo-nextest, which is installed below target/ when it is not there.
///
/// Examples:
///   cargo xtask test
///   cargo xtask test -- -E 'test(/P0/)'
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Test {
    /// Passed on to `cargo nextest run`
    #[arg(last = true)]
    pub(crate) args: Vec<String>,
}

/// Scaffold something new.
#[derive(Debug, Args)]
pub(crate) struct New {
    #[command(subcommand)]
    pub(crate) what: NewWhat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum NewWhat {
    /// A component: its typed spec in crates/components, registered and wired into every cluster
    Component {
        /// Name in lower case, digits and dashes
        name: String,
    },
}

/// Look after the bundled schemas.
#[derive(Debug, Args)]
pub(crate) struct Schemas {
    #[command(subcommand)]
    pub(crate) what: SchemasWhat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SchemasWhat {
    /// Make the bundle anew from the official modules (needs go and a module proxy) and write its lock file
    Update {
        /// Only compare with the committed bundle, exit with 1 when it differs
        #[arg(long)]
        check: bool,
    },
    /// Write the bundled schemas as JSON Schema files that kubeconform reads with -schema-location
    Export {
        /// Folder to write to
        dir: PathBuf,
    },
}

/// Print a completion script: `cargo xtask completions bash`.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

/// Writes the completion script to standard output.
pub(crate) fn completions(args: &Completions) -> anyhow::Result<u8> {
    let mut script = Vec::new();
    clap_complete::generate(
        args.shell,
        &mut <Cli as clap::CommandFactory>::command(),
        "xtask",
        &mut script,
    );
    crate::output::data(&String::from_utf8_lossy(&script))?;
    Ok(report::exit::CLEAN)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use crate::test::workspace;

    /// The arguments of each `cargo xtask` in a script, without redirections.
    fn calls(script: &str) -> Vec<Vec<String>> {
        let lines = script
            .lines()
            .map(str::trim)
            .filter(|line| !line.starts_with('#'));
        let calls = lines.filter_map(|line| line.split_once("cargo xtask ").map(|(_, rest)| rest));
        calls
            .map(|rest| {
                let end = rest.find(['>', '|', '&', ';']).unwrap_or(rest.len());
                let words = rest.get(..end).unwrap_or(rest).split_whitespace();
                let words = words.map(|word| word.trim_matches('"').to_owned());
                std::iter::once("xtask".to_owned()).chain(words).collect()
            })
            .collect()
    }

    #[test]
    fn workflows_and_hooks_call_commands_that_are_there() {
        let mut seen = std::collections::BTreeSet::new();
        for file in [
            ".github/workflows/validate.yaml",
            ".github/workflows/preflight.yaml",
            ".github/workflows/release.yaml",
            ".githooks/pre-commit",
            ".ci/run",
        ] {
            let script = std::fs::read_to_string(workspace().join(file)).unwrap();
            let calls = calls(&script);
            assert!(!calls.is_empty(), "{file}");
            for call in calls {
                let parsed = super::Cli::try_parse_from(&call);
                assert!(parsed.is_ok(), "{file}: {call:?}: {}", parsed.err().unwrap());
                seen.extend(call.into_iter().nth(1));
            }
        }
        let wanted = [
            "generate",
            "preflight",
            "release",
            "scenarios",
            "test",
            "validate",
        ];
        assert!(wanted.iter().all(|command| seen.contains(*command)), "{seen:?}");
    }

    #[test]
    fn arguments_are_consistent() {
        <super::Cli as clap::CommandFactory>::command().debug_assert();
    }
}
