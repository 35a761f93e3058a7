//! `posthouse edge hash-password`: makes the text for `[[user]] password_hash`.
//!
//! May touch: the terminal, standard input and output, randomness for the salt. The password is
//! not shown while it is typed, and never an argument: those are in every process list.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::process::ExitCode;

use argon2::Argon2;
use argon2::password_hash::PasswordHasher as _;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

use crate::world::random_bytes;

/// Longest password, in bytes: RFC 4616 section 2 has 255 characters.
const PASSWORD_BYTES_MAX: usize = 1020;

/// Asks for a password (twice, on a terminal) and prints its hash.
pub(crate) fn run() -> ExitCode {
    let hashed = read_password().and_then(|password| hash(password.as_bytes()));
    match hashed {
        Ok(hash) => {
            anstream::println!("{hash}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            anstream::eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// An Argon2id PHC string with OWASP's parameters, which are the library's defaults.
pub(super) fn hash(password: &[u8]) -> Result<String, String> {
    let salt: [u8; 16] = random_bytes();
    let hash = Argon2::default().hash_password_with_salt(password, &salt);
    hash.map(|hash| hash.to_string())
        .map_err(|error| format!("the password cannot be hashed: {error}"))
}

fn read_password() -> Result<String, String> {
    let password = if io::stdin().is_terminal() {
        let first = ask("Password: ")?;
        if ask("Once more: ")? != first {
            return Err("the two are not the same".to_owned());
        }
        first
    } else {
        read_line()?
    };
    if password.is_empty() || password.len() > PASSWORD_BYTES_MAX {
        return Err(format!("a password has 1 to {PASSWORD_BYTES_MAX} bytes"));
    }
    Ok(password)
}

/// Asks without showing what is typed. The terminal is put back whatever happens.
fn ask(question: &str) -> Result<String, String> {
    let cannot = |error: &dyn std::fmt::Display| format!("cannot ask on this terminal: {error}");
    let stdin = io::stdin();
    let shown = tcgetattr(&stdin).map_err(|error| cannot(&error))?;
    let mut hidden = shown.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    eprint!("{question}");
    io::stderr().flush().map_err(|error| cannot(&error))?;
    tcsetattr(&stdin, OptionalActions::Flush, &hidden).map_err(|error| cannot(&error))?;
    let line = read_line();
    tcsetattr(&stdin, OptionalActions::Now, &shown).map_err(|error| cannot(&error))?;
    eprintln!();
    line
}

fn read_line() -> Result<String, String> {
    let mut line = String::new();
    io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|error| format!("cannot read the password: {error}"))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
