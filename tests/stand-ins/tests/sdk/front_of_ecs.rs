//! Task definitions of another ECS endpoint.

use stand_ins::StandIns;

#[tokio::test]
async fn task_definitions_are_looked_up_behind() {
    let behind = StandIns::new();
    behind.ecs().register_family("migrate", &["app"]);
    let served = behind.listen("127.0.0.1:0").await.unwrap();
    let front = StandIns::new();
    front.ecs().in_front_of(&served.url());
    front.ecs().cluster("default");
    let ecs = super::ecs(&front);
    let run = ecs
        .run_task()
        .task_definition("migrate")
        .send()
        .await
        .unwrap();
    assert_eq!(run.tasks()[0].containers()[0].name(), Some("app"));
    let described = ecs
        .describe_task_definition()
        .task_definition("migrate:1")
        .send()
        .await
        .unwrap();
    assert_eq!(
        described.task_definition().unwrap().family(),
        Some("migrate")
    );
    let unknown = ecs
        .run_task()
        .task_definition("none")
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    assert!(unknown.is_client_exception(), "{unknown:?}");
    served.shut_down().await;
    let unreachable = ecs
        .run_task()
        .task_definition("migrate")
        .send()
        .await
        .unwrap_err();
    assert_eq!(unreachable.raw_response().unwrap().status().as_u16(), 503);
}
