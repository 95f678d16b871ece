"""The rules for sources hold in the core and in every module, and each rule finds what was planted for it."""

from __future__ import annotations

import ast

import pytest

from ebok_core.testing import lints

# Where a rule does not hold, with the reason.
EXEMPT = {
    lints.clock_reads: {
        "ebok_core/clock.py": "it is the clock",
        "ebok_core/db/ids.py": "the ids' milliseconds are no business time",
        "ebok_core/testing/": "measures and waits",
    },
    lints.own_transactions: {
        "ebok_core/db/": "it is the one way",
        "ebok_core/testing/": "builds databases for tests",
        "ebok_core/standin/": "TYTAN's side, a program with a database of its own",
        "ebok_core/tytan/copy_schema.py": "the copy is no portal data (reliability.md G3)",
        "ebok_core/tytan/delivery.py": "TYTAN's database",
        "ebok_core/tytan/engines.py": "TYTAN's database",
        "ebok_core/tytan/refresh.py": "the copy is no portal data (reliability.md G3)",
        "ebok_core/tytan/run.py": "the copy is no portal data (reliability.md G3)",
        "ebok_core/tytan/source.py": "TYTAN's database",
    },
    lints.built_sql: {
        "ebok_core/db/": "names of tables and settings that are constants of ours",
        "ebok_core/testing/": "names of temporary databases",
        "ebok_core/standin/": "TYTAN's side",
        "ebok_core/tytan/copy_schema.py": "the schema's name is a constant",
        "ebok_core/tytan/engines.py": "pragmas from constants",
        "ebok_core/tytan/lock.py": "the lock's number is a constant",
        "ebok_core/tytan/refresh.py": "the staging file's name and pragmas",
        "ebok_core/tytan/staging.py": "the name of a table of ours, quoted by SQLAlchemy",
    },
    # S18: reviewed; each marks what a template rendered, or a constant with escaped values in it.
    lints.unsafe_markup: {
        "ebok_core/web/panel.py": "a number and escaped words",
        "ebok_core/statistics/figures.py": "an SVG of our own numbers, its texts escaped",
        "ebok_core/web/cells.py": "cells of a table, each escaped where it is made",
        "ebok_core/web/forms.py": "attributes through Markup.format, which escapes",
        "ebok_core/web/frame.py": "templates' outputs, kept between requests",
        "ebok_core/web/icons.py": "SVG files of our own",
        "ebok_core/web/listing.py": "cells of a table and a macro's output",
        "ebok_core/web/markdown.py": "Markdown parsed without HTML and sanitised by nh3",
        "ebok_core/web/pieces.py": "templates' outputs, kept between requests",
        "ebok_core/web/reauth.py": "a link through Markup.format, its texts escaped",
        "ebok_core/web/slots.py": "templates' outputs",
    },
    lints.forbidden_calls: {},
}
# Templates that turn the escaping off, with the reason (S18).
UNESCAPED: dict[str, str] = {}
# Where amounts and volumes are computed (G7).
MONEY = (
    "ebok_core/balance/",
    "ebok_core/customer/",
    "ebok_core/db/types.py",
    "ebok_core/standin/billing.py",
    "ebok_core/standin/interest.py",
    "ebok_core/standin/tariff.py",
    "ebok_core/tytan/copy.py",
    "ebok_core/tytan/publish.py",
    "ebok_core/tytan/rules.py",
    "ebok_core/tytan/staging.py",
    "plugins/",
)


def sources(root):
    return [
        *sorted(root.glob("ebok_core/**/*.py")),
        *(p for p in sorted(root.glob("plugins/*/ebok_*/**/*.py")) if "tests" not in p.parts),
    ]


@pytest.mark.parametrize("lint", EXEMPT, ids=lambda lint: lint.__name__)
def test_the_rule_holds_everywhere(root, lint):
    found = []
    for path in sources(root):
        name = path.relative_to(root).as_posix()
        if not name.startswith(tuple(EXEMPT[lint])) and "migrations/versions" not in name:
            found += lints.complaints(path, lint)
    assert found == []


def test_no_float_counts_money_or_water(root):
    found = []
    for path in sources(root):
        if path.relative_to(root).as_posix().startswith(MONEY):
            found += lints.complaints(path, lints.floats)
    assert found == []


def test_no_template_turns_the_escaping_off(root):
    found = []
    for path in [*root.glob("ebok_core/**/templates/**/*"), *root.glob("plugins/*/ebok_*/templates/**/*")]:
        if path.is_file() and path.relative_to(root).as_posix() not in UNESCAPED:
            found += lints.template_complaints(path)
    assert found == []


PLANTED = {
    lints.clock_reads: [
        "datetime.now()", "datetime.datetime.utcnow()", "date.today()", "time.time()", "x = time.time_ns()",
    ],
    lints.own_transactions: [
        "session.commit()", "engine.begin()", "self.session.rollback()", "connection.execute('BEGIN IMMEDIATE')",
    ],
    lints.floats: ["price = 4.2", "float(amount)", "sa.Column('amount', sa.Float)", "fields.Float()"],
    lints.unsafe_markup: ["Markup(text)", "markupsafe.Markup(text)", "render_template_string(text)"],
    lints.forbidden_calls: [
        "import pickle", "from marshal import loads", "eval(x)", "os.system(x)", "subprocess.run(x, shell=True)",
        "yaml.load(x)", "tempfile.mktemp()",
    ],
    lints.built_sql: [
        "session.execute(f'SELECT {x}')", "sa.text('SELECT ' + x)", "text('SELECT %s' % x)",
        "c.exec_driver_sql('SELECT {}'.format(x))",
    ],
    lints.only_declarations: [
        "X = 1", "def ebok_module(): return 1",
        "@hookimpl\ndef ebok_module():\n    x = 1\n    return x",
        "@hookimpl\ndef ebok_module():\n    return 1 if x else 2",
    ],
}  # fmt: skip
INNOCENT = {
    lints.clock_reads: ["clock.now_utc()", "time.monotonic()", "datetime.fromisoformat(x)", "x.today()"],
    lints.own_transactions: ["after_commit(session, f)", "session.begin_nested()", "text = 'BEGIN here'"],
    lints.floats: ["Decimal('4.2')", "x = 4", "fields.Decimal()"],
    lints.unsafe_markup: ["render_template('x.html')"],
    lints.forbidden_calls: ["subprocess.run([x], shell=False)", "yaml.safe_load(x)", "import json"],
    lints.built_sql: ["session.execute(STATEMENT)", "sa.text('SELECT 1')", "log.info(f'{x}')", "sa.text(f'SELECT 1')"],
    lints.only_declarations: ["'''Doc.'''\nfrom x import y\n\n@hookimpl\ndef ebok_module():\n    return y.MODULE"],
}


@pytest.mark.parametrize(("lint", "code"), [(lint, code) for lint, codes in PLANTED.items() for code in codes])
def test_a_planted_fault_is_found(lint, code):
    assert list(lint(ast.parse(code)))


@pytest.mark.parametrize(("lint", "code"), [(lint, code) for lint, codes in INNOCENT.items() for code in codes])
def test_innocent_code_is_left_alone(lint, code):
    assert not list(lint(ast.parse(code)))


@pytest.mark.parametrize("line", ["{{ x | safe }}", "{{x|safe}}", "{% autoescape false %}"])
def test_a_template_that_trusts_is_found(tmp_path, line):
    path = tmp_path / "x.html"
    path.write_text(line)
    assert lints.template_complaints(path)
