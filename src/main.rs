//! Starts the dashboard or a command.

use std::process::ExitCode;

fn main() -> ExitCode {
    perennial::cli::main(|threads| {
        for variable in ["POLARS_MAX_THREADS", "RAYON_NUM_THREADS"] {
            if std::env::var_os(variable).is_none() {
                #[expect(
                    unsafe_code,
                    reason = "polars and candle take their number of threads from nowhere else"
                )]
                // SAFETY: called before the first other thread is started, so nobody reads the environment.
                unsafe {
                    std::env::set_var(variable, threads.to_string());
                }
            }
        }
    })
}
