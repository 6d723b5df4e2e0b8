//! One attack on the screen.

use std::io::{self, Write};

use super::{Attack, Entry, Leak, Way};
use crate::demo::answer::Answer;
use crate::demo::screen::{Cell, Grid, Ink, Line, Screen, wrap};
use crate::demo::text;
use crate::demo::trail::Trail;

/// How many lines of an answer are shown.
const ANSWER_LINES: usize = 4;
/// How wide the labels at the left are.
const LABEL: usize = 12;

/// An attack, tried on both.
pub struct Tried<'a> {
    /// The attack.
    pub attack: &'a Attack,
    /// What the plain filter answered, and whether that gave something away.
    pub plain: (Answer, bool),
    /// What Portcullis answered, and whether that gave something away.
    pub guarded: (Answer, bool),
    /// What its audit log says.
    pub trail: Option<Trail>,
}

impl Tried<'_> {
    /// Shows it under its number.
    pub fn show(&self, number: usize, screen: &mut Screen<impl Write>) -> io::Result<()> {
        let attack = self.attack;
        screen.heading(&format!("{number} · {}", attack.title))?;
        screen.text(2, Ink::Plain, attack.story)?;
        screen.gap()?;
        screen.text(4, Ink::Faint, &format!("as {}", entry(attack.entry)))?;
        screen.sql(4, &attack.sql)?;
        screen.gap()?;
        let mut grid = Grid::new(LABEL, 1);
        let believed = match attack.entry {
            Entry::Own(_) => None,
            _ => Some(format!("(believes that the caller is of {})", attack.told.id())),
        };
        let handed_on = (attack.way == Way::AtSource).then(|| "(SQLite answers)".to_owned());
        let note = believed.or(handed_on);
        self.answer("plain filter", &self.plain, note, &mut grid);
        grid.rule();
        self.answer("portcullis", &self.guarded, None, &mut grid);
        if let Some(trail) = &self.trail {
            grid.rule();
            let head = format!("#{} {}: {}", trail.seq, trail.who, trail.ending());
            let head = Cell::new(Ink::Plain, head);
            grid.row(&Cell::new(Ink::Faint, "audit"), &[head], 3);
            for (label, text) in trail.decisions() {
                let line = Cell::new(Ink::Faint, format!("{label} {text}"));
                grid.row(&Cell::default(), &[line], 3);
            }
        }
        screen.lines(&grid.into_lines())?;
        screen.gap()
    }

    fn answer(
        &self,
        who: &str,
        (answer, leaks): &(Answer, bool),
        note: Option<String>,
        grid: &mut Grid,
    ) {
        let leaks = *leaks;
        let (judged, verdict) =
            if leaks { (Ink::Bad, "✗ gives it away") } else { (Ink::Good, "✓ holds") };
        let mut lines: Vec<String> = note.into_iter().chain(self.excerpt(answer)).collect();
        lines.resize(lines.len().max(1), String::new());
        let room = grid.column_width();
        for (at, line) in lines.iter().enumerate() {
            let told = self.marks(line);
            let ink = if leaks && told { Ink::Bad } else { Ink::Plain };
            let label = if at == 0 { Cell::new(Ink::Strong, who) } else { Cell::default() };
            let line = self.veiled(line.trim_start());
            let rows = wrap(&line, room).len().min(2);
            grid.row(&label, &[Cell::new(ink, line)], rows);
        }
        grid.row(&Cell::default(), &[Cell::new(judged, verdict)], 1);
    }

    /// The lines of an answer that matter: those that give something away, else the first ones.
    fn excerpt(&self, answer: &Answer) -> Vec<String> {
        let all = answer.lines();
        let count = all.len();
        if count <= ANSWER_LINES {
            return all;
        }
        let marked: Vec<String> = all.iter().filter(|line| self.marks(line)).cloned().collect();
        let chosen = if marked.is_empty() { all } else { marked };
        let mut shown: Vec<String> = chosen.into_iter().take(ANSWER_LINES - 1).collect();
        let rest = count.saturating_sub(shown.len()) as u64;
        shown.push(format!("… and {} more lines", text::count(rest)));
        shown
    }

    /// A line without the credential that it may hold: screens are photographed.
    fn veiled(&self, line: &str) -> String {
        match &self.attack.leak {
            Leak::Credential(text) => {
                let beginning: String = text.chars().take(8).collect();
                line.replace(text, &format!("{beginning}…"))
            }
            _ => line.to_owned(),
        }
    }

    /// Whether this line is one that gives something away, in an answer that does.
    fn marks(&self, line: &str) -> bool {
        match &self.attack.leak {
            Leak::Mentions(texts) => texts.iter().any(|text| line.contains(text)),
            Leak::ErrorAbout(text) => line.contains(text),
            Leak::Credential(text) => line.contains(text),
            Leak::Values(_) | Leak::Success | Leak::File(_) => true,
        }
    }
}

fn entry(entry: Entry) -> String {
    match entry {
        Entry::Own(person) => person.name().to_owned(),
        Entry::Borrowed { token, user } => {
            format!("{}, with the token of {}", user.name(), token.name())
        }
        Entry::Unsigned(person) => format!("{}, with a token that has no signature", person.name()),
        Entry::Expired(person) => format!("{}, with a token that has expired", person.name()),
    }
}

/// How it went in all.
pub fn summary(tried: &[Tried<'_>], screen: &mut Screen<impl Write>) -> io::Result<()> {
    let plain = tried.iter().filter(|tried| tried.plain.1).count();
    let guarded = tried.iter().filter(|tried| tried.guarded.1).count();
    let noun = if tried.len() == 1 { "attack" } else { "attacks" };
    screen.heading(&format!("{} {noun}", tried.len()))?;
    for (who, gave) in [("plain filter", plain), ("portcullis", guarded)] {
        let ink = if gave == 0 { Ink::Good } else { Ink::Bad };
        let bar = format!("{}{}", "■".repeat(gave), "·".repeat(tried.len().saturating_sub(gave)));
        let line = Line::new().add(Ink::Strong, format!("  {who}")).pad(16).add(ink, &bar);
        let told = match gave {
            0 => "gave nothing away".to_owned(),
            1 => "gave something away once".to_owned(),
            more => format!("gave something away {more} times"),
        };
        screen.line(&line.add(ink, format!("  {told}")))?;
    }
    Ok(())
}
