//! One promotion, from what runs to a commit that has arrived.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use manifests::Kubectl;

use crate::app::App;
use crate::arrival::Arrival;
use crate::branch::{Branch, Pushed};
use crate::cli::Order;
use crate::environments::{BUILD, Environment, Environments};
use crate::error::{PromoteError, say};
use crate::image_file::{Image, with_digest};
use crate::program::{Call, Tools};
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
    let mut source = source::find(&order.root, tools, &environments, &app, &order.from)?;
    say(
        out,
        &format!(
            "{} in {}: {}, {}",
            app.name, order.from, source.digest, source.seen
        ),
    )?;

    let repository = repository::find(order, tools)?;
    let branch = Branch::clone(tools, &order.root, &repository, &order.branch)?;
    if !matches!(source.evidence, Evidence::Whole(_)) {
        let brought_along = branch.evidence(&app.name, source.digest.as_str(), &order.from);
        source.evidence = brought_along.map_or(source.evidence, Evidence::Whole);
    }
    require_evidence(order, &source)?;
    let promotion = Promotion {
        order,
        tools,
        app: &app,
        source: &source,
        branch: &branch,
    };
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

/// What was not tested goes on only with a reason, which the commit names.
fn require_evidence(order: &Order, source: &Source) -> Result<(), PromoteError> {
    if matches!(source.evidence, Evidence::Whole(_)) || order.without_evidence.is_some() {
        return Ok(());
    }
    Err(PromoteError::NotTested {
        app: order.app.clone(),
        from: order.from.clone(),
        digest: source.digest.short().to_owned(),
        evidence: source.evidence.to_string(),
    })
}

struct Promotion<'a> {
    order: &'a Order,
    tools: &'a Tools,
    app: &'a App,
    source: &'a Source,
    branch: &'a Branch,
}

impl Promotion<'_> {
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

    /// Writes the digest into the overlay; gives what that changes in what is rendered.
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
        let image = Image::read(&text, &self.app.name).map_err(uneditable)?;
        if image.has(&self.source.digest) {
            return Ok(None);
        }
        let edited = with_digest(&text, &self.app.name, &self.source.digest).map_err(uneditable)?;
        let folder = self.app.rendered_folder(self.branch.tree(), &self.order.to);
        let before = self.render(&folder)?;
        std::fs::write(&path, edited).map_err(unusable)?;
        let after = self.render(&folder)?;
        if !after.contains(self.source.digest.as_str()) {
            let folder = folder.strip_prefix(self.branch.tree()).unwrap_or(&folder);
            return Err(PromoteError::NotRendered {
                folder: folder.display().to_string(),
                app: self.app.name.clone(),
            });
        }
        self.say_where_it_is_pulled_from(image.new_name.as_deref(), out)?;
        self.difference(&before, &after).map(Some)
    }

    fn render(&self, folder: &Path) -> Result<String, PromoteError> {
        Ok(Kubectl::at(&self.tools.kubectl).render_text(folder)?)
    }

    /// The same digest under another name is the same image, once it was copied there.
    fn say_where_it_is_pulled_from(
        &self,
        name: Option<&str>,
        out: &mut impl Write,
    ) -> Result<(), PromoteError> {
        let (here, digest) = (&self.source.image, &self.source.digest);
        let from = here
            .split_once('@')
            .map_or(here.as_str(), |(repository, _)| repository);
        match name {
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
        let folder = tempfile::tempdir().map_err(|source| PromoteError::File {
            path: String::from("a folder for the rendered manifests"),
            source,
        })?;
        for (name, text) in [("before", before), ("after", after)] {
            std::fs::write(folder.path().join(name), text).map_err(|source| {
                PromoteError::File {
                    path: name.to_owned(),
                    source,
                }
            })?;
        }
        let call = Call::of(&self.tools.git).within(folder.path());
        let call = call.with([
            "diff",
            "--no-index",
            "--no-color",
            "--no-ext-diff",
            "--no-prefix",
            "before",
            "after",
        ]);
        let difference = call.comparison()?;
        // The header names the two files; what changed comes after it.
        let changes: Vec<_> = difference
            .lines()
            .skip_while(|line| !line.starts_with("@@"))
            .collect();
        Ok(format!(
            "What {} of {} renders:\n{}",
            self.app.name,
            self.order.to,
            changes.join("\n")
        ))
    }

    fn message(&self, who: &Person) -> String {
        let (order, digest) = (self.order, &self.source.digest);
        let why = if order.from == BUILD {
            format!("What is known of the build: {}.", self.source.seen)
        } else {
            format!("It runs in {}: {}.", order.from, self.source.seen)
        };
        let evidence = match (&self.source.evidence, &order.without_evidence) {
            (known @ Evidence::Whole(_), _) | (known, None) => known.to_string(),
            (known, Some(reason)) => format!("{known}; promoted all the same: {reason}"),
        };
        format!(
            "Promote {app} from {from} to {to}: {short}\n\n{why}\n\n\
             Promoted-App: {app}\nPromoted-Digest: {digest}\nPromoted-From: {from}\nPromoted-To: {to}\n\
             Promoted-By: {name} <{email}>\nTest-Evidence: {evidence}\n",
            app = self.app.name,
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
