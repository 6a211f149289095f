use proptest::prelude::*;

use super::*;
use crate::task::spec::{ContainerOverride, KeyValuePair};

fn redaction(variables: &[(&str, &str)]) -> Redaction {
    let environment = variables
        .iter()
        .map(|&(name, value)| KeyValuePair {
            name: name.to_owned(),
            value: value.into(),
        })
        .collect();
    let container = ContainerOverride {
        name: "migrate".to_owned(),
        environment,
        ..ContainerOverride::default()
    };
    Redaction::of(&TaskOverride {
        container_overrides: vec![container],
        ..TaskOverride::default()
    })
}

#[test]
fn values_are_hidden_where_they_are_whole_words() {
    for (variables, text, expected) in [
        (
            &[("NAME", "hunter2")][..],
            "password hunter2 refused",
            "password *** refused",
        ),
        (
            &[("A", "passed"), ("B", "passed-2")][..],
            "passed-2 and passed",
            "*** and ***",
        ),
        (
            &[("STAGE", "production")][..],
            "productions, my_production, production1; production-2 'production'",
            "productions, my_production, production1; ***-2 '***'",
        ),
        (
            &[("DATA", "cXdlcnR5==")][..],
            "keycXdlcnR5==",
            "keycXdlcnR5==",
        ),
        (&[("DATA", "cXdlcnR5==")][..], "key=cXdlcnR5==x", "key=***x"),
        (
            &[("NAME", "first line\nsecond line")][..],
            "a first line\nb second line",
            "a ***\nb ***",
        ),
        (
            &[("PASSWORD", "")][..],
            "nothing to hide",
            "nothing to hide",
        ),
    ] {
        assert_eq!(redaction(variables).apply(text), expected, "{variables:?}");
    }
}

#[test]
fn short_values_and_numbers_are_hidden_if_the_name_says_that_they_are_secret() {
    let ecs = "Essential container in task exited";
    for name in ["ROLE", "BYPASS", "AUTHOR", "compassion", "PATHS"] {
        assert_eq!(redaction(&[(name, "task")]).apply(ecs), ecs, "{name}");
        assert_eq!(
            redaction(&[(name, "12345678")]).apply("12345678"),
            "12345678"
        );
        assert_eq!(redaction(&[(name, "hunter")]).apply("hunter"), "***");
    }
    for name in [
        "PASSWORD",
        "DbPassword",
        "api_token",
        "KEY_ID",
        "Secrets",
        "DATABASE_URL",
        "SENTRY_DSN",
        "CREDENTIALS",
        "DB_PASS",
        "MYSQL_PWD",
        "basic-auth",
        "PASSPHRASE",
    ] {
        assert_eq!(
            redaction(&[(name, "task")]).apply(ecs),
            "Essential container in *** exited",
            "{name}"
        );
        assert_eq!(
            redaction(&[(name, "1")]).apply("exit 1, line 11, x=1, a_1"),
            "exit ***, line 11, x=***, a_1"
        );
        assert_eq!(redaction(&[(name, "12345678")]).apply("12345678"), "***");
    }
}

#[test]
fn escape_sequences_do_not_show_a_value() {
    let redaction = redaction(&[
        ("PASSWORD", "hunter2"),
        ("COLOUR", "\u{1b}[31mcrimson\u{1b}[0m"),
    ]);
    for (text, expected) in [
        ("hun\u{1b}[1mter2", "***"),
        ("\u{1b}[31mhunter2\u{1b}[0m refused", "*** refused"),
        ("is\0hunter2\u{7}x", "is***x"),
        ("it is crimson", "it is ***"),
        ("it is \u{1b}[31mcrimson\u{1b}[0m", "it is ***"),
    ] {
        assert_eq!(redaction.apply(text), expected, "{text:?}");
    }
}

proptest! {
    #[test]
    fn a_word_is_hidden_wherever_it_stands(value in "[a-zA-Z][a-zA-Z0-9/+=-]{5,20}", before in "([a-z ]{0,9}[ =:'/\n\u{0}\u{1b}-])?", after in "([ =:'/\n\u{0}\u{1b}-][a-z ]{0,9})?") {
        let hidden = redaction(&[("NAME", &value)]).apply(&format!("{before}{value}{after}"));
        prop_assert!(!hidden.contains(&value), "{hidden}");
    }
}
