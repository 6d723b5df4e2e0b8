use super::*;

fn shown(draw: impl FnOnce(&mut Screen<&mut Vec<u8>>)) -> String {
    let mut bytes = Vec::new();
    draw(&mut Screen::new(&mut bytes, false));
    String::from_utf8(bytes).unwrap()
}

#[test]
fn text_breaks_where_a_reader_would() {
    assert_eq!(wrap("the row is removed here", 10), ["the row is", "removed", "here"]);
    assert_eq!(wrap("tamsin.yarrow12@example.com", 17), ["tamsin.yarrow12@", "example.com"]);
    assert_eq!(wrap("0123456789abcdef", 6), ["012345", "6789ab", "cdef"]);
    assert_eq!(wrap("  FROM crm.customers AS c", 12), ["  FROM crm.", "  customers", "  AS c"]);
    assert_eq!(wrap("Ó Faoláin-Kvarnström", 10), ["Ó Faoláin-", "Kvarnström"]);
    assert_eq!(wrap("", 5), [""]);
    assert_eq!(wrap("ab", 0), ["a", "b"]);
}

#[test]
fn wrapping_loses_nothing_and_keeps_its_width() {
    let text = "a permit is what the next stage needs; without one there is nothing to read, \
                e-mail@example.org included, nor averylongwordthatmustbebrokensomewhereanyhow";
    for columns in 1..120 {
        let lines = wrap(text, columns);
        assert!(lines.iter().all(|line| width(line) <= columns), "{columns}: {lines:?}");
        let squeeze = |text: &str| text.replace(' ', "");
        assert_eq!(squeeze(&lines.concat()), squeeze(text), "{columns}");
    }
}

#[test]
fn what_does_not_fit_says_so() {
    assert_eq!(fit("Winterbourne", 12), "Winterbourne");
    assert_eq!(fit("Winterbourne", 8), "Winterb…");
    assert_eq!(fit("ab", 1), "…");
    assert_eq!(fit("ab", 0), "");
}

#[test]
fn a_grid_keeps_its_columns() {
    let mut grid = Grid::new(8, 5);
    let people = ["ada", "scout", "otto", "tove", "mira"];
    let heads: Vec<Cell> = people.iter().map(|name| Cell::new(Ink::Strong, *name)).collect();
    grid.row(&Cell::default(), &heads, 1);
    grid.rule();
    let cells = [
        Cell::new(Ink::Masked, "l***@example.com"),
        Cell::new(Ink::Masked, "l***@example.com"),
        Cell::new(Ink::Plain, "linnea.yarrow12@example.com"),
        Cell::new(Ink::Faint, "NULL"),
        Cell::right(Ink::Plain, "12.50"),
    ];
    grid.row(&Cell::new(Ink::Faint, "email"), &cells, 2);
    let text: Vec<String> = grid.into_lines().iter().map(Line::text).collect();
    let expected = "          │ ada         │ scout       │ otto        │ tove        │ mira
──────────┼─────────────┼─────────────┼─────────────┼─────────────┼────────────
 email    │ l***@       │ l***@       │ linnea.     │ NULL        │       12.50
          │ example.com │ example.com │ yarrow12@…  │             │";
    assert_eq!(text.join("\n"), expected);
}

#[test]
fn colour_is_only_where_it_is_wanted() {
    let line = Line::new().add(Ink::Bad, "leaks").add(Ink::Plain, " here").add(Ink::Faint, "  ");
    let mut bytes = Vec::new();
    Screen::new(&mut bytes, true).line(&line).unwrap();
    assert_eq!(String::from_utf8(bytes).unwrap(), "\x1b[1;31mleaks\x1b[0m here  \n");
    assert_eq!(shown(|screen| screen.line(&line).unwrap()), "leaks here\n");
    assert_eq!(shown(|screen| screen.over(&line).unwrap()), "");
}

#[test]
fn data_cannot_steer_the_terminal() {
    let line = Line::new().add(Ink::Plain, "\x1b[2Ja\r\nb");
    assert_eq!(line.text(), " [2Ja  b");
}

#[test]
fn nothing_is_wider_than_the_screen() {
    let sql = "SELECT c.name, o.amount FROM crm.customers AS c JOIN lake.orders AS o ON \
               o.customer_id = c.id\nWHERE c.name = 'x\\'') OR (1=1)) --' ORDER BY 1";
    let all = shown(|screen| {
        screen.title("portcullis demo", &"a company of two shops ".repeat(9)).unwrap();
        screen.heading("An error that tells").unwrap();
        screen.text(4, Ink::Plain, &"words and more words, ".repeat(12)).unwrap();
        screen.sql(4, sql).unwrap();
    });
    assert!(all.lines().all(|line| width(line) <= WIDTH), "{all}");
    let title: Vec<usize> = all.lines().take(3).map(width).collect();
    assert_eq!(title, [WIDTH, WIDTH, WIDTH]);
    assert!(all.contains("── An error that tells ──"));
}
