//! The result of reading a value: its canonical value, as far as it is known before the deployment.
//! `rules` asks it what is given, missing or known for certain.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// A value that has been read. What is wrong with it has been reported already, so that a wrong
/// value counts as unknown, and no rule complains of it again.
pub(super) enum Checked<'v> {
    /// Not given.
    Absent,
    /// Given or not: a condition of the template decides at deployment.
    Maybe,
    /// Given; its value is known at deployment only, or is wrong.
    Unknown,
    /// A scalar, or something whose inside has no shape.
    Known(Value),
    /// The items, absent ones included, so that an index is that of the input.
    List(Vec<Checked<'v>>),
    /// The members that are given or may be.
    Structure(Members<'v>),
}

/// Members of a structure by their canonical names.
#[derive(Default)]
pub(super) struct Members<'v> {
    members: BTreeMap<&'static str, Member<'v>>,
    /// Whether a macro of the template may add members that are not seen here.
    pub(super) is_open: bool,
}

struct Member<'v> {
    spelling: &'v str,
    value: Checked<'v>,
}

impl<'v> Members<'v> {
    pub(super) fn insert(&mut self, name: &'static str, spelling: &'v str, value: Checked<'v>) {
        self.members.insert(name, Member { spelling, value });
    }

    pub(super) fn get(&self, name: &str) -> &Checked<'v> {
        self.members
            .get(name)
            .map_or(&Checked::Absent, |member| &member.value)
    }

    /// How the input spells a member that it has.
    pub(super) fn spelling(&self, name: &str) -> Option<&'v str> {
        self.members.get(name).map(|member| member.spelling)
    }

    /// How the author of the input would spell a member that is missing: in camelCase if another
    /// member is, else in PascalCase as CloudFormation does.
    pub(super) fn would_spell(&self, name: &str) -> String {
        let is_camel_case = self.members.values().any(|member| {
            member
                .spelling
                .starts_with(|c: char| c.is_ascii_lowercase())
        });
        if is_camel_case {
            name.to_owned()
        } else {
            super::names::pascal_case(name)
        }
    }

    /// Whether the member is given for certain.
    pub(super) fn is_given(&self, name: &str) -> bool {
        !matches!(self.get(name), Checked::Absent | Checked::Maybe)
    }

    /// Whether the member is missing for certain.
    pub(super) fn is_missing(&self, name: &str) -> bool {
        !self.is_open && matches!(self.get(name), Checked::Absent)
    }

    /// The canonical object, if all of it is known.
    pub(super) fn to_known(&self) -> Option<Value> {
        if self.is_open {
            return None;
        }
        let known = self
            .members
            .iter()
            .map(|(name, member)| Some(((*name).to_owned(), member.value.to_known()?)));
        known.collect::<Option<Map<_, _>>>().map(Value::Object)
    }
}

impl Checked<'_> {
    /// The text, if it is known.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Known(value) => value.as_str(),
            _ => None,
        }
    }

    /// The number, if it is known.
    pub(super) fn number(&self) -> Option<i64> {
        match self {
            Self::Known(value) => value.as_i64(),
            _ => None,
        }
    }

    /// A member of a structure; unknown when this is none.
    pub(super) fn member(&self, name: &str) -> &Checked<'_> {
        match self {
            Self::Structure(members) => members.get(name),
            _ => &Checked::Unknown,
        }
    }

    /// The canonical value, if all of it is known. `Null` for an absent value; a list leaves its
    /// absent items out.
    pub(super) fn to_known(&self) -> Option<Value> {
        match self {
            Self::Absent => Some(Value::Null),
            Self::Maybe | Self::Unknown => None,
            Self::Known(value) => Some(value.clone()),
            Self::List(items) => {
                let given = items.iter().filter(|item| !matches!(item, Self::Absent));
                given
                    .map(Checked::to_known)
                    .collect::<Option<_>>()
                    .map(Value::Array)
            }
            Self::Structure(members) => members.to_known(),
        }
    }
}
