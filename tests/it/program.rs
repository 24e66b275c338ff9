//! The program as a person runs it, in a home of its own so that no test sees this machine's settings.

use std::path::Path;

use assert_cmd::Command;

/// The program with an empty home in `home`, run from there.
pub fn perennial(home: &Path) -> Command {
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("perennial");
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("PERENNIAL_") || name.starts_with("XDG_")) {
            command.env_remove(name);
        }
    }
    command.env("HOME", home).env("NO_COLOR", "1").current_dir(home);
    command
}

/// What a finished program wrote, as text.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("the program writes UTF-8")
}

/// Orders of twenty customers, half in euros and half in dollars: an error in the data.
pub fn orders_in_two_currencies() -> String {
    let mut orders = String::from("customer_id,ordered_at,amount,currency\n");
    for customer in 0..20 {
        for month in 1..=(1 + customer % 3) {
            let currency = if customer % 2 == 0 { "EUR" } else { "USD" };
            orders += &format!("c{customer},2025-0{month}-10,{}.00,{currency}\n", 10 + customer * customer);
        }
    }
    orders
}
