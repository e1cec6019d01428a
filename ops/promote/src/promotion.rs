//! One promotion, from what runs to a commit that has arrived.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use manifests::Kubectl;

use crate::app::App;
use crate::arrival::Arrival;
use crate::branch::{Branch, Pushed};
use crate::cli::Order;
use crate::difference;
use crate::environments::{BUILD, Environment, Environments};
use crate::error::{PromoteError, say};
use crate::hook::{self, Hook};
use crate::image_file::{Digest, Image, ImageFileError, with_digest, with_entry_beside};
use crate::program::Tools;
use crate::repository::{self, Person, printable};
use crate::source::{self, Evidence, Source};

/// Others may push meanwhile; more often than this is not chance.
const ATTEMPTS: u32 = 5;

/// Promotes: asks, refuses, commits, pushes, and waits until it has arrived where that can be seen.
///
/// # Errors
/// When something is refused; nothing has changed then, except where the error says so.
pub fn promote(order: &Order, tools: &Tools, out: &mut impl Write) -> Result<(), PromoteError> {
    let app = App::find(&order.root, &order.app)?;
    let environments = Environments::read(&order.root)?;
    let to = environments.step(&order.from, &order.to)?;
    let source = source::find(&order.root, tools, &environments, &app, &order.from)?;
    say(
        out,
        &format!(
            "{} in {}: {}, {}",
            app.name, order.from, source.digest, source.seen
        ),
    )?;

    let repository = repository::find(order, tools)?;
    let branch = Branch::clone(tools, &order.root, &repository, &order.branch)?;
    let hook = hook::find(order, &app, &source, &branch)?;
    if let Some(hook) = &hook {
        say(
            out,
            &format!("After each sync it is looked at by {}", hook.image),
        )?;
    }
    let promotion = Promotion {
        order,
        tools,
        app: &app,
        evidence: evidence(order, &source, hook.as_ref(), &branch),
        source: &source,
        hook: hook.as_ref(),
        branch: &branch,
    };
    promotion.require_evidence()?;
    let Some(commit) = promotion.commit(out)? else {
        return say(
            out,
            &format!("Nothing to promote: {} names this digest already.", to.name),
        );
    };
    say(
        out,
        &format!(
            "Committed to {} of {}: {commit}",
            order.branch,
            printable(&repository)
        ),
    )?;
    promotion.await_arrival(to, &commit, out)
}

/// What this clone knows of its tests, else what the commit says that brought it to where it is promoted from.
fn evidence(order: &Order, source: &Source, hook: Option<&Hook>, branch: &Branch) -> Evidence {
    let known = source.evidence(hook);
    if matches!(known, Evidence::Whole(_)) {
        return known;
    }
    let (digest, hook) = (
        source.digest.as_str(),
        hook.map(|hook| hook.digest.as_str()),
    );
    let brought_along = branch.evidence(&order.app, digest, hook, &order.from);
    brought_along.map_or(known, Evidence::Whole)
}

struct Promotion<'a> {
    order: &'a Order,
    tools: &'a Tools,
    app: &'a App,
    source: &'a Source,
    hook: Option<&'a Hook>,
    evidence: Evidence,
    branch: &'a Branch,
}

impl Promotion<'_> {
    /// What was not tested goes on only with a reason, which the commit names.
    fn require_evidence(&self) -> Result<(), PromoteError> {
        let reason = &self.order.without_evidence;
        if matches!(self.evidence, Evidence::Whole(_)) || reason.is_some() {
            return Ok(());
        }
        Err(PromoteError::NotTested {
            app: self.order.app.clone(),
            from: self.order.from.clone(),
            digest: self.source.digest.short().to_owned(),
            evidence: self.evidence.to_string(),
        })
    }

    /// The commit that was pushed; `None` when there was nothing to change.
    fn commit(&self, out: &mut impl Write) -> Result<Option<String>, PromoteError> {
        let who = Person::of(&self.order.root, self.tools);
        for _ in 0..ATTEMPTS {
            let Some(difference) = self.edit(out)? else {
                return Ok(None);
            };
            let commit = self.branch.commit(&who, &self.message(&who))?;
            match self.branch.push()? {
                Pushed::Done => {
                    say(out, difference.trim_end())?;
                    return Ok(Some(commit));
                }
                Pushed::Overtaken => say(
                    out,
                    "Somebody pushed at the same moment: again, on top of that.",
                )?,
            }
        }
        Err(PromoteError::Overtaken(ATTEMPTS))
    }

    /// Writes the digests into the overlay; gives what that changes in what is rendered.
    fn edit(&self, out: &mut impl Write) -> Result<Option<String>, PromoteError> {
        let name = self.app.image_file(&self.order.to);
        let path = self.branch.tree().join(&name);
        let unusable = |source| PromoteError::File {
            path: name.clone(),
            source,
        };
        let uneditable = |source| PromoteError::ImageFile {
            path: name.clone(),
            source,
        };
        let text = std::fs::read_to_string(&path).map_err(unusable)?;
        if self.is_named_by(&text).map_err(uneditable)? {
            return Ok(None);
        }
        let edited = self.edited(&text).map_err(uneditable)?;
        let folder = self.app.rendered_folder(self.branch.tree(), &self.order.to);
        let before = self.render(&folder)?;
        std::fs::write(&path, &edited).map_err(unusable)?;
        let after = self.render(&folder)?;
        for (name, digest, image) in self.images() {
            if !after.contains(digest.as_str()) {
                let folder = folder.strip_prefix(self.branch.tree()).unwrap_or(&folder);
                return Err(PromoteError::NotRendered {
                    folder: folder.display().to_string(),
                    image: name.to_owned(),
                });
            }
            let entry = Image::read(&edited, name).map_err(uneditable)?;
            self.say_where_it_is_pulled_from(&entry, digest, image, out)?;
        }
        self.difference(&before, &after).map(Some)
    }

    /// What is promoted: the name in the base, the digest, and where that is pulled from now.
    fn images(&self) -> Vec<(&str, &Digest, &str)> {
        let Source { digest, image, .. } = self.source;
        let app = (self.app.name.as_str(), digest, image.as_str());
        let hook = self
            .hook
            .map(|hook| (hook::IMAGE, &hook.digest, hook.image.as_str()));
        std::iter::once(app).chain(hook).collect()
    }

    /// Whether the overlay's file names all of it already.
    fn is_named_by(&self, text: &str) -> Result<bool, ImageFileError> {
        for (name, digest, _) in self.images() {
            if !Image::find(text, name)?.is_some_and(|image| image.has(digest)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn edited(&self, text: &str) -> Result<String, ImageFileError> {
        let app = &self.app.name;
        let edited = with_digest(text, app, &self.source.digest)?;
        let Some(Hook { digest, .. }) = self.hook else {
            return Ok(edited);
        };
        if Image::find(&edited, hook::IMAGE)?.is_some() {
            return with_digest(&edited, hook::IMAGE, digest);
        }
        // The branch keeps the file of each environment, also one from before there was a hook.
        with_entry_beside(&edited, app, hook::IMAGE, digest)
    }

    fn render(&self, folder: &Path) -> Result<String, PromoteError> {
        Ok(Kubectl::at(&self.tools.kubectl).render_text(folder)?)
    }

    /// The same digest under another name is the same image, once it was copied there.
    fn say_where_it_is_pulled_from(
        &self,
        entry: &Image,
        digest: &Digest,
        here: &str,
        out: &mut impl Write,
    ) -> Result<(), PromoteError> {
        let from = here.split_once('@').map_or(here, |(from, _)| from);
        match entry.new_name() {
            Some(name) if name != from => say(
                out,
                &format!(
                    "{} pulls {name}@{}: if it is not there yet, crane copy {here} {name}:{}",
                    self.order.to,
                    digest.short(),
                    digest.short().replace(':', "-"),
                ),
            ),
            _ => Ok(()),
        }
    }

    fn difference(&self, before: &str, after: &str) -> Result<String, PromoteError> {
        let changes = difference::between(self.tools, before, after)?;
        let (app, to) = (&self.app.name, &self.order.to);
        Ok(format!("What {app} of {to} renders:\n{changes}"))
    }

    fn message(&self, who: &Person) -> String {
        let (order, digest) = (self.order, &self.source.digest);
        let why = if order.from == BUILD {
            format!("What is known of the build: {}.", self.source.seen)
        } else {
            format!("It runs in {}: {}.", order.from, self.source.seen)
        };
        let hook = self
            .hook
            .map(|hook| format!("Promoted-Hook: {}\n", hook.digest));
        let evidence = match (&self.evidence, &order.without_evidence) {
            (known @ Evidence::Whole(_), _) | (known, None) => known.to_string(),
            (known, Some(reason)) => format!("{known}; promoted all the same: {reason}"),
        };
        format!(
            "Promote {app} from {from} to {to}: {short}\n\n{why}\n\n\
             Promoted-App: {app}\nPromoted-Digest: {digest}\n{hook}Promoted-From: {from}\nPromoted-To: {to}\n\
             Promoted-By: {name} <{email}>\nTest-Evidence: {evidence}\n",
            app = self.app.name,
            hook = hook.unwrap_or_default(),
            from = order.from,
            to = order.to,
            short = digest.short(),
            name = who.name,
            email = who.email,
        )
    }

    fn await_arrival(
        &self,
        to: &Environment,
        commit: &str,
        out: &mut impl Write,
    ) -> Result<(), PromoteError> {
        let Some(cluster) = source::cluster(&self.order.root, self.tools, to)? else {
            let sentence = format!(
                "{} is git only from here: its own Argo CD takes it from there.",
                to.name
            );
            return say(out, &sentence);
        };
        let application = cluster.application(self.app, &to.name);
        let application = application.map_err(PromoteError::arrival(&to.name))?;
        if application.is_none() {
            let sentence = format!(
                "No Argo CD brings it to {}: nothing changes there by this commit alone.",
                to.name
            );
            return say(out, &sentence);
        }
        if self.order.wait == 0 {
            return Ok(());
        }
        let arrival = Arrival {
            cluster: &cluster,
            branch: self.branch,
            app: self.app,
            environment: &to.name,
            commit,
            digest: &self.source.digest,
        };
        arrival.wait(Duration::from_secs(self.order.wait), out)
    }
}
