//! QA test designs as data: scenarios, their expectations, risks, and the mutations that turn them red.
//!
//! A check is a rule for every repository; a scenario is one story's promise about this one. Scenarios look at what the
//! other crates built and never build, fetch or start anything but `kustomize build` of a folder in memory. What cannot be
//! looked at is Deferred with a reason, and only where the scenario declares the need; it never counts as passed.

mod checklist;
mod claim;
mod coverage;
mod design;
mod digest;
mod done;
mod evidence;
mod failure;
mod gate;
mod gate_file;
mod json_schema;
mod judge;
mod load;
mod miss;
mod mutate;
mod outcome;
mod output;
mod placed;
mod red;
mod risk;
mod run;
mod seen;
mod select;
mod setting;
mod settle;
mod subject;
#[cfg(test)]
mod testing;
mod totals;
mod trace;
mod waiver;

pub use checklist::{Answer, Knowledge, Line, State, checklist};
pub use claim::{Claim, JsonType, NamedTool, Pattern};
pub use coverage::{Coverage, coverage};
pub use design::{
    Clusters, Criterion, Expectation, KustomizationName, ObjectName, Priority, Scenario, Story, Subject,
};
pub use done::{Command, Definition, Item, Later, Proof as DoneBy};
pub use evidence::{Evidence, Need, Proof};
pub use failure::Failure;
pub use gate::{Decision, Facts, Gate, Reason, Weight, gate};
pub use gate_file::{FOLDER as GATES, GateFile, Making, Proven, Waiting};
pub use json_schema::{FileSchema, json_schemas};
pub use load::{LoadError, Step, load, read, span_of};
pub use mutate::{Edit, MutateError, Mutation, mutate};
pub use outcome::{Outcome, StageResult, Status};
pub use output::{COLUMNS, Entry, entries, rows};
pub use placed::read as read_through;
pub use red::{Redness, each_claim_alone, redness};
pub use risk::{Band, Risk};
pub use run::{Filter, Inputs, run};
pub use seen::digest_of_inputs;
pub use setting::{NoSetting, Setting, setting};
pub use settle::{Promise, Record, observed, settle};
pub use totals::{Totals, totals};
pub use trace::{Standing, Traced};
pub use waiver::{Day, Waiver};
