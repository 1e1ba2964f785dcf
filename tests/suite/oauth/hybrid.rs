//! Apps that show the org's own pages.

use super::*;

#[test]
fn hybrid_apps_get_a_web_session_for_each_kind_of_page_beside_their_tokens() {
    let scene = Scene::new(&app_of("", &["Api", "Lightning", "Web", "RefreshToken"], ""));
    let code = scene.consent("allow", &[]).sent_back("code").unwrap();
    let redeem =
        || scene.token(&[("grant_type", "hybrid_auth_code"), ("code", &code), ("redirect_uri", CALLBACK)]);
    let told = redeem().json();
    assert!(scene.lets_in(text(&told["access_token"])));
    let refresh_token = text(&told["refresh_token"]);
    let renewed = scene.token(&[("grant_type", "hybrid_refresh"), ("refresh_token", refresh_token)]).json();
    assert!(scene.lets_in(text(&renewed["access_token"])));
    let domain = scene.org.instance_url().strip_prefix("http://").unwrap();
    for answer in [&told, &renewed] {
        let names: Vec<&str> = answer.as_object().unwrap().keys().map(String::as_str).collect();
        let of_pages = |name: &&str| name.ends_with("_sid") || name.ends_with("_domain");
        assert_eq!(
            names.into_iter().filter(of_pages).collect::<Vec<_>>(),
            ["lightning_domain", "lightning_sid", "visualforce_domain", "visualforce_sid"]
        );
        assert_eq!(answer["lightning_domain"], domain);
        assert!(!text(&answer["csrf_token"]).is_empty());
    }
    assert_eq!(redeem().pair(), pair("invalid_grant", "invalid authorization code"));
}
