//! Where a name stands among the properties: for people who write a property in the wrong place.

use super::resource::RESOURCE;
use super::{Shape, Structure};
use crate::properties::names::spelled_like;

/// One member of the properties or of a structure in them, by its canonical names from the top.
pub(in crate::properties) struct Place {
    /// The structures and lists around the member, the outermost first.
    around: Vec<Around>,
    /// The canonical name of the member.
    pub(in crate::properties) name: &'static str,
}

#[derive(Clone, Copy)]
struct Around {
    name: &'static str,
    is_list: bool,
}

impl Place {
    /// The property in which the member is; `None` for a property itself.
    pub(in crate::properties) fn outermost(&self) -> Option<&'static str> {
        self.around.first().map(|around| around.name)
    }

    /// The path, in camelCase or PascalCase as `like` is:
    /// `Overrides.ContainerOverrides[].Command`.
    pub(in crate::properties) fn spelled_like(&self, like: &str) -> String {
        let around = self.around.iter().map(|around| {
            let brackets = if around.is_list { "[]" } else { "" };
            format!("{}{brackets}.", spelled_like(like, around.name))
        });
        around.collect::<String>() + &spelled_like(like, self.name)
    }
}

/// Every place that a member has, those nearest to the top of their structure first.
pub(in crate::properties) fn places() -> Vec<Place> {
    let mut places = Vec::new();
    collect(&RESOURCE, &[], &mut places);
    places
}

fn collect(structure: &'static Structure, around: &[Around], places: &mut Vec<Place>) {
    for field in structure.fields {
        places.push(Place {
            around: around.to_vec(),
            name: field.name,
        });
        let (inside, is_list) = match &field.shape {
            Shape::Structure(inside) => (*inside, false),
            Shape::List(list) => match &list.item {
                Shape::Structure(inside) | Shape::ChoiceOrStructure(_, inside) => (*inside, true),
                _ => continue,
            },
            _ => continue,
        };
        let name = field.name;
        let around = [around, &[Around { name, is_list }]].concat();
        collect(inside, &around, places);
    }
}
