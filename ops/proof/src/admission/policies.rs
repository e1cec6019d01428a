use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::fmt;

use manifests::Document;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::conditions;
use super::expression::{Expression, Scope};
use super::matching::{NAMESPACE_NAME, labels};
use super::object::ready_for_admission;
use super::request::Request;
use super::specification::{
    Action, BindingSpecification, FailurePolicy, MatchResources, PolicySpecification,
};

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
        let world = World::of(request, &self.namespaces);
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
        requests: impl Iterator<Item = &'a Request>,
    ) -> Vec<Vec<Denial>> {
        let asked = self.all.iter().find(|asked| asked.name == policy);
        requests
            .map(|request| {
                let world = World::of(request, &self.namespaces);
                asked.map_or_else(Vec::new, |policy| policy.judge(&world))
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

/// One request, as policies see it.
struct World<'a> {
    request: &'a Request,
    namespace: BTreeMap<String, String>,
    /// Made when it is looked at: most policies are about other kinds.
    scope: OnceCell<Scope>,
}

impl<'a> World<'a> {
    fn of(request: &'a Request, namespaces: &BTreeMap<String, BTreeMap<String, String>>) -> Self {
        let mut namespace = BTreeMap::new();
        if let Some(name) = &request.namespace {
            namespace = namespaces.get(name).cloned().unwrap_or_default();
            // The API server sets it on every namespace, and nobody can change it.
            namespace.insert(NAMESPACE_NAME.to_owned(), name.clone());
        }
        Self {
            request,
            namespace,
            scope: OnceCell::new(),
        }
    }

    fn scope(&self) -> &Scope {
        self.scope.get_or_init(|| {
            let request = self.request;
            let mut scope = Scope::default();
            scope.insert("object", &completed(&request.object));
            scope.insert("oldObject", &completed(&request.old_object));
            scope.insert("request", &request.as_seen());
            scope.insert("params", &Value::Null);
            let namespace_object =
                json!({"metadata": {"name": request.namespace, "labels": self.namespace}});
            scope.insert("namespaceObject", &namespace_object);
            scope
        })
    }
}

fn completed(object: &Value) -> Value {
    if object.is_null() {
        Value::Null
    } else {
        ready_for_admission(object.clone())
    }
}

impl Policy {
    fn read(document: &Document) -> Result<Self, PoliciesError> {
        let written: PolicySpecification = specification(document)?;
        let compile = |place: String, text: &str| {
            Expression::compile(text).map_err(|reason| PoliciesError::Expression {
                policy: document.name().to_owned(),
                place,
                reason,
            })
        };
        let named = |what: &str, all: &[super::specification::Named]| {
            all.iter()
                .map(|one| {
                    let compiled = compile(format!("{what} {}", one.name), &one.expression)?;
                    Ok((one.name.clone(), compiled))
                })
                .collect::<Result<Vec<_>, PoliciesError>>()
        };
        let validations = written.validations.iter().map(|validation| {
            let compiled = compile("a validation".to_owned(), &validation.expression)?;
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
            conditions: named("the condition", &written.match_conditions)?,
            variables: named("the variable", &written.variables)?,
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
        if !self.constraints.include(world.request, &world.namespace) {
            return Vec::new();
        }
        let denying = self.bindings.iter().filter(|binding| {
            binding.validation_actions.contains(&Action::Deny)
                && binding
                    .match_resources
                    .include(world.request, &world.namespace)
        });
        if denying.count() == 0 {
            return Vec::new();
        }
        match self.applies(world.scope()) {
            Ok(false) => return Vec::new(),
            Err(reason) => return self.undecided(&reason),
            Ok(true) => {}
        }
        let scope = self.with_variables(world.scope());
        let mut denials = Vec::new();
        for (says, validation) in &self.validations {
            match validation.holds(&scope) {
                Ok(true) => {}
                Ok(false) => denials.push(self.denial(says.clone())),
                Err(reason) => denials.extend(self.undecided(&reason)),
            }
        }
        denials
    }

    /// A condition that is false counts before one that cannot be told.
    fn applies(&self, scope: &Scope) -> Result<bool, String> {
        let judged: Vec<_> = self
            .conditions
            .iter()
            .map(|(_, condition)| condition.holds(scope))
            .collect();
        if judged.contains(&Ok(false)) {
            return Ok(false);
        }
        judged.into_iter().find(Result::is_err).unwrap_or(Ok(true))
    }

    fn with_variables(&self, scope: &Scope) -> Scope {
        let mut scope = scope.clone();
        for (name, variable) in &self.variables {
            // The API server evaluates a variable when it is used, so an error matters only then.
            if let Ok(value) = variable.value(&scope) {
                scope.insert_variable(name, value);
            }
        }
        scope
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
