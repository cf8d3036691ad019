//! Programs that are started with a configuration out of the cluster, and asked.

use crate::access::AccessError;
use crate::design::{Program, Question};
use crate::outcome::Verdict;

/// Who starts programs and asks them. A program that is asked more than once is started once.
pub trait Programs {
    /// What it answers to a question, or why nobody can ask it here.
    fn ask(&self, program: &Program, question: &Question) -> Result<Verdict, AccessError>;
}
