
use super::world::*;
use std::time::Instant;
#[test]
fn timing() {
    let mut tables = String::new();
    for t in 0..5 {
        tables += &format!("\"crm.t{t}\" = [\"org_id text not null\", \"region text\", ");
        for c in 0..18 { tables += &format!("\"c{c} text {}\", ", ["", "#pii", "#pci"][c % 3]); }
        tables += "]\n";
    }
    let world = World::parse(&format!("tags = [\"pii\", \"pci\"]\nattributes = {{ org_id = \"string\" }}\n[tables]\n{tables}"));
    let mut text = String::new();
    for t in 0..5 { text += &format!("permit (principal, action == Action::\"select\", resource is crm::t{t}) when {{ resource.org_id == principal.org_id }};\nforbid (principal, action == Action::\"select\", resource is crm::t{t}) when {{ resource has region && [\"CH\"].contains(resource.region) }} unless {{ principal in Role::\"x\" }};\n"); }
    text += &std::fs::read_to_string(repository("policies/pii-masking/columns.cedar")).unwrap().replace("resource is crm::customers)", "resource is crm::t0)").replace("&& resource has consent && resource.consent", "");
    let start = Instant::now();
    let policies = world.policies(&text);
    eprintln!("load {:?}", start.elapsed());
    let caller = person("user = 'a'\nroles = ['analyst']\nattributes = { org_id = 'acme' }");
    for round in 0..3 {
        let start = Instant::now();
        for t in 0..5 { policies.permit(&caller, &facts(), &"crm".into(), &format!("t{t}").into()).unwrap(); }
        eprintln!("round {round}: five tables {:?}", start.elapsed());
    }
    let mut total = std::time::Duration::ZERO;
    for n in 0..50 {
        let caller = person(&format!("user = 'a{n}'\nroles = ['analyst']\nattributes = {{ org_id = 'acme' }}"));
        let start = Instant::now();
        policies.permit(&caller, &facts(), &"crm".into(), &"t1".into()).unwrap();
        total += start.elapsed();
    }
    eprintln!("uncached, one table {:?}", total / 50);
}
