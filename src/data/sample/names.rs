//! Where the sample's customers live, what they are called, and how they could be reached.
//!
//! Nobody here exists: names are drawn from lists of common ones, mail addresses are at the domains that
//! RFC 2606 keeps for examples, and telephone numbers come from the ranges that regulators keep for fiction
//! (Ofcom, NANPA, ACMA, `ComReg`, `BNetzA`, ARCEP) or, where a country keeps none, cannot be dialled.

use super::calendar::{
    AMSTERDAM, BERLIN, CHICAGO, DUBLIN, HONG_KONG, LONDON, LOS_ANGELES, MADRID, NEW_YORK, PARIS, ROME,
    SHANGHAI, SINGAPORE, SYDNEY, TAIPEI, TORONTO, VIENNA, Zone,
};
use super::draw::Draw;

/// A part of the world with its language and names.
pub(super) struct Region {
    /// ISO 3166 code.
    pub(super) country: &'static str,
    pub(super) zone: &'static Zone,
    /// BCP 47 code of the language that most people there read.
    pub(super) language: &'static str,
    /// How many of a thousand customers live there.
    pub(super) weight: u32,
    names: &'static Names,
    /// `#` stands for a random digit.
    phone: &'static str,
}

struct Names {
    female: &'static [&'static str],
    male: &'static [&'static str],
    family: &'static [&'static str],
}

static ENGLISH: Names = Names {
    female: &[
        "Alice", "Amelia", "Beth", "Chloe", "Daisy", "Ella", "Emily", "Freya", "Grace", "Hannah", "Imogen",
        "Isla", "Jane", "Katie", "Lily", "Lucy", "Megan", "Mia", "Niamh", "Olivia", "Poppy", "Rosie", "Ruby",
        "Sophie", "Zoë", "Mary-Ann",
    ],
    male: &[
        "Adam", "Alfie", "Ben", "Callum", "Charlie", "Daniel", "Dylan", "Ethan", "Finn", "George", "Harry",
        "Isaac", "Jack", "James", "Joshua", "Leo", "Liam", "Lucas", "Max", "Nathan", "Noah", "Oliver",
        "Owen", "Ryan", "Samuel", "Toby",
    ],
    family: &[
        "Adams", "Baker", "Bennett", "Brown", "Carter", "Clarke", "Collins", "Cooper", "Davies", "Edwards",
        "Evans", "Foster", "Green", "Hall", "Harris", "Hughes", "Jackson", "Johnson", "King", "Lewis",
        "Martin", "Mitchell", "Moore", "Morgan", "Murphy", "O'Brien", "O'Connor", "Parker", "Phillips",
        "Price", "Reid", "Roberts", "Scott", "Shaw", "Smith", "Taylor", "Turner", "Walker", "White", "Wood",
    ],
};

static GERMAN: Names = Names {
    female: &[
        "Anna", "Clara", "Emma", "Greta", "Hannah", "Jana", "Käthe", "Lena", "Lea", "Marie", "Sophie",
        "Ursula",
    ],
    male: &[
        "Anton", "Ben", "Emil", "Felix", "Jonas", "Jürgen", "Karl", "Leon", "Lukas", "Moritz", "Paul", "Tim",
    ],
    family: &[
        "Bauer",
        "Becker",
        "Fischer",
        "Hofmann",
        "Keller",
        "Klein",
        "Koch",
        "Krüger",
        "Lange",
        "Müller",
        "Neumann",
        "Richter",
        "Schmidt",
        "Schröder",
        "Schäfer",
        "Vogel",
        "Wagner",
        "Weber",
        "Weiß",
        "Zimmermann",
    ],
};

static FRENCH: Names = Names {
    female: &[
        "Adèle",
        "Camille",
        "Chloé",
        "Élise",
        "Inès",
        "Jeanne",
        "Léa",
        "Louise",
        "Manon",
        "Marie-Claire",
        "Zoé",
    ],
    male: &[
        "Antoine",
        "Arthur",
        "Étienne",
        "François",
        "Gabriel",
        "Hugo",
        "Jean-Luc",
        "Jules",
        "Louis",
        "Nathan",
        "Rémi",
    ],
    family: &[
        "Bernard",
        "Blanc",
        "Bonnet",
        "Chevalier",
        "Dubois",
        "Durand",
        "Fontaine",
        "Garnier",
        "Girard",
        "Lambert",
        "Lefèvre",
        "Leroy",
        "Mercier",
        "Moreau",
        "Petit",
        "Rousseau",
        "Roux",
        "Vidal",
    ],
};

static SPANISH: Names = Names {
    female: &["Alba", "Ana", "Carmen", "Elena", "Inés", "Lucía", "Marta", "Nuria", "Paula", "Sofía"],
    male: &["Alejandro", "Andrés", "Carlos", "Diego", "Hugo", "Iván", "Javier", "Mateo", "Pablo", "Raúl"],
    family: &[
        "Castillo",
        "de la Cruz",
        "Delgado",
        "Díaz",
        "Fernández",
        "García",
        "Gómez",
        "Herrera",
        "Iglesias",
        "López",
        "Moreno",
        "Muñoz",
        "Navarro",
        "Ortega",
        "Romero",
        "Vega",
    ],
};

static ITALIAN: Names = Names {
    female: &["Alessia", "Bianca", "Chiara", "Elisa", "Giulia", "Martina", "Noemi", "Sara"],
    male: &["Andrea", "Davide", "Elia", "Lorenzo", "Marco", "Matteo", "Nicolò", "Pietro"],
    family: &[
        "Bianchi", "Colombo", "Conti", "De Luca", "Esposito", "Ferrari", "Greco", "Marino", "Ricci", "Rossi",
    ],
};

static DUTCH: Names = Names {
    female: &["Anouk", "Eva", "Femke", "Fleur", "Lieke", "Maud", "Noor", "Sanne"],
    male: &["Bram", "Daan", "Finn", "Jeroen", "Lars", "Sem", "Thijs", "Wout"],
    family: &[
        "Bakker",
        "de Boer",
        "de Vries",
        "Jansen",
        "Mulder",
        "Peters",
        "Smit",
        "van den Berg",
        "van Dijk",
        "Visser",
    ],
};

/// Characters that are the same in simplified and traditional writing, with their pinyin.
static CHINESE_FAMILY: [(&str, &str); 26] = [
    ("王", "wang"),
    ("李", "li"),
    ("林", "lin"),
    ("周", "zhou"),
    ("高", "gao"),
    ("何", "he"),
    ("郭", "guo"),
    ("徐", "xu"),
    ("朱", "zhu"),
    ("胡", "hu"),
    ("曹", "cao"),
    ("方", "fang"),
    ("石", "shi"),
    ("江", "jiang"),
    ("白", "bai"),
    ("田", "tian"),
    ("余", "yu"),
    ("杜", "du"),
    ("沈", "shen"),
    ("唐", "tang"),
    ("梁", "liang"),
    ("宋", "song"),
    ("彭", "peng"),
    ("蔡", "cai"),
    ("司徒", "situ"),
    ("上官", "shangguan"),
];
static CHINESE_FEMALE: [(&str, &str); 22] = [
    ("雅", "ya"),
    ("欣", "xin"),
    ("怡", "yi"),
    ("思", "si"),
    ("佳", "jia"),
    ("雪", "xue"),
    ("梅", "mei"),
    ("玲", "ling"),
    ("芳", "fang"),
    ("月", "yue"),
    ("如", "ru"),
    ("心", "xin"),
    ("安", "an"),
    ("文", "wen"),
    ("美", "mei"),
    ("秀", "xiu"),
    ("玉", "yu"),
    ("可", "ke"),
    ("若", "ruo"),
    ("琳", "lin"),
    ("晴", "qing"),
    ("萱", "xuan"),
];
static CHINESE_MALE: [(&str, &str); 22] = [
    ("明", "ming"),
    ("志", "zhi"),
    ("文", "wen"),
    ("宇", "yu"),
    ("浩", "hao"),
    ("子", "zi"),
    ("天", "tian"),
    ("建", "jian"),
    ("平", "ping"),
    ("俊", "jun"),
    ("家", "jia"),
    ("立", "li"),
    ("博", "bo"),
    ("一", "yi"),
    ("安", "an"),
    ("成", "cheng"),
    ("晨", "chen"),
    ("睿", "rui"),
    ("然", "ran"),
    ("川", "chuan"),
    ("林", "lin"),
    ("海", "hai"),
];
/// Chinese names are made of characters; the list is empty.
static CHINESE: Names = Names { female: &[], male: &[], family: &[] };

#[rustfmt::skip]
pub(super) static REGIONS: [Region; 19] = [
    Region { country: "GB", zone: &LONDON, language: "en", weight: 195, names: &ENGLISH, phone: "+447700900###" },
    Region { country: "IE", zone: &DUBLIN, language: "en", weight: 30, names: &ENGLISH, phone: "+35320910####" },
    Region { country: "US", zone: &NEW_YORK, language: "en", weight: 70, names: &ENGLISH, phone: "+121255501##" },
    Region { country: "US", zone: &CHICAGO, language: "en", weight: 40, names: &ENGLISH, phone: "+131255501##" },
    Region { country: "US", zone: &LOS_ANGELES, language: "en", weight: 50, names: &ENGLISH, phone: "+121355501##" },
    Region { country: "CA", zone: &TORONTO, language: "en", weight: 25, names: &ENGLISH, phone: "+141655501##" },
    Region { country: "AU", zone: &SYDNEY, language: "en", weight: 25, names: &ENGLISH, phone: "+61491570156" },
    Region { country: "DE", zone: &BERLIN, language: "de", weight: 75, names: &GERMAN, phone: "+49176040690##" },
    Region { country: "AT", zone: &VIENNA, language: "de", weight: 15, names: &GERMAN, phone: "+43000000####" },
    Region { country: "FR", zone: &PARIS, language: "fr", weight: 50, names: &FRENCH, phone: "+3363998####" },
    Region { country: "ES", zone: &MADRID, language: "es", weight: 35, names: &SPANISH, phone: "+34000000###" },
    Region { country: "IT", zone: &ROME, language: "it", weight: 25, names: &ITALIAN, phone: "+39000000####" },
    Region { country: "NL", zone: &AMSTERDAM, language: "nl", weight: 20, names: &DUTCH, phone: "+31000000###" },
    Region { country: "CN", zone: &SHANGHAI, language: "zh", weight: 205, names: &CHINESE, phone: "+861000000####" },
    Region { country: "TW", zone: &TAIPEI, language: "zh", weight: 50, names: &CHINESE, phone: "+886000000###" },
    Region { country: "HK", zone: &HONG_KONG, language: "zh", weight: 40, names: &CHINESE, phone: "+8520000####" },
    Region { country: "SG", zone: &SINGAPORE, language: "zh", weight: 25, names: &CHINESE, phone: "+650000####" },
    Region { country: "GB", zone: &LONDON, language: "zh", weight: 15, names: &CHINESE, phone: "+447700900###" },
    Region { country: "US", zone: &LOS_ANGELES, language: "zh", weight: 10, names: &CHINESE, phone: "+121355501##" },
];

/// The region that a draw of `0..1000` falls into.
pub(super) fn region(mut draw: u32) -> &'static Region {
    for region in &REGIONS {
        if draw < region.weight {
            return region;
        }
        draw -= region.weight;
    }
    &REGIONS[0]
}

/// What somebody is called.
pub(super) struct Person {
    pub(super) first_name: String,
    pub(super) last_name: String,
    /// Part of a mail address before the `@`: ASCII, lower case.
    pub(super) mailbox: String,
    pub(super) female: bool,
}

impl Region {
    /// Whether people there write Chinese.
    pub(super) fn chinese(&self) -> bool {
        self.language == "zh"
    }

    /// Somebody who lives there.
    pub(super) fn person(&self, draw: &mut Draw) -> Person {
        let female = draw.chance(560);
        if self.chinese() {
            let family = draw.one(&CHINESE_FAMILY);
            let given = if female { &CHINESE_FEMALE } else { &CHINESE_MALE };
            let first = draw.one(given);
            let mut person = Person {
                first_name: first.0.to_owned(),
                last_name: family.0.to_owned(),
                mailbox: format!("{}.{}", family.1, first.1),
                female,
            };
            if draw.chance(800) {
                let second = draw.one(given);
                person.first_name.push_str(second.0);
                person.mailbox.push_str(second.1);
            }
            return person;
        }
        let first = draw.one(if female { self.names.female } else { self.names.male });
        let last = draw.one(self.names.family);
        Person {
            first_name: (*first).to_owned(),
            last_name: (*last).to_owned(),
            mailbox: format!("{}.{}", ascii(first), ascii(last)),
            female,
        }
    }

    /// A number that reaches nobody.
    pub(super) fn phone(&self, draw: &mut Draw) -> String {
        let digit = |sign: char, draw: &mut Draw| match sign {
            '#' => char::from(b'0' + draw.below(10) as u8),
            other => other,
        };
        self.phone.chars().map(|sign| digit(sign, draw)).collect()
    }
}

/// A name as it is written in a mail address.
fn ascii(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for letter in name.chars().flat_map(char::to_lowercase) {
        match letter {
            'a'..='z' => out.push(letter),
            'ä' => out.push_str("ae"),
            'ö' => out.push_str("oe"),
            'ü' => out.push_str("ue"),
            'ß' => out.push_str("ss"),
            'á' | 'à' => out.push('a'),
            'é' | 'è' | 'ê' | 'ë' => out.push('e'),
            'í' => out.push('i'),
            'ó' | 'ò' => out.push('o'),
            'ú' => out.push('u'),
            'ñ' => out.push('n'),
            'ç' => out.push('c'),
            ' ' | '-' => out.push('-'),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_regions_hold_a_thousand() {
        assert_eq!(REGIONS.iter().map(|region| region.weight).sum::<u32>(), 1000);
        assert_eq!(region(999).country, "US");
    }

    #[test]
    fn names_become_mailboxes() {
        assert_eq!(ascii("Weiß"), "weiss");
        assert_eq!(ascii("O'Brien"), "obrien");
        assert_eq!(ascii("van den Berg"), "van-den-berg");
        let all = [&ENGLISH, &GERMAN, &FRENCH, &SPANISH, &ITALIAN, &DUTCH];
        for name in all.iter().flat_map(|names| names.female.iter().chain(names.male).chain(names.family)) {
            let letters = name.chars().filter(|letter| *letter != '\'').count();
            assert!(ascii(name).len() >= letters, "{name} loses a letter");
        }
    }
}
