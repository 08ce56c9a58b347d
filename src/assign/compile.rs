//! A rule set compiled once, asked for every lead.

use crate::assign::company::FreeMail;
use crate::assign::condition::Test;
use crate::assign::trace::Text;
use crate::model::event::Violation;
use crate::model::rules::{OnNoneEligible, Rule, RuleSet, Target};
use crate::said;

/// A rule set ready to decide.
#[derive(Debug)]
pub struct Compiled {
    pub(super) version: u64,
    pub(super) keep_owner: bool,
    pub(super) last_owner_days: Option<u32>,
    pub(super) company_owner: bool,
    pub(super) free_mail: FreeMail,
    pub(super) rules: Vec<CompiledRule>,
}

#[derive(Debug)]
pub(super) struct CompiledRule {
    /// For the trace: `{"name": …, "when":`.
    pub head: String,
    pub name: String,
    /// `None` matches everything.
    pub when: Option<Test>,
    pub assign: Target,
    /// The skills its target asks for, in lower case.
    pub skills: Vec<String>,
    /// The target as routes of waiting leads name it.
    pub key: String,
    pub on_none: OnNoneEligible,
}

impl Compiled {
    /// Domains that are nobody's company.
    pub fn free_mail(&self) -> &FreeMail {
        &self.free_mail
    }
}

/// Compiles the conditions of a rule set. People and order of rules are looked at by `check::check`.
///
/// # Errors
/// Every problem of every rule, with its place as a JSON pointer.
pub fn compile(set: &RuleSet) -> Result<Compiled, Vec<Violation>> {
    let mut problems = Vec::new();
    let rules = set.rules.iter().enumerate();
    let mut rules: Vec<CompiledRule> = rules
        .filter_map(|(nth, rule)| compile_rule(rule, &format!("/rules/{nth}"), &mut problems))
        .collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut paths = Vec::new();
    for test in rules.iter_mut().filter_map(|rule| rule.when.as_mut()) {
        test.share(&mut paths);
    }
    Ok(Compiled {
        version: set.version,
        keep_owner: set.keep_owner,
        last_owner_days: set.last_owner_days,
        company_owner: set.company_owner,
        free_mail: FreeMail::with(&set.free_mail),
        rules,
    })
}

fn compile_rule(rule: &Rule, path: &str, problems: &mut Vec<Violation>) -> Option<CompiledRule> {
    let mut own = Vec::new();
    let when = match &rule.when {
        None => Some(None),
        Some(condition) => Test::compile(condition, &format!("{path}/when"), &mut own).map(Some),
    };
    problems.extend(own.into_iter().map(|problem| Violation {
        message: said!(
            "in-rule",
            "rule \"{rule}\": {why}",
            rule = &rule.name,
            why = problem.message
        ),
        ..problem
    }));
    let skills = match &rule.assign {
        Target::Team(target) => target
            .skills
            .iter()
            .map(|skill| skill.to_lowercase())
            .collect(),
        Target::Rep(_) => Vec::new(),
    };
    let mut head = Text::new(0);
    head.raw("{\"name\":").json(&rule.name).raw(",\"when\":");
    Some(CompiledRule {
        head: head.into_string(),
        name: rule.name.clone(),
        when: when?,
        key: key(&rule.assign, &skills),
        skills,
        assign: rule.assign.clone(),
        on_none: rule.on_none_eligible.clone(),
    })
}

/// What tells two targets apart: who may be asked, and for which skills.
fn key(target: &Target, skills: &[String]) -> String {
    match target {
        Target::Rep(target) => format!("rep:{}", target.rep),
        Target::Team(target) => {
            let mut skills = skills.to_vec();
            skills.sort();
            skills.insert(0, format!("team:{}", target.team));
            skills.join("+")
        }
    }
}
