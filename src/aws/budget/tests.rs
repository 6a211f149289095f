use super::*;

async fn call(budget: &ApiBudget) {
    budget.acquire().await.call(async { Ok(()) }).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_permit_that_is_not_used_goes_back() {
    let budget = ApiBudget::new(10.0);
    let start = Instant::now();
    for _ in 0..100 {
        drop(budget.acquire().await);
    }
    for _ in 0..10 {
        call(&budget).await;
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
    // A call that is dropped midway has used its permit.
    let endless = budget.acquire().await.call::<()>(std::future::pending());
    let _ = tokio::time::timeout(Duration::from_millis(1), endless).await;
    assert!(budget.try_take().is_err());
}

#[tokio::test(start_paused = true)]
async fn calls_beyond_the_burst_come_at_the_rate() {
    let budget = ApiBudget::new(10.0);
    let start = Instant::now();
    for _ in 0..30 {
        call(&budget).await;
    }
    let taken = start.elapsed();
    assert!(
        taken >= Duration::from_millis(1_999) && taken <= Duration::from_millis(2_050),
        "{taken:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_until_the_budget_is_ready_need_not_wait_again() {
    let budget = ApiBudget::new(10.0);
    let start = Instant::now();
    for _ in 0..30 {
        if let Err(ready) = budget.try_take() {
            sleep_until(ready).await;
            assert_eq!(budget.try_take(), Ok(()));
        }
    }
    assert!(start.elapsed() >= Duration::from_millis(1_900));
}

#[tokio::test(start_paused = true)]
async fn throttling_halves_the_rate_once_and_success_restores_it() {
    let budget = ApiBudget::new(10.0);
    budget.throttled();
    budget.throttled();
    assert!((budget.rate() - 5.0).abs() < f64::EPSILON);
    for _ in 0..100 {
        budget.succeeded();
    }
    assert!((budget.rate() - 10.0).abs() < f64::EPSILON);
}

#[tokio::test(start_paused = true)]
async fn only_throttling_cuts_the_rate_and_only_success_raises_it() {
    let failed = |kind| {
        Err::<(), _>(ApiError {
            action: "ecs:StopTask",
            resource: "task 'x'".to_owned(),
            kind,
            code: None,
            message: "no".to_owned(),
        })
    };
    for (outcome, expected) in [
        (Ok(()), 5.2),
        (failed(ErrorKind::Throttled), 2.5),
        (failed(ErrorKind::Unavailable), 5.0),
        (failed(ErrorKind::AccessDenied), 5.0),
        (failed(ErrorKind::Rejected), 5.0),
    ] {
        let budget = ApiBudget::new(10.0);
        budget.observe(&failed(ErrorKind::Throttled));
        assert!((budget.rate() - 5.0).abs() < f64::EPSILON);
        tokio::time::advance(BETWEEN_CUTS).await;
        let permit = budget.acquire().await;
        assert_eq!(permit.call(async { outcome.clone() }).await, outcome);
        assert!(
            (budget.rate() - expected).abs() < 1e-9,
            "{outcome:?}: {}",
            budget.rate()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn permits_are_given_in_the_order_they_were_asked_for() {
    let budget = ApiBudget::new(10.0);
    let order = Arc::new(Mutex::new(Vec::new()));
    let tasks: Vec<_> = (0..30)
        .map(|number| {
            let (budget, order) = (budget.clone(), Arc::clone(&order));
            tokio::spawn(async move {
                call(&budget).await;
                order.lock().unwrap().push(number);
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(*order.lock().unwrap(), (0..30).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn those_who_give_up_do_not_keep_their_turn() {
    let budget = ApiBudget::new(10.0);
    for _ in 0..600 {
        // Most of them give up, which is the point.
        let _ = tokio::time::timeout(Duration::from_millis(1), call(&budget)).await;
    }
    let start = Instant::now();
    call(&budget).await;
    assert!(
        start.elapsed() <= Duration::from_secs(1),
        "waited {:?} behind nobody",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn the_rate_never_falls_to_nothing() {
    let budget = ApiBudget::new(10.0);
    for _ in 0..50 {
        budget.throttled();
        tokio::time::advance(BETWEEN_CUTS).await;
    }
    assert!(budget.rate() >= 0.5);
}

#[tokio::test(start_paused = true)]
async fn a_budget_that_rests_saves_one_burst() {
    let budget = ApiBudget::new(10.0);
    tokio::time::advance(Duration::from_secs(60)).await;
    let at_once = (0..20).filter(|_| budget.try_take().is_ok()).count();
    assert_eq!(at_once, 10);
}

#[tokio::test(start_paused = true)]
async fn each_success_wins_back_a_part_of_the_rate() {
    let budget = ApiBudget::new(10.0);
    budget.throttled();
    budget.succeeded();
    assert!(
        (budget.rate() - 5.2).abs() < f64::EPSILON,
        "{}",
        budget.rate()
    );
}

#[tokio::test(start_paused = true)]
async fn of_many_processes_each_wins_back_as_much_in_a_time_however_often_it_calls() {
    let rate_after_a_minute = async |pause: u64| {
        let budget = ApiBudget::of_many(10.0);
        for _ in 0..3 {
            budget.throttled();
            tokio::time::advance(BETWEEN_CUTS).await;
        }
        budget.succeeded();
        let low = budget.rate();
        for _ in 0..60 / pause {
            tokio::time::advance(Duration::from_secs(pause)).await;
            budget.succeeded();
        }
        budget.rate() - low
    };
    let (often, seldom) = (rate_after_a_minute(1).await, rate_after_a_minute(10).await);
    assert!((often - seldom).abs() < 1e-9, "{often}, {seldom}");
    assert!((often - 60.0 * 0.005 * 10.0).abs() < 1e-9, "{often}");
}

#[tokio::test(start_paused = true)]
async fn one_of_many_processes_keeps_a_tenth_of_its_rate() {
    let budget = ApiBudget::of_many(10.0);
    assert!((budget.part() - 1.0).abs() < f64::EPSILON);
    for _ in 0..50 {
        budget.throttled();
        tokio::time::advance(BETWEEN_CUTS).await;
    }
    assert!((budget.part() - 0.1).abs() < f64::EPSILON);
}
