//! The difference of two texts, as `diff -u` prints it.

use diffy::DiffOptions;

/// Each change with `context` lines around it; the header holds both names.
pub fn unified(old: (String, &str), new: (String, &str), context: usize) -> String {
    DiffOptions::new()
        .set_context_len(context)
        .set_original_filename(old.0)
        .set_modified_filename(new.0)
        .create_patch(old.1, new.1)
        .to_string()
}
