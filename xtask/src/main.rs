//! The command line: parse, run one command, exit with its code. All behaviour sits in the crates.

mod build;
mod charts;
mod cli;
mod clock;
mod compare;
#[cfg(target_os = "linux")]
mod dns_server;
mod doctor;
mod evidence;
mod generate;
mod live;
mod new;
mod output;
mod pages;
mod preflight;
mod progress;
mod project;
#[cfg_attr(not(target_os = "linux"), path = "rehearse_elsewhere.rs")]
mod rehearse;
mod release;
mod scenarios;
mod schemas;
mod test;
mod validate;
#[cfg_attr(not(unix), path = "verify_elsewhere.rs")]
mod verify;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    ExitCode::from(run(&cli::Cli::parse()))
}

fn run(cli: &cli::Cli) -> u8 {
    let done = match &cli.command {
        cli::Command::Validate(args) => validate::run(args),
        cli::Command::Build(args) => build::run(args),
        cli::Command::Generate(args) => generate::run(args),
        cli::Command::Preflight(args) => preflight::run(args),
        cli::Command::Scenarios(args) => scenarios::run(args),
        cli::Command::Release(args) => release::run(args),
        cli::Command::Rehearse(args) => rehearse::run(args),
        cli::Command::Verify(args) => verify::run(args),
        cli::Command::Doctor(args) => doctor::run(args),
        cli::Command::Test(args) => test::run(args),
        cli::Command::New(args) => new::run(args),
        cli::Command::Schemas(args) => schemas::run(args),
        cli::Command::Completions(args) => cli::completions(args),
    };
    done.unwrap_or_else(|error| {
        output::error(&error);
        report::exit::UNABLE
    })
}
