//! `overlays/<environment>/image/kustomization.yaml`, the one file of an overlay that names images. It is
//! edited line by line, so that its comments stay.

use serde::Deserialize;

/// The digest of an image's manifest, `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Digest(String);

impl Digest {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let hex = text.strip_prefix("sha256:")?;
        let is_digest = hex.len() == 64
            && hex
                .bytes()
                .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        is_digest.then(|| Self(text.to_owned()))
    }

    /// The digest at the end of `repository@digest`.
    pub(crate) fn of_reference(reference: &str) -> Option<Self> {
        Self::parse(reference.split_once('@')?.1)
    }

    /// Whether there can be an image of it: all zeros stand for none.
    pub(crate) fn was_built(&self) -> bool {
        self.0
            .trim_start_matches("sha256:")
            .contains(|digit| digit != '0')
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Enough of it for a person to tell it from others.
    pub(crate) fn short(&self) -> &str {
        &self.0[.."sha256:".len() + 12]
    }
}

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why the file cannot be edited.
#[derive(Debug, thiserror::Error)]
pub enum ImageFileError {
    /// It is no kustomization.
    #[error("it is not readable as YAML: {0}")]
    Malformed(String),
    /// It does not name the image, or more than once.
    #[error("it names the image {name} {times} times, should be once")]
    NotOnce {
        /// The image's name in the base.
        name: String,
        /// How often it is there.
        times: usize,
    },
    /// The entry has no digest to be replaced, or is not written as one line for each field.
    #[error("its entry for {0} has no line `digest: sha256:...`")]
    NoDigest(String),
}

#[derive(Deserialize)]
struct Component {
    #[serde(default)]
    images: Vec<Image>,
}

/// One entry.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Image {
    name: String,
    new_name: Option<String>,
    digest: Option<String>,
}

impl Image {
    /// The entry of an image.
    pub(crate) fn read(text: &str, name: &str) -> Result<Self, ImageFileError> {
        Self::find(text, name)?.ok_or_else(|| ImageFileError::NotOnce {
            name: name.to_owned(),
            times: 0,
        })
    }

    /// The entry of an image, if there is one.
    pub(crate) fn find(text: &str, name: &str) -> Result<Option<Self>, ImageFileError> {
        let component: Component = serde_norway::from_str(text)
            .map_err(|error| ImageFileError::Malformed(error.to_string()))?;
        let entries = component.images.into_iter();
        let mut entries: Vec<_> = entries.filter(|image| image.name == name).collect();
        if entries.len() > 1 {
            return Err(ImageFileError::NotOnce {
                name: name.to_owned(),
                times: entries.len(),
            });
        }
        Ok(entries.pop())
    }

    pub(crate) fn has(&self, digest: &Digest) -> bool {
        self.digest.as_deref() == Some(digest.as_str())
    }

    /// The digest, if there is an image of it.
    pub(crate) fn digest(&self) -> Option<Digest> {
        Digest::parse(self.digest.as_deref()?).filter(Digest::was_built)
    }

    /// The name that it is given, where it is.
    pub(crate) fn new_name(&self) -> Option<&str> {
        self.new_name.as_deref()
    }

    /// Where it is pulled from: the name in the base, where nothing else is said.
    pub(crate) fn repository(&self) -> &str {
        self.new_name.as_deref().unwrap_or(&self.name)
    }
}

/// The text with another digest for an image, and nothing else changed.
pub(crate) fn with_digest(
    text: &str,
    name: &str,
    digest: &Digest,
) -> Result<String, ImageFileError> {
    Image::read(text, name)?;
    let mut edited = String::with_capacity(text.len());
    let mut inside = false;
    for line in text.split_inclusive('\n') {
        let words = line.trim();
        if let Some(entry) = words.strip_prefix("- ") {
            inside = entry
                .strip_prefix("name:")
                .is_some_and(|entry| entry.trim() == name);
        }
        if inside && words.starts_with("digest:") {
            let indent = &line[..line.len() - line.trim_start().len()];
            edited.extend([indent, "digest: ", digest.as_str(), "\n"]);
        } else {
            edited.push_str(line);
        }
    }
    if Image::read(&edited, name)?.has(digest) {
        Ok(edited)
    } else {
        Err(ImageFileError::NoDigest(name.to_owned()))
    }
}

/// The text with an entry more: an image that lies beside another one, in the same registry.
pub(crate) fn with_entry_beside(
    text: &str,
    other: &str,
    name: &str,
    digest: &Digest,
) -> Result<String, ImageFileError> {
    let other = Image::read(text, other)?;
    let folder = other.repository().rsplit_once('/');
    let repository = folder.map_or(name.to_owned(), |(folder, _)| format!("{folder}/{name}"));
    let line_end = if text.ends_with('\n') { "" } else { "\n" };
    let added =
        format!("{text}{line_end}- name: {name}\n  newName: {repository}\n  digest: {digest}\n");
    if Image::read(&added, name)?.has(digest) {
        Ok(added)
    } else {
        Err(ImageFileError::NoDigest(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Digest, Image, with_digest, with_entry_beside};

    const FILE: &str = "# Why.\nkind: Component\nimages:\n- name: invoice-app\n  newName: ghcr.io/x/invoice-app\n  digest: sha256:0000000000000000000000000000000000000000000000000000000000000000\n- name: postgres\n  digest: sha256:1111111111111111111111111111111111111111111111111111111111111111\n";

    fn digest(digit: char) -> Digest {
        Digest::parse(&format!("sha256:{}", String::from(digit).repeat(64))).unwrap()
    }

    #[test]
    fn one_line_changes_and_every_other_stays() {
        let edited = with_digest(FILE, "invoice-app", &digest('a')).unwrap();
        let changed: Vec<_> = FILE
            .lines()
            .zip(edited.lines())
            .filter(|(old, new)| old != new)
            .collect();
        assert_eq!(changed.len(), 1);
        assert_eq!(changed[0].1, format!("  digest: {}", digest('a')));
        assert_eq!(FILE.lines().count(), edited.lines().count());
    }

    #[test]
    fn the_other_image_of_a_file_is_found_by_its_name() {
        let edited = with_digest(FILE, "postgres", &digest('b')).unwrap();
        assert!(Image::read(&edited, "postgres").unwrap().has(&digest('b')));
        assert!(
            Image::read(&edited, "invoice-app")
                .unwrap()
                .has(&digest('0'))
        );
    }

    #[test]
    fn an_entry_that_a_file_lacks_is_added_in_the_registry_of_another() {
        let added = with_entry_beside(FILE, "invoice-app", "probe", &digest('c')).unwrap();
        assert!(added.starts_with(FILE), "{added}");
        let probe = Image::read(&added, "probe").unwrap();
        assert_eq!(probe.repository(), "ghcr.io/x/probe");
        assert_eq!(probe.digest(), Some(digest('c')));
        let closed = "images: [{name: invoice-app, digest: x}]\n";
        assert!(with_entry_beside(closed, "invoice-app", "probe", &digest('c')).is_err());
    }

    #[test]
    fn a_digest_of_zeros_is_no_image() {
        let image = |name| Image::read(FILE, name).unwrap();
        assert_eq!(image("invoice-app").digest(), None);
        assert_eq!(image("postgres").digest(), Some(digest('1')));
    }

    #[test]
    fn a_file_that_does_not_name_the_image_once_is_refused() {
        let none = with_digest(FILE, "probe", &digest('a'))
            .unwrap_err()
            .to_string();
        assert!(none.contains("probe 0 times"), "{none}");
        let twice = format!("{FILE}- name: postgres\n");
        assert!(
            Image::read(&twice, "postgres")
                .unwrap_err()
                .to_string()
                .contains("2 times")
        );
    }

    #[test]
    fn an_entry_without_a_digest_of_its_own_is_refused() {
        let tag = "images:\n- name: invoice-app\n  newTag: latest\n";
        assert!(with_digest(tag, "invoice-app", &digest('a')).is_err());
        let flow = "images: [{name: invoice-app, digest: x}]\n";
        assert!(with_digest(flow, "invoice-app", &digest('a')).is_err());
    }

    #[test]
    fn only_a_whole_digest_is_one() {
        assert!(Digest::of_reference(&format!("registry:5000/a@{}", digest('c'))).is_some());
        for wrong in ["a:latest", "a@sha256:00", "a@md5:00"] {
            assert!(Digest::of_reference(wrong).is_none(), "{wrong}");
        }
        assert!(Digest::parse(&format!("sha256:{}", "A".repeat(64))).is_none());
    }
}
