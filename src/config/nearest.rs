//! "Did you mean …?"

/// The known name that is nearest to `name`, where one is near enough to have been meant: at
/// most one slip (a letter changed, missing, added, or swapped with its neighbour) for every
/// three letters.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (name.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| (slips(name, candidate), candidate))
        .filter(|(slips, _)| *slips <= allowed)
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, candidate)| candidate)
}

/// The optimal string alignment distance.
fn slips(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    let mut previous = None;
    for (i, letter) in from.chars().enumerate() {
        let mut next = vec![i + 1];
        let mut left = i + 1;
        for (j, other) in to.iter().enumerate() {
            let at = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(usize::MAX);
            let change = at(&row, j).saturating_add(usize::from(letter != *other));
            let mut best = change.min(at(&row, j + 1).saturating_add(1)).min(left + 1);
            if j > 0 && previous == Some(*other) && to.get(j - 1) == Some(&letter) {
                best = best.min(at(&before, j - 1).saturating_add(1));
            }
            next.push(best);
            left = best;
        }
        before = std::mem::replace(&mut row, next);
        previous = Some(letter);
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (from, to, expected) in [
            ("", "", 0),
            ("", "ab", 2),
            ("tenant_colum", "tenant_column", 1),
            ("lisetn", "listen", 1),
            ("kitten", "sitting", 3),
            ("ca", "abc", 3),
        ] {
            assert_eq!(slips(from, to), expected, "{from} {to}");
        }
    }

    #[test]
    fn only_what_is_near_is_suggested() {
        let known = ["listen", "admin", "database", "tls"];
        assert_eq!(nearest("lisen", known), Some("listen"));
        assert_eq!(nearest("datbase", known), Some("database"));
        assert_eq!(nearest("tsl", known), Some("tls"));
        assert_eq!(nearest("colour", known), None);
    }
}
