//! Names of properties: their two spellings (`taskDefinition`, `TaskDefinition`), and the known
//! name that an unknown one was probably meant to be.

/// Bytes of the longest unknown name that is compared with the known ones. No known name is that
/// long, and the comparison takes time that grows with the square of the length.
const MAX_COMPARED: usize = 60;

/// A typo changes at most one letter in this many.
const LETTERS_PER_TYPO: usize = 3;

/// CloudFormation's spelling of a name that the ECS API spells in camelCase.
pub(crate) fn pascal_case(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_ascii_uppercase().to_string() + letters.as_str()
    })
}

/// Whether `spelling` is `name` in camelCase or PascalCase.
pub(crate) fn is_spelling_of(spelling: &str, name: &str) -> bool {
    let same_rest = spelling
        .get(1..)
        .is_some_and(|rest| name.get(1..) == Some(rest));
    same_rest && spelling.as_bytes()[0].eq_ignore_ascii_case(&name.as_bytes()[0])
}

/// The one of `known` that `word` was probably meant to be: the one with the fewest typos between
/// them, if these are few for the length of `word`. Upper and lower case are the same.
pub(crate) fn nearest<'n>(word: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    if word.len() > MAX_COMPARED {
        return None;
    }
    let word = word.to_lowercase();
    let typos = |name: &str| strsim::osa_distance(&word, &name.to_lowercase());
    let (typos, name) = known
        .into_iter()
        .map(|name| (typos(name), name))
        .min_by_key(|(typos, _)| *typos)?;
    (typos <= word.chars().count() / LETTERS_PER_TYPO).then_some(name)
}

/// `known`, which is in camelCase, in the spelling that `like` has.
pub(super) fn spelled_like(like: &str, known: &str) -> String {
    if like.starts_with(|c: char| c.is_ascii_lowercase()) {
        known.to_owned()
    } else {
        pascal_case(known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_two_spellings() {
        for (spelling, name, is_one) in [
            ("sizeInGiB", "sizeInGiB", true),
            ("SizeInGiB", "sizeInGiB", true),
            ("sizeInGib", "sizeInGiB", false),
            ("EnableECSManagedTags", "enableECSManagedTags", true),
            ("", "name", false),
            ("n", "name", false),
            ("üame", "name", false),
        ] {
            assert_eq!(is_spelling_of(spelling, name), is_one, "{spelling}");
        }
    }

    #[test]
    fn a_typo_finds_its_name() {
        let known = [
            "cluster",
            "taskDefinition",
            "overrides",
            "count",
            "subnets",
            "securityGroups",
        ];
        for (word, meant) in [
            ("Overides", Some("overrides")),
            ("Cuont", Some("count")),
            ("TASKDEFINITION", Some("taskDefinition")),
            ("SubnetIds", Some("subnets")),
            ("SecurityGroupIds", Some("securityGroups")),
            ("PollInterval", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(nearest(word, known), meant, "{word}");
        }
    }

    #[test]
    fn only_names_up_to_a_length_are_compared() {
        let known = "c".repeat(MAX_COMPARED);
        assert_eq!(nearest(&known, [known.as_str()]), Some(known.as_str()));
        let longer = known.clone() + "c";
        assert_eq!(nearest(&longer, [longer.as_str()]), None);
    }
}
