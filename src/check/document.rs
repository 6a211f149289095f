//! One document that is checked: what sort it is, and the report on it.

use serde_json::{Map, Value};

use super::at::At;
use super::node::Node;
use super::report::{Finding, Note, Notes, path};
use super::stack::Stack;
use super::template::{self, Found, Part, Search, Similar};
use super::{
    DocumentError, DocumentKind, MAX_DOCUMENT_BYTES, RESOURCE_TYPE, Report, beyond, hooks,
    unrecognised, warnings, yaml,
};
use crate::properties::{
    Declarations, Path, Problems, Source, Step, may_add_members, problems_among,
};
use crate::text::printable::echoed;

pub(super) struct Document {
    value: Value,
    /// The same document with the places of its values, unless it is JSON that YAML does not take.
    places: Option<Node>,
}

impl Document {
    /// JSON is YAML, and the YAML parser knows the places. Where it refuses JSON (a key of more than
    /// 1,024 characters, a character outside of the basic plane that is escaped in two halves), a
    /// JSON parser reads the document without them.
    pub(super) fn parse(text: &str) -> Result<Self, DocumentError> {
        if text.len() > MAX_DOCUMENT_BYTES {
            return Err(DocumentError::TooLarge { bytes: text.len() });
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        match yaml::load(text) {
            Ok(places) => Ok(Self {
                value: places.to_value(),
                places: Some(places),
            }),
            Err(error) => serde_json::from_str(text)
                .map(|value| Self {
                    value,
                    places: None,
                })
                .map_err(|_| error),
        }
    }

    pub(super) fn into_value(self) -> Value {
        self.value
    }

    pub(super) fn check(&self, asked: &[&str]) -> Result<Report, DocumentError> {
        let Value::Object(object) = &self.value else {
            return Err(unrecognised::no_object(&self.value));
        };
        let properties = object.get("ResourceProperties");
        if object.contains_key("RequestType") && properties.is_some() {
            let found = Found {
                logical_id: object
                    .get("LogicalResourceId")
                    .and_then(Value::as_str)
                    .map(str::to_owned),
                steps: vec![Step::key("ResourceProperties")],
                properties,
            };
            return Ok(self.report(DocumentKind::Event, &[], &[found], Notes::default()));
        }
        if let Some(parts) = template::parts(object) {
            return Ok(self.report_on_templates(&parts, asked));
        }
        if let Some(error) = unrecognised::no_properties(object) {
            return Err(error);
        }
        let found = Found {
            logical_id: None,
            steps: Vec::new(),
            properties: Some(&self.value),
        };
        Ok(self.report(DocumentKind::Properties, &[], &[found], Notes::default()))
    }

    fn report_on_templates(&self, parts: &[Part<'_>], asked: &[&str]) -> Report {
        let mut search = Search::new(asked);
        for part in parts {
            search.look_through(part);
        }
        let mut notes = Notes::default();
        // A caller who asks for types of their own, and has such resources, knows of the others.
        if asked == [RESOURCE_TYPE] || search.found.is_empty() {
            for similar in &search.similar {
                note_similar(similar, asked, &mut notes);
            }
        }
        let report = self.report(DocumentKind::Template, parts, &search.found, notes);
        Report {
            skipped: search.skipped,
            ..report
        }
    }

    /// The report on `found`, which are in the templates `parts`. There are none in an event, and
    /// none around properties by themselves.
    fn report<'d>(
        &self,
        kind: DocumentKind,
        parts: &[Part<'d>],
        found: &[Found<'d>],
        mut notes: Notes,
    ) -> Report {
        let declarations = template::declarations(parts);
        let stack = Stack::of(parts);
        for found in found {
            note_problems(kind, found, &declarations, &mut notes);
            if let Some(properties) = found.at() {
                warnings::look(&properties, kind, &stack, &mut notes);
            }
        }
        beyond::look(parts, found, &stack, &mut notes);
        let services = hooks::look(&stack, &declarations, &mut notes);
        let mut report = self.sorted(kind, found, notes);
        report
            .checked
            .extend(services.into_iter().map(str::to_owned));
        report
    }

    fn sorted(&self, kind: DocumentKind, found: &[Found<'_>], mut notes: Notes) -> Report {
        notes.leave_out_warnings_on_errors();
        let unlisted = notes.unlisted();
        let listed = notes.listed.into_iter();
        let mut findings: Vec<_> = listed.map(|note| self.finding(note)).collect();
        findings.sort_by_key(|finding| (finding.line, finding.column));
        findings.extend(unlisted);
        let name = |found: &Found<'_>| {
            let name = found.logical_id.clone();
            name.unwrap_or_else(|| "Properties".to_owned())
        };
        Report {
            kind,
            checked: found.iter().map(name).collect(),
            skipped: Vec::new(),
            findings,
        }
    }

    fn finding(&self, note: Note) -> Finding {
        let place = self.places.as_ref().map(|node| node.place_of(&note.steps));
        Finding {
            severity: note.severity,
            line: place.map(|place| place.line),
            column: place.map(|place| place.column),
            path: path(&note.steps),
            message: note.message,
        }
    }
}

/// Notes a resource that was not checked although it looks like one to check.
fn note_similar(similar: &Similar, asked: &[&str], notes: &mut Notes) {
    let steps = [similar.steps.as_slice(), &[Step::key("Type")]].concat();
    let (resource_type, asked) = (echoed(&similar.resource_type), asked.join(" or "));
    notes.error(
        steps,
        format!(
            "is {resource_type}, and only {asked} was checked, which the resource looks like; \
             correct the type, or check it with --type {resource_type}"
        ),
    );
}

/// Notes what is wrong with the properties by themselves.
fn note_problems(
    kind: DocumentKind,
    found: &Found<'_>,
    declarations: &Declarations<'_>,
    notes: &mut Notes,
) {
    let none = Value::Object(Map::new());
    let properties = found.properties.unwrap_or(&none);
    let problems = match kind {
        DocumentKind::Event => problems_among(properties, Source::Event, declarations),
        DocumentKind::Properties => problems_among(properties, Source::Properties, declarations),
        DocumentKind::Template => problems_in_template(properties, declarations),
    };
    for problem in problems.listed() {
        let steps = [found.steps.as_slice(), &problem.steps].concat();
        notes.error(steps, problem.message.clone());
    }
    match problems.unlisted() {
        0 => {}
        1 => notes.error(found.steps.clone(), "has 1 more problem"),
        more => notes.error(found.steps.clone(), format!("has {more} more problems")),
    }
}

/// A template must give a `ServiceToken` too. CloudFormation needs it to find the function, and the
/// properties of an event are right without it.
fn problems_in_template(properties: &Value, declarations: &Declarations<'_>) -> Problems {
    let mut problems = problems_among(properties, Source::Template, declarations);
    let lacks_token = properties.as_object().is_some_and(|properties| {
        !properties
            .keys()
            .any(|key| key == "ServiceToken" || may_add_members(key))
    });
    if lacks_token {
        problems.add(
            &Path::ROOT.key("ServiceToken"),
            "is missing; expected the ARN of the function that the task runner's stack exports",
        );
    }
    problems
}

impl<'d> Found<'d> {
    /// The properties with the way to them.
    pub(super) fn at(&self) -> Option<At<'d>> {
        Some(At::new(self.steps.clone(), self.properties?))
    }
}
