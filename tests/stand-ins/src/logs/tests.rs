use super::*;

#[test]
fn a_page_has_the_events_before_or_after_its_token() {
    // Length, limit, from the head, token: start and end.
    for (length, limit, from_head, token, expected) in [
        (5, 10, true, None, (0, 5)),
        (5, 2, true, None, (0, 2)),
        (5, 2, false, None, (3, 5)),
        (5, 2, false, Some("f/0002/s"), (2, 4)),
        (5, 2, false, Some("b/0003/0"), (1, 3)),
        (5, 2, false, Some("f/0005/s"), (5, 5)),
        (0, 2, false, None, (0, 0)),
    ] {
        let page = Page::of(length, limit, from_head, token, Pages::default()).unwrap();
        assert_eq!(
            (page.start, page.end),
            expected,
            "{length} {limit} {from_head} {token:?}"
        );
    }
    assert!(Page::of(5, 2, false, Some("x/1/s"), Pages::default()).is_err());
}

#[test]
fn empty_pages_come_before_each_page_until_a_token_comes_back() {
    let logs = Logs::new(Clock::start());
    for line in ["1", "2", "3"] {
        logs.put("group", "stream", line);
    }
    logs.pages(2, 1);
    let mut request = json!({"logGroupName": "group", "logStreamName": "stream"});
    let mut read = Vec::new();
    loop {
        let page = logs.get_log_events(&request).unwrap();
        let messages = page["events"].as_array().unwrap().iter();
        read.push(
            messages
                .map(|event| event["message"].clone())
                .collect::<Vec<_>>(),
        );
        if page["nextBackwardToken"] == request["nextToken"] {
            break;
        }
        request["nextToken"] = page["nextBackwardToken"].clone();
    }
    let expected: [&[&str]; 6] = [&[], &["2", "3"], &[], &["1"], &[], &[]];
    assert_eq!(read, expected);
}
