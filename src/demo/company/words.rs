//! The words that the company is made of. All invented or everyday; no list was taken from
//! anywhere, and telephone numbers are of the ranges that regulators keep free for fiction.

/// A name as it is written, and as it stands in an e-mail address.
#[derive(Clone, Copy, Debug, Default)]
pub struct Name {
    /// With its accents.
    pub written: &'static str,
    /// In plain ASCII letters.
    pub plain: &'static str,
}

const fn name(written: &'static str, plain: &'static str) -> Name {
    Name { written, plain }
}

/// First names.
pub const FIRST: &[Name] = &[
    name("Aurelia", "aurelia"),
    name("Bastian", "bastian"),
    name("Célestine", "celestine"),
    name("Dorian", "dorian"),
    name("Eilidh", "eilidh"),
    name("Florian", "florian"),
    name("Greta", "greta"),
    name("Håkan", "hakan"),
    name("Imogen", "imogen"),
    name("Jonas", "jonas"),
    name("Katell", "katell"),
    name("Linnéa", "linnea"),
    name("Magnus", "magnus"),
    name("Nuala", "nuala"),
    name("Oskar", "oskar"),
    name("Pernille", "pernille"),
    name("Quentin", "quentin"),
    name("Rosalind", "rosalind"),
    name("Søren", "soren"),
    name("Tamsin", "tamsin"),
    name("Ulrike", "ulrike"),
    name("Viggo", "viggo"),
    name("Wilhelmina", "wilhelmina"),
    name("Xavier", "xavier"),
    name("Yvaine", "yvaine"),
    name("Zacharias", "zacharias"),
    name("Agnès", "agnes"),
    name("Birger", "birger"),
    name("Catriona", "catriona"),
    name("Desmond", "desmond"),
    name("Elodie", "elodie"),
    name("Fergus", "fergus"),
];

/// Family names.
pub const FAMILY: &[Name] = &[
    name("Ashgrove", "ashgrove"),
    name("Bramblewick", "bramblewick"),
    name("Calloway", "calloway"),
    name("d'Arvane", "darvane"),
    name("Eskelund", "eskelund"),
    name("Fairwater", "fairwater"),
    name("Grünwald", "grunwald"),
    name("Hollinger", "hollinger"),
    name("Isengard", "isengard"),
    name("Jessop", "jessop"),
    name("Kvarnström", "kvarnstrom"),
    name("Lindqvist", "lindqvist"),
    name("MacAvoy", "macavoy"),
    name("Northcote", "northcote"),
    name("O'Dowd", "odowd"),
    name("Pellerin", "pellerin"),
    name("Quillfeather", "quillfeather"),
    name("Rosenkrans", "rosenkrans"),
    name("Sandoval", "sandoval"),
    name("Thistlewood", "thistlewood"),
    name("Underhill", "underhill"),
    name("Vasseur", "vasseur"),
    name("Winterbourne", "winterbourne"),
    name("Yarrow", "yarrow"),
    name("Zetterlund", "zetterlund"),
    name("Achterberg", "achterberg"),
    name("Blythe", "blythe"),
    name("Corrigan", "corrigan"),
    name("Dragsholm", "dragsholm"),
    name("Eberhart", "eberhart"),
    name("Fontclair", "fontclair"),
    name("Gantry", "gantry"),
    name("Hawksworth", "hawksworth"),
    name("Ivarsson", "ivarsson"),
    name("Kestrelby", "kestrelby"),
    name("Lowell", "lowell"),
    name("Merriweather", "merriweather"),
    name("Ó Faoláin", "ofaolain"),
    name("Pennefather", "pennefather"),
    name("Ravenshaw", "ravenshaw"),
];

/// Names of streets; a number is set before them.
pub const STREETS: &[&str] = &[
    "Lantern Row",
    "Old Ropewalk",
    "Saltmarket",
    "Weaver's Yard",
    "Chapel Rise",
    "Mill Race",
    "Beacon Hill",
    "Orchard Steps",
    "Quayside",
    "Foundry Lane",
    "Tanner's Gate",
    "Windmill Close",
    "Harbour Parade",
    "Bell Court",
    "Fennel Street",
    "Kiln Path",
];

/// The domains that RFC 2606 keeps for examples.
pub const MAIL_DOMAINS: &[&str] = &["example.com", "example.org", "example.net"];

/// What a ticket is about.
pub const SUBJECTS: &[&str] = &[
    "Parcel has not arrived",
    "Wrong colour delivered",
    "Invoice shows an old address",
    "Refund still missing",
    "Lid does not close",
    "Cannot sign in",
    "Voucher refused at checkout",
    "Delivery to a neighbour, please",
    "Stitching came loose",
    "Question about care, \"hand wash\" or not?",
    "Charged twice for one order",
    "Please delete my account",
];

/// What the people behind the desk write to each other.
pub const NOTES: &[&str] = &[
    "Third claim this year; ask for a photograph first.",
    "Carrier confirms the loss, refund at once.",
    "Suspected fraud: same card, four names.",
    "Be kind: bereavement in the family.",
    "Threatened us with a lawyer, keep it in writing.",
    "Press contact; pass on to the head office.",
    "Credit under review, no instalments.",
    "Knows the founder. Handle with care.",
];

/// The kinds of products, with the middle of their price in cents and their weight in grams.
pub const GOODS: &[(&str, &str, i64, i64)] = &[
    ("Kettle", "kitchen", 4_900, 1_150),
    ("Skillet", "kitchen", 6_400, 2_300),
    ("Apron", "kitchen", 2_900, 240),
    ("Teapot", "kitchen", 3_800, 870),
    ("Lantern", "camp", 5_600, 640),
    ("Rucksack", "camp", 12_900, 1_480),
    ("Blanket", "home", 7_900, 1_700),
    ("Candle", "home", 1_400, 310),
    ("Flask", "camp", 3_200, 420),
    ("Tent", "camp", 32_900, 3_900),
];

/// The makes of each kind.
pub const MAKES: &[&str] = &["Heather", "Granite", "Harbour", "Copper", "Willow", "Slate"];
