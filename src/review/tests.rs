use super::*;
use crate::configuration::Configuration;
use crate::diagnostic::{Diagnostics, Severity, Sources};
use crate::resolve::{Inputs, Unset, resolve};

/// A side as `command::review` reads it, of one manifest.
fn side(name: &str, text: &str) -> Side {
    let mut sources = Sources::default();
    let id = sources.add("manifests/main.toml", text);
    let mut diagnostics = Diagnostics::default();
    let manifests = [crate::manifest::read(id, sources.get(id), &mut diagnostics)];
    let names = manifests[0].environments.keys().cloned().map(Some);
    let names: Vec<Environment> = std::iter::once(None).chain(names).collect();
    let views = names.into_iter().map(|name| {
        let mut found = diagnostics.clone();
        let configuration = Configuration::default();
        let mut inputs = Inputs::new(&manifests, &configuration);
        (inputs.environment, inputs.unset) = (name.as_deref(), Unset::Kept);
        let desired = resolve(&inputs, &mut found);
        let told = |found: &Diagnostics| -> Vec<Finding> {
            found.sorted().iter().map(|one| Finding::of(one, &sources)).collect()
        };
        let mut problems = told(&found);
        problems.retain(|one| one.severity == Severity::Error);
        let mut lints = Diagnostics::default();
        crate::lint::lint(&desired, &mut lints);
        (name, View { desired, problems, findings: told(&lints) })
    });
    Side { name: name.to_owned(), views: views.collect() }
}

const APP: &str = "[connected-app.A]\nlabel = \"A\"\ncontact-email = \"${var.contact}\"\n\
    [connected-app.A.oauth-config]\ncallback-url = \"https://a.example/cb\"\nscopes = [\"Api\"]\n\
    [variables]\ncontact = \"a@example.com\"\n";

fn told(review: &Review) -> Vec<String> {
    let mut lines = Vec::new();
    for one in &review.environments {
        let name = one.name.as_deref().unwrap_or("(none)");
        match &one.changes {
            None => lines.push(format!("{name}: not compared")),
            Some(changes) => {
                let new = if one.is_new { " (new)" } else { "" };
                let fields = changes.iter().flat_map(|change| {
                    let field = |one: &crate::diff::Difference| format!("{}.{}", change.id, one.path);
                    change.differences.iter().map(field).collect::<Vec<_>>()
                });
                lines.push(format!("{name}{new}: {}", fields.collect::<Vec<_>>().join(", ")));
            }
        }
    }
    lines
}

#[test]
fn a_project_without_environments_is_compared_once() {
    let review = review(&side("a", APP), &side("b", &APP.replace("/cb", "/other")), &[]);
    assert_eq!(told(&review), ["(none): connected-app.A.oauth-config.callback-url"]);
    assert!(review.has_changes() && review.is_whole());
}

#[test]
fn every_environment_is_compared_and_a_new_one_with_what_had_no_name() {
    let before =
        format!("{APP}[environment.uat.variables]\ncontact = \"uat@example.com\"\n[environment.old]\n");
    let after = format!(
        "{}[environment.uat.variables]\ncontact = \"uat@example.com\"\n[environment.new.variables]\ncontact = \
         \"new@example.com\"\n",
        APP.replace("a@example", "b@example")
    );
    let review = review(&side("a", &before), &side("b", &after), &[]);
    assert_eq!(told(&review), ["new (new): connected-app.A.contact-email", "uat: "]);
    assert_eq!(review.gone, ["old"]);
}

#[test]
fn a_side_that_cannot_be_read_is_told_and_the_other_is_shown() {
    let review = review(&side("a", "broken = "), &side("b", APP), &[]);
    assert_eq!(told(&review), ["(none): not compared"]);
    assert!(!review.is_whole());
    assert_eq!(review.problems.len(), 1, "{:?}", review.problems);
    assert_eq!(review.problems[0].side, "a");
    assert_eq!(review.wiring_before, None);
    assert_eq!(review.wiring_after.nodes.len(), 1);
}

#[test]
fn what_moved_within_a_file_is_no_new_finding() {
    let bad = APP.replace("\"Api\"", "\"RefreshToken\"").replace("a@example.com", "nobody");
    let moved = format!("# One line more.\n{bad}");
    let found = |before: &str, after: &str| -> Vec<bool> {
        review(&side("a", before), &side("b", after), &[]).findings.iter().map(|one| one.is_new).collect()
    };
    let all = found(&bad, &moved);
    assert!(!all.is_empty() && all.iter().all(|is_new| !is_new), "{all:?}");
    assert!(found(APP, &moved).iter().any(|is_new| *is_new));
}

#[test]
fn the_first_deployment_of_a_cycle_takes_two_passes() {
    let trio = include_str!("../../manifests/axsy.toml");
    let review = review(&side("a", ""), &side("b", trio), &[]);
    let [first] = review.first_deploy.as_slice() else { panic!("{:?}", review.first_deploy) };
    assert_eq!(first.environments, [Some("production".to_owned())]);
    assert_eq!((first.needs.len(), first.obstacles.len()), (0, 0), "{first:?}");
    let passes: Vec<Vec<&str>> = first
        .passes
        .iter()
        .map(|pass| pass.sends.iter().map(|send| send.component.as_str()).collect())
        .collect();
    let (app, provider, credential) =
        ("connected-app.AxsyApexAPI", "auth-provider.AxsyApexAPI", "named-credential.AxsyApexAPI");
    assert_eq!(passes, [vec![provider, app, credential], vec![app]]);
}
