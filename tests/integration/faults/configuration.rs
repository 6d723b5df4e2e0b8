//! Configurations that are broken: nothing listens, and whoever started it is told where.

use super::*;

/// Changes the configuration of a sound house, and gives the line of the change.
fn spoil(house: &House, sound: &str, spoilt: &str) -> usize {
    let text = std::fs::read_to_string(house.config()).unwrap();
    assert_eq!(text.matches(sound).count(), 1, "{sound}");
    let line = text[..text.find(sound).unwrap()].lines().count() + 1;
    house.file("portcullis.toml", &text.replace(sound, spoilt));
    line
}

#[test]
fn a_broken_configuration_is_named_by_file_line_and_key() {
    for (sound, spoilt, message) in [
        (
            "listen = \"127.0.0.1:0\"",
            "listn = \"127.0.0.1:0\"",
            "unknown key \"listn\" in [server]; did you mean \"listen\"?",
        ),
        (
            "path = \"lake\"",
            "path = \"lakes\"",
            "\"path\" in [sources.lake] names the folder \"DIR/lakes\", which does not exist",
        ),
        (
            "jwks = \"keys/jwks.json\"",
            "jwks = \"keys/none.json\"",
            "\"jwks\" in [[identity.jwt]] names the file \"DIR/keys/none.json\", which does not \
             exist; `portcullis key` makes it",
        ),
        (
            "development = true",
            "development = \"yes\"",
            "\"development\" in [[identity.jwt]] must be true or false, not a string",
        ),
        (
            "listen = \"127.0.0.1:0\"",
            "listen = 6432",
            "\"listen\" in [server] must be a string, not an integer",
        ),
    ] {
        let house = lake();
        let line = spoil(&house, sound, spoilt);
        let file = house.config();
        let message = message.replace("DIR", file.parent().unwrap().to_str().unwrap());
        let expected = format!("error: {}:{line}: {message}\n", file.display());
        for command in ["serve", "check"] {
            let ended = house.run(&[command]);
            assert_eq!((ended.code, ended.err.as_str()), (Some(1), expected.as_str()), "{command}");
            assert_eq!(ended.out, "");
        }
    }
}

#[test]
fn a_configuration_that_is_not_there_is_named() {
    let house = lake();
    std::fs::remove_file(house.config()).unwrap();
    let ended = house.run(&["serve"]);
    let expected = format!("error: cannot read \"{}\": No such file", house.config().display());
    assert_eq!(ended.code, Some(1));
    assert!(ended.err.starts_with(&expected), "{}", ended.err);
}

#[test]
fn what_is_not_covered_is_not_served() {
    let house = lake();
    house.file("lake/loose.csv", "id,name\n1,a\n");
    for command in ["serve", "check"] {
        let ended = house.run(&[command]);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        let said = ended.out + &ended.err;
        let expected = "error: table \"lake.loose\" has no column \"org_id\" and is not declared \
                        shared: name its tenant_column, or say `shared = true`, or `ignore = true`";
        assert!(said.contains(expected), "{said}");
        assert!(!said.contains("serving"), "{said}");
    }
}
