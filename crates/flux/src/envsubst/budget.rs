//! Bounds on what one expansion may produce and do, so that a hostile template ends in an error.

use super::ErrorKind;

/// Longest text an expansion or one of its arguments may produce: ten times the largest object a cluster
/// stores.
pub(super) const MAX_TEXT: usize = 16 * 1024 * 1024;

/// Steps of one expansion: copying or searching a byte is one, and so is comparing a symbol of a pattern.
const MAX_STEPS: usize = 64 * 1024 * 1024;

/// The steps one expansion has left.
pub(super) struct Budget {
    steps: usize,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self { steps: MAX_STEPS }
    }

    /// Takes `steps` off the budget.
    pub(super) fn charge(&mut self, steps: usize) -> Result<(), ErrorKind> {
        self.steps = self.steps.checked_sub(steps).ok_or(ErrorKind::TooMuchWork)?;
        Ok(())
    }

    /// Appends `text` to `out` as long as the result stays within [`MAX_TEXT`].
    pub(super) fn append(&mut self, out: &mut String, text: &str) -> Result<(), ErrorKind> {
        if text.len() > MAX_TEXT.saturating_sub(out.len()) {
            return Err(ErrorKind::TooLong);
        }
        self.charge(text.len())?;
        out.push_str(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_beyond_the_budget_is_refused() {
        let mut budget = Budget::new();
        assert_eq!(budget.charge(MAX_STEPS), Ok(()));
        assert_eq!(budget.charge(1), Err(ErrorKind::TooMuchWork));
    }

    #[test]
    fn text_beyond_the_limit_is_refused_and_not_appended() {
        let mut out = "x".repeat(MAX_TEXT);
        assert_eq!(Budget::new().append(&mut out, "y"), Err(ErrorKind::TooLong));
        assert_eq!(out.len(), MAX_TEXT);
    }
}
