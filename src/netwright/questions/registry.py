"""Every question by its name: what it is asked with, who answers it, what it is for.

The one table that the facade, the faces and the generated pages read. It imports no question and nothing heavy: who
answers is named as `module:function` and imported when the question is asked.

A new question is three things: its params here, its line in `QUESTIONS`, and in a module of its own a function
`answer(twin, params)` whose return annotation is the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Generic, Literal, Protocol, TypeVar, cast, get_type_hints

from msgspec import Meta, Struct

from netwright.model.configuration import Accepted, Intent
from netwright.model.finding import Known

if TYPE_CHECKING:
    from netwright.base.spans import Origin, Position
    from netwright.engine.compile import Network
    from netwright.engine.inquire import Inquirer
    from netwright.model.cluster import Cluster
    from netwright.model.references import Directory
    from netwright.questions.check import Checked
    from netwright.questions.convert import Converted
    from netwright.questions.diff import Diffed
    from netwright.questions.eval import Evaluated
    from netwright.questions.explain import Explained
    from netwright.questions.exposed import ExposedRow
    from netwright.questions.hops import Blast
    from netwright.questions.reach import Reached
    from netwright.questions.show import Shown
    from netwright.questions.why import WhyAnswer

Kind = Literal["ask", "act", "stream"]
A = TypeVar("A")


class Params(Struct, Generic[A], frozen=True, kw_only=True):
    """What a question is asked with; `A` is what it is answered with, so that `Twin.ask` is typed by its argument.

    The encoded name of a field is its name in JSON and URLs and, with hyphens, on the command line. It differs from the
    Python name only where that is a keyword (`from`) and for its companion, and for what is given several times.
    """


P = TypeVar("P", bound=Params[Any])
FROM_TO = {"source": "from", "destination": "to"}
IN_NAMESPACES = {"namespaces": "namespace"}
OnNetwork = Annotated[
    str | None, Meta(description="Of the interfaces on this secondary network; absent: on primary networks.")
]


class Asked(Protocol):
    """The facade as far as questions need it."""

    @property
    def snapshot(self) -> Any: ...
    @property
    def cluster(self) -> Cluster: ...
    @property
    def network(self) -> Network: ...
    @property
    def inquirer(self) -> Inquirer: ...
    @property
    def directory(self) -> Directory: ...
    def locate(self, origin: Origin) -> Position | None: ...
    def owner_of(self, origin: Origin) -> str: ...
    def on(self, network: str | None) -> Asked: ...
    def ask(self, question: Params[A]) -> A: ...


# --- what questions are asked with ------------------------------------------------------------------------------------


class Why(Params["WhyAnswer"], frozen=True, kw_only=True, forbid_unknown_fields=True, rename=FROM_TO):
    source: Annotated[str, Meta(description="Who starts it.")]
    destination: Annotated[str, Meta(description="Whom it goes to; without a port: all ports that this end serves.")]
    protocol: Annotated[str, Meta(description="TCP, UDP, SCTP, ICMP or a number.")] = "TCP"
    family: Annotated[Literal[4, 6] | None, Meta(description="Only IPv4 or IPv6.")] = None
    changes: Annotated[bool, Meta(description="Look for changes that would flip the verdict.")] = True
    network: OnNetwork = None


class Reach(Params["Reached"], frozen=True, kw_only=True, forbid_unknown_fields=True, rename=FROM_TO):
    source: Annotated[str | None, Meta(description="Only connections from this end.")] = None
    destination: Annotated[str | None, Meta(description="Only connections to this end.")] = None
    port: Annotated[str | None, Meta(description="Only this service: 80, 8000-8100, UDP/53.")] = None
    by: Annotated[
        Literal["pod", "workload", "namespace", "identity"], Meta(description="What an end of a connection is.")
    ] = "workload"
    network: OnNetwork = None


class Diff(Params["Diffed"], frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Asked of the later network. Questions read nothing: a face makes a twin of the source that is written."""

    before: Annotated[
        Any, Meta(description="The earlier network: a source; in Python a twin.", extra_json_schema={"type": "string"})
    ]


class Check(Params["Checked"], frozen=True, kw_only=True, forbid_unknown_fields=True, rename=IN_NAMESPACES):
    namespaces: Annotated[tuple[str, ...], Meta(description="Only findings in these namespaces.")] = ()
    intents: Annotated[tuple[Intent, ...], Meta(description="What must hold.")] = ()
    baseline: Annotated[tuple[Known, ...], Meta(description="Findings of this network that are known.")] = ()
    severities: Annotated[
        dict[str, Literal["error", "warning", "info", "ignore"]], Meta(description="Severities of codes, or `ignore`.")
    ] = {}
    accepted: Annotated[tuple[Accepted, ...], Meta(description="Findings that are accepted until a day.")] = ()
    today: Annotated[str, Meta(description="The day, YYYY-MM-DD, that acceptances are held against; empty: none.")] = ""


class BlastRadius(Params["Blast"], frozen=True, kw_only=True, forbid_unknown_fields=True, rename=FROM_TO):
    source: Annotated[str, Meta(description="The workload or pod that an intruder is on.")]
    hops: Annotated[Annotated[int, Meta(ge=1)] | None, Meta(description="How many steps; absent: all.")] = None
    any_port: Annotated[bool, Meta(description="Count every port, not only those that containers declare.")] = False


class Icmp(Struct, frozen=True, kw_only=True):
    type: int
    code: int = 0


class Query(
    Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, rename={"from_": "from"}
):
    """One question. `port` is a number or a port's name; ICMP has none and may have a type and code (echo request if
    not)."""

    from_: str
    to: str
    protocol: str = "TCP"
    port: int | str | None = None
    network: str | None = None
    family: Literal[4, 6] | None = None
    icmp: Icmp | None = None


class Eval(Params["list[Evaluated]"], frozen=True, kw_only=True, forbid_unknown_fields=True):
    queries: Annotated[tuple[Query, ...], Meta(description="The questions, answered in this order.")]


class Show(Params["Shown"], frozen=True, kw_only=True, forbid_unknown_fields=True, rename=IN_NAMESPACES):
    noun: Annotated[str, Meta(description="What to list: workloads, endpoints, services, policies …")]
    namespaces: Annotated[tuple[str, ...], Meta(description="Only these namespaces.")] = ()
    references: Annotated[tuple[str, ...], Meta(description="Only what these name.")] = ()
    network: OnNetwork = None


class Exposed(Params["list[ExposedRow]"], frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Convert(Params["Converted"], frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"language": "to"}):
    language: Annotated[
        Literal["cilium", "clusternetworkpolicy", "networkpolicy", "networkpolicy+clusternetworkpolicy"],
        Meta(
            description="The language: `clusternetworkpolicy` takes AdminNetworkPolicy and its baseline, `cilium` the "
            "policies of Calico, the others those of Cilium, with what denies as ClusterNetworkPolicies or left as it "
            "is."
        ),
    ]
    fewest: Annotated[
        bool, Meta(description="Say all NetworkPolicies, those of the input too, by as few as are found.")
    ] = False
    residue: Annotated[
        Literal["keep", "narrow", "widen"] | None,
        Meta(
            description="What the language cannot say: it stays in Cilium's words (`keep`, and without a choice; of "
            "Calico's rules it is left out), or less is permitted (`narrow`), or more (`widen`), where that can be "
            "said."
        ),
    ] = None


class Explain(Params["Explained"], frozen=True, kw_only=True, forbid_unknown_fields=True):
    asked: Annotated[str, Meta(description="A code, a kind, a term; empty: what there is.")] = ""


# --- the questions ----------------------------------------------------------------------------------------------------


class Question(Struct, Generic[P, A], frozen=True, kw_only=True, eq=False):
    """A question that a twin answers. `command` is the verb that asks it on the command line and names its JSON.

    `kind`: an *ask* has one answer, a *stream* an answer for each line of what it is given, an *act* changes something
    outside. `rests_on_input` False: it is answered from what netwright itself carries, and needs no sources.
    """

    name: str
    kind: Kind = "ask"
    command: str
    params: type[P]
    run: str
    help: str
    rests_on_input: bool = True

    def function(self) -> Callable[[Asked, P], A]:
        """Who answers it, imported now."""
        from importlib import import_module

        module, _, name = self.run.partition(":")
        return cast(Callable[[Asked, P], A], getattr(import_module(module), name))

    def answer_type(self) -> Any:
        """What it is answered with: a struct, or a list of structs."""
        return get_type_hints(self.function())["return"]


QUESTIONS: tuple[Question[Any, Any], ...] = (
    Question(
        name="check",
        command="check",
        params=Check,
        run="netwright.questions.check:answer",
        help="What is wrong with the network: dead rules, traps, exposures, each with its line and its cure.",
    ),
    Question(
        name="why",
        command="why",
        params=Why,
        run="netwright.questions.why:answer",
        help="May A talk to B? Which rule says so, and what would change it.",
    ),
    Question(
        name="reach",
        command="reach",
        params=Reach,
        run="netwright.questions.reach:answer",
        help="Who may talk to whom, and over which ports.",
    ),
    Question(
        name="diff",
        command="diff",
        params=Diff,
        run="netwright.questions.diff:answer",
        help="What a change opens and closes, and which object change caused it.",
    ),
    Question(
        name="blast",
        command="reach",
        params=BlastRadius,
        run="netwright.questions.hops:answer",
        help="What an intruder on one workload can reach, step by step, over ports that are served.",
    ),
    Question(
        name="eval",
        kind="stream",
        command="eval",
        params=Eval,
        run="netwright.questions.eval:answer",
        help="Verdicts for a file of questions.",
    ),
    Question(
        name="convert",
        command="convert",
        params=Convert,
        run="netwright.questions.convert:answer",
        help="Policies in another language, with the proof that they do the same.",
    ),
    Question(
        name="show",
        command="show",
        params=Show,
        run="netwright.questions.show:answer",
        help="List what was read: workloads, services, policies, exposure …",
    ),
    Question(
        name="exposed",
        command="show",
        params=Exposed,
        run="netwright.questions.exposed:answer",
        help="The ways from the internet into the cluster, each as a chain of verdicts.",
    ),
    Question(
        name="explain",
        command="explain",
        params=Explain,
        run="netwright.questions.explain:answer",
        help="The manual, offline: a finding code, a kind, a term.",
        rests_on_input=False,
    ),
)


def question_of(params: Params[A]) -> Question[Params[A], A]:
    """The question that these are the params of. Raises TypeError for what are none."""
    found = _by_params().get(type(params))
    if found is None:
        raise TypeError(f"{type(params).__name__} are no params of a question")
    return found


@cache
def _by_params() -> dict[type, Question[Any, Any]]:
    return {q.params: q for q in QUESTIONS}
