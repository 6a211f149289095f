//! The picture's style sheet.

/// Colours of GitHub's light theme, and of its dark one for viewers who prefer that. A viewer that
/// knows neither media queries nor variables, such as a converter to PNG, takes the light ones: they
/// stand as plain values before the others.
pub(super) const SHEET: &str = "\
text { font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; fill: #1f2328; }
.title { font-size: 15px; font-weight: bold; }
.strong { font-weight: bold; }
.quiet { fill: #59636e; }
.middle { text-anchor: middle; }
.ground { fill: #ffffff; stroke: #d1d9e0; }
.grid { stroke: #d1d9e0; }
.execution { fill: #d1d9e0; }
.waiting { fill: #818b98; }
.held { fill: #54aeff; }
.either { fill: #80ccff; stroke: #818b98; stroke-dasharray: 4 3; }
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
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc; }
.quiet { fill: #9198a1; }
.ground { fill: #0d1117; stroke: #3d444d; }
.grid { stroke: #3d444d; }
.execution { fill: #3d444d; }
.waiting { fill: #9198a1; }
.held { fill: #1f6feb; }
.either { fill: #0c2d6b; stroke: #9198a1; }
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
}
";
