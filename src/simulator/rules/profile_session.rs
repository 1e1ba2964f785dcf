//! Rules of session settings of profiles: one for each profile, under a name that the org made up.

use super::{Accepted, Incoming, Problem, references, text};
use crate::component::{Scalar, Tree};

/// SE-13
pub(in crate::simulator) const MINUTES: [i64; 10] = [0, 15, 30, 60, 90, 120, 240, 480, 720, 1440];

/// What names of some profiles' settings begin with.
const CODES: [(&str, &str); 4] =
    [("Admin", "PT1"), ("Standard", "PT2"), ("MarketingProfile", "PT5"), ("StandardAul", "X8")];

/// SE-14: the name that the org makes up when somebody touches a profile's session settings for the first time.
pub(in crate::simulator) fn name_for(profile: &str, milliseconds: i64) -> String {
    let prefix = match CODES.iter().find(|(name, _)| references::same_free(name, profile)) {
        Some((_, code)) => (*code).to_owned(),
        None => {
            profile.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect()
        }
    };
    format!("{prefix}_profileSessionSetting{milliseconds:013}")
}

pub(super) fn check(incoming: &Incoming, accepted: &mut Accepted) -> Result<(), Problem> {
    // SE-12, the stance: leaving it out takes it away.
    if !incoming.sent.contains_key("requiredSessionLevel") {
        accepted.fields.remove("requiredSessionLevel");
    }
    if let Some(Tree::Leaf(Scalar::Number(minutes))) = accepted.fields.get("sessionTimeout")
        && !MINUTES.contains(minutes)
    {
        let allowed = MINUTES.map(|minutes| minutes.to_string()).join(", ");
        return Err(Problem::error(format!(
            "sessionTimeout: {minutes} is not one of {allowed} (rehearsal wording, SE-13)"
        )));
    }
    let Some(profile) = text(&accepted.fields, "profile") else { return Ok(()) };
    if !references::exists(incoming.holdings, "Profile", profile) {
        return Err(super::no_such("profile", "Profile", profile));
    }
    // SE-14: what an org makes of a second one is not public, so a rehearsal does not let it pass.
    let mut others = incoming.holdings.of_type(&incoming.kind.name).filter(|(name, other)| {
        *name != incoming.name
            && text(&other.fields, "profile").is_some_and(|other| references::same_free(other, profile))
    });
    match others.next() {
        Some((other, _)) => Err(Problem::error(format!(
            "profile: {profile} has its session settings in {other}; deploy them under that name \
             (rehearsal wording, SE-14)"
        ))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Org;
    use super::*;

    fn settings(profile: &str, minutes: u32, more: &str) -> String {
        format!(
            "<externalCommunityUserIdentityVerif>false</externalCommunityUserIdentityVerif><forceLogout>true</forceLogout>\
             <profile>{profile}</profile>{more}<sessionPersistence>false</sessionPersistence>\
             <sessionTimeout>{minutes}</sessionTimeout><sessionTimeoutWarning>false</sessionTimeoutWarning>"
        )
    }

    const KIND: &str = "ProfileSessionSetting";

    #[test]
    fn names_are_made_of_the_profile_and_the_time() {
        assert_eq!(name_for("StandardAul", 1_700_000_000_000), "X8_profileSessionSetting1700000000000");
        assert_eq!(name_for("Sales: EMEA", 7), "Sales__EMEA_profileSessionSetting0000000000007");
    }

    #[test]
    fn a_profile_has_one_setting_and_keeps_its_name() {
        let mut org = Org::new();
        let name = org.name_of(KIND, "PT1");
        org.save(KIND, &name, &settings("Admin", 120, "")).unwrap();
        let error = org.save(KIND, "Mine", &settings("admin", 120, "")).unwrap_err();
        assert!(error.contains(&name) && error.contains("SE-14"), "{error}");
        assert_eq!(org.save(KIND, "Mine", &settings("MarketingProfile", 120, "")), Ok(vec![]));
    }

    #[test]
    fn profiles_exist_and_minutes_are_those_of_setup() {
        let mut org = Org::new();
        assert_eq!(
            org.save(KIND, "Mine", &settings("Nobody", 120, "")),
            Err("In field: profile - no Profile named Nobody found".to_owned())
        );
        let error = org.save(KIND, "Mine", &settings("MarketingProfile", 7, "")).unwrap_err();
        assert!(error.contains("SE-13"), "{error}");
        org.save("Profile", "Sales: EMEA", "<userLicense>Salesforce</userLicense>").unwrap();
        assert_eq!(org.save(KIND, "Mine", &settings("Sales%3A EMEA", 0, "")), Ok(vec![]));
    }

    #[test]
    fn leaving_the_level_out_takes_it_away() {
        let mut org = Org::new();
        let name = org.name_of(KIND, "PT2");
        let high = "<requiredSessionLevel>HIGH_ASSURANCE</requiredSessionLevel>";
        org.save(KIND, &name, &settings("Standard", 0, high)).unwrap();
        assert_eq!(text(org.fields(KIND, &name), "requiredSessionLevel"), Some("HIGH_ASSURANCE"));
        org.save(KIND, &name, &settings("Standard", 0, "")).unwrap();
        assert!(!org.fields(KIND, &name).contains_key("requiredSessionLevel"));
    }

    #[test]
    fn one_that_lost_its_profile_is_not_deployed_again() {
        let mut org = Org::new();
        let name = org.name_of(KIND, "null");
        let nil = settings("x", 0, "").replace(
            "<profile>x</profile>",
            "<profile xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" i:nil=\"true\"/>",
        );
        assert_eq!(org.save(KIND, &name, &nil), Err("Required field is missing: profile".to_owned()));
    }
}
