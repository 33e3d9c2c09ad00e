//! The project's own chores: `cargo xtask test`, `cargo xtask bench`, and the checks that need no other tool.
#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    reason = "a command line program talks on its standard output"
)]

mod bench;
mod coverage;
mod docs;
mod fuzz;
mod layering;
mod process;
mod setup;
mod steps;
mod supply;
mod table;
mod torture;
mod unsafety;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask test [STEP…]     run every test there is (or those steps), then print one table
cargo xtask test --list      the steps
cargo xtask bench [--quick]  measure against a bare server and the original; print one table of ratios
cargo xtask bench memory     measure the memory that 20,000 random tiles of an array of 102 GB take, and no more
cargo xtask fuzz [--seconds N] [--deep] [TARGET…]
                             fuzz each parser of outside bytes for so long (8 s); --deep guides by all crates' code
cargo xtask torture [WORD…]  do all that docs/reliability.md says (or what has one of the words in its name), as often as
                             it says, and write each row's figures there
cargo xtask layering         hold the rooms' arrows
cargo xtask supply           hold the dependencies to deny.toml
cargo xtask docs             hold the documents' links
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if std::env::var_os(coverage::WRAPS).is_some() {
        return coverage::rustc(&arguments);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        ["test", "--list"] => {
            steps::list();
            Ok(())
        }
        ["test", chosen @ ..] => match steps::unknown(chosen) {
            Some(name) => {
                return wrong_use(&format!(
                    "no step is called {name:?}; `cargo xtask test --list` names them"
                ));
            }
            None => steps::run_chosen(chosen),
        },
        ["bench", flags @ ..] => bench::run_checked(flags),
        ["fuzz", flags @ ..] => fuzz::Options::parse(flags)
            .and_then(|options| fuzz::fuzz(&options))
            .map(|facts| println!("{facts}")),
        ["torture", rows @ ..] => torture::full(rows).map(drop),
        ["layering"] => layering::check().map(|facts| println!("{facts}")),
        ["supply"] => supply::check().map(|facts| println!("{facts}")),
        ["docs"] => docs::check().map(|facts| println!("{facts}")),
        _ => return wrong_use("no such chore"),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("xtask: {why}");
            ExitCode::FAILURE
        }
    }
}

fn wrong_use(why: &str) -> ExitCode {
    eprintln!("xtask: {why}\n\n{USAGE}");
    ExitCode::from(2)
}
