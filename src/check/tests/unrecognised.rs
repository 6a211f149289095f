//! Documents that are none of those that are checked: what is said of them.

use super::*;

const EXPECTED: &str = "; expected an event (with RequestType and ResourceProperties), a template (with Resources), or an object of properties (with Cluster and TaskDefinition)";

#[test]
fn a_document_of_another_kind_is_named_with_what_was_probably_meant() {
    for (text, found, hint) in [
        (
            "- {Type: Custom::EcsTask, Properties: {Cluster: c}}",
            "a list",
            "; its items look like resources: put them under Resources, each under a name of its own",
        ),
        (
            "MigrateTask: {Type: Custom::EcsTask, Properties: {Cluster: c}}",
            "an object with MigrateTask",
            "; MigrateTask looks like a resource: put it under Resources",
        ),
        (
            "AWSTemplateFormatVersion: 2010-09-09\nResources:\n- Type: Custom::EcsTask",
            "an object with AWSTemplateFormatVersion, Resources",
            "; its Resources is a list, and not an object with a name for each resource",
        ),
        (
            "AWSTemplateFormatVersion: 2010-09-09\nResources:",
            "an object with AWSTemplateFormatVersion, Resources",
            "; its Resources is null, and not an object with a name for each resource",
        ),
        (
            "{name: app, scripts: {}, dependencies: {}, license: MIT, private: true}",
            "an object with dependencies, license, name, 2 more keys",
            "",
        ),
    ] {
        let error = check_document(text, &[RESOURCE_TYPE]).unwrap_err();
        assert_eq!(error.to_string(), format!("it is {found}{EXPECTED}{hint}"));
    }
}

#[test]
fn one_property_or_nearly_makes_an_object_of_properties() {
    for text in [
        "{}",
        "{Cuont: 1}",
        "{cluster: c, some: thing}",
        "{Fn::Transform: {Name: x}}",
    ] {
        let report = check_document(text, &[RESOURCE_TYPE]).unwrap();
        assert_eq!(report.kind, DocumentKind::Properties, "{text}");
    }
}
