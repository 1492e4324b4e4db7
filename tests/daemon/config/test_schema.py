from __future__ import annotations

from daemon.config.schema import Entries, Group, Items, Leaf, node_at, tree


def test_the_tree_has_every_section_of_the_file() -> None:
    assert list(tree().fields) == [
        "daemon", "http", "database", "webhook", "netting", "twap", "loc", "rebalancing", "cancel",
        "reconcile", "schedule", "risk", "heartbeat", "notify", "calendars", "instruments",
        "accounts", "strategies", "books", "jobs",
    ]  # fmt: skip


def test_a_path_leads_to_what_stands_there() -> None:
    assert isinstance(node_at(("accounts",)), Entries)
    assert isinstance(node_at(("accounts", "any_name", "paper")), Group)
    assert isinstance(node_at(("jobs", 7, "at")), Items)
    assert isinstance(node_at(("accounts", "a", "paper", "prices", "TQQQ")), Leaf)
    assert node_at(("http", "prot")) is None
    assert node_at(("http", "port", "deeper")) is None


def secrets_below(group: Group) -> set[str]:
    found = set()
    for name, node in group.fields.items():
        below = node.value if isinstance(node, Entries) else node
        below = below.item if isinstance(below, Items) else below
        if isinstance(below, Group):
            found |= {f"{name}.{deeper}" for deeper in secrets_below(below)}
        elif isinstance(below, Leaf) and below.is_secret:
            found.add(name)
    return found


def test_these_keys_and_no_others_are_secrets() -> None:
    assert secrets_below(tree()) == {
        "http.admin_token",
        "strategies.token",
        "strategies.signature_secret",
        "notify.telegram.token",
        "notify.webhook.secret",
        "accounts.credentials",
    }


def test_only_a_rule_takes_keys_it_does_not_know() -> None:
    rule = node_at(("books", "b", "rule"))
    assert isinstance(rule, Group)
    assert rule.is_open
    assert not tree().is_open
