//! Many questions to registries at once, all of them answered within one deadline.

use std::cell::Cell;
use std::rc::Rc;

use tokio::runtime::Builder;
use tokio::sync::Semaphore;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::timeout_at;

use crate::client::Registries;
use crate::credentials::Credentials;
use crate::options::Options;
use crate::progress::{Listener, Progress};
use crate::setup::Clients;
use crate::transport::Clock;

/// A run's registries, and how far it has come.
pub(crate) struct Run {
    pub(crate) registries: Registries,
    done: Cell<usize>,
    of: usize,
    listener: Option<Listener>,
}

impl Run {
    /// Tells whoever listens; `bytes` of `size` have come in.
    pub(crate) fn tell(&self, url: &str, bytes: u64, size: u64) {
        if let Some(listener) = &self.listener {
            listener.tell(&Progress {
                done: self.done.get(),
                of: self.of,
                url: url.to_owned(),
                bytes,
                size,
            });
        }
    }
}

/// A question with its own way to an answer.
pub(crate) trait Question: 'static {
    /// What it ends with.
    type Verdict: Clone + 'static;

    /// What it is about, for progress.
    fn url(&self) -> &str;

    /// Asks; bounded in time by the caller.
    fn ask(&self, run: &Run) -> impl Future<Output = Self::Verdict>;

    /// The verdict where nobody can tell.
    fn unknown(why: String) -> Self::Verdict;
}

/// The verdicts in the order of the questions.
pub(crate) fn run<Q: Question>(questions: Vec<Q>, options: &Options) -> Vec<Q::Verdict> {
    let count = questions.len();
    let nobody = |why: String| vec![Q::unknown(why); count];
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return nobody(format!("no runtime for requests: {}", error.kind())),
    };
    let verdicts = runtime.block_on(LocalSet::new().run_until(async {
        let clock = Clock::start(options.deadline, options.per_request_timeout);
        match Clients::new(&options.ca_files, &options.environment) {
            Ok(clients) => {
                let run = Run {
                    registries: Registries::new(clients, clock, Credentials::new(options)),
                    done: Cell::new(0),
                    of: count,
                    listener: options.progress.clone(),
                };
                ask_all(questions, Rc::new(run), clock, options.parallelism).await
            }
            Err(error) => nobody(error.to_string()),
        }
    }));
    // A name lookup that hangs in the system's resolver must not outlast the deadline.
    runtime.shutdown_background();
    verdicts
}

async fn ask_all<Q: Question>(
    questions: Vec<Q>,
    run: Rc<Run>,
    clock: Clock,
    parallelism: usize,
) -> Vec<Q::Verdict> {
    let count = questions.len();
    let slots = Rc::new(Semaphore::new(parallelism.max(1)));
    let mut tasks = JoinSet::new();
    for (n, question) in questions.into_iter().enumerate() {
        let (run, slots) = (Rc::clone(&run), Rc::clone(&slots));
        tasks.spawn_local(async move {
            let work = async {
                let _slot = slots.acquire().await;
                run.tell(question.url(), 0, 0);
                question.ask(&run).await
            };
            let verdict = timeout_at(clock.deadline(), work).await;
            run.done.set(run.done.get() + 1);
            run.tell(question.url(), 0, 0);
            (
                n,
                verdict.unwrap_or_else(|_| Q::unknown(clock.over().to_string())),
            )
        });
    }
    let mut verdicts = vec![Q::unknown("the request ended without an answer".to_owned()); count];
    while let Some(done) = tasks.join_next().await {
        if let Ok((n, verdict)) = done
            && let Some(place) = verdicts.get_mut(n)
        {
            *place = verdict;
        }
    }
    verdicts
}
