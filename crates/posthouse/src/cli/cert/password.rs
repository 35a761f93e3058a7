//! The password of a PKCS#12 file: from a file, or asked for without showing it.
//!
//! May touch: the file named, the terminal. A password never stands on the command line, where
//! every user of the machine could read it. What is turned off on the terminal is turned on again
//! however the reading ends.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};
use std::path::Path;

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::office::Trouble;

/// Longest password that is read, in bytes.
const PASSWORD_BYTES_MAX: u64 = 4096;

/// The first line of a file, or of standard input where that is `-`.
pub(super) fn from_file(file: &Path) -> Result<String, Trouble> {
    let mut text = String::new();
    let read = if file == Path::new("-") {
        io::stdin().lock().take(PASSWORD_BYTES_MAX).read_line(&mut text)
    } else {
        std::fs::File::open(file)
            .and_then(|file| file.take(PASSWORD_BYTES_MAX).read_to_string(&mut text))
    };
    read.map_err(|error| {
        let what = format!("cannot read the password from {}: {error}", file.display());
        Trouble::new(what, "give --password-file FILE, whose first line is the password")
    })?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// Asks on the terminal; `None` where there is none.
pub(super) fn from_terminal(file: &Path) -> Option<String> {
    let input = io::stdin();
    if !input.is_terminal() {
        return None;
    }
    let before = tcgetattr(&input).ok()?;
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    silent.local_modes.insert(LocalModes::ECHONL);
    eprint!("Password of {}: ", file.display());
    io::stderr().flush().ok()?;
    tcsetattr(&input, OptionalActions::Flush, &silent).ok()?;
    let _restored = Restored(before);
    let mut line = String::new();
    input.lock().take(PASSWORD_BYTES_MAX).read_line(&mut line).ok()?;
    Some(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// The terminal as it was before.
struct Restored(Termios);

impl Drop for Restored {
    fn drop(&mut self) {
        // Nobody is left to be told.
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.0);
    }
}
