# SPDX-License-Identifier: GPL-2.0-only
"""A flow without the states that only pass on."""

from __future__ import annotations

from dataclasses import replace

from generator.graphs.flow import Edge, Flow


def compress(graph: Flow) -> Flow:
    """Return a flow without the states that only pass on."""
    out: dict[int, list[Edge]] = {}
    for edge in graph.edges:
        out.setdefault(edge.src, []).append(edge)
    alias: dict[int, int] = {}
    ends = {graph.done, graph.failed}

    def final(state: int) -> int:
        seen = set()
        while state not in seen and state not in ends:
            seen.add(state)
            only = out.get(state, [])
            if len(only) != 1 or only[0].do is not None or only[0].guard is not None:
                break
            state = only[0].dst
        return state

    for state in range(graph.size):
        alias[state] = final(state)
    start = alias[graph.start]
    edges: list[Edge] = []
    todo, reached = [start], {start}
    while todo:
        state = todo.pop()
        for edge in out.get(state, ()):
            if state in ends:
                continue
            dst = alias[edge.dst]
            edges.append(replace(edge, src=state, dst=dst))
            if dst not in reached:
                reached.add(dst)
                todo.append(dst)
    return Flow(start, graph.done, graph.failed, graph.size, tuple(edges))
