"""`convert`."""

from __future__ import annotations

import sys
from typing import Literal

import click
import msgspec

from netwright.cli.choices import files
from netwright.cli.options import Given, exit_code, output_options, source_options
from netwright.cli.output import Output, ending, say, tell, tell_costs, words, write_json, write_lines, write_utf8

LANGUAGES = ("cilium", "clusternetworkpolicy", "networkpolicy", "networkpolicy+clusternetworkpolicy")


@click.command()
@click.argument("paths", nargs=-1, metavar="[SOURCE]...", shell_complete=files)
@click.option("--to", "language", type=click.Choice(LANGUAGES), required=True, help="The language.")
@click.option(
    "--residue",
    type=click.Choice(["keep", "narrow", "widen"]),
    help="What cannot be said: stays in Cilium's words (not of Calico's rules), permits less, or more.",
)
@click.option("--fewest", is_flag=True, help="Say all NetworkPolicies, the input's too, by as few as are found.")
@click.option("--all", "everything", is_flag=True, help="Fold nothing.")
@source_options
@output_options(["yaml", "text", "json"], default="yaml")
def convert(
    paths: tuple[str, ...],
    language: Literal["cilium", "clusternetworkpolicy", "networkpolicy", "networkpolicy+clusternetworkpolicy"],
    residue: Literal["keep", "narrow", "widen"] | None,
    fewest: bool,
    everything: bool,
    given: Given,
    to: Output,
) -> int:
    """The policies of SOURCE in another language, as YAML, with the proof that they do the same.

    `clusternetworkpolicy` takes AdminNetworkPolicy and BaselineAdminNetworkPolicy, `cilium` the policies of Calico,
    `networkpolicy` and `networkpolicy+clusternetworkpolicy` those of Cilium, the second with what they deny; all other
    objects are left as they are. What was written is read again and compared: rule by rule, else connection by
    connection of the input's network. With `-o yaml` what was proven, and what is left open, stands on standard error.

    \b
      netwright convert manifests/ --to clusternetworkpolicy > policies.yaml
      netwright convert manifests/ --to clusternetworkpolicy -o text
      netwright convert manifests/ --to cilium
      netwright convert manifests/ --to networkpolicy+clusternetworkpolicy
      netwright convert manifests/ --to networkpolicy --residue widen
      netwright convert manifests/ --to networkpolicy --cni upstream
      netwright convert manifests/ --to networkpolicy --fewest
    """
    twin = given.load(*paths)
    tell(twin, given)
    found = twin.convert(language, fewest=fewest, residue=residue)
    code, reasons = exit_code(twin, found.answer)
    if to.format == "json":
        from netwright.render.provenance import document

        write_json(document("convert", twin.provenance, reasons, **msgspec.to_builtins(found)), to)
    else:
        from netwright.render.convert_text import convert_text
        from netwright.render.manifest_yaml import converted_yaml

        as_text = to.format == "text"
        lines = convert_text(found, words(None if as_text else sys.stderr), everything=everything, last=ending(code))
        if as_text:
            write_lines(lines, to)
        else:
            write_utf8(converted_yaml(found), to)
            if not given.quiet or code:
                say(list(lines))
    tell_costs(twin, given)
    return code
