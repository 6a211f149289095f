//! A recording as a terminal shows it, in the light or dark theme of whoever looks at it.

use anstyle_svg::Term;

use local_run::recording::Recording;

/// The fonts, as `explain --svg` names them (`src/explain/picture/drawing/style.rs`). A converter that knows no
/// font that is called `monospace` draws the text in one of the others, or not at all.
pub const FONTS: &str = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', 'Noto Sans Mono', 'Courier New', monospace";

/// What the crate draws has one theme. These rules come after its own; the colours are those of
/// GitHub's themes.
const THEMES: &str = "    .fg { fill: #1f2328 }
    .bg { fill: #f6f8fa; stroke: #d1d9e0 }
    .fg-green { fill: #1a7f37 }
    .fg-yellow { fill: #9a6700 }
    .fg-red { fill: #cf222e }
    .dimmed { opacity: 1; fill: #59636e }
    @media (prefers-color-scheme: dark) {
      .fg { fill: #f0f6fc }
      .bg { fill: #151b23; stroke: #3d444d }
      .fg-green { fill: #3fb950 }
      .fg-yellow { fill: #d29922 }
      .fg-red { fill: #f85149 }
      .dimmed { fill: #9198a1 }
    }
";

/// The command and what it printed, as an SVG.
pub fn draw(command: &str, recording: &Recording) -> String {
    let output = recording.text();
    let svg = Term::new().render_svg(&format!("$ \u{1b}[1m{command}\u{1b}[0m\n{output}"));
    let (fonts_of_the_crate, fonts) = (
        "SFMono-Regular, Consolas, Liberation Mono, Menlo, monospace",
        FONTS,
    );
    assert!(
        svg.contains(fonts_of_the_crate),
        "the crate names other fonts"
    );
    let svg = svg.replacen(fonts_of_the_crate, fonts, 1);
    let (start, rest) = svg.split_once("  <style>\n").unwrap();
    let (style, body) = rest.split_once("  </style>\n").unwrap();
    let start = start.trim_end().trim_end_matches('>');
    // Dimmed text is grey in these themes, since what is half transparent is hard to read.
    format!(
        "{start} role=\"img\" aria-labelledby=\"title description\">\n  <title id=\"title\">{command}</title>\n  <desc id=\"description\">What the command prints on a terminal. Long passages are shortened.</desc>\n  <style>\n{style}{THEMES}  </style>\n{body}"
    )
}
