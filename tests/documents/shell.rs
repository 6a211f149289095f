//! The commands of a shell script, without running it: words without their quotes, and what is
//! inside `$(…)` as commands of their own.
//!
//! It knows as much of the shell as the documents use. `bash -n` has read the script before.

use std::iter::Peekable;
use std::str::Chars;

/// Words before a command that are none of it.
const KEYWORDS: [&str; 11] = [
    "{", "!", "if", "then", "elif", "else", "while", "until", "do", "time", "exec",
];

/// Every command of a script, as its words.
pub fn commands(script: &str) -> Vec<Vec<String>> {
    let mut reader = Reader {
        rest: script.chars().peekable(),
        commands: Vec::new(),
    };
    reader.read(None);
    reader.commands.retain(|words| !words.is_empty());
    reader.commands
}

struct Reader<'s> {
    rest: Peekable<Chars<'s>>,
    commands: Vec<Vec<String>>,
}

/// The command that is being read.
#[derive(Default)]
struct Open {
    words: Vec<String>,
    word: Option<String>,
    /// The next word names the file of a redirection.
    is_redirection: bool,
}

impl Open {
    fn push(&mut self, c: char) {
        self.word.get_or_insert_default().push(c);
    }

    fn end_word(&mut self) {
        let Some(word) = self.word.take() else {
            return;
        };
        if std::mem::take(&mut self.is_redirection) {
            return;
        }
        let is_first = self.words.is_empty();
        let is_assignment = word.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        });
        if !(is_first && (KEYWORDS.contains(&&*word) || is_assignment)) {
            self.words.push(word);
        }
    }
}

impl Reader<'_> {
    /// Reads up to the end, or to the character that closes what was opened.
    fn read(&mut self, close: Option<char>) {
        let mut open = Open::default();
        while let Some(c) = self.rest.next() {
            match c {
                _ if Some(c) == close => break,
                '#' if open.word.is_none() => while self.rest.next_if(|&c| c != '\n').is_some() {},
                '\\' => {
                    if let Some(next) = self.rest.next().filter(|&next| next != '\n') {
                        open.push(next);
                    }
                }
                '\'' => {
                    open.word.get_or_insert_default();
                    while let Some(c) = self.rest.next().filter(|&c| c != '\'') {
                        open.push(c);
                    }
                }
                '"' => self.read_quoted(&mut open),
                '$' => self.read_expansion(&mut open),
                '<' | '>' => {
                    // A number before it is a file descriptor's.
                    open.word.take_if(|word| word.parse::<u8>().is_ok());
                    open.end_word();
                    open.is_redirection = true;
                    while self
                        .rest
                        .next_if(|c| matches!(c, '<' | '>' | '&'))
                        .is_some()
                    {}
                }
                '\n' | ';' | '|' | '&' | '(' | ')' => {
                    open.end_word();
                    self.commands.push(std::mem::take(&mut open).words);
                }
                c if c.is_whitespace() => open.end_word(),
                c => open.push(c),
            }
        }
        open.end_word();
        self.commands.push(open.words);
    }

    fn read_quoted(&mut self, open: &mut Open) {
        open.word.get_or_insert_default();
        while let Some(c) = self.rest.next().filter(|&c| c != '"') {
            match c {
                '\\' => open.word.get_or_insert_default().extend(self.rest.next()),
                '$' => self.read_expansion(open),
                c => open.push(c),
            }
        }
    }

    /// Behind a `$`: what is in parentheses are commands, and anything else stays as it is written.
    fn read_expansion(&mut self, open: &mut Open) {
        open.push('$');
        if self.rest.next_if_eq(&'(').is_some() {
            self.read(Some(')'));
        } else if self.rest.next_if_eq(&'{').is_some() {
            while let Some(c) = self.rest.next().filter(|&c| c != '}') {
                open.push(c);
            }
        }
    }
}

#[test]
fn commands_are_found_wherever_they_are() {
    let script = r##"
id() { aws a --x "$1" 'y z' 2> /dev/null; }   # aws comment
for e in $(aws b --out text); do
  LINES=1 aws c "$(aws d)" \
    --more | jq '. | "#"' > out && echo "${x##*:}"
done
"##;
    let found: Vec<_> = commands(script)
        .iter()
        .map(|words| words.join(" "))
        .collect();
    assert_eq!(
        found,
        [
            "id",
            "aws a --x $1 y z",
            "}",
            "aws b --out text",
            "for e in $",
            "aws d",
            "aws c $ --more",
            "jq . | \"#\"",
            "echo $x##*:",
            "done"
        ]
    );
}
