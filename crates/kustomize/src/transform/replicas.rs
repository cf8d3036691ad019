//! `replicas`: sets the number of replicas of workloads by name.

use diag::Span;
use model::yaml::{Node, Value};

use crate::accumulate::Run;
use crate::accumulator::Accumulator;
use crate::fieldspec::{Create, set_scalar};
use crate::file::File;
use crate::problem::Problem;

pub(super) fn run(run: &mut Run<'_, '_>, accumulator: &mut Accumulator, file: &File) {
    let config = accumulator.config.clone();
    for replicas in &file.replicas {
        let mut any = false;
        for resource in &mut accumulator.resources {
            let named = |name: &str| name == &*replicas.name.value;
            if !named(&resource.name()) && !resource.previous.iter().any(|previous| named(&previous.name)) {
                continue;
            }
            let ids: Vec<_> = resource.ids().filter(|id| named(&id.name)).collect();
            let now = resource.id();
            for spec in config
                .replicas
                .iter()
                .filter(|spec| ids.iter().any(|id| spec.selects(id)))
            {
                any = true;
                if !spec.selects(&now) {
                    continue;
                }
                let mut set =
                    |node: &mut Node| set_scalar(node, Node::new(Value::Int(replicas.count), replicas.span));
                if let Err(message) = spec.apply(&mut resource.node, Create::Scalar, &mut set) {
                    run.problems
                        .push(Problem::error(resource.span(), format!("`{now}`: {message}")));
                }
            }
        }
        if !any {
            run.problems
                .push(absent(accumulator, &replicas.name.value, replicas.name.span));
        }
        run.ran(accumulator, file, "ReplicaCountTransformer");
    }
}

fn absent(accumulator: &Accumulator, name: &str, span: Span) -> Problem {
    let mut problem = Problem::error(span, format!("no workload is named `{name}`"));
    let names: Vec<_> = accumulator
        .resources
        .iter()
        .map(crate::resource::Resource::name)
        .collect();
    if let Some(near) = model::nearest(name, names.iter().map(|name| &**name)) {
        problem.help = format!("did you mean `{near}`?");
    }
    problem
}
