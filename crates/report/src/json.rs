//! JSON: the whole report, exactly one document.

use serde::Serialize;

use crate::Report;

/// The report as pretty JSON.
pub fn render(report: &Report) -> String {
    document(report)
}

/// Any of this program's documents as pretty JSON with a newline at the end. Control and reordering characters that
/// JSON would leave raw are escaped, so that the document is safe to show on a terminal.
pub fn document(value: &impl Serialize) -> String {
    // Serializing our own structs into memory fails for no input; were it to, a reader would see the reason.
    let raw = serde_json::to_string_pretty(value)
        .unwrap_or_else(|error| serde_json::json!({ "error": error.to_string() }).to_string());
    let mut text = String::with_capacity(raw.len() + 1);
    for char in raw.chars() {
        // Such characters occur only inside strings, where an escape means the same.
        if char == '\n' || crate::visible::is_plain(char) {
            text.push(char);
        } else {
            let escape = format!("\\u{:04x}", char as u32);
            text.push_str(&escape);
        }
    }
    text.push('\n');
    text
}
