"""`completion`: the scripts that shells source, and how kubectl asks."""

from __future__ import annotations

import sys
from typing import Any, Final

import click
from click.shell_completion import CompletionItem, ShellComplete, add_completion_class, get_completion_class

SHELLS: Final = ("bash", "zsh", "fish", "kubectl")

KUBECTL_SCRIPT: Final = """\
#!/bin/sh
# kubectl runs this to complete `kubectl netwright ...`
_KUBECTL_NETWRIGHT_COMPLETE=kubectl_complete exec kubectl-netwright "$@"
"""


class KubectlComplete(ShellComplete):
    """How kubectl asks a plugin: the words as arguments, the last one begun; the answer is cobra's, a candidate a line
    and then `:` and what the shell is to do besides.
    """

    name = "kubectl"
    source_template = KUBECTL_SCRIPT

    def get_completion_args(self) -> tuple[list[str], str]:
        *words, begun = sys.argv[1:] or [""]
        return words, begun

    def format_completion(self, item: CompletionItem[Any]) -> str:
        return f"{item.value}\t{item.help}" if item.help else str(item.value)

    def complete(self) -> str:
        found = self.get_completions(*self.get_completion_args())
        plain = [self.format_completion(item) for item in found if item.type == "plain"]
        # 0: the shell completes files where there is nothing else; 4: it does not
        return "\n".join([*plain, ":4" if plain else ":0"])


def register() -> None:
    """Let click answer kubectl too."""
    add_completion_class(KubectlComplete)


@click.command(no_args_is_help=True)
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> int:
    """Shell completion: what to source.

    \b
      eval "$(netwright completion bash)"
      netwright completion fish > ~/.config/fish/completions/netwright.fish

    For `kubectl netwright`, kubectl looks for a program of this name on the PATH:

    \b
      netwright completion kubectl > ~/.local/bin/kubectl_complete-netwright
      chmod +x ~/.local/bin/kubectl_complete-netwright
    """
    register()
    root = context.find_root()
    kind = get_completion_class(shell)
    assert kind is not None  # the choices are click's own, and ours
    program = "kubectl-netwright" if (root.info_name or "").startswith("kubectl") else "netwright"
    variable = f"_{program.upper().replace('-', '_')}_COMPLETE"
    source = kind(root.command, {}, program, variable)
    # click's own source() first runs the shell to ask its version; the script is the same
    script = (source.source_template % source.source_vars()).strip()
    # where we have no word to offer, bash is to offer files
    click.echo(script.replace("complete -o nosort -F", "complete -o nosort -o default -F"))
    return 0
