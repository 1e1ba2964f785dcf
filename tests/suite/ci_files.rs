//! The files of `docs/ci`: readable, accepted by the argument parser and by a shell, and run for real against a local org.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use clap::Parser;
use serde_json::Value;

use crate::test::{Said, Test};

const FILES: [&str; 4] =
    ["github/review.yml", "github/deploy.yml", "github/drift.yml", "gitlab/.gitlab-ci.yml"];

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ci").join(name)).unwrap()
}

fn parsed(name: &str) -> Value {
    serde_norway::from_str(&read(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// One script of a job, with the variables that the file gives it.
#[derive(Debug, Clone)]
struct Script {
    job: String,
    /// The step of GitHub; nothing in GitLab.
    step: String,
    text: String,
    variables: BTreeMap<String, String>,
}

fn texts(value: &Value) -> BTreeMap<String, String> {
    let entries = value.as_object().into_iter().flatten();
    entries.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect()
}

/// Every script of a file, in its order.
fn scripts(name: &str) -> Vec<Script> {
    let file = parsed(name);
    let mut found = Vec::new();
    if name.starts_with("github") {
        for (job, body) in file["jobs"].as_object().unwrap() {
            for step in body["steps"].as_array().unwrap() {
                let Some(text) = step["run"].as_str() else { continue };
                found.push(Script {
                    job: job.clone(),
                    step: step["name"].as_str().unwrap().to_owned(),
                    text: text.to_owned(),
                    variables: texts(&step["env"]),
                });
            }
        }
    } else {
        for (job, body) in file.as_object().unwrap() {
            for text in body["script"].as_array().into_iter().flatten() {
                let text = text.as_str().unwrap().to_owned();
                let variables = texts(&body["variables"]);
                found.push(Script { job: job.clone(), step: String::new(), text, variables });
            }
        }
    }
    assert!(!found.is_empty(), "{name} has no scripts");
    found
}

/// The words of every call of orgwire in a script, up to what the shell does with the output.
fn calls(script: &str) -> Vec<Vec<String>> {
    let joined = script.replace("\\\n", " ");
    let commands = joined.split(['\n', ';', '|', '{', '(']).map(str::trim);
    let words = commands.filter(|command| command.starts_with("orgwire ")).map(|command| {
        let words = command.split_whitespace().take_while(|word| !word.starts_with('>'));
        words.map(|word| word.replace('"', "").replace("$BASE", "main")).collect::<Vec<String>>()
    });
    words.collect()
}

#[test]
fn every_call_of_orgwire_is_one_that_it_understands() {
    let mut count = 0;
    let of_readme = read("README.md");
    let fences = of_readme.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned());
    let all = FILES.iter().flat_map(|name| scripts(name)).map(|script| script.text).chain(fences);
    for text in all {
        for words in calls(&text) {
            assert!(!words.iter().any(|word| word.contains('$')), "{words:?}");
            if let Err(error) = orgwire::cli::Cli::try_parse_from(&words) {
                panic!("{words:?}: {error}");
            }
            count += 1;
        }
    }
    assert_eq!(count, 14, "calls were not found, or are new");
}

#[test]
fn every_script_is_one_that_a_plain_shell_reads_and_none_has_a_strangers_text_in_it() {
    let test = Test::new();
    for name in FILES {
        for script in scripts(name) {
            assert!(!script.text.contains("${{"), "{name}: {}", script.text);
            test.write("script.sh", &script.text);
            let said = test.run_script("sh -n script.sh");
            assert_eq!((said.code, said.stderr.as_str()), (0, ""), "{name}: {}", script.text);
        }
    }
}

#[test]
fn workflows_name_every_secret_that_a_step_needs_and_pin_what_they_use() {
    for name in FILES.into_iter().filter(|name| name.starts_with("github")) {
        let text = read(name);
        assert!(!text.contains("pull_request_target:"), "{name}");
        let file = parsed(name);
        assert_eq!(file["defaults"]["run"]["shell"], "sh -e {0}", "{name}");
        assert_eq!(file["permissions"]["contents"], "read", "{name}");
        for step in
            file["jobs"].as_object().unwrap().values().flat_map(|job| job["steps"].as_array().unwrap())
        {
            assert!(step["uses"].is_null() || step["uses"].as_str().unwrap().contains('@'), "{step}");
        }
    }
}

/// A repository with a project in it, and the forge's programs beside it.
struct Forge {
    test: Test,
    /// What stands for `${{ ... }}`, and what the forge sets by itself.
    given: BTreeMap<&'static str, &'static str>,
}

impl Forge {
    /// `curl` or `gh` answers with the file `answer`, and keeps its words and what it was to send.
    fn new(program: &str) -> Forge {
        let test = Test::example("axsy").file(
            "orgwire.toml",
            "[environment.production]\norg = \"local\"\n\n[environment.production.variables]\ncontact = \"release@example.com\"\n",
        );
        let test = test
            .file(".gitignore", ".orgwire/\nbin/\nsent\ncalls\nanswer\n")
            .file("answer", "")
            .file("calls", "")
            .file("bin/orgwire", "#!/bin/sh\nexec \"$ORGWIRE\" \"$@\"\n")
            .file(
                &format!("bin/{program}"),
                "#!/bin/sh\necho \"$*\" >> calls\n\
                 case \"$*\" in\n\
                 *--config*) cat > configuration ;;\n\
                 esac\n\
                 case \"$*\" in\n\
                 *body@comment.md* | *body=@comment.md*) cp comment.md sent ;;\n\
                 *body=@drift.md*) cp drift.md sent ;;\n\
                 *) cat answer ;;\n\
                 esac\n",
            );
        for name in ["orgwire", program] {
            let path = test.path(&format!("bin/{name}"));
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let forge = Forge { test, given: BTreeMap::new() };
        forge.sh(
            "git init --quiet --initial-branch main && git add --all && git commit --quiet --message first \
                  && git update-ref refs/remotes/origin/main HEAD",
        );
        forge
    }

    fn sh(&self, script: &str) -> Said {
        let quiet = "git() { command git -c user.name=T -c user.email=t@example.com -c commit.gpgsign=false \"$@\"; }";
        let said = self.test.run_script(&format!("set -e\n{quiet}\n{script}"));
        assert_eq!(said.code, 0, "{script}\n{}\n{}", said.stdout, said.stderr);
        said
    }

    /// Runs the scripts of a job one after the other, as far as one fails.
    fn run(&self, file: &str, job: &str) -> Said {
        self.test.write("summary", "");
        self.test.write("output", "");
        let of_job = scripts(file).into_iter().filter(|script| script.job == job);
        let mut last = Said { code: 0, stdout: String::new(), stderr: String::new() };
        let steps: Vec<Script> = of_job.filter(|script| script.step != "Install orgwire").collect();
        assert!(!steps.is_empty(), "{file} has no job {job}");
        for script in steps {
            let mut variables = String::from("PATH=\"$PWD/bin:$PATH\"\nexport PATH\n");
            let filled = script.variables.iter().map(|(name, value)| (name.as_str(), self.filled(value)));
            let own = self.given.iter().filter(|(name, _)| !name.contains('.'));
            let own = own.map(|(name, value)| (*name, (*value).to_owned()));
            for (name, value) in own.chain(filled) {
                variables.push_str(&format!("{name}='{value}'\nexport {name}\n"));
            }
            variables.push_str("GITHUB_STEP_SUMMARY=summary GITHUB_OUTPUT=output\n");
            variables.push_str("export GITHUB_STEP_SUMMARY GITHUB_OUTPUT\n");
            self.test.write("script.sh", &script.text);
            last = self.test.run_script(&format!("{variables}exec sh -e script.sh"));
            if last.code != 0 {
                break;
            }
        }
        last
    }

    /// `${{ github.base_ref }}` as the forge fills it in.
    fn filled(&self, value: &str) -> String {
        match value.strip_prefix("${{ ").and_then(|rest| rest.strip_suffix(" }}")) {
            Some(name) if name.starts_with("secrets.") => "canary-secret".to_owned(),
            Some(name) => (*self.given.get(name).unwrap_or_else(|| panic!("{name} is not given"))).to_owned(),
            None => value.to_owned(),
        }
    }

    fn calls(&self) -> Vec<String> {
        let calls = self.test.read("calls").lines().map(str::to_owned).collect();
        self.test.write("calls", "");
        calls
    }
}

fn github() -> Forge {
    let given = [
        ("github.base_ref", "main"),
        ("github.event.pull_request.number", "7"),
        ("github.token", "canary-token"),
        ("GITHUB_REPOSITORY", "acme/orders"),
    ];
    Forge { given: given.into_iter().collect(), ..Forge::new("gh") }
}

const CHANGED: (&str, &str) = ("friendly-name = \"AxsyApexAPI\"", "friendly-name = \"Axsy\"");

#[test]
fn a_pull_request_gets_one_comment_that_is_kept_up_to_date() {
    let forge = github();
    forge.test.edit("manifests/main.toml", CHANGED.0, CHANGED.1);
    forge.run("github/review.yml", "review").success();
    let comment = forge.test.read("sent");
    assert!(comment.starts_with("<!-- orgwire review -->\n### orgwire diff: git:origin/main"), "{comment}");
    assert!(comment.contains("| `friendly-name` | `\"AxsyApexAPI\"` | `\"Axsy\"` |"), "{comment}");
    assert!(forge.test.read("summary").contains("`\"Axsy\"`"), "{}", forge.test.read("summary"));
    let calls = forge.calls();
    assert!(calls[0].starts_with("api --paginate repos/acme/orders/issues/7/comments --jq"), "{calls:?}");
    assert_eq!(
        calls[1],
        "api --silent --method POST repos/acme/orders/issues/7/comments --field body=@comment.md"
    );
    forge.test.write("answer", "31\n77\n");
    forge.run("github/review.yml", "review").success();
    assert_eq!(
        forge.calls()[1],
        "api --silent --method PATCH repos/acme/orders/issues/comments/31 --field body=@comment.md"
    );
    // What is wrong stands at its line, and the comment is there all the same.
    forge.test.edit("manifests/main.toml", "principal-type = \"NamedUser\"", "principal-type = \"NamedUsr\"");
    let said = forge.run("github/review.yml", "review").exits(1);
    assert!(said.stdout.contains("\n::error file=manifests/main.toml,line=50,col=18,"), "{}", said.stdout);
    assert!(forge.test.read("sent").contains("Not understood"), "{}", forge.test.read("sent"));
}

#[test]
fn a_merge_is_planned_approved_and_deployed_as_it_was_planned() {
    let forge = github();
    forge.run("github/deploy.yml", "plan").success();
    assert_eq!(forge.test.read("output"), "changes=true\n");
    assert!(forge.test.read("summary").contains("3 to create"), "{}", forge.test.read("summary"));
    let said = forge.run("github/deploy.yml", "deploy").success();
    assert!(!said.stdout.contains("::error"), "{}", said.stdout);
    forge.test.run("plan -e production --exit-code").success();
    forge.run("github/deploy.yml", "plan").success();
    assert_eq!(forge.test.read("output"), "changes=false\n");
    // Somebody changes the manifest between the approval and the deployment.
    forge.test.edit("manifests/main.toml", CHANGED.0, CHANGED.1);
    let said = forge.run("github/deploy.yml", "deploy").exits(7);
    assert!(said.stdout.contains("::error title=The plan is stale::"), "{}", said.stdout);
    let kept: Vec<u8> = forge.test.files().into_iter().flat_map(|(_, bytes)| bytes).collect();
    assert!(!String::from_utf8_lossy(&kept).contains("canary-secret"));
}

#[test]
fn drift_opens_one_issue_and_closes_it() {
    let forge = github();
    forge.test.run("deploy -e production --yes").success();
    forge.run("github/drift.yml", "drift").success();
    assert_eq!(forge.calls().len(), 1, "there is nothing to tell");
    let manifest = forge.test.read("manifests/main.toml");
    forge.test.edit("manifests/main.toml", CHANGED.0, CHANGED.1);
    forge.test.run("deploy -e production --yes").success();
    forge.test.write("manifests/main.toml", manifest);
    forge.run("github/drift.yml", "drift").exits(2);
    assert!(forge.test.read("sent").contains("`\"Axsy\"`"), "{}", forge.test.read("sent"));
    assert!(forge.calls()[1].starts_with("api --silent --method POST repos/acme/orders/issues "));
    forge.test.write("answer", "5\n");
    forge.run("github/drift.yml", "drift").exits(2);
    assert!(
        forge.calls()[1].starts_with("api --silent --method PATCH repos/acme/orders/issues/5 --field body")
    );
    forge.test.run("deploy -e production --yes").success();
    forge.run("github/drift.yml", "drift").success();
    assert_eq!(
        forge.calls()[1],
        "api --silent --method PATCH repos/acme/orders/issues/5 --raw-field state=closed"
    );
}

#[test]
fn a_merge_request_of_gitlab_gets_its_comment_plan_deployment_and_drift() {
    if Test::new().run_script("jq --version").code != 0 {
        // The image of a pipeline has it; the machine of whoever runs this need not.
        return;
    }
    let given = [
        ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
        ("CI_API_V4_URL", "https://gitlab.example/api/v4"),
        ("CI_PROJECT_ID", "12"),
        ("CI_MERGE_REQUEST_IID", "7"),
        ("ORGWIRE_GITLAB_TOKEN", "canary-token"),
    ];
    let forge = Forge { given: given.into_iter().collect(), ..Forge::new("curl") };
    let file = "gitlab/.gitlab-ci.yml";
    // The branch it goes to is fetched from a repository beside this one.
    forge.sh("git clone --quiet --bare . bin/origin.git && git remote add origin bin/origin.git");
    forge.test.write(
        "answer",
        "[{\"id\":3,\"system\":true,\"body\":\"merged\"},{\"id\":4,\"system\":false,\"body\":\"hello\"}]",
    );
    forge.test.edit("manifests/main.toml", CHANGED.0, CHANGED.1);
    forge.run(file, "review").success();
    assert!(forge.test.read("sent").contains("`\"Axsy\"`"), "{}", forge.test.read("sent"));
    let notes = "https://gitlab.example/api/v4/projects/12/merge_requests/7/notes";
    let options = "--config - --fail --silent --show-error";
    assert_eq!(
        forge.calls(),
        [
            format!("{options} {notes}?sort=asc&per_page=100"),
            format!("{options} --request POST --data-urlencode body@comment.md {notes}"),
        ]
    );
    assert_eq!(forge.test.read("configuration"), "header = \"PRIVATE-TOKEN: canary-token\"\n");
    let old = "[{\"id\":9,\"system\":false,\"body\":\"<!-- orgwire review -->\\n### old\"}]";
    forge.test.write("answer", old);
    forge.run(file, "review").success();
    assert_eq!(
        forge.calls()[1],
        format!("{options} --request PUT --data-urlencode body@comment.md {notes}/9")
    );
    let findings: Value = serde_json::from_str(&forge.test.read("lint.json")).unwrap();
    assert!(findings.as_array().unwrap().iter().all(|one| one["location"]["path"] == "manifests/main.toml"));
    forge.run(file, "plan").success();
    forge.run(file, "deploy").success();
    forge.run(file, "drift").success();
    let said = forge.run(file, "deploy").exits(7);
    assert!(said.stdout.contains("start the pipeline again"), "{}", said.stdout);
}
