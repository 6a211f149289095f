//! What holds for every picture.

use roxmltree::{Document, Node};

/// The namespace of SVG.
pub(super) const NS: &str = "http://www.w3.org/2000/svg";
/// Characters of this width, in shares of their size, have the fonts that the picture names.
const CELL: f64 = 0.61;

pub(super) fn number(node: Node, name: &str) -> f64 {
    node.attribute(name)
        .unwrap_or_else(|| panic!("{name} is missing in {node:?}"))
        .parse()
        .unwrap()
}

/// Room of a text whose characters have one cell, or two from Hangul on.
fn cells(text: &str) -> f64 {
    text.chars()
        .map(|c| if c < '\u{3000}' { 1.0 } else { 2.0 })
        .sum()
}

/// How wide the text of a node is.
fn room(node: Node, size: f64) -> f64 {
    cells(node.text().unwrap()) * CELL * size
}

/// Asserts that no label of the axis touches the one before.
fn assert_labels_stand_apart(svg: Node) {
    let mut end = f64::NEG_INFINITY;
    for label in svg.children() {
        if label.attribute("class") == Some("quiet middle") {
            let (x, half) = (number(label, "x"), room(label, 12.0) / 2.0);
            assert!(x - half > end, "{label:?} at {x} begins before {end}");
            end = x + half;
        }
    }
    assert!(end > 0.0, "the axis has no label");
}

/// Asserts that the picture is well-formed XML, draws nothing outside its view box, has an axis whose
/// labels stand apart, and can be read without being seen.
pub(in crate::explain::tests) fn assert_sound(picture: &str) {
    let document = Document::parse(picture).unwrap_or_else(|error| panic!("{error}: {picture}"));
    let svg = document.root_element();
    assert_eq!(svg.tag_name().name(), "svg");
    let (width, height) = (number(svg, "width"), number(svg, "height"));
    assert_eq!(
        svg.attribute("viewBox").unwrap(),
        format!("0 0 {width} {height}")
    );
    for (name, id) in [("title", "title"), ("desc", "description")] {
        let label = svg.children().find(|node| node.has_tag_name((NS, name)));
        let label = label.unwrap();
        assert_eq!(label.attribute("id"), Some(id));
        assert!(label.text().is_some_and(|text| !text.is_empty()), "{name}");
    }
    assert_labels_stand_apart(svg);
    let is_inside = |x: f64, y: f64| (0.0..=width).contains(&x) && (0.0..=height).contains(&y);
    for node in svg.descendants().filter(Node::is_element) {
        let corners = match node.tag_name().name() {
            "rect" => {
                let (x, y) = (number(node, "x"), number(node, "y"));
                let (to_right, down) = (number(node, "width"), number(node, "height"));
                assert!(to_right > 0.0 && down > 0.0, "{node:?}");
                vec![(x, y), (x + to_right, y + down)]
            }
            "line" => vec![
                (number(node, "x1"), number(node, "y1")),
                (number(node, "x2"), number(node, "y2")),
            ],
            "circle" => {
                let (x, y, r) = (number(node, "cx"), number(node, "cy"), number(node, "r"));
                vec![(x - r, y - r), (x + r, y + r)]
            }
            "path" => {
                let numbers = node.attribute("d").unwrap().replace(['M', 'L', 'Z'], " ");
                let numbers: Vec<f64> = numbers
                    .split_whitespace()
                    .map(|number| number.parse().unwrap())
                    .collect();
                numbers.chunks(2).map(|pair| (pair[0], pair[1])).collect()
            }
            "text" => {
                let class = node.attribute("class").unwrap_or_default();
                let size = if class == "title" { 15.0 } else { 12.0 };
                let room = room(node, size);
                let is_centred = class.contains("middle");
                let x = number(node, "x") - if is_centred { room / 2.0 } else { 0.0 };
                let y = number(node, "y");
                vec![(x, y - size), (x + room, y + size / 4.0)]
            }
            "svg" | "title" | "desc" | "style" => continue,
            other => panic!("an unknown element: {other}"),
        };
        for (x, y) in corners {
            assert!(
                is_inside(x, y),
                "{node:?} reaches {x}, {y} of {width}, {height}"
            );
        }
    }
}
