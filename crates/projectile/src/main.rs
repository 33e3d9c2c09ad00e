//! The command `projectile`.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    share_one_heap();
    projectile::command::run(std::env::args_os(), &|_| None).into()
}

/// An export's threads take and give back rows of megabytes. glibc keeps what each thread gave back for that thread alone:
/// of 85 MiB a fifth, measured. It asks for the number of heaps only as a program begins, so this one begins again.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn share_one_heap() {
    use std::os::unix::process::CommandExt as _;

    const HEAPS: &str = "MALLOC_ARENA_MAX";
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_none_or(|command| command != "export") || std::env::var_os(HEAPS).is_some() {
        return;
    }
    if let Ok(program) = std::env::current_exe() {
        // It returns only where that fails, and then nothing is lost but memory.
        let _ = std::process::Command::new(program)
            .args(std::env::args_os().skip(1))
            .env(HEAPS, "1")
            .exec();
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn share_one_heap() {}
