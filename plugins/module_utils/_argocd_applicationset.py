# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The Applications that an ApplicationSet comes to, told from the repository alone, as Argo CD 3.5 would make them."""

from __future__ import annotations

import copy
import dataclasses
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._argocd_applicationset_generators import (
    Generators,
    Params,
    Repository,
)
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_applicationset_parser import (
    TemplateError,
    UnsupportedError,
)
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_applicationset_template import Texts

try:
    import yaml
except ImportError:  # whoever reads the repository has said so
    yaml = None  # type: ignore[assignment]

FINALIZER = "resources-finalizer.argocd.argoproj.io"
Keys = t.Tuple[t.Union[str, int], ...]
Application = t.Dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Trouble:
    """Why elements are missing. C(refused): Argo CD refuses it, too; else it only cannot be told offline."""

    keys: Keys  # where in the ApplicationSet
    what: str
    refused: bool


@dataclasses.dataclass(frozen=True)
class Outcome:
    applications: t.Tuple[Application, ...] = ()
    troubles: t.Tuple[Trouble, ...] = ()


def evaluate(applicationset: t.Mapping[str, t.Any], repository: Repository) -> Outcome:
    """All Applications in the order of the generators."""
    spec = applicationset.get("spec") or {}
    go = bool(spec.get("goTemplate"))
    try:
        texts = Texts(go, [str(option) for option in spec.get("goTemplateOptions") or []])
    except TemplateError as error:
        return Outcome(troubles=(Trouble(("spec", "goTemplateOptions"), str(error), True),))
    generators = Generators(texts, go, repository)
    applications: t.List[Application] = []
    troubles: t.List[Trouble] = []
    for number, generator in enumerate(spec.get("generators") or []):
        keys: Keys = ("spec", "generators", number)
        try:
            found = generators.params(generator)
        except TemplateError as error:
            troubles.append(Trouble(keys, str(error), True))
            continue
        except UnsupportedError as error:
            troubles.append(Trouble(keys, str(error), False))
            continue
        for kind, sets in found:
            template = _filled(generator[kind].get("template") or {}, spec.get("template") or {})
            for params in sets:
                try:
                    applications.append(_application(applicationset, template, params, texts))
                except TemplateError as error:
                    troubles.append(Trouble(("spec", "template"), f"{_shown(params)}: {error}", True))
                except UnsupportedError as error:
                    troubles.append(Trouble(("spec", "template"), f"{_shown(params)}: {error}", False))
    return Outcome(tuple(applications), tuple(dict.fromkeys(troubles)))


def _application(
    applicationset: t.Mapping[str, t.Any], template: t.Mapping[str, t.Any], params: Params, texts: Texts
) -> Application:
    spec = applicationset["spec"]
    metadata = template.get("metadata") or {}
    known = ("annotations", "labels", "namespace", "name", "finalizers")
    done: Application = {
        "apiVersion": applicationset.get("apiVersion", "argoproj.io/v1alpha1"),
        "kind": "Application",
        "metadata": {key: metadata[key] for key in known if key in metadata},
        "spec": template.get("spec") or {},
    }
    if params:
        done = texts.every(done, params)
        preserved = (spec.get("syncPolicy") or {}).get("preserveResourcesOnDeletion")
        if not preserved and not done["metadata"].get("finalizers"):
            done["metadata"]["finalizers"] = [FINALIZER]
    if spec.get("templatePatch") is not None:
        done = _patched(done, texts.text(str(spec["templatePatch"]), params))
    # Never another namespace than the ApplicationSet's own.
    done["metadata"] = {**done["metadata"], "namespace": (applicationset.get("metadata") or {}).get("namespace", "")}
    return done


def _patched(application: Application, text: str) -> Application:
    try:
        patch = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError:
        raise TemplateError("templatePatch is not YAML") from None
    if patch is None:
        return application
    if not isinstance(patch, dict):
        raise TemplateError("templatePatch is no mapping")
    project = application["spec"].get("project")
    done = t.cast(Application, _merged(application, patch))
    # Argo CD takes no project from a patch.
    done["spec"] = {**(done.get("spec") or {}), "project": project}
    return done


def _merged(value: t.Any, patch: t.Any) -> t.Any:
    """A strategic merge patch, as far as Applications go: their lists are replaced as a whole."""
    if not isinstance(patch, dict):
        return patch
    if any(str(key).startswith("$") for key in patch):
        raise UnsupportedError("directives in templatePatch")
    done = dict(value) if isinstance(value, dict) else {}
    for key, one in patch.items():
        if one is None:
            done.pop(key, None)
        else:
            done[key] = _merged(done.get(key), one)
    return done


def _filled(own: t.Mapping[str, t.Any], base: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """A generator's own template, and for what it does not say that of the ApplicationSet."""
    done = copy.copy(dict(base))
    for key, value in own.items():
        if isinstance(value, dict) and isinstance(done.get(key), dict):
            done[key] = _filled(value, done[key])
        elif value or key not in done:
            done[key] = value
    return done


def _shown(params: Params) -> str:
    """Enough to tell which element it was."""
    path = params.get("path")
    if isinstance(path, dict):
        path = path.get("path")
    name = path or next((params[key] for key in ("name", "cluster") if isinstance(params.get(key), str)), None)
    return f"for {name}" if name else "for an element"
