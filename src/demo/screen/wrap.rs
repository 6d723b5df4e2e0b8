//! Text in columns. Everything shown is written in letters that stand in one column each (Latin
//! with composed accents, box drawing), so a character is a column.

/// The width of a text in columns.
pub fn width(text: &str) -> usize {
    text.chars().count()
}

/// The text within so many columns: cut, with `…` at its end, where it is longer.
pub fn fit(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let kept: String = text.chars().take(columns.saturating_sub(1)).collect();
    if columns == 0 { kept } else { format!("{kept}…") }
}

/// The text as lines of at most so many columns, broken at spaces or after `@`, `,`, `-`, `/` or
/// `.`, and where there are none anywhere. Spaces at the beginning stand on every line, so that an indented line
/// stays indented. An empty text is one empty line.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let margin: String = text.chars().take_while(|letter| *letter == ' ').collect();
    let room = columns.saturating_sub(margin.len()).max(1);
    let mut lines = Vec::new();
    let mut rest = text.trim();
    while width(rest) > room {
        let (line, after) = rest.split_at(break_before(rest, room));
        lines.push(format!("{margin}{}", line.trim_end()));
        rest = after.trim_start();
    }
    lines.push(format!("{margin}{rest}"));
    lines
}

/// Where (in bytes) to break a text that is longer than `room` columns: at the last space, unless
/// that would leave most of the line empty and there is a better place.
fn break_before(text: &str, room: usize) -> usize {
    let mut space = None;
    let mut mark = None;
    let mut hard = text.len();
    for (column, (at, letter)) in text.char_indices().enumerate() {
        if column == room {
            hard = at;
        }
        match letter {
            ' ' if column > 0 && column <= room => space = Some((column, at)),
            '@' | ',' | '-' | '/' | '.' if column < room => mark = Some(at + letter.len_utf8()),
            _ => {}
        }
        if column > room {
            break;
        }
    }
    match (space, mark) {
        (Some((column, at)), _) if column * 2 >= room => at,
        (_, Some(at)) => at,
        (Some((_, at)), None) => at,
        (None, None) => hard,
    }
}
