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
        (&[("NAME", "a-a-a-a")][..], "xa-a-a-a-a", "xa-***"),
    ] {
        assert_eq!(redaction(variables).apply(text), expected, "{variables:?}");
    }
}

#[test]
fn a_secret_is_hidden_wherever_it_stands() {
    for (name, value, text, expected) in [
        (
            "DB_PASSWORD",
            "hunter2secret",
            "+ mysql -uroot -phunter2secret app",
            "+ mysql -uroot -p*** app",
        ),
        (
            "DATABASE_URL",
            "postgres://app:hunter2@db/app",
            "connecting to postgres://app:hunter2@db/app_test",
            "connecting to ***_test",
        ),
        (
            "PRIVATE_KEY",
            "-----BEGIN KEY-----\nMIIEvQ\nAbCdEf",
            r#"{"key":"-----BEGIN KEY-----\nMIIEvQ\nAbCdEf"}"#,
            r#"{"key":"***\n***\n***"}"#,
        ),
        (
            "API_TOKEN",
            "hunter2secret",
            r"\u001b[31mhunter2secret and pw%3Dhunter2secret",
            r"\u001b[31m*** and pw%3D***",
        ),
        // What has no letter or digit, or only one, is no secret, whatever the name says.
        ("BASE_URL", "/", "/app/manage.py", "/app/manage.py"),
        ("KEY_SEPARATOR", "::", "a::b", "a::b"),
        ("KEY_SEPARATOR", "x", "4 x 4", "4 x 4"),
    ] {
        assert_eq!(redaction(&[(name, value)]).apply(text), expected, "{name}");
    }
}

#[test]
fn short_values_and_numbers_are_hidden_if_the_name_says_that_they_are_secret() {
    let ecs = "Essential container in task exited";
    for name in [
        "ROLE",
        "AUTHOR",
        "compassion",
        "PATHS",
        "PINGED",
        "passport",
    ] {
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
        "PGPASS",
        "dbPass",
        "userPwd",
        "PIN",
        "SMS_OTP",
    ] {
        assert_eq!(
            redaction(&[(name, "task")]).apply(ecs),
            "Essential container in *** exited",
            "{name}"
        );
        assert_eq!(
            redaction(&[(name, "11")]).apply("exit 11, line 111, x=11, a_11"),
            "exit ***, line 111, x=***, a_11"
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
        // The value's first letter would be the end of the sequence; it takes what stands there now.
        ("\u{1b}[31hunter2 refused", "efused"),
        ("\u{1b}hunter2 refused", "efused"),
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
