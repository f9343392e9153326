"""The rules of the house that no linter knows: names, sizes and import circles, read from the syntax trees alone."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

ROOT = Path(__file__).parents[2]
CORE = Path("layers/core")
MAX_LINES = 400
MIN_VERBS, MAX_PARTICIPLES = 0.60, 0.04

# Class names that occur twice, each with its reason.
SHARED_CLASS_NAMES: dict[str, str] = {}

# The first words that count as verbs: predicates, conversions, and what the project does.
_VERBS = """
is has can does to from as covers matches overlaps contains accepts applies
accept acknowledge add adjust advance allocate allow analyze append apply approve archive assert assign attempt
authenticate authorize await batch begin bind build bump cache cancel cast change charge check choose claim clamp
clean clear clip clock close coarsen collapse collect combine compare complete compute connect consume convert copy
correct count create cut decide declare decode decrement deduct delete derive describe deserialize detect disapprove
discard dispatch divide download drain draw drop dump edit embed emit enclose encode end enqueue ensure enter
enumerate erase escape estimate evaluate evict examine exclude exempt exit expand expire explain export express
extend extract fail feed fetch fill filter find finish flag flush fold follow forget format forward gather generate
geocode get give grant group guard handle hash hold identify ignore import include increment index infer initialize
insert inspect interpolate intersect invalidate issue iterate join judge keep leave limit list load localize locate
lock log look make map mark match measure merge move negotiate normalize notify offset open override pack parse
partition pass patch pay peek perform pick plan prefer prepare preview prime process prove provide prune publish
punch push put query raise rank read rebuild receive recognize record redact redirect reduce refuse register reject
release remember remind remove rename render reopen repair repeat replace reply report request require reserve reset
resolve respond restore restrict retain retry return revoke rewrite rotate round route run sample save scale scan
search select send serialize serve set shift shorten show sign simplify skip sort split start step stop store stream
strip submit subtract suggest sum swap take track transfer transform translate traverse trim truncate try unassign
undo unescape unpack unwrap update upgrade upload use validate verify visit wait walk warn widen withdraw wrap write
yield zip
"""
_IRREGULAR_PARTICIPLES = """
told said kept made found held shown written given taken gone done seen known left lost meant met paid sent spent
begun bound built brought chosen drawn driven fallen felt forgotten got grown heard hidden led lent spoken stood
stuck sworn taught thought thrown understood won retold unwritten
"""
VERBS, IRREGULAR_PARTICIPLES = set(_VERBS.split()), set(_IRREGULAR_PARTICIPLES.split())


@cache
def trees() -> dict[Path, ast.Module]:
    paths = sorted([*(ROOT / "layers").rglob("*.py"), *(ROOT / "functions").rglob("*.py")])
    return {path.relative_to(ROOT): ast.parse(path.read_text("utf-8")) for path in paths}


def function_names() -> Iterator[str]:
    """Yield the functions of the core layer, but for properties, which are nouns, and the names that Python gives."""
    for path, tree in trees().items():
        if not path.is_relative_to(CORE):
            continue
        for node in ast.walk(tree):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("__"):
                continue
            decorators = {ast.unparse(decorator) for decorator in node.decorator_list}
            if not decorators & {"property", "cached_property", "functools.cached_property"}:
                yield node.name


def first_word(name: str) -> str:
    return name.lstrip("_").partition("_")[0]


def is_participle(word: str) -> bool:
    return word in IRREGULAR_PARTICIPLES or (word.endswith("ed") and not word.endswith("eed"))


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(CORE).with_suffix("").parts).removesuffix(".__init__")


def imported_modules(tree: ast.Module, modules: Collection[str]) -> Iterator[str]:
    """Yield what a module imports when it is imported, and under TYPE_CHECKING; not what its functions import."""
    statements: list[ast.stmt] = [*tree.body]
    while statements:
        match statements.pop():
            case ast.If(body=body, orelse=orelse):
                statements += [*body, *orelse]
            case ast.ImportFrom(module=str(package), names=names):
                yield from {f"{package}.{alias.name}" for alias in names} & set(modules) or {package} & set(modules)


def test_no_two_classes_share_a_name() -> None:
    places = defaultdict(list)
    for path, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(str(path))
    shared = {name: paths for name, paths in places.items() if len(paths) > 1}
    assert {name: paths for name, paths in shared.items() if name not in SHARED_CLASS_NAMES} == {}
    assert SHARED_CLASS_NAMES.keys() <= shared.keys()


def test_no_file_is_too_long() -> None:
    lengths = {str(path): len((ROOT / path).read_text("utf-8").splitlines()) for path in trees()}
    assert {path: length for path, length in lengths.items() if length > MAX_LINES} == {}


def test_functions_begin_with_a_verb_and_hardly_ever_with_a_participle() -> None:
    words = Counter(first_word(name) for name in function_names())
    participles = {word: count for word, count in words.items() if is_participle(word)}
    others = {word: count for word, count in words.items() if word not in VERBS and word not in participles}
    assert (words.total() - sum(participles.values()) - sum(others.values())) / words.total() >= MIN_VERBS, others
    assert sum(participles.values()) / words.total() <= MAX_PARTICIPLES, participles


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Not even for types: a circle of annotations is a circle for the reader."""
    modules = {module_name(path): tree for path, tree in trees().items() if path.is_relative_to(CORE)}
    graph = {name: set(imported_modules(tree, modules)) for name, tree in modules.items()}
    assert any(graph.values())
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the modules of a circle


def test_folders_of_tests_have_the_names_of_what_they_test() -> None:
    packages = {folder.name for folder in (ROOT / CORE / "fencepost").iterdir() if (folder / "__init__.py").exists()}
    folders = {folder for kind in ("unit", "functional", "e2e") for folder in (ROOT / "tests" / kind).iterdir()}
    names = {folder.name for folder in folders if any(folder.glob("test_*.py"))}
    assert names <= packages | {"geo", "benchmarks", "oracles"}
