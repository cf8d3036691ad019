//! No text and no span makes a format panic or send a control character.

use diag::{Finding, Sources, Span};
use report::{Format, RenderOptions, render};

use crate::sample;

const PIECES: [&str; 22] = [
    "a",
    "key: ",
    " ",
    "\n",
    "\r\n",
    "\r",
    "\t",
    "\u{1b}[1m",
    "\0",
    "\u{9b}",
    "\u{202e}",
    "\u{200b}",
    "\u{feff}",
    "é",
    "日本",
    "e\u{301}",
    "👩‍👩‍👧",
    "\u{2028}",
    "`",
    "|",
    "]]>",
    "\u{ffff}",
];

/// Numbers that look random and are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end.max(1)
    }

    fn text(&mut self, pieces: usize) -> String {
        (0..self.below(pieces))
            .map(|_| PIECES[self.below(PIECES.len())])
            .collect()
    }
}

#[test]
fn nothing_panics_and_nothing_escapes() {
    let mut numbers = Numbers(7);
    for round in 0..300 {
        let sources = Sources::default();
        let length = if round % 10 == 0 { 2_000 } else { 40 };
        let files = [(); 2].map(|()| {
            let (path, text) = (numbers.text(5), numbers.text(length));
            sources.add(&path, text.into())
        });
        // Spans that no parser makes are among them: reversed, inside a character, past the end.
        let span = |numbers: &mut Numbers| {
            let length = sources.get(files[0]).unwrap().text().len() + 3;
            let start = numbers.below(length);
            Span::new(files[numbers.below(2)], start, numbers.below(length))
        };
        let mut found = Finding::new(&sample::EXACT, span(&mut numbers), numbers.text(9));
        for _ in 0..numbers.below(4) {
            found = found.with_related(span(&mut numbers), numbers.text(9));
        }
        let found = found
            .with_path(numbers.text(4))
            .with_why(numbers.text(9))
            .with_help(numbers.text(9));
        let report = sample::with_findings(vec![found.with_cluster(numbers.text(3))], &sources);
        for format in Format::VALUES {
            let text = render(format, &report, RenderOptions::default());
            let control = text
                .chars()
                .find(|char| char.is_control() && !['\n', '\t'].contains(char));
            assert_eq!(control, None, "round {round}, {format}: {text:?}");
        }
    }
}
