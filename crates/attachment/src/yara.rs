//! Rules in YARA's language, through `boreal`.
//!
//! Touches nothing: rules come as text, files as octets. The engine has linear time in the regular
//! expressions and stops after its own deadline (attacks.md RX-02); what it did not reach is said.

use std::time::Duration;

use boreal::Scanner;
use boreal::compiler::CompilerBuilder;
use boreal::module::{Dex, Dotnet, Elf, Hash, MachO, Math, Pe, String_};
use boreal::scanner::{ScanError, ScanParams};
use posthouse_types::{Finding, SHOWN_CHARACTERS_MAX, printable};

use crate::examine::{Examiner, Place};
use crate::findings as kinds;

/// Rules of one tenant or of the node, in octets (attacks.md RX-01).
pub const RULES_BYTES_MAX: usize = 1024 * 1024;
/// How long all rules may take over one file.
const WITHIN: Duration = Duration::from_millis(100);
/// Strings of one rule.
const STRINGS_MAX: usize = 1000;

/// Compiled rules: cheap to clone, to be kept and shared.
#[derive(Clone, Debug)]
pub struct Rules {
    scanner: Scanner,
}

/// What a search said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scan {
    /// The names of the rules that match; none is a clean answer.
    Matches(Vec<String>),
    /// It took too long: no answer.
    TooLong,
}

/// Compiles rules. Nothing is included from elsewhere.
///
/// # Errors
/// What is wrong with them, and where, printable.
pub fn compile(rules: &str) -> Result<Rules, String> {
    if rules.len() > RULES_BYTES_MAX {
        return Err(format!("the rules are longer than {RULES_BYTES_MAX} octets"));
    }
    // All modules but `time`, which would read a clock, and `console`, which would write.
    let mut compiler = CompilerBuilder::default()
        .add_module(Math)
        .add_module(String_)
        .add_module(Hash)
        .add_module(Pe)
        .add_module(Elf)
        .add_module(MachO)
        .add_module(Dotnet)
        .add_module(Dex)
        .build();
    let params = boreal::compiler::CompilerParams::default()
        .disable_includes(true)
        .max_strings_per_rule(STRINGS_MAX);
    compiler.set_params(params);
    compiler
        .add_rules_str(rules)
        .map_err(|error| printable(&error.to_string(), SHOWN_CHARACTERS_MAX * 4))?;
    let mut scanner = compiler.finalize();
    scanner.set_scan_params(ScanParams::default().timeout_duration(Some(WITHIN)));
    Ok(Rules { scanner })
}

/// Searches octets.
pub fn scan(rules: &Rules, bytes: &[u8]) -> Scan {
    match rules.scanner.scan_mem(bytes) {
        Ok(result) => {
            let names = result.rules.iter().filter(|rule| rule.matched);
            Scan::Matches(names.map(|rule| rule.name.to_owned()).collect())
        }
        Err((ScanError::Timeout, partly)) if !partly.rules.is_empty() => {
            Scan::Matches(partly.rules.iter().map(|rule| rule.name.to_owned()).collect())
        }
        Err(_) => Scan::TooLong,
    }
}

/// Searches one file of a message.
pub(crate) fn search(examiner: &mut Examiner<'_>, place: &Place, rules: &Rules, bytes: &[u8]) {
    // A match costs a pass or two over the octets.
    if !examiner.budget.work(bytes.len() as u64 * 4) {
        return examiner.bomb(place);
    }
    match scan(rules, bytes) {
        Scan::Matches(names) => {
            for name in names {
                let finding = Finding::of(&kinds::YARA).with("file", &place.shown());
                examiner.say(finding.with("rule", &name));
            }
        }
        Scan::TooLong => {
            examiner.out.is_complete = false;
            examiner.says(&kinds::YARA_TIMEOUT, place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rx_02_rules_match_and_faults_are_named() {
        let rules = compile(r#"rule invoice { strings: $a = "pay now" nocase condition: $a }"#);
        let rules = rules.unwrap();
        assert_eq!(scan(&rules, b"please PAY NOW"), Scan::Matches(vec!["invoice".to_owned()]));
        assert_eq!(scan(&rules, b"thanks"), Scan::Matches(Vec::new()));
        assert!(compile("import \"hash\" rule a { condition: hash.md5(0, 1) == \"x\" }").is_ok());
        assert!(compile("import \"time\" rule a { condition: time.now() > 0 }").is_err());
        assert!(compile("rule { nonsense").is_err());
        assert!(compile("include \"/etc/passwd\"").is_err());
        assert!(compile(&"x".repeat(RULES_BYTES_MAX + 1)).is_err());
    }

    #[test]
    fn rx_01_a_pattern_that_explodes_elsewhere_is_linear_here() {
        let rules = compile(r"rule r { strings: $a = /(a+)+$/ condition: $a }").unwrap();
        let long = vec![b'a'; 1 << 20];
        // It ends, with an answer or by its own deadline: never hanging.
        let _ = scan(&rules, &long);
    }
}
