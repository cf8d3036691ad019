//! What counts as read and what does not, on charts of a few lines.

use super::testing::{chart, unread};

#[test]
fn fields_are_read_one_by_one() {
    let template = "{{ .Values.a.b }}{{ $.Values.c }}{{ (.Values.d).e }}";
    assert_eq!(unread(template, "a: {b: 1}\nc: {x: {y: 1}}\nd: {e: 1}"), [""; 0]);
    assert_eq!(
        unread(template, "a: {x: 1}\nd: {x: {y: 1}}\nf: 1"),
        ["a.x", "d.x", "f"]
    );
}
