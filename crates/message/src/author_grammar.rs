//! The grammar of an address list (RFC 5322 section 3.4), without its obsolete forms.
//!
//! Pure. `None` for whatever breaks it: what an obsolete or broken form means is decided by nobody.

/// Tokens of one list; a From has a handful.
const TOKENS_MAX: usize = 2_000;
/// Depth of comments in comments.
const COMMENTS_DEEP_MAX: usize = 16;

/// One mailbox of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mailbox {
    /// The display name as written, quotes gone, encoded words not decoded.
    pub(crate) name: String,
    /// The words of the display name that stand outside quotes.
    pub(crate) bare: String,
    pub(crate) local: String,
    pub(crate) domain: String,
}

impl Mailbox {
    pub(crate) fn address(&self) -> String {
        format!("{}@{}", self.local, self.domain)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Atom(String),
    Quoted(String),
    Literal(String),
    Special(char),
}

/// The mailboxes of a list, those of groups included; `None` where the list breaks the grammar or
/// names nobody.
pub(crate) fn mailboxes(text: &str) -> Option<Vec<Mailbox>> {
    let tokens = tokens(text)?;
    let mut found = Vec::new();
    let mut rest = tokens.as_slice();
    let mut is_in_group = false;
    while !rest.is_empty() {
        let end = rest.iter().position(is_end).unwrap_or(rest.len());
        let (entry, after) = rest.split_at(end);
        match after.first() {
            Some(Token::Special(':')) => {
                if is_in_group || entry.is_empty() || !entry.iter().all(is_word) {
                    return None;
                }
                is_in_group = true;
            }
            Some(Token::Special(';')) => {
                if !is_in_group {
                    return None;
                }
                is_in_group = false;
                // A group may be empty.
                if !entry.is_empty() {
                    found.push(mailbox(entry)?);
                }
                // After a group comes a comma or the end.
                let mut next = after.get(1..).unwrap_or_default();
                if let Some((first, tail)) = next.split_first() {
                    if *first != Token::Special(',') || tail.is_empty() {
                        return None;
                    }
                    next = tail;
                }
                rest = next;
                continue;
            }
            Some(_) if after.len() == 1 => return None,
            _ => found.push(mailbox(entry)?),
        }
        rest = after.get(1..).unwrap_or_default();
    }
    (!is_in_group && !found.is_empty()).then_some(found)
}

fn is_end(token: &Token) -> bool {
    matches!(token, Token::Special(',' | ':' | ';'))
}

fn is_word(token: &Token) -> bool {
    // A full stop in a display name is obsolete and everywhere ("John Q. Doe"): it misleads nobody.
    matches!(token, Token::Atom(_) | Token::Quoted(_) | Token::Special('.'))
}

fn mailbox(entry: &[Token]) -> Option<Mailbox> {
    let Some(open) = entry.iter().position(|token| *token == Token::Special('<')) else {
        return address(entry);
    };
    let (phrase, rest) = entry.split_at(open);
    let (last, inside) = rest.get(1..)?.split_last()?;
    if *last != Token::Special('>') || !phrase.iter().all(is_word) {
        return None;
    }
    let mut mailbox = address(inside)?;
    for token in phrase {
        match token {
            Token::Atom(word) => {
                separate(&mut mailbox.name);
                mailbox.name.push_str(word);
                mailbox.bare.push_str(word);
                mailbox.bare.push(' ');
            }
            Token::Quoted(word) => {
                separate(&mut mailbox.name);
                mailbox.name.push_str(word);
            }
            Token::Special(character) => mailbox.name.push(*character),
            Token::Literal(_) => return None,
        }
    }
    Some(mailbox)
}

fn separate(name: &mut String) {
    if !name.is_empty() {
        name.push(' ');
    }
}

/// `local@domain` and nothing else.
fn address(tokens: &[Token]) -> Option<Mailbox> {
    let at = tokens.iter().position(|token| *token == Token::Special('@'))?;
    let (local, domain) = tokens.split_at(at);
    let domain = domain.get(1..)?;
    let local = dotted(local, true)?;
    let domain = match domain {
        [Token::Literal(literal)] => literal.clone(),
        _ => dotted(domain, false)?,
    };
    Some(Mailbox { local, domain, ..Mailbox::default() })
}

/// Words with a full stop between each two.
fn dotted(tokens: &[Token], may_be_quoted: bool) -> Option<String> {
    let mut out = String::new();
    let mut wants_word = true;
    for token in tokens {
        match token {
            Token::Atom(word) if wants_word => out.push_str(word),
            Token::Quoted(word) if wants_word && may_be_quoted && tokens.len() == 1 => {
                let escaped = word.replace('\\', "\\\\").replace('"', "\\\"");
                return Some(format!("\"{escaped}\""));
            }
            Token::Special('.') if !wants_word => out.push('.'),
            _ => return None,
        }
        wants_word = !wants_word;
    }
    (!wants_word).then_some(out)
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let token = match character {
            ' ' | '\t' => continue,
            '(' => {
                skip_comment(&mut characters)?;
                continue;
            }
            '"' => Token::Quoted(until(&mut characters, '"')?),
            '[' => Token::Literal(format!("[{}]", until(&mut characters, ']')?)),
            '<' | '>' | ',' | ':' | ';' | '@' | '.' => Token::Special(character),
            ')' | ']' | '\\' => return None,
            _ if character.is_control() => return None,
            _ => {
                let mut word = String::from(character);
                while let Some(next) = characters.next_if(|next| is_atom(*next)) {
                    word.push(next);
                }
                Token::Atom(word)
            }
        };
        tokens.push(token);
        if tokens.len() > TOKENS_MAX {
            return None;
        }
    }
    Some(tokens)
}

fn is_atom(character: char) -> bool {
    !character.is_whitespace() && !character.is_control() && !"()<>[]:;@\\,.\"".contains(character)
}

type Characters<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// Up to the closing character, quoted pairs opened.
fn until(characters: &mut Characters<'_>, close: char) -> Option<String> {
    let mut out = String::new();
    loop {
        match characters.next()? {
            '\\' => out.push(characters.next()?),
            character if character == close => return Some(out),
            character if character.is_control() && character != '\t' => return None,
            character => out.push(character),
        }
    }
}

fn skip_comment(characters: &mut Characters<'_>) -> Option<()> {
    let mut depth = 1;
    while depth > 0 {
        match characters.next()? {
            '\\' => drop(characters.next()?),
            '(' if depth == COMMENTS_DEEP_MAX => return None,
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
    }
    Some(())
}
