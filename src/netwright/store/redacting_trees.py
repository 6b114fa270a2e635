"""What the fields of an object become when it is redacted, each with its place."""

from __future__ import annotations

import json
import re
from typing import Any

from netwright.dialects.calico import grammar
from netwright.dialects.k8s.ingress_classes import FLAGS, flagged
from netwright.dialects.k8s.services import MANAGED_BY, OF_SELECTORS
from netwright.store.lines import COMMAND
from netwright.store.pseudonyms import Pseudonyms
from netwright.store.redacting_guests import is_masqueraded, network_data, network_data_base64
from netwright.store.vocabulary import (
    BALANCER_WORDS,
    BEGINNINGS,
    CONTROLLERS,
    DOMAINS,
    ENUMERATED,
    INGRESS_CONTROLLERS,
    JSON_NOTES,
    KEYED,
    KEYS,
    LABELS,
    LEADS,
    METHODS,
    OPEN_PORTS,
    PORTS,
    PREFIXES,
    PRESENT_NOTES,
    PROTOCOLS,
    SELECTORS,
    SOURCES,
    TEMPLATES,
    TEXT_NOTES,
    WORD_NOTES,
    WORDS,
    fields,
    is_word,
)

_PORT = re.compile(r"[\d:_-]+")
_METHOD = re.compile(r"[A-Z|()^$.*]+")
_ANY = frozenset(("", "/", ".*", "/.*"))
_AS_WILDCARD = re.compile(r"(/[-A-Za-z0-9_~]*)*/\*")
"""A path that ends as if `*` stood for something, which is no regular expression that anybody means."""
_OPENED = re.compile(r"""(?:[\s,:{}\[\]"'-]|protocol|port|(?i:tcp|udp|sctp|icmp(?:v6)?)|\d)*""")
_CALICO = ("crd.projectcalico.org", "projectcalico.org")
_SWITCHES = ("true", "false", "internal", "none")


class Trees:
    """Walks objects; what texts become is the pseudonyms' business."""

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        self._p = pseudonyms
        self._group = ""
        self._kind = ""
        self._masqueraded = False

    def object(self, group: str, kind: str, tree: Any, at: Any) -> tuple[Any, Any]:
        """An object, and the places of its nodes."""
        self._group, self._kind = group, kind
        return self._value(tree, "", "", at)

    # --- nodes ---

    def _value(self, value: Any, field: str, above: str, at: Any) -> tuple[Any, Any]:
        """A value in `field`, which stands in the field `above`."""
        if isinstance(value, str):
            return self._text(value, field, above), at
        if isinstance(value, list):
            below = at[2] if at and len(at) > 2 and isinstance(at[2], list) else []
            found = [
                self._value(one, field, above, below[i] if i < len(below) else None) for i, one in enumerate(value)
            ]
            return [one for one, _ in found], [*at[:2], [place for _, place in found][: len(below)]] if below else at
        if isinstance(value, dict):
            return self._mapping(value, field, above, at)
        return value, at

    def _mapping(self, value: dict[str, Any], field: str, above: str, at: Any) -> tuple[Any, Any]:
        places = at[2] if at and len(at) > 2 and isinstance(at[2], dict) else {}
        found: dict[str, Any] = {}
        moved: dict[str, Any] = {}
        if "volumes" in value and self._group.endswith("kubevirt.io"):
            self._masqueraded = is_masqueraded(value)
        for key, held in value.items():
            here = places.get(key)
            named = self._key(key, held, value, field, above)
            if named is None:
                continue
            if field == "annotations":
                held = self._note(key, held or "") if isinstance(held, str) or held is None else None
                if held is None:
                    continue
            elif _is_labels(field, value):
                if isinstance(held, str) and not (key == MANAGED_BY and held in OF_SELECTORS):
                    held = self._p.text(held)
            elif key in ("values", "notValues") and value.get("key") == "destination.port":
                pass  # ports
            elif key == "value" and isinstance(held, str) and value.get("type") == "RegularExpression":
                held = self._p.opaque(held)
            elif self._is_unknown(key, field):
                held = {}
            else:
                held, here = self._value(held, key, field, here)
            found[named] = held
            if here is not None:
                moved[named] = here
        return found, [*at[:2], moved] if places else at

    def _key(self, key: str, held: Any, value: dict[str, Any], field: str, above: str) -> str | None:
        """What the key of a mapping becomes; None where the field is left out."""
        if key in COMMAND:  # a pod under another name is not read as one of the API server
            return key if isinstance(held, list) and any(flagged(held)) else None
        if field == "annotations":
            return key
        if _is_labels(field, value):
            return self.label(key)
        if field in ("activePods", "portLevelMtls") or (field == "binding" and above == "network"):
            return self._p.text(key)
        if field == "data" and self._kind == "ConfigMap":
            return key
        if key in fields() and not (key == "key" and field == "tls"):
            return key
        return self._p.text(key) if self._is_unknown(key, field) else None

    def _is_unknown(self, key: str, field: str) -> bool:
        """Whether it is a kind of peer that this version of the API does not know: such a rule has to fail closed."""
        return self._group == "policy.networking.k8s.io" and field in ("from", "to") and key not in fields()

    # --- texts ---

    def _text(self, text: str, field: str, above: str) -> str:
        if "{{" in text and self._group == "nmstate.io":
            return "{{ captured }}"
        if field == "deletionTimestamp":
            return text
        if field in ("networkData", "networkDataBase64"):
            change = network_data if field == "networkData" else network_data_base64
            return change(text, self._p, masqueraded=self._masqueraded)
        if field in SELECTORS and self._group in _CALICO:
            return self.selector(text)
        if field in PORTS or (field == "name" and above in ("ports", "port")):
            return self._port(text)
        if field == "config" or (field in ("ipam", "metaPlugins", "capabilities") and above == "spec"):
            return self._json(text)
        if self._group == "cilium.io" and field in ("path", "host", "method", "headers"):
            is_method = field == "method" and (_METHOD.fullmatch(text) or text.upper() in METHODS)
            if field == "path" and _AS_WILDCARD.fullmatch(text):
                return f"/{self._p.opaque(text)}/*"
            return text if text in _ANY or is_method else self._p.opaque(text)
        if field in ENUMERATED and is_word(field, text):
            return text
        if field in KEYED:
            return self._condition(text) if self._group == "security.istio.io" else self.label(text)
        if field == "controllerName" and text in CONTROLLERS:
            return text
        if field == "controller" and self._kind == "IngressClass":
            return self._controller(text)
        if field in COMMAND:
            name, is_set, value = text.partition("=") if text.startswith(FLAGS) else ("", "", text)
            return f"{name}{is_set}{'$(VARIABLE)' if '$(' in value else self._controller(value)}"
        if field == "routeTarget":
            return ":".join(self._p.number(part) if part.isdigit() else self._p.text(part) for part in text.split(":"))
        if field == "pfNames" and "#" in text:
            name, _, functions = text.partition("#")
            return f"{self._p.text(name)}#{functions}"
        if field in ("pciAddress", "rootDevices", "netFilter", "sidecarImage", "bootFileName"):
            return "0000:00:00.0" if field in ("pciAddress", "rootDevices") else self._p.opaque(text)
        if field == "data" or self._kind == "ConfigMap":
            return self._option(text)
        if text.startswith("cluster_udn_"):
            return f"cluster_udn_{self._p.text(text.removeprefix('cluster_udn_'))}"
        return self._p.text(text)

    def _controller(self, text: str) -> str:
        """The controller of a class, of which the project stays; or another value of its flags."""
        known = next((one for one in INGRESS_CONTROLLERS if text.startswith(one)), "")
        rest = text.removeprefix(known)
        return text if rest in ("", "/") else f"{known}{self._p.text(rest)}"

    def _option(self, text: str) -> str:
        return text if text in WORDS or _PORT.fullmatch(text) else self._p.text(text)

    def _port(self, text: str) -> str:
        """The number, the range or the name of a port, which has 15 characters at most."""
        if _PORT.fullmatch(text):
            return text
        word, hyphen, rest = text.partition("-")
        kept = word.lower() in PROTOCOLS
        name = f"{word}{hyphen}{self._p.text(rest) if rest else ''}" if kept else self._p.text(text)
        return name if len(name) <= 15 else f"{word}-{self._p.opaque(text)[:8]}" if kept else self._p.opaque(text)

    def _condition(self, text: str) -> str:
        """An attribute of Istio: `request.headers[NAME]`."""
        attribute, bracket, name = text.partition("[")
        open_ = "experimental.envoy.filters."
        if attribute.startswith(open_):
            attribute = open_ + self._p.text(attribute.removeprefix(open_))
        return f"{attribute}{bracket}{self._p.text(name) if bracket else ''}"

    def label(self, key: str) -> str:
        """The key of a label."""
        source, colon, name = key.partition(":")
        if colon and source in SOURCES:
            return f"{source}:{name if source == 'reserved' and name in WORDS else self.label(name)}"
        if key in KEYS:
            return key
        for prefix in PREFIXES:
            if key.startswith(prefix):
                rest = key.removeprefix(prefix)
                return prefix + (self._p.text(rest) if prefix.endswith("/") else self.label(rest))
        for beginning in BEGINNINGS:
            if key.startswith(beginning):
                rest = key.removeprefix(beginning)
                return beginning + (self._p.text(rest) if rest else "")
        domain, slash, name = key.partition("/")
        return f"{self._domain(domain)}/{self._p.text(name)}" if slash else self._p.text(key)

    def _domain(self, domain: str) -> str:
        for kept in DOMAINS:
            if domain == kept:
                return domain
            if domain.endswith(f".{kept}"):
                lead = domain.removesuffix(f".{kept}")
                return f"{lead if lead in LEADS else self._p.text(lead)}.{kept}"
        return self._p.text(domain)

    # --- selectors of Calico ---

    def selector(self, text: str) -> str:
        """An expression with other labels and values."""
        tree = grammar.parse(text)
        return text if tree is grammar.EVERYTHING and not text.strip() else self._expression(tree)

    def _expression(self, tree: grammar.Expression) -> str:
        match tree:
            case grammar.Everything():
                return "all()"
            case grammar.Global():
                return "global()"
            case grammar.Present(label):
                return f"has({self.label(label)})"
            case grammar.Compared(label, operator, values):
                change = {
                    "contains": self._p.within,
                    "starts with": self._p.begins,
                    "ends with": self._p.ends,
                }.get(operator, self._p.text)
                texts = [f"'{change(value)}'" for value in values]
                listed = f"{{{', '.join(texts)}}}" if operator in ("in", "not in") else texts[0]
                return f"{self.label(label)} {operator} {listed}"
            case grammar.Negated(part):
                return f"!{self._inner(part)}"
            case grammar.All(parts):
                return " && ".join(map(self._inner, parts))
            case grammar.Any(parts):
                return " || ".join(map(self._inner, parts))

    def _inner(self, tree: grammar.Expression) -> str:
        found = self._expression(tree)
        return f"({found})" if isinstance(tree, (grammar.All, grammar.Any, grammar.Compared)) else found

    # --- JSON in texts, annotations ---

    def _json(self, text: str) -> str:
        """A configuration of CNI: names of fields are read in any case; of its texts the fields that are known."""
        try:
            held = json.loads(text)
        except (ValueError, RecursionError):
            return ""
        return json.dumps(self._configuration(held, ""))

    def _configuration(self, value: Any, field: str) -> Any:
        if isinstance(value, dict):
            known = {name.lower(): name for name in fields()}
            return {
                key: self._configuration(held, known[key.lower()])
                for key, held in value.items()
                if key.lower() in known
            }
        if isinstance(value, list):
            return [self._configuration(one, field) for one in value]
        return self._text(value, field, "") if isinstance(value, str) else value

    def _note(self, key: str, value: str) -> str | None:
        """The value of an annotation; None where it is left out."""
        if value in WORD_NOTES.get(key, ()) or (key == OPEN_PORTS and _OPENED.fullmatch(value)):
            return value
        if key == TEMPLATES and "gateway" in value:
            return "gateway"
        if key in TEXT_NOTES:
            return self._p.text(value)
        if key in WORD_NOTES:
            return self._p.opaque(value)
        if key in PRESENT_NOTES:
            return "{}"
        if key in JSON_NOTES:
            return self._listed(value)
        from netwright.model.outside_ports import AWS_CONTROLLER, AWS_SCHEME, INTERNAL_BALANCERS

        if key in INTERNAL_BALANCERS or key in (AWS_CONTROLLER, AWS_SCHEME):
            return value if value.lower() in BALANCER_WORDS else "redacted" if value else ""
        return None

    def _listed(self, value: str) -> str:
        if not value.strip().startswith(("[", "{")):
            return self._p.text(value)
        try:
            held = json.loads(value)
        except (ValueError, RecursionError):
            return ""
        if isinstance(held, dict):
            return json.dumps({self._p.text(key): self._configuration(one, "") for key, one in held.items()})
        return json.dumps(self._configuration(held, ""))


def _is_labels(field: str, value: dict[str, Any]) -> bool:
    """Whether a mapping is one of labels: `selector` is that of a Service, and of a workload a LabelSelector."""
    return field in LABELS and not ({"matchLabels", "matchExpressions"} & value.keys())
