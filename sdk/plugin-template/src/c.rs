//! A project in C: one source, the header, a Makefile.

use crate::embedded::{C_FILES, HEADER_FILES};
use crate::{File, example, own};

pub(crate) fn project(name: &str, kind: &str) -> Vec<File> {
    let stem = name.replace('-', "_");
    let mut files = vec![
        own(format!("{stem}.c"), source(name, kind, &stem)),
        own("Makefile", makefile(&stem)),
        own("README.md", readme(name, kind, &stem)),
        own(".gitignore", "*.so\n".to_owned()),
    ];
    files.extend(HEADER_FILES.iter().map(|(path, text)| File {
        path: format!("include/{path}"),
        text: (*text).to_owned(),
        own: false,
    }));
    files
}

/// The example under its new name.
fn source(name: &str, kind: &str, stem: &str) -> String {
    let text = example(C_FILES, &format!("{kind}.c"));
    let line = |line: &str| -> String {
        if line.starts_with("#define ID ") {
            return format!("#define ID \"{name}\"\n");
        }
        if line.starts_with("#define NAME ") {
            return format!("#define NAME \"{name}\"\n");
        }
        if line.starts_with(" *     cc ") {
            return " *     make\n".to_owned();
        }
        if line.starts_with(" *     offhook plugin check ") {
            return format!(" *     offhook plugin check ./lib{stem}.so\n");
        }
        format!("{line}\n")
    };
    text.lines().map(line).collect()
}

fn makefile(stem: &str) -> String {
    format!(
        "CFLAGS ?= -O2
LIBRARY = lib{stem}.so

$(LIBRARY): {stem}.c include/offhook_plugin.h
\t$(CC) -std=c99 -Wall -Wextra -Wpedantic $(CFLAGS) -fPIC -shared -I include -o $@ $<

check: $(LIBRARY)
\toffhook plugin check ./$(LIBRARY)

clean:
\trm -f $(LIBRARY)

.PHONY: check clean
"
    )
}

fn readme(name: &str, kind: &str, stem: &str) -> String {
    format!(
        "# {name}

A plugin for offhook, of the kind {kind}, in C. A C compiler is all it needs.

    make
    offhook plugin check ./lib{stem}.so

All of it stands in `{stem}.c`; what each function may do and on which thread it is called says
`include/offhook_plugin.h`. Your engine finds it where its settings say so:

    [plugins]
    path = [\"/where/this/is\"]
"
    )
}
