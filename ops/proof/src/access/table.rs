use std::fmt::Write;

use super::Matrix;
use super::matrix::by_resource;

/// Who may do what, as text: a paragraph for each subject and place, a line for each resource.
#[must_use]
pub fn table(matrix: &Matrix) -> String {
    let mut text = String::new();
    for (who, place, grants) in matrix.reduced().rows() {
        let lines = by_resource(grants.iter());
        let width = lines.keys().map(String::len).max().unwrap_or(0);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{who} in {place}");
        for (what, verbs) in lines {
            let _ = writeln!(text, "  {what:width$}  {verbs}");
        }
    }
    text
}
