//! What a person reads: progress as it happens, a table and a closing line at the end.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::time::Duration;

use crate::terminal;

/// How a check ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Everything was seen as it should be.
    Passed,
    /// Something was not.
    Failed,
    /// This deployment has not what the check is about.
    Skipped,
}

impl Verdict {
    const fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "FAILED",
            Self::Skipped => "skipped",
        }
    }

    const fn colour(self) -> &'static str {
        match self {
            Self::Passed => "\x1b[32m",
            Self::Failed => "\x1b[31m",
            Self::Skipped => "\x1b[33m",
        }
    }
}

/// What became of one check.
#[derive(Clone, Debug)]
pub struct Line {
    /// The check's name.
    pub check: &'static str,
    /// How it ended.
    pub verdict: Verdict,
    /// How long it took.
    pub took: Duration,
    /// What was seen, in one line.
    pub evidence: String,
}

/// What became of all checks.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// One line for each check, in order.
    pub lines: Vec<Line>,
}

impl Report {
    /// Whether no check failed.
    #[must_use]
    pub fn is_green(&self) -> bool {
        self.count(Verdict::Failed) == 0
    }

    /// The names of the checks that had nothing to look at.
    #[must_use]
    pub fn skipped(&self) -> Vec<&'static str> {
        self.that(Verdict::Skipped).map(|line| line.check).collect()
    }

    fn count(&self, verdict: Verdict) -> usize {
        self.that(verdict).count()
    }

    fn that(&self, verdict: Verdict) -> impl Iterator<Item = &Line> {
        self.lines
            .iter()
            .filter(move |line| line.verdict == verdict)
    }

    /// The aligned table, without a closing line, in lines of so many characters at most if there is a
    /// limit: each check has said all of its evidence when it ended.
    #[must_use]
    pub fn table(&self, colour: bool, columns: Option<usize>) -> String {
        let width = self
            .lines
            .iter()
            .map(|line| line.check.len())
            .max()
            .unwrap_or(0)
            .max("check".len());
        let mut table = format!(
            "{:width$}  {:7}  {:>7}  {}\n",
            "check", "result", "time", "evidence"
        );
        for line in &self.lines {
            let result = format!("{:7}", line.verdict.word());
            let time = format!("{:>7}", seconds(line.took));
            let before = width + result.len() + time.len() + 3 * "  ".len();
            let evidence = one_line(&line.evidence);
            let evidence = match columns {
                Some(columns) => cut(&evidence, columns.saturating_sub(before)),
                None => evidence,
            };
            let result = paint(&result, line.verdict, colour);
            let row = format!("{:width$}  {result}  {time}  {evidence}", line.check);
            table.push_str(row.trim_end());
            table.push('\n');
        }
        table
    }

    /// What failed, once more: in a long table it is far above the end.
    #[must_use]
    pub fn failures(&self, colour: bool) -> Vec<String> {
        self.lines
            .iter()
            .filter(|line| line.verdict == Verdict::Failed)
            .map(|line| {
                let word = paint(line.verdict.word(), line.verdict, colour);
                format!("{word} {}: {}", line.check, one_line(&line.evidence))
            })
            .collect()
    }

    /// `N passed, N failed`, and how many were skipped if any were.
    #[must_use]
    pub fn closing_line(&self) -> String {
        let (passed, failed) = (self.count(Verdict::Passed), self.count(Verdict::Failed));
        match self.count(Verdict::Skipped) {
            0 => format!("{passed} passed, {failed} failed"),
            skipped => format!("{passed} passed, {failed} failed, {skipped} skipped"),
        }
    }
}

fn paint(text: &str, verdict: Verdict, colour: bool) -> String {
    if colour {
        format!("{}{text}\x1b[0m", verdict.colour())
    } else {
        text.to_owned()
    }
}

fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text, or as much of it as there is room for.
fn cut(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    text.chars()
        .take(room.saturating_sub(1))
        .chain(['…'])
        .collect()
}

/// Where progress and report are written.
pub struct Console {
    out: Mutex<Box<dyn Write + Send>>,
    colour: bool,
    columns: Option<usize>,
}

impl Console {
    /// Standard output: as wide as the terminal if it is one, and in colour there unless `NO_COLOR` is set.
    #[must_use]
    pub fn standard() -> Self {
        let terminal = std::io::stdout().is_terminal();
        let colour = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self {
            columns: terminal.then(terminal::columns).flatten(),
            ..Self::new(Box::new(std::io::stdout()), colour)
        }
    }

    /// Any other place.
    #[must_use]
    pub fn new(out: Box<dyn Write + Send>, colour: bool) -> Self {
        Self {
            out: Mutex::new(out),
            colour,
            columns: None,
        }
    }

    /// Says a sentence.
    pub fn say(&self, text: &str) {
        let mut out = self
            .out
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        // Nobody is left to tell when the reader went away; the exit code still says how it ended.
        let _ = writeln!(out, "{text}").and_then(|()| out.flush());
    }

    pub(crate) fn started(&self, index: usize, of: usize, check: &str, about: &str) {
        self.say(&format!("[{index}/{of}] {check}: {about}"));
    }

    pub(crate) fn step(&self, text: &str) {
        self.say(&format!("        {text}"));
    }

    pub(crate) fn ended(&self, line: &Line) {
        let word = paint(line.verdict.word(), line.verdict, self.colour);
        self.say(&format!(
            "        {} {word} after {}: {}",
            line.check,
            seconds(line.took),
            one_line(&line.evidence)
        ));
    }

    pub(crate) fn closing(&self, report: &Report) {
        if !report.lines.is_empty() {
            self.say(&format!("\n{}", report.table(self.colour, self.columns)));
        }
        for failure in report.failures(self.colour) {
            self.say(&failure);
        }
        self.say(&report.closing_line());
    }
}

/// Says why the program could not do its work, as the scripts around it say it.
pub fn complain(out: &mut impl Write, error: &impl std::error::Error) {
    // Nobody is left to be told of an error stream that is closed.
    let _ = writeln!(out, "error: {error}");
}

#[cfg(test)]
mod tests {
    use super::{Line, Report, Verdict};
    use std::time::Duration;

    fn report() -> Report {
        let line = |check, verdict, millis, evidence: &str| Line {
            check,
            verdict,
            took: Duration::from_millis(millis),
            evidence: evidence.to_owned(),
        };
        Report {
            lines: vec![
                line("pods-ready", Verdict::Passed, 412, "3 + 3 Ready"),
                line(
                    "a-longer-check-name",
                    Verdict::Failed,
                    61_250,
                    "I1 was\n  charged twice",
                ),
                line("other", Verdict::Skipped, 0, ""),
            ],
        }
    }

    #[test]
    fn the_columns_of_the_table_are_aligned() {
        let table = report().table(false, None);
        assert_eq!(
            table,
            "check                result      time  evidence\n\
             pods-ready           passed     0.4 s  3 + 3 Ready\n\
             a-longer-check-name  FAILED    61.2 s  I1 was charged twice\n\
             other                skipped    0.0 s\n"
        );
    }

    #[test]
    fn colour_is_used_only_when_asked_for() {
        assert!(!report().table(false, None).contains('\x1b'));
        assert!(
            report()
                .table(true, None)
                .contains("\x1b[31mFAILED \x1b[0m")
        );
    }

    #[test]
    fn on_a_terminal_no_line_of_the_table_is_wider_than_it() {
        let widest = report()
            .table(false, None)
            .lines()
            .map(|line| line.chars().count())
            .max()
            .unwrap();
        assert_eq!(
            report().table(false, Some(widest)),
            report().table(false, None)
        );
        let cut = report().table(false, Some(widest - 1));
        assert!(cut.contains("61.2 s  I1 was charged twi…\n"), "{cut}");
        // The colours take no room.
        let painted = report().table(true, Some(widest - 1));
        assert!(
            painted.contains("61.2 s  I1 was charged twi…\n"),
            "{painted}"
        );
        // Where not even the other columns have room, nothing of them is lost.
        assert!(
            report()
                .table(false, Some(10))
                .contains("a-longer-check-name  FAILED    61.2 s  …\n")
        );
    }

    #[test]
    fn the_closing_line_counts_and_names_skipped_ones_only_when_there_are_some() {
        let mut report = report();
        assert_eq!(report.closing_line(), "1 passed, 1 failed, 1 skipped");
        report.lines.pop();
        assert_eq!(report.closing_line(), "1 passed, 1 failed");
    }

    #[test]
    fn what_failed_is_said_once_more_with_its_reason() {
        assert_eq!(
            report().failures(false),
            ["FAILED a-longer-check-name: I1 was charged twice"]
        );
    }

    #[test]
    fn a_complaint_looks_like_every_other_error() {
        let mut said = Vec::new();
        super::complain(
            &mut said,
            &std::io::Error::other("Another run is going on."),
        );
        assert_eq!(said, b"error: Another run is going on.\n");
    }

    #[test]
    fn one_failed_check_makes_the_report_red() {
        let mut report = report();
        assert!(!report.is_green());
        report.lines.remove(1);
        assert!(report.is_green());
    }
}
