//! Two texts compared line by line, as they are read in a review.

/// A line of both texts, or of one alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Line<'a> {
    Both(&'a str),
    Before(&'a str),
    After(&'a str),
}

impl Line<'_> {
    pub fn is_change(self) -> bool {
        !matches!(self, Self::Both(_))
    }
}

/// ` both`, `-before` and `+after`, as everywhere.
impl std::fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Both(line) => write!(f, " {line}"),
            Self::Before(line) => write!(f, "-{line}"),
            Self::After(line) => write!(f, "+{line}"),
        }
    }
}

/// All lines of both, the longest common part of them once. A line that moved is one before and one after.
pub fn compared<'a>(before: &'a str, after: &'a str) -> Vec<Line<'a>> {
    let (before, after): (Vec<_>, Vec<_>) = (before.lines().collect(), after.lines().collect());
    let common = common_lengths(&before, &after);
    let (mut i, mut j) = (0, 0);
    let mut lines = Vec::new();
    while i < before.len() || j < after.len() {
        if i < before.len() && j < after.len() && before[i] == after[j] {
            lines.push(Line::Both(before[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == after.len() || (i < before.len() && common[i + 1][j] >= common[i][j + 1]) {
            lines.push(Line::Before(before[i]));
            i += 1;
        } else {
            lines.push(Line::After(after[j]));
            j += 1;
        }
    }
    lines
}

/// How many lines the ends of both have in common, from each pair of places on.
fn common_lengths(before: &[&str], after: &[&str]) -> Vec<Vec<usize>> {
    let mut lengths = vec![vec![0; after.len() + 1]; before.len() + 1];
    for i in (0..before.len()).rev() {
        for j in (0..after.len()).rev() {
            lengths[i][j] = if before[i] == after[j] {
                lengths[i + 1][j + 1] + 1
            } else {
                lengths[i + 1][j].max(lengths[i][j + 1])
            };
        }
    }
    lengths
}
