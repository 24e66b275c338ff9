//! Colours and emphasis by what they mean. A glyph or a letter always says the same as the colour.

use ratatui::style::{Color, Modifier, Style};

/// Styles by role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    pub name: &'static str,
    /// Ordinary text, and the ground of the whole window.
    pub text: Style,
    /// What is there if one looks for it: units, labels, hints.
    pub dim: Style,
    /// Numbers and names that matter.
    pub strong: Style,
    /// The one accent: where one is, what a key is.
    pub accent: Style,
    /// Frames of panels.
    pub border: Style,
    /// The frame of the panel that has the keys.
    pub focus: Style,
    /// Whether the panel that has the keys needs a sign, as there is no colour for it.
    pub marks_focus: bool,
    /// The row that is selected.
    pub selection: Style,
    pub good: Style,
    pub warning: Style,
    pub bad: Style,
    /// The part of a bar that is full.
    pub bar: Style,
    /// The part of a bar that is not.
    pub rest: Style,
    /// Groups in a chart, by their number; letters mark them too.
    pub series: [Style; 10],
}

/// Names of all themes, in the order in which they follow each other.
pub const NAMES: [&str; 5] = ["terminal", "light", "dark", "high-contrast", "colour-blind"];

fn fg(color: Color) -> Style {
    Style::new().fg(color)
}

const fn rgb(hex: u32) -> Color {
    Color::Rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

fn series(colors: [Color; 10]) -> [Style; 10] {
    colors.map(fg)
}

impl Theme {
    /// The theme of that name; without colours where `no_color` asks for none. `None`: no such theme.
    #[must_use]
    pub fn named(name: &str, no_color: bool) -> Option<Self> {
        let theme = match name {
            "terminal" => Self::terminal(),
            "light" => Self::light(),
            "dark" => Self::dark(),
            "high-contrast" => Self::high_contrast(),
            "colour-blind" => Self::colour_blind(),
            _ => return None,
        };
        Some(if no_color { theme.without_colour() } else { theme })
    }

    /// The theme after this one.
    #[must_use]
    pub fn next_name(&self) -> &'static str {
        let index = NAMES.iter().position(|name| *name == self.name).unwrap_or(0);
        NAMES[(index + 1) % NAMES.len()]
    }

    /// The terminal's own sixteen colours on its own ground.
    fn terminal() -> Self {
        Self {
            name: "terminal",
            text: Style::new(),
            dim: Style::new().add_modifier(Modifier::DIM),
            strong: Style::new().add_modifier(Modifier::BOLD),
            accent: fg(Color::Cyan),
            border: Style::new().add_modifier(Modifier::DIM),
            marks_focus: false,
            focus: fg(Color::Cyan),
            selection: Style::new().add_modifier(Modifier::REVERSED),
            good: fg(Color::Green),
            warning: fg(Color::Yellow),
            bad: fg(Color::Red),
            bar: fg(Color::Cyan),
            rest: Style::new().add_modifier(Modifier::DIM),
            series: series([
                Color::Cyan,
                Color::Yellow,
                Color::Magenta,
                Color::Green,
                Color::Blue,
                Color::Red,
                Color::LightCyan,
                Color::LightYellow,
                Color::LightMagenta,
                Color::LightGreen,
            ]),
        }
    }

    fn light() -> Self {
        let ground = Style::new().fg(rgb(0x2b_303b)).bg(rgb(0xfb_faf7));
        Self {
            name: "light",
            text: ground,
            dim: fg(rgb(0x6b_7280)),
            strong: fg(rgb(0x11_1827)).add_modifier(Modifier::BOLD),
            accent: fg(rgb(0x0f_766e)),
            border: fg(rgb(0xcb_c8bf)),
            marks_focus: false,
            focus: fg(rgb(0x0f_766e)),
            selection: Style::new().fg(rgb(0x11_1827)).bg(rgb(0xd5_e8e4)),
            good: fg(rgb(0x1a_7f37)),
            warning: fg(rgb(0x9a_6700)),
            bad: fg(rgb(0xcf_222e)),
            bar: fg(rgb(0x0f_766e)),
            rest: fg(rgb(0xdd_dad2)),
            series: series(
                [
                    0x0f_766e, 0xb4_5309, 0x7c_3aed, 0x1a_7f37, 0x1d_4ed8, 0xcf_222e, 0x0e_7490, 0x85_6404,
                    0xbe_185d, 0x4d_7c0f,
                ]
                .map(rgb),
            ),
        }
    }

    fn dark() -> Self {
        let ground = Style::new().fg(rgb(0xd6_d9de)).bg(rgb(0x16_1a1f));
        Self {
            name: "dark",
            text: ground,
            dim: fg(rgb(0x88_909c)),
            strong: fg(rgb(0xf5_f6f8)).add_modifier(Modifier::BOLD),
            accent: fg(rgb(0x6f_cfc0)),
            border: fg(rgb(0x3a_414b)),
            marks_focus: false,
            focus: fg(rgb(0x6f_cfc0)),
            selection: Style::new().fg(rgb(0xf5_f6f8)).bg(rgb(0x2a_4a4a)),
            good: fg(rgb(0x7b_d88f)),
            warning: fg(rgb(0xe5_c07b)),
            bad: fg(rgb(0xf0_7178)),
            bar: fg(rgb(0x6f_cfc0)),
            rest: fg(rgb(0x33_3a43)),
            series: series(
                [
                    0x6f_cfc0, 0xe5_c07b, 0xc7_92ea, 0x7b_d88f, 0x82_aaff, 0xf0_7178, 0x89_ddff, 0xf7_8c6c,
                    0xff_9cac, 0xc3_e88d,
                ]
                .map(rgb),
            ),
        }
    }

    fn high_contrast() -> Self {
        Self {
            name: "high-contrast",
            text: Style::new().fg(rgb(0xff_ffff)).bg(rgb(0x00_0000)),
            dim: fg(rgb(0xd0_d0d0)),
            strong: fg(rgb(0xff_ffff)).add_modifier(Modifier::BOLD),
            accent: fg(rgb(0xff_ff00)).add_modifier(Modifier::BOLD),
            border: fg(rgb(0xff_ffff)),
            marks_focus: false,
            focus: fg(rgb(0xff_ff00)).add_modifier(Modifier::BOLD),
            selection: Style::new().fg(rgb(0x00_0000)).bg(rgb(0xff_ff00)).add_modifier(Modifier::BOLD),
            good: fg(rgb(0x00_ff00)),
            warning: fg(rgb(0xff_d700)),
            bad: fg(rgb(0xff_8080)).add_modifier(Modifier::BOLD),
            bar: fg(rgb(0xff_ff00)),
            rest: fg(rgb(0x80_8080)),
            series: series(
                [
                    0xff_ff00, 0x00_ffff, 0xff_80ff, 0x00_ff00, 0xff_ffff, 0xff_a500, 0x80_c0ff, 0xff_c0c0,
                    0xc0_ffc0, 0xe0_e0e0,
                ]
                .map(rgb),
            ),
        }
    }

    /// Okabe and Ito's colours, which people with any common colour vision tell apart.
    fn colour_blind() -> Self {
        Self {
            name: "colour-blind",
            text: Style::new(),
            dim: Style::new().add_modifier(Modifier::DIM),
            strong: Style::new().add_modifier(Modifier::BOLD),
            accent: fg(rgb(0x56_b4e9)),
            border: Style::new().add_modifier(Modifier::DIM),
            marks_focus: false,
            focus: fg(rgb(0x56_b4e9)),
            selection: Style::new().add_modifier(Modifier::REVERSED),
            good: fg(rgb(0x00_9e73)),
            warning: fg(rgb(0xe6_9f00)),
            bad: fg(rgb(0xd5_5e00)).add_modifier(Modifier::BOLD),
            bar: fg(rgb(0x56_b4e9)),
            rest: Style::new().add_modifier(Modifier::DIM),
            series: series(
                [
                    0x56_b4e9, 0xe6_9f00, 0xcc_79a7, 0x00_9e73, 0x00_72b2, 0xd5_5e00, 0xf0_e442, 0x99_9999,
                    0x88_ccee, 0xdd_cc77,
                ]
                .map(rgb),
            ),
        }
    }

    /// The same for what is shown but no longer holds: all of it dim.
    #[must_use]
    pub fn faded(&self) -> Self {
        let dim = self.dim;
        Self {
            text: dim,
            strong: dim,
            accent: dim,
            good: dim,
            warning: dim,
            bad: dim,
            bar: dim,
            series: [dim; 10],
            ..self.clone()
        }
    }

    /// The same with emphasis alone.
    fn without_colour(mut self) -> Self {
        let bold = Style::new().add_modifier(Modifier::BOLD);
        let dim = Style::new().add_modifier(Modifier::DIM);
        self.marks_focus = true;
        self.text = Style::new();
        self.dim = dim;
        self.strong = bold;
        self.accent = bold;
        self.border = dim;
        self.focus = bold;
        self.selection = Style::new().add_modifier(Modifier::REVERSED);
        self.good = Style::new();
        self.warning = bold;
        self.bad = bold.add_modifier(Modifier::UNDERLINED);
        self.bar = Style::new();
        self.rest = dim;
        self.series = [Style::new(); 10];
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_theme_is_found_and_they_follow_each_other_in_a_ring() {
        let mut name = NAMES[0];
        for _ in 0..NAMES.len() {
            name = Theme::named(name, false).unwrap().next_name();
        }
        assert_eq!(name, NAMES[0]);
        assert!(Theme::named("neon", false).is_none());
    }

    #[test]
    fn no_color_means_none_in_any_theme() {
        for name in NAMES {
            let theme = Theme::named(name, true).unwrap();
            let styles = [
                theme.text,
                theme.dim,
                theme.strong,
                theme.accent,
                theme.border,
                theme.focus,
                theme.selection,
                theme.good,
                theme.warning,
                theme.bad,
                theme.bar,
                theme.rest,
            ];
            for style in styles.into_iter().chain(theme.series) {
                assert!(style.fg.is_none() && style.bg.is_none(), "{name}");
            }
        }
    }
}
