//! The table, and the page it is kept on.

use std::fmt::Write as _;
use std::path::Path;

use crate::Result;

/// One comparison.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// What is measured.
    pub(crate) what: String,
    /// Ours, with its unit.
    pub(crate) ours: String,
    /// What it is compared with, with its unit.
    pub(crate) against: String,
    /// Ours against that.
    pub(crate) ratio: f64,
    /// What the ratio should be, and whether it is.
    pub(crate) budget: Option<Budget>,
}

/// What a ratio should be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Budget {
    AtLeast(f64),
    AtMost(f64),
}

impl Budget {
    fn met(self, ratio: f64) -> bool {
        match self {
            Self::AtLeast(least) => ratio >= least,
            Self::AtMost(most) => ratio <= most,
        }
    }
}

/// The rows as a Markdown table.
pub(crate) fn markdown(rows: &[Row]) -> String {
    let mut table = String::from("| what | projectile | against | ratio | budget |\n|---|---|---|---|---|\n");
    for Row {
        what,
        ours,
        against,
        ratio,
        budget,
    } in rows
    {
        let ratio_text = match *ratio {
            10.0.. => format!("{ratio:.0}"),
            0.1..10.0 => format!("{ratio:.2}"),
            _ => format!("{ratio:.4}"),
        };
        let budget = budget.map_or(String::new(), |budget| {
            let verdict = if budget.met(*ratio) { "met" } else { "**missed**" };
            match budget {
                Budget::AtLeast(least) => format!("≥ {least} {verdict}"),
                Budget::AtMost(most) => format!("≤ {most} {verdict}"),
            }
        });
        let _ = writeln!(table, "| {what} | {ours} | {against} | {ratio_text} | {budget} |");
    }
    table
}

const BEGIN: &str = "<!-- table: written by `cargo xtask bench` -->\n";
const END: &str = "<!-- end of table -->\n";

/// Puts the table and the machine's line between the marks of the page at `path`.
pub(crate) fn write(path: &Path, table: &str) -> Result<()> {
    let page = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let (before, rest) = page
        .split_once(BEGIN)
        .ok_or("the page has no mark for the table")?;
    let (_, after) = rest
        .split_once(END)
        .ok_or("the page has no mark for the table's end")?;
    let page = format!("{before}{BEGIN}\n{}\n\n{table}\n{END}{after}", machine());
    std::fs::write(path, page).map_err(|error| format!("{}: {error}", path.display()))
}

fn machine() -> String {
    let information = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = information
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let model = model.map_or(std::env::consts::ARCH, |(_, name)| name.trim());
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!(
        "`cargo xtask bench` on {cores} cores of {model}, {}.",
        std::env::consts::OS
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_tells_whether_its_budget_is_met() {
        let row = |ratio, budget| Row {
            what: "a".into(),
            ours: "b".into(),
            against: "c".into(),
            ratio,
            budget,
        };
        let table = markdown(&[
            row(0.5, Some(Budget::AtMost(0.5))),
            row(12.34, Some(Budget::AtLeast(20.0))),
            row(1.0, None),
        ]);
        let lines: Vec<&str> = table.lines().skip(2).collect();
        assert_eq!(
            lines,
            [
                "| a | b | c | 0.50 | ≤ 0.5 met |",
                "| a | b | c | 12 | ≥ 20 **missed** |",
                "| a | b | c | 1.00 |  |"
            ]
        );
    }
}
