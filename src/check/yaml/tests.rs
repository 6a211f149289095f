use serde_json::json;

use super::*;

#[test]
fn short_forms_become_long_forms() {
    let text = "
a: !Ref Cluster
b: !GetAtt Task.Arn
c: !If [Cond, !Ref 'AWS::NoValue', {x: !Sub '${A}'}]
d: !Join
  - ','
  - - 1
    - !ImportValue x
e: !Transform {Name: AWS::Include}
f: {Ref: X}
";
    assert_eq!(
        load(text).unwrap().to_value(),
        json!({
            "a": {"Ref": "Cluster"},
            "b": {"Fn::GetAtt": "Task.Arn"},
            "c": {"Fn::If": ["Cond", {"Ref": "AWS::NoValue"}, {"x": {"Fn::Sub": "${A}"}}]},
            "d": {"Fn::Join": [",", ["1", {"Fn::ImportValue": "x"}]]},
            "e": {"Fn::Transform": {"Name": "AWS::Include"}},
            "f": {"Ref": "X"}
        })
    );
}

#[test]
fn plain_scalars_have_cloudformation_s_types() {
    let text = "[true, 'true', yes, Off, null, ~, '', 12, 012345678901, 1.10, !!str true, 2026-11-23, \"\\u00fc\"]";
    assert_eq!(
        load(text).unwrap().to_value(),
        json!([
            true,
            "true",
            true,
            false,
            null,
            null,
            "",
            "12",
            "012345678901",
            "1.10",
            "true",
            "2026-11-23",
            "ü"
        ])
    );
}

#[test]
fn aliases_are_written_out_and_bounded() {
    assert_eq!(
        load("a: &x {b: [1]}\nc: *x").unwrap().to_value(),
        json!({"a": {"b": ["1"]}, "c": {"b": ["1"]}})
    );
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb = format!("{bomb}a{level}: &a{level} [{aliases}]\n");
    }
    assert!(matches!(
        load(&bomb),
        Err(DocumentError::TooManyCopies { .. })
    ));
    let nested: String = (0..100)
        .map(|level| ["&a", &level.to_string(), " ["].concat())
        .collect();
    let wide = nested + &"x, ".repeat(100_000) + &"]".repeat(100);
    assert!(matches!(
        load(&wide),
        Err(DocumentError::TooManyCopies { .. })
    ));
    for heavy in [
        format!("- &a {}\n{}", "x".repeat(300_000), "- *a\n".repeat(3)),
        format!(
            "- &a {{{}: 1}}\n{}",
            "x".repeat(1_000),
            "- *a\n".repeat(1_000)
        ),
    ] {
        assert!(matches!(
            load(&heavy),
            Err(DocumentError::TooManyCopies { .. })
        ));
    }
    assert!(matches!(load("&a [*a]"), Err(DocumentError::Syntax { .. })));
}

#[test]
fn depth_is_bounded() {
    assert!(load(&("[".repeat(100) + &"]".repeat(100))).is_ok());
    for deep in [
        "[".repeat(200),
        "- ".repeat(500_000),
        "{a: ".repeat(200),
        "!Sub [".repeat(70) + &"]".repeat(70),
    ] {
        let error = load(&deep).unwrap_err();
        assert!(
            matches!(
                error,
                DocumentError::TooDeep { .. } | DocumentError::Syntax { .. }
            ),
            "{error}"
        );
    }
}

#[test]
fn what_cloudformation_would_refuse_is_refused() {
    for (text, told) in [
        ("a: 1\nb: 2\na: 3", "line 3: the key a is given twice"),
        (
            "a: 1\n---\nb: 2",
            "line 2: a second document; one file holds one",
        ),
        ("? [a]\n: b", "line 1: a key that is no text"),
        ("", "there is nothing in it"),
    ] {
        assert_eq!(load(text).unwrap_err().to_string(), told);
    }
    assert!(matches!(
        load("a: 1\nb: [1, 2\n"),
        Err(DocumentError::Syntax { .. })
    ));
}
