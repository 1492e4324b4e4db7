"""``nettingd completion SHELL``: a script that completes commands and options.

It is made from the parser, once, when it is asked for; completing itself runs nothing of ours.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from daemon.service.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Iterator

SHELLS = ("bash", "fish", "zsh")


@dataclass(frozen=True, slots=True)
class _Command:
    """What can follow a command: options with their help, words of its arguments."""

    name: str
    summary: str
    options: tuple[tuple[str, str], ...]
    words: tuple[str, ...]


def completion(parser: argparse.ArgumentParser, shell: str) -> int:
    """Print the script of a shell."""
    commands = tuple(_commands(parser))
    text = {"bash": _bash, "fish": _fish, "zsh": _zsh}[shell](commands)
    sys.stdout.write(text)
    return Exit.OK


def _commands(parser: argparse.ArgumentParser) -> Iterator[_Command]:
    for action in parser._actions:  # noqa: SLF001 - the library tells its commands no other way
        if not isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            continue
        summaries = {each.dest: each.help or "" for each in action._choices_actions}  # noqa: SLF001
        for name, command in action.choices.items():
            options: list[tuple[str, str]] = []
            words: list[str] = []
            for each in command._actions:  # noqa: SLF001
                options += [(option, each.help or "") for option in each.option_strings]
                if not each.option_strings and each.choices:
                    words += map(str, each.choices)
            yield _Command(name, summaries[name], tuple(options), tuple(words))


def _bash(commands: tuple[_Command, ...]) -> str:
    cases = "".join(
        f'    {each.name}) words="{" ".join([*(o for o, _ in each.options), *each.words])}" ;;\n'
        for each in commands
    )
    names = " ".join(each.name for each in commands)
    return f"""# bash completion of nettingd: nettingd completion bash > FILE, and source FILE
_nettingd() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" previous="${{COMP_WORDS[COMP_CWORD-1]}}"
  local command="" words i
  COMPREPLY=()
  case "$previous" in --config|--input) COMPREPLY=($(compgen -f -- "$current")); return ;; esac
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "${{COMP_WORDS[i]}}" in
      --config) ((i++)) ;;
      -*) ;;
      *) command="${{COMP_WORDS[i]}}"; break ;;
    esac
  done
  case "$command" in
    "") words="{names} --config --help --version" ;;
{cases}  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
complete -o default -F _nettingd nettingd
"""


def _fish(commands: tuple[_Command, ...]) -> str:
    lines = ["# fish completion of nettingd: nettingd completion fish | source"]
    for each in commands:
        lines.append(
            f"complete -c nettingd -n __fish_use_subcommand -f -a {each.name} -d {_q(each.summary)}"
        )
        seen = f"__fish_seen_subcommand_from {each.name}"
        lines += [
            f"complete -c nettingd -n {_q(seen)} -l {option[2:]} -d {_q(text)}"
            for option, text in each.options
            if option.startswith("--")
        ]
        if each.words:
            lines.append(f"complete -c nettingd -n {_q(seen)} -f -a {_q(' '.join(each.words))}")
    return "\n".join(lines) + "\n"


def _zsh(commands: tuple[_Command, ...]) -> str:
    names = "\n".join(f"    {_q(f'{each.name}:{each.summary}')}" for each in commands)
    cases = ""
    for each in commands:
        words = [*(option for option, _ in each.options), *each.words]
        cases += f"    {each.name}) compadd -- {' '.join(words)} ;;\n"
    return f"""#compdef nettingd
# zsh completion of nettingd: put it as _nettingd into a folder of $fpath
_nettingd() {{
  local -a commands
  commands=(
{names}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  if [[ $words[CURRENT-1] == (--config|--input) ]]; then
    _files
    return
  fi
  case $words[2] in
{cases}  esac
}}
compdef _nettingd nettingd
"""


def _q(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
