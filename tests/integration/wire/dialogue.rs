//! Dialogues with the wire, written as text: what a client sends, and what it must get.
//!
//! A file holds dialogues that begin with `== title`. A line with `>` sends, a line with `<` is
//! the next message that must come; `#` begins a comment. Words with spaces stand in double
//! quotes, with `\n`, `\0`, `\\`, `\"` and `\xHH` in them. Each dialogue has a connection of its
//! own.
//!
//! | sent | |
//! |---|---|
//! | `login [TOKEN [NAME=VALUE…]]` | startup packet and password; takes the answers up to ready |
//! | `startup MINOR NAME=VALUE…` | a startup packet of protocol 3.MINOR |
//! | `password TEXT`, `query TEXT` | |
//! | `parse NAME TEXT [OID…]` | |
//! | `bind PORTAL STATEMENT [FORMAT…] : [VALUE…] : [FORMAT…]` | a value is a word, `null`, or `hex:…` |
//! | `describe S\|P NAME`, `close S\|P NAME`, `execute PORTAL MAX` | |
//! | `sync`, `flush`, `terminate` | |
//! | `ask tls`, `ask gss` | a request for encryption; it is answered by one byte |
//! | `frame TAG LENGTH BYTES` | a frame whose length field is as given |
//! | `raw BYTES` | just these bytes |
//! | `end` | ends the sending side |
//! | `cancel`, `cancel wrong` | a cancel request on another connection, with the key or not |
//! | `waiting` | nothing; waits until a statement has begun to wait |

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// A test that hangs should say where.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// One dialogue of a file.
pub struct Dialogue<'a> {
    pub title: &'a str,
    lines: Vec<(usize, &'a str)>,
}

/// The dialogues of a file.
pub fn parse(text: &str) -> Vec<Dialogue<'_>> {
    let mut dialogues: Vec<Dialogue<'_>> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(title) = line.strip_prefix("== ") {
            dialogues.push(Dialogue { title, lines: Vec::new() });
        } else if !line.is_empty() && !line.starts_with('#') {
            dialogues.last_mut().expect("a title first").lines.push((number + 1, line));
        }
    }
    dialogues
}

impl Dialogue<'_> {
    /// Plays it. Panics with the place where it went another way.
    pub async fn play(&self, file: &str, address: SocketAddr, waiting: &Arc<Semaphore>) {
        let stream = TcpStream::connect(address).await.unwrap();
        // Each line is written by itself and should not wait for the one before it.
        stream.set_nodelay(true).unwrap();
        let mut client = Client { address, stream, key: Vec::new(), asked: false };
        for (number, line) in &self.lines {
            let place = format!("{file}:{number} ({})", self.title);
            let step = async {
                match line.split_at(1) {
                    (">", " waiting") => waiting.acquire().await.unwrap().forget(),
                    (">", words) => client.send(&split_words(words), &place).await,
                    ("<", expected) => {
                        let got = client.receive().await;
                        assert_eq!(got, expected.trim(), "{place}");
                    }
                    _ => panic!("{place}: neither > nor <"),
                }
            };
            timeout(PATIENCE, step).await.unwrap_or_else(|_| panic!("{place}: nothing comes"));
        }
    }
}

/// A word in quotes may look like anything; one without may be a keyword.
type Word = Vec<u8>;

fn split_words(line: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() {
        let mut word = Vec::new();
        if let Some(quoted) = rest.strip_prefix('"') {
            let mut chars = quoted.char_indices();
            let end = loop {
                match chars.next().expect("a closing quote") {
                    (at, '"') => break at,
                    (_, '\\') => match chars.next().unwrap().1 {
                        'n' => word.push(b'\n'),
                        '0' => word.push(0),
                        'x' => {
                            let digits: String = chars.by_ref().take(2).map(|(_, c)| c).collect();
                            word.push(u8::from_str_radix(&digits, 16).unwrap());
                        }
                        plain => word.extend(plain.to_string().bytes()),
                    },
                    (_, plain) => word.extend(plain.to_string().bytes()),
                }
            };
            rest = quoted[end + 1..].trim_start();
        } else {
            let (plain, after) = rest.split_once(' ').unwrap_or((rest, ""));
            word.extend(plain.bytes());
            rest = after.trim_start();
        }
        words.push(word);
    }
    words
}

struct Client {
    address: SocketAddr,
    stream: TcpStream,
    /// Number and secret for cancel requests.
    key: Vec<u8>,
    /// Whether the next answer is a byte and no frame.
    asked: bool,
}

impl Client {
    async fn send(&mut self, words: &[Word], place: &str) {
        let text = |word: &Word| String::from_utf8(word.clone()).unwrap();
        let (verb, rest) = words.split_first().unwrap();
        let bytes = match (text(verb).as_str(), rest) {
            ("login", rest) => return self.login(rest, place).await,
            ("cancel", rest) => return self.cancel(!rest.is_empty()).await,
            ("end", []) => return self.stream.shutdown().await.unwrap(),
            ("startup", [minor, parameters @ ..]) => {
                startup(text(minor).parse().unwrap(), parameters)
            }
            ("password", [token]) => frame(b'p', &[token, &b"\0"[..]].concat()),
            ("query", [query]) => frame(b'Q', &[query, &b"\0"[..]].concat()),
            ("parse", [name, query, oids @ ..]) => {
                let mut body = [name, &b"\0"[..], query, b"\0"].concat();
                body.extend((oids.len() as u16).to_be_bytes());
                for oid in oids {
                    body.extend(text(oid).parse::<u32>().unwrap().to_be_bytes());
                }
                frame(b'P', &body)
            }
            ("bind", [portal, statement, rest @ ..]) => {
                let mut parts = rest.split(|word| word == b":");
                let mut next = || parts.next().unwrap_or_default();
                let mut body = [portal, &b"\0"[..], statement, b"\0"].concat();
                body.extend(formats(next()));
                body.extend(values(next()));
                body.extend(formats(next()));
                frame(b'B', &body)
            }
            ("describe", [kind, name]) => frame(b'D', &[kind, &name[..], b"\0"].concat()),
            ("close", [kind, name]) => frame(b'C', &[kind, &name[..], b"\0"].concat()),
            ("execute", [portal, most]) => {
                let most = text(most).parse::<i32>().unwrap().to_be_bytes();
                frame(b'E', &[portal, &b"\0"[..], &most].concat())
            }
            ("ask", [what]) => {
                self.asked = true;
                let code: u32 = if what == b"tls" { 80_877_103 } else { 80_877_104 };
                [8_u32.to_be_bytes(), code.to_be_bytes()].concat()
            }
            ("sync", []) => frame(b'S', b""),
            ("flush", []) => frame(b'H', b""),
            ("terminate", []) => frame(b'X', b""),
            ("frame", [tag, length, body @ ..]) => {
                let length = text(length).parse::<i32>().unwrap().to_be_bytes();
                [&tag[..], &length, &body.concat()].concat()
            }
            ("raw", body) => body.concat(),
            (verb, _) => panic!("{place}: nothing is known of {verb}"),
        };
        // The server may have hung up already; what it said is looked at next.
        let _ = self.stream.write_all(&bytes).await;
    }

    async fn login(&mut self, words: &[Word], place: &str) {
        let (token, parameters) = match words {
            [token, parameters @ ..] => (token.clone(), parameters),
            [] => (b"sesame".to_vec(), &[][..]),
        };
        let mut all = vec![b"user=alice".to_vec(), b"database=portcullis".to_vec()];
        all.extend(parameters.iter().cloned());
        self.stream.write_all(&startup(0, &all)).await.unwrap();
        let password = [&token, &b"\0"[..]].concat();
        self.stream.write_all(&frame(b'p', &password)).await.unwrap();
        loop {
            let message = self.receive().await;
            match message.split(' ').next().unwrap() {
                "authentication" | "parameter" | "key" => {}
                "ready" => return,
                _ => panic!("{place}: {message}"),
            }
        }
    }

    async fn cancel(&self, wrong: bool) {
        let mut key = self.key.clone();
        if wrong {
            *key.last_mut().unwrap() ^= 1;
        }
        let length = (8 + key.len() as u32).to_be_bytes();
        let packet = [&length[..], &80_877_102_u32.to_be_bytes(), &key].concat();
        let mut other = TcpStream::connect(self.address).await.unwrap();
        other.write_all(&packet).await.unwrap();
        let mut answer = Vec::new();
        other.read_to_end(&mut answer).await.unwrap();
        assert!(answer.is_empty(), "a cancel request is not answered");
    }

    /// The next message as a line, or `closed`.
    async fn receive(&mut self) -> String {
        let Ok(tag) = self.stream.read_u8().await else { return "closed".to_owned() };
        if std::mem::take(&mut self.asked) && tag != b'E' {
            return format!("byte {}", char::from(tag));
        }
        let length = self.stream.read_i32().await.unwrap();
        let mut body = vec![0; length as usize - 4];
        self.stream.read_exact(&mut body).await.unwrap();
        if tag == b'K' {
            self.key.clone_from(&body);
        }
        show(tag, &body)
    }
}

fn startup(minor: u16, parameters: &[Word]) -> Vec<u8> {
    let mut body = [0, 3].to_vec();
    body.extend(minor.to_be_bytes());
    for parameter in parameters {
        let at = parameter.iter().position(|&byte| byte == b'=').unwrap();
        body.extend([&parameter[..at], b"\0", &parameter[at + 1..], b"\0"].concat());
    }
    body.push(0);
    [&(4 + body.len() as u32).to_be_bytes()[..], &body].concat()
}

fn frame(tag: u8, body: &[u8]) -> Vec<u8> {
    [&[tag][..], &(4 + body.len() as u32).to_be_bytes(), body].concat()
}

fn formats(words: &[Word]) -> Vec<u8> {
    let mut bytes = (words.len() as u16).to_be_bytes().to_vec();
    for word in words {
        bytes.extend(String::from_utf8_lossy(word).parse::<i16>().unwrap().to_be_bytes());
    }
    bytes
}

fn values(words: &[Word]) -> Vec<u8> {
    let mut bytes = (words.len() as u16).to_be_bytes().to_vec();
    for word in words {
        if word == b"null" {
            bytes.extend((-1_i32).to_be_bytes());
            continue;
        }
        let value = match word.strip_prefix(b"hex:") {
            Some(digits) => {
                let digits = String::from_utf8_lossy(digits);
                let pair = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
                (0..digits.len()).step_by(2).map(pair).collect()
            }
            None => word.clone(),
        };
        bytes.extend((value.len() as i32).to_be_bytes());
        bytes.extend(value);
    }
    bytes
}

/// A message of the server as a line of a dialogue.
fn show(tag: u8, mut body: &[u8]) -> String {
    let mut line = String::new();
    let name = match tag {
        b'R' => "authentication",
        b'S' => "parameter",
        b'K' => "key",
        b'v' => "negotiate",
        b'Z' => "ready",
        b'1' => "parsed",
        b'2' => "bound",
        b'3' => "closed one",
        b's' => "suspended",
        b'n' => "no data",
        b'I' => "empty",
        b'C' => "complete",
        b'E' => "error",
        b'N' => "notice",
        b't' => "parameters",
        b'T' => "columns",
        b'D' => "row",
        b'H' => "copying",
        b'd' => "data",
        b'c' => "copied",
        _ => "unknown",
    };
    line.push_str(name);
    match tag {
        b'R' => write!(line, " {}", i32(&mut body)).unwrap(),
        b'S' => write!(line, " {} {}", cstring(&mut body), cstring(&mut body)).unwrap(),
        b'K' => write!(line, " {}", body.len() - 4).unwrap(),
        b'v' => {
            write!(line, " {}", i32(&mut body)).unwrap();
            for _ in 0..i32(&mut body) {
                write!(line, " {}", cstring(&mut body)).unwrap();
            }
        }
        b'Z' => write!(line, " {}", char::from(body[0])).unwrap(),
        b'C' => write!(line, " {}", cstring(&mut body)).unwrap(),
        b'E' | b'N' => {
            while body[0] != 0 {
                let field = char::from(body[0]);
                body = &body[1..];
                let value = cstring(&mut body);
                match field {
                    // Said again by V, which is not translated.
                    'S' => {}
                    'V' | 'C' => write!(line, " {value}").unwrap(),
                    'M' => write!(line, " {value:?}").unwrap(),
                    field => write!(line, " {field} {value:?}").unwrap(),
                }
            }
        }
        b't' => {
            for _ in 0..i16(&mut body) {
                write!(line, " {}", i32(&mut body)).unwrap();
            }
        }
        b'T' => {
            for _ in 0..i16(&mut body) {
                let name = cstring(&mut body);
                let (table, column) = (i32(&mut body), i16(&mut body));
                assert_eq!((table, column), (0, 0));
                let (oid, size, modifier) = (i32(&mut body), i16(&mut body), i32(&mut body));
                let format = i16(&mut body);
                write!(line, " {name}:{oid}:{size}:{modifier}:{format}").unwrap();
            }
        }
        b'H' => {
            line.push_str(if body[0] == 1 { " binary" } else { " text" });
            body = &body[1..];
            for _ in 0..i16(&mut body) {
                write!(line, " {}", i16(&mut body)).unwrap();
            }
        }
        b'd' => line.push_str(&show_value(body)),
        b'D' => {
            for _ in 0..i16(&mut body) {
                match usize::try_from(i32(&mut body)) {
                    Err(_) => line.push_str(" null"),
                    Ok(length) => {
                        let (value, rest) = body.split_at(length);
                        body = rest;
                        line.push_str(&show_value(value));
                    }
                }
            }
        }
        _ => {}
    }
    line
}

fn show_value(value: &[u8]) -> String {
    match std::str::from_utf8(value) {
        Ok(text) if !text.chars().any(char::is_control) => format!(" {text:?}"),
        _ => value.iter().fold(" hex:".to_owned(), |line, byte| format!("{line}{byte:02x}")),
    }
}

fn i32(body: &mut &[u8]) -> i32 {
    let (value, rest) = body.split_first_chunk().unwrap();
    *body = rest;
    i32::from_be_bytes(*value)
}

fn i16(body: &mut &[u8]) -> i16 {
    let (value, rest) = body.split_first_chunk().unwrap();
    *body = rest;
    i16::from_be_bytes(*value)
}

fn cstring(body: &mut &[u8]) -> String {
    let end = body.iter().position(|&byte| byte == 0).unwrap();
    let text = String::from_utf8(body[..end].to_vec()).unwrap();
    *body = &body[end + 1..];
    text
}
