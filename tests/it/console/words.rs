//! Every text exists in every language, and every text that a page says exists.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use frontdesk::console::words::{Language, Words, files};

/// Message → its placeables, of each file of a language.
fn messages(language: Language) -> BTreeMap<String, BTreeMap<String, BTreeSet<String>>> {
    let mut all = BTreeMap::new();
    for (file, text) in files(language) {
        let mut keys: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut current = String::new();
        for line in text.lines() {
            let starts = line.chars().next().is_some_and(char::is_alphabetic);
            if starts && let Some((key, _)) = line.split_once(" =") {
                current = key.to_owned();
                let new = keys.insert(current.clone(), BTreeSet::new()).is_none();
                assert!(new, "{file} of {} has {key} twice", language.code());
            }
            for (at, _) in line.match_indices('$') {
                let name = line[at + 1..].chars();
                let name = name.take_while(|c| c.is_alphanumeric() || *c == '_');
                keys.get_mut(&current).unwrap().insert(name.collect());
            }
        }
        all.insert(file, keys);
    }
    all
}

#[test]
fn both_languages_say_the_same_things() {
    let english = messages(Language::English);
    assert!(english.len() > 5, "the messages were not found");
    assert_eq!(english, messages(Language::Spanish));
    let mut seen = BTreeSet::new();
    for (file, keys) in &english {
        for key in keys.keys() {
            assert!(
                seen.insert(key),
                "{key} of {file} stands in another file too"
            );
        }
    }
}

#[test]
fn every_message_can_be_said() {
    for language in Language::ALL {
        let words = Words::of(language);
        for (file, keys) in messages(language) {
            for key in keys.keys() {
                assert!(
                    words.knows(key),
                    "{} {file}: {key} does not parse",
                    language.code()
                );
            }
        }
    }
}

#[test]
fn every_text_that_a_page_says_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/console");
    let words = Words::of(Language::English);
    let mut asked = 0;
    let mut missing = Vec::new();
    for folder in ["templates", "pages"] {
        for file in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = file.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            for key in said(&text) {
                asked += 1;
                if !words.knows(&key) {
                    missing.push(format!("{}: {key}", path.display()));
                }
            }
        }
    }
    assert!(asked > 50, "the pages were not found");
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// Whatever keeps an event or a request out is called by a name, and says what can be done.
#[test]
fn every_code_has_a_name_and_a_remedy() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let refusals = std::fs::read_to_string(root.join("src/ingest/rejection.rs")).unwrap();
    let (_, table) = refusals.split_once("fn code(").unwrap();
    let (table, _) = table.split_once("\n    }").unwrap();
    let mut codes: Vec<&str> = table.split('"').skip(1).step_by(2).collect();
    assert!(codes.len() > 10, "the codes were not found");
    codes.extend(frontdesk::console::pages::inbox::CODES);
    for language in Language::ALL {
        let words = Words::of(language);
        for code in &codes {
            for group in ["code", "todo"] {
                let key = format!("{group}-{}", code.replace('_', "-"));
                assert!(words.knows(&key), "{} lacks {key}", language.code());
            }
        }
    }
}

/// The keys in `f.t("…")`, `.with("…"`, `.count("…"`, `.say("…")`.
fn said(text: &str) -> Vec<String> {
    let mut keys = Vec::new();
    for call in ["f.t(", "f.with(", "f.count(", ".say("] {
        for (at, _) in text.match_indices(call) {
            let rest = text[at + call.len()..].trim_start();
            if let Some((key, _)) = rest.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
                keys.push(key.to_owned());
            }
        }
    }
    keys
}

#[test]
fn every_sentence_of_other_rooms_exists_with_its_values() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let messages = messages(Language::Spanish);
    let files = ["said.ftl", "received.ftl", "body.ftl", "declaration.ftl"];
    let files = files.map(|file| &messages[file]);
    let known: BTreeMap<_, _> = files.into_iter().flatten().collect();
    // What joins others stands beside the model of sentences, which is no sentence's room.
    let joining = ["either", "together"];
    let mut codes: BTreeSet<String> = joining.map(|code| format!("said-{code}")).into();
    for folder in [
        "app", "assign", "config", "console", "expr", "ingest", "merge", "model", "payload",
        "process", "source", "store", "web",
    ] {
        walk(&root.join(folder), &mut |text| {
            if text.contains("macro_rules! said") {
                return;
            }
            let calls = ["said!(", "phrase!("].map(|name| text.match_indices(name));
            for (at, call) in calls.into_iter().flatten() {
                let call = arguments(&text[at + call.len()..]);
                let code = call.split('"').nth(1).unwrap();
                let code = format!("said-{code}");
                for value in known.get(&code).into_iter().copied().flatten() {
                    let given = format!("{value} = ");
                    assert!(call.contains(&given), "{code} is not given {value}");
                }
                codes.insert(code);
            }
        });
    }
    assert!(codes.len() > 300, "the sentences were not found");
    let known = known.into_keys().filter(|key| key.starts_with("said-"));
    assert_eq!(codes, known.cloned().collect());
}

/// What stands before the parenthesis that closes a call.
fn arguments(text: &str) -> &str {
    let mut depth = 1;
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[..at];
        }
    }
    text
}

/// Shows each source file below a folder.
fn walk(folder: &Path, see: &mut dyn FnMut(&str)) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => walk(&path, see),
            false => see(&std::fs::read_to_string(&path).unwrap()),
        }
    }
}
