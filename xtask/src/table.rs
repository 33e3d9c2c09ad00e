//! A table in plain text, its columns aligned.

/// Lays `rows` out under `header`, two spaces between columns.
pub(crate) fn plain<const N: usize>(header: [&str; N], rows: &[[String; N]]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([header[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |cells: [&str; N]| {
        let padded: Vec<String> = cells
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        padded.join("  ").trim_end().to_owned()
    };
    let rule: [String; N] = std::array::from_fn(|column| "─".repeat(widths[column]));
    let mut lines = vec![
        line(header),
        line(std::array::from_fn(|column| rule[column].as_str())),
    ];
    lines.extend(
        rows.iter()
            .map(|row| line(std::array::from_fn(|column| row[column].as_str()))),
    );
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let text = plain(
            ["step", "s"],
            &[["fmt".into(), "1".into()], ["clippy".into(), "20".into()]],
        );
        assert_eq!(text, "step    s\n──────  ──\nfmt     1\nclippy  20");
    }
}
