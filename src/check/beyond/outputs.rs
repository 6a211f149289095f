//! `!GetAtt` and `${X.Y}` of outputs that the custom resource does not have. CloudFormation fails on
//! them when the task has run.

use std::collections::BTreeSet;

use crate::check::at::{At, Reference};
use crate::check::report::Notes;
use crate::check::stack::Stack;
use crate::check::template::{Found, Part};
use crate::properties::{Step, nearest};
use crate::task::outcome::Output;
use crate::text::enumeration::listed;
use crate::text::printable::echoed;

pub(super) fn look<'d>(
    parts: &[Part<'d>],
    found: &[Found<'d>],
    stack: &Stack<'d>,
    notes: &mut Notes,
) {
    let outputs = Output::names();
    let checked: BTreeSet<_> = found
        .iter()
        .filter_map(|found| found.logical_id.as_deref())
        // A resource within a loop has another name than the one that stands there.
        .filter(|name| stack.resource(name).is_some())
        .collect();
    for part in parts {
        for (section, value) in part.template {
            let mut steps = part.steps.clone();
            steps.push(Step::key(section));
            At::new(steps, value).each_reference(&mut |reference| {
                if let Some(attribute) = reference.attribute
                    && checked.contains(reference.name)
                {
                    look_at(reference, attribute, &outputs, notes);
                }
            });
        }
    }
}

fn look_at(reference: &Reference<'_, '_>, attribute: &str, outputs: &[String], notes: &mut Notes) {
    // The rest of the name may be filled in, in a loop or by the Serverless Framework.
    if attribute.contains("${") || outputs.iter().any(|output| output == attribute) {
        return;
    }
    let outputs: Vec<_> = outputs.iter().map(String::as_str).collect();
    let hint = notes.hint(|| match nearest(attribute, outputs.iter().copied()) {
        Some(output) => format!("; did you mean {output}?"),
        None => format!("; its outputs are {}", listed(&outputs)),
    });
    let (attribute, name) = (echoed(attribute), echoed(reference.name));
    notes.error(
        reference.steps.to_vec(),
        format!("names {attribute}, which is no output of {name}{hint}"),
    );
}
