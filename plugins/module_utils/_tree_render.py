# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Renders the templates of a GitOps repository, and notes what each of them read.

A template is a function of what it reads: other templates, values, its current output. Nothing else is within reach
(no environment, no clock, no dice), so that whoever knows that none of it changed need not render it again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import re
import sys
import traceback
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils import _tree_locations as locations
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.module_utils._tree_locations import Delimiters, Place

_EnvironmentBase: t.Any = object
_ContextBase: t.Any = object
_TemplateBase: t.Any = object
_UndefinedBase: t.Any = object
MISSING: t.Any = None
try:
    import jinja2
    import jinja2.parser
    import jinja2.runtime
    import jinja2.sandbox
except ImportError:
    JINJA2_IMPORT_ERROR: t.Optional[str] = traceback.format_exc()
    ENGINE = ""
else:
    JINJA2_IMPORT_ERROR = None
    MISSING = jinja2.runtime.missing  # type: ignore[attr-defined]  # Jinja's own mark for what is not there
    ENGINE = f"jinja2 {jinja2.__version__}"
    _EnvironmentBase = jinja2.sandbox.SandboxedEnvironment
    _ContextBase = jinja2.runtime.Context
    _TemplateBase = jinja2.Template
    _UndefinedBase = jinja2.StrictUndefined

# Everything that Jinja offers to a template, without what would change the file with every run: lipsum, random.
GLOBALS = ("cycler", "dict", "joiner", "namespace", "range")
CURRENT = "current"
CHURNING_FILTER = "random"
# Templates that others include are compiled once; 1,000 that nobody includes need not stay in memory.
CACHE_SIZE = 200

Current = t.Callable[[str, t.Tuple[t.Any, ...]], t.Any]


class Sources(t.Protocol):
    """The templates by name."""

    def __iter__(self) -> t.Iterator[str]: ...

    def get(self, name: str) -> t.Optional[str]:
        """None if there is none. Raises UnicodeDecodeError."""


@dataclasses.dataclass(frozen=True)
class Trace:
    """What a template read: templates (found or not), names of values (set or not). Its output it may always read."""

    templates: t.FrozenSet[str]
    names: t.FrozenSet[str]


@dataclasses.dataclass
class _Rendering:
    """The state of one template's rendering."""

    name: str
    templates: t.Set[str] = dataclasses.field(default_factory=set)
    names: t.Set[str] = dataclasses.field(default_factory=set)
    problems: t.Dict[t.Tuple[Place, str], Problem] = dataclasses.field(default_factory=dict)


class Renderer:
    """Renders templates by name, from sources in memory. C(current) answers what is in the output now."""

    def __init__(
        self,
        *,
        sources: Sources,
        values: t.Mapping[str, t.Any],
        delimiters: Delimiters,
        filters: t.Mapping[str, t.Callable[..., t.Any]],
        current: Current,
        folder: str = "",
    ) -> None:
        self._sources, self._values, self._current = sources, values, current
        self._delimiters, self._folder = delimiters, folder
        self._containers = frozenset(_containers(values))
        self._rendering = _Rendering("")
        self._environment = _environment(self, delimiters, filters)

    def render(self, name: str) -> t.Tuple[str, Trace]:
        """The text, and what it depends on. Raises ClusterError with everything that was found wrong on the way."""
        rendering = self._rendering = _Rendering(name)
        text = ""
        try:
            template = self._environment.get_template(name)
            # Not Template.render: it would replace the frames that tell where an error was.
            text = "".join(template.root_render_func(template.new_context()))
        except Exception as error:  # whatever code in a template can raise
            self._record(error)
        if rendering.problems:
            raise ClusterError(*rendering.problems.values())
        return text, Trace(frozenset(rendering.templates), frozenset(rendering.names))

    # What the environment asks for while it renders.

    def read(self, name: str) -> t.Optional[str]:
        return self._sources.get(name)

    def has(self, name: str) -> bool:
        return name in self._values

    def is_shared(self, value: t.Any) -> bool:
        """Whether it is a part of the values, which all templates share: what one did to it, the others would see."""
        return id(value) in self._containers

    def note(self, template: str) -> None:
        self._rendering.templates.add(template)

    def value(self, name: str) -> t.Any:
        self._rendering.names.add(name)
        return self._values.get(name, MISSING)

    def current(self, *path: t.Any) -> t.Any:
        return self._current(self._rendering.name, path)

    def undefined(self, hint: t.Optional[str], name: t.Any, owner: t.Any) -> None:
        """Something that is not there was used."""
        places = list(dict.fromkeys(locations.of_frame(sys._getframe(2))))
        if hint:
            what, known = hint, []
        elif owner is MISSING:
            what, known = f"{name!r} is not defined", [*self._values, *GLOBALS]
        else:
            known = [str(key) for key in owner] if isinstance(owner, dict) else []
            what = f"there is no {name!r} in a {'mapping' if known else type(owner).__name__}"
        near = difflib.get_close_matches(str(name), known, n=1)
        remedy = f"Did you mean {near[0]!r}?" if near else "Set it, or say what stands in for it: | default(…)"
        self._add(places, what, remedy, [str(name)])

    def _record(self, error: Exception) -> None:
        places = locations.of_traceback(error.__traceback__)
        if isinstance(error, jinja2.UndefinedError) and self._rendering.problems:
            return  # noted when it happened
        if isinstance(error, jinja2.TemplateSyntaxError):
            here = Place(error.name or self._rendering.name, error.lineno)
            needle, skipped = self._failing_token(here)
            what = re.sub(r" at \d+$", "", str(error.message))
            quoted = re.findall(r"'([^']+)'", what)[::-1]
            self._add([here, *places], what, "Correct it", [needle, *quoted] if needle in quoted else quoted, skipped)
        elif isinstance(error, jinja2.TemplateNotFound):
            near = difflib.get_close_matches(str(error.name), list(self._sources), n=1)
            remedy = f"Did you mean {near[0]!r}?" if near else "Names are relative to the folder of the templates"
            self._add(places, f"there is no template {error.name!r}", remedy, [str(error.name)])
        elif isinstance(error, ClusterError):
            for problem in error.problems:
                self._add(places, f"{problem.where} {problem.what}", problem.remedy, [])
        elif isinstance(error, RecursionError):
            self._add(places[:3], "includes or calls itself without end", "Break the circle", [])
        elif isinstance(error, UnicodeDecodeError):
            self._add(places, "is not text in UTF-8", "Save it as UTF-8; a file that is none needs no .j2", [])
        else:
            self._add(places, f"{type(error).__name__}: {error}", "Correct the expression", [])

    def _failing_token(self, place: Place) -> t.Tuple[str, int]:
        """The text that the parser did not expect, and how often it comes before in the same line."""
        source = self._source(place.name)
        try:
            parser = jinja2.parser.Parser(self._environment, source, place.name)
            tokens = list(self._environment.lexer.tokenize(source, place.name))
            with contextlib.suppress(jinja2.TemplateSyntaxError):
                parser.parse()
        except jinja2.TemplateSyntaxError:
            return "", 0
        failing, left = parser.stream.current, len(list(parser.stream))
        before = [token for token in tokens[: len(tokens) - left] if token.lineno == place.line]
        return str(failing.value), sum(token.value == failing.value for token in before)

    def _add(self, places: t.List[Place], what: str, remedy: str, needles: t.List[str], skipped: int = 0) -> None:
        here = places[0] if places else Place(self._rendering.name, 1)
        line, column = locations.find(self._source(here.name), here.line, needles, self._delimiters, skipped)
        chain = dict.fromkeys(f"{place.name}:{place.line}" for place in places[1:] if place.name != here.name)
        via = "".join(f", used by {self._folder}{place}" for place in chain)
        where = f"{self._folder}{here.name}:{line}:{column}"
        self._rendering.problems.setdefault((here, what), Problem(where, what.rstrip(".") + via, remedy))

    def _source(self, name: str) -> str:
        try:
            return self._sources.get(name) or ""
        except UnicodeDecodeError:
            return ""


def _containers(value: t.Any) -> t.Iterator[int]:
    if isinstance(value, (dict, list)):
        yield id(value)
        for entry in value.values() if isinstance(value, dict) else value:
            yield from _containers(entry)


def _environment(renderer: Renderer, delimiters: Delimiters, filters: t.Mapping[str, t.Callable[..., t.Any]]) -> t.Any:
    environment = _Environment(
        loader=jinja2.FunctionLoader(renderer.read),
        undefined=type("Undefined", (_Undefined,), {"__slots__": (), "renderer": renderer}),
        cache_size=CACHE_SIZE,
        auto_reload=False,
        # As makejinja does by default.
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        **{f"{name}_string": value for name, value in dataclasses.asdict(delimiters).items()},
    )
    environment.renderer = renderer
    environment.context_class = _Context
    environment.template_class = _Template
    environment.globals = {name: environment.globals[name] for name in GLOBALS if not renderer.has(name)}
    environment.globals.update({CURRENT: renderer.current} if not renderer.has(CURRENT) else {})
    del environment.filters[CHURNING_FILTER]
    environment.filters.update({name: _strict(function) for name, function in filters.items()})
    return environment


def _strict(function: t.Callable[..., t.Any]) -> t.Callable[..., t.Any]:
    """A filter that never sees what is not defined."""

    def filtered(*arguments: t.Any, **named: t.Any) -> t.Any:
        for value in (*arguments, *named.values()):
            if isinstance(value, jinja2.Undefined):
                value._fail_with_undefined_error()
        return function(*arguments, **named)

    return filtered


class _Environment(_EnvironmentBase):  # type: ignore[misc]
    def get_template(self, name: t.Any, parent: t.Any = None, globals: t.Any = None) -> t.Any:
        if isinstance(name, str):
            self.renderer.note(name)
        return super().get_template(name, parent, globals)

    def select_template(self, names: t.Any, parent: t.Any = None, globals: t.Any = None) -> t.Any:
        for name in names:
            try:
                return self.get_template(name, parent, globals)
            except jinja2.TemplateNotFound:
                continue
        raise jinja2.TemplatesNotFound(names)

    def is_safe_attribute(self, obj: t.Any, attr: str, value: t.Any) -> bool:
        changes = jinja2.sandbox.modifies_known_mutable(obj, attr) and self.renderer.is_shared(obj)
        return not changes and bool(super().is_safe_attribute(obj, attr, value))

    def unsafe_undefined(self, obj: t.Any, attribute: str) -> t.Any:
        what = f"the values cannot be changed by a template ({attribute}), only copies of them"
        return (
            self.undefined(what, name=attribute)
            if self.renderer.is_shared(obj)
            else super().unsafe_undefined(obj, attribute)
        )


class _Context(_ContextBase):  # type: ignore[misc]
    def resolve_or_missing(self, key: str) -> t.Any:
        found = super().resolve_or_missing(key)
        return self.environment.renderer.value(key) if found is MISSING else found


class _Template(_TemplateBase):  # type: ignore[misc]
    def _get_default_module(self, ctx: t.Any = None) -> t.Any:
        """Macros are made anew for each template that imports them, so that what they read is noted each time."""
        return self.make_module()


class _Undefined(_UndefinedBase):  # type: ignore[misc]
    """Strict, but where it is printed, looped over or asked for a part, the template goes on, so that all are found."""

    __slots__ = ()

    def _note(self) -> None:
        self.renderer.undefined(self._undefined_hint, self._undefined_name, self._undefined_obj)

    def _fail_with_undefined_error(self, *args: t.Any, **kwargs: t.Any) -> t.NoReturn:
        self._note()
        raise jinja2.UndefinedError(self._undefined_message)

    def __getattr__(self, name: str) -> t.Any:
        if name[:2] == "__":
            raise AttributeError(name)
        self._note()
        return self

    def __getitem__(self, key: t.Any) -> t.Any:
        self._note()
        return self

    def __str__(self) -> str:
        self._note()
        return ""

    def __iter__(self) -> t.Iterator[t.Any]:
        self._note()
        return iter(())

    def __bool__(self) -> bool:
        self._note()
        return False

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = (
        _fail_with_undefined_error
    )
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pow__ = __rpow__ = __pos__ = __neg__ = (
        _fail_with_undefined_error
    )
    __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = __hash__ = __contains__ = _fail_with_undefined_error
    __call__ = __int__ = __float__ = __complex__ = __len__ = _fail_with_undefined_error
