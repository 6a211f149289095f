//! Colours of a terminal, where there is one.

/// What a colour stands for here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// Beside the point: times, sources.
    Dim,
    /// Done.
    Green,
    /// On its way.
    Yellow,
    /// Failed.
    Red,
    /// What to look at.
    Bold,
}

/// Paints, or leaves text as it is.
#[derive(Debug, Clone, Copy)]
pub struct Palette {
    colours: bool,
}

impl Palette {
    /// A palette that paints only when `colours`.
    pub fn new(colours: bool) -> Self {
        Self { colours }
    }

    /// The text in the colour.
    pub fn paint(self, colour: Colour, text: &str) -> String {
        if !self.colours || text.trim().is_empty() {
            return text.to_owned();
        }
        let code = match colour {
            Colour::Dim => "2",
            Colour::Green => "32",
            Colour::Yellow => "33",
            Colour::Red => "31",
            Colour::Bold => "1",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}
