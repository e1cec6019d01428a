use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::fmt;

use super::conditions;
use super::expression::{Expression, Name};
use super::matching::{NAMESPACE_NAME, labels};
use super::memory::{Made, Memory, Number};
use super::request::Request;
use super::sight::{Asked, Seen, World};
use super::specification::{
    Action, BindingSpecification, FailurePolicy, MatchResources, PolicySpecification,
};
use manifests::Document;
use serde::de::DeserializeOwned;

/// `ValidatingAdmissionPolicy`s with their bindings.
pub struct Policies {
    all: Vec<Policy>,
    namespaces: BTreeMap<String, BTreeMap<String, String>>,
    /// Bindings of policies that are not there.
    loose: Vec<String>,
}

/// Policies that cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum PoliciesError {
    /// A field is unknown, missing or of the wrong type.
    #[error("{object} cannot be judged: {reason}")]
    Unreadable {
        /// The policy or binding.
        object: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An expression is not one of the Common Expression Language.
    #[error("{policy}: the expression of {place} does not compile: {reason}")]
    Expression {
        /// The policy.
        policy: String,
        /// A variable, a condition or a validation.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// A policy's no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// The policy's name.
    pub policy: String,
    /// What it says.
    pub message: String,
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.policy, self.message)
    }
}

struct Policy {
    name: String,
    /// Policy and bindings as they are written: what an answer can depend on.
    text: String,
    on_failure: FailurePolicy,
    constraints: MatchResources,
    conditions: Vec<(String, Expression)>,
    variables: Vec<(String, Expression)>,
    validations: Vec<(String, Expression)>,
    bindings: Vec<BindingSpecification>,
}

impl Policies {
    /// Takes the policies, their bindings and the namespaces out of rendered objects.
    ///
    /// # Errors
    /// When one of them cannot be judged.
    pub fn read(documents: &[Document]) -> Result<Self, PoliciesError> {
        let of_kind = |kind: &'static str| {
            documents
                .iter()
                .filter(move |document| document.kind() == kind)
        };
        let mut policies = of_kind("ValidatingAdmissionPolicy")
            .map(Policy::read)
            .collect::<Result<Vec<_>, _>>()?;
        let mut loose = Vec::new();
        for document in of_kind("ValidatingAdmissionPolicyBinding") {
            let binding: BindingSpecification = specification(document)?;
            match policies
                .iter_mut()
                .find(|policy| policy.name == binding.policy_name)
            {
                Some(policy) => {
                    policy.text += &document.value().to_string();
                    policy.bindings.push(binding);
                }
                None => loose.push(format!(
                    "{document} is for the policy {}, which is not there",
                    binding.policy_name
                )),
            }
        }
        let namespaces = of_kind("Namespace")
            .map(|document| (document.name().to_owned(), labels(document.value())))
            .collect();
        Ok(Self {
            all: policies,
            namespaces,
            loose,
        })
    }

    /// Who refuses a request; nobody when it is admitted.
    #[must_use]
    pub fn judge(&self, request: &Request) -> Vec<Denial> {
        let (seen, memory) = (Seen::default(), Memory::default());
        let asked = Asked {
            request,
            seen: &seen,
            memory: &memory,
        };
        let world = World::of(asked, &self.namespaces);
        let judged = self.all.iter();
        judged.flat_map(|policy| policy.judge(&world)).collect()
    }

    /// The policies' names, each with all that its answers depend on.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        let policies = self.all.iter();
        policies.map(|policy| (policy.name.as_str(), policy.text.as_str()))
    }

    /// What one policy says to each of several requests.
    pub(super) fn answers_of<'a>(
        &self,
        policy: &str,
        requests: impl Iterator<Item = Asked<'a>>,
    ) -> Vec<Vec<Denial>> {
        let named = self.all.iter().find(|one| one.name == policy);
        requests
            .map(|asked| {
                let world = World::of(asked, &self.namespaces);
                named.map_or_else(Vec::new, |policy| policy.judge(&world))
            })
            .collect()
    }

    /// The namespaces that bindings except by name, each with its binding's policy.
    pub(super) fn exceptions(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for policy in &self.all {
            for binding in &policy.bindings {
                let excepted = binding.match_resources.excepted_names();
                found.extend(excepted.map(|name| (policy.name.clone(), name.to_owned())));
            }
        }
        found
    }

    /// What makes a policy weaker than it looks, whatever is asked.
    #[must_use]
    pub fn weaknesses(&self) -> Vec<String> {
        let mut found = self.loose.clone();
        for policy in &self.all {
            if policy.on_failure == FailurePolicy::Ignore {
                found.push(format!(
                    "{} admits what its expressions cannot judge: failurePolicy has to be Fail",
                    policy.name
                ));
            }
            let bound = policy.bindings.iter();
            let places: Vec<_> = bound
                .map(|binding| &binding.match_resources)
                .chain([&policy.constraints])
                .collect();
            if places.iter().any(|place| place.goes_by_labels()) {
                found.push(format!(
                    "{} can be got around with a label: only namespaces may be selected, by {NAMESPACE_NAME}",
                    policy.name
                ));
            }
            if places.iter().any(|place| place.is_exact()) {
                found.push(format!(
                    "{} is not for other versions of its kinds: matchPolicy has to be Equivalent",
                    policy.name
                ));
            }
            if places.iter().any(|place| place.excludes()) {
                found.push(format!(
                    "{} leaves out what excludeResourceRules names: nothing may be excepted so",
                    policy.name
                ));
            }
            let mut bound = policy.bindings.iter();
            if bound.any(|binding| binding.match_resources.resource_rules.is_some()) {
                found.push(format!(
                    "{} is bound to a part of its kinds: resourceRules are for the policy to say",
                    policy.name
                ));
            }
            found.extend(policy.unknown_conditions());
            if policy.bindings.is_empty() {
                found.push(format!(
                    "{} has no binding, so it refuses nothing",
                    policy.name
                ));
            }
        }
        found
    }
}

/// One request, as the expressions of one policy see it.
struct Sight<'a> {
    policy: &'a Policy,
    world: &'a World<'a>,
    /// Of the policy's variables; none is one that cannot be evaluated. Each is made when something uses it, as the
    /// API server does.
    variables: Vec<OnceCell<Option<Number>>>,
}

impl<'a> Sight<'a> {
    fn of(policy: &'a Policy, world: &'a World<'a>) -> Self {
        let variables = policy.variables.iter().map(|_| OnceCell::new());
        Self {
            policy,
            world,
            variables: variables.collect(),
        }
    }

    /// Whether an expression is true; an error when it cannot be told, as for the API server.
    fn holds(&self, expression: &Expression) -> Result<bool, String> {
        self.world.memory().truth(self.made(expression)?)
    }

    fn made(&self, expression: &Expression) -> Made {
        let inputs = expression.names().iter().map(|name| match name {
            Name::Root(root) => Some(self.world.number(*root)),
            Name::Variable(name) => self.variable(name),
        });
        let inputs: Vec<_> = inputs.collect();
        self.world.memory().made(expression, &inputs)
    }

    fn variable(&self, name: &str) -> Option<Number> {
        let mut all = self.policy.variables.iter().zip(&self.variables);
        let ((_, expression), value) = all.find(|((written, _), _)| written == name)?;
        *value.get_or_init(|| self.made(expression).ok())
    }
}

impl Policy {
    fn read(document: &Document) -> Result<Self, PoliciesError> {
        let written: PolicySpecification = specification(document)?;
        let names: Vec<_> = written.variables.iter().map(|one| &*one.name).collect();
        let compile = |place: String, text: &str, variables: &[&str]| {
            Expression::compile(text, variables).map_err(|reason| PoliciesError::Expression {
                policy: document.name().to_owned(),
                place,
                reason,
            })
        };
        // Conditions come before all variables, and a variable uses those before it.
        let conditions = written.match_conditions.iter().map(|one| {
            let compiled = compile(format!("the condition {}", one.name), &one.expression, &[])?;
            Ok((one.name.clone(), compiled))
        });
        let variables = written.variables.iter().enumerate().map(|(index, one)| {
            let place = format!("the variable {}", one.name);
            let compiled = compile(place, &one.expression, &names[..index])?;
            Ok((one.name.clone(), compiled))
        });
        let validations = written.validations.iter().map(|validation| {
            let compiled = compile("a validation".to_owned(), &validation.expression, &names)?;
            let says = if validation.message.is_empty() {
                format!("failed expression: {}", validation.expression.trim())
            } else {
                validation.message.clone()
            };
            Ok((says, compiled))
        });
        Ok(Self {
            name: document.name().to_owned(),
            text: document.value().to_string(),
            on_failure: written.failure_policy,
            conditions: conditions.collect::<Result<_, PoliciesError>>()?,
            variables: variables.collect::<Result<_, PoliciesError>>()?,
            validations: validations.collect::<Result<_, PoliciesError>>()?,
            constraints: written.match_constraints,
            bindings: Vec::new(),
        })
    }

    /// Each lets something pass, and a trial may be about none of it.
    fn unknown_conditions(&self) -> impl Iterator<Item = String> {
        let unknown = self
            .conditions
            .iter()
            .filter(|(name, condition)| !conditions::is_known(&self.name, name, condition.text()));
        unknown.map(|(name, _)| {
            format!(
                "{} has a condition {name} that is not, or not so, among those that were meant",
                self.name
            )
        })
    }

    fn judge(&self, world: &World<'_>) -> Vec<Denial> {
        if !world.is_in(&self.constraints) {
            return Vec::new();
        }
        let denying = self.bindings.iter().filter(|binding| {
            binding.validation_actions.contains(&Action::Deny)
                && world.is_in(&binding.match_resources)
        });
        if denying.count() == 0 {
            return Vec::new();
        }
        let sight = Sight::of(self, world);
        match self.applies(&sight) {
            Ok(false) => return Vec::new(),
            Err(reason) => return self.undecided(&reason),
            Ok(true) => {}
        }
        let mut denials = Vec::new();
        for (says, validation) in &self.validations {
            match sight.holds(validation) {
                Ok(true) => {}
                Ok(false) => denials.push(self.denial(says.clone())),
                Err(reason) => denials.extend(self.undecided(&reason)),
            }
        }
        denials
    }

    /// A condition that is false counts before one that cannot be told.
    fn applies(&self, sight: &Sight<'_>) -> Result<bool, String> {
        let judged: Vec<_> = self
            .conditions
            .iter()
            .map(|(_, condition)| sight.holds(condition))
            .collect();
        if judged.contains(&Ok(false)) {
            return Ok(false);
        }
        judged.into_iter().find(Result::is_err).unwrap_or(Ok(true))
    }

    fn denial(&self, message: String) -> Denial {
        Denial {
            policy: self.name.clone(),
            message,
        }
    }

    fn undecided(&self, reason: &str) -> Vec<Denial> {
        match self.on_failure {
            FailurePolicy::Fail => vec![self.denial(format!("cannot be judged: {reason}"))],
            FailurePolicy::Ignore => Vec::new(),
        }
    }
}

fn specification<T: DeserializeOwned>(document: &Document) -> Result<T, PoliciesError> {
    let written = document.at("/spec").cloned().unwrap_or_default();
    serde_json::from_value(written).map_err(|error| PoliciesError::Unreadable {
        object: document.to_string(),
        reason: error.to_string(),
    })
}
