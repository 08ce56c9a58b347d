//! A rule set compiled once, asked for every lead.

use crate::assign::condition::Test;
use crate::model::rules::{Rule, RuleSet, Target};

/// A rule set ready to decide.
#[derive(Debug)]
pub struct Compiled {
    pub(super) version: u64,
    pub(super) keep_owner: bool,
    pub(super) rules: Vec<CompiledRule>,
}

#[derive(Debug)]
pub(super) struct CompiledRule {
    pub name: String,
    /// `None` matches everything.
    pub when: Option<Test>,
    pub assign: Target,
}

/// Compiles the conditions of a rule set. People and order of rules are looked at by `check::check`.
///
/// # Errors
/// Every problem of every rule, a sentence each.
pub fn compile(set: &RuleSet) -> Result<Compiled, Vec<String>> {
    let mut problems = Vec::new();
    let rules = set
        .rules
        .iter()
        .filter_map(|rule| compile_rule(rule, &mut problems))
        .collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Compiled {
        version: set.version,
        keep_owner: set.keep_owner,
        rules,
    })
}

fn compile_rule(rule: &Rule, problems: &mut Vec<String>) -> Option<CompiledRule> {
    let mut own = Vec::new();
    let when = match &rule.when {
        None => Some(None),
        Some(condition) => Test::compile(condition, &mut own).map(Some),
    };
    problems.extend(
        own.into_iter()
            .map(|problem| format!("rule \"{}\": {problem}", rule.name)),
    );
    Some(CompiledRule {
        name: rule.name.clone(),
        when: when?,
        assign: rule.assign.clone(),
    })
}
