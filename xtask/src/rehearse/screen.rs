//! What a person watches while a rehearsal goes on: on a terminal a line per Flux object that moves, elsewhere a line per change.

use std::io::{IsTerminal, stderr};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rehearse::Event;
use report::color::{Paint, Tone};

use crate::cli::Common;
use crate::output;

/// Between two pictures.
const FRAME: Duration = Duration::from_millis(120);
const SPINNER: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
/// A message in a line of its own is cut here, in characters.
const MAX_LINE: usize = 160;
/// Where nobody knows how large a terminal is: columns and rows.
const SIZE: (usize, usize) = (80, 24);

/// Tells of one cluster until it is dropped.
pub(super) struct Screen<'a> {
    cluster: &'a str,
    start: Instant,
    how: How,
}

enum How {
    /// Nobody wants to know.
    Quiet,
    /// Lines that stay.
    Lines,
    /// A picture that is painted again and again.
    Picture {
        scene: Arc<Mutex<Scene>>,
        /// Dropped, it ends the painter.
        end: Option<Sender<()>>,
        painter: Option<JoinHandle<()>>,
    },
}

/// What is to be seen.
#[derive(Debug, Default)]
struct Scene {
    title: String,
    rows: Vec<Row>,
}

/// A Flux object.
#[derive(Debug)]
struct Row {
    object: String,
    ready: Option<bool>,
    said: String,
    /// Since the start, when it was seen first.
    from: Duration,
    /// When it became Ready.
    until: Option<Duration>,
}

impl<'a> Screen<'a> {
    /// For a cluster whose rehearsal began at `start`.
    pub(super) fn new(cluster: &'a str, start: Instant, common: &Common) -> Self {
        let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        let how = if common.quiet {
            How::Quiet
        } else if is_dumb || !stderr().is_terminal() {
            How::Lines
        } else {
            let scene = Arc::new(Mutex::new(Scene {
                title: format!("{cluster}: starting"),
                rows: Vec::new(),
            }));
            let (end, ended) = channel();
            let paint = common.color.paint(&stderr());
            let shown = Arc::clone(&scene);
            let painter = thread::spawn(move || paint_until(&ended, &shown, start, paint));
            How::Picture {
                scene,
                end: Some(end),
                painter: Some(painter),
            }
        };
        Self { cluster, start, how }
    }

    /// With a line per change in any case: several clusters at once share a terminal.
    pub(super) fn in_lines(cluster: &'a str, start: Instant, common: &Common) -> Self {
        let how = if common.quiet { How::Quiet } else { How::Lines };
        Self { cluster, start, how }
    }

    /// What is waited for.
    pub(super) fn step(&self, what: &str) {
        match &self.how {
            How::Quiet => {}
            How::Lines => self.line(&format!("starting {what}")),
            How::Picture { scene, .. } => {
                let mut scene = scene.lock().unwrap_or_else(PoisonError::into_inner);
                scene.title = format!("{}: starting {what}", self.cluster);
            }
        }
    }

    /// Something has changed.
    pub(super) fn event(&self, event: &Event<'_>) {
        let (object, ready, said) = match event {
            Event::Step(what) => return self.step(what),
            Event::Object {
                object, ready, said, ..
            } => (*object, *ready, *said),
        };
        match &self.how {
            How::Quiet => {}
            How::Lines => {
                let word = match ready {
                    Some(true) => "Ready    ",
                    Some(false) => "not Ready",
                    None => "at work  ",
                };
                self.line(&format!("{word} {object}: {}", cut(&one_line(said), MAX_LINE)));
            }
            How::Picture { scene, .. } => {
                let mut scene = scene.lock().unwrap_or_else(PoisonError::into_inner);
                scene.title = format!("{}: Flux", self.cluster);
                scene.change(object, ready, said, self.start.elapsed());
            }
        }
    }

    fn line(&self, text: &str) {
        let (cluster, seconds) = (self.cluster, self.start.elapsed().as_secs_f64());
        output::note(&format!("{cluster} {seconds:>6.1} s  {text}"));
    }
}

impl Drop for Screen<'_> {
    /// The picture goes; the report comes.
    fn drop(&mut self) {
        if let How::Picture { end, painter, .. } = &mut self.how {
            drop(end.take());
            let _ended = painter.take().map(JoinHandle::join);
        }
    }
}

fn paint_until(end: &Receiver<()>, scene: &Mutex<Scene>, start: Instant, paint: Paint) {
    let mut height = 0;
    for frame in 0.. {
        let size = terminal_size::terminal_size_of(stderr())
            .map_or(SIZE, |(columns, rows)| (columns.0.into(), rows.0.into()));
        let lines = {
            let scene = scene.lock().unwrap_or_else(PoisonError::into_inner);
            scene.lines(start.elapsed(), frame, size, paint)
        };
        output::picture(height, &lines);
        height = lines.len();
        if end.recv_timeout(FRAME) != Err(RecvTimeoutError::Timeout) {
            break;
        }
    }
    output::picture(height, &[]);
}

impl Scene {
    fn change(&mut self, object: &str, ready: Option<bool>, said: &str, now: Duration) {
        let said = one_line(said);
        let until = (ready == Some(true)).then_some(now);
        match self.rows.iter_mut().find(|row| row.object == object) {
            Some(row) => {
                row.until = until.map(|until| row.until.unwrap_or(until));
                (row.ready, row.said) = (ready, said);
            }
            None => self.rows.push(Row {
                object: object.to_owned(),
                ready,
                said,
                from: now,
                until,
            }),
        }
    }

    /// The picture at a moment, no larger than the terminal; what is Ready makes room first.
    fn lines(
        &self,
        now: Duration,
        frame: usize,
        (columns, height): (usize, usize),
        paint: Paint,
    ) -> Vec<String> {
        let turn = SPINNER.get(frame % SPINNER.len()).copied().unwrap_or('-');
        // The last column stays free: some terminals go to the next line when it is written.
        let columns = columns.saturating_sub(1);
        let title = format!("{turn} {:>6.1} s  {}", now.as_secs_f64(), self.title);
        let mut lines = vec![paint.apply(Tone::Strong, &cut(&title, columns))];
        let room = height.saturating_sub(3).max(1);
        let (done, open): (Vec<&Row>, Vec<&Row>) = self.rows.iter().partition(|row| row.until.is_some());
        let hidden = self.rows.len().saturating_sub(room);
        let shown = done.iter().skip(hidden.min(done.len())).chain(&open).take(room);
        lines.extend(shown.map(|row| row.line(now, turn, columns, paint)));
        if hidden > 0 {
            lines.push(paint.apply(Tone::Dim, &cut(&format!("  and {hidden} more"), columns)));
        }
        lines
    }
}

impl Row {
    fn line(&self, now: Duration, turn: char, columns: usize, paint: Paint) -> String {
        let (mark, tone) = match self.ready {
            Some(true) => ('✓', Tone::Good),
            Some(false) => ('✗', Tone::Bad),
            None => (turn, Tone::Normal),
        };
        let time = self.until.unwrap_or(now).saturating_sub(self.from);
        let said = if self.until.is_some() { "" } else { &self.said };
        let text = format!(" {:>6.1} s  {}  {said}", time.as_secs_f64(), self.object);
        let text = cut(text.trim_end(), columns.saturating_sub(1));
        format!("{}{text}", paint.apply(tone, &mark.to_string()))
    }
}

/// Without line breaks and control characters: Flux's words may hold those of a manifest.
fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    report::visible(&line).into_owned()
}

fn cut(text: &str, columns: usize) -> String {
    if text.chars().count() <= columns {
        return text.to_owned();
    }
    let kept: String = text.chars().take(columns.saturating_sub(3)).collect();
    format!("{kept}...")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scene() -> Scene {
        let mut scene = Scene {
            title: "infra: Flux".to_owned(),
            ..Scene::default()
        };
        let at = Duration::from_secs;
        scene.change("Kustomization/f/a", None, "building\n\u{1b}[31mmanifests", at(1));
        scene.change("HelmRelease/f/b", Some(false), "InstallFailed: no", at(2));
        scene.change("Kustomization/f/a", Some(true), "applied", at(4));
        scene.change("Kustomization/f/a", Some(true), "applied again", at(9));
        scene
    }

    #[test]
    fn each_object_has_a_line_with_its_time() {
        let lines = scene().lines(Duration::from_secs(10), 0, (80, 24), Paint::Plain);
        assert_eq!(
            lines,
            [
                "⠋   10.0 s  infra: Flux",
                "✓    3.0 s  Kustomization/f/a",
                "✗    8.0 s  HelmRelease/f/b  InstallFailed: no",
            ]
        );
        let painted = scene().lines(Duration::from_secs(10), 0, (80, 24), Paint::Ansi);
        assert!(painted[1].starts_with("\u{1b}[32m✓\u{1b}[0m"), "{painted:?}");
    }

    #[test]
    fn a_picture_is_no_larger_than_the_terminal() {
        let mut scene = scene();
        for n in 0..50 {
            scene.change(
                &format!("HelmChart/f/{n}"),
                None,
                &"long ".repeat(50),
                Duration::ZERO,
            );
        }
        let lines = scene.lines(Duration::from_secs(10), 3, (40, 12), Paint::Plain);
        assert!(lines.len() < 12, "{lines:?}");
        assert!(lines.iter().all(|line| line.chars().count() < 40), "{lines:?}");
        // What is Ready has made room.
        assert!(lines[1].contains("HelmRelease/f/b"), "{lines:?}");
        assert_eq!(lines.last().map(String::as_str), Some("  and 43 more"));
    }

    #[test]
    fn foreign_words_move_no_cursor() {
        let mut scene = scene();
        scene.change("HelmChart/f/c", None, "a\u{1b}[2Jb\r\nc\u{7}", Duration::ZERO);
        let lines = scene.lines(Duration::ZERO, 0, (80, 24), Paint::Plain);
        assert!(
            lines.iter().all(|line| !line.chars().any(char::is_control)),
            "{lines:?}"
        );
    }
}
