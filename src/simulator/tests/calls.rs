//! SOAP calls that clients make now and then.

use super::*;

async fn create(session: &Session, type_name: &str, inside: &str) {
    let call = format!(
        "<createMetadata><metadata xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" i:type=\"{type_name}\">\
         {inside}</metadata></createMetadata>"
    );
    let (_, text) = session.soap(&call).await;
    assert!(text.contains("<success>true</success>"), "{text}");
}

async fn rename(session: &Session, type_name: &str, old: &str, new: &str) -> (StatusCode, String) {
    let call = format!(
        "<renameMetadata><type>{type_name}</type><oldFullName>{old}</oldFullName><newFullName>{new}</newFullName>\
         </renameMetadata>"
    );
    let (status, text) = session.soap(&call).await;
    let inside =
        |name: &str| Some(text.split_once(&format!("<{name}>"))?.1.split_once(&format!("</{name}>"))?.0);
    let told = inside("result").or(inside("faultstring")).unwrap();
    (status, told.to_owned())
}

async fn id_of(session: &Session, name: &str) -> Value {
    let soql = format!("SELECT+Id+FROM+ConnectedApplication+WHERE+Name='{name}'");
    let (_, answer) = session.get(&format!("/services/data/v62.0/query?q={soql}")).await;
    answer["records"][0]["Id"].clone()
}

#[tokio::test]
async fn a_component_that_is_renamed_keeps_its_id() {
    let session = Session::new().await;
    for name in ["A", "C"] {
        let inside = format!(
            "<fullName>{name}</fullName><contactEmail>a@b.example</contactEmail><label>{name}</label>"
        );
        create(&session, "ConnectedApp", &inside).await;
    }
    let id = id_of(&session, "A").await;
    let renamed = rename(&session, "ConnectedApp", "A", "B").await;
    assert_eq!(renamed, (StatusCode::OK, "<fullName>B</fullName><success>true</success>".to_owned()));
    assert_eq!(session.simulator.names("ConnectedApp"), ["B", "C"]);
    // by its label, which stays
    assert!(id.is_string());
    assert_eq!(id_of(&session, "A").await, id);
    let told = |code: &str, text: &str, name: &str| {
        let errors = format!("<errors><message>{text}</message><statusCode>{code}</statusCode></errors>");
        (StatusCode::OK, format!("{errors}<fullName>{name}</fullName><success>false</success>"))
    };
    assert_eq!(
        rename(&session, "ConnectedApp", "A", "D").await,
        told("INVALID_CROSS_REFERENCE_KEY", "no ConnectedApp named A found", "A")
    );
    let (_, text) = rename(&session, "ConnectedApp", "B", "C").await;
    assert!(text.contains("<statusCode>DUPLICATE_DEVELOPER_NAME</statusCode>"), "{text}");
    assert_eq!(
        rename(&session, "SecuritySettings", "Security", "S").await,
        told(
            "FIELD_INTEGRITY_EXCEPTION",
            "SecuritySettings Security can&apos;t be renamed (rehearsal wording)",
            "Security"
        )
    );
    let (status, text) = rename(&session, "Nope", "A", "B").await;
    assert_eq!(
        (status, text.as_str()),
        (StatusCode::INTERNAL_SERVER_ERROR, "INVALID_TYPE: Unknown type:Nope")
    );
}

#[tokio::test]
async fn whoever_has_a_permission_set_has_it_under_its_new_name() {
    let session = Session::new().await;
    create(&session, "PermissionSet", "<fullName>Old</fullName><label>Old</label>").await;
    let username = session.simulator.ready().username.clone();
    assert!(session.simulator.assign("Old", &username).unwrap());
    rename(&session, "PermissionSet", "Old", "New").await;
    let has =
        |state: &state::State| state.oauth.assigned.keys().map(String::as_str).collect::<Vec<_>>() == ["New"];
    assert!(session.simulator.org.store.read(has));
}

#[tokio::test]
async fn a_type_is_described_with_its_fields_groups_and_values() {
    let session = Session::new().await;
    let describe = |name: &str| {
        format!("<describeValueType><type>{{{}}}{name}</type></describeValueType>", xml::METADATA)
    };
    let (_, text) = session.soap(&describe("ConnectedApp")).await;
    let start = "<describeValueTypeResponse><result><apiCreatable>true</apiCreatable><apiDeletable>true</apiDeletable>\
                 <apiReadable>true</apiReadable><apiUpdatable>true</apiUpdatable><valueTypeFields><isForeignKey>false\
                 </isForeignKey><isNameField>true</isNameField><minOccurs>1</minOccurs><name>fullName</name>\
                 <soapType>string</soapType><valueRequired>true</valueRequired></valueTypeFields>";
    assert!(text.contains(start), "{text}");
    let label = "<minOccurs>1</minOccurs><name>label</name><soapType>string</soapType><valueRequired>true<";
    assert!(text.contains(label), "{text}");
    let group = "<name>oauthConfig</name><soapType>ConnectedAppOauthConfig</soapType>";
    assert!(text.contains(group), "{text}");
    let callback = "<fields><isForeignKey>false</isForeignKey><isNameField>false</isNameField><minOccurs>";
    assert!(text.contains(callback), "{text}");
    let value = "<picklistValues><active>true</active><defaultValue>false</defaultValue><label>Api</label>\
                 <value>Api</value></picklistValues>";
    assert!(text.contains(value), "{text}");

    let (_, text) = session.soap(&describe("NamedCredential")).await;
    let provider =
        "<valueTypeFields><foreignKeyDomain>AuthProvider</foreignKeyDomain><isForeignKey>true</isForeignKey>";
    assert!(text.contains(provider), "{text}");
    let (_, text) = session.soap(&describe("SecuritySettings")).await;
    assert!(text.contains("<apiCreatable>false</apiCreatable><apiDeletable>false</apiDeletable>"), "{text}");
    let (_, text) =
        session.soap("<describeValueType><type>{urn:x}ConnectedApp</type></describeValueType>").await;
    assert!(text.contains("INVALID_TYPE: Unknown type:{urn:x}ConnectedApp"), "{text}");
}

#[tokio::test]
async fn requests_are_counted_by_the_day_and_refused_beyond_the_limit() {
    let options = Options { pace: swift(), daily_limit: Some(4), ..Options::default() };
    let session = Session::start(options).await;
    let usage = || async {
        let response =
            session.client.get(format!("{}/services/data", session.simulator.ready().instance_url));
        response.send().await.unwrap().headers()["sforce-limit-info"].to_str().unwrap().to_owned()
    };
    assert_eq!(usage().await, "api-usage=0/4"); // nobody is asked who they are for versions
    let id = session.deploy(single()).await;
    assert_eq!(session.finished(&id).await["status"], "Succeeded");
    let check = format!("<checkDeployStatus><asyncProcessId>{id}</asyncProcessId></checkDeployStatus>");
    assert_eq!(session.soap(&check).await.0, StatusCode::OK);
    assert_eq!(usage().await, "api-usage=1/4"); // looking at it was free
    let (_, limits) = session.get("/services/data/v62.0/limits").await;
    assert_eq!(limits["DailyApiRequests"], json!({ "Max": 4, "Remaining": 2 }));
    session.soap("<describeMetadata/>").await;
    session.get("/services/data/v62.0").await;
    let (status, body) = session.get("/services/data/v62.0").await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let refused =
        json!([{ "message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED" }]);
    assert_eq!(body, refused);
    let (status, text) = session.soap("<describeMetadata/>").await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    let fault = "<faultcode>sf:REQUEST_LIMIT_EXCEEDED</faultcode>\
                 <faultstring>REQUEST_LIMIT_EXCEEDED: TotalRequests Limit exceeded.</faultstring>";
    assert!(text.contains(fault), "{text}");
    assert_eq!(session.soap(&check).await.0, StatusCode::OK);
    assert_eq!(usage().await, "api-usage=4/4");
    session.simulator.advance(Duration::from_secs(24 * 60 * 60));
    assert_eq!(session.get("/services/data/v62.0").await.0, StatusCode::OK);
    assert_eq!(usage().await, "api-usage=1/4");
}

#[tokio::test]
async fn deployments_are_done_in_the_order_of_their_ids_however_they_come() {
    let session = Session::new().await;
    let org = &session.simulator.org;
    let token = &session.simulator.ready().access_token;
    let asker = session::look(org, token, org.now()).map_err(|_| "nobody").unwrap();
    let submit = || {
        let mut ids = Vec::new();
        for _ in 0..25 {
            let submitted = deploy::engine::submit(org, &asker, Vec::new(), deploy::DeployOptions::default());
            ids.push(submitted.unwrap().id);
        }
        ids
    };
    let mut ids = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(submit)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    ids.sort_unstable();
    for id in &ids {
        session.finished(id).await;
    }
    let times = |state: &state::State| {
        let of = |id: &String| state.deployment(id).map(|found| (found.started, found.completed)).unwrap();
        ids.iter().map(of).collect::<Vec<_>>()
    };
    for pair in org.store.read(times).windows(2) {
        assert!(pair[0].1.is_some() && pair[0].1 <= pair[1].0, "{pair:?}");
    }
}

#[tokio::test]
async fn a_queue_that_is_full_takes_no_more_and_says_so() {
    let pace = Pace { pending: Duration::from_secs(3600), in_progress: Duration::ZERO };
    let session = Session::start(Options { pace, ..Options::default() }).await;
    let org = &session.simulator.org;
    let asker =
        session::look(org, &session.simulator.ready().access_token, org.now()).unwrap_or_else(|_| panic!());
    let submit = || deploy::engine::submit(org, &asker, Vec::new(), deploy::DeployOptions::default());
    let taken = std::iter::repeat_with(submit).take_while(Result::is_ok).count();
    assert_eq!(taken, bounds::MOST_WAITING);
    let (status, text) = session.soap("<deploy><ZipFile></ZipFile></deploy>").await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(text.contains("<faultcode>sf:SERVER_UNAVAILABLE</faultcode>"), "{text}");
    let options = Part::text(json!({ "deployOptions": single() }).to_string()).mime_str("application/json");
    let zip = Part::bytes(b"PK".as_slice()).mime_str("application/zip").unwrap();
    let form = Form::new().part("json", options.unwrap()).part("file", zip);
    let response = session.request(Method::POST, DEPLOY).multipart(form).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.json::<Value>().await.unwrap()[0]["errorCode"], "SERVER_UNAVAILABLE");
}
