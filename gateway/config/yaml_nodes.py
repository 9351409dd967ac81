"""YAML text to plain values that remember where they stand. Only the part of YAML that cannot surprise is read.

Invariant: any bytes either become a tree of `YamlMap`, `YamlList`, str, int and bool, or are refused with a position;
nothing is ever constructed, expanded or run. The tree is built from PyYAML's parser events with a stack of our own: an
alias is seen before it is expanded (no bomb), an anchor before it is forgotten, and no depth of nesting recurses.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple, Protocol

import yaml

from gateway.config.fault import Fault, shown
from gateway.config.yaml_scalars import read_plain

MAX_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 32
LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml is 10 times faster, where it was built

Step = str | int
Path = tuple[Step, ...]


class _YamlMark(Protocol):
    """PyYAML has two classes for this, of which only one is typed."""

    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...


class Mark(NamedTuple):
    """Where something starts; line and column count from 1, columns in characters."""

    line: int
    column: int


class YamlMap(dict[str, object]):
    """A mapping that knows where it, its keys and its values stand, and what `${...}` a value was put in from."""

    __slots__ = ("keys_at", "mark", "sources", "values_at")

    def __init__(self, mark: Mark) -> None:
        super().__init__()
        self.mark = mark
        self.keys_at: dict[str, Mark] = {}
        self.values_at: dict[Step, Mark] = {}
        self.sources: dict[Step, str] = {}


class YamlList(list[object]):
    """A list that knows where it and its items stand, and what `${...}` an item was put in from."""

    __slots__ = ("mark", "sources", "values_at")

    def __init__(self, mark: Mark) -> None:
        super().__init__()
        self.mark = mark
        self.values_at: dict[Step, Mark] = {}
        self.sources: dict[Step, str] = {}


YamlTree = YamlMap | YamlList


class Located(NamedTuple):
    """A fault with its place. `path` leads from the top of the file to the value."""

    mark: Mark
    path: Path
    fault: Fault


class SyntaxFault(Exception):  # noqa: N818  # as `Fault`, which it holds
    """The text is not YAML that can be read at all; there is exactly one of these, and nothing after it is known."""

    def __init__(self, mark: Mark, fault: Fault) -> None:
        super().__init__(fault.what)
        self.mark = mark
        self.fault = fault


# What YAML forbids anyway, and what an editor would count as a line or would hide from the reader.
_REFUSED = re.compile(
    "[^\n\r\x20-\x7e\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|\r(?!\n)|[\u2028\u2029\ufeff\u202a-\u202e\u2066-\u2069]"
)


def decode(raw: bytes) -> str:
    """The text of a file. SyntaxFault unless it is UTF-8 without BOM, tabs, NUL and other invisible characters."""
    top = Mark(1, 1)
    if len(raw) > MAX_BYTES:
        raise SyntaxFault(top, Fault("is larger than 16 MB", "a configuration is a few kilobytes; is this the file?"))
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")) or raw[:2].count(0) == 1:
        raise SyntaxFault(top, Fault("is UTF-16", "save the file as UTF-8"))
    if raw.startswith(b"\xef\xbb\xbf"):
        raise SyntaxFault(top, Fault("starts with a byte order mark", "save the file as UTF-8 without BOM"))
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SyntaxFault(
            _mark_in(raw[: error.start].decode("utf-8")), Fault("is not UTF-8", "save the file as UTF-8")
        ) from None
    found = _REFUSED.search(text)
    if found is not None:
        raise SyntaxFault(_mark_in(text[: found.start()]), _refused_character(found[0]))
    return text


def parse(text: str) -> tuple[YamlMap, list[Located]]:
    """The tree of a decoded text and every fault in it that leaves the rest readable. SyntaxFault otherwise."""
    builder = _Builder()
    try:
        for event in yaml.parse(text, Loader=LOADER):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = _mark(error.problem_mark or error.context_mark)
        said = ", ".join(part for part in (error.context, error.problem) if part)
        raise SyntaxFault(
            mark,
            Fault(f"is not YAML: {said}", "look at this line and the one before it: quotes, brackets, indentation"),
        ) from None
    except yaml.YAMLError:
        raise SyntaxFault(
            Mark(1, 1), Fault("is not YAML: it holds a character that may not be there", "write it as an escape")
        ) from None
    root = builder.root
    if root is None:
        raise SyntaxFault(Mark(1, 1), Fault("the file is empty", "start from config.example.yaml"))
    if not isinstance(root, YamlMap):
        raise SyntaxFault(
            Mark(1, 1), Fault("the file is not a mapping of keys to values", "start from config.example.yaml")
        )
    return root, builder.faults


class _Frame:
    """An open mapping or list, and for a mapping the key whose value comes next."""

    __slots__ = ("key", "node")

    def __init__(self, node: YamlTree) -> None:
        self.node = node
        self.key: str | None = None


class _Builder:
    """Takes parser events one by one and grows the tree."""

    def __init__(self) -> None:
        self.root: object = None
        self.faults: list[Located] = []
        self._stack: list[_Frame] = []
        self._documents = 0

    def take(self, event: yaml.Event) -> None:
        """Take the next event. The order of the cases is that of their number in a file of many routes."""
        match event:
            case yaml.ScalarEvent():
                self._scalar(event)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._open(event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                node = self._stack.pop().node
                self._attach(node, node.mark)
            case yaml.AliasEvent():
                mark = _mark(event.start_mark)
                self._note(mark, Fault("is an alias (*)", "write the value out; anchors and aliases are not read"))
                self._attach("", mark)
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    fault = Fault("a second document starts here", "keep one document in the file; remove this ---")
                    raise SyntaxFault(_mark(event.start_mark), fault)

    def _open(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        mark = _mark(event.start_mark)
        if len(self._stack) >= MAX_DEPTH:
            raise SyntaxFault(mark, Fault(f"is nested deeper than {MAX_DEPTH} levels", "check the brackets"))
        self._plain_only(event, mark)
        self._stack.append(_Frame(YamlMap(mark) if isinstance(event, yaml.MappingStartEvent) else YamlList(mark)))

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        mark = _mark(event.start_mark)
        self._plain_only(event, mark)
        text = event.value
        if event.style or event.tag is not None:  # quoted, a block of text, or tagged and refused above
            self._attach(text, mark)
            return
        value = self._resolve(text, mark)
        self._attach(value, mark)

    def _resolve(self, text: str, mark: Mark) -> object:
        value = read_plain(text)
        if not isinstance(value, Fault):
            return value
        here = self._stack[-1] if self._stack else None
        is_key = here is not None and here.key is None and isinstance(here.node, YamlMap)
        self.faults.append(Located(mark, (*self._path(), text) if is_key else self._path(), value))
        return text

    def _plain_only(
        self, event: yaml.ScalarEvent | yaml.MappingStartEvent | yaml.SequenceStartEvent, mark: Mark
    ) -> None:
        if event.anchor is not None:
            self._note(mark, Fault("has an anchor (&)", "write values out; anchors and aliases are not read"))
        if event.tag is not None:
            self._note(mark, Fault("has a tag (!)", "remove it; every value is text, true, false, a list or a mapping"))

    def _attach(self, value: object, mark: Mark) -> None:
        if not self._stack:
            self.root = value
            return
        frame = self._stack[-1]
        node = frame.node
        if isinstance(node, YamlList):
            node.values_at[len(node)] = mark
            node.append(value)
        elif frame.key is None:
            frame.key = self._key(node, value, mark)
        else:
            if frame.key not in node:  # of a key that is there twice, the first is kept, to report what else is wrong
                node[frame.key] = value
                node.values_at[frame.key] = mark
            frame.key = None

    def _key(self, node: YamlMap, value: object, mark: Mark) -> str:
        if isinstance(value, YamlMap | YamlList):
            self._note(mark, Fault("a mapping or a list stands where a key should", "keys are text"))
            key = f"?{mark.line}:{mark.column}"
        elif isinstance(value, str):
            key = value
        else:
            key = str(value).lower()
            self._note(mark, Fault(f"the key {shown(value)} is not text", f'quote it: "{key}"'))
        before = node.keys_at.get(key)
        if before is None:
            node.keys_at[key] = mark
        else:
            fault = Fault(
                f"is there twice: first at line {before.line}, again at line {mark.line}", "keep one of the two"
            )
            self.faults.append(Located(mark, (*self._path(), key), fault))
        return key

    def _note(self, mark: Mark, fault: Fault) -> None:
        self.faults.append(Located(mark, self._path(), fault))

    def _path(self) -> Path:
        """The path to what comes next: an item, the value of the key that was read, or the mapping of a key to come."""
        path = (len(frame.node) if isinstance(frame.node, YamlList) else frame.key for frame in self._stack)
        return tuple(step for step in path if step is not None)


def _refused_character(character: str) -> Fault:
    match character:
        case "\t":
            return Fault("a tab", "indent and separate with spaces")
        case "\0":
            return Fault("a NUL character", "this is not a text file; restore it")
        case "\r":
            return Fault("a carriage return without a line feed", "save the file with Unix line ends")
        case "\ufeff":
            return Fault("a byte order mark inside the text", "remove it")
        case _:
            return Fault(
                f"the invisible character U+{ord(character):04X}", 'write it as an escape: "\\u...", or remove it'
            )


def _mark_in(before: str) -> Mark:
    line = before.count("\n")
    return Mark(line + 1, len(before) - (before.rfind("\n") + 1) + 1)


def _mark(mark: _YamlMark | None) -> Mark:
    return Mark(1, 1) if mark is None else Mark(mark.line + 1, mark.column + 1)


def steps(tree: YamlTree) -> Iterator[tuple[Path, YamlTree, Step, object]]:
    """Every value in the tree, as the path to its node, the node, the step to it from there, and itself."""
    todo: list[tuple[Path, YamlTree]] = [((), tree)]
    while todo:
        path, node = todo.pop()
        items = list(node.items()) if isinstance(node, YamlMap) else list(enumerate(node))
        for step, value in items:
            yield path, node, step, value
            if isinstance(value, YamlMap | YamlList):
                todo.append(((*path, step), value))
