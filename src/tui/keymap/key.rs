//! A key and how it is written: `a`, `A`, `ctrl-x`, `shift-tab`, `f1`, `space`, `up`.

use std::fmt;
use std::str::FromStr;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// One key press. Shift is part of a character (`A`), and told apart only for other keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pub code: KeyCode,
    pub modifiers: KeyModifiers,
}

/// Names of keys that are not characters.
const NAMED: [(&str, KeyCode); 17] = [
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pageup", KeyCode::PageUp),
    ("pagedown", KeyCode::PageDown),
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("shift-tab", KeyCode::BackTab),
    ("space", KeyCode::Char(' ')),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("insert", KeyCode::Insert),
    ("minus", KeyCode::Char('-')),
];

impl Key {
    /// Whether the key would put a character into a text, or edit one.
    #[must_use]
    pub fn is_for_text(self) -> bool {
        let plain = !self.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        match self.code {
            KeyCode::Char(_) => plain,
            KeyCode::Esc | KeyCode::F(_) => false,
            _ => true,
        }
    }
}

impl From<KeyEvent> for Key {
    fn from(event: KeyEvent) -> Self {
        let mut modifiers =
            event.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
        let mut code = event.code;
        match code {
            KeyCode::Char(character) => {
                modifiers.remove(KeyModifiers::SHIFT);
                if modifiers.contains(KeyModifiers::CONTROL) {
                    code = KeyCode::Char(character.to_ascii_lowercase());
                }
            }
            KeyCode::BackTab => modifiers.remove(KeyModifiers::SHIFT),
            KeyCode::Tab if modifiers.contains(KeyModifiers::SHIFT) => {
                code = KeyCode::BackTab;
                modifiers.remove(KeyModifiers::SHIFT);
            }
            _ => {}
        }
        Self { code, modifiers }
    }
}

impl FromStr for Key {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut rest = text;
        let mut modifiers = KeyModifiers::NONE;
        loop {
            if let Some((_, code)) = NAMED.iter().find(|(name, _)| name.eq_ignore_ascii_case(rest)) {
                return Ok(Self { code: *code, modifiers });
            }
            let mut characters = rest.chars();
            if let (Some(character), None) = (characters.next(), characters.next()) {
                return Ok(Self { code: KeyCode::Char(character), modifiers });
            }
            if let Some(number) = rest.strip_prefix(['f', 'F']).and_then(|digits| digits.parse::<u8>().ok())
                && (1..=12).contains(&number)
            {
                return Ok(Self { code: KeyCode::F(number), modifiers });
            }
            let Some((modifier, after)) = rest.split_once('-') else { break };
            modifiers |= match modifier.to_ascii_lowercase().as_str() {
                "ctrl" => KeyModifiers::CONTROL,
                "alt" => KeyModifiers::ALT,
                "shift" => KeyModifiers::SHIFT,
                _ => break,
            };
            rest = after;
        }
        let nearest = NAMED
            .iter()
            .map(|(name, _)| *name)
            .min_by_key(|name| strsim::damerau_levenshtein(name, &rest.to_ascii_lowercase()))
            .unwrap_or("enter");
        Err(format!(
            "`{text}` is not a key; the nearest is `{nearest}`. Write a character, or ctrl-x, alt-x, f1, enter, esc, tab, space, up, pagedown"
        ))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (flag, name) in
            [(KeyModifiers::CONTROL, "ctrl-"), (KeyModifiers::ALT, "alt-"), (KeyModifiers::SHIFT, "shift-")]
        {
            if self.modifiers.contains(flag) {
                formatter.write_str(name)?;
            }
        }
        if let Some((name, _)) = NAMED.iter().find(|(_, code)| *code == self.code) {
            return formatter.write_str(name);
        }
        match self.code {
            KeyCode::Char(character) => write!(formatter, "{character}"),
            KeyCode::F(number) => write!(formatter, "f{number}"),
            other => write!(formatter, "{other:?}"),
        }
    }
}

/// As hints show it: `↑`, `⏎`, `^x`; the same letters that are on the keys elsewhere.
#[must_use]
pub fn symbol(key: Key) -> String {
    let plain = match key.code {
        KeyCode::Up => "↑".into(),
        KeyCode::Down => "↓".into(),
        KeyCode::Left => "←".into(),
        KeyCode::Right => "→".into(),
        KeyCode::Enter => "enter".into(),
        _ => Key { code: key.code, modifiers: KeyModifiers::NONE }.to_string(),
    };
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        format!("^{plain}")
    } else if key.modifiers.contains(KeyModifiers::ALT) {
        format!("alt-{plain}")
    } else if key.modifiers.contains(KeyModifiers::SHIFT) {
        format!("shift-{plain}")
    } else {
        plain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back() {
        for name in ["a", "A", "?", "-", "ctrl-x", "alt-enter", "shift-tab", "f12", "space", "ctrl-pagedown"]
        {
            let key: Key = name.parse().unwrap();
            let again: Key = key.to_string().parse().unwrap();
            assert_eq!(again, key, "{name}");
        }
    }

    #[test]
    fn an_unknown_key_names_the_nearest() {
        assert!("entr".parse::<Key>().unwrap_err().contains("`enter`"));
        assert!("hyper-x".parse::<Key>().is_err());
    }

    #[test]
    fn shift_is_part_of_a_character() {
        let event = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT);
        assert_eq!(Key::from(event), "G".parse().unwrap());
        let event = KeyEvent::new(KeyCode::BackTab, KeyModifiers::SHIFT);
        assert_eq!(Key::from(event), "shift-tab".parse().unwrap());
    }
}
