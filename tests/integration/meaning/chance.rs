//! Arithmetic by chance: values at the ends of their types and around zero, operators between them.

/// A generator with a seed, so that what failed fails again.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: usize) -> usize {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(number).unwrap() % sides
    }

    fn one_of(&mut self, texts: &[&'static str]) -> &'static str {
        texts[self.throw(texts.len())]
    }
}

const INTEGERS: &[&str] = &[
    "0",
    "1",
    "2",
    "3",
    "7",
    "-1",
    "-2",
    "-7",
    "10",
    "100",
    "32767",
    "32768",
    "-32768",
    "46341",
    "65536",
    "2147483647",
    "-2147483647",
    "2147483648",
    "-2147483648",
    "4294967296",
    "9223372036854775807",
    "-9223372036854775807",
    "3037000500",
    "0::int2",
    "1::int2",
    "-1::int2",
    "32767::int2",
    "(-32768)::int2",
    "2147483647::int8",
    "1::int8",
    "-1::int8",
    "(-2147483648)::int4",
    "(-9223372036854775808)::int8",
    "null::int4",
    "null::int8",
];
const NUMBERS: &[&str] = &[
    "0.0",
    "1.5",
    "-2.25",
    "0.01",
    "99.99",
    "123456789.5",
    "-0.5",
    "7.000",
    "1000000.25",
    "null::numeric(10,2)",
    "3",
    "-3",
    "100",
    "2147483648",
];
const FLOATS: &[&str] = &[
    "0::float8",
    "1.5::float8",
    "-2::float8",
    "1e308::float8",
    "-1e308::float8",
    "1e-308::float8",
    "'infinity'::float8",
    "'nan'::float8",
    "null::float8",
    "3::float8",
    "0.5::float8",
    "2",
];

/// Queries of one column and one row.
pub fn queries(count: usize) -> Vec<String> {
    let mut dice = Dice(0x005e_ed0f_a50b_7e11);
    (0..count).map(|_| query(&mut dice)).collect()
}

fn query(dice: &mut Dice) -> String {
    let (values, operators): (&[&str], &[&str]) = match dice.throw(4) {
        0 => (NUMBERS, &["+", "-", "*", "%"]),
        1 => (FLOATS, &["+", "-", "*", "/"]),
        _ => (INTEGERS, &["+", "-", "*", "/", "%"]),
    };
    let mut one = || dice.one_of(values);
    let (a, b, c) = (one(), one(), one());
    let (first, second) = (dice.one_of(operators), dice.one_of(operators));
    let sign = dice.one_of(&["", "", "", "-"]);
    match dice.throw(4) {
        0 => format!("select {sign}({a}) {first} ({b})"),
        1 => format!("select {sign}(({a}) {first} ({b})) {second} ({c})"),
        // Not folded when it is planned.
        2 => format!("select {sign}a {first} b from (values ({a}, {b})) as t (a, b)"),
        _ => format!(
            "select {sign}(a {first} b) {second} c from (values ({a}, {b}, {c}), ({a}, {b}, {c})) \
             as t (a, b, c) limit 1"
        ),
    }
}

/// A numeric value of more digits than there are here is refused, and said to be.
pub fn may_differ(here: &str, there: &str) -> bool {
    here == "! 22003" && there.starts_with("numeric:") && there.len() > "numeric: ".len() + 38
}
