//! Many clients at once: all are served, one deployment after the other, in the order in which they came.

use std::time::Duration;

use orgwire::org::{AccessToken, DeployOptions, Interrupt, Org, Pace, Target};
use orgwire::simulator::{self, Options, Simulator};

const CLIENTS: usize = 200;

/// A package with one remote site setting.
fn package(number: usize) -> Vec<u8> {
    use std::io::Write;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    let name = format!("Site_{number}");
    for (path, text) in [
        (
            "package.xml".to_owned(),
            format!(
                "<Package xmlns=\"http://soap.sforce.com/2006/04/metadata\"><types><members>{name}</members>\
                 <name>RemoteSiteSetting</name></types><version>62.0</version></Package>"
            ),
        ),
        (
            format!("remoteSiteSettings/{name}.remoteSite"),
            format!(
                "<RemoteSiteSetting xmlns=\"http://soap.sforce.com/2006/04/metadata\">\
                 <disableProtocolSecurity>false</disableProtocolSecurity><isActive>true</isActive>\
                 <url>https://site{number}.example</url></RemoteSiteSetting>"
            ),
        ),
    ] {
        zip.start_file(path, options).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[tokio::test]
async fn two_hundred_clients_are_served_in_the_order_in_which_they_came() {
    let pace = simulator::Pace { pending: Duration::ZERO, in_progress: Duration::ZERO };
    let simulator = Simulator::start(Options { pace, ..Options::default() }).await.unwrap();
    let ready = simulator.ready();
    let client = |number: usize| {
        let target = Target {
            name: "crowd".to_owned(),
            instance_url: ready.instance_url.clone(),
            access_token: AccessToken::new(ready.access_token.clone()),
            simulated: true,
        };
        async move {
            let pace = Pace { patience: 100, ..Pace::default() };
            let org = Org::connect(target, 62).unwrap().at_pace(pace);
            let options = DeployOptions::default();
            let interrupt = Interrupt::new();
            org.writer().deploy(&package(number), &options, &interrupt, &mut |_| {}).await.unwrap()
        }
    };
    let results = futures_util::future::join_all((0..CLIENTS).map(client)).await;
    assert!(results.iter().all(|result| result.success), "{results:?}");
    let mut ids: Vec<&str> = results.iter().map(|result| result.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), CLIENTS);
    for number in 0..CLIENTS {
        assert!(simulator.component("RemoteSiteSetting", &format!("Site_{number}")).is_some());
    }

    // By the org's own record, each began when the one that came before it had ended.
    let url = format!("{}/services/data/v62.0/tooling/query", ready.instance_url);
    let soql = "SELECT Id, StartDate, CompletedDate FROM DeployRequest ORDER BY Id";
    let asked = reqwest::Client::new().get(url).query(&[("q", soql)]).bearer_auth(&ready.access_token).send();
    let told: serde_json::Value = asked.await.unwrap().json().await.unwrap();
    let rows = told["records"].as_array().unwrap();
    assert_eq!(rows.len(), CLIENTS);
    for pair in rows.windows(2) {
        let (ended, began) =
            (pair[0]["CompletedDate"].as_str().unwrap(), pair[1]["StartDate"].as_str().unwrap());
        assert!(ended <= began, "{pair:?}");
    }
    simulator.stop().await;
}
