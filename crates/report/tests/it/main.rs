//! Every format on the same few reports, compared with the text a reader gets.

#![expect(
    clippy::unwrap_used,
    reason = "a test that meets nothing where it wants something has failed"
)]

mod any_input;
mod assemble;
mod concise;
mod github;
mod json;
mod junit;
mod markdown;
mod sample;
mod sarif;
mod text;

use report::{Format, RenderOptions, render};

/// All reports in one format.
fn samples(format: Format) -> [String; 4] {
    let clean = report::assemble(sample::clean(), &diag::Sources::default());
    let reports = [
        clean,
        sample::only_deferred(),
        sample::typical(),
        sample::hostile(),
    ];
    reports.map(|report| {
        render(
            format,
            &report,
            RenderOptions {
                checks: &sample::CHECKS,
                ..RenderOptions::default()
            },
        )
    })
}

#[test]
fn no_format_lets_control_characters_through() {
    let control = |char: &char| char.is_control() && *char != '\n' || matches!(char, '\u{202e}' | '\u{9b}');
    for format in Format::VALUES {
        for text in samples(format) {
            assert_eq!(text.chars().find(control), None, "{format}: {text}");
            assert!(
                text.ends_with('\n') && !text.contains(" \n\n\n"),
                "{format}: {text}"
            );
        }
    }
}

#[test]
fn every_format_counts_what_was_deferred() {
    for format in Format::VALUES {
        let [_, deferred, ..] = samples(format);
        assert!(
            deferred.contains("no network, `--offline` was given"),
            "{format}: {deferred}"
        );
    }
}
