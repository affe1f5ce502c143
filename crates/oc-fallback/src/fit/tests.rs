use super::*;

/// What is needed, what there is, and the reason and text of the skip.
type Row = (Needs, Capabilities, Option<(Reason, &'static str)>);

#[test]
fn each_need_against_each_capability() {
    let needs = Needs::new;
    let can = Capabilities::new;
    let about = |tokens| Estimate::around(tokens, 20);
    let table: &[Row] = &[
        (needs(), can().with_images(false).with_tools(false).with_window(1), None),
        // An unknown ability is asked
        (needs().with_images(true).with_tools(true).with_json_schema(true), can(), None),
        (needs().with_input(about(1_000_000)).with_output_tokens(1_000_000), can(), None),
        (
            needs().with_images(true),
            can().with_images(false),
            Some((Reason::Unsupported, "cannot take images")),
        ),
        (
            needs().with_tools(true),
            can().with_tools(false),
            Some((Reason::Unsupported, "cannot call tools")),
        ),
        (
            needs().with_json_schema(true),
            can().with_json_schema(false),
            Some((Reason::Unsupported, "cannot follow a JSON schema")),
        ),
        (
            needs().with_choices(true),
            can().with_choices(false),
            Some((Reason::Unsupported, "cannot give more than one answer (`n`)")),
        ),
        (needs(), can().with_choices(false), None),
        (needs().with_images(true), can().with_images(true).with_tools(false), None),
        // Output
        (needs().with_output_tokens(8192), can().with_output_tokens(8192), None),
        (
            needs().with_output_tokens(8193),
            can().with_output_tokens(8192),
            Some((Reason::Unsupported, "needs 8193 tokens of output, gives at most 8192")),
        ),
        // The window: the lower bound counts, and one token of output
        (needs().with_input(Estimate::exact(99)), can().with_window(100), None),
        (
            needs().with_input(Estimate::exact(100)),
            can().with_window(100),
            Some((Reason::ContextOverflow, "needs a window of 101 tokens, has 100")),
        ),
        (needs().with_input(about(120)), can().with_window(100), None),
        (
            needs().with_input(about(125)).with_output_tokens(10),
            can().with_window(100),
            Some((Reason::ContextOverflow, "needs a window of at least 110 tokens, has 100")),
        ),
        (
            needs().with_input(Estimate::exact(u64::MAX)).with_output_tokens(u64::MAX),
            can().with_window(u64::MAX),
            None,
        ),
        // Tags have to be vouched for, whole
        (needs().with_tag("local"), can(), Some((Reason::Policy, "does not bear the tag local"))),
        (
            needs().with_tag("eu"),
            can().with_tag("eu-west"),
            Some((Reason::Policy, "does not bear the tag eu")),
        ),
        (needs().with_any_tag(["eu", "ch"]), can().with_tag("ch"), None),
        (
            needs().with_any_tag(["eu", "ch"]).with_tag("local"),
            can().with_tag("ch"),
            Some((Reason::Policy, "does not bear the tag local")),
        ),
        (
            needs().with_any_tag(["eu", "ch"]),
            can().with_tag("us"),
            Some((Reason::Policy, "does not bear the tag eu or ch")),
        ),
    ];
    for (n, (needs, can, skip)) in table.iter().enumerate() {
        let is = fit(needs, can).err().map(|skip| (skip.reason, skip.text));
        let should = skip.map(|(reason, text)| (reason, text.to_owned()));
        assert_eq!(is, should, "row {n}");
    }
}

#[test]
fn privacy_is_told_before_anything_else() {
    let needs = Needs::new().with_tag("local").with_images(true);
    let skip = fit(&needs, &Capabilities::new().with_images(false)).expect_err("not local");
    assert_eq!(skip.reason, Reason::Policy);
}
