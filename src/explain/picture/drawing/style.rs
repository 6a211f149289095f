//! The picture's style sheet.

/// Colours of GitHub's light theme, and of its dark one for viewers who prefer that. A viewer that
/// knows neither media queries nor variables, such as a converter to PNG, takes the light ones: they
/// stand as plain values before the others. Such a converter may also know no font that is called
/// `monospace`, and draws no text then: so the fonts that systems come with are named.
///
/// The outline of a bar stands out from the ground, since some of the fills are pale.
pub(super) const SHEET: &str = "\
text { font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', 'Noto Sans Mono', 'Courier New', monospace; fill: #1f2328; }
.title { font-size: 15px; font-weight: bold; }
.strong { font-weight: bold; }
.quiet { fill: #59636e; }
.middle { text-anchor: middle; }
rect { stroke: #59636e; }
.ground { fill: #ffffff; stroke: #d1d9e0; }
.grid { stroke: #d1d9e0; }
.execution { fill: #d1d9e0; }
.waiting { fill: #818b98; }
.held { fill: #54aeff; }
.either { fill: #80ccff; stroke-dasharray: 4 3; }
.provisioning { fill: #d4c5f9; }
.pulling { fill: #eac54f; }
.starting { fill: #a5d6c0; }
.running { fill: #1a7f37; }
.deprovisioning { fill: #c9b8a8; }
.stopping { fill: #a475f9; }
.replying { fill: #0550ae; }
.success { fill: #1a7f37; stroke: #ffffff; }
.failure { fill: none; stroke: #cf222e; stroke-width: 3; }
.change { fill: #bc4c00; stroke: #ffffff; }
.containers-end { fill: #ffffff; stroke: #1f2328; stroke-width: 2; }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc; }
.quiet { fill: #9198a1; }
rect { stroke: #9198a1; }
.ground { fill: #0d1117; stroke: #3d444d; }
.grid { stroke: #3d444d; }
.execution { fill: #3d444d; }
.waiting { fill: #9198a1; }
.held { fill: #1f6feb; }
.either { fill: #0c2d6b; }
.provisioning { fill: #4c3d7a; }
.pulling { fill: #bb8009; }
.starting { fill: #1b4d3e; }
.running { fill: #3fb950; }
.deprovisioning { fill: #6b5d50; }
.stopping { fill: #8957e5; }
.replying { fill: #a5d6ff; }
.success { fill: #3fb950; stroke: #0d1117; }
.failure { stroke: #f85149; }
.change { fill: #db6d28; stroke: #0d1117; }
.containers-end { fill: #0d1117; stroke: #f0f6fc; }
}
";

#[cfg(test)]
mod tests {
    use super::super::super::lane::{Phase, Sign};
    use super::*;

    /// What WCAG 2.1 asks of graphics (success criterion 1.4.11).
    const LEAST_CONTRAST: f64 = 3.0;

    /// A colour of the selector's rule; of the last such rule, as a viewer takes it.
    fn colour<'s>(sheet: &'s str, selector: &str, property: &str) -> Option<&'s str> {
        let rules = sheet.lines().filter_map(|line| line.split_once(" { "));
        let rule = rules.filter(|(name, _)| *name == selector);
        let mut values = rule.filter_map(|(_, rule)| {
            let value = rule.split(&format!("{property}: ")).nth(1)?;
            value.starts_with('#').then(|| &value[..7])
        });
        values.next_back()
    }

    /// The relative luminance of a colour, as WCAG 2.1 defines it.
    fn luminance(colour: &str) -> f64 {
        let part = |index: usize| {
            let value = u8::from_str_radix(&colour[index..index + 2], 16).unwrap();
            let share = f64::from(value) / 255.0;
            if share <= 0.039_28 {
                share / 12.92
            } else {
                ((share + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
    }

    fn contrast(one: &str, other: &str) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn bars_and_signs_stand_out_from_the_ground_in_both_themes() {
        let (light, _) = SHEET.split_once("@media").unwrap();
        assert!((contrast("#ffffff", "#000000") - 21.0).abs() < 1e-9);
        for sheet in [light, SHEET] {
            let ground = colour(sheet, ".ground", "fill").unwrap();
            let bars = Phase::ALL.map(|phase| (phase.class(), "rect"));
            let signs = Sign::ALL.map(|sign| (sign.class(), ""));
            for (class, element) in bars.into_iter().chain(signs) {
                let selector = format!(".{class}");
                let stroke = colour(sheet, &selector, "stroke");
                let colours = [
                    colour(sheet, &selector, "fill"),
                    stroke.or_else(|| colour(sheet, element, "stroke")),
                ];
                let best = colours.into_iter().flatten();
                let best = best
                    .map(|colour| contrast(colour, ground))
                    .fold(0.0, f64::max);
                assert!(best >= LEAST_CONTRAST, "{class} on {ground}: {best:.1}");
            }
        }
    }
}
