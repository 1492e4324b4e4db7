"""Questions: each says what an action will do, and asks once. They open in a dialog.

A question changes nothing; its form posts to the API that programs use, with the session's token
against forgery. The id in the form makes a second click the same request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from algorithms.domain import StrategyName
from daemon.api.errors import ErrorCode, Refused
from daemon.api.operation import Parameter
from daemon.api.problems import BadInput, Problem
from daemon.api.webhook_model import read_signal
from daemon.execution.commands import Cancel, CancelAll
from daemon.execution.halts import Scope
from daemon.web import settling
from daemon.web.page import Page
from daemon.web.question import Input, Question, new_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.api.admin import LivePreviewAnswer
    from daemon.api.by_hand import CancelPreview
    from daemon.api.decode import Json
    from daemon.web.page import Sources, Visit
    from daemon.web.question import Ask
    from daemon.web.totals import Totals


def page(sources: Sources, _: Totals) -> Page:
    """Describe the page of all questions."""

    async def load(visit: Visit) -> Mapping[str, object]:
        ask = QUESTIONS.get(visit.request.match_info["action"])
        if ask is None:
            raise Refused(ErrorCode.NOT_FOUND, "there is no such question")
        question = await ask(sources, visit)
        return {"title": question.title, "question": question}

    keys = ("scope", "name", "account", "strategy", "book", "order_id", "id")
    more = ("asset", "symbol", "side", "qty", "order_type", "price")
    return Page(
        path="/ask/{action}",
        under="/strategies",
        summary="A question that says what an action will do, for people.",
        template="question.html",
        load=load,
        is_kept=False,
        in_path=(Parameter("action", f"One of {', '.join(QUESTIONS)}."),),
        query=tuple(Parameter(key, "What it is about.") for key in (*keys, *more)),
        codes=frozenset({ErrorCode.BAD_INPUT, ErrorCode.NOT_UNKNOWN}),
    )


def _target(sources: Sources, visit: Visit) -> tuple[Scope, str, str]:
    """Return scope and name, and how they are called. Raises BadInput."""
    word, name = visit.asked("scope"), visit.asked("name")
    if word not in set(Scope):
        raise BadInput([Problem("scope", f"must be one of {', '.join(Scope)}")])
    scope = Scope(word)
    if scope is not Scope.ALL and name not in sources.admin.names(scope):
        raise BadInput([Problem("name", f"must be the name of a configured {scope.value}")])
    return scope, name, f"{visit.formats.word(scope)} {name}".strip()


async def _halt(sources: Sources, visit: Visit) -> Question:
    words = visit.words
    scope, name, what = _target(sources, visit)
    return Question(
        title=words.say("Halt"),
        text=words.say(
            "Halt {what}? New orders are stopped. What is at brokers stays there, and cancels "
            "still work.",
            what=what,
        ),
        button=words.say("Halt"),
        api="/api/halt",
        done=words.say("Halted: {what}.", what=what),
        fields={"scope": scope, "name": name},
        is_dangerous=True,
        inputs=[Input("reason", words.say("Reason, for the log"), length_max=200)],
    )


async def _resume(sources: Sources, visit: Visit) -> Question:
    words = visit.words
    scope, name, what = _target(sources, visit)
    return Question(
        title=words.say("Resume"),
        text=words.say("Resume {what}? New orders pass again.", what=what),
        button=words.say("Resume"),
        api="/api/resume",
        done=words.say("Resumed: {what}.", what=what),
        fields={"scope": scope, "name": name},
    )


async def _cancel(sources: Sources, visit: Visit) -> Question:
    """Show every order that would end, and what stays in the same accounts."""
    words, formats = visit.words, visit.formats
    given, document = await _cancel_words(sources, visit)
    signal = read_signal(document, by_hand=True)
    commands = [each for each in signal.commands if isinstance(each, Cancel | CancelAll)]
    found = await sources.admin.preview_cancel(signal.strategy, commands)
    preview = cast("CancelPreview", found)
    orders = preview["orders"]
    stays = ", ".join(
        f"{neighbour['strategy']} {neighbour['orders']} ({account['account']})"
        for account in preview["accounts"]
        for neighbour in account["stays"]
    )
    return Question(
        title=words.say("Cancel"),
        text=words.count("Cancel {number} order?", "Cancel {number} orders?", len(orders))
        if orders
        else words.say("No open orders to cancel."),
        details=[
            *(
                f"{order['account']} / {order['book']}: {formats.word(order['side'])} "
                f"{formats.number(order['remain'])} {order['symbol']} {order['order_type']}"
                + (f", {words.say('at the broker')}" if order["at_broker"] else "")
                for order in orders
            ),
            *preview["problems"],
        ],
        note=words.say("What stays there: {stays}.", stays=stays) if stays else "",
        button=words.say("Cancel them"),
        api="/api/cancel" if orders else "",
        fields={**given, "id": new_key(sources)},
        see="/webhooks/",
        is_dangerous=True,
    )


async def _cancel_words(sources: Sources, visit: Visit) -> tuple[dict[str, str], dict[str, Json]]:
    """Return a cancel as its form says it, and as a webhook would. Raises BadInput."""
    order_id, book, strategy = (visit.asked(key) for key in ("order_id", "book", "strategy"))
    if order_id:
        owner = await sources.admin.strategy_of(order_id)
        if owner is None:
            raise Refused(ErrorCode.NOT_FOUND, "there is no such order")
        document = {"group_name": owner, "order_type": "CANCEL", "order_id": order_id}
        return {"order_id": order_id}, {**document}
    if book:
        found = sources.admin.book(book)
        if found is None:
            raise BadInput([Problem("book", "must be the name of a configured book")])
        document = {"group_name": found[0], "account": found[1], "order_type": "CANCEL_ALL_ORDER"}
        return {"book": book}, {**document}
    if strategy not in sources.admin.names(Scope.STRATEGY):
        raise BadInput([Problem("strategy", "must be the name of a configured strategy")])
    return {"strategy": strategy}, {"group_name": strategy, "order_type": "CANCEL_ALL_ORDER"}


async def _replay(sources: Sources, visit: Visit) -> Question:
    words = visit.words
    item = await sources.lists.request(visit.asked("id"))
    return Question(
        title=words.say("Replay"),
        text=words.say(
            "Work this webhook of {strategy} now, at today's prices? It was received at {time} and "
            "dropped. It is worked once, however often you ask.",
            strategy=item["strategy"],
            time=visit.formats.full(str(item["received_at"])),
        ),
        button=words.say("Replay"),
        api=f"/api/webhooks/{item['id']}/replay",
        see="/webhooks/",
        is_dangerous=True,
    )


async def _approve(sources: Sources, visit: Visit) -> Question:
    words, what = visit.words, await _order(sources, visit)
    return Question(
        title=words.say("Approve"),
        text=words.say("Let this order be worked? {order}", order=what),
        button=words.say("Approve"),
        api=f"/api/orders/{visit.asked('id')}/approve",
        done=words.say("Approved."),
    )


async def _reject(sources: Sources, visit: Visit) -> Question:
    words, what = visit.words, await _order(sources, visit)
    return Question(
        title=words.say("Reject"),
        text=words.say("End this order without sending it? {order}", order=what),
        button=words.say("Reject"),
        api=f"/api/orders/{visit.asked('id')}/reject",
        done=words.say("Rejected."),
        is_dangerous=True,
    )


async def _order(sources: Sources, visit: Visit) -> str:
    life = await sources.lists.life(visit.asked("id"))
    formats = visit.formats
    return (
        f"{life['account']} / {life['book']}: {formats.word(life['side'])} "
        f"{formats.number(life['total'])} {life['symbol']} {life['order_type']}"
    )


async def _net(sources: Sources, visit: Visit) -> Question:
    """Show what would be crossed at this moment."""
    words, formats = visit.words, visit.formats
    preview = cast("LivePreviewAnswer", await sources.admin.preview_live_netting({}))
    pairs = preview["pairs"]
    return Question(
        title=words.say("Net now"),
        text=words.count("Cross {number} pair now?", "Cross {number} pairs now?", len(pairs))
        if pairs
        else words.say("There is nothing to cross at this moment."),
        details=[
            words.say(
                "{account}: {quantity} {symbol}, price {price}",
                account=pair["account"],
                quantity=formats.number(pair["shares"]),
                symbol=pair["symbol"],
                price=formats.number(pair["price"]),
            )
            for pair in pairs
        ]
        + [
            words.say(
                "{account}, {symbol}: not netted, {reason}",
                account=group["account"],
                symbol=group["symbol"],
                reason=words.again(formats.word(group["reason"])),
            )
            for group in preview["skipped"]
        ],
        button=words.say("Cross them"),
        api="/api/netting/run" if pairs else "",
        done=words.say("Pairs crossed: {number}.", number="@"),
        counts="pairs",
        none=words.say("Nothing was crossed: what could meet was gone, or had met already."),
        later=words.say("Some account has not come to it yet. What it crosses appears here."),
    )


async def _try(sources: Sources, visit: Visit) -> Question:
    """Show where an order by hand would go."""
    words, formats = visit.words, visit.formats
    strategy = visit.asked("strategy")
    registry = sources.engine.registry
    if strategy not in registry.strategies:
        raise BadInput([Problem("strategy", "must be the name of a configured strategy")])
    given = {key: visit.asked(key) for key in ("symbol", "side", "qty", "order_type", "price")}
    books = registry.books_of_strategy.get(StrategyName(strategy), ())
    return Question(
        title=words.say("Place this order"),
        text=words.say(
            "{side} {quantity} {symbol} {type} for each book of {strategy}?",
            side=formats.word(given["side"]),
            quantity=given["qty"],
            symbol=given["symbol"],
            type=f"{given['order_type']} {given['price']}".strip(),
            strategy=strategy,
        ),
        details=[
            f"{book.account.name} / {book.name} "
            f"({formats.word('live' if book.account.is_live else 'paper')})"
            for book in books
            if book.active
        ],
        button=words.say("Place it"),
        api="/api/orders",
        fields={"strategy": strategy, **given, "id": new_key(sources)},
        see="/webhooks/",
        is_dangerous=any(book.account.is_live for book in books),
    )


async def _rebalance(sources: Sources, visit: Visit) -> Question:
    """Show the whole plan before a run; the yes is for this plan."""
    words, formats = visit.words, visit.formats
    account = visit.asked("account")
    title = words.say("Rebalance")
    try:
        prepared, plan_id = await sources.engine.rebalancing.preview(account)
    except Refused as refused:
        return Question(title=title, text=words.again(refused.detail), button=title, api="")
    plan = prepared.draft.plan
    if plan.problems:
        return Question(
            title=title,
            text=words.say("The plan is not feasible; nothing would be ordered."),
            details=[
                f"{each.ticker or account}: {words.again(each.message)}" for each in plan.problems
            ],
            button=title,
            api="",
        )
    if not plan.needed:
        text = words.say("No drift reaches its threshold: there is nothing to do.")
        return Question(title=title, text=text, button=title, api="")
    orders = (*plan.sells, *plan.buys)
    return Question(
        title=title,
        text=words.count("Place {number} order?", "Place {number} orders?", len(orders))
        + " "
        + words.say("Sells first; buys follow when every sell has ended."),
        details=[
            f"{formats.word(order.side)} {formats.number(order.quantity)} {order.asset.ticker} · "
            f"{formats.number(order.limit)}"
            for order in orders
        ]
        + [
            words.say(
                "Left out: {side} {quantity} {ticker}, {reason}",
                side=formats.word(each.side),
                quantity=formats.number(each.quantity),
                ticker=each.ticker,
                reason=formats.word(each.reason),
            )
            for each in plan.left_out
        ],
        button=words.say("Run it"),
        api="/api/macro-trading/rebalancing/run",
        done=words.say("The run has begun."),
        fields={"account": account, "confirm": plan_id, "by": "page"},
        is_dangerous=prepared.book.account.is_live,
    )


async def _resume_run(sources: Sources, visit: Visit) -> Question:
    words = visit.words
    run, _ = await sources.engine.rebalancing.look(visit.asked("id"))
    return Question(
        title=words.say("Resume"),
        text=words.say("Let the run go on and buy with the cash there is?"),
        details=[words.again(run.reason)] if run.reason else [],
        button=words.say("Resume"),
        api=f"/api/macro-trading/rebalancing/runs/{run.id}/resume",
        done=words.say("The run goes on."),
    )


async def _cancel_run(sources: Sources, visit: Visit) -> Question:
    words = visit.words
    run, _ = await sources.engine.rebalancing.look(visit.asked("id"))
    return Question(
        title=words.say("Cancel"),
        text=words.say(
            "End this run? Its open orders are cancelled. What it has sold stays cash until "
            "another run."
        ),
        button=words.say("End the run"),
        api=f"/api/macro-trading/rebalancing/runs/{run.id}/cancel",
        done=words.say("The run ends."),
        is_dangerous=True,
    )


def _key(sources: Sources) -> str:
    return f"page:{sources.engine.services.ids.new()}"


QUESTIONS: Mapping[str, Ask] = {
    **settling.QUESTIONS,
    "halt": _halt,
    "resume": _resume,
    "cancel": _cancel,
    "replay": _replay,
    "approve": _approve,
    "reject": _reject,
    "net": _net,
    "order": _try,
    "rebalance": _rebalance,
    "resume_run": _resume_run,
    "cancel_run": _cancel_run,
}
